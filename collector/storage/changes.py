"""The change feed: dense, in commit order, never reused. Read it with ``after``, starting from ``head``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from collector.storage.tables import sql, text

KEPT = timedelta(hours=24)
BUILD = "build"
GONE = "gone"
"""The build was found to be the same as another one, whose change stands beside it."""


@dataclass(frozen=True, slots=True)
class Change:
    seq: int
    kind: str
    build_id: int


def head() -> int:
    """The seq of the newest change; 0 when there never was one."""
    return int(sql("SELECT seq FROM feed").fetchone()[0])


def floor() -> int:
    """The oldest seq kept; head + 1 when none is. A reader at ``seq`` lost nothing while seq + 1 >= floor."""
    oldest = sql("SELECT min(seq) FROM changes").fetchone()[0]
    return head() + 1 if oldest is None else int(oldest)


def after(seq: int, limit: int) -> list[Change]:
    """At most ``limit`` changes above ``seq``, oldest first."""
    rows = sql("SELECT seq, kind, build_id FROM changes WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit))
    return [Change(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A change and when it was written."""

    seq: int
    build_id: int
    at: datetime


def arrivals(seq: int, limit: int) -> list[Arrival]:
    """As ``after``, of whatever kind."""
    rows = sql("SELECT seq, build_id, at FROM changes WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit))
    return [Arrival(row[0], row[1], datetime.fromisoformat(row[2])) for row in rows]


def append(build_ids: Sequence[int], now: datetime, kind: str = BUILD) -> int:
    """One change for each build, inside the transaction that changed it. Returns the head after it."""
    if not build_ids:
        return head()
    last = int(sql("UPDATE feed SET seq = seq + ? RETURNING seq", (len(build_ids),)).fetchone()[0])
    at = text(now)
    for seq, build_id in enumerate(build_ids, start=last - len(build_ids) + 1):
        sql("INSERT INTO changes (seq, kind, build_id, at) VALUES (?, ?, ?, ?)", (seq, kind, build_id, at))
    return last


def prune(now: datetime, *, kept: timedelta = KEPT, batch: int = 5_000) -> int:
    """Forgets changes older than ``kept`` that every durable cursor has passed, at most ``batch``; how many it were."""
    passed = sql("SELECT min(seq) FROM cursors").fetchone()[0]
    last = head() if passed is None else int(passed)
    pruned = sql(
        "DELETE FROM changes WHERE seq IN (SELECT seq FROM changes WHERE seq <= ? AND at < ? ORDER BY seq LIMIT ?)"
        " RETURNING seq",
        (last, text(now - kept), batch),
    ).fetchall()
    return len(pruned)
