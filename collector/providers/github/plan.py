"""Which repos a poll reads when not all can be read at the wished interval, and what that costs an hour. Pure.

An unchanged repo costs one request a poll, so 600 requests a minute hold some 500 repos to an interval of a minute;
beyond that quiet repos are read less often, but at least every ten minutes. A repo whose webhooks arrive is read every
five. What changed is charged: where the hour's budget does not last for that, jobs of builds that go on are left out,
then quiet repos are read less often, then busy ones, then jobs of builds that succeeded wait (``Grant.ease`` tells).
Without a token the hour's few requests are spread evenly.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from collector.providers.base import Budget
from collector.providers.github.grants import PER_MINUTE
from collector.providers.github.limits import RESERVE

LONGEST = timedelta(minutes=10)
RARER = timedelta(minutes=5)
"""How often a repo is read whose webhooks tell us its news."""
BUSY_FOR = timedelta(minutes=30)
PLENTY = 1.2
"""``ease`` from which on jobs of builds that go on are read."""
QUIET_STRETCHED = (1.1, 1.0)
BUSY_STRETCHED = (1.0, 0.85)
"""``ease`` from which on quiet and busy repos are read less often, and that at which it is every ten minutes."""
OWED_BELOW = 0.9
"""``ease`` below which the jobs of builds that succeeded wait; each costs a request, and nobody is waiting for it."""
PAID_FROM = 1.05
"""``ease`` from which on they are read after all; until then quiet repos are read as rarely as if it were done."""
TYPICAL_COST = 1
BUSY_COST = 4
"""Of a poll that finds news: the newest runs, both lists of unfinished ones, a run's jobs."""
MOST_COST = 10
"""A repo that once cost more (it was read for the first time) is planned with this."""
UNFINISHED_EVERY: Mapping[str, timedelta] = {"in_progress": timedelta(minutes=10), "queued": timedelta(minutes=30)}
"""How often the lists of unfinished runs are asked for: old runs that were run again are on no other. What is queued
mostly goes on soon; what does not is found by the second."""
SIDES_EVERY = timedelta(hours=1)
_HOUR = timedelta(hours=1)
_EVENLY = sum(_HOUR / every for every in (*UNFINISHED_EVERY.values(), SIDES_EVERY, SIDES_EVERY))
"""Requests an hour and repo whatever happens: the two lists of unfinished runs, the workflows, the repo itself."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a repo stands: when it was last read, when its runs last changed, and what reading it took (requests)."""

    name: str
    read_at: datetime | None
    changed_at: datetime | None
    cost: int = TYPICAL_COST
    pushed: bool = False
    """Its webhooks arrive, and polls find nothing that they did not tell."""


@dataclass(frozen=True, slots=True)
class Ease:
    """``Grant.ease`` as it is, and once all that was put off is made up for."""

    now: float = math.inf
    owed: float = math.inf


EASY = Ease()


@dataclass(frozen=True, slots=True)
class Hourly:
    """Requests an hour, answers 304 among them: as things stand, and if every poll of every repo found news."""

    now: int
    worst: int


def hourly(repos: Sequence[Standing], interval: timedelta, most: float, at: datetime, ease: Ease = EASY) -> Hourly:
    """What polling ``repos`` costs; never more than ``most`` an hour, which is what the plan allows itself."""
    polls = _HOUR / interval
    now = sum(_HOUR / max(interval, rest_of(repo, at, ease)) + _EVENLY for repo in repos)
    worst = len(repos) * (polls * BUSY_COST + _EVENLY)
    return Hourly(round(min(now, most)), round(min(worst, most)))


class Allowance:
    """The requests that polls may make by now: they grow with time, up to a minute's; the first poll has them all."""

    def __init__(self) -> None:
        self._left, self._seen_at = float(PER_MINUTE), datetime.max.replace(tzinfo=UTC)

    def at(self, now: datetime, budget: Budget | None, repos: int, *, anonymous: bool, share: float = 1.0) -> float:
        """How many there are at ``now``. ``share``: this reader's part of what the token is granted."""
        most = max(PER_MINUTE * share, float(min(repos, PER_MINUTE) * TYPICAL_COST))
        if anonymous and budget is not None:
            most = float(MOST_COST)
        passed_seconds = max(0.0, (now - self._seen_at).total_seconds())
        earned = passed_seconds * hourly_most(budget, anonymous=anonymous, share=share) / 3600
        self._left = min(most, self._left + earned)
        self._seen_at = now
        return self._left

    def spend(self, requests: int) -> None:
        self._left -= requests


def hourly_most(budget: Budget | None, *, anonymous: bool, share: float = 1.0) -> float:
    """What polls allow themselves an hour. An anonymous reader is charged for 304s too, so its hour is spread."""
    if anonymous and budget is not None:
        return budget.limit * (1 - RESERVE)
    return PER_MINUTE * 60 * share


def due(repos: Sequence[Standing], now: datetime, allowance: float, ease: Ease = EASY) -> list[str]:
    """Names of those to read now, most urgent first: as many as ``allowance`` requests are enough for.

    Never read comes first, then overdue, then busy ones, then whoever was read longest ago. Left out for a while are
    those whose webhooks arrive, and those that are stretched at this ``ease`` of the budget.
    """
    taken: list[str] = []
    wanted = (repo for repo in repos if repo.read_at is None or now - repo.read_at >= rest_of(repo, now, ease))
    for repo in sorted(wanted, key=lambda one: _urgency(one, now)):
        allowance -= repo.cost
        if allowance < 0:
            break
        taken.append(repo.name)
    return taken


def rest_of(repo: Standing, now: datetime, ease: Ease) -> timedelta:
    """How long the repo is left alone after it was read, beside what the interval says."""
    busy = _is_busy(repo, now)
    begins, longest_at = BUSY_STRETCHED if busy else QUIET_STRETCHED
    strain = min(1.0, max(0.0, (begins - (ease.now if busy else ease.owed)) / (begins - longest_at)))
    return max(LONGEST * strain, RARER if repo.pushed else timedelta(0))


def _is_busy(repo: Standing, now: datetime) -> bool:
    return repo.changed_at is not None and now - repo.changed_at < BUSY_FOR


def _urgency(repo: Standing, now: datetime) -> tuple[bool, bool, bool, float]:
    if repo.read_at is None:
        return False, False, False, 0.0
    overdue = now - repo.read_at >= LONGEST
    return True, not overdue, not _is_busy(repo, now), repo.read_at.timestamp()
