"""Builds that the backfill command brought, finished: history, which notifies nobody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from collector.storage.selecting import marks
from collector.storage.tables import sql, text

NEWS_FOR = timedelta(hours=24)


def note(build_ids: Sequence[int], source: str | None, now: datetime) -> None:
    """Of the builds given, those that are over. One that still goes on will be news when it ends.

    What ended within a day, and since the last successful poll of the source, is none: the next poll would tell of it
    as news, had it not been met here first.
    """
    if not build_ids:
        return
    row = sql("SELECT last_success_at FROM sources WHERE name = ?", (source,)).fetchone()
    polled_at = max(row[0], text(now - NEWS_FOR) or "") if row and row[0] else None
    ended = "status NOT IN ('queued', 'in_progress')"
    sql(
        f"INSERT INTO backfilled (build_id) SELECT id FROM builds WHERE id IN ({marks(build_ids)}) AND {ended}"
        " AND (? IS NULL OR completed_at IS NULL OR completed_at < ?) ON CONFLICT DO NOTHING",
        [*build_ids, polled_at, polled_at],
    )


def of(build_ids: Sequence[int]) -> frozenset[int]:
    """Those of the builds given that were brought as history."""
    rows = sql(f"SELECT build_id FROM backfilled WHERE build_id IN ({marks(build_ids)})", list(build_ids)).fetchall()
    return frozenset(row[0] for row in rows)
