"""How many requests a controller bears: two at a time, one and with pauses while it answers slowly, none meanwhile.

A controller that answers slowly is busy with builds; what asks it then makes it slower. So after a slow answer it is
left alone for twice as long as that answer took, and the second request at a time comes back only after some quick
ones. A poll of a slow controller takes longer, but it ends: nothing is given up. All this holds for the processes of
one machine together, where they are told of a folder that they share (``slots``).
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from collector.providers.jenkins.slots import AT_ONCE, Held, Slots

log = structlog.get_logger(__name__)

SLOW_SECONDS = 2.0
SECONDS_A_MIB = 1.0
"""A long answer may take longer."""
PAUSE_FACTOR = 2.0
LONGEST_PAUSE_SECONDS = 30.0
QUICK_AGAIN = 5
"""So many quick answers in a row, and two are asked at a time again."""
_TICK_SECONDS = 0.5


class Turn:
    """One request under way; ``took`` says how its answer came (else the whole turn counts)."""

    def __init__(self) -> None:
        self.begun = math.inf
        """Not yet: it waits for a slot."""
        self.held = Held()
        self.seconds: float | None = None
        self.size = 0

    def took(self, seconds: float, size: int) -> None:
        self.seconds, self.size = seconds, size

    def is_slow(self, now: float) -> bool:
        seconds = now - self.begun if self.seconds is None else self.seconds
        return seconds > SLOW_SECONDS + self.size / 2**20 * SECONDS_A_MIB


class Gate:
    """Lets requests to one controller through, whichever source they are of. Thread-safe."""

    def __init__(
        self, controller: str, monotonic: Callable[[], float] = time.monotonic, slots: Slots | None = None
    ) -> None:
        self._controller, self._monotonic, self._slots = controller, monotonic, slots
        self._changed = threading.Condition()
        self._under_way: list[Turn] = []
        self._quick = 0
        self._resume_at = 0.0
        self.at_once = AT_ONCE

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Waits until one more request may be made; it is under way while the block runs."""
        mine = self._enter()
        try:
            yield mine
        finally:
            self._leave(mine)

    @property
    def pause_seconds(self) -> float:
        """How long nothing is asked yet."""
        return max(self._resume_at - self._monotonic(), 0.0)

    def _enter(self) -> Turn:
        turn = Turn()
        with self._changed:
            while not self._may_begin():
                self._changed.wait(min(_TICK_SECONDS, self.pause_seconds or _TICK_SECONDS))
            self._under_way.append(turn)
            if self._slots is None:
                turn.begun = self._monotonic()
                return turn
        try:
            turn.held = self._slots.take(SLOW_SECONDS, lambda: self.at_once < AT_ONCE)
        except BaseException:
            self._end(turn)
            raise
        turn.begun = self._monotonic()
        if turn.held.rested:
            self._heed_others()
        return turn

    def _may_begin(self) -> bool:
        now = self._monotonic()
        crowded = len(self._under_way) >= self.at_once
        return not crowded and now >= self._resume_at and not any(turn.is_slow(now) for turn in self._under_way)

    def _leave(self, turn: Turn) -> None:
        now = self._monotonic()
        seconds = now - turn.begun if turn.seconds is None else turn.seconds
        with self._changed:
            if turn.is_slow(now):
                self._slow_down(now, seconds)
            elif self.at_once < AT_ONCE:
                self._speed_up()
        self._end(turn)

    def _end(self, turn: Turn) -> None:
        with self._changed:
            self._under_way.remove(turn)
            turn.held.release()
            self._changed.notify_all()

    def _heed_others(self) -> None:
        """Another program, or thread of this one, had a slow answer."""
        with self._changed:
            self.at_once, self._quick = 1, 0

    def _slow_down(self, now: float, seconds: float) -> None:
        pause = min(seconds * PAUSE_FACTOR, LONGEST_PAUSE_SECONDS)
        self._resume_at, self._quick = max(self._resume_at, now + pause), 0
        if self._slots is not None:
            self._slots.rest(pause)
        if self.at_once == AT_ONCE:
            log.warning(
                "the controller answers slowly", controller=self._controller, seconds=round(seconds, 1),
                done="it is asked one thing at a time, with pauses; the poll takes longer and misses nothing",
                advice="see what keeps it busy; folders: or jobs: make a source read less of it",
            )  # fmt: skip
        self.at_once = 1

    def _speed_up(self) -> None:
        self._quick += 1
        if self._quick >= QUICK_AGAIN:
            self.at_once, self._quick = AT_ONCE, 0
            log.info("the controller answers quickly again", controller=self._controller, at_once=AT_ONCE)


_gates: dict[tuple[str, Path | None], Gate] = {}
_gates_lock = threading.Lock()


def gate_of(controller: str, shared: Path | None = None) -> Gate:
    """The controller's gate, one for the process: all sources of the controller share it.

    ``shared``: the folder by which processes of this machine share it; None: this process is alone.
    """
    with _gates_lock:
        if (controller, shared) not in _gates:
            slots = Slots(shared, controller) if shared else None
            _gates[controller, shared] = Gate(controller, slots=slots)
        return _gates[controller, shared]
