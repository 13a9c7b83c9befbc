"""How each receiver stands, and where its conversations about alerts are: what only sending to it can tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from collector.domain.times import to_api
from collector.storage.tables import instant, sql, text

_COLUMNS = "receiver, fingerprint, broken, error, broken_at, blocked_until, failures, last_sent_at, first_failed_at"


@dataclass(frozen=True, slots=True)
class ReceiverState:
    """``blocked_until``: nothing is sent before it (Retry-After, back-off); ``failures``: in a row;
    ``first_failed_at``: when the first of them was."""

    receiver: str
    fingerprint: str = ""
    broken: bool = False
    error: str | None = None
    broken_at: datetime | None = None
    blocked_until: datetime | None = None
    failures: int = 0
    last_sent_at: datetime | None = None
    first_failed_at: datetime | None = None


def get(receiver: str) -> ReceiverState | None:
    row = sql(f"SELECT {_COLUMNS} FROM receiver_states WHERE receiver = ?", (receiver,)).fetchone()
    return _state(row) if row else None


def save(state: ReceiverState) -> None:
    """Keeps the state in place of the one before."""
    sql(
        f"INSERT OR REPLACE INTO receiver_states ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (state.receiver, state.fingerprint, int(state.broken), state.error, text(state.broken_at),
         text(state.blocked_until), state.failures, text(state.last_sent_at), text(state.first_failed_at)),
    )  # fmt: skip


def drop_others(names: Iterable[str]) -> None:
    """Forgets the states of receivers that are not configured any more."""
    kept = set(names)
    for (name,) in sql("SELECT receiver FROM receiver_states").fetchall():
        if name not in kept:
            sql("DELETE FROM receiver_states WHERE receiver = ?", (name,))


def conversation(receiver: str, alert_id: int) -> str | None:
    """The key (thread, Message-ID) under which the receiver was first told of the alert."""
    row = sql("SELECT key FROM conversations WHERE receiver = ? AND alert_id = ?", (receiver, alert_id)).fetchone()
    return str(row[0]) if row else None


def begin_conversation(receiver: str, alert_id: int, key: str) -> None:
    """Keeps the first key; a later one changes nothing."""
    sql(
        "INSERT INTO conversations (receiver, alert_id, key) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (receiver, alert_id, key),
    )


def prune_conversations(now: datetime, *, days: float, batch: int) -> int:
    """Forgets, at most ``batch``, those about alerts that are over for so long, do not flap, and have nothing waiting;
    how many it were."""
    return len(
        sql(
            "DELETE FROM conversations WHERE (receiver, alert_id) IN ("
            "SELECT c.receiver, c.alert_id FROM conversations c LEFT JOIN alerts a ON a.id = c.alert_id"
            " WHERE (a.id IS NULL OR (a.state = 'resolved' AND NOT a.flapping AND a.changed_at < ?))"
            " AND NOT EXISTS (SELECT 1 FROM notifications n WHERE n.alert_id = c.alert_id"
            " AND n.receiver = c.receiver AND n.state = 'pending') LIMIT ?) RETURNING alert_id",
            (text(now - timedelta(days=days)), batch),
        ).fetchall()
    )


def shown(kinds: Mapping[str, str]) -> list[dict[str, Any]]:
    """GET /receivers: the configured receivers (name to kind), how they stand and what waits for each."""
    waiting: dict[str, tuple[int, str | None]] = {
        row[0]: (row[1], row[2])
        for row in sql(
            "SELECT receiver, count(*), min(created_at) FROM notifications WHERE state = 'pending' GROUP BY receiver"
        )
    }
    aside = dict(
        sql("SELECT receiver, count(*) FROM notifications WHERE state = 'set_aside' GROUP BY receiver").fetchall()
    )
    return [
        _shown(kind, get(name) or ReceiverState(name), waiting.get(name, (0, None)), aside.get(name, 0))
        for name, kind in kinds.items()
    ]


def _shown(kind: str, state: ReceiverState, waiting: tuple[int, str | None], aside: int) -> dict[str, Any]:
    return {
        "name": state.receiver,
        "kind": kind,
        "broken": state.broken,
        "error": state.error,
        "broken_at": _api(state.broken_at),
        "blocked_until": _api(state.blocked_until),
        "failures": state.failures,
        "first_failed_at": _api(state.first_failed_at),
        "waiting": waiting[0],
        "oldest_waiting_at": _api(instant(waiting[1])),
        "set_aside": aside,
        "last_sent_at": _api(state.last_sent_at),
    }


def _state(row: tuple[Any, ...]) -> ReceiverState:
    receiver, fingerprint, broken, error, broken_at, blocked, failures, last_sent, first_failed = row
    return ReceiverState(
        receiver, fingerprint, bool(broken), error, instant(broken_at), instant(blocked), failures, instant(last_sent),
        instant(first_failed),
    )  # fmt: skip


def _api(at: datetime | None) -> str | None:
    return None if at is None else to_api(at)
