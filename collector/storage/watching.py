"""What each source watches. What no source watches any more goes quiet: its pipelines say so, what waits is let go.

It goes quiet a little after it was left: another source may take it up with its next poll, as after a change of the
config that gave the source another name. For as long as such a source cannot be read, nothing that it may take goes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from collector.domain.model import BuildKey
from collector.domain.names import repo_and_workflow
from collector.providers.base import UNWATCHED, Watching
from collector.storage import watched
from collector.storage.selecting import marks
from collector.storage.tables import instant, sql, text

QUIET_AFTER = timedelta(minutes=5)
MOST_AT_ONCE = 20
"""So many are let go in one transaction."""


@dataclass(frozen=True, slots=True)
class Left:
    """Something that no source watches any more; ``reason`` says why."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A build that had not ended when its pipeline was left."""

    key: BuildKey
    started_at: datetime | None
    reason: str


def of(source: str) -> frozenset[str]:
    """What the source watches, as it was last told."""
    return frozenset(row[0] for row in sql("SELECT key FROM watching WHERE source = ? AND left_at IS NULL", (source,)))


def change(source: str, told: Watching, now: datetime) -> None:
    """Keeps what the source takes up and leaves. What it takes up is as its provider says again at once."""
    for key in told.joined:
        sql(
            "INSERT INTO watching (source, key) VALUES (?, ?)"
            " ON CONFLICT (source, key) DO UPDATE SET left_at = NULL, left_as = NULL",
            (source, key),
        )
        where, params = _pipelines_of(key)
        sql(f"UPDATE pipelines SET left_as = NULL, state = told_state WHERE left_as IS NOT NULL AND {where}", params)
    for key, reason in told.left.items():
        sql(
            "UPDATE watching SET left_at = ?, left_as = ? WHERE source = ? AND key = ? AND left_at IS NULL",
            (text(now), reason, source, key),
        )


def ended_unseen(keys: Sequence[str]) -> list[Unfinished]:
    """Builds that ended as unwatched, of pipelines that these keys stand for: how they ended nobody has told."""
    found: list[Unfinished] = []
    for key in keys:
        where, params = _pipelines_of(key)
        rows = sql(
            "SELECT provider, instance, repo, external_id, attempt, started_at FROM builds WHERE status = 'skipped'"
            f" AND conclusion = ? AND pipeline_id IN (SELECT id FROM pipelines WHERE {where})",
            [UNWATCHED, *params],
        )
        found += [Unfinished(BuildKey(*row[:5]), instant(row[5]), UNWATCHED) for row in rows.fetchall()]
    return found


def leave_all_but(sources: Collection[str], now: datetime) -> None:
    """What sources watched that are configured no more is left; nothing waits in their queues."""
    known = [*sources]
    others = f"source NOT IN ({marks(known)})" if known else "1 = 1"
    sql(
        f"UPDATE watching SET left_at = ?, left_as = ? WHERE left_at IS NULL AND {others}",
        [text(now), UNWATCHED, *known],
    )
    sql(f"DELETE FROM waiting WHERE {others}", known)


def due(now: datetime, held: Collection[str] = ()) -> list[Left]:
    """What was left long enough ago, that no other source watches, and whose key begins with none of ``held``."""
    before = text(now - QUIET_AFTER)
    free = " AND substr(key, 1, length(?)) <> ?" * len(held)
    rows = sql(
        "SELECT key, min(left_as) FROM watching WHERE left_at <= ? AND NOT EXISTS (SELECT 1 FROM watching w"
        f" WHERE w.key = watching.key AND (w.left_at IS NULL OR w.left_at > ?)){free}"
        " GROUP BY key ORDER BY key LIMIT ?",
        (before, before, *(one for begin in held for one in (begin, begin)), MOST_AT_ONCE),
    )
    return [Left(key, reason) for key, reason in rows]


def let_go(found: Sequence[Left]) -> list[Unfinished]:
    """Says of their pipelines why they are watched no more. Their builds that have not ended, for them to be ended."""
    unfinished: list[Unfinished] = []
    for left in found:
        if _is_watched_by_another_name(left.key):
            continue
        where, params = _pipelines_of(left.key)
        ids = [
            row[0]
            for row in sql(
                f"UPDATE pipelines SET left_as = ?, state = ? WHERE {where} RETURNING id",
                [left.reason, left.reason, *params],
            ).fetchall()
        ]
        rows = sql(
            "SELECT provider, instance, repo, external_id, attempt, started_at FROM builds"
            f" WHERE status IN ('queued', 'in_progress') AND pipeline_id IN ({marks(ids)})",
            ids,
        ).fetchall()
        unfinished += [Unfinished(BuildKey(*row[:5]), instant(row[5]), left.reason) for row in rows]
    keys = [left.key for left in found]
    sql(f"DELETE FROM watching WHERE key IN ({marks(keys)})", keys)
    watched.forget(keys)
    return unfinished


def _is_watched_by_another_name(key: str) -> bool:
    """Whether it is of a renamed repo that is watched: the old name may be shown until the repo itself is read."""
    provider, instance, name = key.split("|", 2)
    if provider == "jenkins":
        return False
    repo, workflow = repo_and_workflow(name)
    row = sql(
        "SELECT 1 FROM repos r JOIN repo_names n ON n.repo_id = r.id JOIN watching w ON w.left_at IS NULL"
        " AND w.key = r.provider || '|' || r.instance || '|' || n.name_key || ?"
        " WHERE r.provider = ? AND r.instance = ? AND r.name_key = ? LIMIT 1",
        ("" if workflow is None else f"|{workflow}", provider, instance, repo),
    ).fetchone()
    return row is not None


def _pipelines_of(key: str) -> tuple[str, list[object]]:
    """Which pipelines a ``watch_key`` or ``workflow_key`` of ``domain.names`` stands for, as a condition."""
    provider, instance, name = key.split("|", 2)
    if provider == "jenkins":
        return "provider = ? AND instance = ? AND external_id = ?", [provider, instance, name]
    repo, workflow = repo_and_workflow(name)
    where = "repo_id IN (SELECT id FROM repos WHERE provider = ? AND instance = ? AND name_key = ?)"
    if workflow is None:
        return where, [provider, instance, repo]
    return f"{where} AND external_id = ?", [provider, instance, repo, workflow]
