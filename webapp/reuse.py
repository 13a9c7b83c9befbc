"""Figures over many builds are asked for by every open dashboard at once: dear answers are worked out once and reused.

What is cheap is never reused, so that small installations see each change at once; what is dear is at most two
seconds old, as the contract allows.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from gevent.event import AsyncResult

DEAR_SECONDS = 0.05
LONGEST_SECONDS = 1.5
FACTOR = 10.0
MOST_KEPT = 200


@dataclass(slots=True)
class _Kept:
    """An answer, or its being worked out; ``until_seconds`` on the monotonic clock."""

    outcome: AsyncResult[str] = field(default_factory=AsyncResult)
    until_seconds: float = 0.0


class Reuse:
    """Answers by what was asked. Greenlets only; nothing here blocks but the work itself."""

    def __init__(self, now_seconds: Callable[[], float] = time.monotonic) -> None:
        self._now_seconds = now_seconds
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._cost_seconds: dict[str, float] = {}

    def answer(self, key: str, work: Callable[[], str]) -> str:
        """The answer to ``key``: a kept one while it is good, somebody's who is at it, else by ``work``.

        Raises what ``work`` raises; errors are not kept.
        """
        found = self._kept.get(key)
        if found is not None and (not found.outcome.ready() or self._now_seconds() < found.until_seconds):
            shared: str = found.outcome.get()
            return shared
        return self._work(key, work)

    def _work(self, key: str, work: Callable[[], str]) -> str:
        kept = _Kept()
        if self._cost_seconds.get(key, 0.0) >= DEAR_SECONDS:
            self._keep(key, kept)
        started_seconds = self._now_seconds()
        try:
            done = work()
        except BaseException as exc:
            self._kept.pop(key, None)
            kept.outcome.set_exception(exc)
            raise
        self._settle(key, kept, done, self._now_seconds() - started_seconds)
        return done

    def _settle(self, key: str, kept: _Kept, done: str, cost_seconds: float) -> None:
        kept.until_seconds = self._now_seconds() + min(LONGEST_SECONDS - cost_seconds, cost_seconds * FACTOR)
        kept.outcome.set(done)
        self._cost_seconds[key] = cost_seconds
        if cost_seconds >= DEAR_SECONDS:
            self._keep(key, kept)
        else:
            self._kept.pop(key, None)

    def _keep(self, key: str, kept: _Kept) -> None:
        self._kept[key] = kept
        self._kept.move_to_end(key)
        while len(self._kept) > MOST_KEPT:
            forgotten, _ = self._kept.popitem(last=False)
            self._cost_seconds.pop(forgotten, None)
        if len(self._cost_seconds) > 10 * MOST_KEPT:
            self._cost_seconds.clear()
