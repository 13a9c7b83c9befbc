"""What the API answers about alerts, silences and receivers, as types (see ``webapp.schemas``)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from webapp.schemas import Answer, StatusWord

StateWord = Literal["pending", "firing", "acknowledged", "silenced", "resolved"]


class AlertNotification(Answer):
    """One send of the alert to a receiver, and what became of it."""

    id: int
    receiver: str
    kind: str = Field(description="failing, again, reminder, fixed, failed_and_fixed, flapping, closed, digest …")
    transition: int = Field(description="The transition that it tells of")
    state: Literal["pending", "sent", "set_aside", "dropped"]
    late: bool = Field(description="It tells of a build that ended long before it was known")
    created_at: datetime
    due_at: datetime = Field(description="Nothing is tried before it")
    sent_at: datetime | None
    attempts: int
    error: str | None = Field(description="Why it did not go, in plain words")


class AlertBuild(Answer):
    build_id: int
    status: StatusWord
    commit: str | None
    actor: str | None
    started_at: datetime | None
    failing_step: str | None
    error: str | None


class Alert(Answer):
    """What a rule found on one pipeline and branch, and who was told."""

    id: int
    rule: str
    when: str | None = Field(description="The rule's kind; null when the configuration has no such rule any more")
    severity: str
    state: StateWord
    repo: str
    pipeline: str
    pipeline_id: int | None = Field(description="null for an alert about a source")
    source: str | None
    branch: str | None
    provider: str
    instance: str
    on_default: bool = Field(description="It is about the repo's default branch, or about no branch")
    groups: list[str] = Field(description="The configured groups it belongs to")
    since: datetime = Field(description="Start of the first bad build")
    opened_at: datetime
    fired_at: datetime | None
    resolved_at: datetime | None
    changed_at: datetime
    reason: str = Field(description="Named, as failure_streak")
    text: str = Field(description="The reason as one plain sentence")
    who: str | None = Field(description="Who acknowledged or silenced it")
    streak: int
    transition: int
    flapping: bool
    strip: list[str] = Field(description="The last statuses, oldest first")
    evidence: dict[str, Any] = Field(description="The figures that decided it")
    first_bad: AlertBuild | None
    last_build: AlertBuild | None
    last_good_id: int | None
    notifications: list[AlertNotification] = Field(description="The newest 20 (500 in GET /alerts/<id>), oldest first")
    notifications_total: int


class AlertCounts(Answer):
    pending: int
    firing: int
    acknowledged: int
    silenced: int
    resolved: int


class AlertPage(Answer):
    alerts: list[Alert] = Field(description="The newest opened first")
    next: str | None = Field(description="`cursor` of the next page; null on the last")
    counts: AlertCounts = Field(description="Of all that the filters take; the filter by state aside")


class AlertTransition(Answer):
    number: int
    at: datetime
    from_state: str
    to_state: str
    reason: str
    who: str | None


class AlertDetail(Alert):
    transitions: list[AlertTransition] = Field(description="First to last")
    rule_config: dict[str, Any] | None = Field(description="The rule as collectors.yaml writes it")


class Silence(Answer):
    """For a while nobody is told of the alerts that all its matchers take."""

    id: int
    matchers: dict[str, str] = Field(description="repo, pipeline, branch, group, rule or severity to a glob")
    starts_at: datetime
    ends_at: datetime
    author: str
    reason: str
    created_at: datetime
    ended_at: datetime | None = Field(description="When somebody ended it early")
    in_force: bool


class SilenceList(Answer):
    silences: list[Silence]


class MadeSilence(Silence):
    silenced: list[int] = Field(description="Ids of the open alerts that it silenced at once")


class Receiver(Answer):
    """A configured destination and how sending to it goes."""

    name: str
    kind: Literal["slack", "email", "webhook", "file", "stdout"]
    broken: bool = Field(description="It refused for good: nothing goes to it until it answers or its config changes")
    error: str | None
    broken_at: datetime | None
    blocked_until: datetime | None = Field(description="It asked to wait, or failed just now")
    failures: int = Field(description="In a row")
    first_failed_at: datetime | None = Field(description="When the first of them was: since when it takes nothing")
    waiting: int = Field(description="Notifications that wait for it")
    oldest_waiting_at: datetime | None
    set_aside: int = Field(description="Notifications that it refused for good")
    last_sent_at: datetime | None


class ReceiverList(Answer):
    receivers: list[Receiver]
