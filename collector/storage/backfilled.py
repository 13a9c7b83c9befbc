"""Builds that the backfill command brought, finished: history, which notifies nobody."""

from __future__ import annotations

from collections.abc import Sequence

from collector.storage.selecting import marks
from collector.storage.tables import sql


def note(build_ids: Sequence[int]) -> None:
    """Of the builds given, those that are over. One that still goes on will be news when it ends."""
    if build_ids:
        sql(
            "INSERT INTO backfilled (build_id) SELECT id FROM builds"
            f" WHERE id IN ({marks(build_ids)}) AND status NOT IN ('queued', 'in_progress') ON CONFLICT DO NOTHING",
            list(build_ids),
        )


def of(build_ids: Sequence[int]) -> frozenset[int]:
    """Those of the builds given that were brought as history."""
    rows = sql(f"SELECT build_id FROM backfilled WHERE build_id IN ({marks(build_ids)})", list(build_ids)).fetchall()
    return frozenset(row[0] for row in rows)
