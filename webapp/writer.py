"""Group commit: posts that wait while a transaction is being written share the next one.

Each is answered only after the commit that holds it is on disk. One that cannot be stored never fails the others:
it is a part of the transaction that is undone alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import gevent
from gevent.event import AsyncResult
from gevent.queue import Queue

from collector import ingest
from collector.ingest import Context, Ingested
from collector.providers.base import Batch
from collector.storage.database import Database
from webapp.db import Failure, Lanes, guarded, is_database_trouble

MOST_TOGETHER = 100


@dataclass(frozen=True, slots=True)
class Item:
    """One post to be stored."""

    batch: Batch
    context: Context
    now: datetime


def record_together(database: Database, items: Sequence[Item]) -> list[Ingested | Failure]:
    """Store ``items`` in one transaction; an outcome for each, in order. Raises when all of it fails."""
    if len(items) == 1:
        return [ingest.record(database, items[0].batch, items[0].context, items[0].now)]
    with database.writing():
        return [_record_part(database, item) for item in items]


def _record_part(database: Database, item: Item) -> Ingested | Failure:
    """What fails for one item is its own; what fails the database fails them all."""
    outcome = guarded(_in_part, database, item)
    if isinstance(outcome, Failure) and is_database_trouble(outcome.error):
        raise outcome.error
    return outcome


def _in_part(database: Database, item: Item) -> Ingested:
    with database.part():
        return ingest.record(database, item.batch, item.context, item.now)


class Recorder:
    """Takes posts from greenlets, gives them to the writer thread in groups."""

    def __init__(self, lanes: Lanes, database: Database, committed: Callable[[], None]) -> None:
        self._lanes, self._database, self._committed = lanes, database, committed
        self._waiting: Queue[tuple[Item, AsyncResult[Ingested]]] = Queue()
        self._writing = False

    def record(self, item: Item) -> Ingested:
        """Store one post and wait until it is on disk. Raises Unavailable, or what ``ingest.record`` raised for it."""
        outcome: AsyncResult[Ingested] = AsyncResult()
        self._waiting.put((item, outcome))
        if not self._writing:
            self._writing = True
            gevent.spawn(self._write_all)
        stored: Ingested = outcome.get()
        return stored

    def _write_all(self) -> None:
        try:
            while not self._waiting.empty():
                taken = [self._waiting.get() for _ in range(min(self._waiting.qsize(), MOST_TOGETHER))]
                self._write(taken)
        finally:
            self._writing = False

    def _write(self, taken: list[tuple[Item, AsyncResult[Ingested]]]) -> None:
        try:
            outcomes = self._lanes.write(record_together, self._database, [item for item, _ in taken])
        except Exception as exc:  # noqa: BLE001  each waiting request raises it again; none may wait for ever
            for _, outcome in taken:
                outcome.set_exception(exc)
            return
        for (_, outcome), told in zip(taken, outcomes, strict=True):
            if isinstance(told, Failure):
                outcome.set_exception(told.error)
            else:
                outcome.set(told)
        self._committed()
