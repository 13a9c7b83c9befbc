"""Leases: which process may act. Taken and renewed by compare-and-set, so two owners never hold one at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from collector.storage.tables import instant, sql, text

COLLECTOR = "collector"


@dataclass(frozen=True, slots=True)
class Lease:
    """``beat_at``: when the owner last took or renewed it; that is its heartbeat."""

    name: str
    owner: str
    until: datetime
    beat_at: datetime

    def held(self, now: datetime) -> bool:
        return self.until > now


def take(name: str, owner: str, now: datetime, ttl: timedelta) -> bool:
    """Takes a lease that is free, run out, or the owner's already. False: somebody else holds it."""
    return bool(
        sql(
            "INSERT INTO leases (name, owner, until, beat_at) VALUES (?, ?, ?, ?) ON CONFLICT (name)"
            " DO UPDATE SET owner = excluded.owner, until = excluded.until, beat_at = excluded.beat_at"
            " WHERE leases.owner = excluded.owner OR leases.until <= excluded.beat_at RETURNING name",
            (name, owner, text(now + ttl), text(now)),
        ).fetchone()
    )


def renew(name: str, owner: str, now: datetime, ttl: timedelta) -> bool:
    """Renews a lease that the owner still has, even one that ran out untaken. False: it was lost."""
    return bool(
        sql(
            "UPDATE leases SET until = ?, beat_at = ? WHERE name = ? AND owner = ? RETURNING name",
            (text(now + ttl), text(now), name, owner),
        ).fetchone()
    )


def release(name: str, owner: str, now: datetime) -> None:
    """Gives the lease up, so that the next owner need not wait; the row stays as the last heartbeat."""
    sql("UPDATE leases SET until = ? WHERE name = ? AND owner = ?", (text(now), name, owner))


def holder(name: str) -> Lease | None:
    """Who last held the lease, held or not; None when nobody ever did."""
    row = sql("SELECT name, owner, until, beat_at FROM leases WHERE name = ?", (name,)).fetchone()
    if row is None:
        return None
    until, beat_at = instant(row[2]), instant(row[3])
    if until is None or beat_at is None:
        raise ValueError(f"the lease {name} has no times")
    return Lease(row[0], row[1], until, beat_at)
