"""What may be asked and told about alerts and silences, as types (see ``webapp.query``)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from collector.domain.times import parse_instant
from collector.storage.alert_pages import AlertFilters
from collector.storage.silences import LONGEST
from config.durations import parse_duration
from webapp.query import LARGEST_ID, patterns_of, sane_texts, texts

_DURATION = r"^[0-9]{1,6}[smhdw]$"
_MOST = 512
DEFAULT_DURATION = "2h"


class AlertsQuery(BaseModel):
    """What alerts may be narrowed by."""

    model_config = ConfigDict(extra="forbid")

    state: list[Literal["pending", "firing", "acknowledged", "silenced", "resolved"]] = texts("States; repeatable")
    rule: list[str] = texts("Rules by name; repeatable")
    severity: list[Literal["info", "warning", "critical"]] = texts("Severities; repeatable")
    repo: list[str] = texts("Repos, in any case; repeatable, one of them must match")
    pipeline: list[str] = texts("Pipelines by name; repeatable")
    pipeline_id: list[Annotated[int, Field(ge=0, le=LARGEST_ID)]] = texts(
        "Pipelines by `id` of GET /pipelines; repeatable"
    )
    branch: list[str] = texts("Branches; repeatable; @default is each repo's default branch")
    provider: list[str] = texts("Providers; repeatable")
    group: list[str] = texts("Groups of the configuration by name; repeatable")
    limit: int = Field(default=50, ge=1, le=200, description="Alerts a page")
    cursor: str | None = Field(default=None, max_length=2048, description="`next` of the page before")

    _sane = field_validator("rule", "repo", "pipeline", "branch", "provider", "group", mode="after")(sane_texts)

    def filters(self) -> AlertFilters:
        """Raises Refused(422) for a group that the configuration does not name."""
        return AlertFilters(
            state=tuple(self.state),
            rule=tuple(self.rule),
            severity=tuple(self.severity),
            repo=tuple(self.repo),
            pipeline=tuple(self.pipeline),
            pipeline_id=tuple(self.pipeline_id),
            branch=tuple(self.branch),
            provider=tuple(self.provider),
            group=tuple(patterns_of(name) for name in self.group),
        )


class SilencesQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    state: Literal["current", "all"] = Field(
        default="current", description="current: in force or to come; all: the newest 100, over or not"
    )


class Acknowledging(BaseModel):
    """Who takes an alert on; also who gives it back."""

    model_config = ConfigDict(extra="forbid")

    who: str | None = Field(default=None, max_length=_MOST, description="Who does it, shown beside the alert")
    reason: str | None = Field(default=None, max_length=_MOST, description="Why, in a few words")


class _For(BaseModel):
    """Who silences, why, and for how long."""

    model_config = ConfigDict(extra="forbid")

    author: str = Field(min_length=1, max_length=_MOST, description="Who asks for it")
    reason: str | None = Field(default=None, max_length=_MOST, description="Why, in a few words")
    duration: str | None = Field(
        default=None,
        pattern=_DURATION,
        description=f"How long it lasts: 30m, 2h, 3d; {DEFAULT_DURATION} without, 30d at most",
        examples=["2h"],
    )

    @field_validator("author")
    @classmethod
    def _somebody(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("must say who asks for it")
        return value

    @field_validator("duration")
    @classmethod
    def _length(cls, value: str | None) -> str | None:
        if value is not None and not timedelta(0) < parse_duration(value) <= LONGEST:
            raise ValueError("a length up to 30d: 30m, 2h, 3d")
        return value

    @property
    def lasting(self) -> timedelta:
        return parse_duration(self.duration or DEFAULT_DURATION)


class SilencingOne(_For):
    """Silences one alert, and what follows of its rule on its pipeline and branch."""


class Matchers(BaseModel):
    """Globs, all of which must hold; at least one."""

    model_config = ConfigDict(extra="forbid")

    repo: str | None = Field(default=None, min_length=1, max_length=_MOST)
    pipeline: str | None = Field(default=None, min_length=1, max_length=_MOST)
    branch: str | None = Field(default=None, min_length=1, max_length=_MOST)
    group: str | None = Field(default=None, min_length=1, max_length=_MOST)
    rule: str | None = Field(default=None, min_length=1, max_length=_MOST)
    severity: str | None = Field(default=None, min_length=1, max_length=_MOST)

    def given(self) -> dict[str, str]:
        return {name: value for name, value in self.model_dump().items() if value is not None}


class Silencing(_For):
    """A silence by matchers: for a while nobody is told of the alerts that it takes."""

    matchers: Matchers
    starts_at: str | None = Field(default=None, max_length=64, description="RFC 3339 with a zone; now without")
    ends_at: str | None = Field(default=None, max_length=64, description="RFC 3339 with a zone; or give duration")

    @field_validator("starts_at", "ends_at")
    @classmethod
    def _instant(cls, value: str | None) -> str | None:
        if value is not None:
            parse_instant(value)
        return value

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if self.ends_at is not None and self.duration is not None:
            raise ValueError("duration: give it, or ends_at, not both")
        return self

    def bounds(self, now: datetime) -> tuple[datetime, datetime]:
        """[start, end)."""
        start = parse_instant(self.starts_at) if self.starts_at else now
        return start, parse_instant(self.ends_at) if self.ends_at else start + self.lasting
