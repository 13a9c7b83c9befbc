"""What waits is kept as the last poll found it, a source apart from the others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from collector import ingest
from collector.ingest import Context
from collector.providers.base import Batch, WaitingItem
from collector.storage import waiting
from collector.storage.database import Database
from collector.storage.tables import sql
from tests.builders import NOON


def an_item(external_id: str, since: datetime = NOON, why: str = "no agent", label: str | None = "arm") -> WaitingItem:
    return WaitingItem(
        external_id, "jenkins", "ci.acme.com", "acme/web", "web", since, "web", "main", why=why, label=label
    )


def tell(database: Database, source: str | None, items: Sequence[WaitingItem] | None) -> None:
    ingest.record(database, Batch(waiting=items), Context(source), NOON)


def rows(database: Database) -> list[tuple[str, str, str]]:
    with database.reading():
        found: list[tuple[str, str, str]] = sql(
            "SELECT source, external_id, since FROM waiting ORDER BY source, external_id"
        ).fetchall()
        return found


def test_each_poll_replaces_what_its_source_told_before_and_nothing_else(database: Database) -> None:
    tell(database, "a", [an_item("1"), an_item("2", NOON + timedelta(seconds=5))])
    tell(database, "b", [an_item("1")])
    tell(database, "a", [an_item("2", NOON + timedelta(seconds=5))])
    assert [(source, external_id) for source, external_id, _ in rows(database)] == [("a", "2"), ("b", "1")]
    tell(database, "b", [])
    assert [source for source, _, _ in rows(database)] == ["a"]
    with database.reading():
        assert waiting.counts() == {"a": 1}


def test_a_batch_that_says_nothing_of_the_queue_leaves_it(database: Database) -> None:
    tell(database, "a", [an_item("1")])
    tell(database, "a", None)
    assert len(rows(database)) == 1


def test_what_waits_belongs_to_a_source(database: Database) -> None:
    with pytest.raises(ValueError, match="belong to a source"):
        tell(database, None, [an_item("1")])


def test_text_that_no_database_keeps_is_cleaned(database: Database) -> None:
    tell(database, "a", [an_item("1", why="x\0\ud800", label=None)])
    with database.reading():
        assert sql("SELECT why, label FROM waiting").fetchall() == [("x?", None)]
