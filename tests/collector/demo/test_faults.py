from __future__ import annotations

import threading
import time
from datetime import timedelta

import httpx
import pytest

from collector.demo.faults import (
    Fault,
    html_for_json,
    redirect,
    secondary_limit,
    server_errors,
    too_many,
)
from collector.demo.github import GithubServer
from collector.demo.script import ScriptedWorld
from tests.collector.demo.conftest import NOW

RUNS = "/repos/acme/web/actions/runs"


@pytest.fixture(autouse=True)
def _one_run(world: ScriptedWorld) -> None:
    world.add_run("acme/web")


def test_errors_in_a_row_end_after_their_number(api: httpx.Client, github: GithubServer) -> None:
    github.misbehave(server_errors(times=2))
    assert [api.get(RUNS).status_code for _ in range(3)] == [500, 500, 200]
    assert github.journal.count(RUNS, status=500) == 2


def test_a_fault_keeps_to_its_path_and_lets_the_first_pass(api: httpx.Client, github: GithubServer) -> None:
    github.misbehave(Fault("*/runs", status=502, after=1, times=1))
    assert api.get("/repos/acme/web").status_code == 200
    assert [api.get(RUNS).status_code for _ in range(3)] == [200, 502, 200]


@pytest.mark.parametrize(
    ("fault", "status", "retry_after"),
    [
        (too_many(retry_after=2), 429, "2"),
        (too_many(retry_after="Tue, 24 Nov 2026 09:00:30 GMT"), 429, "Tue, 24 Nov 2026 09:00:30 GMT"),
        (too_many(retry_after=None), 429, None),
        (secondary_limit(retry_after=60), 403, "60"),
        (secondary_limit(), 403, None),
    ],
)
def test_limits_are_told_in_all_their_forms(
    api: httpx.Client, github: GithubServer, fault: Fault, status: int, retry_after: str | None
) -> None:
    github.misbehave(fault)
    answer = api.get(RUNS)
    assert (answer.status_code, answer.headers.get("Retry-After")) == (status, retry_after)
    assert "secondary rate limit" in answer.json()["message"]
    assert int(answer.headers["X-RateLimit-Remaining"]) > 0


def test_html_comes_where_json_was_promised(api: httpx.Client, github: GithubServer) -> None:
    github.misbehave(html_for_json())
    answer = api.get(RUNS)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "ETag" not in answer.headers


def test_a_cut_body_breaks_the_promise_of_its_length(api: httpx.Client, github: GithubServer) -> None:
    github.misbehave(Fault(cut_after=100, times=1))
    with pytest.raises(httpx.RemoteProtocolError):
        api.get(RUNS)
    assert api.get(RUNS).status_code == 200


def test_a_dropped_connection_gives_no_answer_at_all(api: httpx.Client, github: GithubServer) -> None:
    github.misbehave(Fault(drop=True, times=1))
    with pytest.raises(httpx.RemoteProtocolError):
        api.get(RUNS)
    assert github.journal.entries()[0].charged is False


def test_a_dripping_body_takes_its_time(api: httpx.Client, github: GithubServer) -> None:
    github.misbehave(Fault("/rate_limit", drip=(40, 0.03), times=1))
    start = time.monotonic()
    assert "resources" in api.get("/rate_limit").json()
    assert time.monotonic() - start >= 0.06


def test_a_wrong_clock_shows_in_the_date_header(api: httpx.Client, github: GithubServer) -> None:
    github.misbehave(Fault(headers={"Date": "Mon, 01 Jan 2024 00:00:00 GMT"}, times=1))
    assert api.get(RUNS).headers.get_list("Date") == ["Mon, 01 Jan 2024 00:00:00 GMT"]
    assert api.get(RUNS).headers["Date"] == "Tue, 24 Nov 2026 09:00:00 GMT"


def test_an_endless_link_always_names_one_more_page(api: httpx.Client, github: GithubServer) -> None:
    github.misbehave(Fault("*/runs", endless_link=True))
    answer = api.get(RUNS)
    for page in range(2, 6):
        assert answer.links["next"]["url"].endswith(f"?page={page}")
        answer = api.get(answer.links["next"]["url"])
    github.clear_faults()
    assert "next" not in api.get(RUNS).links


def test_a_redirect_leads_to_another_host(api: httpx.Client, github: GithubServer) -> None:
    github.misbehave(redirect("*", "http://127.0.0.1:1/elsewhere"))
    answer = api.get(RUNS)
    assert (answer.status_code, answer.headers["Location"]) == (302, "http://127.0.0.1:1/elsewhere")


def test_the_journal_tells_who_asked_what_and_what_it_cost(
    api: httpx.Client, github: GithubServer, world: ScriptedWorld
) -> None:
    etag = api.get(RUNS, params={"per_page": 5}).headers["ETag"]
    api.get(RUNS, params={"per_page": 5}, headers={"If-None-Match": etag})
    api.get("/rate_limit")
    api.get("/repos/acme/nothing")
    assert [(e.path, e.status, e.charged) for e in github.journal.entries()] == [
        (RUNS, 200, True), (RUNS, 304, False), ("/rate_limit", 200, False), ("/repos/acme/nothing", 404, True),
    ]  # fmt: skip
    first = github.journal.entries()[0]
    assert (first.request.query, first.request.auth, first.at) == ({"per_page": "5"}, "Bearer t1", NOW)
    github.journal.clear()
    assert github.journal.count() == 0


def test_a_slow_answer_does_not_hold_up_others_nor_the_stop(world: ScriptedWorld) -> None:
    server = GithubServer(world).start()
    server.misbehave(Fault("/user", delay_seconds=60))
    ended: list[str] = []

    def ask() -> None:
        try:
            httpx.get(f"{server.api_url}/user", timeout=30)
        except httpx.HTTPError as exc:
            ended.append(type(exc).__name__)
        else:
            ended.append("answered")

    thread = threading.Thread(target=ask)
    thread.start()
    deadline = time.monotonic() + 5
    while server.journal.most_in_flight < 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert httpx.get(f"{server.api_url}{RUNS}").status_code == 200
    assert server.journal.most_in_flight == 2
    start = time.monotonic()
    server.stop()
    thread.join(5)
    assert time.monotonic() - start < 1
    assert len(ended) == 1


def test_time_stands_still_until_the_test_moves_it(world: ScriptedWorld) -> None:
    assert world.clock() == NOW
    world.advance(90)
    assert world.clock() == NOW + timedelta(seconds=90)
