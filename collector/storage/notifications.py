"""The outbox: every notification from the transaction that made it to the receiver's yes. Order is that of the id.

A row is claimed by compare-and-set for a while, so that of two senders one sends it, and a dead one's is free again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from collector.storage.selecting import marks
from collector.storage.tables import instant, sql, text

PENDING, SENT, SET_ASIDE, DROPPED = "pending", "sent", "set_aside", "dropped"
MOST_ERROR_CHARS = 500
KEPT_DAYS = 90
_COLUMNS = (
    "id, alert_id, receiver, kind, transition, state, late, created_at, due_at, claimed_by, claimed_until, attempts,"
    " sent_at, message_id, error, payload"
)


@dataclass(frozen=True, slots=True)
class Notification:
    """One send of an alert to a receiver. ``payload`` is ``domain.payload`` as JSON."""

    id: int
    alert_id: int | None
    receiver: str
    kind: str
    transition: int
    state: str
    late: bool
    created_at: datetime
    due_at: datetime
    claimed_by: str | None
    claimed_until: datetime | None
    attempts: int
    sent_at: datetime | None
    message_id: str | None
    error: str | None
    payload: str


def dedupe_key(receiver: str, alert_id: int | None, transition: int, kind: str) -> str:
    """What makes two notifications the same, whoever makes them."""
    return hashlib.sha256(f"{receiver}|{alert_id}|{transition}|{kind}".encode()).hexdigest()


def put(
    receiver: str,
    kind: str,
    transition: int,
    payload: str,
    now: datetime,
    *,
    alert_id: int | None = None,
    late: bool = False,
    due_at: datetime | None = None,
) -> int | None:
    """A new pending notification; its id, None when the same was made before."""
    row = sql(
        "INSERT INTO notifications (alert_id, receiver, kind, transition, dedupe, state, late, created_at, due_at,"
        f" payload) VALUES (?, ?, ?, ?, ?, '{PENDING}', ?, ?, ?, ?) ON CONFLICT (dedupe) DO NOTHING RETURNING id",
        (alert_id, receiver, kind, transition, dedupe_key(receiver, alert_id, transition, kind), int(late), text(now),
         text(due_at or now), payload),
    ).fetchone()  # fmt: skip
    return int(row[0]) if row else None


def waiting(receiver: str, limit: int = 1000) -> list[Notification]:
    """The receiver's pending notifications, claimed or not, due or not, in the order they were made."""
    rows = sql(
        f"SELECT {_COLUMNS} FROM notifications WHERE receiver = ? AND state = '{PENDING}' ORDER BY id LIMIT ?",
        (receiver, limit),
    )
    return [_notification(row) for row in rows]


def receivers_waiting() -> list[str]:
    """The names of receivers, configured or not, for which something is pending."""
    return [row[0] for row in sql(f"SELECT DISTINCT receiver FROM notifications WHERE state = '{PENDING}'")]


def claim(ids: Sequence[int], owner: str, now: datetime, lasting: timedelta) -> list[int]:
    """Claims those of the rows that are pending and nobody else's; the ids got, ascending. A claim that ends later than
    one made now was made before the clock was set back, and holds nothing."""
    rows = sql(
        f"UPDATE notifications SET claimed_by = ?, claimed_until = ? WHERE id IN ({marks(ids)})"
        f" AND state = '{PENDING}' AND (claimed_by IS NULL OR claimed_by = ? OR claimed_until <= ?"
        " OR claimed_until > ?) RETURNING id",
        (owner, text(now + lasting), *ids, owner, text(now), text(now + lasting)),
    )
    return sorted(row[0] for row in rows.fetchall())


def mark_sent(ids: Sequence[int], owner: str, now: datetime, message_id: str | None = None) -> list[int]:
    """The receiver said yes to those that the owner had claimed; the ids marked, ascending."""
    rows = sql(
        f"UPDATE notifications SET state = '{SENT}', sent_at = ?, message_id = ?, error = NULL, claimed_by = NULL,"
        f" claimed_until = NULL, attempts = attempts + 1 WHERE id IN ({marks(ids)}) AND state = '{PENDING}'"
        " AND claimed_by = ? RETURNING id",
        (text(now), message_id, *ids, owner),
    )
    return sorted(row[0] for row in rows.fetchall())


def give_back(ids: Sequence[int], owner: str, error: str, due_at: datetime) -> None:
    """It did not go: the rows are free again and due then."""
    sql(
        f"UPDATE notifications SET claimed_by = NULL, claimed_until = NULL, attempts = attempts + 1, error = ?,"
        f" due_at = ? WHERE id IN ({marks(ids)}) AND state = '{PENDING}' AND claimed_by = ?",
        (error[:MOST_ERROR_CHARS], text(due_at), *ids, owner),
    )


def release(ids: Sequence[int], owner: str) -> None:
    """Frees rows that were claimed and not tried."""
    sql(
        f"UPDATE notifications SET claimed_by = NULL, claimed_until = NULL WHERE id IN ({marks(ids)})"
        " AND claimed_by = ?",
        (*ids, owner),
    )


def set_aside(ids: Sequence[int], error: str) -> None:
    """The receiver refused the message for good: kept, shown and counted, not tried again."""
    _end(ids, SET_ASIDE, error)


def drop(ids: Sequence[int], why: str) -> None:
    """Nobody needs to hear of it any more."""
    _end(ids, DROPPED, why)


def _end(ids: Sequence[int], state: str, error: str) -> None:
    sql(
        f"UPDATE notifications SET state = ?, error = ?, claimed_by = NULL, claimed_until = NULL"
        f" WHERE id IN ({marks(ids)}) AND state = '{PENDING}'",
        (state, error[:MOST_ERROR_CHARS], *ids),
    )


def withdraw(kind: str, transition: int, why: str) -> int:
    """Nobody needs to hear of it any more, but for those to whom it is just being sent; how many it were."""
    rows = sql(
        f"UPDATE notifications SET state = '{DROPPED}', error = ? WHERE kind = ? AND transition = ?"
        f" AND state = '{PENDING}' AND alert_id IS NULL AND claimed_by IS NULL RETURNING id",
        (why, kind, transition),
    )
    return len(rows.fetchall())


def told(alert_id: int, kinds: Sequence[str]) -> list[str]:
    """The receivers to which one of the kinds went, or is on its way, for the alert."""
    rows = sql(
        f"SELECT DISTINCT receiver FROM notifications WHERE alert_id = ? AND kind IN ({marks(kinds)})"
        f" AND state IN ('{PENDING}', '{SENT}') ORDER BY receiver",
        (alert_id, *kinds),
    )
    return [row[0] for row in rows]


def sent_kinds(receiver: str, alert_ids: Sequence[int]) -> dict[int, set[str]]:
    """For each of the alerts, which kinds the receiver has got of it."""
    found: dict[int, set[str]] = {}
    for start in range(0, len(alert_ids), 500):
        some = list(alert_ids[start : start + 500])
        rows = sql(
            f"SELECT alert_id, kind FROM notifications WHERE alert_id IN ({marks(some)}) AND receiver = ?"
            f" AND state = '{SENT}'",
            (*some, receiver),
        )
        for alert_id, kind in rows:
            found.setdefault(alert_id, set()).add(kind)
    return found


def counts(receiver: str) -> dict[str, int]:
    """How many notifications of the receiver are in each state."""
    rows = sql("SELECT state, count(*) FROM notifications WHERE receiver = ? GROUP BY state", (receiver,))
    return {PENDING: 0, SENT: 0, SET_ASIDE: 0, DROPPED: 0} | dict(rows.fetchall())


def of_alert(alert_id: int) -> list[Notification]:
    """All of the alert's, oldest first."""
    rows = sql(f"SELECT {_COLUMNS} FROM notifications WHERE alert_id = ? ORDER BY id", (alert_id,))
    return [_notification(row) for row in rows]


def prune(now: datetime, *, days: float = KEPT_DAYS, batch: int = 1000) -> int:
    """Forgets, at most ``batch``, what was sent or given up long ago and belongs to no open alert; how many it were."""
    return len(
        sql(
            "DELETE FROM notifications WHERE id IN (SELECT n.id FROM notifications n LEFT JOIN alerts a"
            f" ON a.id = n.alert_id WHERE n.state <> '{PENDING}' AND n.created_at < ?"
            " AND coalesce(a.state, 'resolved') = 'resolved' LIMIT ?) RETURNING id",
            (text(now - timedelta(days=days)), batch),
        ).fetchall()
    )


def _notification(row: tuple[Any, ...]) -> Notification:
    values = list(row)
    values[6] = bool(values[6])
    for place in (7, 8, 10, 12):
        values[place] = instant(values[place])
    return Notification(*values)
