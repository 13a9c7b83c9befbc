"""Details that builds still owe, as a mark keeps them: after a restart their job's list need not be asked for again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from collector.domain.model import RunWord, Status
from collector.domain.times import parse_instant, to_api
from collector.providers.jenkins.jobs import Job
from collector.providers.jenkins.mapping import MappedBuild

MARK = "owed:"


def mark_of(job: Job) -> str:
    return MARK + job.full_name


def to_text(builds: Iterable[MappedBuild]) -> str:
    """Of finished builds what reading their details needs; nothing for none."""
    told = [_told(build) for build in builds]
    return json.dumps(told, separators=(",", ":")) if told else ""


def from_text(text: str | None, job: Job) -> list[MappedBuild]:
    """The builds again, as far as they were kept; none for nothing, or for what is no such mark."""
    try:
        return [_build(job, *one) for one in json.loads(text or "[]")]
    except (TypeError, ValueError):
        return []


def _told(build: MappedBuild) -> list[Any]:
    run = build.run
    started_at = to_api(run.started_at) if run.started_at else None
    length = [run.duration_seconds, run.queue_seconds]
    return [build.number, build.has_stages, run.status, run.conclusion, started_at, *length, run.branch, run.url]


def _build(
    job: Job,
    number: int,
    has_stages: bool,
    status: str,
    conclusion: str | None,
    started: str | None,
    duration_seconds: float | None,
    queue_seconds: float | None,
    branch: str | None,
    url: str | None,
) -> MappedBuild:
    started_at = parse_instant(started) if started else None
    run = RunWord(
        key=job.key(number),
        pipeline=job.pipeline,
        status=Status(status),
        conclusion=conclusion,
        started_at=started_at,
        duration_seconds=duration_seconds,
        queue_seconds=queue_seconds,
        branch=branch,
        url=url,
    )
    return MappedBuild(number, run, has_stages=has_stages, ended_at=_end(started_at, duration_seconds))


def _end(started_at: datetime | None, seconds: float | None) -> datetime | None:
    return started_at + timedelta(seconds=seconds) if started_at is not None and seconds is not None else None
