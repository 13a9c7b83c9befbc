"""What is forgotten and when the schedule comes back to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collector import ingest, retention
from collector.domain.model import BuildKey, LogSnippet, PipelineRef, RunWord, Status
from collector.providers.base import Batch
from collector.storage import changes, cursors
from collector.storage.database import Database, connect
from collector.storage.retention import BATCH

THEN = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = connect(f"sqlite:///{tmp_path}/retention.db")
    database.migrate()
    yield database
    database.close()


def failed(database: Database, count: int) -> None:
    """``count`` failed builds of THEN, each with a log."""
    keys = [BuildKey("github", "github.com", "acme/web", str(number)) for number in range(count)]
    words = [
        RunWord(key, PipelineRef("7", "ci"), Status.FAILURE, started_at=THEN, updated_at=THEN, branch="main")
        for key in keys
    ]
    logs = [LogSnippet(key, "it broke") for key in keys]
    ingest.record(database, Batch(words, logs), ingest.Context("acme"), THEN)


def kept_changes(database: Database) -> int:
    with database.reading():
        return len(changes.after(0, 1000))


def test_what_is_not_old_is_kept_and_the_schedule_rests(database: Database) -> None:
    failed(database, 3)
    act = retention.tidying(database, lambda: THEN + timedelta(hours=1))
    assert act() == retention.REST_SECONDS
    assert kept_changes(database) == 3


def test_it_comes_back_soon_while_there_is_more_and_rests_when_all_is_done(database: Database) -> None:
    failed(database, BATCH + 1)
    with database.writing():
        cursors.advance("alerting", BATCH + 1)
    assert kept_changes(database) == BATCH + 1
    act = retention.tidying(database, lambda: THEN + timedelta(days=31))
    assert act() == retention.SOON_SECONDS, "one log more than a batch"
    assert act() == retention.REST_SECONDS
    assert kept_changes(database) == 0
