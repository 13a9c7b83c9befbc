"""Which builds the backfill command brought: they are history, however young, and notify nobody."""

from __future__ import annotations

from collector.storage.tables import sql


def up() -> None:
    sql("CREATE TABLE backfilled (build_id INTEGER PRIMARY KEY REFERENCES builds (id) ON DELETE CASCADE)")
