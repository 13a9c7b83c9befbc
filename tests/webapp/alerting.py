"""Alerts in a web app's database, as the evaluator would have kept them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from collector.domain.alert_states import Alert, Line, State, Transition
from collector.storage import alerts, notifications
from tests.webapp.harness import NOW, Web

LINE = Line(1, "main", "github", "github.com", "acme/web", "CI")


def an_alert(**changes: Any) -> Alert:
    """One that fired ten minutes ago; fields of its line may be given beside its own."""
    line = replace(LINE, **{name: changes.pop(name) for name in list(changes) if name in Line.__slots__})
    alert = Alert(
        id=0, rule="broken", severity="warning", line=line, state=State.FIRING, since=NOW - timedelta(minutes=12),
        opened_at=NOW - timedelta(minutes=10), changed_at=NOW - timedelta(minutes=10), reason="failure_streak",
        text="2 builds in a row failed", fired_at=NOW - timedelta(minutes=10), streak=2, transition=1,
        evidence={"failures": 2, "strip": ["success", "failure", "failure"]},
    )  # fmt: skip
    return replace(alert, **changes)


def keep(web: Web, **changes: Any) -> int:
    """Its id."""
    alert = an_alert(**changes)
    opened = Transition(1, alert.opened_at, "ok", "firing", alert.reason)
    with web.database.writing():
        return alerts.save(alert, [opened]).id


def notify(web: Web, alert_id: int, receiver: str = "ci-channel", *, kind: str = "failing", number: int = 1) -> int:
    with web.database.writing():
        made = notifications.put(receiver, kind, number, "{}", NOW, alert_id=alert_id)
    assert made is not None
    return made


def sent(web: Web, notification: int, at: datetime = NOW) -> None:
    with web.database.writing():
        notifications.claim([notification], "me", at, timedelta(seconds=30))
        notifications.mark_sent([notification], "me", at)
