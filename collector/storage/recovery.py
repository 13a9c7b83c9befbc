"""Outages and recoveries of lines (a pipeline on a branch); the rule is ``domain.health.recoveries``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from collector.domain import health
from collector.domain.filters import Filters
from collector.domain.health import Recoveries, Turn
from collector.storage.selecting import where
from collector.storage.tables import instant, sql, text

Line = tuple[int, str | None]
_CHUNK = 400
_ENDED_AT = "coalesce(b.completed_at, b.sorted_at)"


def recoveries(filters: Filters) -> Recoveries:
    """Recoveries that happened in the window, each counted from its outage's first failure, also when that lay
    before the window; and the outages still open at its end."""
    turns = _turns(filters)
    since = text(filters.since)
    begun = []
    if since:
        first = {turn.line: turn for turn in reversed(turns)}
        mended = [line for line, turn in first.items() if turn.status == "success"]
        failed = [line for line, turn in first.items() if turn.status == "failure"]
        begun = [Turn(line, "failure", at) for line, at in _broken_before([*mended, *failed], since)]
    return health.recoveries([*begun, *turns])


def _turns(filters: Filters) -> list[Turn]:
    """The window's conclusive builds that ended otherwise than the one before them on their line, oldest first."""
    found = where(filters)
    rows = sql(
        "SELECT pipeline_id, branch, status, ended_at FROM (SELECT b.pipeline_id, b.branch, b.status, b.sorted_at,"
        f" {_ENDED_AT} AS ended_at, lag(b.status) OVER (PARTITION BY b.pipeline_id, b.branch"
        f" ORDER BY b.sorted_at, b.attempt, b.id) AS was FROM builds b WHERE {found.text}"
        " AND b.status IN ('success', 'failure')) WHERE was IS NULL OR was <> status ORDER BY sorted_at",
        found.params,
    )
    return [Turn((row[0], row[1]), row[2], at) for row in rows if (at := instant(row[3])) is not None]


def _broken_before(lines: Sequence[Line], since: str) -> Iterable[tuple[Line, datetime]]:
    """Those of the lines whose last conclusive build before the window failed, and when that outage began."""
    for start in range(0, len(lines), _CHUNK):
        some = lines[start : start + _CHUNK]
        values = ", ".join(["(?, ?)"] * len(some))
        rows = sql(
            f"WITH lines (pipeline_id, branch) AS (VALUES {values})"
            " SELECT pipeline_id, branch FROM lines WHERE (SELECT b.status FROM builds b WHERE"
            " b.pipeline_id = lines.pipeline_id AND b.branch IS lines.branch AND b.sorted_at < ?"
            " AND b.status IN ('success', 'failure') ORDER BY b.sorted_at DESC, b.id DESC LIMIT 1) = 'failure'",
            [*(value for line in some for value in line), since],
        ).fetchall()
        for pipeline_id, branch in rows:
            at = _outage_began(pipeline_id, branch, since)
            if at is not None:
                yield (pipeline_id, branch), at


def _outage_began(pipeline_id: int, branch: str | None, since: str) -> datetime | None:
    """End of the first failure after the last success before the window."""
    line = "b.pipeline_id = ? AND b.branch IS ? AND b.sorted_at < ?"
    row = sql(
        f"SELECT {_ENDED_AT} FROM builds b WHERE {line} AND b.status = 'failure' AND b.sorted_at >"
        f" coalesce((SELECT max(b.sorted_at) FROM builds b WHERE {line} AND b.status = 'success'), '')"
        " ORDER BY b.sorted_at LIMIT 1",
        (pipeline_id, branch, since) * 2,
    ).fetchone()
    return instant(row[0]) if row else None
