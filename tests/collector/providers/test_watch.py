"""Whoever counts requests is told of every one that goes out: what is tried again counts at the server, too."""

from __future__ import annotations

import time
from datetime import timedelta

import httpx
import pytest

from collector.domain.errors import Unreachable, Waiting
from collector.providers.base import Budget
from collector.providers.github.api import GithubApi
from collector.providers.github.credentials import Token
from collector.providers.github.grants import Grant, Grants, Pace
from collector.providers.http import Http
from tests.collector.providers.github.world import NOW
from tests.collector.providers.loopback import answer, serving


class Counting:
    """A ``Watch`` that keeps what it is told; ``wait_seconds``: how long each request has to wait."""

    def __init__(self, wait_seconds: float = 0.0, allowed: int = 100) -> None:
        self.before_requests = 0
        self.statuses_told: list[int] = []
        self._wait_seconds, self._allowed = wait_seconds, allowed

    def before(self) -> None:
        if self.before_requests >= self._allowed:
            raise Waiting("no more", until=NOW)
        self.before_requests += 1
        time.sleep(self._wait_seconds)

    def after(self, status: int, headers: httpx.Headers) -> None:
        self.statuses_told.append(status)


def watched(url: str, watch: Counting, attempts: int = 3) -> Http:
    http = Http(url, attempts=attempts)
    http.watch = watch
    return http


def test_retries_and_followed_redirects_are_told_one_by_one() -> None:
    answers = {"/bad": answer(502), "/old": answer(301, Location="/new"), "/new": answer(200, b"1")}
    with serving(answers) as server:
        watch = Counting()
        http = watched(server.url, watch)
        assert http.get("bad").status == 502
        assert (watch.before_requests, watch.statuses_told, len(server.asked)) == (3, [502] * 3, 3)
        assert http.get("old", redirects=3).json() == 1
        assert (watch.before_requests, watch.statuses_told[3:], len(server.asked)) == (5, [301, 200], 5)
        http.close()


def test_a_retry_that_may_not_be_made_ends_the_get() -> None:
    with serving({"/bad": answer(502)}) as server:
        http = watched(server.url, Counting(allowed=2))
        with pytest.raises(Waiting):
            http.get("bad")
        http.close()
        assert len(server.asked) == 2


def test_what_a_request_waits_for_its_turn_is_not_taken_from_its_deadline() -> None:
    with serving({"/a": answer(200, b"1")}) as server:
        http = watched(server.url, Counting(wait_seconds=0.4))
        assert http.get("a", deadline_seconds=0.3).json() == 1
        http.close()


class _Clockwork:
    """A monotonic clock that goes on only while somebody sleeps."""

    now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class _Given(Grants):
    def __init__(self, grant: Grant) -> None:
        super().__init__()
        self._grant = grant

    def of(self, *key: str, paced: bool) -> Grant:
        return self._grant


def test_retries_count_in_the_minute_and_in_the_budget_of_a_token() -> None:
    clockwork = _Clockwork()
    told: list[float] = []
    grant = Grant(Pace(lambda: clockwork.now, clockwork.sleep, per_minute=3))

    def bad(request: httpx.Request) -> httpx.Response:
        told.append(clockwork.now)
        limits = {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": str(13 - len(told))}
        return httpx.Response(502, headers={**limits, "X-RateLimit-Reset": str(int(NOW.timestamp()) + 600)})

    http = Http("https://api.github.com", transport=httpx.MockTransport(bad))
    api = GithubApi(http, Token(lambda: "t"), selection="", clock=lambda: NOW, source="acme", grants=_Given(grant))
    with pytest.raises(Unreachable):
        api.ask("a")
    assert told == [0.0, 0.0, 0.0]
    with pytest.raises(Waiting):
        api.ask("b")
    assert len(told) == 3, "the reserve of ten is left alone"
    grant.told(Budget(100, 90, NOW + timedelta(hours=1)))
    told.clear()
    with pytest.raises(Unreachable):
        api.ask("c")
    assert told == [60.0] * 3, "and no minute has more than three"
    assert api.requests == 6
