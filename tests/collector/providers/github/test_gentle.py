"""What polls cost: one request for a repo that did not change, fewer where webhooks arrive; what waits is known."""

from __future__ import annotations

import json
from datetime import timedelta

from collector.domain.model import Status
from collector.domain.projection import job_rows
from collector.domain.times import to_api
from collector.providers.base import PLAN_MARK, SourceReader
from collector.providers.github.webhook import parse
from tests.collector.providers.github.memory import FakeMemory
from tests.collector.providers.github.objects import Json, job, repository, run
from tests.collector.providers.github.test_client import key, stamp
from tests.collector.providers.github.world import GithubWorld

MINUTE = timedelta(minutes=1)


def polled(world: GithubWorld, memory: FakeMemory, reader: SourceReader, minutes: int) -> list[int]:
    """How many requests each of so many polls, a minute apart, made."""
    found = []
    for _ in range(minutes):
        world.asked()
        world.poll(reader, memory)
        found.append(len(world.asked()))
    return found


def test_an_unchanged_repo_costs_one_request_a_poll_and_the_other_lists_now_and_then() -> None:
    world, memory = GithubWorld(), FakeMemory()
    world.add(run(), [job()])
    reader = world.reader()
    world.poll(reader, memory)
    world.asked()
    for _ in range(50):
        world.poll(reader, memory)
    asked = world.asked()
    assert {status for path, status in asked if "created=" not in path} == {304}
    assert sum(path.endswith("/runs?per_page=100") for path, _ in asked) == 50
    assert sum("status=in_progress" in path for path, _ in asked) == 5
    assert 1 <= sum("status=queued" in path for path, _ in asked) <= 2
    assert sum("created=" in path for path, _ in asked) <= 1, "the day's sweep"
    assert len(asked) <= 50 + 7 + 1 + 2


def test_jobs_of_a_build_that_goes_on_are_looked_at_though_its_run_says_nothing_new() -> None:
    world, memory = GithubWorld(), FakeMemory()
    going: Json = {"status": "in_progress", "conclusion": None, "updated_at": stamp(world.now)}
    waits: Json = {"status": "queued", "conclusion": None, "completed_at": None, "runner_name": None}
    world.add(run(**going), [job(901, **waits, labels=["self-hosted", "gpu"])])
    reader = world.reader()
    world.poll(reader, memory)
    (waiting,) = job_rows(memory.states[key()])
    assert (waiting.status, waiting.labels, waiting.runner) == (Status.QUEUED, ("self-hosted", "gpu"), None)
    world.jobs[100, 1] = [job(901, status="in_progress", conclusion=None, completed_at=None, runner_name="gpu-1")]
    polled(world, memory, reader, 6)
    (begun,) = job_rows(memory.states[key()])
    assert (begun.status, begun.runner) == (Status.IN_PROGRESS, "gpu-1")
    charged = world.remaining
    polled(world, memory, reader, 12)
    assert world.remaining == charged


def test_once_half_of_the_budget_is_gone_jobs_are_read_when_their_build_is_over() -> None:
    world, memory = GithubWorld(), FakeMemory()
    reader = world.reader()
    world.poll(reader, memory)
    world.limit, world.remaining = 100, 48
    going: Json = {"status": "in_progress", "conclusion": None, "updated_at": stamp(world.now)}
    world.add(run(**going), [job(status="in_progress", conclusion=None, completed_at=None)])
    polled(world, memory, reader, 12)
    assert memory.states[key()].jobs == {}
    world.add(run(updated_at=stamp(world.now)), [job()])
    polled(world, memory, reader, 1)
    assert [one.status for one in job_rows(memory.states[key()])] == [Status.SUCCESS]


def push(world: GithubWorld, memory: FakeMemory, told: Json) -> None:
    """A webhook arrives, and the web process notes that it did."""
    words = parse("workflow_run", {"action": told["status"], "workflow_run": told, "repository": told["repository"]})
    assert isinstance(words, tuple)
    for word in words:
        memory.take_word(word)
    memory.marks["pushed:acme/web"] = to_api(world.now)


def test_a_repo_whose_webhooks_arrive_is_polled_every_five_minutes() -> None:
    world, memory = GithubWorld(), FakeMemory()
    reader = world.reader()
    world.poll(reader, memory)
    push(world, memory, run(status="in_progress", conclusion=None, updated_at=stamp(world.now)))
    asked = polled(world, memory, reader, 20)
    assert sum(1 for requests in asked if requests) == 4
    assert all(requests == 0 for requests in asked[:4])


def test_a_webhook_that_was_lost_makes_polls_of_its_repo_as_frequent_as_before() -> None:
    world, memory = GithubWorld(), FakeMemory()
    reader = world.reader()
    world.poll(reader, memory)
    push(world, memory, run(1))
    world.add(run(1), [])
    world.add(run(2, created_at=stamp(world.now), run_started_at=stamp(world.now)), [])
    asked = polled(world, memory, reader, 30)
    first = next(number for number, requests in enumerate(asked) if requests)
    assert first == 4, "found by the rare poll"
    assert all(asked[first:]), "then each minute again"


def test_news_that_webhooks_told_first_do_not_count_as_lost() -> None:
    world, memory = GithubWorld(), FakeMemory()
    reader = world.reader()
    world.poll(reader, memory)
    for number in range(1, 30):
        told = run(number, created_at=stamp(world.now), run_started_at=stamp(world.now))
        world.add(told, [job(number, number)])
        push(world, memory, told)
        polled(world, memory, reader, 1)
    asked = polled(world, memory, reader, 20)
    assert sum(1 for requests in asked if requests) <= 5
    assert all(memory.states[key(number)].jobs for number in range(1, 25)), "and their jobs are read"


def test_the_plan_is_told_once_and_again_when_it_changes() -> None:
    world, memory = GithubWorld(), FakeMemory()
    world.repos["acme/api"] = repository("acme/api", 8)
    reader = world.reader(repos=["acme/web", "acme/api"])
    world.poll(reader, memory)
    assert json.loads(memory.marks[PLAN_MARK]) == {"now": 140, "worst": 500}
    told = len(memory.batches)
    world.poll(reader, memory)
    assert all(PLAN_MARK not in batch.marks for batch in memory.batches[told:])
    push(world, memory, run())
    world.poll(reader, memory)
    assert json.loads(memory.marks[PLAN_MARK]) == {"now": 140 - 48, "worst": 500}


def test_an_enterprise_that_tells_no_budget_is_read_all_the_same() -> None:
    world, memory = GithubWorld(), FakeMemory()
    world.tells_limits = False
    world.add(run(), [job()])
    reader = world.reader()
    world.poll(reader, memory)
    world.poll(reader, memory)
    assert len(memory.states) == 1
    assert reader.budget() is None
    assert not [path for path, _ in world.asked() if "rate_limit" in path]
