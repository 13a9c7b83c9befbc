"""GitHub's workflows, runs and jobs as JSON: the field sets of its REST answers and webhooks, API of 2022-11-28."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha1
from urllib.parse import quote

from collector.demo.homes import Addresses, Json, instant, minimal_repo, node_id, number_of, user
from collector.demo.layout import steps_of
from collector.demo.plans import (
    Attempt,
    Job,
    Repo,
    Run,
    Workflow,
    attempt_status,
    attempt_updated_at,
    job_status,
    visible_jobs,
)


def workflow(at: Addresses, repo: Repo, item: Workflow) -> Json:
    file = f"{at.web}/{repo.full_name}/blob/{repo.default_branch}/{item.path}"
    return {
        "id": item.id,
        "node_id": node_id("W", item.id),
        "name": item.name,
        "path": item.path,
        "state": item.state,
        "created_at": instant(item.created_at),
        "updated_at": instant(item.updated_at or item.created_at),
        "url": f"{at.api}/repos/{repo.full_name}/actions/workflows/{item.id}",
        "html_url": file,
        "badge_url": f"{at.web}/{repo.full_name}/workflows/{quote(item.name)}/badge.svg",
    }


def _head_commit(entry: Run, attempt: Attempt) -> Json:
    who = {"name": entry.actor.name, "email": f"{entry.actor.login}@users.acme.example"}
    return {
        "id": entry.sha,
        "tree_id": sha1(entry.sha.encode(), usedforsecurity=False).hexdigest(),
        "message": entry.message,
        "timestamp": instant(attempt.created_at - timedelta(minutes=2)),
        "author": who,
        "committer": who,
    }


def _pull_requests(at: Addresses, repo: Repo, entry: Run) -> list[Json]:
    if entry.pull_number is None or entry.fork is not None:
        return []
    ends = {"id": repo.id, "url": f"{at.api}/repos/{repo.full_name}", "name": repo.name}
    return [
        {
            "url": f"{at.api}/repos/{repo.full_name}/pulls/{entry.pull_number}",
            "id": number_of(f"{repo.id}/{entry.pull_number}"),
            "number": entry.pull_number,
            "head": {"ref": entry.branch, "sha": entry.sha, "repo": ends},
            "base": {"ref": repo.default_branch, "sha": entry.sha[::-1], "repo": ends},
        }
    ]


def _run_links(base: str, web: str, attempt: int) -> Json:
    return {
        "jobs_url": f"{base}/jobs",
        "logs_url": f"{base}/logs",
        "artifacts_url": f"{base}/artifacts",
        "cancel_url": f"{base}/cancel",
        "rerun_url": f"{base}/rerun",
        "previous_attempt_url": f"{base}/attempts/{attempt - 1}" if attempt > 1 else None,
        "url": base,
        "html_url": web,
    }


def run(
    at: Addresses, repo: Repo, item: Workflow, entry: Run, attempt: Attempt, now: datetime, *, own_birth: bool = False
) -> Json:
    """A run at ``attempt`` as of ``now``. ``own_birth``: created_at is the attempt's, as ``/attempts/{n}`` tells it."""
    base = f"{at.api}/repos/{repo.full_name}/actions/runs/{entry.id}"
    web = f"{at.web}/{repo.full_name}/actions/runs/{entry.id}"
    status = attempt_status(attempt, now)
    suite = 10_000_000_000 + entry.id
    home = minimal_repo(at, repo.id, repo.full_name, repo.private)
    head = home if entry.fork is None else minimal_repo(at, number_of(entry.fork), entry.fork, False, True)
    return {
        "id": entry.id,
        "name": item.name if entry.name is None else entry.name,
        "node_id": node_id("WFR", entry.id),
        "head_branch": entry.branch,
        "head_sha": entry.sha,
        "path": item.path,
        "display_title": entry.title,
        "run_number": entry.number,
        "event": entry.event,
        "status": status,
        "conclusion": attempt.conclusion if status == "completed" else None,
        "workflow_id": item.id,
        "check_suite_id": suite,
        "check_suite_node_id": node_id("CS", suite),
        "pull_requests": _pull_requests(at, repo, entry),
        "created_at": instant(attempt.created_at if own_birth else entry.created_at),
        "updated_at": instant(attempt_updated_at(attempt, now)),
        "actor": user(at, entry.actor),
        "run_attempt": attempt.number,
        "referenced_workflows": [],
        "run_started_at": instant(attempt.started_at),
        "triggering_actor": user(at, attempt.actor),
        "check_suite_url": f"{at.api}/repos/{repo.full_name}/check-suites/{suite}",
        "workflow_url": f"{at.api}/repos/{repo.full_name}/actions/workflows/{item.id}",
        "head_commit": _head_commit(entry, entry.attempts[0]),
        "repository": home,
        "head_repository": head,
        **_run_links(base, web, attempt.number),
    }


def steps(entry: Job, now: datetime) -> list[Json]:
    rows = []
    for step in steps_of(entry, now):
        ended = step.ends_at is not None and step.ends_at <= now
        started = step.starts_at <= now
        rows.append(
            {
                "name": step.name,
                "status": "completed" if ended else "in_progress" if started else "queued",
                "conclusion": step.conclusion if ended else None,
                "number": step.number,
                "started_at": instant(step.starts_at) if started else None,
                "completed_at": instant(step.ends_at) if ended else None,
            }
        )
    return rows


def job(at: Addresses, repo: Repo, item: Workflow, entry: Run, attempt: int, part: Job, now: datetime) -> Json:
    base = f"{at.api}/repos/{repo.full_name}"
    status = job_status(part, now)
    runner = part.runner if status != "queued" and part.runner else None
    number = number_of(runner) % 100_000 if runner else 0
    begun = status in ("in_progress", "completed")
    group = "" if part.carried_over else "GitHub Actions" if runner else None
    return {
        "id": part.id,
        "run_id": entry.id,
        "workflow_name": item.name,
        "head_branch": entry.branch,
        "run_url": f"{base}/actions/runs/{entry.id}",
        "run_attempt": attempt,
        "node_id": node_id("CR", part.id),
        "head_sha": entry.sha,
        "url": f"{base}/actions/jobs/{part.id}",
        "html_url": f"{at.web}/{repo.full_name}/actions/runs/{entry.id}/job/{part.id}",
        "status": status,
        "conclusion": part.conclusion if status == "completed" else None,
        "created_at": instant(part.created_at),
        # A waiting job tells its birth as its start: started_at proves no start.
        "started_at": instant(part.starts_at if begun and part.starts_at else part.created_at),
        "completed_at": instant(part.ends_at) if status == "completed" else None,
        "name": part.name,
        "steps": steps(part, now),
        "check_run_url": f"{base}/check-runs/{part.id}",
        "labels": list(part.labels),
        "runner_id": 0 if part.carried_over else number if runner else None,
        "runner_name": "" if part.carried_over else runner,
        "runner_group_id": 0 if part.carried_over else 2 if runner else None,
        "runner_group_name": group,
    }


def jobs(at: Addresses, repo: Repo, item: Workflow, entry: Run, attempt: Attempt, now: datetime) -> list[Json]:
    return [job(at, repo, item, entry, attempt.number, part, now) for part in visible_jobs(attempt, now)]
