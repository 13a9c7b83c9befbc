"""Lines (a pipeline on a branch) as rules look at them: their history, their names, how far they were judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from collector.domain.alert_states import Line
from collector.domain.model import Status
from collector.domain.names import is_switched_off
from collector.domain.payload import BuildFacts
from collector.domain.rules.base import Order, Point
from collector.storage.selecting import marks
from collector.storage.tables import instant, sql, text

FIRST_CHUNK = 60
MOST_POINTS = 20_000
_POINT = "id, status, sorted_at, attempt, completed_at, duration_seconds, commit_sha, event"
_NEWEST = "ORDER BY sorted_at DESC, attempt DESC, id DESC"
_CONCLUSIVE = "status IN ('success', 'failure')"


class LineKey(NamedTuple):
    pipeline_id: int
    branch: str
    """'' for builds without one."""


@dataclass(frozen=True, slots=True)
class LineFacts:
    """``watch_keys``: the names under which it may be known when its repo or job was added."""

    line: Line
    is_default: bool
    state: str | None
    """The provider's own word for the pipeline: ``active``, ``disabled_manually`` …"""
    file: str | None
    external_id: str | None

    @property
    def disabled(self) -> bool:
        return is_switched_off(self.state)


def of_builds(build_ids: Sequence[int]) -> dict[int, tuple[LineKey, bool]]:
    """For those of at most 500 builds that exist: the line, and whether it is a success or failure."""
    rows = sql(
        f"SELECT id, pipeline_id, coalesce(branch, ''), {_CONCLUSIVE} FROM builds WHERE id IN ({marks(build_ids)})",
        list(build_ids),
    )
    return {row[0]: (LineKey(row[1], row[2]), bool(row[3])) for row in rows}


def history(key: LineKey, enough: Callable[[Sequence[Point]], bool], until: Order | None = None) -> list[Point]:
    """The line's successes and failures, oldest first, as far back as ``enough`` wants, up to ``until`` (with it)."""
    found: list[Point] = []
    size = FIRST_CHUNK
    while True:
        chunk = _before(key, found[-1].order if found else None, until if not found else None, size)
        found += chunk
        oldest_first = found[::-1]
        if len(chunk) < size or len(found) >= MOST_POINTS or enough(oldest_first):
            return oldest_first
        size *= 4


def _before(key: LineKey, before: Order | None, until: Order | None, limit: int) -> list[Point]:
    """Newest first."""
    condition, params = "pipeline_id = ? AND branch IS ?", [key.pipeline_id, key.branch or None]
    for sign, order in (("<", before), ("<=", until)):
        if order is not None:
            condition += f" AND sorted_at <= ? AND (sorted_at, attempt, id) {sign} (?, ?, ?)"
            params += [text(order.at), text(order.at), order.attempt, order.id]
    rows = sql(f"SELECT {_POINT} FROM builds WHERE {condition} AND {_CONCLUSIVE} {_NEWEST} LIMIT ?", [*params, limit])
    return [_point(row) for row in rows]


def _point(row: tuple[Any, ...]) -> Point:
    build_id, status, at, attempt, ended_at, seconds, commit, event = row
    return Point(
        build_id, Status(status), datetime.fromisoformat(at), attempt, instant(ended_at), seconds, commit, event
    )


def facts(key: LineKey, build_id: int) -> LineFacts | None:
    """What the line of a build is called; None: there is no such build."""
    row = sql(
        "SELECT b.provider, b.instance, b.repo, p.name, b.branch IS r.default_branch OR NOT p.has_branches, p.state,"
        " p.path, p.external_id FROM builds b JOIN pipelines p ON p.id = b.pipeline_id JOIN repos r ON r.id = b.repo_id"
        " WHERE b.id = ?",
        (build_id,),
    ).fetchone()
    if row is None:
        return None
    provider, instance, repo, pipeline, is_default, state, path, external_id = row
    line = Line(key.pipeline_id, key.branch, provider, instance, repo, pipeline)
    return LineFacts(line, bool(is_default), state, path, external_id)


def judged(key: LineKey) -> Order | None:
    """The newest build that the line was judged by; None: it never was."""
    row = sql(
        "SELECT sorted_at, attempt, build_id FROM judged_lines WHERE pipeline_id = ? AND branch = ?", tuple(key)
    ).fetchone()
    return Order(datetime.fromisoformat(row[0]), row[1], row[2]) if row else None


def judged_elsewhere(key: LineKey) -> Order | None:
    """The newest of the line's builds by which another line was judged, whose it was then; None: there is none."""
    row = sql(
        "SELECT j.sorted_at, j.attempt, j.build_id FROM builds b CROSS JOIN judged_lines j ON j.build_id = b.id"
        " WHERE b.pipeline_id = ? AND b.branch IS ? ORDER BY j.sorted_at DESC, j.attempt DESC, j.build_id DESC LIMIT 1",
        (key.pipeline_id, key.branch or None),
    ).fetchone()
    return Order(datetime.fromisoformat(row[0]), row[1], row[2]) if row else None


def keep_judged(key: LineKey, newest: Order | None) -> None:
    """None: the line is no more."""
    if newest is None:
        sql("DELETE FROM judged_lines WHERE pipeline_id = ? AND branch = ?", tuple(key))
        return
    sql(
        "INSERT INTO judged_lines (pipeline_id, branch, build_id, sorted_at, attempt) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (pipeline_id, branch) DO UPDATE SET build_id = excluded.build_id,"
        " sorted_at = excluded.sorted_at, attempt = excluded.attempt",
        (*key, newest.id, text(newest.at), newest.attempt),
    )


def judged_by(build_ids: Sequence[int]) -> list[LineKey]:
    """The lines that were last judged by one of at most 500 builds, wherever these belong now."""
    rows = sql(f"SELECT pipeline_id, branch FROM judged_lines WHERE build_id IN ({marks(build_ids)})", list(build_ids))
    return [LineKey(*row) for row in rows]


def all_judged(after: LineKey | None, limit: int) -> list[LineKey]:
    """Judged lines in the order of their keys."""
    rows = sql(
        "SELECT pipeline_id, branch FROM judged_lines WHERE (pipeline_id, branch) > (?, ?)"
        " ORDER BY pipeline_id, branch LIMIT ?",
        (*(after or LineKey(-1, "")), limit),
    )
    return [LineKey(*row) for row in rows]


_FACTS = {
    "id": "id", "number": "external_id", "status": "status", "conclusion": "conclusion", "url": "url",
    "commit": "commit_sha", "message": "message", "actor": "actor", "event": "event", "started_at": "started_at",
    "failing_step": "failing_step", "error_line": "error_line",
}  # fmt: skip


def build_facts(build_ids: Iterable[int | None]) -> dict[int, BuildFacts]:
    """What notifications say of builds; those that exist."""
    wanted = sorted({build_id for build_id in build_ids if build_id})
    if not wanted:
        return {}
    rows = sql(f"SELECT {', '.join(_FACTS.values())} FROM builds WHERE id IN ({marks(wanted)})", wanted)
    return {row[0]: _facts(dict(zip(_FACTS, row, strict=True))) for row in rows}


def _facts(value: dict[str, Any]) -> BuildFacts:
    value["started_at"] = instant(value["started_at"])
    if value["number"].startswith("plain:"):  # a digest of ours, nobody's number
        value["number"] = ""
    return BuildFacts(**value)


def recorded(build_ids: Sequence[int]) -> dict[int, datetime]:
    """When each of the builds was first told of."""
    found: dict[int, datetime] = {}
    for start in range(0, len(build_ids), 500):
        some = list(build_ids[start : start + 500])
        rows = sql(f"SELECT id, recorded_at FROM builds WHERE id IN ({marks(some)})", some)
        found |= {row[0]: datetime.fromisoformat(row[1]) for row in rows}
    return found
