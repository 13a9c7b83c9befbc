"""What each source watches, so that what is watched no more goes quiet."""

from __future__ import annotations

from collector.storage.tables import sql

_STATEMENTS = (
    (
        "CREATE TABLE watching (source TEXT NOT NULL, key TEXT NOT NULL, left_at TEXT, left_as TEXT,"
        " PRIMARY KEY (source, key)) WITHOUT ROWID"
    ),
    "CREATE INDEX watching_left ON watching (left_at) WHERE left_at IS NOT NULL",
    "CREATE INDEX watching_key ON watching (key)",
    "ALTER TABLE pipelines ADD COLUMN told_state TEXT",
    "ALTER TABLE pipelines ADD COLUMN left_as TEXT",
    "UPDATE pipelines SET told_state = state",
)


def up() -> None:
    for statement in _STATEMENTS:
        sql(statement)
