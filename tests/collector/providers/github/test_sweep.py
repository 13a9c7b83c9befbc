"""Runs that were run again while nobody looked are found within a day, and cost a request for a hundred runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from collector.domain.model import Status
from collector.domain.projection import project
from collector.providers.base import SourceReader
from tests.collector.providers.github.memory import FakeMemory
from tests.collector.providers.github.objects import Json, job, run
from tests.collector.providers.github.test_client import key, stamp
from tests.collector.providers.github.world import NOW, GithubWorld

DAY = timedelta(days=1)
OLD = NOW - timedelta(days=6)


def old(number: int, **more: object) -> Json:
    created = stamp(OLD + timedelta(minutes=number))
    return run(number, **{"created_at": created, "run_started_at": created, "updated_at": created, **more})


@pytest.fixture
def world() -> GithubWorld:
    """Thirty runs of last week, ten a page, all read."""
    world = GithubWorld()
    world.page_cap = 10
    for number in range(1, 31):
        world.add(old(number), [job(number, number)])
    return world


@pytest.fixture
def memory() -> FakeMemory:
    return FakeMemory()


@pytest.fixture
def reader(world: GithubWorld, memory: FakeMemory) -> Iterator[SourceReader]:
    reader = world.reader()
    world.poll(reader, memory)
    yield reader
    reader.close()


def run_again(world: GithubWorld, number: int, conclusion: str = "success") -> None:
    """Between two polls, and over before the next: no list shows it as unfinished."""
    again = stamp(world.now - timedelta(seconds=50))
    world.add(
        old(number, run_attempt=2, run_started_at=again, updated_at=again, conclusion=conclusion),
        [job(1000 + number, number, run_attempt=2)],
    )


def created_lists(world: GithubWorld) -> list[str]:
    return [path for path, _ in world.asked() if "created=" in path]


def test_a_short_rerun_of_an_old_run_is_found_by_the_next_days_sweep(
    world: GithubWorld, memory: FakeMemory, reader: SourceReader
) -> None:
    run_again(world, 3, "failure")
    world.poll(reader, memory)
    assert key(3, 2) not in memory.states
    world.now += DAY
    world.poll(reader, memory)
    assert project(memory.states[key(3, 2)]).status is Status.FAILURE
    assert [one.job_id for one in memory.states[key(3, 2)].jobs.values()] == ["1003"]
    assert project(memory.states[key(3)]).status is Status.SUCCESS


def test_a_sweep_is_made_once_a_day_and_asks_for_nothing_but_lists_while_nothing_changed(
    world: GithubWorld, memory: FakeMemory, reader: SourceReader
) -> None:
    world.asked()
    world.now += DAY
    world.poll(reader, memory)
    asked = world.asked()
    assert sum("created=" in path for path, _ in asked) == 3
    assert [path for path, status in asked if "/jobs" in path] == []
    for _ in range(5):
        world.poll(reader, memory, later=timedelta(hours=4))
    assert len(created_lists(world)) <= 3, "the next one, if its time came"


def test_a_sweep_goes_on_where_a_restart_left_it(world: GithubWorld, memory: FakeMemory, reader: SourceReader) -> None:
    run_again(world, 2)
    run_again(world, 29)
    world.now += DAY
    seen = []
    for batch in reader.poll(memory, world.now):
        memory.store(batch)
        seen.append(batch)
        if key(29, 2) in memory.states and memory.marks.get("sweeping:acme/web", "").endswith("Z"):
            break
    assert key(2, 2) not in memory.states
    world.asked()
    world.poll(world.reader(), memory)
    assert project(memory.states[key(2, 2)]).status is Status.SUCCESS
    assert memory.marks["sweeping:acme/web"] == ""


def test_a_sweep_leaves_half_of_the_budget_to_news_and_ends_later(
    world: GithubWorld, memory: FakeMemory, reader: SourceReader
) -> None:
    run_again(world, 2)
    world.now += DAY
    world.limit, world.remaining = 100, 50
    world.poll(reader, memory)
    assert key(2, 2) not in memory.states
    world.remaining = 100
    world.poll(reader, memory)
    assert key(2, 2) in memory.states


def test_a_sweep_does_not_take_in_what_is_older_than_the_backfill(
    world: GithubWorld, memory: FakeMemory, reader: SourceReader
) -> None:
    past = stamp(NOW - timedelta(days=20))
    world.add(run(500, created_at=past, run_started_at=past, updated_at=past), [])
    again = stamp(world.now)
    world.add(run(501, created_at=past, run_started_at=again, updated_at=again, run_attempt=2), [])
    world.now += DAY
    world.poll(reader, memory)
    assert key(500) not in memory.states
    assert key(501, 2) in memory.states, "it was run again within the backfill"
