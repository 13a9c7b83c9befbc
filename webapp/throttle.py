"""Counts failures by key within a sliding period; bounded in memory however many keys try."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable

_MAX_KEYS = 10_000


class Throttle:
    """At most ``limit`` counted failures a key within ``period_seconds``."""

    def __init__(
        self, limit: int, period_seconds: float, monotonic_seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit, self._period_seconds, self._now_seconds = limit, period_seconds, monotonic_seconds
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_seconds(self, key: str) -> float:
        """How long ``key`` has to wait; 0 when it may try."""
        failures = self._failures.get(key)
        if failures is None or len(failures) < self._limit:
            return 0.0
        return max(0.0, failures[0] + self._period_seconds - self._now_seconds())

    def count(self, key: str) -> None:
        """Remember one failure. The oldest keys are forgotten beyond ten thousand."""
        failures = self._failures.setdefault(key, deque(maxlen=self._limit))
        failures.append(self._now_seconds())
        self._failures.move_to_end(key)
        while len(self._failures) > _MAX_KEYS:
            self._failures.popitem(last=False)
