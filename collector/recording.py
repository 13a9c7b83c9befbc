"""One source at a time writes what it read: the collector's only writer of builds, until it stops."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import structlog

from collector import ingest
from collector.providers.base import Batch
from collector.storage import sources, watched, watching
from collector.storage.database import Database

log = structlog.get_logger(__name__)

NAMED = 3


class Recorder:
    """Lets one poll at a time write, and none any more once the collector stops."""

    def __init__(self, database: Database, sources: Mapping[str, Collection[str]] | None = None) -> None:
        """``sources``: what the keys of each begin with (``domain.names.watch_prefix``)."""
        self.database = database
        self._untold = dict(sources or {})
        """Sources of which it is not known yet what they take up: they could not be read since the collector began."""
        self._lock = threading.Lock()
        self._watched: set[str] = set()
        self.stopped = False

    def record(self, batch: Batch, context: ingest.Context, now: datetime) -> ingest.Ingested:
        """One batch in one transaction, with when its repos and jobs were added. Raises Stopped once the collector
        stops."""
        keys = watched.keys_of(batch.words) - self._watched
        with self._turn():
            with self.database.writing():
                if keys and context.source is not None:
                    watched.note(sorted(keys), context.source, now)
                stored = ingest.record(self.database, batch, context, now)
            self._watched |= keys
            if batch.watching is not None and context.source is not None:
                self._untold.pop(context.source, None)
        return stored

    def keep_state(self, source: str, **fields: Any) -> None:
        """How the source stands (``storage.sources.save_state``). Raises Stopped once the collector stops."""
        with self._turn(), self.database.writing():
            sources.save_state(source, **fields)

    def begin(self, source: str, now: datetime, **fields: Any) -> None:
        """A poll begins; the first one ever is remembered. Raises Stopped once the collector stops."""
        with self._turn(), self.database.writing():
            kept = sources.state_of(source)
            polls, first = (kept.polls, kept.first_poll_at) if kept is not None else (0, None)
            sources.save_state(source, last_poll_at=now, first_poll_at=first or now, polls=polls + 1, **fields)

    def let_go(self, now: datetime) -> None:
        """Lets what no source watches any more go quiet, but for what one that was not read yet may take up. Raises
        Stopped once the collector stops."""
        with self._turn():
            left = ingest.let_go(self.database, now, {one for begins in self._untold.values() for one in begins})
            self._watched -= set(left)
        if left:
            log.info(
                "no source watches these any more; their builds are kept, their alerts end", count=len(left),
                named=left[:NAMED],
            )  # fmt: skip

    def leave_all_but(self, sources: Collection[str], now: datetime) -> None:
        """What sources watched that are configured no more goes quiet soon. Raises Stopped once the collector stops."""
        with self._turn(), self.database.writing():
            watching.leave_all_but(sources, now)

    def waiting_until(self, source: str) -> datetime | None:
        with self.database.reading():
            kept = sources.state_of(source)
        until: datetime | None = kept.waiting_until if kept is not None else None
        return until

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with self._lock:
            if self.stopped:
                raise Stopped
            yield

    def stop(self, seconds: float) -> bool:
        """Waits for the transaction at hand and lets none follow. False when it did not end in time."""
        self.stopped = True
        ended = self._lock.acquire(timeout=seconds)
        if ended:
            self._lock.release()
        return ended


class Stopped(Exception):
    """The collector stops: what a poll has not stored yet is read again by the next start."""
