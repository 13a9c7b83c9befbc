"""The demo's world: 90 days of a made-up company's builds up to the present, and builds that go on from there.

Everything follows from (seed, present, days): the same three make the same world. The past is laid out at once; what
is to come is made when somebody looks (``at``), always in the same order, so that looking changes nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from heapq import merge

from collector.demo.ledger import Ledger, LedgerView
from collector.demo.make_github import GithubMaker
from collector.demo.make_jenkins import JenkinsMaker
from collector.demo.rhythm import HOUR, Birth, births_of_hour, first_births, live_births, scheduled_births
from collector.demo.stories import Stories

_WARM_UP = timedelta(minutes=4)
"""The trickle begins so long before the present, so that builds are running at the first look."""
_AHEAD = timedelta(minutes=2)


class DemoWorld:
    """A seeded history of ``days`` up to ``now`` (the present unless told), running on at the pace of real time."""

    def __init__(self, seed: int = 7, now: datetime | None = None, days: int = 90) -> None:
        if now is not None and now.tzinfo is None:
            raise ValueError("now: an aware instant is wanted, e.g. datetime(2026, 11, 24, 9, tzinfo=UTC)")
        if days < 1:
            raise ValueError(f"days: at least 1 is wanted, not {days}")
        self.anchor = (now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
        self.stories = Stories(seed, self.anchor)
        self._started = time.monotonic()
        self._lock = threading.Lock()
        self._ledger = Ledger()
        start = (self.anchor - timedelta(days=days)).replace(minute=0, second=0)
        self._github = GithubMaker(self.stories, start - timedelta(days=400))
        self._jenkins = JenkinsMaker(self.stories, start)
        self._furnish()
        self._live = self._to_come(seed, self.anchor - _WARM_UP)
        self._next = next(self._live)
        for birth in self._past(seed, start):
            self._put(birth)

    def _furnish(self) -> None:
        for repo in self._github.repos.values():
            self._ledger.put_repo(repo)
        for workflow in self._github.workflows.values():
            self._ledger.put_workflow(workflow)
        for item in self._jenkins.items():
            self._ledger.put_item(item)

    def _to_come(self, seed: int, start: datetime) -> Iterator[Birth]:
        births = merge(live_births(seed, start), scheduled_births(seed, start), key=lambda birth: birth.at)
        return (birth for birth in births if not self.stories.drops(birth))

    def _past(self, seed: int, start: datetime) -> list[Birth]:
        """All births before the trickle, the stories' own, and the first ones after the present, in order."""
        births, hour, until = [], start, self.anchor - _WARM_UP
        while hour < until:
            births += [birth for birth in births_of_hour(seed, hour) if birth.at < until]
            hour += HOUR
        births = [birth for birth in births if not self.stories.drops(birth)]
        births += [birth for birth in self.stories.extra_births() if birth.at >= start]
        births += first_births(seed, self.anchor)
        return sorted(births, key=lambda birth: (birth.at, birth.pipeline.key, birth.salt))

    def _put(self, birth: Birth) -> None:
        if birth.pipeline.cls is None:
            self._ledger.put_run(self._github.run(birth))
            return
        build, item = self._jenkins.build(birth)
        if item is not None:
            self._ledger.put_item(item)
        self._ledger.put_build(build)

    def clock(self) -> datetime:
        return self.anchor + timedelta(seconds=time.monotonic() - self._started)

    def at(self, now: datetime) -> LedgerView:
        """The world as it stands at ``now``; the trickle is made up to then."""
        with self._lock:
            while self._next.at <= now + _AHEAD:
                self._put(self._next)
                self._next = next(self._live)
        return LedgerView(self._ledger, now)

    def count(self) -> tuple[int, int]:
        """How many attempts of GitHub runs and how many Jenkins builds are planned so far."""
        return self._ledger.count()
