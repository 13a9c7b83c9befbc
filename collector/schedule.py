"""When what is done. The only module that knows apscheduler, and it gives it a few short ticks alone.

What may be slow is a ``Work``: a tick puts the due ones into a queue, and threads of our own take them from there,
never one work twice at a time. A work that finds all threads taken (by works that hang, say) gets one more after a
moment, so none ever waits for another's end. The threads are daemons: a read that hangs does not hold up the end.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

log = structlog.get_logger(__name__)

ENQUEUE_SECONDS = 0.25
AFTER_SLIP_SECONDS = 60.0
THREADS = 16
PATIENCE_SECONDS = 1.0
"""How long a due work waits for a thread before there is one more."""


@dataclass(frozen=True, slots=True)
class Work:
    """Something done again and again: ``act`` says in how many seconds it is due once more."""

    name: str
    act: Callable[[], float]
    first_in_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Tick:
    """Something short that must not wait for a thread: the lease, the heartbeat."""

    name: str
    act: Callable[[], None]
    every_seconds: float


@dataclass(slots=True)
class _Entry:
    work: Work
    due_at: float
    """Monotonic seconds: a clock that is set back or forth moves nothing."""
    busy: bool = False
    queued_at: float | None = None
    """Since when it waits for a thread; None: it does not."""


class Schedule:
    """Runs works and ticks from ``start`` to ``stop``."""

    def __init__(self, works: Sequence[Work], ticks: Sequence[Tick]) -> None:
        now = time.monotonic()
        self._entries = [_Entry(work, now + work.first_in_seconds) for work in works]
        self._lock = threading.Lock()
        self._due: queue.SimpleQueue[_Entry | None] = queue.SimpleQueue()
        self._stopped = False
        self._threads = 0
        self._scheduler = BackgroundScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        for tick in (Tick("enqueue", self._enqueue_due, ENQUEUE_SECONDS), *ticks):
            self._scheduler.add_job(_guarded(tick), "interval", seconds=tick.every_seconds, id=tick.name)

    def start(self) -> None:
        self._start_threads(min(len(self._entries), THREADS))
        self._enqueue_due()
        self._scheduler.start()

    def stop(self) -> None:
        """Begins nothing new; does not wait for what hangs."""
        self._stopped = True
        self._scheduler.shutdown(wait=False)
        for _ in range(self._threads):
            self._due.put(None)

    def _enqueue_due(self) -> None:
        now = time.monotonic()
        with self._lock:
            due = [entry for entry in self._entries if not entry.busy and entry.due_at <= now]
            for entry in due:
                entry.busy, entry.queued_at = True, now
            waiting = [entry.queued_at for entry in self._entries if entry.queued_at is not None]
        for entry in due:
            self._due.put(entry)
        self._start_threads(sum(now - queued_at > PATIENCE_SECONDS for queued_at in waiting))

    def _start_threads(self, wanted: int) -> None:
        """A thread a work is enough: no work is done twice at a time."""
        for _ in range(min(wanted, len(self._entries) - self._threads)):
            threading.Thread(target=self._take, name=f"work-{self._threads}", daemon=True).start()
            self._threads += 1

    def _take(self) -> None:
        while (entry := self._due.get()) is not None and not self._stopped:
            with self._lock:
                entry.queued_at = None
            again_in_seconds = self._done(entry.work)
            with self._lock:
                entry.due_at = time.monotonic() + again_in_seconds
                entry.busy = False

    @staticmethod
    def _done(work: Work) -> float:
        try:
            return work.act()
        except Exception:  # the loop's boundary: the thread lives on for the other works
            log.exception("work failed; it is tried again", work=work.name, in_seconds=AFTER_SLIP_SECONDS)
            return AFTER_SLIP_SECONDS


def _guarded(tick: Tick) -> Callable[[], None]:
    def act() -> None:
        try:
            tick.act()
        except Exception:  # the loop's boundary
            log.exception("a tick failed; it is tried again", tick=tick.name, in_seconds=tick.every_seconds)

    return act
