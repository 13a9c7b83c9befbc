"""Commits by pipelines of one repo: GET /grid. Run inside ``database.reading()``; JSON-ready dicts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from collector.domain.filters import Filters
from collector.domain.health import CONCLUSIVE
from collector.storage.builds import api_text
from collector.storage.selecting import Where, marks, where
from collector.storage.tables import sql, text

_CHUNK = 400


class _Build(NamedTuple):
    id: int
    pipeline_id: int
    commit: str
    status: str
    sorted_at: str
    duration_seconds: float | None
    failing_step: str | None
    error: str | None
    message: str | None
    actor: str | None
    event: str | None


def grid(filters: Filters, *, limit: int = 30, before: datetime | None = None) -> dict[str, Any]:
    """The newest ``limit`` commits of the repos and branches asked for, by the start of the first build on each.

    ``before``: only commits first built before that instant. Window and status of the filters do not matter.
    """
    wanted = where(Filters(repo=filters.repo, branch=filters.branch, provider=filters.provider))
    found = _commits(wanted, limit + 1, before)
    shown = found[:limit]
    builds = _builds(wanted, [commit for commit, _ in shown])
    cells = _cells([commit for commit, _ in shown], builds)
    return {
        "pipelines": _pipelines({build.pipeline_id for build in builds}),
        "commits": [_row(commit, at, builds, cells) for commit, at in shown],
        "next": api_text(shown[-1][1]) if len(found) > limit else None,
    }


def _commits(wanted: Where, count: int, before: datetime | None) -> list[tuple[str, str]]:
    """(commit, start of its first build), newest first."""
    having = "HAVING min(b.sorted_at) < ?" if before else ""
    rows = sql(
        f"SELECT b.commit_sha, min(b.sorted_at) FROM builds b WHERE b.commit_sha IS NOT NULL AND {wanted.text}"
        f" GROUP BY b.commit_sha {having} ORDER BY 2 DESC, 1 LIMIT ?",
        [*wanted.params, *([text(before)] if before else []), count],
    )
    return rows.fetchall()  # type: ignore[no-any-return]


def _builds(wanted: Where, commits: Sequence[str]) -> list[_Build]:
    """All builds on the commits, oldest first."""
    found: list[_Build] = []
    for start in range(0, len(commits), _CHUNK):
        some = commits[start : start + _CHUNK]
        rows = sql(
            "SELECT b.id, b.pipeline_id, b.commit_sha, b.status, b.sorted_at, b.duration_seconds, b.failing_step,"
            " b.error_line, b.message, b.actor, b.event FROM builds b"
            f" WHERE {wanted.text} AND b.commit_sha IN ({marks(some)}) ORDER BY b.sorted_at, b.attempt, b.id",
            [*wanted.params, *some],
        )
        found += [_Build(*row) for row in rows]
    return found


def _cells(newest_first: Sequence[str], builds: Iterable[_Build]) -> dict[tuple[str, int], dict[str, Any]]:
    """By commit and pipeline."""
    stacks: dict[tuple[str, int], list[_Build]] = {}
    for build in builds:
        stacks.setdefault((build.commit, build.pipeline_id), []).append(build)
    cells = {key: _cell(stack) for key, stack in stacks.items()}
    for pipeline_id in {key[1] for key in cells}:
        _mark_breaks([cells[key] for commit in reversed(newest_first) if (key := (commit, pipeline_id)) in cells])
    return cells


def _cell(stack: Sequence[_Build]) -> dict[str, Any]:
    newest = stack[-1]
    statuses = [build.status for build in stack]
    failed = statuses.index("failure") if "failure" in statuses else len(statuses)
    return {
        "build_id": newest.id,
        "status": newest.status,
        "builds": len(stack),
        "flaky": "success" in statuses[failed:],
        "broke": False,
        "duration_seconds": newest.duration_seconds,
        "failing_step": newest.failing_step,
        "error": newest.error,
    }


def _mark_breaks(oldest_first: Iterable[dict[str, Any]]) -> None:
    """The first failure after a success is where somebody broke it; what is neither is passed over."""
    before = None
    for cell in oldest_first:
        if cell["status"] in CONCLUSIVE:
            cell["broke"] = cell["status"] == "failure" and before == "success"
            before = cell["status"]


def _row(
    commit: str, at: str, builds: Iterable[_Build], cells: dict[tuple[str, int], dict[str, Any]]
) -> dict[str, Any]:
    mine = [build for build in builds if build.commit == commit]
    told = next((build for build in mine if build.message), mine[0])
    return {
        "commit": commit,
        "message": told.message,
        "actor": told.actor or next((build.actor for build in mine if build.actor), None),
        "event": told.event,
        "at": api_text(at),
        "cells": {str(pipeline_id): cell for (of, pipeline_id), cell in cells.items() if of == commit},
    }


def _pipelines(ids: Iterable[int]) -> list[dict[str, Any]]:
    """By name; only namesakes show their file."""
    wanted = sorted(ids)
    rows = sql(
        f"SELECT id, name, path, provider, url FROM pipelines WHERE id IN ({marks(wanted)}) ORDER BY name_key, id",
        wanted,
    ).fetchall()
    names = [row[1] for row in rows]
    return [
        {
            "id": row[0],
            "pipeline": row[1],
            "file": row[2] if names.count(row[1]) > 1 else None,
            "provider": row[3],
            "url": row[4],
        }
        for row in rows
    ]
