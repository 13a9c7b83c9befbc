"""What the dispatcher reads of the outbox: a receiver's pending notifications with how their alerts stand now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from collector.domain.grouping import TOLD, Waiting
from collector.storage import notifications
from collector.storage.selecting import marks
from collector.storage.tables import sql

MOST_ROWS = 5000
_MOST_VALUES = 500


def waiting(receiver: str, now: datetime, limit: int = MOST_ROWS) -> list[Waiting]:
    """The receiver's oldest pending rows. One that was due when it was made is due, however the clock was set since."""
    rows = notifications.waiting(receiver, limit)
    alert_ids = sorted({row.alert_id for row in rows if row.alert_id is not None})
    standing, told = _standing(alert_ids), notifications.sent_kinds(receiver, alert_ids)
    found = []
    for row in rows:
        state, severity = standing.get(row.alert_id or 0, ("resolved", "warning"))
        due_at = min(row.due_at, now) if row.due_at <= row.created_at else row.due_at
        was_told = not TOLD.isdisjoint(told.get(row.alert_id or 0, ()))
        found.append(
            Waiting(
                row.id, row.alert_id, row.kind, due_at, state, was_told, row.late, severity, row.transition, row.payload
            )
        )
    return found


def _standing(alert_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """The present state and severity of each alert."""
    found: dict[int, tuple[str, str]] = {}
    for start in range(0, len(alert_ids), _MOST_VALUES):
        some = alert_ids[start : start + _MOST_VALUES]
        rows = sql(f"SELECT id, state, severity FROM alerts WHERE id IN ({marks(some)})", list(some))
        found.update({alert_id: (state, severity) for alert_id, state, severity in rows})
    return found


def drop_of_strangers(known: Sequence[str], why: str) -> dict[str, int]:
    """Ends what waits for receivers that are configured no more; how many of each."""
    dropped: dict[str, int] = {}
    for name in set(notifications.receivers_waiting()) - set(known):
        ids = [row.id for row in notifications.waiting(name, MOST_ROWS)]
        notifications.drop(ids, why)
        dropped[name] = len(ids)
    return dropped
