"""What the API answers, as types: the OpenAPI document is made from these, and tests hold answers against it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

StatusWord = Literal["queued", "in_progress", "success", "failure", "cancelled", "skipped"]
Numbers = list[float | None]


class Answer(BaseModel):
    """Answers may gain fields; none is ever taken away."""

    model_config = ConfigDict(extra="allow")


class Build(Answer):
    """One attempt of one run of a pipeline."""

    id: int
    pipeline: str
    repo: str
    branch: str | None
    status: StatusWord
    started_at: datetime | None
    completed_at: datetime | None
    duration_seconds: float | None
    url: str | None
    provider: str
    source: str | None = Field(description="The source that told of it; null when nobody watches it")
    instance: str = Field(description="The GitHub host or Jenkins controller it ran on")
    external_id: str | None
    attempt: int
    conclusion: str | None = Field(description="The provider's own last word")
    commit: str | None
    message: str | None
    actor: str | None
    event: str | None
    queue_seconds: float | None = Field(description="How long it waited for its first executed job")
    created_at: datetime | None
    pipeline_id: int
    logs: str | None = Field(description="The end of its log; the whole kept text in GET /builds/<id>")
    error: str | None = Field(description="The first line that says what failed")
    failing_step: str | None


class BuildPage(Answer):
    builds: list[Build]
    next: str | None = Field(description="`cursor` of the next page; null on the last")


class Step(Answer):
    name: str
    number: int
    status: StatusWord
    conclusion: str | None
    started_at: datetime | None
    completed_at: datetime | None


class Job(Answer):
    id: str = Field(description="The provider's own id of it; made up for a plain body's")
    name: str
    status: StatusWord
    conclusion: str | None
    created_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    queue_seconds: float | None
    labels: list[str]
    runner: str | None = Field(description="Null while no runner took it")
    url: str | None
    steps: list[Step]


class Attempt(Answer):
    id: int
    attempt: int
    status: StatusWord


class BuildDetail(Build):
    """A build with its jobs and all attempts of its run."""

    jobs: list[Job]
    attempts: list[Attempt]


class HistoryEntry(Answer):
    id: int
    status: StatusWord
    started_at: datetime | None


class FirstBad(Answer):
    build_id: int
    commit: str | None
    actor: str | None
    started_at: datetime | None


OutlookWord = Literal["failing", "never_green", "stale", "unread", "unknown", "flaky", "slower", "healthy"]


class Slower(Answer):
    """Median seconds of the successes before, and of the newest three."""

    from_seconds: float
    to_seconds: float


class Unread(Answer):
    """Its source is stale: what is shown may be over by now."""

    source: str
    read_at: datetime | None = Field(description="When the source was last read; null: never whole")


class Pipeline(Answer):
    """What runs again and again, and how it stands."""

    id: int
    provider: str
    instance: str
    repo: str
    pipeline: str
    file: str | None
    branch: str | None
    status: StatusWord = Field(description="Its newest success or failure of all kept builds, else its newest status")
    since: datetime | None = Field(description="Start of the first build of the present streak")
    streak: int = Field(description="Builds in a row that ended as the last one did")
    running: int | bool
    last_build_id: int | None
    last_build_at: datetime | None
    first_bad: FirstBad | None
    flaky_commits: int
    history: list[HistoryEntry] = Field(description="The last 14 builds, oldest first")
    state: str | None
    url: str | None
    outlook: OutlookWord = Field(description="The worst that holds of it; lists go by it, worst first")
    slower: Slower | None = Field(description="The newest successes took a quarter longer than those before")
    silent_seconds: float | None = Field(
        description="Seconds since its newest build, when that is beyond its schedule or rhythm"
    )
    source: str | None = Field(description="The source that told of its newest build")
    unread: Unread | None = Field(description="While its source was not read for 3 intervals; null otherwise")


class Recovery(Answer):
    median_seconds: float | None
    count: int
    open: int


class Counts(Answer):
    success: int
    failure: int
    cancelled: int
    skipped: int
    queued: int
    in_progress: int


class Previous(Answer):
    """The same figures over the window of the same length before."""

    success_rate: float | None
    failure_rate: float | None
    avg_build_time: float | None
    p95_build_time: float | None
    queue_time_p50: float | None
    recovery_median_seconds: float | None
    finished: int
    conclusive: int = Field(description="Successes and failures; comparing with very few says nothing")


class Sparklines(Answer):
    at: list[datetime]
    success_rate: Numbers
    failure_rate: Numbers
    avg_build_time: Numbers
    queue_time_p50: Numbers


class SourceCount(Answer):
    total: int
    fresh: int


class Summary(Answer):
    """The figures of a window. Rates are percentages over success + failure; null when there is neither."""

    window: str | None
    since: datetime | None
    until: datetime | None
    success_rate: float | None
    failure_rate: float | None
    avg_build_time: float | None = Field(description="Seconds, over the success + failure builds of the window")
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
    last_status_by_pipeline: dict[str, StatusWord] = Field(description="Pipeline name: the worst of its namesakes")
    pipelines: list[Pipeline] = Field(description="Worst first")
    as_of: datetime
    sources: SourceCount
    branch_note: str | None


class SeriesPoint(Answer):
    at: datetime
    value: float | None
    n: int


class SeriesFailure(Answer):
    at: datetime
    value: float | None
    build_id: int
    n: int = Field(description="Failures that the mark stands for; more than one only where there are very many")


class SeriesLine(Answer):
    pipeline_id: int
    repo: str
    pipeline: str
    builds: int
    points: list[SeriesPoint]
    failures: list[SeriesFailure]


class Series(Answer):
    metric: str
    bucket_seconds: float
    since: datetime | None
    until: datetime | None
    total_builds: int
    total_pipelines: int
    series: list[SeriesLine]


class FilterValues(Answer):
    """What the filter menus offer."""

    repos: list[str]
    pipelines: list[str]
    branches: list[str] = Field(description="Default branches first, then the others by their newest build")
    providers: list[str]
    sources: list[str]
    groups: list[str]
    statuses: list[str]
    cut: list[str] = Field(description="Names of the lists above that are cut at 500; `q` finds the rest")


class Meta(Answer):
    version: str
    demo: bool = Field(description="True while the builds shown are made up (cihealth demo)")
    sources_configured: bool
    public_url: str | None
    groups: list[str]
    refresh_seconds: float = Field(description="How often figures are worth asking for again")


class Health(Answer):
    status: Literal["ok"]


class Check(Answer):
    name: str
    ok: bool
    message: str


class Readiness(Answer):
    ready: bool
    checks: list[Check]
