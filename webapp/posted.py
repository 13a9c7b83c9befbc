"""What is posted and what becomes of it, as types for the OpenAPI document; the reading itself is the providers'."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from webapp.schemas import Answer, StatusWord


class PlainJob(Answer):
    name: str
    status: StatusWord
    started_at: datetime | None = None
    completed_at: datetime | None = None


class PlainBody(Answer):
    """A build as any CI system may tell it. Native webhooks of GitHub and Jenkins are taken at the same address."""

    pipeline: str = Field(max_length=512, examples=["deploy"])
    repo: str = Field(max_length=512, examples=["acme/web"])
    branch: str | None = Field(default=None, max_length=512)
    status: StatusWord
    started_at: datetime = Field(description="RFC 3339 with a zone", examples=["2026-01-31T08:30:00Z"])
    completed_at: datetime | None = None
    duration_seconds: float | None = Field(default=None, ge=0)
    url: str | None = Field(default=None, max_length=2048, description="http or https")
    logs: str | None = Field(default=None, description="Its end is kept")
    external_id: str | int | None = Field(default=None, description="The build's id in its own system")
    attempt: int | None = Field(default=None, ge=1, le=2**31 - 1)
    commit: str | None = None
    message: str | None = None
    actor: str | None = None
    event: str | None = None
    jobs: list[PlainJob] | None = None


class Ingested(Answer):
    """What became of a post."""

    stored: bool
    created: int = Field(default=0, description="Builds seen for the first time")
    changed: int = Field(default=0, description="Builds whose row changed, the created ones among them")
    ids: list[int] = Field(default_factory=list, description="Ids of the changed builds")
    reason: str | None = Field(default=None, description="Why it is not for us (202)")
    ignored: list[str] = Field(
        default_factory=list, description="Keys of a plain body that mean nothing here; left out when there are none"
    )
