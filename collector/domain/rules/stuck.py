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
    """99 % of a pipeline's ``builds`` ended (or began to run) within ``p99_seconds``."""

    p99_seconds: float
    builds: int


@dataclass(frozen=True, slots=True)
class Stuck:
    """``times``: so often the usual length, or wait, is too long; None: the limits alone decide."""

    queued_for: timedelta = timedelta(minutes=30)
    running_for: timedelta = timedelta(hours=6)
    times: float | None = 3.0

    @property
    def least(self) -> timedelta:
        """Nothing younger than this can be stuck."""
        by_usual = LEAST if self.times is not None else self.queued_for
        return min(self.queued_for, self.running_for, by_usual)

    def judge(
        self, unfinished: Sequence[Unfinished], usual: Usual | None, now: datetime, usual_wait: Usual | None = None
    ) -> Verdict:
        """``usual``: how long the pipeline's builds take; ``usual_wait``: how long they wait before they run."""
        bad = [one for one in unfinished if now - one.since >= self.limit(one, usual, usual_wait)]
        if not bad:
            return Verdict(Standing.OK, "none_stuck", "No build waits or runs for too long.")
        oldest = min(bad, key=lambda one: (one.since, one.id))
        held = now - oldest.since
        waits = oldest.status is Status.QUEUED
        known = usual_wait if waits else usual
        evidence = {
            "seconds": round(held.total_seconds()),
            "limit_seconds": round(self.limit(oldest, usual, usual_wait).total_seconds()),
            "usual_seconds": round(known.p99_seconds, 1) if known else None,
            "builds": len(bad),
        }
        reason = "queued_too_long" if waits else "running_too_long"
        return Verdict(
            Standing.BAD, reason, _sentence(held, waits, known, len(bad)), oldest.since, len(bad), oldest.id,
            oldest.id, None, evidence, corrects=True,
        )  # fmt: skip

    def limit(self, one: Unfinished, usual: Usual | None, usual_wait: Usual | None = None) -> timedelta:
        waits = one.status is Status.QUEUED
        known, most = (usual_wait, self.queued_for) if waits else (usual, self.running_for)
        if self.times is None or known is None or known.builds < FEWEST_TO_KNOW:
            return most
        return min(most, max(LEAST, timedelta(seconds=known.p99_seconds * self.times)))


def _sentence(held: timedelta, waits: bool, known: Usual | None, builds: int) -> str:
    text = f"A build {'waits' if waits else 'runs'} for {in_words(held)}"
    if known and known.builds >= FEWEST_TO_KNOW:
        text += f"; 99 % {'wait no longer than' if waits else 'end within'} {in_words(known.p99_seconds)}"
    return text + (f" ({builds} are stuck)." if builds > 1 else ".")
