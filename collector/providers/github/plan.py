"""Which repos a poll reads when not all can be read at the wished interval. Pure.

With a token, 600 requests a minute hold every repo to the interval up to some 200 repos; beyond that quiet repos
are read less often, but at least every ten minutes. Without one, the hour's few requests are spread evenly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from collector.providers.base import Budget
from collector.providers.github.api import BURST, REQUESTS_PER_SECOND
from collector.providers.github.limits import RESERVE

LONGEST = timedelta(minutes=10)
BUSY_FOR = timedelta(minutes=30)
TYPICAL_COST = 3
MOST_COST = 10
"""A repo that once cost more (it was read for the first time) is planned with this."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a repo stands: when it was last read, when its runs last changed, and what reading it took (requests)."""

    name: str
    read_at: datetime | None
    changed_at: datetime | None
    cost: int = TYPICAL_COST


class Allowance:
    """The requests that polls may make by now: they grow with time, up to a burst; the first poll has a whole one."""

    def __init__(self) -> None:
        self._left, self._seen_at = BURST, datetime.max.replace(tzinfo=UTC)

    def at(self, now: datetime, budget: Budget | None, repos: int, *, anonymous: bool) -> float:
        """How many there are at ``now``. An anonymous reader is charged for 304s too, so its hour is spread."""
        per_second, most = REQUESTS_PER_SECOND, max(BURST, float(repos * TYPICAL_COST))
        if anonymous and budget is not None:
            per_second, most = budget.limit * (1 - RESERVE) / 3600, float(MOST_COST)
        passed_seconds = max(0.0, (now - self._seen_at).total_seconds())
        self._left = min(most, self._left + passed_seconds * per_second)
        self._seen_at = now
        return self._left

    def spend(self, requests: int) -> None:
        self._left -= requests


def due(repos: Sequence[Standing], now: datetime, allowance: float) -> list[str]:
    """Names of those to read now, most urgent first: as many as ``allowance`` requests are enough for.

    Never read comes first, then overdue, then busy ones, then whoever was read longest ago.
    """
    taken: list[str] = []
    for repo in sorted(repos, key=lambda one: _urgency(one, now)):
        allowance -= repo.cost
        if allowance < 0:
            break
        taken.append(repo.name)
    return taken


def _urgency(repo: Standing, now: datetime) -> tuple[bool, bool, bool, float]:
    if repo.read_at is None:
        return False, False, False, 0.0
    overdue = now - repo.read_at >= LONGEST
    busy = repo.changed_at is not None and now - repo.changed_at < BUSY_FOR
    return True, not overdue, not busy, repo.read_at.timestamp()
