"""The clocks of alerting: the wall clock that people and builds go by, and a steady one that tells when it was set.

Builds bear the times of other machines, and people read instants: those go by the wall clock, wherever it is set. A
length that we count ourselves (``for:``, a reminder, a back-off) must not end sooner or later because of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from collector.domain.clocks import Reading, set_by

LONGEST_READ_SECONDS = 0.5
"""Two clocks that are read further apart than this did not speak of one instant."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """``now``: aware UTC, may be set; ``steady``: seconds that only go forward, with the time that passed."""

    now: Callable[[], datetime]
    steady: Callable[[], float]


def steady_seconds() -> float:
    """Seconds since some instant of the past. What a machine slept has passed, too, where the system counts it: Linux's
    CLOCK_BOOTTIME does, its CLOCK_MONOTONIC, which Python's own steady clock is, does not (man 2 clock_gettime)."""
    counts_sleep: int | None = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if counts_sleep is None else time.clock_gettime(counts_sleep)


REAL_CLOCKS = Clocks(lambda: datetime.now(UTC), steady_seconds)


class WatchedClock:
    """Gives one thread the time, and tells it first by how much the clock was set since the reading before."""

    def __init__(self, clocks: Clocks, when_set: Callable[[timedelta], None]) -> None:
        self._clocks, self._when_set = clocks, when_set
        self._seen = self._read()

    def now(self) -> datetime:
        """Raises what ``when_set`` raises; then it is told again at the next reading."""
        read = self._read()
        if by := set_by(self._seen, read):
            self._when_set(by)
        self._seen = read
        return read.now

    def _read(self) -> Reading:
        """Both clocks at one instant: once more when this process was held up between them."""
        while True:
            before, now, after = self._clocks.steady(), self._clocks.now(), self._clocks.steady()
            if after - before < LONGEST_READ_SECONDS:
                return Reading(now, before)
