"""What the jobs of a build tell about it, folded so that it outlives the jobs' own rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from collector.domain.lattice import greatest, least
from collector.domain.model import JobWord, Status


@dataclass(frozen=True, slots=True)
class JobsFold:
    """What the jobs told about their build; outlives the jobs' own rows."""

    started_at: datetime | None
    """Earliest start of any job."""
    completed_at: datetime | None
    """Latest end of any job."""
    first_queued: tuple[datetime, float] | None
    """Start and queue seconds of the first job that really ran and was not carried over."""
    final: bool = False
    """All jobs were in it when their rows were pruned; what is told of one after that is outdated and adds nothing."""


NO_JOBS = JobsFold(None, None, None)


def fold(jobs: Iterable[JobWord]) -> JobsFold:
    """What jobs tell about their build."""
    folded = NO_JOBS
    for job in jobs:
        waited = queue_seconds(job)
        first = (job.started_at, waited) if job.started_at and waited is not None else None
        completed_at = job.completed_at if job.status.finished else None
        folded = join_folds(folded, JobsFold(job.started_at, completed_at, first))
    return folded


def join_folds(a: JobsFold, b: JobsFold) -> JobsFold:
    return JobsFold(
        least(a.started_at, b.started_at),
        greatest(a.completed_at, b.completed_at, lambda at: at),
        least(a.first_queued, b.first_queued),
        a.final or b.final,
    )


def executed(job: JobWord) -> bool:
    """Whether a runner took the job in this attempt; a queued job also has a started_at (GitHub: its creation)."""
    if job.status in (Status.QUEUED, Status.SKIPPED) or carried_over(job):
        return False
    return job.status is not Status.CANCELLED or job.runner is not None or bool(job.steps)


def carried_over(job: JobWord) -> bool:
    """A passed job that "Re-run failed jobs" copied into the new attempt: created after it started."""
    return bool(job.created_at and job.started_at and job.created_at > job.started_at)


def queue_seconds(job: JobWord) -> float | None:
    """How long the job waited for its runner; None when it did not run here or nobody told its creation."""
    if job.created_at is None or job.started_at is None or not executed(job):
        return None
    return (job.started_at - job.created_at).total_seconds()
