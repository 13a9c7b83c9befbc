"""Whether a failure is new, flaky, and ours: GET /builds/<id>/context. Run inside ``database.reading()``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from collector.domain.failures import shape
from collector.storage import builds
from collector.storage.builds import api_text
from collector.storage.tables import sql, text

HISTORY_LENGTH = 30
LOOK_BACK = timedelta(days=14)
MOST_LOOKED_AT = 5000
MOST_ELSEWHERE = 10
_NEWEST = "ORDER BY b.sorted_at DESC, b.attempt DESC, b.id DESC"


@dataclass(frozen=True, slots=True)
class _Build:
    id: int
    pipeline_id: int
    repo_id: int
    branch: str | None
    commit: str | None
    external_id: str
    status: str
    sorted_at: str
    attempt: int
    error: str | None


def context(build_id: int) -> dict[str, Any] | None:
    """What stands around a build; None: no such build. Shapes are those of ``webapp.schemas_pages.BuildContext``."""
    row = sql(
        "SELECT id, pipeline_id, repo_id, branch, commit_sha, external_id, status, sorted_at, attempt, error_line"
        " FROM builds WHERE id = ?",
        (build_id,),
    ).fetchone()
    if row is None:
        return None
    build = _Build(*row)
    before = _before(build)
    return {
        "before": before,
        "last_green": _last_green(build),
        "history": _history(build),
        "same_commit": _same_commit(build),
        **_elsewhere(build),
    }


def _line(build: _Build) -> tuple[str, list[object]]:
    """The same pipeline on the same branch, up to the build, without other attempts of its run."""
    condition = (
        "b.pipeline_id = ? AND b.branch IS ? AND (b.sorted_at, b.id) < (?, ?)"
        " AND NOT (b.repo_id = ? AND b.external_id = ?)"
    )
    return (
        condition,
        [build.pipeline_id, build.branch, build.sorted_at, build.id, build.repo_id, build.external_id],
    )


def _before(build: _Build) -> dict[str, Any] | None:
    """The success or failure before it."""
    condition, params = _line(build)
    row = sql(
        "SELECT b.id, b.status, b.commit_sha, b.sorted_at FROM builds b"
        f" WHERE {condition} AND b.status IN ('success', 'failure') {_NEWEST} LIMIT 1",
        params,
    ).fetchone()
    return _brief(row) if row else None


def _last_green(build: _Build) -> dict[str, Any] | None:
    condition, params = _line(build)
    row = sql(
        "SELECT b.id, b.status, b.commit_sha, b.sorted_at FROM builds b"
        f" WHERE {condition} AND b.status = 'success' {_NEWEST} LIMIT 1",
        params,
    ).fetchone()
    return _brief(row) if row else None


def _brief(row: Sequence[Any]) -> dict[str, Any]:
    return {"id": row[0], "status": row[1], "commit": row[2], "started_at": api_text(row[3])}


def _history(build: _Build) -> list[dict[str, Any]]:
    """The 30 builds up to this one on its pipeline and branch, oldest first."""
    rows = sql(
        "SELECT b.id, b.status, b.commit_sha, b.sorted_at FROM builds b WHERE b.pipeline_id = ? AND b.branch IS ?"
        f" AND (b.sorted_at, b.id) <= (?, ?) {_NEWEST} LIMIT {HISTORY_LENGTH}",
        (build.pipeline_id, build.branch, build.sorted_at, build.id),
    ).fetchall()
    return [_brief(row) for row in reversed(rows)]


def _same_commit(build: _Build) -> dict[str, Any]:
    """Successes and failures of this pipeline on this commit, and the first success after this build."""
    if build.commit is None:
        return {"success": 0, "failure": 0, "passed_build_id": None}
    rows = sql(
        "SELECT b.id, b.status, b.sorted_at, b.attempt FROM builds b WHERE b.pipeline_id = ? AND b.repo_id = ?"
        " AND b.commit_sha = ? AND b.status IN ('success', 'failure') ORDER BY b.sorted_at, b.attempt, b.id",
        (build.pipeline_id, build.repo_id, build.commit),
    ).fetchall()
    mine = (build.sorted_at, build.attempt, build.id)
    later = (row[0] for row in rows if row[1] == "success" and (row[2], row[3], row[0]) > mine)
    return {
        "success": sum(row[1] == "success" for row in rows),
        "failure": sum(row[1] == "failure" for row in rows),
        "passed_build_id": next(later, None),
    }


def _elsewhere(build: _Build) -> dict[str, Any]:
    """Failures with the same error line (numbers aside) within 14 d before or after, the newest of each pipeline."""
    if build.status != "failure" or not build.error:
        return {"elsewhere": [], "elsewhere_pipelines": 0, "elsewhere_builds": 0, "here_builds": 0}
    wanted, at = shape(build.error), datetime.fromisoformat(build.sorted_at)
    rows = sql(
        "SELECT b.id, b.pipeline_id, b.error_line FROM builds b WHERE b.status = 'failure' AND b.error_line IS NOT NULL"
        f" AND b.sorted_at >= ? AND b.sorted_at < ? AND b.id <> ? {_NEWEST} LIMIT {MOST_LOOKED_AT}",
        (text(at - LOOK_BACK), text(at + LOOK_BACK), build.id),
    )
    same = [(row[0], row[1]) for row in rows if shape(row[2]) == wanted]
    newest: dict[int, int] = {}
    for found_id, pipeline_id in same:
        if pipeline_id != build.pipeline_id:
            newest.setdefault(pipeline_id, found_id)
    return {
        "elsewhere": [_slim(one) for one in builds.by_ids(list(newest.values())[:MOST_ELSEWHERE])],
        "elsewhere_pipelines": len(newest),
        "elsewhere_builds": sum(pipeline_id != build.pipeline_id for _, pipeline_id in same),
        "here_builds": sum(pipeline_id == build.pipeline_id for _, pipeline_id in same),
    }


def _slim(build: dict[str, Any]) -> dict[str, Any]:
    names = ("id", "pipeline_id", "repo", "pipeline", "branch", "commit", "started_at", "error", "failing_step")
    return {name: build[name] for name in names}
