"""History for ``rules test``: what is kept of builds, read from one database and put into another, build by build."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from collector.storage import changes
from collector.storage.selecting import marks
from collector.storage.tables import sql, text

_NAMES = ("repos", "pipelines")
_CHUNK = 200
_EMPTIED = {"words": "{}", "logs_excerpt": None, "search": "", "has_jobs": 0}
"""What rules do not look at is left behind."""


@dataclass(frozen=True, slots=True)
class Happening:
    """A build began (``ended`` False) or ended at an instant."""

    at: datetime
    build_id: int
    ended: bool


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table under their columns."""

    table: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]


def names() -> list[Rows]:
    """All repos and pipelines."""
    return [_rows(table, sql(f"SELECT * FROM {table} ORDER BY id")) for table in _NAMES]


def happenings(since: datetime, until: datetime, *, begun: bool) -> list[Happening]:
    """When the builds that started in [since, until) ended and, with ``begun``, when they began, in that order."""
    bounds = (text(since), text(until))
    ends = sql(
        "SELECT coalesce(completed_at, sorted_at), id FROM builds WHERE status NOT IN ('queued', 'in_progress')"
        " AND sorted_at >= ? AND sorted_at < ?",
        bounds,
    )
    found = [Happening(datetime.fromisoformat(at), build_id, True) for at, build_id in ends]
    if begun:
        starts = sql(
            "SELECT started_at, id FROM builds WHERE started_at IS NOT NULL AND sorted_at >= ? AND sorted_at < ?",
            bounds,
        )
        found += [Happening(datetime.fromisoformat(at), build_id, False) for at, build_id in starts]
    return sorted(found, key=lambda one: (one.at, one.ended, one.build_id))


def builds(ids: Sequence[int]) -> Rows:
    """The builds' rows; at most 500."""
    return _rows("builds", sql(f"SELECT * FROM builds WHERE id IN ({marks(ids)})", list(ids)))


def put_names(given: Sequence[Rows]) -> None:
    for rows in given:
        for row in rows.rows:
            _insert(rows.table, dict(zip(rows.columns, row, strict=True)))


def put(build: dict[str, Any], happening: Happening) -> None:
    """Writes the build as it was then, with its change."""
    as_then = {**build, **_EMPTIED, "recorded_at": text(happening.at)}
    if not happening.ended:
        as_then |= {"status": "in_progress", "conclusion": None, "completed_at": None, "duration_seconds": None}
    _insert("builds", as_then)
    changes.append([build["id"]], happening.at)


def _insert(table: str, value: dict[str, Any]) -> None:
    columns = ", ".join(value)
    changed = ", ".join(f"{name} = excluded.{name}" for name in value if name not in ("id", "recorded_at"))
    sql(
        f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * len(value))})"
        f" ON CONFLICT (id) DO UPDATE SET {changed}",
        list(value.values()),
    )


def _rows(table: str, cursor: Any) -> Rows:
    columns = tuple(one[0] for one in cursor.description or ())
    return Rows(table, columns, cursor.fetchall())
