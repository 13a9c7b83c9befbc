"""Outages of one pipeline, branch by branch: from a first failure to the next success."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from collector.domain.filters import Filters
from collector.domain.times import to_api
from collector.storage.selecting import lasting, where
from collector.storage.tables import instant, sql, text

MOST_OUTAGES = 20


class _Turn(NamedTuple):
    """A build that ended otherwise than the one before it on its branch."""

    branch: str | None
    status: str
    ended_at: str
    id: int
    commit: str | None
    actor: str | None


def outages(filters: Filters) -> list[dict[str, Any]]:
    """Those open, or ended in the window; the newest failure first, at most 20."""
    since = text(filters.since) or ""
    found = [one for one in _outages(_turns(filters)) if one["recovered_at"] is None or one["ended_at"] >= since]
    found.sort(key=lambda one: one["failed_at"], reverse=True)
    return [{name: value for name, value in one.items() if name != "ended_at"} for one in found[:MOST_OUTAGES]]


def _turns(filters: Filters) -> Iterator[_Turn]:
    found = where(lasting(filters))
    rows = sql(
        "SELECT branch, status, ended_at, id, commit_sha, actor FROM (SELECT b.id, b.branch, b.status, b.sorted_at,"
        " b.commit_sha, b.actor, coalesce(b.completed_at, b.sorted_at) AS ended_at, lag(b.status) OVER"
        " (PARTITION BY b.pipeline_id, b.branch ORDER BY b.sorted_at, b.attempt, b.id) AS was"
        f" FROM builds b WHERE {found.text} AND b.status IN ('success', 'failure'))"
        " WHERE was IS NULL OR was <> status ORDER BY sorted_at, id",
        found.params,
    )
    return (_Turn(*row) for row in rows.fetchall())


def _outages(turns: Iterable[_Turn]) -> Iterator[dict[str, Any]]:
    begun: dict[str | None, _Turn] = {}
    for turn in turns:
        if turn.status == "failure":
            begun[turn.branch] = turn
        elif turn.branch in begun:
            yield _outage(begun.pop(turn.branch), turn)
    for first in begun.values():
        yield _outage(first, None)


def _outage(first: _Turn, mended: _Turn | None) -> dict[str, Any]:
    failed_at, recovered_at = instant(first.ended_at), instant(mended.ended_at) if mended else None
    assert failed_at is not None
    return {
        "branch": first.branch,
        "failed_at": to_api(failed_at),
        "recovered_at": to_api(recovered_at) if recovered_at else None,
        "seconds": max(0.0, (recovered_at - failed_at).total_seconds()) if recovered_at else None,
        "failed_build_id": first.id,
        "recovered_build_id": mended.id if mended else None,
        "commit": first.commit,
        "actor": first.actor,
        "ended_at": mended.ended_at if mended else "",
    }
