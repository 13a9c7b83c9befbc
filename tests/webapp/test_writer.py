from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import gevent
import pytest

from collector import ingest
from collector.domain.filters import Filters
from collector.ingest import Context, Ingested
from collector.providers import plain as plain_bodies
from collector.providers.base import Batch
from collector.storage import builds
from collector.storage.database import Database, connect
from tests.webapp.harness import NOW, plain
from webapp import writer
from webapp.db import Failure, Lanes
from webapp.errors import Unavailable
from webapp.writer import Item, Recorder, record_together


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = connect(f"sqlite:///{tmp_path / 'ci.db'}")
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def lanes() -> Iterator[Lanes]:
    made = Lanes()
    yield made
    made.close()


def item(number: int) -> Item:
    body = plain(url=f"https://github.com/acme/web/actions/runs/{number}")
    return Item(Batch(words=(plain_bodies.parse("github", body, default_instance=None),)), Context(None), NOW)


def stored(database: Database) -> list[str]:
    with database.reading():
        return sorted(build["external_id"] for build in builds.latest(Filters(since=NOW - timedelta(days=9))))


def test_posts_that_wait_together_are_written_in_one_transaction(
    database: Database, lanes: Lanes, monkeypatch: pytest.MonkeyPatch
) -> None:
    transactions: list[int] = []
    real = writer.record_together

    def counted(into: Database, items: Any) -> Any:
        transactions.append(len(items))
        return real(into, items)

    monkeypatch.setattr(writer, "record_together", counted)
    commits: list[int] = []
    recorder = Recorder(lanes, database, lambda: commits.append(1))
    asking = [gevent.spawn(recorder.record, item(number)) for number in range(30)]
    gevent.joinall(asking, timeout=10)
    assert all(len(one.value.created) == 1 for one in asking)
    assert len(stored(database)) == 30
    assert sum(transactions) == 30
    assert len(transactions) < 30
    assert len(commits) == len(transactions)


def test_one_that_cannot_be_stored_fails_alone(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    real = ingest.record

    def second_fails(into: Database, batch: Batch, context: Context, now: Any) -> Ingested:
        done = real(into, batch, context, now)
        if "runs/2" in str(batch.words):
            raise ValueError("cannot be stored")
        return done

    monkeypatch.setattr(ingest, "record", second_fails)
    outcomes = record_together(database, [item(1), item(2), item(3)])
    assert [isinstance(outcome, Failure) for outcome in outcomes] == [False, True, False]
    assert stored(database) == ["1", "3"]


def test_what_fails_the_database_fails_them_all_and_stores_nothing(
    database: Database, lanes: Lanes, monkeypatch: pytest.MonkeyPatch
) -> None:
    from collector.storage.errors import Unavailable as Gone

    real = ingest.record

    def disk_full(into: Database, batch: Batch, context: Context, now: Any) -> Ingested:
        done = real(into, batch, context, now)
        if "runs/2" in str(batch.words):
            raise Gone("disk full")
        return done

    monkeypatch.setattr(ingest, "record", disk_full)
    with pytest.raises(Gone):
        record_together(database, [item(1), item(2), item(3)])
    assert stored(database) == []
    recorder = Recorder(lanes, database, lambda: None)
    with pytest.raises(Unavailable):
        recorder.record(item(2))
    assert len(recorder.record(item(4)).created) == 1
