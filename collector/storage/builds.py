"""Builds as the API shows them: JSON-ready dicts, times RFC 3339 in UTC. Run inside ``database.reading()``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from collector.domain.filters import DEFAULT_BRANCH, Filters
from collector.domain.model import BuildKey, JobRow, Step
from collector.domain.projection import job_rows
from collector.domain.times import to_api
from collector.storage import groups, logtexts
from collector.storage.paging import order_of, read_cursor, write_cursor
from collector.storage.selecting import marks, where
from collector.storage.tables import instant, sql

LATEST = 50
_FIELDS = (
    "id", "provider", "pipeline", "repo", "branch", "status", "started_at", "completed_at", "duration_seconds", "url",
    "logs", "source", "instance", "external_id", "attempt", "conclusion", "commit", "message", "actor", "event",
    "queue_seconds", "created_at", "pipeline_id", "error", "failing_step",
)  # fmt: skip
_RENAMED = {"logs": "logs_excerpt", "commit": "commit_sha", "error": "error_line"}
_SELECT = ", ".join(f"b.{_RENAMED.get(name, name)}" for name in _FIELDS)
_TIMES = tuple(_FIELDS.index(name) for name in ("started_at", "completed_at", "created_at"))
_EXTERNAL_ID = _FIELDS.index("external_id")


@dataclass(frozen=True, slots=True)
class Page:
    """``next``: the cursor of the page that follows; None on the last."""

    builds: list[dict[str, Any]]
    next: str | None


def page(filters: Filters, *, sort: str = "-started_at", cursor: str | None = None, limit: int = 50) -> Page:
    """One page. Raises storage.errors.BadSort and BadCursor."""
    order = order_of(sort)
    found = where(filters)
    if cursor is not None:
        order.after(found, *read_cursor(order, cursor))
    rows = sql(
        f"SELECT {_SELECT}, {order.term} FROM builds b WHERE {found.text} ORDER BY {order.text} LIMIT ?",
        [*found.params, limit + 1],
    ).fetchall()
    shown = rows[:limit]
    following = write_cursor(order, shown[-1][-1], shown[-1][0]) if len(rows) > limit else None
    return Page([_shown(row[:-1]) for row in shown], following)


def latest(filters: Filters) -> list[dict[str, Any]]:
    """The newest 50."""
    return page(filters, limit=LATEST).builds


def by_ids(ids: Sequence[int]) -> list[dict[str, Any]]:
    """Those of the builds that exist, in the order of ``ids``."""
    found: dict[int, dict[str, Any]] = {}
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        for row in sql(f"SELECT {_SELECT} FROM builds b WHERE b.id IN ({marks(some)})", list(some)):
            found[row[0]] = _shown(row)
    return [found[build_id] for build_id in ids if build_id in found]


def detail(build_id: int) -> dict[str, Any] | None:
    """One build with ``jobs``, ``attempts`` (all of its run, first to last) and its whole kept log; None: no such."""
    row = sql(f"SELECT {_SELECT}, b.repo_id FROM builds b WHERE b.id = ?", (build_id,)).fetchone()
    if row is None:
        return None
    build, external_id, repo_id = _shown(row[:-1]), row[_EXTERNAL_ID], row[-1]
    stored = groups.load(repo_id, external_id, build["attempt"], _key_of(build, external_id))
    state = next(one.state for one in stored if one.id == build_id)
    log = logtexts.shown(build_id, state)
    build["logs"] = log.text if log else None
    build["jobs"] = [_job(job) for job in job_rows(state)]
    build["attempts"] = _attempts(repo_id, external_id)
    return build


def on_default(ids: Sequence[int]) -> set[int]:
    """Those of the builds, at most 500, that the filter ``@default`` means."""
    found = where(Filters(branch=(DEFAULT_BRANCH,)))
    found.one_of("b.id", list(ids))
    return {row[0] for row in sql(f"SELECT b.id FROM builds b WHERE {found.text}", found.params)}


def _attempts(repo_id: int, external_id: str) -> list[dict[str, Any]]:
    rows = sql(
        "SELECT id, attempt, status FROM builds WHERE repo_id = ? AND external_id = ? ORDER BY attempt, incarnation",
        (repo_id, external_id),
    )
    return [{"id": row[0], "attempt": row[1], "status": row[2]} for row in rows]


def _shown(row: tuple[Any, ...]) -> dict[str, Any]:
    values = list(row)
    for place in _TIMES:
        values[place] = _api(instant(values[place]))
    if values[_EXTERNAL_ID].startswith("plain:"):  # a digest of ours, nobody's id
        values[_EXTERNAL_ID] = None
    return dict(zip(_FIELDS, values, strict=True))


def _key_of(build: dict[str, Any], external_id: str) -> BuildKey:
    return BuildKey(build["provider"], build["instance"], build["repo"], external_id, build["attempt"])


def _job(job: JobRow) -> dict[str, Any]:
    return {
        "id": job.job_id,
        "name": job.name,
        "status": job.status.value,
        "conclusion": job.conclusion,
        "created_at": _api(job.created_at),
        "started_at": _api(job.started_at),
        "completed_at": _api(job.completed_at),
        "queue_seconds": job.queue_seconds,
        "labels": list(job.labels),
        "runner": job.runner,
        "url": job.url,
        "steps": [_step(step) for step in job.steps],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "number": step.number,
        "status": step.status.value,
        "conclusion": step.conclusion,
        "started_at": _api(step.started_at),
        "completed_at": _api(step.completed_at),
    }


def api_text(kept: str | None) -> str | None:
    """A kept instant as the API writes it."""
    return _api(instant(kept))


def _api(at: datetime | None) -> str | None:
    return None if at is None else to_api(at)
