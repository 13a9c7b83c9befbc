"""How often a source that fails is tried: less and less, and by one poll at a time once its circuit is open."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import structlog

log = structlog.get_logger(__name__)

LONGEST_BACK_OFF_SECONDS = 5 * 60.0
LONGEST_BACK_OFF_PERMANENT_SECONDS = 15 * 60.0
"""For what stays so until somebody changes something: a wrong password must not be tried often."""
OPENS_AFTER = 3
"""So many polls in a row that failed as a whole. Open, the source is tried by one poll a back-off."""


class Circuit:
    """Of one source. Closed: polled every interval. Open: the last polls failed; the next success closes it."""

    def __init__(self, source: str, interval_seconds: float, chance: random.Random) -> None:
        self._source, self._interval_seconds, self._chance = source, interval_seconds, chance
        self.failures = 0
        """Polls in a row that failed as a whole."""
        self.opened_at: datetime | None = None

    def failed(self, *, permanent: bool = False) -> float:
        """In how many seconds to try again: the interval doubled for each failure in a row, up to a longest, each
        time a little different."""
        interval = self._interval_seconds
        longest = LONGEST_BACK_OFF_PERMANENT_SECONDS if permanent else LONGEST_BACK_OFF_SECONDS
        seconds = min(interval * 2.0 ** min(self.failures, 20), max(interval, longest))
        self.failures += 1
        return seconds * self._chance.uniform(0.75, 1.0)

    def succeeded(self) -> None:
        self.failures = 0

    def state(self, now: datetime, seconds: float) -> dict[str, Any]:
        """What to keep of it (``storage.sources.save_state``) after a poll; the next is due in ``seconds``."""
        if self.failures >= OPENS_AFTER and self.opened_at is None:
            self._open(now, seconds)
        elif self.failures == 0 and self.opened_at is not None:
            self._close(now)
        return {
            "failures": self.failures,
            "circuit_opened_at": self.opened_at,
            "next_poll_at": now + timedelta(seconds=seconds),
        }

    def _open(self, now: datetime, seconds: float) -> None:
        self.opened_at = now
        log.warning(
            "a source's circuit opens", source=self._source, failures=self.failures,
            done="one poll tries it after each wait, until one succeeds; other sources go on",
            in_seconds=round(seconds), advice="see the source's error; the circuit closes by itself",
        )  # fmt: skip

    def _close(self, now: datetime) -> None:
        assert self.opened_at is not None
        down = round((now - self.opened_at).total_seconds())
        log.info("a source's circuit closes", source=self._source, open_for_seconds=down)
        self.opened_at = None
