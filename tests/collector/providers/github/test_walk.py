"""A window's runs are seen whole: past the cap of a list, while runs appear and disappear, and honestly when not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from collector.domain.errors import BadAnswer
from tests.collector.providers.github.memory import FakeMemory
from tests.collector.providers.github.objects import Json, job, run
from tests.collector.providers.github.test_client import stamp
from tests.collector.providers.github.world import NOW, GithubWorld


def at_second(number: int, second: int, **more: object) -> Json:
    created = stamp(NOW - timedelta(hours=2) + timedelta(seconds=second))
    return run(number, **{"created_at": created, "run_started_at": created, "updated_at": created, **more})


def filled(seconds: Sequence[int], page_cap: int = 100) -> GithubWorld:
    """A world with a run for each second given, without jobs."""
    world = GithubWorld()
    world.page_cap = page_cap
    for number, second in enumerate(seconds, start=1):
        world.add(at_second(number, second), [])
    return world


def ids(memory: FakeMemory) -> set[int]:
    return {int(key.external_id) for key in memory.states}


def lists_asked(world: GithubWorld) -> int:
    return sum("created=" in path for path, _ in world.asked())


def test_three_times_what_a_list_shows_costs_a_request_a_page_and_little_more() -> None:
    world, memory = filled([number // 3 for number in range(660)], page_cap=20), FakeMemory()
    world.remaining = 2_550  # enough for the lists, not for jobs
    world.poll(world.reader(), memory)
    assert len(ids(memory)) == 660
    assert lists_asked(world) <= 1.1 * 33 + 2, "the walk to the jobs begins, and stops at the budget's half"


def test_a_run_that_is_deleted_while_its_list_is_paged_takes_no_other_with_it() -> None:
    world, memory = filled(range(60), page_cap=10), FakeMemory()
    gone: list[object] = []

    def deletes(path: str) -> None:
        if "created=" in path and "page=3" in path and not gone:
            gone.append(world.runs.pop(59))

    world.before = deletes
    world.poll(world.reader(), memory)
    assert gone
    assert ids(memory) == set(range(1, 61))


def test_runs_that_appear_while_their_list_is_paged_do_no_harm_and_are_found_by_the_next_poll() -> None:
    world, memory = filled(range(60), page_cap=10), FakeMemory()

    def appears(path: str) -> None:
        if "created=" in path and "&page=" in path:
            number = 1_000 + len(world.runs)
            world.add(at_second(number, 7_000 + len(world.runs)), [])

    world.before = appears
    reader = world.reader()
    world.poll(reader, memory)
    assert set(range(1, 61)) <= ids(memory)
    world.before = lambda path: None
    world.poll(reader, memory)
    assert ids(memory) == set(world.runs)


def test_a_second_with_more_runs_than_a_list_shows_is_said_to_be_one_and_what_is_older_is_read() -> None:
    world, memory = filled([100] * 1_100 + [50] * 5), FakeMemory()
    world.remaining = 2_540  # enough for the lists, not for jobs
    world.poll(world.reader(), memory)
    (trouble,) = memory.troubles
    assert isinstance(trouble.error, BadAnswer)
    assert "more than 1000 runs created at 2026-11-24T10:01:40Z" in str(trouble.error)
    assert set(range(1_101, 1_106)) <= ids(memory)
    assert len(ids(memory)) == 1_005


@pytest.mark.parametrize("attempts", [2, 3])
def test_pages_that_hold_nothing_but_reruns_are_walked_past(attempts: int) -> None:
    world, memory = GithubWorld(), FakeMemory()
    world.page_cap = 5
    for number in range(1, 81):
        again = {"run_attempt": attempts, "run_started_at": stamp(NOW - timedelta(minutes=5))}
        world.add(at_second(number, number, **again), [])
    world.poll(world.reader(), memory)
    assert ids(memory) == set(range(1, 81))


def test_a_count_that_promises_more_than_there_is_ends_soon() -> None:
    world, memory = filled(range(5)), FakeMemory()
    world.extra = 400
    world.poll(world.reader(), memory)
    assert ids(memory) == set(range(1, 6))
    assert lists_asked(world) < 20


def test_what_the_lists_miss_webhooks_may_have_told_and_the_other_way_round() -> None:
    """Webhooks told of a whole page while the collector was away; what they lost before that is still found."""
    world, memory = filled([0], page_cap=10), FakeMemory()
    reader = world.reader()
    world.poll(reader, memory)
    for number in range(2, 42):
        world.add(at_second(number, number), [job(number, number)])
    told = FakeMemory()
    told.take(world.reader().poll(told, NOW))
    for key, state in told.states.items():
        if int(key.external_id) > 30:
            memory.states[key] = state
    world.poll(reader, memory)
    assert ids(memory) == set(range(1, 42))
