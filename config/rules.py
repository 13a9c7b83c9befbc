"""Rules: when an alert opens. ``when`` says which kind; each kind has keys of its own beside the common ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, Strict, ValidationInfo, WithJsonSchema

from config.durations import Duration, format_duration, parse_duration
from config.entry import Entry
from config.texts import Name, Text


def _remind(value: object) -> object:
    if value in ("never", "each") or isinstance(value, timedelta):
        return value
    try:
        length = parse_duration(value)
    except ValueError as exc:
        raise ValueError("must be never, each, or a duration such as 6h") from exc
    if length < timedelta(minutes=1):
        raise ValueError("is too short; the least is 1m")
    return length


def _written(remind: timedelta | str) -> str:
    return remind if isinstance(remind, str) else format_duration(remind)


def _above_nothing(length: timedelta, info: ValidationInfo) -> timedelta:
    if length <= timedelta(0):
        raise ValueError(f"{info.field_name} is 0; write a duration above it, as 7d")
    return length


Remind = Annotated[
    timedelta | Literal["never", "each"],
    BeforeValidator(_remind),
    PlainSerializer(_written, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^(never|each|[0-9]{1,6}[smhdw])$", "examples": ["never", "6h"]}),
]
Severity = Literal["info", "warning", "critical"]
Count = Annotated[int, Strict(), Field(ge=1, le=1000)]
Percent = Annotated[float, Strict(), Field(ge=0, le=100)]
Increase = Annotated[float, Strict(), Field(gt=0, le=10000)]
Span = Annotated[Duration, AfterValidator(_above_nothing)]
"""A length of time that is not 0."""
_WEEK = timedelta(days=7)


class RuleBase(Entry):
    """What every rule has: which builds it looks at, whom it tells, how often."""

    name: Name = Field(description="a unique name, shown in alerts")
    branches: tuple[Text, ...] = Field(default=("*",), min_length=1, description="globs on the branch, or @default")
    groups: tuple[Text, ...] = Field(default=(), description="names of groups; none: all builds")
    repos: tuple[Text, ...] = Field(default=("*",), min_length=1, description="globs on org/name")
    pipelines: tuple[Text, ...] = Field(default=("*",), min_length=1, description="globs on the pipeline's name")
    events: tuple[Text, ...] = Field(default=("*",), min_length=1, description="globs on the event, as push")
    to: tuple[Text, ...] = Field(default=(), description="names of receivers; none: all of them")
    remind: Remind = Field(default="never", description="never, each (every further failing build) or a duration: 6h")
    for_: Duration = Field(default=timedelta(0), alias="for", description="how long it must hold first: 10m")
    severity: Severity = Field(default="warning", description="info, warning or critical")


class FailureRule(RuleBase):
    """A pipeline's last builds on a branch failed."""

    when: Literal["failure"]
    after: Count = Field(default=1, description="failures in a row before the alert opens")
    passes: Count = Field(default=1, description="successes in a row that close it")


class SuccessRateRule(RuleBase):
    """A pipeline's success rate over a window is too low."""

    when: Literal["success_rate"]
    below: Percent = Field(description="percent of success + failure below which the alert opens: 90")
    closes_at: Percent | None = Field(None, description="percent that closes it; without: a fifth of the rest above")
    window: Span = Field(_WEEK, description="the builds it looks at: 7d")
    min_builds: Count = Field(default=5, description="fewer finished builds than this say nothing")

    @classmethod
    def misfits(cls, given: Mapping[str, object]) -> Iterator[str]:
        below, closes_at = given.get("below"), given.get("closes_at")
        if isinstance(below, int | float) and isinstance(closes_at, int | float) and closes_at < below:
            yield "closes_at lies under below; write a percentage from below's up to 100"


class SlowerRule(RuleBase):
    """A pipeline takes longer than it used to."""

    when: Literal["slower"]
    by: Increase = Field(50.0, description="percent slower than the builds before: 50")
    by_at_least: Duration = Field(default=timedelta(minutes=1), description="and slower by at least this: 1m")
    statistic: Literal["avg", "p50", "p90", "p95"] = Field(default="p50", description="which figure is compared")
    last: Count = Field(default=3, description="the present: so many last successful builds of a branch")
    before: Count = Field(default=24, description="the past: at most so many successful builds before those")
    window: Span = Field(_WEEK, description="the present builds are no older than this: 7d")
    baseline: Span = Field(default=timedelta(days=14), description="those before are no older than this more: 14d")
    min_builds: Count = Field(default=5, description="fewer builds before than this say nothing")


class StuckRule(RuleBase):
    """A build waits or runs for too long."""

    when: Literal["stuck"]
    queued_for: Span = Field(default=timedelta(minutes=30), description="longest wait in the queue: 30m")
    running_for: Span = Field(default=timedelta(hours=6), description="longest run: 6h")
    times: Increase = Field(3.0, description="or so many times what 99 % of its pipeline's builds wait or run: 3")


class StaleRule(RuleBase):
    """A pipeline that used to run has silently stopped running, or a source cannot be read."""

    when: Literal["stale"]
    no_build_for: Span | None = Field(None, description="longest silence: 7d; without: learnt from its schedule")
    read_sources: bool = Field(default=True, description="false: it says nothing of sources that cannot be read")


class FlakyRule(RuleBase):
    """A pipeline fails and passes on the same commit too often."""

    when: Literal["flaky"]
    commits: Count = Field(default=3, description="flaky commits in the window at which the alert opens")
    above: Percent = Field(default=0.0, description="and they are at least this percentage of its commits: 10")
    window: Span = Field(default=timedelta(days=14), description="the builds it looks at: 14d")


Rule = Annotated[
    FailureRule | SuccessRateRule | SlowerRule | StuckRule | StaleRule | FlakyRule, Field(discriminator="when")
]
