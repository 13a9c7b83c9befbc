"""What is forgotten, in small batches, so that no writer waits long. Builds are kept for good.

Each call does one batch inside ``database.writing()`` and says how much is left to do; call it until that is 0.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from collector.domain.merge import BuildState, fold_jobs
from collector.domain.state_json import to_json
from collector.storage import changes, etags, groups, notifications, receivers
from collector.storage.selecting import marks
from collector.storage.tables import sql, text

LOG_DAYS = 30
JOB_DAYS = 180
BATCH = 200


class Pruned(NamedTuple):
    """``done``: builds this batch took something from; ``remaining``: builds that are due yet."""

    done: int
    remaining: int


def prune_logs(now: datetime, *, days: float = LOG_DAYS, batch: int = BATCH) -> Pruned:
    """Forgets the log texts of builds older than ``days``; their first error line and failing step stay."""
    before = text(now - timedelta(days=days))
    due = "FROM builds b WHERE b.sorted_at < ? AND b.logs_excerpt IS NOT NULL"
    ids = [row[0] for row in sql(f"SELECT b.id {due} ORDER BY b.sorted_at LIMIT ?", (before, batch))]
    if ids:
        sql(f"DELETE FROM logs WHERE build_id IN ({marks(ids)})", ids)
        sql(f"UPDATE builds SET logs_excerpt = NULL WHERE id IN ({marks(ids)})", ids)
    return Pruned(len(ids), _count(due, before))


def prune_jobs(now: datetime, *, days: float = JOB_DAYS, batch: int = BATCH) -> Pruned:
    """Forgets the jobs of builds older than ``days``, keeping what they told about their build: its end, its queue
    time, the failing step. Jobs that are all that is known of a build stay."""
    before = text(now - timedelta(days=days))
    due = "FROM builds b WHERE b.sorted_at < ? AND b.has_jobs AND b.run_known"
    ids = [row[0] for row in sql(f"SELECT b.id {due} ORDER BY b.sorted_at LIMIT ?", (before, batch))]
    for stored in groups.load_ids(ids):
        words = to_json(_folded(stored.state))
        sql("UPDATE builds SET words = ?, has_jobs = 0 WHERE id = ?", (words, stored.id))
    if ids:
        sql(f"DELETE FROM jobs WHERE build_id IN ({marks(ids)})", ids)
    return Pruned(len(ids), _count(due, before))


def prune_changes(now: datetime, *, batch: int = 5_000) -> Pruned:
    """Forgets changes older than 24 h that every durable cursor has passed."""
    done = changes.prune(now, batch=batch)
    return Pruned(done, batch if done == batch else 0)


def prune_etags(now: datetime, *, batch: int = 1_000) -> Pruned:
    """Forgets ETags that nobody used for 30 days."""
    done = etags.prune(now, batch=batch)
    return Pruned(done, batch if done == batch else 0)


def prune_notifications(now: datetime, *, batch: int = 1_000) -> Pruned:
    """Forgets notifications of 90 days ago that wait for nothing and belong to no open alert."""
    done = notifications.prune(now, batch=batch)
    return Pruned(done, batch if done == batch else 0)


def prune_conversations(now: datetime, *, batch: int = 1_000) -> Pruned:
    """Forgets where receivers were told of alerts that have been over for 90 days."""
    done = receivers.prune_conversations(now, days=notifications.KEPT_DAYS, batch=batch)
    return Pruned(done, batch if done == batch else 0)


def _folded(state: BuildState) -> BuildState:
    folded = fold_jobs(state)
    return replace(folded, startless=fold_jobs(folded.startless)) if folded.startless else folded


def _count(due: str, before: str | None) -> int:
    return int(sql(f"SELECT count(*) {due}", (before,)).fetchone()[0])
