"""Answers as GitHub really cuts them: jobs over several pages, lists that shift while they are read, no ETags."""

from __future__ import annotations

import httpx
import pytest

from collector.domain.model import BuildKey, RunWord
from collector.domain.projection import job_rows, project
from tests.collector.providers.github.memory import FakeMemory
from tests.collector.providers.github.objects import API, Json, job, run
from tests.collector.providers.github.world import GithubWorld

KEY = BuildKey("github", "github.com", "acme/web", "100", 1)


@pytest.fixture
def world() -> GithubWorld:
    return GithubWorld()


@pytest.fixture
def memory() -> FakeMemory:
    return FakeMemory()


def page(name: str, items: list[Json], following: str | None = None) -> httpx.Response:
    headers = {"Link": f'<{following}>; rel="next"'} if following else {}
    return httpx.Response(200, json={"total_count": 30, name: items}, headers=headers)


def test_the_jobs_of_a_run_are_read_from_all_pages(world: GithubWorld, memory: FakeMemory) -> None:
    """The last job to end is on the last page: without it the run would be too short."""
    following = f"{API}/repositories/7/actions/runs/100/attempts/1/jobs?page=2"
    last = job(901, completed_at="2026-11-20T10:04:59Z")
    world.add(run(), [])
    world.faults["/repositories/7/.*jobs"] = lambda request: page("jobs", [last])
    world.faults["/repos/.*/attempts/1/jobs"] = lambda request: page("jobs", [job(900)], following)
    world.poll(world.reader(), memory)
    assert {one.job_id for one in job_rows(memory.states[KEY])} == {"900", "901"}
    assert project(memory.states[KEY]).duration_seconds == 299.0


def test_a_run_that_two_pages_show_because_the_list_shifted_is_told_alike_and_read_once(
    world: GithubWorld, memory: FakeMemory
) -> None:
    following = f"{API}/repositories/7/actions/runs?page=2"
    world.add(run(), [job()])
    world.faults["/repositories/7/actions/runs.page"] = lambda request: page("workflow_runs", [run(), run()])
    world.faults[r"/repos/acme/web/actions/runs\?"] = lambda request: page("workflow_runs", [run(), run()], following)
    world.poll(world.reader(), memory)
    assert set(memory.states) == {KEY}
    assert len({word.key for word in memory.words if isinstance(word, RunWord)}) == 1
    assert len([path for path, _ in world.asked() if path.endswith("/attempts/1/jobs?per_page=100")]) == 1


def test_without_etags_lists_are_read_again_and_what_they_tell_is_the_same(
    world: GithubWorld, memory: FakeMemory
) -> None:
    world.add(run(), [job()])
    answer = page("workflow_runs", [run()])
    world.faults[r"/repos/acme/web/actions/runs\?"] = lambda request: answer
    reader = world.reader()
    world.poll(reader, memory)
    before, asked = dict(memory.states), len(world.requests)
    world.poll(reader, memory)
    lists = [one for one in world.requests[asked:] if one.url.path == "/repos/acme/web/actions/runs"]
    assert lists
    assert all("If-None-Match" not in one.headers for one in lists)
    assert memory.states == before
    assert all(entry.etag for batch in memory.batches for entry in batch.etags)
    assert not [path for path, _ in world.asked()[asked:] if "/jobs" in path], "its jobs were read already"
