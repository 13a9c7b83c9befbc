"""Builders of words with sensible defaults; say only what a test is about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from collector.domain.model import BuildKey, JobWord, LogSnippet, PipelineRef, PlainWord, RunWord, Status

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
"""The instant around which built words happen."""


def later(seconds: float = 0, *, minutes: float = 0, hours: float = 0, days: float = 0) -> datetime:
    """So long after NOON."""
    return NOON + timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days)


def github_key(
    run: int | str = 1, *, repo: str = "acme/web", attempt: int = 1, instance: str = "github.com"
) -> BuildKey:
    return BuildKey("github", instance, repo, str(run), attempt)


def jenkins_key(
    number: int = 1, *, job: str = "platform/web", repo: str = "platform", root: str = "ci.acme.com"
) -> BuildKey:
    return BuildKey("jenkins", root, repo, f"{job}#{number}", 1)


def plain_key(identity: str = "plain:1", *, provider: str = "github", repo: str = "acme/web") -> BuildKey:
    return BuildKey(provider, "", repo, identity, 1)


def run_word(key: BuildKey | None = None, **fields: Any) -> RunWord:
    """A GitHub run of workflow 7 ("CI") on main: a success of one minute; other fields as given."""
    key = key or github_key()
    status = fields.setdefault("status", Status.SUCCESS)
    started_at = fields.setdefault("started_at", NOON)
    defaults: dict[str, Any] = {
        "pipeline": PipelineRef("7", "CI", ".github/workflows/ci.yml"),
        "conclusion": status.value if status.finished else None,
        "created_at": started_at,
        "updated_at": (started_at or NOON) + timedelta(seconds=60) if status.finished else started_at or NOON,
        "branch": "main",
        "commit": "c0ffee",
        "message": "Fix the till",
        "actor": "mira",
        "event": "push",
        "url": f"https://{key.instance}/{key.repo}/actions/runs/{key.external_id}",
        "repo_external_id": "100",
    }
    return RunWord(key=key, **{**defaults, **fields})


def jenkins_word(key: BuildKey | None = None, **fields: Any) -> RunWord:
    """A Jenkins build: a success of one minute."""
    key = key or jenkins_key()
    status = fields.setdefault("status", Status.SUCCESS)
    job = key.external_id.rsplit("#", 1)[0]
    defaults: dict[str, Any] = {
        "pipeline": PipelineRef(job, job.rsplit("/", 1)[-1], None),
        "conclusion": "SUCCESS" if status is Status.SUCCESS else None,
        "started_at": NOON,
        "duration_seconds": 60.0 if status.finished else None,
        "url": f"https://{key.instance}/job/{job}/",
    }
    return RunWord(key=key, **{**defaults, **fields})


def job_word(key: BuildKey | None = None, job_id: str = "11", **fields: Any) -> JobWord:
    """A job of a GitHub run: created at NOON, started 5 s and ended 50 s after it."""
    key = key or github_key()
    defaults: dict[str, Any] = {
        "name": "unit",
        "status": Status.SUCCESS,
        "created_at": NOON,
        "started_at": NOON + timedelta(seconds=5),
        "completed_at": NOON + timedelta(seconds=50),
        "labels": ("ubuntu-latest",),
        "runner": "runner-1",
        "repo_external_id": "100" if key.provider == "github" else None,
        "build_started_at": NOON if key.provider == "jenkins" else None,
    }
    return JobWord(key=key, job_id=job_id, **{**defaults, **fields})


def plain_word(key: BuildKey | None = None, **fields: Any) -> PlainWord:
    """A plain body: pipeline "deploy" on main, a success of 30 s."""
    defaults: dict[str, Any] = {
        "pipeline": PipelineRef(name="deploy"),
        "status": Status.SUCCESS,
        "started_at": NOON,
        "completed_at": NOON + timedelta(seconds=30),
        "branch": "main",
    }
    return PlainWord(key=key or plain_key(), **{**defaults, **fields})


def log_snippet(
    key: BuildKey | None = None, text: str = "collected 3 items\nE  assert 1 == 2\n", **fields: Any
) -> LogSnippet:
    return LogSnippet(key=key or github_key(), text=text, **{"error_line": "E  assert 1 == 2", **fields})
