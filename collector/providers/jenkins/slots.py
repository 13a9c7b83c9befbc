"""What the processes of one machine share of a controller's gate: two slots, and the pause after a slow answer.

They are files in a folder beside the database. A slot is a lock (flock) on a file: the system lets go of it when its
process ends, however that ends. What is told beside it is the time of a file: of a slot's since when its request is
under way, of the pause's until when nothing is asked. So there is nothing that a killed process could leave half
written. One that stands still (Ctrl-Z, a debugger) keeps its locks: after a while others go on as if it had none.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

AT_ONCE = 2
MOST_REST_SECONDS = 60.0
"""A longer pause was told before the clock was set back."""
STANDS_STILL_SECONDS = 180.0
"""No request lasts as long."""
_LOOK_AGAIN_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Held:
    """Slots that are ours until ``release``. ``rested``: another request's slow answer was waited out before."""

    slots: Sequence[int] = ()
    rested: bool = False

    def release(self) -> None:
        for slot in self.slots:
            os.close(slot)


class Slots:
    """Of one controller. Thread-safe: threads are told apart like processes."""

    def __init__(self, folder: Path, controller: str, clock: Callable[[], float] = time.time) -> None:
        self._folder, self._controller, self._clock = folder, controller, clock
        name = hashlib.sha256(controller.encode()).hexdigest()[:16]
        self._queue, self._rest = folder / f"{name}-queue", folder / f"{name}-rest"
        self._files = [folder / f"{name}-{place}" for place in range(1, AT_ONCE + 1)]
        self._said, self._still = False, 0

    def take(self, slow_seconds: float, alone: Callable[[], bool]) -> Held:
        """Waits for a slot, or while ``alone`` says so for all of them; while another's request is under way for more
        than ``slow_seconds``, or the controller is left alone, none is given. First come, first served.

        Where the folder cannot be used, this is said, and the slots are as good as free.
        """
        try:
            self._folder.mkdir(exist_ok=True)
            with self._turn():
                return self._waited_for(slow_seconds, alone)
        except OSError as exc:
            self._say_unusable(exc)
            return Held()

    def rest(self, seconds: float) -> None:
        """Nobody is given a slot for so long."""
        until = self._clock() + seconds
        with suppress(OSError), _opened(self._rest) as rest:
            os.utime(rest, (until, until))

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One at a time looks for a free slot, and the system wakes those who wait for it in turn: whoever asks one
        thing after the other would else take each slot again before anybody else saw it free."""
        with _opened(self._queue) as queue:
            if not _is_locked_by_us(queue):
                _wait_for_lock(queue, STANDS_STILL_SECONDS)
            yield

    def _waited_for(self, slow_seconds: float, alone: Callable[[], bool]) -> Held:
        rested = False
        while True:
            if (seconds := self._rest_seconds()) > 0:
                rested = True
            elif (slots := self._free(slow_seconds, AT_ONCE if rested or alone() else 1)) is not None:
                return Held(slots, rested)
            time.sleep(max(_LOOK_AGAIN_SECONDS, min(seconds, 10 * _LOOK_AGAIN_SECONDS)))

    def _rest_seconds(self) -> float:
        with suppress(FileNotFoundError):
            seconds = self._rest.stat().st_mtime - self._clock()
            return seconds if 0 < seconds <= MOST_REST_SECONDS else 0.0
        return 0.0

    def _free(self, slow_seconds: float, wanted: int) -> list[int] | None:
        """So many slots, locked; None when there are not as many, or one that is taken is taken for long.

        A slot whose process stands still is not waited for: with both of them so, none has to be had.
        """
        with ExitStack() as opened:
            slots = [opened.enter_context(_opened(file)) for file in self._files]
            free, now = [slot for slot in slots if _is_locked_by_us(slot)], self._clock()
            taken_seconds = [now - os.fstat(slot).st_mtime for slot in slots if slot not in free]
            still = sum(seconds > STANDS_STILL_SECONDS for seconds in taken_seconds)
            wanted = min(wanted, AT_ONCE - still)
            if any(slow_seconds < seconds <= STANDS_STILL_SECONDS for seconds in taken_seconds) or len(free) < wanted:
                return None
            self._say_still(still)
            for slot in free[:wanted]:
                os.utime(slot, (now, now))
            return [os.dup(slot) for slot in free[:wanted]]  # a copy keeps the lock when the file is closed here

    def _say_still(self, still: int) -> None:
        if still and not self._still:
            log.warning(
                "a program that asks a controller stands still", controller=self._controller,
                done="what it asked for is not waited for any longer",
                advice="let it go on, or end it: most likely a backfill was stopped by Ctrl-Z",
            )  # fmt: skip
        self._still = still

    def _say_unusable(self, error: OSError) -> None:
        if not self._said:
            self._said = True
            log.warning(
                "what is asked of a controller cannot be agreed upon with other programs", controller=self._controller,
                error=str(error), done="this one asks two things at a time, whatever others ask",
                advice=f"let its user write in {self._folder}, on a disk of its own; else run no backfill beside it",
            )  # fmt: skip


def _is_locked_by_us(slot: int) -> bool:
    try:
        fcntl.flock(slot, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait_for_lock(file: int, seconds: float) -> None:
    """In a thread that can be left: the system knows no time-out for it, but wakes those who wait in turn."""
    locked = threading.Event()

    def wait() -> None:
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        locked.set()

    threading.Thread(target=wait, name="queue", daemon=True).start()
    locked.wait(seconds)


@contextmanager
def _opened(file: Path) -> Iterator[int]:
    opened = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield opened
    finally:
        os.close(opened)
