"""Further back than polls go: whole, from where it was left, and never at the cost of news."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

import httpx
import pytest

from collector.domain.errors import SourceError, Waiting
from collector.domain.model import Status
from collector.domain.projection import project
from collector.providers.base import Backfills
from tests.collector.providers.github.memory import FakeMemory
from tests.collector.providers.github.objects import Json, job, repository, run
from tests.collector.providers.github.test_client import key, stamp
from tests.collector.providers.github.world import NOW, GithubWorld

SINCE = NOW - timedelta(days=90)


def past(number: int, **more: object) -> Json:
    created = stamp(NOW - timedelta(days=20, minutes=number))
    return run(number, **{"created_at": created, "run_started_at": created, "updated_at": created, **more})


@pytest.fixture
def world() -> GithubWorld:
    """Thirty old runs in each of two repos, ten a page; the seventh of one failed and was run again."""
    world = GithubWorld()
    world.page_cap = 10
    world.repos["acme/api"] = repository("acme/api", 8)
    for number in range(1, 31):
        world.add(past(number), [job(number, number)])
        world.add(past(number + 100, repository=repository("acme/api", 8)), [job(number + 100, number + 100)])
    world.add(past(7, conclusion="failure"), [job(7, 7, conclusion="failure")])
    world.add(past(7, run_attempt=2, run_started_at=stamp(NOW - timedelta(days=19))), [job(907, 7, run_attempt=2)])
    return world


def reader_of(world: GithubWorld) -> Backfills:
    return cast(Backfills, world.reader(repos=["acme/web", "acme/api"]))


def backfilled(world: GithubWorld, memory: FakeMemory, reader: Backfills | None = None) -> Backfills:
    reader = reader or reader_of(world)
    memory.take(reader.backfill(memory, SINCE, world.now))
    return reader


def test_runs_attempts_and_jobs_come_whole_without_logs(world: GithubWorld) -> None:
    memory = FakeMemory()
    reader = backfilled(world, memory)
    assert len(memory.states) == 61
    assert all(state.jobs for state in memory.states.values())
    assert project(memory.states[key(7)]).status is Status.FAILURE
    asked = world.asked()
    assert not [path for path, _ in asked if path.endswith("/logs")]
    assert len(asked) == 2 * (3 + 3) + 61 + 1, "lists twice, jobs of each attempt, the earlier attempt itself"
    assert (reader.counts.repos, reader.counts.done, reader.counts.runs) == (2, 2, 60)
    assert (reader.counts.runs_left, reader.counts.requests) == (0, len(asked))


@pytest.mark.parametrize("batches", [1, 2, 5, 9, 30, 70, 100])
def test_killed_at_any_batch_it_goes_on_without_asking_for_jobs_again(world: GithubWorld, batches: int) -> None:
    memory = FakeMemory()
    for number, batch in enumerate(reader_of(world).backfill(memory, SINCE, world.now), start=1):
        memory.store(batch)
        if number == batches:
            break
    world.now += timedelta(hours=1)
    backfilled(world, memory)
    assert len(memory.states) == 61
    jobs = [path for path, _ in world.asked() if path.split("?")[0].endswith("/jobs")]
    assert len(jobs) <= 61 + 1, "the one whose answer was on its way"


def test_what_is_through_is_not_read_again_by_the_same_backfill_but_by_the_next(world: GithubWorld) -> None:
    memory = FakeMemory()
    world.faults["acme/api/actions/runs"] = lambda request: httpx.Response(400, json={"message": "odd"})
    backfilled(world, memory)
    assert [one.target for one in memory.troubles] == ["acme/api"]
    world.faults.clear()
    world.asked()
    backfilled(world, memory)
    assert not [path for path, _ in world.asked() if "acme/web" in path or "/repositories/7/" in path]
    assert len(memory.states) == 61
    world.now += timedelta(minutes=1)
    backfilled(world, memory)
    assert [path for path, _ in world.asked() if "acme/web" in path]


def test_it_leaves_half_of_the_hour_to_news_and_goes_on_after_it(world: GithubWorld) -> None:
    memory, reader = FakeMemory(), reader_of(world)
    world.limit, world.remaining = 100, 80
    with pytest.raises(Waiting) as caught:
        backfilled(world, memory, reader)
    assert 47 <= world.remaining <= 50, "a run that was begun is read whole"
    assert caught.value.until == world.now + timedelta(seconds=1800)
    world.remaining, world.now = 100, world.now + timedelta(seconds=1801)
    backfilled(world, memory, reader)
    assert len(memory.states) == 61
    assert all(state.jobs for state in memory.states.values())


def test_a_source_that_refuses_is_said_to_and_loses_nothing(world: GithubWorld) -> None:
    memory = FakeMemory()
    world.faults["."] = lambda request: httpx.Response(401, json={"message": "Bad credentials"})
    with pytest.raises(SourceError, match="Bad credentials"):
        backfilled(world, memory)
    world.faults.clear()
    backfilled(world, memory)
    assert len(memory.states) == 61


def test_it_is_no_concern_of_the_polls_until_both_are_through(world: GithubWorld) -> None:
    memory, reader = FakeMemory(), reader_of(world)
    world.poll(world.reader(repos=["acme/web", "acme/api"]), memory)
    assert memory.states == {}, "all of it is older than what polls read"
    assert memory.marks["backfilled:acme/web"] == "2026-11-10T12:00:00Z"
    backfilled(world, memory, reader)
    assert memory.marks["backfilled:acme/web"] == "2026-08-26T12:00:00Z"
    world.asked()
    world.poll(world.reader(repos=["acme/web", "acme/api"]), memory)
    assert {status for path, status in world.asked() if "created=" not in path} == {304}


def test_more_than_was_asked_for_before_begins_anew(world: GithubWorld) -> None:
    memory = FakeMemory()
    for batch in reader_of(world).backfill(memory, NOW - timedelta(days=30), world.now):
        memory.store(batch)
        if batch.words:
            break
    far = stamp(NOW - timedelta(days=60))
    world.add(run(999, created_at=far, run_started_at=far, updated_at=far), [])
    backfilled(world, memory)
    assert key(999) in memory.states


def test_the_earlier_attempts_of_a_run_that_goes_on_again_are_read_with_history() -> None:
    world, memory = GithubWorld(), FakeMemory()
    world.add(run(conclusion="failure"), [job(conclusion="failure")])
    world.add(run(run_attempt=2, status="in_progress", conclusion=None, updated_at="2026-11-20T10:08:00Z"), [])
    for _ in range(2):
        world.poll(world.reader(), memory)
    assert {key.attempt: project(state).status for key, state in memory.states.items()} == {
        1: Status.FAILURE,
        2: Status.IN_PROGRESS,
    }
