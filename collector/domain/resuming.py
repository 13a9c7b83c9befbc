"""A build that was given up while nobody watched its pipeline goes on once somebody does, and is asked for again."""

from __future__ import annotations

from dataclasses import replace

from collector.domain.merge import BuildState, Core, Order
from collector.domain.model import JobWord, Status

_JOBS_ALONE = -1
"""The rank in place of a run's, where only jobs told of the build."""


def resumed(state: BuildState, reason: str) -> BuildState | None:
    """The state as one that nobody has told the end of; None when it was not ``given_up`` for that reason.

    It keeps ``reason`` as its conclusion and stands below the words that were told before, so that whatever its
    provider says next, be it the same as before, replaces it: until then nobody can say whether it goes on.
    """
    core = state.core
    if core is None or core.status is not Status.SKIPPED or core.conclusion != reason:
        return None
    jobs = {name: _resumed_job(job, reason) for name, job in state.jobs.items()}
    rank = _rank(core.order, state.key.provider)
    if rank == _JOBS_ALONE:
        return replace(state, core=None, jobs=jobs)
    order = core.order[:-2] or core.order[:1]
    status = Status.QUEUED if rank == Status.QUEUED.rank else Status.IN_PROGRESS
    return replace(state, core=Core(order, status, reason, None), jobs=jobs)


def _rank(order: Order, provider: str) -> str | int:
    """That of the build when it was given up; it is where ``merge`` puts the rank of a run's word."""
    place = 1 if provider == "github" else 0
    return order[place] if len(order) > place else Status.IN_PROGRESS.rank


def _resumed_job(job: JobWord, reason: str) -> JobWord:
    if job.status is not Status.SKIPPED or job.conclusion != reason:
        return job
    return replace(job, status=Status.IN_PROGRESS if job.started_at else Status.QUEUED, conclusion=None)
