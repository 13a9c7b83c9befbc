"""ETags by source, so that an unchanged answer costs nothing. Keys hold no secrets (providers hash them)."""

from __future__ import annotations

from datetime import datetime, timedelta

from collector.storage.tables import Etag, sql, text

KEPT = timedelta(days=30)


def get(source: str, key: str) -> str | None:
    row = sql("SELECT etag FROM etags WHERE source = ? AND key = ?", (source, key)).fetchone()
    return str(row[0]) if row else None


def put(source: str, key: str, etag: str, now: datetime) -> None:
    Etag.insert(source=source, key=key, etag=etag, used_at=now).on_conflict_replace().execute()


def prune(now: datetime, *, kept: timedelta = KEPT, batch: int = 1_000) -> int:
    """Forgets at most ``batch`` ETags that no answer renewed for ``kept``; a forgotten one costs one full answer."""
    pruned = sql(
        "DELETE FROM etags WHERE (source, key) IN (SELECT source, key FROM etags WHERE used_at < ? LIMIT ?)"
        " RETURNING key",
        (text(now - kept), batch),
    ).fetchall()
    return len(pruned)
