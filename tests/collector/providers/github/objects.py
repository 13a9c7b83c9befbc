"""GitHub's objects in the shapes that its API gives them, with made-up content."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
HOST = "https://github.com"
API = "https://api.github.com"


def repository(name: str = "acme/web", repo_id: int = 7, **more: Any) -> Json:
    owner = name.split("/")[0]
    return {
        "id": repo_id,
        "node_id": "R_1",
        "name": name.split("/")[1],
        "full_name": name,
        "owner": {"login": owner, "id": 1},
        "html_url": f"{HOST}/{name}",
        "url": f"{API}/repos/{name}",
        **more,
    }


def run(run_id: int = 100, **more: Any) -> Json:
    """A finished, successful first attempt on main; a key given as ``...`` is left out."""
    told = more.get("repository")
    name = told["full_name"] if isinstance(told, dict) and "node_id" in told else "acme/web"
    made = {
        "id": run_id,
        "name": "CI",
        "node_id": "WFR_1",
        "head_branch": "main",
        "head_sha": "a" * 40,
        "path": ".github/workflows/ci.yml",
        "display_title": "Say hello",
        "run_number": 12,
        "event": "push",
        "status": "completed",
        "conclusion": "success",
        "workflow_id": 55,
        "url": f"{API}/repos/{name}/actions/runs/{run_id}",
        "html_url": f"{HOST}/{name}/actions/runs/{run_id}",
        "pull_requests": [],
        "created_at": "2026-11-20T10:00:00Z",
        "updated_at": "2026-11-20T10:05:00Z",
        "actor": {"login": "ann", "id": 2},
        "run_attempt": 1,
        "run_started_at": "2026-11-20T10:00:00Z",
        "triggering_actor": {"login": "bob", "id": 3},
        "head_commit": {"id": "a" * 40, "message": "Say hello\n\nand more", "author": {"name": "Ann"}},
        "repository": repository(name),
        "head_repository": repository(name),
    }
    return {key: value for key, value in {**made, **more}.items() if value is not ...}


def job(job_id: int = 900, run_id: int = 100, **more: Any) -> Json:
    """A finished, successful job of two steps; a key given as ``...`` is left out."""
    made = {
        "id": job_id,
        "run_id": run_id,
        "workflow_name": "CI",
        "head_branch": "main",
        "run_url": f"{API}/repos/acme/web/actions/runs/{run_id}",
        "run_attempt": 1,
        "node_id": "CR_1",
        "head_sha": "a" * 40,
        "url": f"{API}/repos/acme/web/actions/jobs/{job_id}",
        "html_url": f"{HOST}/acme/web/actions/runs/{run_id}/job/{job_id}",
        "status": "completed",
        "conclusion": "success",
        "created_at": "2026-11-20T10:00:00Z",
        "started_at": "2026-11-20T10:00:10Z",
        "completed_at": "2026-11-20T10:04:50Z",
        "name": "test (Python 3.11-dev)",
        "steps": [step(1), step(2, name="Run tests")],
        "check_run_url": f"{API}/repos/acme/web/check-runs/{job_id}",
        "labels": ["ubuntu-latest"],
        "runner_id": 4,
        "runner_name": "GitHub Actions 4",
        "runner_group_id": 2,
        "runner_group_name": "GitHub Actions",
    }
    return {key: value for key, value in {**made, **more}.items() if value is not ...}


def step(number: int, **more: Any) -> Json:
    return {
        "name": "Set up job",
        "status": "completed",
        "conclusion": "success",
        "number": number,
        "started_at": "2026-11-20T10:00:09.000Z",
        "completed_at": "2026-11-20T10:00:12.000Z",
        **more,
    }


def workflow(workflow_id: int = 55, **more: Any) -> Json:
    return {
        "id": workflow_id,
        "node_id": "W_1",
        "name": "CI",
        "path": ".github/workflows/ci.yml",
        "state": "active",
        "created_at": "2026-01-01T00:00:00.000Z",
        "updated_at": "2026-01-02T00:00:00.000Z",
        "url": f"{API}/repos/acme/web/actions/workflows/{workflow_id}",
        "html_url": f"{HOST}/acme/web/blob/main/.github/workflows/ci.yml",
        "badge_url": f"{HOST}/acme/web/workflows/CI/badge.svg",
        **more,
    }
