"""The figures of a window: what GET /metrics/summary shows. The rules are those of ``domain.health``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from collector.domain import health
from collector.domain.filters import DEFAULT_BRANCH, Filters
from collector.domain.model import Status
from collector.domain.times import to_api
from collector.storage import sources as source_states
from collector.storage.database import percentile
from collector.storage.recovery import recoveries
from collector.storage.selecting import where, whole
from collector.storage.series import series
from collector.storage.standing import pipelines
from collector.storage.tables import instant, sql, text

__all__ = ["pipelines", "series", "summary"]

SPARK_BUCKETS = 24
DEFAULT_SPAN = timedelta(days=7)
_ENDED = "b.status IN ('success', 'failure') AND b.duration_seconds IS NOT NULL"
_WAITED = "b.queue_seconds >= 0"  # negative: carried over by a partial re-run
_COUNTS = ", ".join(f"count(*) FILTER (WHERE b.status = '{status.value}')" for status in Status)
_TIMES = ", ".join(
    [
        f"avg(b.duration_seconds) FILTER (WHERE {_ENDED})",
        *(percentile("b.duration_seconds", percent, _ENDED) for percent in (50, 90, 95)),
        *(percentile("b.queue_seconds", percent, _WAITED) for percent in (50, 95)),
        f"count(*) FILTER (WHERE {_WAITED})",
    ]
)


@dataclass(frozen=True, slots=True)
class Totals:
    """The counts and lengths of one window, in seconds."""

    counts: dict[str, int]
    average: float | None
    p50: float | None
    p90: float | None
    p95: float | None
    queue_p50: float | None
    queue_p95: float | None
    queue_samples: int

    @property
    def success_rate(self) -> float | None:
        return health.success_rate(self.counts["success"], self.counts["failure"])

    @property
    def failure_rate(self) -> float | None:
        return health.failure_rate(self.counts["success"], self.counts["failure"])

    @property
    def conclusive(self) -> int:
        return sum(self.counts[status] for status in health.CONCLUSIVE)

    @property
    def finished(self) -> int:
        return sum(self.counts[status.value] for status in Status if status.finished)


def summary(
    filters: Filters,
    now: datetime,
    *,
    window_label: str | None = None,
    sources: Sequence[source_states.Known] = (),
) -> dict[str, Any]:
    """All figures of [since, until); without ``until`` up to now, without ``since`` from the oldest build asked for.

    ``sources``: the configured ones, for how many of them the figures are fresh and whose pipelines are not.
    """
    since, until = _bounds(filters, now)
    totals = _totals(filters)
    standing = pipelines(filters, now, source_states.unread(now, sources))
    recovered = recoveries(replace(whole(filters), since=since))
    return {
        "window": window_label,
        "since": to_api(since),
        "until": to_api(until),
        **_figures(totals),
        "recovery": {
            "median_seconds": health.median(recovered.lengths),
            "count": len(recovered.lengths),
            "open": recovered.open,
        },
        "counts": totals.counts,
        "previous": _previous(filters, since, until),
        "sparklines": _sparklines(filters, since, until),
        "last_status_by_pipeline": last_status_by_pipeline(standing),
        "pipelines": standing,
        "as_of": to_api(now),
        "sources": _fresh(sources, now),
        "branch_note": DEFAULT_BRANCH if DEFAULT_BRANCH in filters.branch else None,
    }


def last_status_by_pipeline(standing: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Pipeline name to last status; of namesakes the worst."""
    by_name: dict[str, list[str]] = {}
    for pipeline in standing:
        by_name.setdefault(pipeline["pipeline"], []).append(pipeline["status"])
    return {name: health.worst(statuses) for name, statuses in by_name.items()}


def _bounds(filters: Filters, now: datetime) -> tuple[datetime, datetime]:
    until = filters.until or now
    if filters.since:
        return filters.since, max(until, filters.since + timedelta(seconds=1))
    found = where(filters)
    oldest = instant(sql(f"SELECT min(b.sorted_at) FROM builds b WHERE {found.text}", found.params).fetchone()[0])
    return (oldest if oldest and oldest < until else until - DEFAULT_SPAN), until


def _totals(filters: Filters) -> Totals:
    found = where(filters)
    row = sql(f"SELECT {_COUNTS}, {_TIMES} FROM builds b WHERE {found.text}", found.params).fetchone()
    return _read(row)


def _read(row: Sequence[Any]) -> Totals:
    states = len(Status)
    counts = {status.value: count for status, count in zip(Status, row[:states], strict=True)}
    average, p50, p90, p95, queue_p50, queue_p95 = (_rounded(value) for value in row[states:-1])
    return Totals(counts, average, p50, p90, p95, queue_p50, queue_p95, row[-1])


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _figures(totals: Totals) -> dict[str, Any]:
    return {
        "success_rate": totals.success_rate,
        "failure_rate": totals.failure_rate,
        "avg_build_time": totals.average,
        "p50_build_time": totals.p50,
        "p90_build_time": totals.p90,
        "p95_build_time": totals.p95,
        "queue_time_p50": totals.queue_p50,
        "queue_time_p95": totals.queue_p95,
        "queue_samples": totals.queue_samples,
    }


def _previous(filters: Filters, since: datetime, until: datetime) -> dict[str, Any]:
    """The same figures over the window of the same length before."""
    before = replace(filters, since=since - (until - since), until=since)
    totals = _totals(before)
    recovered = recoveries(whole(before)).lengths
    return {
        "success_rate": totals.success_rate,
        "failure_rate": totals.failure_rate,
        "avg_build_time": totals.average,
        "p95_build_time": totals.p95,
        "queue_time_p50": totals.queue_p50,
        "recovery_median_seconds": health.median(recovered),
        "finished": totals.finished,
        "conclusive": totals.conclusive,
    }


def _sparklines(filters: Filters, since: datetime, until: datetime) -> dict[str, Any]:
    """The window in 24 equal parts, each with its start; null where nothing counts."""
    found = where(replace(filters, since=None, until=None))
    parts = list(health.edges(since, until, SPARK_BUCKETS))
    values: list[object] = []
    for place, (start, end) in enumerate(parts):
        open_end = filters.until is None and place == len(parts) - 1
        values += [place, text(start), "9999" if open_end else text(end)]
    rows = sql(
        f"WITH parts (place, since, until) AS (VALUES {', '.join(['(?, ?, ?)'] * len(parts))})"
        f" SELECT parts.place, {_COUNTS}, {_TIMES} FROM parts CROSS JOIN builds b"
        f" WHERE b.sorted_at >= parts.since AND b.sorted_at < parts.until AND {found.text} GROUP BY parts.place",
        [*values, *found.params],
    )
    totals = {row[0]: _read(row[1:]) for row in rows}
    told = [totals.get(place) for place in range(len(parts))]
    return {
        "at": [to_api(start) for start, _ in parts],
        "success_rate": [part.success_rate if part else None for part in told],
        "failure_rate": [part.failure_rate if part else None for part in told],
        "avg_build_time": [part.average if part else None for part in told],
        "queue_time_p50": [part.queue_p50 if part else None for part in told],
    }


def _fresh(sources: Sequence[source_states.Known], now: datetime) -> dict[str, int]:
    listed = source_states.listing(now, list(sources))
    return {"total": len(listed), "fresh": sum(source["state"] == "ok" for source in listed)}
