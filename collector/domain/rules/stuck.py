"""``stuck``: a build waits or runs for too long, by a limit or by what its pipeline usually takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from collector.domain.model import Status
from collector.domain.rules.base import Standing, Verdict, in_words

FEWEST_TO_KNOW = 20
"""Builds from which the usual length of a pipeline is known."""
LEAST = timedelta(minutes=10)
"""Nothing is stuck by what is usual before this."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A build that waits (``since`` it was asked for) or runs (``since`` it started)."""

    id: int
    status: Status
    since: datetime


@dataclass(frozen=True, slots=True)
class Usual:
    """99 % of a pipeline's ``builds`` ended within ``p99_seconds``."""

    p99_seconds: float
    builds: int


@dataclass(frozen=True, slots=True)
class Stuck:
    """``times``: so often the usual length is too long; None: the limits alone decide."""

    queued_for: timedelta = timedelta(minutes=30)
    running_for: timedelta = timedelta(hours=6)
    times: float | None = 3.0

    @property
    def least(self) -> timedelta:
        """Nothing younger than this can be stuck."""
        by_usual = LEAST if self.times is not None else self.running_for
        return min(self.queued_for, self.running_for, by_usual)

    def judge(self, unfinished: Sequence[Unfinished], usual: Usual | None, now: datetime) -> Verdict:
        bad = [one for one in unfinished if now - one.since >= self.limit(one, usual)]
        if not bad:
            return Verdict(Standing.OK, "none_stuck", "No build waits or runs for too long.")
        oldest = min(bad, key=lambda one: (one.since, one.id))
        held = now - oldest.since
        waits = oldest.status is Status.QUEUED
        evidence = {
            "seconds": round(held.total_seconds()),
            "limit_seconds": round(self.limit(oldest, usual).total_seconds()),
            "usual_seconds": round(usual.p99_seconds, 1) if usual else None,
            "builds": len(bad),
        }
        reason = "queued_too_long" if waits else "running_too_long"
        return Verdict(
            Standing.BAD, reason, self._sentence(held, waits, usual, len(bad)), oldest.since, len(bad), oldest.id,
            oldest.id, None, evidence, corrects=True,
        )  # fmt: skip

    def limit(self, one: Unfinished, usual: Usual | None) -> timedelta:
        if one.status is Status.QUEUED:
            return self.queued_for
        if self.times is None or usual is None or usual.builds < FEWEST_TO_KNOW:
            return self.running_for
        return min(self.running_for, max(LEAST, timedelta(seconds=usual.p99_seconds * self.times)))

    @staticmethod
    def _sentence(held: timedelta, waits: bool, usual: Usual | None, builds: int) -> str:
        text = f"A build {'waits' if waits else 'runs'} for {in_words(held)}"
        if usual and not waits and usual.builds >= FEWEST_TO_KNOW:
            text += f"; 99 % end within {in_words(usual.p99_seconds)}"
        return text + (f" ({builds} are stuck)." if builds > 1 else ".")
