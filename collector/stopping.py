"""When the collector has to leave: a signal, the end of its parent's pipe, or a lost lease."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType

import structlog

log = structlog.get_logger(__name__)

PARENT_FD = "CIHEALTH_PARENT_FD"
TICK_SECONDS = 0.1


class Stop:
    """Told once, asked by whoever waits.

    A flag and not an Event: a signal handler that sets an Event can meet its lock held by the very same thread.
    """

    def __init__(self) -> None:
        self.told = False
        self.exit_code = 0

    def tell(self, exit_code: int = 0) -> None:
        self.exit_code = self.exit_code or exit_code
        self.told = True

    def wait(self, seconds: float = float("inf")) -> bool:
        """True as soon as told; False after ``seconds``."""
        give_up_at = time.monotonic() + seconds
        while not self.told and time.monotonic() < give_up_at:
            time.sleep(min(TICK_SECONDS, seconds))
        return self.told


@contextmanager
def stopping(environ: Mapping[str, str]) -> Iterator[Stop]:
    """A Stop that TERM, INT, HUP and the end of the parent tell, while the block runs. For the main thread."""
    stop = Stop()

    def told(_number: int, _frame: FrameType | None) -> None:
        stop.tell()

    previous = {number: signal.signal(number, told) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    parent = environ.get(PARENT_FD, "")
    if parent.isdigit():
        threading.Thread(target=_watch_parent, args=(int(parent), stop), name="parent", daemon=True).start()
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _watch_parent(fd: int, stop: Stop) -> None:
    with suppress(OSError):
        while os.read(fd, 1024):
            pass
    if not stop.told:
        log.warning("the program that started the collector is gone", done="the collector stops, too")
        stop.tell()
