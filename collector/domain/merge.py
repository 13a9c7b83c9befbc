"""Merging: what is kept of a build is a pure function of the set of words told about it.

``BuildState`` is a join-semilattice, a product of registers each of which takes a greatest (or least) value, so
``join`` is commutative, associative and idempotent by construction: any order and any repetition of words ends
in the same state. ``settle`` makes builds of the states of one key, ``domain.projection`` makes the row of a build.

* The run: the greatest word by ``_run_order``. What a greater word leaves out, the next greatest may tell
  (``facts``); status and conclusion come from the winner alone.
* A job: by its id, the greatest by ``_job_order``. It never decides its run's status.
* The plain body: the greatest (started_at, rank, completed_at); it fills only what no provider's word told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from collector.domain.folding import NO_JOBS, JobsFold, fold, join_folds
from collector.domain.lattice import greatest, join_maps, least
from collector.domain.model import BuildKey, BuildWord, JobWord, PipelineRef, PlainWord, RunWord, Status

Order = tuple[str | int, ...]
FactValue = str | float | datetime

NUMBER_REUSED_AFTER = timedelta(minutes=1)
"""Jenkins: builds of one number whose starts differ by more than this are different builds."""

_NEVER = datetime.min.replace(tzinfo=UTC)
_RUN_FACTS = (
    "created_at", "started_at", "duration_seconds", "queue_seconds", "branch", "commit", "message", "actor", "event",
    "url", "repo_external_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing told, and how far the word that told it outranks others."""

    order: Order
    value: FactValue


@dataclass(frozen=True, slots=True)
class Core:
    """How the winning word says the run stands."""

    order: Order
    status: Status
    conclusion: str | None
    updated_at: datetime | None

    @property
    def precedence(self) -> tuple[Order, str, str]:
        return self.order, self.status.value, self.conclusion or ""


@dataclass(frozen=True, slots=True)
class LogText:
    """A pushed log. The state keeps its digest; the text is there only until storage has taken it."""

    order: Order
    digest: str
    text: str | None


@dataclass(frozen=True, slots=True)
class BuildState:
    """All that is kept of the words of one build; see the module for what each register takes."""

    key: BuildKey
    core: Core | None = None
    facts: Mapping[str, Fact] = field(default_factory=dict)
    first_finished_at: datetime | None = None
    """GitHub: the smallest updated_at of the finished words (it moves later, without anything having run)."""
    starts: tuple[datetime, datetime] | None = None
    """Jenkins: earliest and latest start told; tells reused build numbers apart."""
    jobs: Mapping[str, JobWord] = field(default_factory=dict)
    folded: JobsFold = NO_JOBS
    plain: PlainWord | None = None
    """Always without its log, which is in ``log``."""
    log: LogText | None = None
    startless: BuildState | None = None
    """Jenkins: words without a start. They belong to the newest build of the number, so they stay movable."""


def told(word: BuildWord) -> BuildState:
    """What one word alone makes known."""
    match word:
        case RunWord():
            return _told_by_run(word)
        case JobWord():
            return _told_by_job(word)
        case PlainWord():
            return _told_by_plain(word)


def join(a: BuildState, b: BuildState) -> BuildState:
    """The least state that knows all that ``a`` and ``b`` know. Both speak of one key."""
    return BuildState(
        key=max(a.key, b.key, key=lambda key: key.repo),
        core=greatest(a.core, b.core, lambda core: core.precedence),
        facts=join_maps(a.facts, b.facts, lambda fact: (fact.order, fact.value)),
        first_finished_at=least(a.first_finished_at, b.first_finished_at),
        starts=_join_starts(a.starts, b.starts),
        jobs=join_maps(a.jobs, b.jobs, _job_order),
        folded=join_folds(a.folded, b.folded),
        plain=greatest(a.plain, b.plain, _plain_order),
        log=greatest(a.log, b.log, lambda log: (log.order, log.digest, log.text is not None)),
        startless=_join_optional(a.startless, b.startless),
    )


def settle(states: Iterable[BuildState]) -> list[BuildState]:
    """The builds that the states of one key are, oldest first: one, except where Jenkins used a number again."""
    pool = list(states)
    if not pool:
        return []
    if pool[0].key.provider != "jenkins":
        return [_join_all(pool)]
    started = [replace(state, startless=None) for state in pool if state.starts]
    rest = [replace(state, startless=None) for state in pool if not state.starts]
    rest += [state.startless for state in pool if state.startless]
    builds = _by_start(started)
    if not rest:
        return builds
    startless = _join_all(rest)
    return [*builds[:-1], replace(builds[-1], startless=startless)] if builds else [startless]


def whole(state: BuildState) -> BuildState:
    """The state with its startless words joined in: what the build's row is made of."""
    if state.startless is None:
        return state
    return join(replace(state, startless=None), state.startless)


def fold_jobs(state: BuildState) -> BuildState:
    """The state without its jobs, but with what they told about the build: for retention."""
    return replace(state, jobs={}, folded=replace(jobs_told(state), final=True) if state.jobs else state.folded)


def jobs_told(state: BuildState) -> JobsFold:
    """What the jobs tell about their build, pruned or not."""
    return state.folded if state.folded.final else fold(state.jobs.values())


def given_up(state: BuildState, reason: str) -> BuildState:
    """What it makes known that nobody will ever tell the end of an unfinished build; ``reason`` is its conclusion.

    It outranks the words told so far and no other: a word about the build's end, or a later one of any kind, wins,
    whenever it comes. The build counts as skipped, as every end that is not known.
    """
    now = whole(state)
    below_any_run: Order = ("", -1) if now.key.provider == "github" else (-1, 0, 0, 0)
    core = now.core or Core(below_any_run, Status.QUEUED, None, None)
    jobs = {
        name: replace(job, status=Status.SKIPPED, conclusion=reason, completed_at=None)
        for name, job in now.jobs.items()
        if not job.status.finished
    }
    return BuildState(
        key=state.key,
        core=Core((*core.order, 1), Status.SKIPPED, reason, core.updated_at),
        starts=now.starts,
        jobs=jobs,
    )


def _told_by_run(word: RunWord) -> BuildState:
    order = _run_order(word)
    values = {name: getattr(word, name) for name in _RUN_FACTS}
    finished_at = word.updated_at if word.status.finished else None
    return BuildState(
        key=word.key,
        core=Core(order, word.status, word.conclusion, word.updated_at),
        facts=_facts(order, {**values, **_pipeline_facts(word.pipeline)}),
        first_finished_at=finished_at,
        starts=_starts(word.key, word.started_at),
    )


def _told_by_job(word: JobWord) -> BuildState:
    below_any_run: Order = ("", -1) if word.key.provider == "github" else (-1, 0, 0, 0)
    values = {
        "branch": word.branch,
        "commit": word.commit,
        "actor": word.actor,
        "url": word.run_url,
        "repo_external_id": word.repo_external_id,
        **_pipeline_facts(word.pipeline),
    }
    return BuildState(
        key=word.key,
        facts=_facts(below_any_run, values),
        starts=_starts(word.key, word.build_started_at),
        jobs={word.job_id: word},
    )


def _told_by_plain(word: PlainWord) -> BuildState:
    log = None
    if word.logs:
        started, rank, completed = (word.started_at or _NEVER), word.status.rank, (word.completed_at or _NEVER)
        digest = hashlib.sha256(word.logs.encode("utf-8", "replace")).hexdigest()
        log = LogText((started.isoformat(), rank, completed.isoformat()), digest, word.logs)
    return BuildState(key=word.key, plain=replace(word, logs=None), log=log, starts=_starts(word.key, word.started_at))


def _run_order(word: RunWord) -> Order:
    """GitHub: (updated_at, rank). Jenkins has no updated_at: rank, then who knows more, then the polled word."""
    if word.key.provider == "github":
        return (word.updated_at.isoformat() if word.updated_at else "", word.status.rank)
    known = (word.duration_seconds is not None, word.started_at is not None, word.told_by == "poll")
    return (word.status.rank, *(int(one) for one in known))


def _job_order(job: JobWord) -> tuple[Any, ...]:
    """Greatest rank, then latest completed_at; ties go to the word that knows more, then to its text."""
    steps_done = sum(step.status.finished for step in job.steps)
    richness = (steps_done, len(job.steps), job.runner is not None, job.created_at is not None, len(job.labels))
    return job.status.rank, job.completed_at or _NEVER, richness, canonical(job)


def _plain_order(word: PlainWord) -> tuple[Any, ...]:
    return word.started_at or _NEVER, word.status.rank, word.completed_at or _NEVER, canonical(word)


def canonical(word: BuildWord) -> tuple[str, ...]:
    """A total order among words that are otherwise level: their fields as text (the repo's case aside)."""
    return tuple(str(getattr(word, one.name)) for one in fields(word) if one.name != "key")


def _pipeline_facts(pipeline: PipelineRef) -> dict[str, FactValue | None]:
    told = {"external_id": pipeline.external_id, "name": pipeline.name, "path": pipeline.path}
    return {f"pipeline_{name}": value for name, value in told.items()}


def _facts(order: Order, values: Mapping[str, FactValue | None]) -> dict[str, Fact]:
    return {name: Fact(order, value) for name, value in values.items() if value is not None}


def _starts(key: BuildKey, started_at: datetime | None) -> tuple[datetime, datetime] | None:
    return (started_at, started_at) if key.provider == "jenkins" and started_at else None


def _by_start(states: list[BuildState]) -> list[BuildState]:
    """Joins states whose starts are within a minute of each other (or of what is between them)."""
    builds: list[BuildState] = []
    for state in sorted(states, key=lambda one: one.starts or (_NEVER, _NEVER)):
        latest = builds[-1].starts[1] if builds and builds[-1].starts else None
        if latest and state.starts and state.starts[0] - latest <= NUMBER_REUSED_AFTER:
            builds[-1] = join(builds[-1], state)
        else:
            builds.append(state)
    return builds


def _join_all(states: list[BuildState]) -> BuildState:
    joined = states[0]
    for state in states[1:]:
        joined = join(joined, state)
    return joined


def _join_optional(a: BuildState | None, b: BuildState | None) -> BuildState | None:
    return join(a, b) if a and b else a or b


def _join_starts(
    a: tuple[datetime, datetime] | None, b: tuple[datetime, datetime] | None
) -> tuple[datetime, datetime] | None:
    return (min(a[0], b[0]), max(a[1], b[1])) if a and b else a or b
