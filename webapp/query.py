"""The query string as types: repeatable filters, windows, sorting, cursors. Unknown words are refused, not ignored."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self

from apiflask.schema_adapters import registry
from apiflask.schema_adapters.pydantic import PydanticAdapter
from flask import Request
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from collector.domain.filters import Filters, GroupPatterns
from collector.domain.times import parse_instant
from collector.storage.paging import COLUMNS
from config.durations import parse_duration
from webapp.errors import Refused
from webapp.posted_json import read_model
from webapp.services import services

LONGEST_WINDOW = timedelta(days=3650)
MAX_VALUES = 100
MAX_TEXT = 512
DEFAULT_WINDOW = "7d"


class RepeatedAdapter(PydanticAdapter):
    """Reads a query string whose list fields may be repeated; a field that is no list may be there once."""

    def validate_input(self, request: Request, location: str, **kwargs: Any) -> BaseModel:
        if location == "json":
            return read_model(request, self.model_class)
        if location != "query":
            return super().validate_input(request, location, **kwargs)
        given: dict[str, Any] = {}
        for name, values in request.args.lists():
            field = self.model_class.model_fields.get(name)
            if field is not None and _is_list(field.annotation):
                given[name] = values
            elif len(values) > 1:
                raise Refused(422, f"{name}: may be given once only", field=name)
            else:
                given[name] = values[0]
        return _validated(self.model_class, given)


def _is_list(annotation: object) -> bool:
    return getattr(annotation, "__origin__", None) is list


def _validated(model: type[BaseModel], given: dict[str, Any]) -> BaseModel:
    try:
        return model.model_validate(given)
    except ValueError as exc:
        errors = exc.errors() if hasattr(exc, "errors") else [{"loc": (), "msg": str(exc), "type": ""}]
        first = errors[0]
        name = str(first["loc"][0]) if first["loc"] else None
        message = str(first["msg"]).removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            message = "is not a parameter of this address"
        if first["type"] == "string_pattern_mismatch" and name in _SPELLINGS:
            message = _SPELLINGS[name]
        raise Refused(422, f"{name}: {message}" if name else message, field=name or _named_in(message)) from exc


_SPELLINGS = {
    "window": "write a whole number and m, h, d or w: 30m, 24h, 7d, 2w",
    "sort": f"write one of {', '.join(sorted(COLUMNS))}; - before it turns the order round",
}


def _named_in(message: str) -> str | None:
    """The parameter that a rule over several of them starts its sentence with."""
    match = re.match(r"(since|until|window)\b", message)
    return match[1] if match else None


registry.register("pydantic", RepeatedAdapter)

LARGEST_ID = 2**63 - 1
_Id = Annotated[int, Field(ge=0, le=LARGEST_ID)]
_STATUSES = Literal["queued", "in_progress", "success", "failure", "cancelled", "skipped"]


def texts(description: str) -> Any:
    """A field that may be repeated."""
    return Field(default_factory=list, max_length=MAX_VALUES, description=description)


def sane_texts(values: list[str]) -> list[str]:
    for value in values:
        if not 0 < len(value) <= MAX_TEXT or "\x00" in value:
            raise ValueError(f"a text of 1 to {MAX_TEXT} characters")
    return values


class SocketQuery(BaseModel):
    """What a socket may be narrowed by."""

    model_config = ConfigDict(extra="forbid")

    repo: list[str] = texts("Repos, in any case; repeatable, one of them must match")
    pipeline: list[str] = texts("Pipelines by name; repeatable")
    branch: list[str] = texts("Branches; repeatable; @default is each repo's default branch")
    provider: list[str] = texts("Providers: github, jenkins or another; repeatable")
    source: list[str] = texts("Sources by name; repeatable")
    group: list[str] = texts("Groups of the configuration by name; repeatable")

    @field_validator("repo", "pipeline", "branch", "provider", "source", "group", "q", mode="after", check_fields=False)
    @classmethod
    def _sane(cls, values: list[str]) -> list[str]:
        return sane_texts(values)

    def filters(self) -> Filters:
        """Raises Refused(422) for a group that the configuration does not name."""
        return Filters(
            repo=tuple(self.repo),
            pipeline=tuple(self.pipeline),
            branch=tuple(self.branch),
            provider=tuple(self.provider),
            source=tuple(self.source),
            group=tuple(patterns_of(name) for name in self.group),
        )


def patterns_of(name: str) -> GroupPatterns:
    """Raises Refused(422) for a group that the configuration does not name."""
    found = services().config.group_named(name)
    if found is None:
        raise Refused(422, f"group: the configuration has no group {name!r}", field="group")
    return found.patterns


class ResumeQuery(SocketQuery):
    since: int | None = Field(default=None, ge=0, le=2**63 - 1, description="Go on after this seq")


class Windowed(BaseModel):
    """[since, until), or a window that ends now."""

    model_config = ConfigDict(extra="forbid")

    window: str | None = Field(
        default=None,
        pattern=r"^[0-9]{1,6}[mhdw]$",
        description=f"From so long ago until now: 30m, 24h, 7d, 2w; {DEFAULT_WINDOW} without, 3650d at most",
        examples=["7d"],
    )
    since: str | None = Field(default=None, max_length=64, description="From this instant on (RFC 3339 with a zone)")
    until: str | None = Field(default=None, max_length=64, description="Up to, not including, this instant")

    @field_validator("since", "until")
    @classmethod
    def _instant(cls, value: str | None) -> str | None:
        if value is not None:
            parse_instant(value)
        return value

    @field_validator("window")
    @classmethod
    def _length(cls, value: str | None) -> str | None:
        if value is not None and not timedelta(0) < parse_duration(value) <= LONGEST_WINDOW:
            raise ValueError("a length from 1m to 3650d: 30m, 24h, 7d, 2w")
        return value

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.window is not None and (self.since or self.until):
            raise ValueError("window: give it, or since and until, not both")
        if self.since and self.until and parse_instant(self.since) >= parse_instant(self.until):
            raise ValueError("since: must be before until")
        if self.since and self.until and parse_instant(self.until) - parse_instant(self.since) > LONGEST_WINDOW:
            raise ValueError("since: 3650 days before until at most")
        return self

    def bounds(self, now: datetime) -> tuple[datetime | None, datetime | None]:
        """[start, end) as told; the end of a window is open, so that builds of this very moment are in it."""
        if self.since or self.until:
            return (
                parse_instant(self.since) if self.since else None,
                parse_instant(self.until) if self.until else None,
            )
        return now - parse_duration(self.window or DEFAULT_WINDOW), None

    @property
    def window_name(self) -> str | None:
        """The window as it was written; None when since or until bound it."""
        return None if self.since or self.until else self.window or DEFAULT_WINDOW


class FilterQuery(SocketQuery, Windowed):
    """The filters that builds, figures, pipelines and series share."""

    pipeline_id: list[_Id] = texts("Pipelines by `id` of GET /pipelines, which tells namesakes apart; repeatable")
    status: list[_STATUSES] = texts("Statuses; repeatable")
    q: list[str] = texts("Case-blind part of pipeline, repo, branch, commit or actor; repeatable, one must match")

    def filters(self) -> Filters:
        since, until = self.bounds(services().options.clock())
        return replace(
            super().filters(),
            pipeline_id=tuple(self.pipeline_id),
            status=tuple(self.status),
            q=tuple(self.q),
            since=since,
            until=until,
        )


class FiguresQuery(FilterQuery):
    """The filters of figures; named apart so that figures may get words of their own."""


class LatestQuery(FilterQuery):
    def bounds(self, now: datetime) -> tuple[datetime | None, datetime | None]:
        """Without a window: of all times."""
        return (None, None) if self.window is None and not (self.since or self.until) else super().bounds(now)


class BuildsQuery(FilterQuery):
    sort: str = Field(
        default="-started_at",
        pattern=rf"^-?({'|'.join(sorted(COLUMNS))})$",
        description="A column; a minus in front turns the order round. status: the worst first",
    )
    limit: int = Field(default=50, ge=1, le=200, description="Builds a page")
    cursor: str | None = Field(default=None, max_length=2048, description="`next` of the page before")


class SeriesQuery(FilterQuery):
    metric: Literal["duration"] = Field(default="duration", description="What to show over time")
    pipelines: int = Field(default=3, ge=1, le=20, description="The busiest so many pipelines")


class FiltersQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    q: str = Field(default="", max_length=MAX_TEXT, description="A part of repos, pipelines and branches, in any case")


class NoQuery(BaseModel):
    """No parameters at all."""

    model_config = ConfigDict(extra="forbid")
