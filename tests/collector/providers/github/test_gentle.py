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
        found.append(len(world.journal))
    return found


def test_an_unchanged_repo_costs_one_request_a_poll_and_the_other_lists_now_and_then() -> None:
    world, memory = GithubWorld(), FakeMemory()
    for number in range(1, 102):
        world.add(run(number), [job(number, number)])
    reader = world.reader()
    polled(world, memory, reader, 31)
    world.asked()
    for _ in range(50):
        world.poll(reader, memory)
    asked = world.asked()
    assert {status for path, status in asked if "created=" not in path} == {304}
    assert sum(path.endswith("/runs?per_page=100") for path, _ in asked) == 50
    assert 2 <= sum("status=in_progress" in path for path, _ in asked) <= 4
    assert sum("status=queued" in path for path, _ in asked) <= 1
    assert sum("created=" in path for path, _ in asked) <= 2, "the day's sweep"
    assert len(asked) <= 50 + 7 + 2 + 2


def test_repos_that_were_held_up_together_do_not_ask_in_step_ever_after() -> None:
    world, memory = GithubWorld(), FakeMemory()
    names = [f"acme/r{number}" for number in range(40)]
    for number, name in enumerate(names):
        world.repos[name] = repository(name, 100 + number)
    world.page_cap = 1
    for number, name in enumerate(names):
        for run_id in (1000 + number, 2000 + number):
            world.add(run(run_id, repository=repository(name, 100 + number)), [])
    reader = world.reader(repos=names)
    world.poll(reader, memory, later=timedelta(hours=3))
    world.poll(reader, memory, later=MINUTE)
    asked = []
    for _ in range(20):
        world.asked()
        world.poll(reader, memory)
        asked.append(sum("status=in_progress" in path for path, _ in world.asked()))
    assert sum(asked) == 40, "each once in twenty minutes"
    assert max(asked) <= 8, "and not all forty in one of them"


def test_a_repo_all_of_whose_runs_are_on_one_page_costs_nothing_but_that_page() -> None:
    world, memory = GithubWorld(), FakeMemory()
    world.add(run(), [job()])
    world.poll(world.reader(), memory)
    reader = world.reader()
    asked = [count for count in polled(world, memory, reader, 50) if count != 1]
    assert len(asked) <= 3, "the repo and its workflows once an hour, the day's sweep"
    again: Json = {"run_attempt": 2, "status": "in_progress", "conclusion": None, "updated_at": stamp(world.now)}
    world.add(run(**again), [job(901, run_attempt=2, status="in_progress", conclusion=None, completed_at=None)])
    polled(world, memory, reader, 1)
    assert memory.states[key(attempt=2)].jobs, "a run that is run again is seen at once"
    assert not [path for path, _ in world.asked() if "status=" in path]


def test_the_list_of_runs_in_progress_waits_for_a_moment_when_nothing_runs() -> None:
    world, memory = GithubWorld(), FakeMemory()
    for number in range(1, 102):
        world.add(run(number), [])
    reader = world.reader()
    world.poll(reader, memory)
    polled(world, memory, reader, 12)
    charged, lists = 0, 0
    for minute in range(60):
        going = minute % 6 < 4
        told: Json = {"status": "in_progress", "conclusion": None} if going else {}
        number = 200 + minute // 6
        at = {"created_at": stamp(world.now - MINUTE), "updated_at": stamp(world.now)}
        if minute % 6 in (0, 4):
            world.add(run(number, **told, **at), [])
        world.asked()
        world.poll(reader, memory)
        asked = [status for path, status in world.asked() if "status=in_progress" in path]
        lists += len(asked)
        charged += asked.count(200)
    assert (2 <= lists <= 6, charged) == (True, 0)


def test_a_hidden_build_that_waits_costs_an_unchanged_answer_a_poll_and_no_list() -> None:
    world, memory = GithubWorld(), FakeMemory()
    waits: Json = {"status": "waiting", "conclusion": None}
    world.add(run(1, created_at="2026-11-19T10:00:00Z", **waits), [])
    reader = world.reader()
    world.poll(reader, memory)
    for number in range(200, 301):
        world.add(run(number), [])
    polled(world, memory, reader, 15)
    before, asked = world.remaining, list[str]()
    for _ in range(15):
        world.asked()
        world.poll(reader, memory)
        asked += [path.partition("/runs")[2] for path, _ in world.asked()]
    assert (asked.count("?per_page=100"), asked.count("/1")) == (15, 15)
    assert sum("status=" in path for path in asked) <= 2
    assert world.remaining == before
    world.add(run(1, created_at="2026-11-19T10:00:00Z", updated_at=stamp(world.now)), [])
    world.poll(reader, memory)
    assert not memory.unfinished("github", "github.com")


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


GOING: Json = {"status": "in_progress", "conclusion": None}
RUNNING: Json = {**GOING, "completed_at": None}


def test_jobs_of_a_running_build_are_read_once_while_they_stay_as_they_are_and_once_when_it_is_over() -> None:
    world, memory = GithubWorld(), FakeMemory()
    reader = world.reader()
    world.poll(reader, memory)
    begun: Json = {"created_at": stamp(world.now), "run_started_at": stamp(world.now), "updated_at": stamp(world.now)}
    states: list[tuple[Json, Json, int]] = [
        ({**begun, "status": "queued", "conclusion": None}, {**RUNNING, "status": "queued"}, 1),
        ({**begun, **GOING}, RUNNING, 20),
        ({**begun, "updated_at": "2026-11-24T12:21:00Z"}, {}, 5),
    ]
    asked: list[tuple[str, int]] = []
    for told, of_job, minutes in states:
        world.add(run(**told), [job(**of_job)])
        for _ in range(minutes):
            world.poll(reader, memory)
            asked += world.asked()
    statuses = [status for path, status in asked if "/jobs" in path]
    assert (statuses.count(200), statuses.count(304)) == (2, 3)


def test_a_build_that_waits_for_a_minute_has_its_jobs_read_for_they_say_what_it_waits_for() -> None:
    world, memory = GithubWorld(), FakeMemory()
    reader = world.reader()
    world.poll(reader, memory)
    waits: Json = {"status": "queued", "conclusion": None}
    world.add(run(**waits), [job(**{**RUNNING, "status": "queued"}, labels=["gpu"])])
    polled(world, memory, reader, 1)
    assert memory.states[key()].jobs == {}
    polled(world, memory, reader, 1)
    assert [one.labels for one in job_rows(memory.states[key()])] == [("gpu",)]


def test_once_only_a_quarter_of_the_budget_is_left_jobs_are_read_when_their_build_is_over() -> None:
    world, memory = GithubWorld(), FakeMemory()
    reader = world.reader()
    world.poll(reader, memory)
    world.limit, world.remaining = 100, 26
    world.add(run(**GOING, updated_at=stamp(world.now)), [job(**RUNNING)])
    polled(world, memory, reader, 12)
    assert memory.states[key()].jobs == {}
    world.add(run(updated_at=stamp(world.now)), [job()])
    polled(world, memory, reader, 1)
    assert [one.status for one in job_rows(memory.states[key()])] == [Status.SUCCESS]


def test_jobs_of_running_builds_are_left_out_while_polls_need_all_that_is_left_and_the_sweep_is_not() -> None:
    world, memory = GithubWorld(), FakeMemory()
    reader = world.reader()
    world.poll(reader, memory)
    world.limit = 400
    for number in range(1, 16):
        at = {"created_at": stamp(world.now), "run_started_at": stamp(world.now), "updated_at": stamp(world.now)}
        for run_id in range(number * 100, number * 100 + 10):
            world.add(run(run_id, **at), [job(run_id, run_id)])
        world.remaining = 400
        polled(world, memory, reader, 1)
    assert all(state.jobs for state in memory.states.values())
    world.remaining = 274
    world.add(
        run(9000, **GOING, created_at=stamp(world.now), updated_at=stamp(world.now)), [job(9000, 9000, **RUNNING)]
    )
    polled(world, memory, reader, 1)
    assert memory.states[key(9000)].jobs == {}
    swept = memory.marks["swept:acme/web"]
    world.now += timedelta(days=1)
    world.remaining = 274
    polled(world, memory, reader, 1)
    assert memory.marks["swept:acme/web"] > swept
    assert len(memory.states[key(9000)].jobs) == 1, "and there is plenty again"


def test_a_budget_that_does_not_last_puts_off_jobs_of_builds_that_succeeded_and_reads_them_in_the_next_hour() -> None:
    world, memory = GithubWorld(), FakeMemory()
    reader = world.reader()
    world.poll(reader, memory)
    world.limit, world.remaining = 1000, 150
    polled(world, memory, reader, 1)
    for number in range(1, 31):
        at = {"created_at": stamp(world.now), "run_started_at": stamp(world.now), "updated_at": stamp(world.now)}
        end = "failure" if number == 30 else "success"
        world.add(run(number, conclusion=end, **at), [job(number, number, conclusion=end)])
        polled(world, memory, reader, 1)
    told = [number for number in range(1, 31) if key(number) in memory.states]
    read = [number for number in told if memory.states[key(number)].jobs]
    assert len(told) >= 20, "builds are told, if not each minute"
    assert 0 < len(read) < len(told)
    assert world.remaining >= 100, "the reserve"
    world.remaining = 1000
    polled(world, memory, reader, 20)
    assert all(memory.states[key(number)].jobs for number in range(1, 31))


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
