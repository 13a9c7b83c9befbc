"""Jenkins' builds as words. Pure; facts about the API's objects are cited where they decide something.

A malformed object is a MappingError that names the field; nothing of it is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

import structlog

from collector.domain.errors import MappingError
from collector.domain.model import JobWord, RunWord, Status, WorkflowWord
from collector.providers.jenkins.causes import cause_of
from collector.providers.jenkins.fields import URL_LIMIT, Fields, instant, number, objects, seconds
from collector.providers.jenkins.jobs import PROVIDER, Job, Rules, decoded
from collector.providers.jenkins.revisions import Revision, revision_of

log = structlog.get_logger(__name__)

_RESULTS = {
    "SUCCESS": Status.SUCCESS,
    "FAILURE": Status.FAILURE,
    "ABORTED": Status.CANCELLED,
    "NOT_BUILT": Status.SKIPPED,
}


@dataclass(frozen=True, slots=True)
class MappedBuild:
    """What one build object told."""

    number: int
    run: RunWord
    cells: tuple[JobWord, ...] = ()
    """A matrix build's cells."""
    has_stages: bool = False
    """Whether it is a Pipeline's, the only kind whose stages can be asked for."""
    ended_at: datetime | None = None
    queue_id: int | None = None


@dataclass(frozen=True, slots=True)
class Waits:
    """What the queue told before builds left it: the item's id to its entry."""

    entered_at: Mapping[int, datetime] = field(default_factory=dict)


NO_WAITS = Waits()


def map_build(raw: object, job: Job, waits: Waits = NO_WAITS) -> MappedBuild:
    """One build of ``job`` as its API object or an entry of ``builds[…]`` tells it. Raises MappingError."""
    build = Fields.of(raw, "build")
    actions = objects(build, "actions")
    found = number(build)
    run = _run(build, actions, job, found, waits)
    return MappedBuild(
        number=found,
        run=run,
        cells=_cells(build, run, found, job.rules),
        has_stages=_is_pipeline(build),
        ended_at=_end(run),
        queue_id=build.integer("queueId", least=-1),
    )


def status_of(result: str | None, rules: Rules) -> tuple[Status, str | None]:
    """Jenkins' result as (status, conclusion). None is a build that still runs; an unknown one is skipped."""
    if result is None:
        return Status.IN_PROGRESS, None
    if result == "UNSTABLE":
        return Status(rules.unstable), result
    if result not in _RESULTS:
        _say_unknown(result)
    return _RESULTS.get(result, Status.SKIPPED), result


def map_pipeline(job: Job, *, disabled: bool, url: str | None) -> WorkflowWord:
    """What is known of the pipeline that ``job`` belongs to."""
    assert job.pipeline.external_id is not None
    assert job.pipeline.name is not None
    return WorkflowWord(
        provider=PROVIDER,
        instance=job.rules.instance,
        repo=job.repo,
        external_id=job.pipeline.external_id,
        name=job.pipeline.name,
        state="disabled" if disabled else "active",
        url=url,
    )


def _run(build: Fields, actions: list[Fields], job: Job, found: int, waits: Waits) -> RunWord:
    status, conclusion = status_of(_result(build), job.rules)
    revision = revision_of(actions, job.remotes, job.branch)
    started_at = instant(build, "timestamp")
    created_at, queue_seconds = _wait(build, actions, started_at, waits)
    cause = cause_of(actions)
    return RunWord(
        key=job.key(found),
        pipeline=job.pipeline,
        status=status,
        conclusion=conclusion,
        created_at=created_at,
        started_at=started_at,
        # While a build runs its duration is 0; estimatedDuration is an average of the job's and never this build's.
        duration_seconds=seconds(build, "duration") if status.finished else None,
        queue_seconds=queue_seconds,
        branch=job.branch or (revision.branch if revision else None),
        commit=revision.commit if revision else None,
        message=_message(build, revision),
        actor=cause.actor,
        event=cause.event,
        url=build.web_url("url") or job.build_url(found),
    )


def _result(build: Fields) -> str | None:
    """The result once it is final: a running build may already have one, an old core's answer lacks ``building``."""
    return None if build.values.get("building") is True else build.text("result")


def _wait(
    build: Fields, actions: list[Fields], started_at: datetime | None, waits: Waits
) -> tuple[datetime | None, float | None]:
    """(entry into the queue, seconds in it): from the metrics plugin, else from the queue item seen before."""
    for action in actions:
        told = seconds(action, "queuingDurationMillis")
        if told is not None:
            return (started_at - timedelta(seconds=told) if started_at else None), told
    entered_at = waits.entered_at.get(build.integer("queueId", least=-1) or 0)
    if entered_at is None or started_at is None or entered_at > started_at:
        return None, None
    return entered_at, (started_at - entered_at).total_seconds()


def _message(build: Fields, revision: Revision | None) -> str | None:
    """The commit's message, its first line. ``changeSet`` is one (freestyle), ``changeSets`` a list (Pipeline)."""
    for changes in [build.child("changeSet"), *objects(build, "changeSets")]:
        for item in objects(changes, "items") if changes else []:
            if revision and item.values.get("commitId") == revision.commit:
                return item.shown_text("msg") or item.shown_text("comment")
    return None


def _cells(build: Fields, run: RunWord, parent: int, rules: Rules) -> tuple[JobWord, ...]:
    """A matrix build's cells. ``runs`` lists cells of earlier builds too: its own are those of the parent's number."""
    runs = objects(build, "runs")
    return tuple(_cell(cell, run, rules) for cell in runs if cell.values.get("number") == parent)


def _cell(cell: Fields, run: RunWord, rules: Rules) -> JobWord:
    status, conclusion = status_of(_result(cell), rules)
    name = _cell_name(cell)
    started_at = instant(cell, "timestamp")
    length = seconds(cell, "duration") if status.finished else None
    ended_at = started_at + timedelta(seconds=length) if started_at and length is not None else None
    return JobWord(
        key=run.key,
        job_id=name,
        name=name,
        status=status,
        conclusion=conclusion,
        started_at=started_at,
        completed_at=ended_at,
        runner=cell.shown_text("builtOn"),
        url=cell.web_url("url"),
        pipeline=run.pipeline,
        branch=run.branch,
        commit=run.commit,
        run_url=run.url,
        build_started_at=run.started_at,
    )


def _cell_name(cell: Fields) -> str:
    """``nodes=debian9-64`` out of ``…/job/test/nodes=debian9-64/19446/``."""
    url = cell.text("url", limit=URL_LIMIT)
    parts = (url or "").rstrip("/").split("/")
    if len(parts) < 2:
        raise MappingError(cell.at("url"), "must be a cell's address, as in job/test/nodes=a/12/")
    return decoded(parts[-2])


def _is_pipeline(build: Fields) -> bool:
    """By its class; old cores tell none, there a Pipeline's build is the one without ``builtOn``."""
    told = build.values.get("_class")
    return "WorkflowRun" in told if isinstance(told, str) else "builtOn" not in build.values


def _end(run: RunWord) -> datetime | None:
    if run.started_at is None or run.duration_seconds is None:
        return None
    return run.started_at + timedelta(seconds=run.duration_seconds)


@lru_cache(maxsize=256)
def _say_unknown(result: str) -> None:
    """Once a word: the cache is what remembers it."""
    log.warning(
        "Jenkins told a result that is not known here; its builds are kept as skipped",
        result=result[:64],
        advice="a newer version of CI Health may know it",
    )
