"""A Pipeline's stages (``wfapi/describe`` of pipeline-stage-view) as words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

import structlog

from collector.domain.model import JobWord, RunWord, Status
from collector.providers.jenkins.fields import Fields, instant, objects, seconds
from collector.providers.jenkins.jobs import Rules

log = structlog.get_logger(__name__)

_STATUSES = {
    "SUCCESS": Status.SUCCESS,
    "FAILED": Status.FAILURE,
    "FAILURE": Status.FAILURE,
    "ABORTED": Status.CANCELLED,
    "NOT_EXECUTED": Status.SKIPPED,
    "IN_PROGRESS": Status.IN_PROGRESS,
    "PAUSED_PENDING_INPUT": Status.IN_PROGRESS,
}
_PAUSED = "PAUSED_PENDING_INPUT"
_DID_NOT_RUN_BELOW_SECONDS = 0.05
"""Stages after an abort are told as ABORTED with 10 to 40 ms: they were passed over, nothing of them ran."""


@dataclass(frozen=True, slots=True)
class Stages:
    """The stages of one build, in order, and what the run's object adds to the build."""

    jobs: tuple[JobWord, ...]
    queue_seconds: float | None

    @property
    def failing(self) -> str | None:
        """The first stage that failed, by name."""
        return next((job.name for job in self.jobs if job.status is Status.FAILURE), None)


def map_stages(raw: object, run: RunWord, rules: Rules) -> Stages:
    """``wfapi/describe`` of the build that ``run`` tells of. Raises MappingError.

    The run's own ``status`` and ``endTimeMillis`` are not read: a paused run has an end too, and the words differ
    from the build's result.
    """
    described = Fields.of(raw, "wfapi")
    jobs = tuple(_stage(stage, run, rules) for stage in objects(described, "stages"))
    return Stages(_passed_over(jobs), seconds(described, "queueDurationMillis"))


def _stage(stage: Fields, run: RunWord, rules: Rules) -> JobWord:
    told = stage.need_text("status")
    status = _status(told, rules)
    started_at = instant(stage, "startTimeMillis")
    length = seconds(stage, "durationMillis")
    return JobWord(
        key=run.key,
        job_id=stage.need_text("id"),
        name=stage.shown_text("name") or stage.need_text("id"),
        status=status,
        conclusion=told if status.finished or told == _PAUSED else None,
        started_at=started_at,
        completed_at=_after(started_at, length) if status.finished else None,
        pause_seconds=seconds(stage, "pauseDurationMillis") or 0.0,
        runner=stage.shown_text("execNode"),
        # The build's page: a stage has none that every version of Jenkins knows.
        url=run.url,
        pipeline=run.pipeline,
        branch=run.branch,
        commit=run.commit,
        run_url=run.url,
        build_started_at=run.started_at,
    )


def _status(told: str, rules: Rules) -> Status:
    if told == "UNSTABLE":
        return Status(rules.unstable)
    if told not in _STATUSES:
        _say_unknown(told)
    return _STATUSES.get(told, Status.SKIPPED)


def _passed_over(jobs: Sequence[JobWord]) -> tuple[JobWord, ...]:
    """What came after the stage that ended the build and took no time did not run: skipped, its own word kept."""
    seen: set[Status] = set()
    told = []
    for job in jobs:
        ended_badly = job.status in (Status.CANCELLED, Status.FAILURE)
        did_not_run = ended_badly and job.status in seen and _length(job) < _DID_NOT_RUN_BELOW_SECONDS
        if ended_badly:
            seen.add(job.status)
        told.append(replace(job, status=Status.SKIPPED, completed_at=job.started_at) if did_not_run else job)
    return tuple(told)


def _length(job: JobWord) -> float:
    if job.started_at is None or job.completed_at is None:
        return 0.0
    return (job.completed_at - job.started_at).total_seconds()


def _after(started_at: datetime | None, length: float | None) -> datetime | None:
    return started_at + timedelta(seconds=length) if started_at is not None and length is not None else None


@lru_cache(maxsize=256)
def _say_unknown(told: str) -> None:
    log.warning(
        "Jenkins told a stage's status that is not known here; its stages are kept as skipped",
        status=told[:64],
        advice="a newer version of CI Health may know it",
    )
