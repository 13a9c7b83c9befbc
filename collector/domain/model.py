"""The words of the project as types: what a provider says about a build, and the row that follows from it.

Instants are aware UTC datetimes and end in ``_at``; lengths are seconds as floats and end in ``_seconds``.
Everything here is immutable and knows no clock, socket, file or database.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

Origin = Literal["poll", "push"]


class Status(StrEnum):
    """The API's word for how a build, job or step stands."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    SUCCESS = "success"
    FAILURE = "failure"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"

    @property
    def rank(self) -> int:
        """0 queued, 1 in progress, 2 finished: a build only ever climbs within one attempt."""
        return {Status.QUEUED: 0, Status.IN_PROGRESS: 1}.get(self, 2)

    @property
    def finished(self) -> bool:
        return self.rank == 2

    @property
    def conclusive(self) -> bool:
        """Success or failure: the only two that count in rates and in a pipeline's last status."""
        return self in (Status.SUCCESS, Status.FAILURE)


@dataclass(frozen=True, slots=True)
class BuildKey:
    """What makes two words speak of one build. ``repo`` keeps its case; equality of builds goes by ``folded``."""

    provider: str
    instance: str
    """GitHub: host[:port] of the run's html_url. Jenkins: host[:port][/path] of the controller. Lower case."""
    repo: str
    external_id: str
    """GitHub: the run id. Jenkins: ``full/name#number``. Plain body: its own id, or ``plain:`` and a digest."""
    attempt: int = 1

    @property
    def folded(self) -> BuildKey:
        return BuildKey(self.provider, self.instance, self.repo.lower(), self.external_id, self.attempt)


@dataclass(frozen=True, slots=True)
class PipelineRef:
    """What a word says of its pipeline; ``external_id`` (workflow id, Jenkins full name) is its identity where told."""

    external_id: str | None = None
    name: str | None = None
    """The run's own name for its workflow, the plain body's pipeline, the Jenkins job's display name."""
    path: str | None = None
    """The workflow's file, as ``.github/workflows/ci.yml``."""


@dataclass(frozen=True, slots=True)
class WorkflowWord:
    """What a provider says about a pipeline itself (GitHub's workflow object, a Jenkins job): names, not builds."""

    provider: str
    instance: str
    repo: str
    external_id: str
    name: str
    path: str | None = None
    state: str | None = None
    """The provider's own word: ``active``, ``disabled_manually`` …"""
    url: str | None = None
    updated_at: datetime | None = None
    repo_external_id: str | None = None


@dataclass(frozen=True, slots=True)
class RepoWord:
    """What a provider says about a repo: its present name, its lasting id, its default branch."""

    provider: str
    instance: str
    name: str
    external_id: str | None = None
    default_branch: str | None = None
    seen_at: datetime | None = None
    """When the provider last changed what we were told by; orders renames. None: older than everything."""
    seen_in: str | None = None
    """The run whose message told it, where one did: of two names of the same instant the later run's is newer."""


@dataclass(frozen=True, slots=True)
class RunWord:
    """What one message of a provider said about a run as a whole (one attempt of it)."""

    key: BuildKey
    pipeline: PipelineRef
    status: Status
    conclusion: str | None = None
    """The provider's own last word, as it came: ``timed_out``, ``UNSTABLE`` …; None while unfinished."""
    created_at: datetime | None = None
    """When the build was asked for (GitHub: created_at; Jenkins: entry into the queue)."""
    started_at: datetime | None = None
    """GitHub: run_started_at, or created_at of a first attempt without it. Jenkins: the build's timestamp."""
    updated_at: datetime | None = None
    """GitHub only: last change of any kind; orders the words of a run."""
    duration_seconds: float | None = None
    """Jenkins only: told by the provider once finished. GitHub's is computed from jobs (see domain.merge)."""
    queue_seconds: float | None = None
    """Jenkins only, where wfapi, Blue Ocean or the queue told it."""
    branch: str | None = None
    """Normalised (see ``clean_branch``); a fork's is ``owner:branch``."""
    commit: str | None = None
    message: str | None = None
    actor: str | None = None
    event: str | None = None
    url: str | None = None
    told_by: Origin = "poll"
    repo_external_id: str | None = None
    default_branch: str | None = None
    """The repo's default branch, where the message carries it."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a job, in the order of its number; times in UTC."""

    name: str
    number: int
    status: Status
    conclusion: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class JobWord:
    """What one message said about one job (Jenkins: stage) of a build."""

    key: BuildKey
    job_id: str
    name: str
    status: Status
    conclusion: str | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    pause_seconds: float = 0.0
    """Jenkins stages only: time spent waiting for input, already inside started..completed."""
    labels: tuple[str, ...] = ()
    runner: str | None = None
    """The runner's or node's name; None while no runner took the job."""
    url: str | None = None
    steps: tuple[Step, ...] = ()
    pipeline: PipelineRef = PipelineRef()
    """GitHub's job says its workflow's name only; used while the run itself is unknown."""
    branch: str | None = None
    commit: str | None = None
    actor: str | None = None
    run_url: str | None = None
    build_started_at: datetime | None = None
    """Jenkins: the start of the build the stage belongs to (tells reused build numbers apart)."""
    repo_external_id: str | None = None


@dataclass(frozen=True, slots=True)
class PlainJob:
    """A job of a plain body; it has no id, so its name and place tell it apart."""

    name: str
    status: Status
    started_at: datetime | None = None
    completed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlainWord:
    """A plain body: fills only what no provider's word told."""

    key: BuildKey
    pipeline: PipelineRef
    status: Status
    started_at: datetime | None = None
    completed_at: datetime | None = None
    duration_seconds: float | None = None
    branch: str | None = None
    commit: str | None = None
    message: str | None = None
    actor: str | None = None
    event: str | None = None
    url: str | None = None
    logs: str | None = None
    """Already cleaned and masked (domain.logs)."""
    jobs: tuple[PlainJob, ...] = ()


BuildWord = RunWord | JobWord | PlainWord
Word = BuildWord | WorkflowWord | RepoWord


@dataclass(frozen=True, slots=True)
class BuildRow:
    """A build as kept and served: what ``domain.merge.project`` makes of the words of one key."""

    key: BuildKey
    pipeline: PipelineRef
    pipeline_is_plain: bool
    """True when only plain bodies speak of it: the pipeline's identity is then (provider, repo, name)."""
    status: Status
    conclusion: str | None
    created_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    duration_seconds: float | None
    queue_seconds: float | None
    branch: str | None
    commit: str | None
    message: str | None
    actor: str | None
    event: str | None
    url: str | None
    repo_external_id: str | None = None
    run_known: bool = True
    """False while only jobs told of the run: the collector completes it."""


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job as served: GET /builds/<id> gives these in order of start, unstarted last."""

    job_id: str
    name: str
    status: Status
    conclusion: str | None
    created_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    queue_seconds: float | None
    labels: tuple[str, ...] = ()
    runner: str | None = None
    url: str | None = None
    steps: tuple[Step, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class LogSnippet:
    """The part of a failed build's log that is kept: cleaned, masked and bounded before it gets here."""

    key: BuildKey
    text: str
    error_line: str | None = None
    """The first line that says what failed."""
    job_name: str | None = None
    step_name: str | None = None
    build_started_at: datetime | None = None
