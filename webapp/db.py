"""The way from a greenlet to the database and back: SQL runs in threads of our own, never on the gevent loop.

One writer thread (SQLite takes one writer, and a queue is fairer than a lock) and a few reader threads. A blocked
call stalls its thread alone; greenlets wait for it without holding up other requests or sockets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from gevent.threadpool import ThreadPool

from collector.storage.errors import Unavailable as StorageUnavailable
from webapp.errors import Unavailable

P = ParamSpec("P")
T = TypeVar("T")

READERS = 4


@dataclass(frozen=True, slots=True)
class Failure:
    """What a call raised, carried out of its thread: an exception raised in there would be printed as a trace."""

    error: Exception


def guarded(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | Failure:
    try:
        return call(*args, **kwargs)
    except Exception as exc:  # noqa: BLE001  the boundary of the thread: its caller raises it again
        return Failure(exc)


class Lanes:
    """The threads that speak SQL. ``close`` waits for what runs."""

    def __init__(self) -> None:
        self._writer = ThreadPool(1)
        self._readers = ThreadPool(READERS)
        self._watcher = ThreadPool(1)

    def read(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a reading ``call`` in a reader thread. Raises Unavailable when the database cannot be read."""
        return self._opened(self._readers, call, *args, **kwargs)

    def write(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a writing ``call`` in the writer thread. Raises Unavailable when the database cannot be written."""
        return self._opened(self._writer, call, *args, **kwargs)

    def watch(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``call`` in a thread that nothing else uses, so that heavy reads never delay the feed."""
        return self._opened(self._watcher, call, *args, **kwargs)

    @staticmethod
    def _opened(pool: ThreadPool, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        outcome: T | Failure = pool.apply(guarded, (call, *args), kwargs)
        if not isinstance(outcome, Failure):
            return outcome
        if is_database_trouble(outcome.error):
            raise Unavailable from outcome.error
        raise outcome.error

    def close(self) -> None:
        for pool in (self._writer, self._readers, self._watcher):
            pool.kill()


_TROUBLE = frozenset({"OperationalError", "InternalError", "InterfaceError", "DatabaseError"})


def is_database_trouble(error: Exception) -> bool:
    """True for what a lock, a full or broken disk or a lost server raises; a refusal or a slip of ours is not that."""
    if isinstance(error, StorageUnavailable):
        return True
    return type(error).__module__ == "peewee" and type(error).__name__ in _TROUBLE
