"""The collector's writer lets nothing go that a source may take up which it could not read yet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.domain.errors import Unreachable
from collector.domain.model import Status
from collector.domain.names import watch_prefix
from collector.ingest import Context
from collector.providers.base import Batch, Trouble, Watching
from collector.recording import Recorder
from collector.storage.database import Database, connect
from collector.storage.tables import sql
from tests.builders import NOON, later, run_word

WEB = "github|github.com|acme/web"
LATE = later(minutes=600)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = connect(f"sqlite:///{tmp_path / 'recording.db'}")
    made.migrate()
    told = Batch(words=(run_word(status=Status.IN_PROGRESS),), watching=Watching((WEB,)))
    Recorder(made).record(told, Context("old-name"), NOON)
    yield made
    made.close()


def restarted(database: Database, source: str, instance: str = "github.com") -> Recorder:
    """A collector whose config names this source alone."""
    recorder = Recorder(database, {source: [watch_prefix("github", instance)]})
    recorder.leave_all_but([source], NOON)
    return recorder


def stands(database: Database) -> tuple[str, ...]:
    with database.reading():
        return tuple(sql("SELECT status FROM builds").fetchone())


def test_a_source_that_got_another_name_while_its_provider_is_down_ends_no_build(database: Database) -> None:
    recorder = restarted(database, "new-name")
    recorder.record(Batch(trouble=Trouble("new-name", Unreachable("no answer"))), Context("new-name"), LATE)
    recorder.let_go(LATE)
    assert stands(database) == ("in_progress",)
    recorder.record(Batch(watching=Watching((WEB,))), Context("new-name"), LATE)
    recorder.let_go(LATE)
    assert stands(database) == ("in_progress",), "it was taken up"


def test_what_a_source_does_not_take_up_goes_once_it_was_read(database: Database) -> None:
    recorder = restarted(database, "new-name")
    recorder.let_go(LATE)
    recorder.record(Batch(watching=Watching()), Context("new-name"), LATE)
    recorder.let_go(LATE)
    assert stands(database) == ("skipped",)


def test_a_source_of_another_instance_holds_nothing(database: Database) -> None:
    recorder = restarted(database, "ghe", "ghe.acme.com")
    recorder.let_go(LATE)
    assert stands(database) == ("skipped",)
