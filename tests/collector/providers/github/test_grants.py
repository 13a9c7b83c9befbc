"""Readers with one token share its hour, its minute and what GitHub told any of them."""

from __future__ import annotations

import math
from datetime import timedelta

import httpx
import pytest

from collector.domain.errors import Waiting
from collector.providers.base import Budget
from collector.providers.github.grants import Grant, Grants
from tests.collector.providers.github.memory import FakeMemory
from tests.collector.providers.github.objects import repository, run
from tests.collector.providers.github.world import NOW, GithubWorld

HOUR = NOW + timedelta(hours=1)


def test_what_one_source_is_told_to_wait_for_another_with_the_same_token_waits_for_too() -> None:
    world, memories = GithubWorld(), [FakeMemory(), FakeMemory()]
    world.repos["acme/api"] = repository("acme/api", 8)
    transport = world.transport
    first, second = (world.reader_over(transport, repos=[name]) for name in ("acme/web", "acme/api"))
    stranger = world.reader_over(transport, repos=["acme/api"], token="0ther")
    world.faults["acme/web/actions/runs"] = lambda request: httpx.Response(
        403, headers={"Retry-After": "120"}, json={"message": "You have exceeded a secondary rate limit"}
    )
    with pytest.raises(Waiting):
        world.poll(first, memories[0])
    world.asked()
    with pytest.raises(Waiting) as caught:
        world.poll(second, memories[1], later=timedelta(0))
    assert (caught.value.until, world.asked()) == (NOW + timedelta(seconds=120), [])
    world.poll(stranger, FakeMemory(), later=timedelta(0))
    assert world.asked()
    world.now = NOW + timedelta(seconds=121)
    world.poll(second, memories[1])
    assert world.asked()


def test_the_reserve_is_one_for_all_sources_of_a_token() -> None:
    world = GithubWorld()
    world.limit, world.remaining = 100, 13
    transport = world.transport
    for number in range(3):
        world.add(run(number + 1), [])
    readers = [world.reader_over(transport) for _ in range(3)]
    for reader in readers:
        with pytest.raises(Waiting):
            world.poll(reader, FakeMemory(), later=timedelta(0))
    assert world.remaining == 10


def test_answers_out_of_order_leave_the_least_of_an_hour_and_a_new_hour_counts_anew() -> None:
    grant = Grant(None)
    for budget in (Budget(5000, 4000, HOUR), Budget(5000, 4001, HOUR + timedelta(seconds=1))):
        grant.told(budget)
    assert grant.budget == Budget(5000, 4000, HOUR)
    fresh = Budget(5000, 4999, HOUR + timedelta(hours=1))
    grant.told(fresh)
    grant.told(None)
    assert grant.budget == fresh


def test_ease_tells_how_often_what_is_left_above_the_reserve_covers_what_polls_need_until_the_reset() -> None:
    grant = Grant(None)
    for minute in range(120):
        for _ in range(50):
            grant.spent(NOW + timedelta(minutes=minute - 120))
    assert grant.ease(NOW) == math.inf, "no budget was told"
    grant.told(Budget(5000, 5000, HOUR))
    assert grant.ease(NOW) == pytest.approx(4450 / 3000, rel=0.05)
    grant.told(Budget(5000, 2000, HOUR))
    assert grant.ease(NOW + timedelta(minutes=30)) > grant.ease(NOW) == pytest.approx(1450 / 3000, rel=0.05)
    reader = type("User", (), {})()
    grant.owes(reader, 725)
    assert grant.ease(NOW, owed=True) == pytest.approx(725 / 3000, rel=0.05)
    assert grant.ease(NOW) == pytest.approx(1450 / 3000, rel=0.05), "what is owed is not there to be paid from"
    grant.told(Budget(5000, 400, HOUR))
    assert grant.ease(NOW) == 0.0
    assert grant.ease(HOUR) == math.inf, "the hour is over"


def test_a_grant_is_shared_by_key_and_divided_among_those_who_use_it() -> None:
    grants = Grants()
    one, other = grants.of("", "https://api.github.com", "token:a", paced=True), object()
    assert grants.of("", "https://api.github.com", "token:a", paced=True) is one
    assert grants.of("", "https://api.github.com", "token:b", paced=True) is not one
    users = [type("User", (), {})() for _ in range(2)]
    for user in users:
        one.join(user)
    assert one.share == 0.5
    users.clear()
    del user, other
    assert one.share == 1.0
