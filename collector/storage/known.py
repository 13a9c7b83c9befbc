"""What readers ask of storage about builds they have told of before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from collector.domain.model import BuildKey, Status
from collector.providers.base import KnownBuild
from collector.storage import repos
from collector.storage.tables import instant, sql
from collector.storage.texts import clean

MOST_UNFINISHED = 1_000
_COLUMNS = (
    "provider, instance, repo, external_id, attempt, status, run_known, run_updated_at, started_at, detail_at, log_read"
)


def known(keys: Sequence[BuildKey]) -> dict[BuildKey, KnownBuild]:
    """Those of ``keys`` that are stored, by ``key.folded``; where a number was reused, the newest."""
    repo_ids: dict[tuple[str, str, str], int | None] = {}
    found: dict[BuildKey, KnownBuild] = {}
    for key in keys:
        place = (key.provider, key.instance, key.repo.lower())
        if place not in repo_ids:
            row = repos.named(*place)
            repo_ids[place] = row.id if row else None
        build = _newest(repo_ids[place], key)
        if build:
            found[key.folded] = build
    return found


def unfinished(provider: str, instance: str, repo: str | None = None) -> list[KnownBuild]:
    """Stored builds that are queued or in progress, oldest first, at most 1,000."""
    conditions, params = ["provider = ?", "instance = ?", "status IN ('queued', 'in_progress')"], [provider, instance]
    if repo is not None:
        row = repos.named(provider, instance, repo)
        conditions.append(f"repo_id = {row.id if row else -1}")
    rows = sql(
        f"SELECT {_COLUMNS} FROM builds WHERE {' AND '.join(conditions)} ORDER BY sorted_at LIMIT {MOST_UNFINISHED}",
        params,
    )
    return [_known(row) for row in rows]


def _newest(repo_id: int | None, key: BuildKey) -> KnownBuild | None:
    row = sql(
        f"SELECT {_COLUMNS} FROM builds WHERE repo_id = ? AND external_id = ? AND attempt = ?"
        " ORDER BY incarnation DESC LIMIT 1",
        (repo_id, clean(key.external_id), key.attempt),
    ).fetchone()
    return _known(row) if row else None


def _known(row: tuple[Any, ...]) -> KnownBuild:
    return KnownBuild(
        key=BuildKey(*row[:5]),
        status=Status(row[5]),
        run_known=bool(row[6]),
        updated_at=instant(row[7]),
        started_at=instant(row[8]),
        detail_at=instant(row[9]),
        log_read=bool(row[10]),
    )
