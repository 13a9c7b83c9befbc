"""A source's own durable notes: a name to a text."""

from __future__ import annotations

from collector.storage.tables import Mark, sql


def get(source: str, name: str) -> str | None:
    row = sql("SELECT text FROM marks WHERE source = ? AND name = ?", (source, name)).fetchone()
    return str(row[0]) if row else None


def starting(source: str, prefix: str) -> dict[str, str]:
    """The notes whose names begin with ``prefix`` (ASCII, not empty), by name."""
    after = prefix[:-1] + chr(ord(prefix[-1]) + 1)
    rows = sql("SELECT name, text FROM marks WHERE source = ? AND name >= ? AND name < ?", (source, prefix, after))
    return {str(name): str(told) for name, told in rows}


def put(source: str, name: str, text: str) -> None:
    Mark.insert(source=source, name=name, text=text).on_conflict_replace().execute()
