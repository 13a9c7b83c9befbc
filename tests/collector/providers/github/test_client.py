"""A source is read whole once, then only what changed; every failure is told and none spreads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from collector.domain.errors import BadAnswer, NotAllowed, NotFound, SourceError, Unreachable, Waiting
from collector.domain.model import BuildKey, JobWord, RepoWord, RunWord, Status, WorkflowWord
from collector.domain.projection import job_rows, project
from tests.collector.providers.github.memory import FakeMemory
from tests.collector.providers.github.objects import job, repository, run, step, workflow
from tests.collector.providers.github.world import NOW, GithubWorld


@pytest.fixture
def world() -> GithubWorld:
    return GithubWorld()


@pytest.fixture
def memory() -> FakeMemory:
    return FakeMemory()


def key(run_id: int = 100, attempt: int = 1, repo: str = "acme/web") -> BuildKey:
    return BuildKey("github", "github.com", repo, str(run_id), attempt)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def stamp(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_the_first_poll_reads_runs_jobs_workflows_and_the_repo(world: GithubWorld, memory: FakeMemory) -> None:
    world.add(run(), [job()])
    world.workflows = [workflow()]
    world.poll(world.reader(), memory)
    row = project(memory.states[key()])
    assert (row.status, row.duration_seconds, row.queue_seconds) == (Status.SUCCESS, 290.0, 10.0)
    assert [one.name for one in job_rows(memory.states[key()])] == ["test (Python 3.11-dev)"]
    assert [word.name for word in memory.words if isinstance(word, WorkflowWord)] == ["CI"]
    assert [word.default_branch for word in memory.words if isinstance(word, RepoWord)] == ["main"]
    assert memory.marks["backfilled:acme/web"] == "2026-11-10T12:00:00Z"
    assert memory.troubles == []


def test_a_second_poll_of_an_unchanged_world_is_all_304_and_tells_nothing(
    world: GithubWorld, memory: FakeMemory
) -> None:
    world.add(run(), [job()])
    world.add(run(101, status="in_progress", conclusion=None), [])
    world.add(run(102, run_attempt=2), [job(901, 102)])
    world.workflows = [workflow()]
    reader = world.reader()
    world.poll(reader, memory)
    world.asked()
    told, remaining = len(memory.batches), world.remaining
    world.poll(reader, memory)
    asked = world.asked()
    assert asked
    assert {status for _, status in asked} == {304}
    assert (len(memory.batches), world.remaining) == (told, remaining)


def test_a_restart_goes_on_with_304s_where_it_was(world: GithubWorld, memory: FakeMemory) -> None:
    world.add(run(), [job()])
    world.poll(world.reader(), memory)
    world.asked()
    world.poll(world.reader(), memory)
    assert {status for _, status in world.asked()} == {304}


def test_a_new_token_never_sends_the_old_ones_etags(world: GithubWorld, memory: FakeMemory) -> None:
    world.poll(world.reader(), memory)
    world.requests.clear()
    world.poll(world.reader(token="other"), memory)
    assert not any("If-None-Match" in request.headers for request in world.requests)


def test_a_wider_selection_reads_unchanged_lists_anew(world: GithubWorld, memory: FakeMemory) -> None:
    world.add(run(), [job()])
    world.poll(world.reader(workflows=["nothing"]), memory)
    assert memory.states == {}
    world.poll(world.reader(), memory)
    assert list(memory.states) == [key()]


def test_a_run_is_followed_to_its_end_and_its_jobs_with_it(world: GithubWorld, memory: FakeMemory) -> None:
    world.add(
        run(status="in_progress", conclusion=None), [job(status="in_progress", conclusion=None, completed_at=None)]
    )
    reader = world.reader()
    world.poll(reader, memory)
    assert project(memory.states[key()]).status is Status.IN_PROGRESS
    world.add(run(updated_at="2026-11-20T10:06:00Z"), [job()])
    world.poll(reader, memory)
    row = project(memory.states[key()])
    assert (row.status, row.duration_seconds) == (Status.SUCCESS, 290.0)


def test_an_unfinished_build_that_no_list_shows_is_asked_for_by_its_id(world: GithubWorld, memory: FakeMemory) -> None:
    world.add(run(1, status="waiting", conclusion=None), [])
    reader = world.reader()
    world.poll(reader, memory)
    for number in range(200, 300):
        world.add(run(number, created_at="2026-11-23T10:00:00Z", run_started_at="2026-11-23T10:00:00Z"), [])
    world.poll(reader, memory)
    world.add(run(1, updated_at="2026-11-24T12:01:00Z"), [job(5, 1)])
    world.poll(reader, memory)
    assert project(memory.states[key(1)]).status is Status.SUCCESS
    assert memory.details[key(1)].updated_at == at("2026-11-24T12:01:00+00:00")


def test_an_unfinished_build_that_is_gone_ends_after_it_was_asked_for_twice(
    world: GithubWorld, memory: FakeMemory
) -> None:
    asked = ("/repos/acme/web/actions/runs/100", 404)
    world.add(run(status="in_progress", conclusion=None), [job(status="in_progress", conclusion=None)])
    reader = world.reader()
    world.poll(reader, memory)
    world.runs.clear()
    world.poll(reader, memory, later=timedelta(minutes=9))
    assert world.asked().count(asked) == 1
    world.poll(reader, memory)
    assert world.asked().count(asked) == 0
    assert project(memory.states[key()]).status is Status.IN_PROGRESS
    world.poll(reader, memory)
    assert world.asked().count(asked) == 1
    ended = project(memory.states[key()])
    assert (ended.status, ended.conclusion, ended.completed_at) == (Status.SKIPPED, "gone", None)
    assert [row.status for row in job_rows(memory.states[key()])] == [Status.SKIPPED]
    for _ in range(30):
        world.poll(reader, memory)
    world.poll(world.reader(), memory)
    assert world.asked().count(asked) == 0
    assert memory.troubles == []


def test_a_run_that_was_taken_for_gone_is_what_it_says_once_it_is_seen_again(
    world: GithubWorld, memory: FakeMemory
) -> None:
    told = run(status="in_progress", conclusion=None)
    world.add(told, [])
    reader = world.reader()
    world.poll(reader, memory)
    world.runs.clear()
    for _ in range(2):
        world.poll(reader, memory, later=timedelta(minutes=11))
    assert project(memory.states[key()]).conclusion == "gone"
    world.add({**told, "status": "completed", "conclusion": "failure"}, [])
    world.poll(reader, memory)
    assert (project(memory.states[key()]).status, memory.troubles) == (Status.FAILURE, [])


def test_an_earlier_attempt_that_github_forgot_while_it_ran_does_not_run_for_ever(
    world: GithubWorld, memory: FakeMemory
) -> None:
    world.add(run(status="in_progress", conclusion=None), [])
    reader = world.reader()
    world.poll(reader, memory)
    del world.runs[100][1]
    world.add(run(run_attempt=2, updated_at="2026-11-20T10:08:00Z"), [])
    world.poll(reader, memory)
    first, second = (project(memory.states[key(attempt=number)]) for number in (1, 2))
    assert (first.status, first.conclusion, second.status) == (Status.SKIPPED, "gone", Status.SUCCESS)


def test_earlier_attempts_are_read_with_their_jobs_and_those_that_are_gone_do_no_harm(
    world: GithubWorld, memory: FakeMemory
) -> None:
    world.add(run(conclusion="failure"), [job(conclusion="failure")])
    world.add(run(run_attempt=3, run_started_at="2026-11-21T10:00:00Z"), [job(902, run_attempt=3)])
    world.poll(world.reader(), memory)
    assert {(k.attempt, project(state).status) for k, state in memory.states.items()} == {
        (1, Status.FAILURE),
        (3, Status.SUCCESS),
    }
    assert len(memory.states[key(attempt=1)].jobs) == 1
    assert memory.troubles == []


def test_an_attempt_that_was_running_when_the_next_began_is_completed(world: GithubWorld, memory: FakeMemory) -> None:
    world.add(run(status="in_progress", conclusion=None), [])
    reader = world.reader()
    world.poll(reader, memory)
    world.add(run(conclusion="cancelled", updated_at="2026-11-20T10:07:00Z"), [])
    world.add(run(run_attempt=2, status="queued", conclusion=None, updated_at="2026-11-20T10:08:00Z"), [])
    world.poll(reader, memory)
    assert project(memory.states[key(attempt=1)]).status is Status.CANCELLED
    assert project(memory.states[key(attempt=2)]).status is Status.QUEUED


def test_an_old_run_that_is_run_again_is_found_though_no_new_page_shows_it(
    world: GithubWorld, memory: FakeMemory
) -> None:
    for number in range(200, 300):
        world.add(run(number), [])
    reader = world.reader()
    world.poll(reader, memory, later=timedelta(minutes=20))
    old = {"created_at": "2026-01-01T10:00:00Z", "run_started_at": stamp(world.now)}
    world.add(run(1, status="in_progress", conclusion=None, run_attempt=2, updated_at=stamp(world.now), **old), [])
    world.poll(reader, memory)
    assert project(memory.states[key(1, 2)]).status is Status.IN_PROGRESS


def test_pages_are_followed_until_one_is_entirely_known(world: GithubWorld, memory: FakeMemory) -> None:
    world.page_cap = 10
    for number in range(100, 130):
        world.add(run(number, created_at=f"2026-11-20T10:{number - 100:02}:00Z"), [])
    reader = world.reader()
    world.poll(reader, memory)
    for number in range(130, 145):
        world.add(run(number, created_at=f"2026-11-20T10:{number - 100:02}:00Z"), [])
    world.asked()
    world.poll(reader, memory)
    assert len(memory.states) == 45
    pages = [path for path, _ in world.asked() if "page=2" in path or "page=3" in path or "page=4" in path]
    assert len([path for path in pages if "status=" not in path]) == 2
    assert all(path.startswith("/repositories/7/") for path in pages)


def test_a_poll_that_breaks_between_pages_loses_nothing(world: GithubWorld, memory: FakeMemory) -> None:
    world.page_cap = 10
    world.add(run(100), [])
    reader = world.reader()
    world.poll(reader, memory)
    for number in range(130, 155):
        world.add(run(number, created_at=f"2026-11-20T10:{number - 100:02}:00Z"), [])
    world.faults["page=3"] = lambda request: httpx.Response(400, json={"message": "odd"})
    with pytest.raises(BadAnswer, match="odd"):
        world.poll(reader, memory)
    world.faults.clear()
    world.poll(reader, memory)
    assert len(memory.states) == 26


def test_after_a_long_outage_of_ours_the_gap_is_filled(world: GithubWorld, memory: FakeMemory) -> None:
    world.page_cap = 5
    world.add(run(100), [])
    reader = world.reader()
    world.poll(reader, memory)
    begun = at("2026-11-21T00:00:00+00:00")
    for number in range(200, 320):
        created = stamp(begun + timedelta(minutes=number))
        world.add(run(number, created_at=created, run_started_at=created), [job(number, number)])
    world.poll(reader, memory)
    assert len(memory.states) == 121
    assert all(k.external_id == "100" or state.jobs for k, state in memory.states.items())


def test_the_backfill_goes_beyond_the_thousand_runs_that_a_filtered_list_shows(
    world: GithubWorld, memory: FakeMemory
) -> None:
    world.page_cap = 5
    for number in range(1, 131):
        created = stamp(NOW - timedelta(hours=1, minutes=number))
        world.add(run(number, created_at=created, run_started_at=created), [])
    world.poll(world.reader(), memory)
    assert len(memory.states) == 130
    progress = [batch.progress for batch in memory.batches if batch.progress]
    assert progress[0].total == 130
    assert progress[0].done == 5


def test_the_backfill_stops_at_its_limit_and_later_polls_keep_to_it(world: GithubWorld, memory: FakeMemory) -> None:
    old = "2026-11-01T10:00:00Z"
    world.add(run(1, created_at=old, run_started_at=old, updated_at=stamp(NOW)), [])
    world.add(run(2), [])
    reader = world.reader()
    world.poll(reader, memory)
    world.add(run(3), [])
    world.poll(reader, memory)
    assert {k.external_id for k in memory.states} == {"2", "3"}


def test_a_longer_backfill_in_the_config_reads_what_is_missing(world: GithubWorld, memory: FakeMemory) -> None:
    old = "2026-11-01T10:00:00Z"
    world.add(run(1, created_at=old, run_started_at=old), [job(5, 1)])
    world.poll(world.reader(), memory)
    assert memory.states == {}
    world.poll(world.reader(backfill="60d"), memory)
    assert len(memory.states[key(1)].jobs) == 1


def test_an_interrupted_backfill_goes_on_where_it_was(world: GithubWorld, memory: FakeMemory) -> None:
    world.page_cap = 5
    for number in range(1, 31):
        created = stamp(NOW - timedelta(hours=1, minutes=number))
        world.add(run(number, created_at=created, run_started_at=created), [job(number, number)])
    reader = world.reader()
    world.faults["created=.*page=3"] = lambda request: httpx.Response(403, headers={"Retry-After": "60"})
    with pytest.raises(Waiting):
        world.poll(reader, memory)
    assert "backfilled:acme/web" not in memory.marks
    assert len(memory.states) == 10
    world.faults.clear()
    world.asked()
    world.poll(world.reader(), memory)
    assert len(memory.states) == 30
    assert all(state.jobs for state in memory.states.values())
    assert memory.marks["backfilled:acme/web"] == "2026-11-10T12:00:00Z"
    assert memory.marks["reading:acme/web"] == ""


def test_details_are_read_once_more_when_they_failed(world: GithubWorld, memory: FakeMemory) -> None:
    reader = world.reader()
    world.poll(reader, memory)
    world.add(run(), [job()])
    world.faults["/jobs"] = lambda request: httpx.Response(400, json={})
    world.poll(reader, memory)
    assert isinstance(memory.troubles[0].error, BadAnswer)
    world.faults.clear()
    world.poll(reader, memory)
    assert len(memory.states[key()].jobs) == 1


def test_an_enterprise_without_jobs_of_attempts_is_asked_for_the_runs_jobs(
    world: GithubWorld, memory: FakeMemory
) -> None:
    world.attempt_jobs = False
    world.add(run(), [job(run_attempt=...)])
    world.poll(world.reader(), memory)
    assert len(memory.states[key()].jobs) == 1


def test_a_failed_builds_log_is_read_once_without_credentials(world: GithubWorld, memory: FakeMemory) -> None:
    failed = job(conclusion="failure", steps=[step(1), step(2, name="Run tests", conclusion="failure")])
    log = b"2026-11-20T10:00:10.0000000Z one\n2026-11-20T10:00:11.0000000Z ##[error]it broke\n"
    world.add(run(conclusion="failure"), [job(899), failed])
    world.logs["900"] = log
    reader = world.reader()
    world.poll(reader, memory)
    (snippet,) = memory.logs
    assert "it broke" in snippet.text
    assert (snippet.key, snippet.job_name, snippet.step_name) == (key(), "test (Python 3.11-dev)", "Run tests")
    world.add(run(conclusion="failure", updated_at="2026-11-24T12:00:00Z"), [job(899), failed])
    world.poll(reader, memory)
    assert len(memory.logs) == 1


@pytest.mark.parametrize("status", [404, 410, 403])
def test_a_log_that_is_gone_is_fine(world: GithubWorld, memory: FakeMemory, status: int) -> None:
    world.add(run(conclusion="failure"), [job(conclusion="failure")])
    world.faults["/logs"] = lambda request: httpx.Response(status, json={"message": "Gone"})
    world.poll(world.reader(), memory)
    assert (memory.logs, memory.troubles) == ([], [])
    assert memory.details[key()].log_read


@pytest.mark.parametrize(
    "location",
    ["http://169.254.169.254/latest", "https://127.0.0.1/x", "https://[::1]/x", "http://logs.example/900", "file:///x"],
)
def test_a_log_address_that_no_log_has_is_never_asked_for(
    world: GithubWorld, memory: FakeMemory, location: str
) -> None:
    world.add(run(conclusion="failure"), [job(conclusion="failure")])
    world.faults["/jobs/900/logs"] = lambda request: httpx.Response(302, headers={"Location": location})
    world.poll(world.reader(), memory)
    assert {request.url.host for request in world.requests} == {"api.github.com"}
    assert memory.states[key()].jobs


def test_one_bad_run_and_one_bad_job_do_not_lose_the_others(world: GithubWorld, memory: FakeMemory) -> None:
    world.add(run(100), [job(900), job(901, steps=[step(1, started_at="yesterday")])])
    world.add(run(101, updated_at="2026-13-01T00:00:00Z"), [])
    world.poll(world.reader(), memory)
    assert list(memory.states) == [key()]
    assert set(memory.states[key()].jobs) == {"900"}
    messages = [str(trouble.error) for trouble in memory.troubles]
    assert any("workflow_run.updated_at" in message for message in messages)
    assert any("steps[0].started_at" in message for message in messages)


@pytest.mark.parametrize(
    ("path", "status"),
    [(path, status) for path in (r"/workflows", r"/repos/acme/web$") for status in (404, 403, 500)]
    + [(r"/attempts/\d$", 404), (r"/attempts/\d$", 403)],
)
def test_a_side_request_that_fails_never_fails_the_runs(
    world: GithubWorld, memory: FakeMemory, path: str, status: int
) -> None:
    world.add(run(run_attempt=2), [job(run_attempt=2)])
    world.faults[path] = lambda request: httpx.Response(status, json={"message": "no"})
    world.poll(world.reader(), memory)
    assert project(memory.states[key(attempt=2)]).status is Status.SUCCESS


def test_one_repos_failure_is_told_and_the_others_are_read(world: GithubWorld, memory: FakeMemory) -> None:
    world.add(run(), [job()])
    world.poll(world.reader(repos=["acme/gone", "acme/web"]), memory)
    (trouble,) = memory.troubles
    assert trouble.target == "acme/gone"
    assert isinstance(trouble.error, NotFound)
    assert "check the name" in trouble.error.advice
    assert project(memory.states[key()]).status is Status.SUCCESS


@pytest.mark.parametrize(
    ("response", "error", "advice"),
    [
        (httpx.Response(401, json={"message": "Bad credentials"}), NotAllowed, "put a new one"),
        (httpx.Response(403, json={"message": "Resource not accessible"}), NotAllowed, "read access to Actions"),
        (httpx.Response(403, headers={"X-GitHub-SSO": "required; url=https://x"}), NotAllowed, "single sign-on"),
        (httpx.Response(404, json={"message": "Not Found"}), NotFound, "check the name"),
        (httpx.Response(503, headers={"Retry-After": "7"}), Waiting, ""),
        (httpx.Response(200, html="<html>"), BadAnswer, ""),
        (httpx.Response(200, json=[]), BadAnswer, ""),
        (httpx.Response(200, json={"workflow_runs": {}}), BadAnswer, ""),
        (httpx.Response(302, headers={"Location": "https://elsewhere.example/"}), BadAnswer, ""),
        (httpx.Response(301, headers={"Location": "https://elsewhere.example/"}), BadAnswer, "new address"),
        (httpx.Response(304), BadAnswer, ""),
    ],
)
def test_when_nothing_of_a_source_can_be_read_the_poll_says_why_and_what_to_do(
    world: GithubWorld, memory: FakeMemory, response: httpx.Response, error: type[SourceError], advice: str
) -> None:
    world.faults["/actions/runs"] = lambda request: response
    if response.status_code == 304:
        world.faults = {"created=": lambda request: response}
    with pytest.raises(error) as caught:
        world.poll(world.reader(), memory)
    assert advice in caught.value.advice
    assert world.now == NOW


def test_5xx_is_unreachable_after_its_retries(world: GithubWorld, memory: FakeMemory) -> None:
    world.faults["/actions/runs"] = lambda request: httpx.Response(502, text="bad gateway")
    with pytest.raises(Unreachable, match="502"):
        world.poll(world.reader(), memory)


def test_a_host_that_is_away_is_given_up_after_some_repos(world: GithubWorld, memory: FakeMemory) -> None:
    def refused(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    world.faults["/repos/acme/r"] = refused
    reader = world.reader(repos=[f"acme/r{number}" for number in range(8)])
    with pytest.raises(Unreachable):
        world.poll(reader, memory)
    assert len({request.url.path for request in world.requests if request.url.path.endswith("/runs")}) == 2


@pytest.mark.parametrize(
    ("response", "seconds"),
    [
        (httpx.Response(403, headers={"Retry-After": "90"}, json={"message": "secondary"}), 90),
        (httpx.Response(429, headers={"Retry-After": "90"}), 90),
        (httpx.Response(429, json={"message": "x"}), 60),
        (httpx.Response(403, json={"message": "You have exceeded a secondary rate limit."}), 60),
        (
            httpx.Response(
                403,
                headers={"Retry-After": "Tue, 24 Nov 2026 09:02:00 GMT", "Date": "Tue, 24 Nov 2026 09:00:00 GMT"},
            ),
            120,
        ),
        (
            httpx.Response(
                403,
                headers={
                    "X-RateLimit-Limit": "5000",
                    "X-RateLimit-Remaining": "0",
                    "X-RateLimit-Reset": "1000000600",
                    "Date": "Sun, 09 Sep 2001 01:46:40 GMT",
                },
            ),
            600,
        ),
        (httpx.Response(429, headers={"Retry-After": "9" * 15}), 24 * 3600),
    ],
)
def test_a_limit_is_obeyed_on_our_clock_whatever_githubs_says(
    world: GithubWorld, memory: FakeMemory, response: httpx.Response, seconds: int
) -> None:
    world.faults["/actions/runs"] = lambda request: response
    with pytest.raises(Waiting) as caught:
        world.poll(world.reader(), memory)
    assert caught.value.until == NOW + timedelta(seconds=seconds)


def test_the_reserve_of_the_budget_is_never_eaten(world: GithubWorld, memory: FakeMemory) -> None:
    world.limit, world.remaining = 100, 14
    for number in range(200, 230):
        world.add(run(number), [])
    reader = world.reader()
    with pytest.raises(Waiting) as caught:
        world.poll(reader, memory)
    assert world.remaining == 10
    assert caught.value.until == NOW + timedelta(seconds=1800)
    with pytest.raises(Waiting):
        world.poll(reader, memory)
    assert world.remaining == 10


def test_details_of_history_leave_half_of_the_budget_to_news(world: GithubWorld, memory: FakeMemory) -> None:
    world.limit, world.remaining = 100, 70
    for number in range(200, 290):
        world.add(run(number), [])
    reader = world.reader()
    world.poll(reader, memory)
    assert world.remaining == 50
    assert len(memory.states) == 90
    assert "backfilled:acme/web" not in memory.marks
    world.add(run(500, created_at="2026-11-24T11:00:00Z"), [job(5, 500)])
    world.poll(reader, memory)
    assert len(memory.states[key(500)].jobs) == 1


def test_the_budget_is_told(world: GithubWorld, memory: FakeMemory) -> None:
    reader = world.reader()
    assert reader.budget() is None
    world.poll(reader, memory)
    budget = reader.budget()
    assert budget is not None
    assert (budget.limit, budget.remaining, budget.reset_at) == (5000, world.remaining, NOW + timedelta(seconds=1800))


def test_a_renamed_repo_is_followed_and_its_builds_have_the_new_name(world: GithubWorld, memory: FakeMemory) -> None:
    def moved(request: httpx.Request) -> httpx.Response:
        path = str(request.url).replace("/repos/acme/old", "/repositories/7")
        return httpx.Response(301, headers={"Location": path})

    world.faults["/repos/acme/old"] = moved
    world.add(run(status="in_progress", conclusion=None), [])
    world.poll(world.reader(repos=["acme/old"]), memory)
    assert list(memory.states) == [key()]
    assert memory.marks["name:acme/old"] == "acme/web"
    world.runs[100][1] = run(updated_at="2026-11-20T11:00:00Z")
    world.poll(world.reader(repos=["acme/old"]), memory)
    assert project(memory.states[key()]).status is Status.SUCCESS
    assert all(request.headers["Authorization"] == "Bearer t0ken" for request in world.requests)


def test_requests_say_who_asks_and_which_version_is_meant(world: GithubWorld, memory: FakeMemory) -> None:
    world.poll(world.reader(), memory)
    headers = world.requests[0].headers
    assert headers["Authorization"] == "Bearer t0ken"
    assert headers["Accept"] == "application/vnd.github+json"
    assert headers["X-GitHub-Api-Version"] == "2022-11-28"


def test_an_anonymous_reader_spreads_its_hour(world: GithubWorld, memory: FakeMemory) -> None:
    world.limit = world.remaining = 60
    reader = world.reader(token=None)
    world.poll(reader, memory)
    assert not any("Authorization" in request.headers for request in world.requests)
    world.asked()
    for _ in range(30):
        world.poll(reader, memory)
    assert 9 <= len(world.asked()) <= 45


def test_a_token_file_is_read_again_when_its_token_is_refused(
    world: GithubWorld, memory: FakeMemory, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("secrets") / "token"
    file.write_text("old\n")
    reader = world.reader(token=None, token_file=str(file))
    file.write_text("new\n")
    world.faults["."] = lambda request: (
        httpx.Response(401) if request.headers["Authorization"] == "Bearer old" else world._answer(request)
    )
    world.poll(reader, memory)
    assert memory.marks["backfilled:acme/web"]


def test_selected_workflows_and_branches_are_polled_and_no_others(world: GithubWorld, memory: FakeMemory) -> None:
    world.add(run(1), [])
    world.add(run(2, name="Nightly", path=".github/workflows/nightly.yml"), [])
    world.add(run(3, head_branch="topic"), [])
    world.add(run(4, head_repository=repository("eve/web", 99)), [])
    world.poll(world.reader(workflows=["ci.yml"], branches=["@default"]), memory)
    assert {k.external_id for k in memory.states} == {"1"}


def test_a_source_that_names_no_repos_polls_nothing(world: GithubWorld, memory: FakeMemory) -> None:
    world.poll(world.reader(repos=[]), memory)
    assert world.requests == []


def test_words_say_where_they_ran_even_when_the_api_is_elsewhere(world: GithubWorld, memory: FakeMemory) -> None:
    world.add(run(status="in_progress", conclusion=None), [])
    reader = world.reader(url="http://127.0.0.1:4711")
    world.poll(reader, memory)
    world.runs.clear()
    world.poll(reader, memory)
    assert {word.key.instance for word in memory.words if isinstance(word, RunWord | JobWord)} == {"github.com"}
    assert ("/repos/acme/web/actions/runs/100", 404) in world.asked()


def test_a_runs_jobs_are_of_the_runs_own_repository(world: GithubWorld, memory: FakeMemory) -> None:
    world.add(run(repository=repository(repo_id=8), head_repository=repository(repo_id=8)), [job()])
    world.poll(world.reader(), memory)
    assert {word.repo_external_id for word in memory.words if isinstance(word, RunWord | JobWord)} == {"8"}


def test_an_endless_next_link_ends(world: GithubWorld, memory: FakeMemory) -> None:
    world.add(run(), [])
    link = {"Link": '<https://api.github.com/repos/acme/web/actions/runs?page=2>; rel="next"'}
    body = {"total_count": 10**9, "workflow_runs": [run()]}
    world.faults["/runs[?]"] = lambda request: httpx.Response(200, json=body, headers=link)
    reader = world.reader()
    world.poll(reader, memory)
    world.poll(reader, memory)
    assert len(world.requests) < 60
