"""What GET /sources answers, as types."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from webapp.schemas import Answer


class SourceBudget(Answer):
    limit: int | None
    remaining: int | None
    reset_at: datetime | None


class SourceCircuit(Answer):
    """Open: the last polls failed; the next success closes it."""

    state: Literal["open", "closed"]
    failures: int = Field(description="Polls in a row that failed as a whole")
    opened_at: datetime | None


class SourceProgress(Answer):
    """How far a reading of history has come; null while none goes on."""

    target: str = Field(description="The repo or job that is being read")
    done: int = Field(description="Runs (Jenkins: jobs) read so far")
    total: int | None = Field(description="All of them, as far as it is known")
    builds: int = Field(description="Builds that this poll has brought so far")


class RequestsPerHour(Answer):
    """What polling costs, unchanged answers included; history being read is not."""

    now: int = Field(description="As things stand")
    worst: int = Field(description="If every poll of everything found news")


class Source(Answer):
    """One source of collectors.yaml and how reading it goes."""

    name: str
    provider: str
    instance: str | None
    state: Literal["ok", "failing", "waiting", "stale", "new"]
    last_success_at: datetime | None
    last_poll_at: datetime | None = Field(description="When the last poll began, or last brought something")
    last_error: str | None = Field(description="In plain words; null again with the next success")
    last_error_at: datetime | None
    advice: str | None = Field(description="What the operator can do about the last error")
    waiting_until: datetime | None
    interval_seconds: float | None
    budget: SourceBudget | None
    progress: SourceProgress | None
    requests_per_hour: RequestsPerHour | None = Field(description="Null where the reader does not plan")
    stale: bool = Field(description="Its data is older than 3 intervals, whatever the reason")
    circuit: SourceCircuit
    next_poll_at: datetime | None
    clock_offset_seconds: float | None = Field(description="How far the provider's clock is ahead of ours")


class SourceList(Answer):
    sources: list[Source]
