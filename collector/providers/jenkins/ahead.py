"""Asking for the next thing while the last one is being stored: two at a time, in order, no further ahead."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from queue import SimpleQueue
from typing import Generic, TypeVar

from collector.domain.errors import SourceError, Unreachable, Waiting
from collector.providers.jenkins.api import BrokenPage
from collector.providers.jenkins.slots import AT_ONCE

A = TypeVar("A")
B = TypeVar("B")

GIVE_UP_AFTER = 5
"""So many requests in a row without an answer: the controller is down, and asking for the rest would take hours."""


def ahead(do: Callable[[A], B], items: Iterable[A]) -> Iterator[tuple[A, B | SourceError]]:
    """``do`` of each item, in order; what it raised as SourceError comes instead of its result.

    Raises Waiting at once, and the last Unreachable when GIVE_UP_AFTER came in a row.
    """
    unanswered = 0
    for item, outcome in _done(do, items):
        if isinstance(outcome, Waiting):
            raise outcome
        is_down = isinstance(outcome, Unreachable) and not isinstance(outcome, BrokenPage)
        unanswered = unanswered + 1 if is_down else 0
        if isinstance(outcome, Unreachable) and unanswered >= GIVE_UP_AFTER:
            raise outcome
        yield item, outcome


class _Task(Generic[A, B]):
    def __init__(self, item: A) -> None:
        self.item = item
        self._ready = threading.Event()
        self._outcome: B | SourceError | None = None
        self._error: BaseException | None = None

    def run(self, do: Callable[[A], B]) -> None:
        try:
            self._outcome = do(self.item)
        except SourceError as exc:
            self._outcome = exc
        except BaseException as exc:  # noqa: BLE001 (raised again in the thread that asked)
            self._error = exc
        self._ready.set()

    def result(self) -> tuple[A, B | SourceError]:
        self._ready.wait()
        if self._error is not None:
            raise self._error
        return self.item, self._outcome  # type: ignore[return-value]  # set before ready, and None only if do gives None


def _done(do: Callable[[A], B], items: Iterable[A]) -> Iterator[tuple[A, B | SourceError]]:
    # Daemon threads and not an executor's: those are waited for at exit, which a hanging controller would hold up.
    tasks: SimpleQueue[_Task[A, B] | None] = SimpleQueue()
    started: deque[_Task[A, B]] = deque()
    threads = 0
    try:
        for item in items:
            if threads < AT_ONCE:
                threading.Thread(target=_work, args=(do, tasks), name="jenkins", daemon=True).start()
                threads += 1
            task: _Task[A, B] = _Task(item)
            started.append(task)
            tasks.put(task)
            if len(started) > AT_ONCE:
                yield started.popleft().result()
        while started:
            yield started.popleft().result()
    finally:
        for _ in range(threads):
            tasks.put(None)


def _work(do: Callable[[A], B], tasks: SimpleQueue[_Task[A, B] | None]) -> None:
    while (task := tasks.get()) is not None:
        task.run(do)
