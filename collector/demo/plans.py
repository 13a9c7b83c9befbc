"""What happens in a made-up world, as plans: who builds what, when each part starts and ends, and how.

A plan holds all instants of a build, also those to come. How the build stands at an instant follows from the plan
alone (``Run.at``, ``job_status`` …), so a build never goes back: later looks only see more of the same plan.
Everything is immutable; instants are aware UTC datetimes, GitHub's in whole seconds as GitHub tells them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody (or some bot) who pushes, re-runs and reviews."""

    login: str
    name: str
    bot: bool = False


@dataclass(frozen=True, slots=True)
class Repo:
    """A GitHub repo; ``id`` lasts through renames, ``old_names`` lead to it by a 301."""

    id: int
    full_name: str
    created_at: datetime
    default_branch: str = "main"
    private: bool = False
    old_names: tuple[str, ...] = ()
    renamed_at: datetime | None = None

    @property
    def owner(self) -> str:
        return self.full_name.split("/", 1)[0]

    @property
    def name(self) -> str:
        return self.full_name.split("/", 1)[1]


@dataclass(frozen=True, slots=True)
class Workflow:
    """A GitHub workflow; ``state`` is GitHub's word: ``active``, ``disabled_manually``, ``disabled_inactivity`` …"""

    id: int
    repo_id: int
    name: str
    path: str
    created_at: datetime
    state: str = "active"
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a GitHub job. ``ends_at`` None: it never ends (a script decides later)."""

    name: str
    number: int
    starts_at: datetime
    ends_at: datetime | None
    conclusion: str = "success"


@dataclass(frozen=True, slots=True)
class Job:
    """A GitHub job of one attempt. ``starts_at`` None: no runner takes it."""

    id: int
    name: str
    created_at: datetime
    starts_at: datetime | None
    ends_at: datetime | None
    conclusion: str = "success"
    labels: tuple[str, ...] = ("ubuntu-latest",)
    runner: str | None = None
    step_names: tuple[str, ...] = ()
    failing_step: str | None = None
    steps: tuple[Step, ...] | None = None
    """Given outright; None: laid out from ``step_names`` over the job's time."""
    log: str | None = None
    """Given outright; None: made up from the steps."""
    carried_over: bool = False
    """Copied into a later attempt by "re-run failed jobs": new id, old times, no runner."""
    queued_as: str = "queued"

    def milestones(self) -> Iterator[datetime]:
        yield self.created_at
        if self.starts_at is not None and not self.carried_over:
            yield self.starts_at
        if self.ends_at is not None and not self.carried_over:
            yield self.ends_at


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a run. ``ends_at`` None: open. ``touched_at`` are later changes of any other kind."""

    number: int
    created_at: datetime
    started_at: datetime
    """What GitHub calls run_started_at: the attempt's birth, not the pick-up by a runner."""
    ends_at: datetime | None
    conclusion: str
    actor: Person
    jobs: tuple[Job, ...] = ()
    begins_at: datetime | None = None
    """When it turns in_progress without jobs telling so; None: with its first job."""
    queued_as: str = "queued"
    touched_at: tuple[datetime, ...] = ()

    def milestones(self) -> Iterator[datetime]:
        yield self.created_at
        yield from self.touched_at
        if self.begins_at is not None:
            yield self.begins_at
        if self.ends_at is not None:
            yield self.ends_at
        for job in self.jobs:
            yield from job.milestones()


@dataclass(frozen=True, slots=True)
class Run:
    """A GitHub workflow run with all its attempts, those to come included."""

    id: int
    repo_id: int
    workflow_id: int
    number: int
    branch: str
    sha: str
    title: str
    message: str
    event: str
    actor: Person
    attempts: tuple[Attempt, ...]
    fork: str | None = None
    """full_name of the head repository when it is a fork."""
    pull_number: int | None = None
    name: str | None = None
    """What the run calls itself; None: its workflow's name."""

    @property
    def created_at(self) -> datetime:
        return self.attempts[0].created_at

    def attempt_at(self, now: datetime) -> Attempt:
        """The newest attempt that exists at ``now``; the first one for a run that does not exist yet."""
        seen = [attempt for attempt in self.attempts if attempt.created_at <= now]
        return seen[-1] if seen else self.attempts[0]

    def last_milestone(self) -> datetime | None:
        """The last instant at which anything changes; None while something is open."""
        if self.attempts[-1].ends_at is None:
            return None
        return max(instant for attempt in self.attempts for instant in attempt.milestones())


def job_status(job: Job, now: datetime) -> str:
    """GitHub's status of a job at ``now``: queued (or what ``queued_as`` says), in_progress, completed."""
    if job.carried_over:
        return "completed"
    if job.ends_at is not None and job.ends_at <= now:
        return "completed"
    if job.starts_at is not None and job.starts_at <= now:
        return "in_progress"
    return job.queued_as


def attempt_status(attempt: Attempt, now: datetime) -> str:
    """GitHub's status of an attempt at ``now``: queued (or ``queued_as``), in_progress, completed."""
    if attempt.ends_at is not None and attempt.ends_at <= now:
        return "completed"
    if attempt.begins_at is not None and attempt.begins_at <= now:
        return "in_progress"
    started = (j for j in attempt.jobs if not j.carried_over and j.starts_at is not None and j.starts_at <= now)
    return "in_progress" if next(started, None) is not None else attempt.queued_as


def attempt_updated_at(attempt: Attempt, now: datetime) -> datetime:
    """The newest change of the attempt that ``now`` has seen."""
    return max((m for m in attempt.milestones() if m <= now), default=attempt.created_at)


def visible_jobs(attempt: Attempt, now: datetime) -> list[Job]:
    """The attempt's jobs that exist at ``now`` (a job that needs others is made when these are done)."""
    return [job for job in attempt.jobs if job.created_at <= now]


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a Jenkins Pipeline. ``status`` is wfapi's word once it ended (SUCCESS, FAILED, ABORTED …)."""

    id: str
    name: str
    starts_at: datetime
    ends_at: datetime | None
    status: str = "SUCCESS"
    pause_seconds: float = 0.0
    node: str = ""
    agent_wait_seconds: float = 0.0
    """How long it waited for an agent inside: a PlaceholderTask in the queue meanwhile."""
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Build:
    """A Jenkins build. It waits in the queue from ``queued_at`` and has a number from ``starts_at`` on.

    ``starts_at`` None: it never leaves the queue. ``result`` is Jenkins' word once ``ends_at`` is reached.
    """

    job: str
    number: int
    queue_id: int
    queued_at: datetime
    starts_at: datetime | None
    ends_at: datetime | None
    result: str = "SUCCESS"
    cause: str = "Push event to branch main"
    cause_class: str = "jenkins.branch.BranchEventCause"
    author: Person | None = None
    sha: str | None = None
    branch: str | None = None
    message: str | None = None
    node: str = ""
    stages: tuple[Stage, ...] = ()
    cells: tuple[tuple[str, int, str], ...] = ()
    """Matrix: (axis value, number, result); a number of an earlier build is a stale cell."""
    why: str = "Waiting for next available executor"
    log: str | None = None
    upstream: tuple[str, int] | None = None
    failing_stage: str | None = None

    @property
    def duration_ms(self) -> int:
        if self.starts_at is None or self.ends_at is None:
            return 0
        return round((self.ends_at - self.starts_at).total_seconds() * 1000)


FOLDER = "com.cloudbees.hudson.plugins.folder.Folder"
MULTIBRANCH = "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject"
PIPELINE = "org.jenkinsci.plugins.workflow.job.WorkflowJob"
FREESTYLE = "hudson.model.FreeStyleProject"
MATRIX = "hudson.matrix.MatrixProject"


@dataclass(frozen=True, slots=True)
class Item:
    """A Jenkins folder, multibranch project or job. ``full_name`` is Jenkins' own, branches percent-encoded."""

    full_name: str
    cls: str
    display_name: str
    created_at: datetime
    disabled: bool = False
    remote: str | None = None
    """The repo's clone address."""
    axis: tuple[str, ...] = field(default=())
    """Matrix: the values of its one axis."""

    @property
    def parent(self) -> str:
        return self.full_name.rpartition("/")[0]

    @property
    def name(self) -> str:
        return self.full_name.rpartition("/")[2]


def build_status(build: Build, now: datetime) -> str:
    """``queued``, ``building`` or ``done`` at ``now``."""
    if build.ends_at is not None and build.ends_at <= now:
        return "done"
    return "building" if build.starts_at is not None and build.starts_at <= now else "queued"
