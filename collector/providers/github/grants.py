"""What one token is granted, shared by all readers of this process that ask with it.

GitHub counts by token, not by source: two sources with one token share its hour, its minute, and whatever GitHub
told one of them to wait for.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from weakref import WeakKeyDictionary, WeakSet, WeakValueDictionary

from collector.domain.errors import Waiting
from collector.providers.base import Budget
from collector.providers.github.limits import RESERVE, reserve_wait

PER_MINUTE = 600
"""Requests a minute and token: two thirds of what GitHub's secondary limit allows for GETs."""
MINUTE_SECONDS = 60.0
NEED_OVER = timedelta(minutes=15)
"""What ordinary polls need an hour is reckoned over about this time."""
ERROR = 0.01
"""Part of the limit that what polls need may be off by: chance decides what happens in an hour's last minutes."""
_SAME_RESET = timedelta(seconds=5)
"""Two answers' resets are the same one when they are as near as this: each is computed on our clock."""


class Pace:
    """At most ``per_minute`` requests in any 60 seconds. Threads may share it."""

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        per_minute: int = PER_MINUTE,
    ) -> None:
        self._monotonic, self._sleep = monotonic, sleep
        self.per_minute = per_minute
        self._lock = threading.Lock()
        self._asked: deque[float] = deque(maxlen=per_minute)

    def step(self) -> None:
        """Waits until one more request is due."""
        with self._lock:
            now = self._monotonic()
            oldest = self._asked[0] if len(self._asked) == self._asked.maxlen else None
            at = now if oldest is None else max(now, oldest + MINUTE_SECONDS)
            self._asked.append(at)
        if at > now:
            self._sleep(at - now)


class Need:
    """How many charged requests an hour ordinary polls make: of late, with what is longer ago counting ever less."""

    def __init__(self) -> None:
        self._weight, self._at = 0.0, datetime.max.replace(tzinfo=UTC)

    def spent(self, now: datetime) -> None:
        self._weight = self._faded(now) + 1.0
        self._at = now

    def an_hour(self, now: datetime) -> float:
        return self._faded(now) * (timedelta(hours=1) / NEED_OVER)

    def _faded(self, now: datetime) -> float:
        return self._weight * math.exp(-max(0.0, (now - self._at) / NEED_OVER))


class Grant:
    """One token's budget and pace. Threads may share it."""

    def __init__(self, pace: Pace | None) -> None:
        self.pace = pace
        self._lock = threading.Lock()
        self._budget: Budget | None = None
        self._waiting: Waiting | None = None
        self._users: WeakSet[object] = WeakSet()
        self._need = Need()
        self._debts: WeakKeyDictionary[object, int] = WeakKeyDictionary()

    @property
    def budget(self) -> Budget | None:
        return self._budget

    def join(self, user: object) -> None:
        with self._lock:
            self._users.add(user)

    @property
    def share(self) -> float:
        """The part of the token's requests that one of its readers plans with."""
        return 1.0 / max(1, len(self._users))

    def step(self, now: datetime) -> None:
        """Waits for the pace. Raises Waiting: GitHub told one of the readers to wait, or only the reserve is left."""
        waiting = self._waiting
        if waiting is not None and now < waiting.until:
            raise Waiting(str(waiting), until=waiting.until, advice=waiting.advice)
        if (left := reserve_wait(self._budget, now)) is not None:
            raise left
        if self.pace is not None:
            self.pace.step()

    def told(self, budget: Budget | None) -> None:
        """An answer's budget. Answers of several threads may come in any order: within one hour the least counts."""
        if budget is None:
            return
        with self._lock:
            kept = self._budget
            same_hour = kept is not None and abs(kept.reset_at - budget.reset_at) <= _SAME_RESET
            if kept is None or not same_hour or budget.remaining <= kept.remaining or budget.limit != kept.limit:
                self._budget = budget

    def spent(self, now: datetime) -> None:
        """A request of an ordinary poll was charged."""
        with self._lock:
            self._need.spent(now)

    def owes(self, user: object, requests: int) -> None:
        """So many requests one of the readers has put off and will make once the budget allows."""
        with self._lock:
            self._debts[user] = requests

    def ease(self, now: datetime, *, owed: bool = False) -> float:
        """How often what is left above the reserve covers what ordinary polls need until the reset; at 1 it just does.

        ``owed``: of what is left when all that was put off is made up for. Infinite where no budget is told, or
        nothing was needed so far.
        """
        budget = self._budget
        if budget is None or now >= budget.reset_at:
            return math.inf
        left = min(budget.reset_at - now, timedelta(hours=1))
        need = self._need.an_hour(now) * (left / timedelta(hours=1))
        with self._lock:
            debt = sum(self._debts.values()) if owed else 0
        spare = budget.remaining - budget.limit * (RESERVE + ERROR) - debt
        return math.inf if need <= 0 else max(0.0, spare / need)

    def slow_down(self, per_minute: int) -> None:
        """From now on at most so many requests a minute, where there is a pace at all."""
        with self._lock:
            if self.pace is not None and self.pace.per_minute != per_minute:
                self.pace = Pace(per_minute=per_minute)

    def wait(self, waiting: Waiting) -> None:
        self._waiting = waiting

    def spendable(self, share: float, now: datetime) -> bool:
        """Whether more than ``share`` of the limit is left: for what can wait while the rest cannot."""
        budget = self._budget
        if self._waiting is not None and now < self._waiting.until:
            return False
        return budget is None or now >= budget.reset_at or budget.remaining > budget.limit * share


class Grants:
    """The grants of this process, by who asks and where; one is kept as long as somebody uses it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: WeakValueDictionary[tuple[str, ...], Grant] = WeakValueDictionary()

    def of(self, *key: str, paced: bool) -> Grant:
        with self._lock:
            grant = self._kept.get(key)
            if grant is None:
                grant = self._kept[key] = Grant(Pace() if paced else None)
            return grant


GRANTS = Grants()
