"""The query strings of single pages of the dashboard, as types (see ``webapp.query``)."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, field_validator

from collector.domain.filters import DEFAULT_BRANCH, Filters
from collector.domain.times import parse_instant
from webapp.query import MAX_TEXT, Windowed, patterns_of, sane_texts, texts
from webapp.services import services


class PipelinePageQuery(Windowed):
    """What one pipeline's page is narrowed by."""

    branch: list[str] = texts("Branches; repeatable; @default is the repo's default branch; all without")

    _sane = field_validator("branch", mode="after")(sane_texts)

    def filters(self, pipeline_id: int) -> Filters:
        since, until = self.bounds(services().options.clock())
        return Filters(pipeline_id=(pipeline_id,), branch=tuple(self.branch), since=since, until=until)


class GridQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    repo: str = Field(min_length=1, max_length=MAX_TEXT, description="The repo, in any case")
    branch: list[str] = texts("Branches; repeatable; @default, the repo's default branch, without")
    provider: list[str] = texts("Providers; repeatable")
    limit: int = Field(default=30, ge=1, le=200, description="Commits a page")
    before: str | None = Field(default=None, max_length=64, description="`next` of the page before")

    _sane = field_validator("branch", "provider", mode="after")(sane_texts)

    @field_validator("before")
    @classmethod
    def _instant(cls, value: str | None) -> str | None:
        if value is not None:
            parse_instant(value)
        return value

    @property
    def before_instant(self) -> datetime | None:
        return parse_instant(self.before) if self.before else None

    def filters(self) -> Filters:
        return Filters(repo=(self.repo,), branch=tuple(self.branch) or (DEFAULT_BRANCH,), provider=tuple(self.provider))


class WaitingQuery(BaseModel):
    """What waits may be narrowed by."""

    model_config = ConfigDict(extra="forbid")

    repo: list[str] = texts("Repos, in any case; repeatable, one of them must match")
    pipeline: list[str] = texts("Pipelines by name; repeatable")
    provider: list[str] = texts("Providers; repeatable")
    source: list[str] = texts("Sources by name; repeatable")
    group: list[str] = texts("Groups of the configuration by name; repeatable")

    _sane = field_validator("repo", "pipeline", "provider", "source", "group", mode="after")(sane_texts)

    def filters(self) -> Filters:
        """Raises Refused(422) for a group that the configuration does not name."""
        return Filters(
            repo=tuple(self.repo),
            pipeline=tuple(self.pipeline),
            provider=tuple(self.provider),
            source=tuple(self.source),
            group=tuple(patterns_of(name) for name in self.group),
        )
