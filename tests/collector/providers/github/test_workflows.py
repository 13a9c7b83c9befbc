"""Workflows by their id: what a run calls itself, what is disabled, what is gone; and which repos are watched."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from collector.domain.model import RunWord, WorkflowWord
from tests.collector.providers.github.memory import FakeMemory
from tests.collector.providers.github.objects import Json, repository, run, workflow
from tests.collector.providers.github.world import GithubWorld

HOUR = timedelta(minutes=61)


@pytest.fixture
def world() -> GithubWorld:
    return GithubWorld()


@pytest.fixture
def memory() -> FakeMemory:
    return FakeMemory()


def runs_of(memory: FakeMemory) -> set[str]:
    return {word.key.external_id for word in memory.words if isinstance(word, RunWord)}


def called(run_id: int, name: str, workflow_id: int) -> Json:
    """A run whose ``run-name:`` says something of its own, in a file that says nothing."""
    return run(run_id, name=name, workflow_id=workflow_id, path=f".github/workflows/{workflow_id}.yml")


def test_globs_on_the_name_mean_the_workflows_and_not_what_its_runs_call_themselves(
    world: GithubWorld, memory: FakeMemory
) -> None:
    world.workflows = [
        workflow(55, name="Deploy", path=".github/workflows/55.yml"),
        workflow(66, name="Lint", path=".github/workflows/66.yml"),
    ]
    world.add(called(100, "Ship 4.2 to production by @ann", 55), [])
    world.add(called(101, "Deploy nothing", 66), [])
    world.poll(world.reader(workflows=["Deploy*"]), memory)
    assert runs_of(memory) == {"100"}
    world.add(called(102, "Ship 4.3", 55), [])
    world.poll(world.reader(workflows=["Deploy*"]), memory)
    assert runs_of(memory) == {"100", "102"}, "after a restart the names are still known"


def test_a_run_of_a_workflow_that_is_not_known_is_chosen_by_its_own_words(
    world: GithubWorld, memory: FakeMemory
) -> None:
    world.faults["/actions/workflows"] = lambda request: httpx.Response(403, json={"message": "Forbidden"})
    world.add(called(100, "Deploy", 55), [])
    world.add(called(101, "Ship", 66), [])
    world.poll(world.reader(workflows=["Deploy"]), memory)
    assert runs_of(memory) == {"100"}


def states(memory: FakeMemory) -> list[tuple[str, str | None]]:
    words = [word for word in memory.words if isinstance(word, WorkflowWord)]
    return [(word.external_id, word.state) for word in sorted(words, key=lambda word: word.updated_at or world_begin)]


world_begin = GithubWorld().now - timedelta(days=9999)


def test_a_workflow_is_disabled_enabled_deleted_and_back_though_its_own_time_says_nothing(
    world: GithubWorld, memory: FakeMemory
) -> None:
    reader = world.reader()
    for state in ("active", "disabled_manually", "active", None, "active"):
        world.workflows = [workflow(66, name="Lint"), *([workflow(55, state=state)] if state else [])]
        world.poll(reader, memory, later=HOUR)
    told = [state for name, state in states(memory) if name == "55"]
    assert told == ["active", "disabled_manually", "active", "deleted", "active"]
    assert {state for name, state in states(memory) if name == "66"} == {"active"}


def test_a_list_with_a_workflow_that_makes_no_sense_deletes_nothing(world: GithubWorld, memory: FakeMemory) -> None:
    world.workflows = [workflow(55), workflow(66)]
    reader = world.reader()
    world.poll(reader, memory, later=HOUR)
    world.workflows = [workflow(55), workflow(66, id="x")]
    world.poll(reader, memory, later=HOUR)
    assert {state for _, state in states(memory)} == {"active"}


def test_workflows_that_the_source_leaves_out_are_not_told_when_they_go(world: GithubWorld, memory: FakeMemory) -> None:
    world.workflows = [workflow(55), workflow(66, name="Lint", path=".github/workflows/lint.yml")]
    reader = world.reader(workflows=["CI"])
    world.poll(reader, memory, later=HOUR)
    world.workflows = []
    world.poll(reader, memory, later=HOUR)
    assert states(memory) == [("55", "active"), ("55", "deleted")]


def watched(memory: FakeMemory) -> set[str]:
    return {key.rsplit("|", 1)[1] for key in memory.watched if key.count("|") == 2}


def test_a_repo_that_the_config_names_no_more_is_left_and_one_that_it_names_anew_joins(
    world: GithubWorld, memory: FakeMemory
) -> None:
    world.repos |= {name: repository(name, number) for number, name in ((8, "acme/api"), (9, "acme/new"))}
    world.poll(world.reader(repos=["acme/web", "acme/api"]), memory)
    assert (watched(memory), memory.left) == ({"acme/web", "acme/api"}, {})
    world.poll(world.reader(repos=["acme/web", "acme/new"]), memory)
    assert watched(memory) == {"acme/web", "acme/new"}
    assert memory.left == {"github|github.com|acme/api": "unwatched"}
    world.poll(world.reader(repos=[]), memory)
    assert watched(memory) == {"acme/web", "acme/new"}, "a source without repos takes what is pushed"


def test_a_renamed_repo_is_watched_under_its_new_name(world: GithubWorld, memory: FakeMemory) -> None:
    def moved(request: httpx.Request) -> httpx.Response:
        path = str(request.url).replace("/repos/acme/old", "/repositories/7")
        return httpx.Response(301, headers={"Location": path})

    world.faults["/repos/acme/old"] = moved
    world.add(run(), [])
    reader = world.reader(repos=["acme/old"])
    for _ in range(2):
        world.poll(reader, memory)
    assert watched(memory) == {"acme/web"}
    world.poll(world.reader(repos=["acme/old"]), memory)
    world.poll(world.reader(repos=["acme/old", "acme/web"]), memory)
    assert watched(memory) == {"acme/web"}


def workflows_of(memory: FakeMemory) -> set[str]:
    return {key.rsplit("|", 1)[1] for key in memory.watched if key.count("|") == 3}


def test_a_workflow_that_the_config_leaves_out_now_is_left_and_its_repo_is_not(
    world: GithubWorld, memory: FakeMemory
) -> None:
    world.workflows = [workflow(55, name="Deploy"), workflow(66, name="Lint")]
    reader = world.reader()
    for _ in range(2):
        world.poll(reader, memory)
    assert workflows_of(memory) == {"55", "66"}
    world.poll(world.reader(workflows=["Deploy"]), memory)
    assert (watched(memory), workflows_of(memory)) == ({"acme/web"}, {"55"})
    assert memory.left == {"github|github.com|acme/web|66": "unwatched"}
    world.poll(world.reader(workflows=["*"]), memory)
    assert workflows_of(memory) == {"55", "66"}


def test_a_workflow_that_is_gone_or_not_known_yet_is_not_left(world: GithubWorld, memory: FakeMemory) -> None:
    world.workflows = [workflow(55, name="Deploy"), workflow(66, name="Lint")]
    reader = world.reader()
    for _ in range(2):
        world.poll(reader, memory)
    world.workflows = [workflow(55, name="Deploy")]
    for _ in range(2):
        world.poll(reader, memory, later=HOUR)
    memory.marks = {name: text for name, text in memory.marks.items() if not name.startswith("workflows")}
    world.poll(world.reader(workflows=["Deploy"]), memory)
    assert (workflows_of(memory), memory.left) == ({"55", "66"}, {})
