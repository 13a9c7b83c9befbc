"""How one pipeline's figures moved within the window: rates, percentiles and waits, a part of the window at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from collector.domain import health
from collector.domain.filters import Filters
from collector.domain.times import to_api
from collector.storage.database import percentile
from collector.storage.failure_marks import failure_marks
from collector.storage.selecting import where
from collector.storage.tables import instant, sql, text

MOST_PARTS = 48
DEFAULT_SPAN = timedelta(days=7)
_ENDED = "b.status IN ('success', 'failure') AND b.duration_seconds IS NOT NULL"
_WAITED = "b.queue_seconds >= 0"  # negative: carried over by a partial re-run
_FIGURES = ", ".join(
    [
        "count(*) FILTER (WHERE b.status = 'success')",
        "count(*) FILTER (WHERE b.status = 'failure')",
        *(percentile("b.duration_seconds", percent, _ENDED) for percent in (50, 90, 95)),
        *(percentile("b.queue_seconds", percent, _WAITED) for percent in (50, 95)),
    ]
)


def trend(filters: Filters, now: datetime) -> dict[str, Any]:
    """The window in at most 48 parts of a round length, those without builds left out; failures as marks."""
    until = filters.until or now
    since = filters.since or _oldest(filters) or until - DEFAULT_SPAN
    width = health.bucket_seconds(max(until - since, timedelta(minutes=1)), MOST_PARTS)
    return {
        "bucket_seconds": width,
        "since": to_api(since),
        "until": to_api(until),
        "points": _points(filters, since, until, timedelta(seconds=width)),
        "failures": _failures(filters),
    }


def _oldest(filters: Filters) -> datetime | None:
    found = where(filters)
    return instant(sql(f"SELECT min(b.sorted_at) FROM builds b WHERE {found.text}", found.params).fetchone()[0])


def _points(filters: Filters, since: datetime, until: datetime, width: timedelta) -> list[dict[str, Any]]:
    """``at`` is a part's middle; lengths are seconds; null where nothing counts."""
    found = where(replace(filters, since=None, until=None))
    starts = [since + width * place for place in range(MOST_PARTS) if since + width * place < until]
    values: list[object] = []
    for place, start in enumerate(starts):
        open_end = filters.until is None and place == len(starts) - 1
        values += [place, text(start), "9999" if open_end else text(min(start + width, until))]
    rows = sql(
        f"WITH parts (place, since, until) AS (VALUES {', '.join(['(?, ?, ?)'] * len(starts))})"
        f" SELECT parts.place, {_FIGURES} FROM parts CROSS JOIN builds b"
        f" WHERE b.sorted_at >= parts.since AND b.sorted_at < parts.until AND {found.text}"
        " GROUP BY parts.place ORDER BY parts.place",
        [*values, *found.params],
    )
    return [_point(starts[row[0]] + width / 2, *row[1:]) for row in rows]


def _point(
    at: datetime, success: int, failure: int, p50: float | None, p90: float | None, p95: float | None,
    queue_p50: float | None, queue_p95: float | None,
) -> dict[str, Any]:  # fmt: skip
    return {
        "at": to_api(at),
        "success": success,
        "failure": failure,
        "success_rate": health.success_rate(success, failure),
        "p50": p50,
        "p90": p90,
        "p95": p95,
        "queue_p50": queue_p50,
        "queue_p95": queue_p95,
    }


def _failures(filters: Filters) -> list[dict[str, Any]]:
    found = where(filters)
    rows = sql(
        "SELECT b.id, b.sorted_at, b.duration_seconds FROM builds b WHERE b.status = 'failure'"
        f" AND {found.text} ORDER BY b.sorted_at, b.id",
        found.params,
    )
    return failure_marks(rows.fetchall())
