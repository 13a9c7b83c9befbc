"""Builders of pending notifications, clocks that tests move, and notifiers that do as they are told."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from collector.alerting.clocks import Clocks
from collector.alerting.delivery import Delivery
from collector.alerting.messages.model import Limits, Message
from collector.alerting.notifiers.base import NotSent
from collector.alerting.receiving import Setting, Target
from collector.domain import grouping as g
from collector.domain.grouping import Item, Pacing, Waiting
from collector.domain.payload import AlertFacts, BuildFacts, to_json
from collector.storage import notifications
from collector.storage.database import Database
from collector.storage.tables import sql
from tests.builders import NOON

PACING = Pacing(timedelta(seconds=30), timedelta(seconds=30))
_COLUMNS = (
    "id, rule, severity, pipeline_id, branch, provider, instance, repo, pipeline, state, since, opened_at, changed_at,"
    " fired_at, resolved_at, reason, text, streak, transition, evidence"
)


def build_facts(**fields: Any) -> BuildFacts:
    return replace(
        BuildFacts(
            id=12,
            number="7",
            status="failure",
            conclusion="failure",
            url="https://github.com/acme/web/actions/runs/7",
            commit="c0ffee1234567890",
            message="Fix the till\n\nIt was broken.",
            actor="mira",
            started_at=NOON - timedelta(minutes=2),
            failing_step="unit › Run pytest",
            error_line="E  assert 1 == 2",
        ),
        **fields,
    )


def facts(alert_id: int = 1, **fields: Any) -> AlertFacts:
    """acme/web's CI failed on main two minutes before NOON, for the first time."""
    return replace(
        AlertFacts(
            alert_id=alert_id,
            rule="broken",
            provider="github",
            instance="github.com",
            repo="acme/web",
            pipeline="CI",
            branch="main",
            reason="failure_streak",
            text="CI failed once",
            since=NOON - timedelta(minutes=2),
            streak=1,
            strip=("success",) * 9 + ("failure",),
            flaky=False,
            first_bad=build_facts(),
            last=build_facts(),
            last_good=build_facts(id=11, status="success", commit="abcdef0123456789"),
        ),
        **fields,
    )


def item(kind: str = g.FAILING, *, given: AlertFacts | None = None, **row: Any) -> Item:
    """One line of a message."""
    said = given or facts()
    state = "resolved" if kind in (g.FIXED, g.FAILED_AND_FIXED, g.CLOSED) else "firing"
    defaults: dict[str, Any] = {
        "id": said.alert_id, "alert_id": said.alert_id, "due_at": NOON, "state": state, "payload": to_json(said),
    }  # fmt: skip
    waiting = Waiting(kind=kind, **{**defaults, **row})
    return Item(kind, (waiting.id,), waiting, waiting, 1)


class TestClock:
    """Wall and steady time; ``pass_`` moves both, ``set_by`` the wall alone."""

    __test__ = False

    def __init__(self, at: datetime = NOON) -> None:
        self.at, self.seconds = at, 0.0

    def pass_(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.seconds += seconds

    def set_by(self, length: timedelta) -> None:
        self.at += length

    @property
    def clocks(self) -> Clocks:
        return Clocks(lambda: self.at, lambda: self.seconds)


class Scripted:
    """A notifier: each send takes the next of ``outcomes`` (None: yes), then says yes for ever; it remembers all."""

    limits = Limits(cards=5, briefs=40)

    def __init__(self, *outcomes: Exception | None, refuses: Callable[[Message], bool] = lambda _: False) -> None:
        self.outcomes = list(outcomes)
        self.refuses = refuses
        self.asked: list[tuple[Message, bool]] = []
        self.taken: list[Message] = []
        self.conversations: list[Sequence[str]] = []
        self.refusal: NotSent | None = None

    def send(self, message: Message, conversations: Sequence[str], *, plain: bool = False) -> str | None:
        self.asked.append((message, plain))
        self.conversations.append(tuple(conversations))
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if outcome is None and self.refusal is not None and self.refuses(message):
            outcome = self.refusal
        if outcome is not None:
            raise outcome
        self.taken.append(message)
        return f"thread-{len(self.taken)}"

    def close(self) -> None: ...

    @property
    def told(self) -> list[tuple[int, str]]:
        """Alert and kind of every line that was taken, in order."""
        return [(alert["id"], alert["kind"]) for message in self.taken for alert in message.body["alerts"]]


def put_alert(alert_id: int, *, state: str = "firing", rule: str = "broken", **fields: Any) -> None:
    at = "2026-03-01T11:58:00.000000Z"
    values: dict[str, Any] = {
        "id": alert_id, "rule": rule, "severity": "warning", "pipeline_id": alert_id, "branch": "main",
        "provider": "github", "instance": "github.com", "repo": "acme/web", "pipeline": f"p{alert_id}",
        "state": state, "since": at, "opened_at": at, "changed_at": at, "fired_at": at,
        "resolved_at": at if state == "resolved" else None, "reason": "failure_streak", "text": "it failed",
        "streak": 1, "transition": 1, "evidence": "{}",
    } | fields  # fmt: skip
    sql(f"INSERT OR REPLACE INTO alerts ({_COLUMNS}) VALUES ({', '.join('?' * len(values))})", list(values.values()))


def put(
    database: Database,
    alert_id: int,
    kind: str = g.FAILING,
    *,
    receiver: str = "ci",
    at: datetime = NOON,
    transition: int | None = None,
    state: str | None = None,
    **fields: Any,
) -> None:
    """An alert and one pending notification of it."""
    number = transition if transition is not None else (1 if kind == g.FAILING else 2)
    with database.writing():
        put_alert(alert_id, state=state or ("resolved" if kind in g.ENDING else "firing"))
        said = to_json(facts(alert_id, pipeline=f"p{alert_id}", **fields))
        notifications.put(receiver, kind, number, said, at, alert_id=alert_id)


def put_many(database: Database, numbers: Iterable[int], **fields: Any) -> None:
    """So many failing alerts, in one transaction."""
    with database.writing():
        for number in numbers:
            put(database, number, **fields)


def target(notifier: Scripted, *, name: str = "ci", tells: tuple[str, ...] = (), fingerprint: str = "f1") -> Target:
    return Target(name, "slack", fingerprint, notifier, PACING, tells)


def delivery(database: Database, notifier: Scripted, clock: TestClock, **fields: Any) -> Delivery:
    setting = Setting(database, "me", clock.clocks, "https://ci.acme.com", chance=random.Random(1))
    return Delivery(target(notifier, **fields), setting)


def run(sending: Delivery, clock: TestClock, seconds: float) -> None:
    """Steps as the dispatcher's thread does, while so many seconds pass."""
    end = clock.seconds + seconds
    while clock.seconds <= end:
        wait = sending.step()
        clock.pass_(min(max(wait, 0.001), max(0.001, end - clock.seconds + 0.001)))
