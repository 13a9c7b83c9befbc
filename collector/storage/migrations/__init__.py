"""Numbered migrations. Each runs once, in order, all inside the one writing transaction of ``Database.migrate``.

A migration that was released is never changed: it is what databases out there went through.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from collector.storage.errors import DatabaseError
from collector.storage.migrations import (
    m0001_start,
    m0002_alerts,
    m0003_collecting,
    m0004_backfilled,
    m0005_watching,
    m0006_scheduled,
    m0007_failing_receivers,
)
from collector.storage.tables import sql

log = structlog.get_logger(__name__)

MIGRATIONS: tuple[Callable[[], None], ...] = (
    m0001_start.up, m0002_alerts.up, m0003_collecting.up, m0004_backfilled.up, m0005_watching.up,
    m0006_scheduled.up, m0007_failing_receivers.up,
)  # fmt: skip


def migrate() -> int:
    """Runs what is missing; returns the version reached. Raises DatabaseError when the schema is newer than ours."""
    sql("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")
    version = _version()
    if version > len(MIGRATIONS):
        raise DatabaseError(_newer(version))
    for number, up in enumerate(MIGRATIONS[version:], start=version + 1):
        up()
        sql("DELETE FROM schema_version")
        sql("INSERT INTO schema_version (version) VALUES (?)", (number,))
        log.info("the database's schema was brought up to date", version=number)
    return len(MIGRATIONS)


def trouble() -> str | None:
    """Why this program cannot work with the schema as it is; None when it can."""
    if not sql("SELECT 1 FROM sqlite_schema WHERE name = 'schema_version'").fetchone():
        return "the database has no tables yet; run cihealth migrate"
    version = _version()
    if version < len(MIGRATIONS):
        return f"the schema is version {version}, this program wants {len(MIGRATIONS)}; run cihealth migrate"
    return _newer(version) if version > len(MIGRATIONS) else None


def _version() -> int:
    row = sql("SELECT version FROM schema_version").fetchone()
    return int(row[0]) if row else 0


def _newer(version: int) -> str:
    return f"the schema is version {version}, newer than this program's {len(MIGRATIONS)}; use a newer CI Health"
