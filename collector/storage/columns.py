"""A build's projected row as the columns of its table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from collector.domain.merge import BuildState
from collector.domain.model import BuildRow, JobRow, Status
from collector.domain.projection import job_rows
from collector.storage.groups import Stored
from collector.storage.logtexts import LogRow
from collector.storage.pipelines import PipelineRow
from collector.storage.repos import RepoRow
from collector.storage.tables import text
from collector.storage.texts import clean, clean_or_none


@dataclass(frozen=True, slots=True)
class Facts:
    """What a row needs beside its words."""

    repo: RepoRow
    pipeline: PipelineRow
    source: str | None
    incarnation: int
    log: LogRow | None
    stored: Stored | None
    now: datetime


def of(row: BuildRow, state: BuildState, facts: Facts) -> tuple[Any, ...]:
    """The values of ``groups.COLUMNS``, in their order."""
    log = facts.log
    branch, commit, actor = clean_or_none(row.branch), clean_or_none(row.commit), clean_or_none(row.actor)
    return (
        facts.repo.id, facts.pipeline.id, facts.repo.provider, facts.repo.instance, facts.repo.name,
        facts.pipeline.name, clean(row.key.external_id), row.key.attempt, facts.incarnation, row.status.value,
        clean_or_none(row.conclusion), branch, commit, clean_or_none(row.message), actor, clean_or_none(row.event),
        clean_or_none(row.url), _source(facts), text(row.created_at), text(row.started_at), text(row.completed_at),
        row.duration_seconds, row.queue_seconds, _sorted_at(row, facts), log.excerpt if log else None,
        _error_line(facts), _failing_step(row, state, facts), _updated_at(state), int(row.run_known),
        int(row.repo_external_id is None), "\n".join(part for part in (branch, commit, actor) if part).casefold(),
    )  # fmt: skip


def _source(facts: Facts) -> str | None:
    """Of several sources that told of it the first by name: it must not depend on who came last."""
    told = [name for name in (facts.stored and facts.stored.column("source"), facts.source) if name]
    return min(told) if told else None


def _sorted_at(row: BuildRow, facts: Facts) -> str:
    recorded_at = facts.stored.recorded_at if facts.stored else text(facts.now)
    return text(row.started_at or row.created_at or row.completed_at) or recorded_at or ""


def _updated_at(state: BuildState) -> str | None:
    return text(state.core.updated_at) if state.core else None


def _error_line(facts: Facts) -> str | None:
    """Outlives the log: retention takes the text, not what it came down to."""
    if facts.log is None:
        return facts.stored.column("error_line") if facts.stored else None
    return facts.log.error_line


def _failing_step(row: BuildRow, state: BuildState, facts: Facts) -> str | None:
    """``job › step`` of the first that failed, by the jobs, else by the log, else as it was before they were pruned."""
    if row.status is not Status.FAILURE:
        return None
    failed = _first_failed(state)
    if failed:
        return clean(_named(failed))
    if facts.log and facts.log.job_name:
        return " › ".join(part for part in (facts.log.job_name, facts.log.step_name) if part)
    stored = facts.stored
    if stored is None or state.jobs or _first_failed(stored.state):  # a greater plain body has other jobs
        return None
    return stored.column("failing_step")  # type: ignore[no-any-return]


def _first_failed(state: BuildState) -> JobRow | None:
    return next((job for job in job_rows(state) if job.status is Status.FAILURE), None)


def _named(job: JobRow) -> str:
    step = next((step.name for step in job.steps if step.status is Status.FAILURE), None)
    return f"{job.name} › {step}" if step else job.name
