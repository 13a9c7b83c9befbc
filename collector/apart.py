"""A reader's batches, asked for in a thread apart: whoever takes them can leave while it waits for a provider."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import suppress

from collector.poller import closing_batches
from collector.providers.base import Batch
from collector.stopping import TICK_SECONDS, Stop

_Told = Batch | BaseException | None


def apart(batches: Iterator[Batch], stop: Stop) -> Iterator[Batch]:
    """The same batches, each asked for when it is wanted, until told to stop: a request under way is left to itself.

    Raises what ``batches`` raises. Told nothing more than it was asked for, the thread does nothing once this is left.
    """
    wanted: queue.SimpleQueue[bool] = queue.SimpleQueue()
    told: queue.SimpleQueue[_Told] = queue.SimpleQueue()
    threading.Thread(target=_ask, args=(batches, wanted, told), name="reading", daemon=True).start()
    try:
        while (batch := _next(wanted, told, stop)) is not None:
            yield batch
    finally:
        wanted.put(False)


def _ask(batches: Iterator[Batch], wanted: queue.SimpleQueue[bool], told: queue.SimpleQueue[_Told]) -> None:
    try:
        with closing_batches(batches):
            while wanted.get():
                told.put(next(batches, None))
    except BaseException as exc:  # noqa: BLE001 (raised again in the thread that takes the batches)
        told.put(exc)


def _next(wanted: queue.SimpleQueue[bool], told: queue.SimpleQueue[_Told], stop: Stop) -> Batch | None:
    """None: there is no more, or told to stop."""
    wanted.put(True)
    while not stop.told:
        with suppress(queue.Empty):
            found = told.get(timeout=TICK_SECONDS)
            if isinstance(found, BaseException):
                raise found
            return found
    return None
