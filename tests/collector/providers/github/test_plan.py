"""Which repos are read when the requests are not enough for all."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from collector.providers.base import Budget
from collector.providers.github.client import has_secondary_limit
from collector.providers.github.grants import Pace
from collector.providers.github.plan import Allowance, Ease, Hourly, Standing, due, hourly, hourly_most

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def standing(name: str, read: float | None, changed: float | None = None, cost: int = 3) -> Standing:
    """``read`` and ``changed`` are minutes ago."""
    when = [NOW - timedelta(minutes=ago) if ago is not None else None for ago in (read, changed)]
    return Standing(name, when[0], when[1], cost)


def test_all_are_read_while_there_are_requests_for_all() -> None:
    assert len(due([standing(str(number), 1) for number in range(200)], NOW, 600)) == 200


def test_the_never_read_come_first_then_the_overdue_then_the_busy_then_the_longest_unread() -> None:
    repos = [
        standing("fresh", 1),
        standing("quiet", 5),
        standing("busy", 1, 2),
        standing("overdue", 11),
        standing("new", None),
    ]
    assert due(repos, NOW, 100) == ["new", "overdue", "busy", "quiet", "fresh"]
    assert due(repos, NOW, 9) == ["new", "overdue", "busy"]


def test_what_costs_more_leaves_less_for_the_others() -> None:
    assert due([standing("big", 5, cost=9), standing("small", 4)], NOW, 10) == ["big"]
    assert due([standing("big", 5, cost=9)], NOW, 8) == []


def test_six_hundred_requests_a_minute_hold_six_hundred_repos_to_a_minute_and_no_repo_waits_over_ten() -> None:
    allowance, longest = Allowance(), timedelta()
    read: dict[str, datetime | None] = {f"r{number}": None for number in range(3000)}
    for minute in range(60):
        now = NOW + timedelta(minutes=minute)
        standings = [Standing(name, at, now if number < 20 else None) for number, (name, at) in enumerate(read.items())]
        names = due(standings, now, allowance.at(now, None, len(read), anonymous=False))
        allowance.spend(len(names))
        longest = max([longest, *(now - at for name in names if (at := read[name]))])
        read |= dict.fromkeys(names, now)
        if minute > 10:
            assert 590 <= len(names) <= 610
            assert {f"r{number}" for number in range(20)} <= set(names)
    assert longest <= timedelta(minutes=11)


def test_a_repo_whose_webhooks_arrive_is_read_every_five_minutes() -> None:
    told = [Standing("pushed", NOW - timedelta(minutes=ago), None, pushed=True) for ago in (4, 5)]
    assert due([told[0], standing("other", 4)], NOW, 100) == ["other"]
    assert due([told[1], standing("other", 4)], NOW, 100) == ["pushed", "other"]


def test_a_budget_that_does_not_last_stretches_quiet_repos_first_then_busy_ones_to_ten_minutes_at_most() -> None:
    quiet, busy = (
        [standing(f"quiet {ago}", ago) for ago in (1, 5, 10)],
        [standing(f"busy {ago}", ago, 2) for ago in (1, 5, 10)],
    )
    everything = [one.name for one in (*quiet, *busy)]

    def read(ease: float, owed: float | None = None) -> list[str]:
        taken = due([*quiet, *busy], NOW, 100, Ease(ease, ease if owed is None else owed))
        return [name for name in everything if name in taken]

    assert read(math.inf) == read(1.1) == everything
    assert read(1.05) == ["quiet 5", "quiet 10", "busy 1", "busy 5", "busy 10"]
    assert read(1.0) == ["quiet 10", "busy 1", "busy 5", "busy 10"]
    assert read(1.0, 0.0) == read(1.0), "what was put off stretches quiet repos alone"
    assert read(0.92) == ["quiet 10", "busy 10"]
    assert read(0.0) == ["quiet 10", "busy 10"]
    assert due([standing("new", None)], NOW, 100, Ease(0.0, 0.0)) == ["new"], "what was never read is read"


def test_two_readers_of_one_token_plan_with_half_of_it_each() -> None:
    allowance = Allowance()
    assert allowance.at(NOW, None, 1000, anonymous=False, share=0.5) == 600
    allowance.spend(600)
    assert allowance.at(NOW + timedelta(minutes=1), None, 1000, anonymous=False, share=0.5) == 300


def test_the_plan_says_what_an_hour_costs_now_and_at_worst() -> None:
    minute = timedelta(minutes=1)
    one = hourly([standing("a", 1)], minute, 36_000, NOW)
    assert (one.now, one.worst) == (60 + 10, 240 + 10)
    pushed = hourly([Standing("a", None, None, pushed=True)], minute, 36_000, NOW)
    assert (pushed.now, pushed.worst) == (12 + 10, 240 + 10)
    thousand = [standing(str(number), 1) for number in range(1000)]
    assert hourly(thousand, minute, 36_000, NOW) == Hourly(36_000, 36_000)
    assert hourly([standing("a", 1)], minute, 36_000, NOW, ease=Ease(0.9, 0.9)).now == 6 + 10, (
        "quiet: every ten minutes"
    )
    assert hourly([standing("a", 1, 1)], minute, 36_000, NOW, ease=Ease(1.0, 1.0)).now == 60 + 10, (
        "busy: at its interval"
    )
    assert hourly_most(Budget(60, 50, NOW), anonymous=True) == 54


def test_an_anonymous_hour_is_spread() -> None:
    allowance, budget = Allowance(), Budget(60, 50, NOW + timedelta(hours=1))
    assert allowance.at(NOW, None, 1, anonymous=True) >= 60
    spent = 0.0
    for minute in range(1, 121):
        left = allowance.at(NOW + timedelta(minutes=minute), budget, 1, anonymous=True)
        if left >= 3:
            allowance.spend(3)
            spent += 3
    assert 100 <= spent <= 2 * 54 + 10


def test_any_minute_has_six_hundred_requests_at_most() -> None:
    now, asked = [0.0], []

    def sleep(seconds: float) -> None:
        now[0] += seconds

    pace = Pace(lambda: now[0], sleep)
    for number in range(2000):
        pace.step()
        asked.append(now[0])
        now[0] += 0.05 if number % 3 else 0.2
    for start in asked:
        assert sum(1 for at in asked if start <= at < start + 60) <= 600
    assert asked[599] < 61
    assert asked[1999] < 60 * 4


@pytest.mark.parametrize(
    ("instance", "limited"),
    [("github.com", True), ("acme.ghe.com", True), ("ghe.acme.com", False), ("127.0.0.1:1", False)],
)
def test_githubs_own_service_is_paced_and_a_server_of_ones_own_is_not(instance: str, limited: bool) -> None:
    assert has_secondary_limit(instance) is limited


def test_a_clock_that_goes_back_grants_nothing() -> None:
    allowance = Allowance()
    allowance.at(NOW, None, 1, anonymous=False)
    allowance.spend(600)
    assert allowance.at(NOW - timedelta(hours=1), None, 1, anonymous=False) == 0
