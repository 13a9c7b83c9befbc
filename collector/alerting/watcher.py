"""The evaluator's thread: looks at the feed as soon as anybody committed, and at the clock once a second."""

from __future__ import annotations

import threading
import time

import structlog

from collector.alerting.clocks import Clocks, WatchedClock
from collector.alerting.evaluator import Evaluator
from collector.storage.database import Database

log = structlog.get_logger(__name__)

WATCH_SECONDS = 0.05
TICK_SECONDS = 1.0
LONGEST_BACK_OFF_SECONDS = 30.0


class Watcher:
    """From ``start`` to ``stop``. Whatever goes wrong is logged and tried again: the cursor has not moved."""

    def __init__(self, evaluator: Evaluator, database: Database, clocks: Clocks) -> None:
        self._evaluator, self._database = evaluator, database
        self._clock = WatchedClock(clocks, evaluator.clock_set)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alerting", daemon=True)
        self._begun = False
        self._version: int | None = None
        self._tick_at = 0.0
        self._failures = 0

    def start(self) -> None:
        self._thread.start()

    def stop(self, seconds: float) -> bool:
        """Waits for the transaction at hand and lets none follow. False when it did not end in time."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        wait = 0.0
        while not self._stopping.wait(wait):
            wait = self._round()

    def _round(self) -> float:
        """One look. Returns the seconds until the next."""
        try:
            self._look()
        except Exception:  # the loop's boundary: alerting must outlive a full disk and a slip of ours
            self._version = None
            seconds = min(2.0**self._failures, LONGEST_BACK_OFF_SECONDS)
            self._failures += 1
            log.exception(
                "alerts could not be evaluated",
                done="nothing is lost, it is tried again",
                in_seconds=seconds,
                advice="look at the error: a full disk, a locked database, or a fault of CI Health to report",
            )
            return seconds
        self._failures = 0
        return WATCH_SECONDS

    def _look(self) -> None:
        if not self._begun:
            self._evaluator.begin(self._clock.now())
            self._begun = True
        version = self._database.data_version()
        if version != self._version:
            while self._evaluator.slice(self._clock.now()) and not self._stopping.is_set():
                pass
            self._version = version
        if time.monotonic() >= self._tick_at and not self._stopping.is_set():
            self._tick_at = time.monotonic() + TICK_SECONDS
            self._evaluator.tick(self._clock.now())
