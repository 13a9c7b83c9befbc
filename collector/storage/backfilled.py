"""Builds that the backfill command brought, finished: history, which notifies nobody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache

from collector.domain.names import watch_key
from collector.storage import watched
from collector.storage.selecting import marks
from collector.storage.tables import instant, sql

NEWS_FOR = timedelta(hours=24)


def note(build_ids: Sequence[int], source: str | None, now: datetime) -> None:
    """Of the builds given, which a backfill met before any poll, those that are over. One that still goes on will be
    news when it ends.

    What ended within a day, and after its repo or job was added, is none: the next poll would tell of it as news, had
    it not been met here first. So none of it has to be left to polls.
    """

    @cache
    def since(provider: str, instance: str, repo: str, pipeline: str | None) -> datetime | None:
        return watched.would_be_since(watch_key(provider, instance, repo, pipeline), source)

    ended = sql(
        "SELECT b.id, b.completed_at, b.provider, b.instance, b.repo, p.external_id FROM builds b"
        " JOIN pipelines p ON p.id = b.pipeline_id"
        f" WHERE b.id IN ({marks(build_ids)}) AND b.status NOT IN ('queued', 'in_progress')",
        list(build_ids),
    ).fetchall()
    for build_id, completed_at, *place in ended:
        if not _is_news(instant(completed_at), since(*place), now):
            sql("INSERT INTO backfilled (build_id) VALUES (?) ON CONFLICT DO NOTHING", (build_id,))


def _is_news(ended_at: datetime | None, added_at: datetime | None, now: datetime) -> bool:
    return ended_at is not None and added_at is not None and ended_at >= max(added_at, now - NEWS_FOR)


def of(build_ids: Sequence[int]) -> frozenset[int]:
    """Those of the builds given that were brought as history."""
    rows = sql(f"SELECT build_id FROM backfilled WHERE build_id IN ({marks(build_ids)})", list(build_ids)).fetchall()
    return frozenset(row[0] for row in rows)
