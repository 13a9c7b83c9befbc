"""What the API answers for single pages of the dashboard, as types (see ``webapp.schemas``)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from webapp.schemas import (
    Answer,
    Counts,
    FirstBad,
    HistoryEntry,
    OutlookWord,
    Pipeline,
    Previous,
    Recovery,
    SeriesFailure,
    Slower,
    Sparklines,
    StatusWord,
    Unread,
)


class ListedPipeline(Pipeline):
    groups: list[str] = Field(description="The configured groups it belongs to")


class PipelineList(Answer):
    pipelines: list[ListedPipeline]


class PageFigures(Answer):
    """The figures of the window, by the rules of GET /metrics/summary."""

    window: str | None
    since: datetime | None
    until: datetime | None
    success_rate: float | None
    failure_rate: float | None
    avg_build_time: float | None
    p50_build_time: float | None
    p90_build_time: float | None
    p95_build_time: float | None
    queue_time_p50: float | None
    queue_time_p95: float | None
    queue_samples: int
    recovery: Recovery
    counts: Counts
    previous: Previous
    sparklines: Sparklines
    as_of: datetime


class PageBuild(Answer):
    id: int
    status: StatusWord
    conclusion: str | None
    attempt: int
    started_at: datetime | None
    created_at: datetime | None
    duration_seconds: float | None
    queue_seconds: float | None
    branch: str | None
    commit: str | None
    actor: str | None
    message: str | None
    failing_step: str | None
    error: str | None


class TrendPoint(Answer):
    """One part of the window; lengths are seconds, null where nothing counts."""

    at: datetime
    success: int
    failure: int
    success_rate: float | None
    p50: float | None
    p90: float | None
    p95: float | None
    queue_p50: float | None
    queue_p95: float | None


class Trend(Answer):
    bucket_seconds: float
    since: datetime
    until: datetime
    points: list[TrendPoint] = Field(description="Parts of the window without a build are left out")
    failures: list[SeriesFailure] = Field(description="Oldest first")


class BranchStanding(Answer):
    branch: str | None
    status: StatusWord
    builds: int
    success: int
    failure: int
    success_rate: float | None
    last_build_id: int
    last_build_at: datetime | None


class FailingPart(Answer):
    """A job that failed in the window; null for builds of which no job is known."""

    job: str | None
    step: str | None
    error: str | None = Field(description="Its usual first error line")
    failures: int
    runs: int | None = Field(description="Builds of the window in which the job succeeded or failed")
    passed_later: int = Field(description="Failures that passed on the same commit later")
    first_at: datetime | None
    last_at: datetime | None
    last_build_id: int


class FlakyFailure(Answer):
    commit: str | None
    branch: str | None
    failed_at: datetime | None
    failed_build_id: int
    passed_build_id: int
    failing_step: str | None
    error: str | None


class Outage(Answer):
    """From a first failure to the next success on one branch; ``recovered_at`` is null while it lasts."""

    branch: str | None
    failed_at: datetime
    recovered_at: datetime | None
    seconds: float | None
    failed_build_id: int
    recovered_build_id: int | None
    commit: str | None
    actor: str | None


class Compared(Answer):
    build_id: int
    commit: str | None


class Compare(Answer):
    good: Compared = Field(description="The last green before the outage")
    bad: Compared = Field(description="The first red of it")
    url: str | None = Field(description="The provider's page of what changed in between, where it has one")


class PipelinePage(Answer):
    """One pipeline, how it stands, and its figures over the window."""

    id: int
    provider: str
    instance: str
    repo: str
    pipeline: str
    file: str | None
    state: str | None
    url: str | None
    default_branch: str | None
    branch: str | None
    status: StatusWord | None = Field(description="null: no build is kept on the branches asked for")
    since: datetime | None
    streak: int
    running: int
    last_build_id: int | None
    last_build_at: datetime | None
    first_bad: FirstBad | None
    flaky_commits: int
    history: list[HistoryEntry]
    outlook: OutlookWord
    slower: Slower | None
    silent_seconds: float | None
    source: str | None
    unread: Unread | None
    figures: PageFigures
    builds: list[PageBuild] = Field(description="The last 50, oldest first")
    over_time: Trend
    branches: list[BranchStanding]
    failing: list[FailingPart] = Field(description="What fails most first, at most 10")
    flaky: list[FlakyFailure] = Field(description="Newest first, at most 20")
    commits: int = Field(description="Commits with a success or failure in the window")
    outages: list[Outage] = Field(description="Open ones, and those that ended in the window; newest first, at most 20")
    compare: Compare | None


class BriefBuild(Answer):
    id: int
    status: StatusWord
    commit: str | None
    started_at: datetime | None


class SameCommit(Answer):
    """Builds and attempts of this pipeline on this commit."""

    success: int
    failure: int
    passed_build_id: int | None = Field(description="The first success after this build")


class ElsewhereBuild(Answer):
    id: int
    pipeline_id: int
    repo: str
    pipeline: str
    branch: str | None
    commit: str | None
    started_at: datetime | None
    error: str | None
    failing_step: str | None


class BuildContext(Answer):
    """What stands around a build on its pipeline and branch, and where else it failed alike."""

    before: BriefBuild | None = Field(description="The success or failure before it, other attempts of its run aside")
    last_green: BriefBuild | None
    history: list[BriefBuild] = Field(description="The 30 builds up to this one, oldest first")
    same_commit: SameCommit
    elsewhere: list[ElsewhereBuild] = Field(
        description="The newest failure of each other pipeline with the same error line, numbers aside, within 14 d"
    )
    elsewhere_pipelines: int
    elsewhere_builds: int
    here_builds: int = Field(description="Other failures of this pipeline with the same error line")


class GridPipeline(Answer):
    id: int
    pipeline: str
    file: str | None
    provider: str
    url: str | None


class GridCell(Answer):
    """The newest build of a pipeline on a commit."""

    build_id: int
    status: StatusWord
    builds: int = Field(description="Builds and attempts of the pipeline on the commit")
    flaky: bool = Field(description="It failed on this commit and then succeeded")
    broke: bool = Field(description="The first failure after a success")
    duration_seconds: float | None
    failing_step: str | None
    error: str | None


class GridCommit(Answer):
    commit: str
    message: str | None
    actor: str | None
    at: datetime = Field(description="Start of the first build on it")
    event: str | None
    cells: dict[str, GridCell] = Field(description="By pipeline id; no key where it was not built")


class Grid(Answer):
    repo: str
    branches: list[str]
    pipelines: list[GridPipeline]
    commits: list[GridCommit] = Field(description="Newest first")
    next: str | None = Field(description="`before` of the commits that follow; null at the end")


class WaitingItem(Answer):
    """What waits: a job for a runner, a build that has not begun, or an item of a Jenkins queue."""

    kind: Literal["job", "build", "queue"]
    provider: str
    instance: str
    repo: str
    pipeline: str
    pipeline_id: int | None
    build_id: int | None
    branch: str | None
    job: str | None
    labels: list[str]
    why: str | None = Field(description="The provider's own words")
    since: datetime
    waiting_seconds: float
    merge_queue: str | None = Field(description="The branch that a merge queue merges into")
    url: str | None


class WaitingLabel(Answer):
    """One set of runner labels: what waits for it, and how long jobs waited lately."""

    labels: list[str]
    provider: str
    waiting: int
    running: int
    longest_seconds: float | None
    p50_seconds: float | None = Field(description="Wait of the jobs that began within the last 24 h")
    p95_seconds: float | None
    samples: int


class Waiting(Answer):
    items: list[WaitingItem] = Field(description="The longest wait first, at most 500")
    total: int
    labels: list[WaitingLabel]
    as_of: datetime
