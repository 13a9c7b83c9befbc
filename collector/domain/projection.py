"""The row of a build and those of its jobs, made from what is kept of its words (rules: DESIGN.md, Figures)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypeVar

from collector.domain.folding import executed, queue_seconds
from collector.domain.merge import BuildState, jobs_told, whole
from collector.domain.model import BuildRow, JobRow, JobWord, PipelineRef, PlainJob, PlainWord, Status

T = TypeVar("T")


def project(state: BuildState) -> BuildRow:
    """What is stored and served of a build. Deterministic; no time but that in the words."""
    state = whole(state)
    plain = state.plain
    status = _status(state)
    started_at = _started_at(state)
    completed_at, duration_seconds = _end(state, status, started_at)
    provided = state.core is not None or bool(state.jobs)
    return BuildRow(
        key=state.key,
        pipeline=_pipeline(state),
        pipeline_is_plain=not provided and "pipeline_external_id" not in state.facts,
        status=status,
        conclusion=state.core.conclusion if state.core else None,
        created_at=_instant(state, "created_at") or started_at,
        started_at=started_at,
        completed_at=completed_at,
        duration_seconds=duration_seconds,
        queue_seconds=_queue_seconds(state, started_at),
        branch=_text(state, "branch", plain),
        commit=_text(state, "commit", plain),
        message=_text(state, "message", plain),
        actor=_text(state, "actor", plain),
        event=_text(state, "event", plain),
        url=_text(state, "url", plain),
        repo_external_id=_fact(state, "repo_external_id", str),
        run_known=state.core is not None or not state.jobs,
    )


def job_rows(state: BuildState) -> tuple[JobRow, ...]:
    """The build's jobs by start, those without one last. A plain body's jobs show only where no provider told any."""
    state = whole(state)
    rows = [_job_row(job) for job in state.jobs.values()]
    if not rows and state.plain:
        rows = [_plain_job_row(place, job) for place, job in enumerate(state.plain.jobs)]
    return tuple(sorted(rows, key=_job_place))


def _status(state: BuildState) -> Status:
    if state.core:
        return state.core.status
    if state.plain:
        return state.plain.status
    waiting = bool(state.jobs) and all(job.status is Status.QUEUED for job in state.jobs.values())
    return Status.QUEUED if waiting else Status.IN_PROGRESS


def _started_at(state: BuildState) -> datetime | None:
    told = _instant(state, "started_at")
    if told or state.core:
        return told or (state.plain.started_at if state.plain else None)
    if state.plain:
        return state.plain.started_at
    return jobs_told(state).started_at


def _end(state: BuildState, status: Status, started_at: datetime | None) -> tuple[datetime | None, float | None]:
    """When the build ended and how long it took; both None while a provider says that it goes on."""
    completed_at, duration_seconds = None, None
    if status.finished and state.core:
        completed_at, duration_seconds = _provided_end(state, started_at)
    plain = state.plain
    if plain and (state.core is None or (status.finished and plain.status.finished)):
        end, length = _plain_end(plain)
        if completed_at is None and duration_seconds is None:
            completed_at, duration_seconds = end, length
    return completed_at, duration_seconds


def _provided_end(state: BuildState, started_at: datetime | None) -> tuple[datetime | None, float | None]:
    told = _fact(state, "duration_seconds", float)
    if told is not None:
        return (started_at + timedelta(seconds=told) if started_at else None), told
    if state.key.provider == "jenkins":
        return None, None
    end = jobs_told(state).completed_at
    if end is None or (started_at and end < started_at):  # none known, or all carried over from an earlier attempt
        end = state.first_finished_at
    if end is None or started_at is None:
        return end, None
    return max(end, started_at), max(0.0, (end - started_at).total_seconds())


def _plain_end(plain: PlainWord) -> tuple[datetime | None, float | None]:
    end, length = plain.completed_at, plain.duration_seconds
    if end is None and length is not None and plain.started_at and plain.status.finished:
        end = plain.started_at + timedelta(seconds=length)
    if length is None and plain.completed_at and plain.started_at:
        length = max(0.0, (plain.completed_at - plain.started_at).total_seconds())
    return end, length


def _queue_seconds(state: BuildState, started_at: datetime | None) -> float | None:
    told = _fact(state, "queue_seconds", float)
    if told is not None:
        return told
    if state.key.provider == "jenkins":
        queued_at = _instant(state, "created_at")
        if not queued_at or not started_at or queued_at > started_at:
            return None
        return (started_at - queued_at).total_seconds()
    first = jobs_told(state).first_queued
    return first[1] if first else None


def _pipeline(state: BuildState) -> PipelineRef:
    name = _fact(state, "pipeline_name", str)
    if name is None and state.plain:
        name = state.plain.pipeline.name
    return PipelineRef(_fact(state, "pipeline_external_id", str), name, _fact(state, "pipeline_path", str))


def _fact(state: BuildState, name: str, kind: type[T]) -> T | None:
    fact = state.facts.get(name)
    return fact.value if fact is not None and isinstance(fact.value, kind) else None


def _instant(state: BuildState, name: str) -> datetime | None:
    return _fact(state, name, datetime)


def _text(state: BuildState, name: str, plain: PlainWord | None) -> str | None:
    told = _fact(state, name, str)
    return told if told is not None or plain is None else getattr(plain, name)


def _job_row(job: JobWord) -> JobRow:
    return JobRow(
        job_id=job.job_id,
        name=job.name,
        status=job.status,
        conclusion=job.conclusion,
        created_at=job.created_at,
        started_at=job.started_at if job.status is not Status.QUEUED else None,
        completed_at=job.completed_at,
        queue_seconds=queue_seconds(job) if executed(job) else None,
        labels=job.labels,
        runner=job.runner,
        url=job.url,
        steps=job.steps,
    )


def _plain_job_row(place: int, job: PlainJob) -> JobRow:
    return JobRow(f"plain:{place}", job.name, job.status, None, None, job.started_at, job.completed_at, None)


def _job_place(row: JobRow) -> tuple[bool, str, str]:
    return row.started_at is None, row.started_at.isoformat() if row.started_at else "", row.job_id
