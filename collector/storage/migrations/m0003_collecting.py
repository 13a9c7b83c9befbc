"""What waits in the providers' queues, and how reading a source goes beyond its last error."""

from __future__ import annotations

from collector.storage.tables import sql

_STATEMENTS = (
    (
        "CREATE TABLE waiting ("
        " source TEXT NOT NULL, external_id TEXT NOT NULL, provider TEXT NOT NULL, instance TEXT NOT NULL,"
        " repo TEXT, pipeline TEXT, pipeline_external_id TEXT, branch TEXT, job TEXT,"
        " build_external_id TEXT, since TEXT NOT NULL, why TEXT, label TEXT, url TEXT, seen_at TEXT NOT NULL,"
        " PRIMARY KEY (source, external_id))"
    ),
    "CREATE INDEX waiting_since ON waiting (since)",
    "ALTER TABLE sources ADD COLUMN failures INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE sources ADD COLUMN circuit_opened_at TEXT",
    "ALTER TABLE sources ADD COLUMN next_poll_at TEXT",
    "ALTER TABLE sources ADD COLUMN clock_offset_seconds REAL",
)


def up() -> None:
    for statement in _STATEMENTS:
        sql(statement)
