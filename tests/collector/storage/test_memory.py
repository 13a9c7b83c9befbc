"""What a reader may ask of storage about its own source."""

from __future__ import annotations

from collector import ingest
from collector.providers.base import Batch
from collector.storage.database import Database
from collector.storage.memory import SourceMemory
from tests.collector.conftest import NOW


def test_notes_that_begin_alike_are_told_together_and_no_other_sources(database: Database) -> None:
    told = {"pushed:acme/web": "1", "pushed:acme/ünïcode": "2", "pushed": "3", "pusher:x": "4", "pushed;": "5"}
    for source, marks in (("one", told), ("other", {"pushed:acme/api": "6"})):
        ingest.record(database, Batch(marks=marks), ingest.Context(source), NOW)
    found = SourceMemory(database, "one").marks_starting("pushed:")
    assert found == {"pushed:acme/web": "1", "pushed:acme/ünïcode": "2"}
