"""What the two halves of a scripted world share: the ledger, the clock, the ids."""

from __future__ import annotations

import itertools
import threading
from datetime import UTC, datetime, timedelta
from hashlib import sha1

from collector.demo.ledger import Ledger, LedgerView
from collector.demo.plans import Person


class Scripted:
    """A world that a test moves. Without ``now`` its clock is the real one; with it, it stands until ``advance``."""

    def __init__(self, now: datetime | None = None) -> None:
        if now is not None and now.tzinfo is None:
            raise ValueError("now: an aware instant is wanted, e.g. datetime(2026, 11, 24, 9, tzinfo=UTC)")
        self.ledger = Ledger()
        self._lock = threading.RLock()
        self._now = now
        self._ids = itertools.count(1_001)

    def clock(self) -> datetime:
        with self._lock:
            return self._now or datetime.now(UTC)

    def advance(self, seconds: float) -> datetime:
        """Moves a standing clock on; returns the new present."""
        with self._lock:
            if self._now is None:
                raise ValueError("this world runs on the real clock; make it with ScriptedWorld(now=…) to move time")
            self._now += timedelta(seconds=seconds)
            return self._now

    def at(self, now: datetime) -> LedgerView:
        return LedgerView(self.ledger, now)

    def next_id(self) -> int:
        return next(self._ids)

    def present(self) -> datetime:
        """The clock in whole seconds, as GitHub tells time."""
        return self.clock().replace(microsecond=0)


def person(login: str) -> Person:
    return Person(login, login.title(), bot=login.endswith("[bot]"))


def commit_of(text: str) -> str:
    """A lasting, made-up commit for a text."""
    return sha1(text.encode(), usedforsecurity=False).hexdigest()
