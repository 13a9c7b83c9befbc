"""One collector acts: leases on a real database, with a clock that the test moves."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from collector import leadership
from collector.leadership import Leadership
from collector.stopping import Stop
from collector.storage import leases
from collector.storage.database import Database, connect


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = connect(f"sqlite:///{tmp_path}/leases.db")
    database.migrate()
    yield database
    database.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leadership, "TRY_SECONDS", 0.01)


def holder(database: Database) -> str:
    with database.reading():
        held = leases.holder(leases.COLLECTOR)
    assert held is not None
    return held.owner


class Renewing(Stop):
    """While the second one waits, the first renews its lease."""

    def __init__(self, first: Leadership, clock: Clock, *, rounds: int) -> None:
        super().__init__()
        self.first, self.clock, self.rounds = first, clock, rounds

    def wait(self, seconds: float = float("inf")) -> bool:
        self.clock.now += timedelta(seconds=3)
        if self.rounds:
            self.rounds -= 1
            self.first.keep(Stop())
        return self.told


def test_a_free_lease_is_taken_at_once(database: Database, clock: Clock) -> None:
    assert Leadership(database, "one", clock).acquire(Stop(), wait=False)
    assert holder(database) == "one"


def test_a_second_collector_leaves_and_names_the_owner_that_lives(database: Database, clock: Clock) -> None:
    first = Leadership(database, "cihealth run on build-7, process 4711", clock)
    assert first.acquire(Stop(), wait=False)
    second = Leadership(database, "two", clock)
    with capture_logs() as lines:
        assert not second.acquire(Renewing(first, clock, rounds=1), wait=False)
    assert [line["owner"] for line in lines] == ["cihealth run on build-7, process 4711"]


def test_a_dead_owner_is_followed_when_its_lease_has_run_out(database: Database, clock: Clock) -> None:
    first = Leadership(database, "dead", clock)
    assert first.acquire(Stop(), wait=False)
    began_at = clock.now
    assert Leadership(database, "two", clock).acquire(Renewing(first, clock, rounds=0), wait=False)
    assert holder(database) == "two"
    assert clock.now - began_at >= leadership.TTL


def test_one_that_waits_follows_when_the_owner_gives_up(database: Database, clock: Clock) -> None:
    first = Leadership(database, "one", clock)
    assert first.acquire(Stop(), wait=False)
    assert Leadership(database, "two", clock).acquire(Renewing(first, clock, rounds=20), wait=True)
    assert holder(database) == "two"


def test_a_released_lease_is_taken_at_once_and_its_own_owner_takes_it_again_at_once(
    database: Database, clock: Clock
) -> None:
    first, second = Leadership(database, "one", clock), Leadership(database, "two", clock)
    assert first.acquire(Stop(), wait=False)
    assert Leadership(database, "one", clock).acquire(Stop(), wait=False), "as after a restart by the same supervisor"
    first.release()
    assert second.acquire(Stop(), wait=False)


def test_a_lost_lease_ends_the_collector_with_one(database: Database, clock: Clock) -> None:
    first, stop = Leadership(database, "one", clock), Stop()
    assert first.acquire(stop, wait=False)
    clock.now += leadership.TTL * 2
    assert Leadership(database, "two", clock).acquire(Stop(), wait=False)
    first.keep(stop)
    assert stop.told
    assert stop.exit_code == 1


def test_one_that_is_told_to_stop_while_it_waits_does_not_act(database: Database, clock: Clock) -> None:
    assert Leadership(database, "one", clock).acquire(Stop(), wait=False)
    stop = Stop()
    threading.Timer(0.05, stop.tell).start()
    assert not Leadership(database, "two", clock).acquire(stop, wait=True)
    assert stop.exit_code == 0
