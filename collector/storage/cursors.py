"""A reader's durable place in the change feed."""

from __future__ import annotations

from peewee import EXCLUDED, fn

from collector.storage.tables import Cursor


def get(name: str) -> int | None:
    """The seq up to which ``name`` has read; None when it never did."""
    row = Cursor.get_or_none(name=name)
    return row.seq if row else None


def advance(name: str, seq: int) -> None:
    """Says that ``name`` has read up to ``seq``; a cursor never goes back."""
    Cursor.insert(name=name, seq=seq).on_conflict(
        conflict_target=[Cursor.name], update={Cursor.seq: fn.max(Cursor.seq, EXCLUDED.seq)}
    ).execute()


def drop(name: str) -> None:
    """Forgets a reader that is no more, so that it does not hold the feed back."""
    Cursor.delete().where(Cursor.name == name).execute()
