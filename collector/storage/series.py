"""Figures over time: GET /series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from collector.domain import health
from collector.domain.filters import Filters
from collector.domain.times import to_api
from collector.storage.failure_marks import failure_marks
from collector.storage.selecting import where
from collector.storage.tables import instant, sql

MOST_POINTS = 96
DEFAULT_SPAN = timedelta(days=7)


def series(filters: Filters, now: datetime, *, metric: str = "duration", pipelines: int = 3) -> dict[str, Any]:
    """How long builds took, for the ``pipelines`` with the most conclusive builds in the window.

    Points are the medians of the successes of each bucket, at its middle (at its own start where a bucket has one
    build), with how many builds they stand for; failures are not in them but marks of their own (see
    ``failure_marks``: none is left out).
    Raises ValueError for another metric.
    """
    if metric != "duration":
        raise ValueError(f"metric must be 'duration', not {metric!r}")
    until = filters.until or now
    since = filters.since or _oldest(filters) or until - DEFAULT_SPAN
    width = health.bucket_seconds(max(until - since, timedelta(minutes=1)), MOST_POINTS)
    found = where(filters)
    totals = sql(
        f"SELECT count(*), count(DISTINCT b.pipeline_id) FROM builds b WHERE {found.text}", found.params
    ).fetchone()
    return {
        "metric": "duration_seconds",
        "bucket_seconds": width,
        "since": to_api(since),
        "until": to_api(until),
        "total_builds": totals[0],
        "total_pipelines": totals[1],
        "series": [_line(filters, *row, since, width) for row in _busiest(filters, pipelines)],
    }


def _oldest(filters: Filters) -> datetime | None:
    found = where(filters)
    return instant(sql(f"SELECT min(b.sorted_at) FROM builds b WHERE {found.text}", found.params).fetchone()[0])


def _busiest(filters: Filters, count: int) -> list[tuple[int, int]]:
    found = where(filters)
    rows = sql(
        f"SELECT b.pipeline_id, count(*) FROM builds b WHERE b.status IN ('success', 'failure') AND {found.text}"
        " GROUP BY b.pipeline_id ORDER BY count(*) DESC, b.pipeline_id LIMIT ?",
        [*found.params, count],
    )
    return rows.fetchall()  # type: ignore[no-any-return]


def _line(filters: Filters, pipeline_id: int, builds: int, since: datetime, width: int) -> dict[str, Any]:
    found = where(replace(filters, pipeline=()))
    rows = sql(
        "SELECT b.id, b.status, b.sorted_at, b.duration_seconds, b.repo, b.pipeline FROM builds b"
        f" WHERE b.pipeline_id = ? AND b.status IN ('success', 'failure') AND {found.text} ORDER BY b.sorted_at, b.id",
        [pipeline_id, *found.params],
    ).fetchall()
    failures = [(row[0], row[2], row[3]) for row in rows if row[1] == "failure"]
    return {
        "pipeline_id": pipeline_id,
        "repo": rows[-1][4],
        "pipeline": rows[-1][5],
        "builds": builds,
        "points": _points([row for row in rows if row[1] == "success" and row[3] is not None], since, width),
        "failures": failure_marks(failures),
    }


def _points(rows: Sequence[tuple[Any, ...]], since: datetime, width: int) -> list[dict[str, Any]]:
    """Bucket medians: outliers neither vanish into averages nor pull them."""
    buckets: dict[int, list[tuple[datetime, float]]] = {}
    for row in rows:
        at = instant(row[2])
        if at is not None:
            buckets.setdefault(int((at - since).total_seconds() // width), []).append((at, row[3]))
    return [_point(place, found, since, width) for place, found in sorted(buckets.items())]


def _point(place: int, found: Sequence[tuple[datetime, float]], since: datetime, width: int) -> dict[str, Any]:
    middle = since + timedelta(seconds=width * (place + 0.5))
    at = found[0][0] if len(found) == 1 else middle
    return {"at": to_api(at), "value": health.median(value for _, value in found), "n": len(found)}
