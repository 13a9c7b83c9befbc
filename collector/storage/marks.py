"""A source's own durable notes: a name to a text."""

from __future__ import annotations

from collector.storage.tables import Mark


def get(source: str, name: str) -> str | None:
    row = Mark.get_or_none(source=source, name=name)
    return row.text if row else None


def put(source: str, name: str, text: str) -> None:
    Mark.insert(source=source, name=name, text=text).on_conflict_replace().execute()
