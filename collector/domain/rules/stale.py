"""``stale``: a pipeline has silently stopped running, or a source cannot be read."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta

from collector.domain.names import is_switched_off, why_switched_off
from collector.domain.rules.base import Standing, Verdict, in_words

FEWEST_TO_LEARN = 5
"""Scheduled builds from which a pipeline's period is learnt."""
TOLERANCE = 1.25
GRACE = timedelta(minutes=30)
SOURCE_INTERVALS = 3
SOURCE_LEAST = timedelta(minutes=10)
SCHEDULE_EVENTS = ("schedule",)


@dataclass(frozen=True, slots=True)
class Runs:
    """When a pipeline's newest builds started, oldest first; ``scheduled``: the newest of those that a schedule began.
    ``state``: the provider's own word (``active``, ``disabled_manually`` …)."""

    starts: tuple[datetime, ...]
    scheduled: tuple[datetime, ...] = ()
    last_id: int | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """How reading a source goes. ``unread_since``: the last success, else the first try."""

    unread_since: datetime | None
    interval: timedelta
    error: str | None


@dataclass(frozen=True, slots=True)
class Stale:
    """``no_build_for``: the longest silence; None: learnt from each pipeline's schedule."""

    no_build_for: timedelta | None = None

    def judge(self, runs: Runs, now: datetime) -> Verdict:
        period = self.period(runs)
        if period is None or not runs.starts:
            return Verdict(Standing.OK, "no_schedule", "It runs on no schedule that is known.")
        last = runs.starts[-1]
        due_at = last + period
        if runs.state == "disabled_inactivity":
            text = f"GitHub has disabled the schedule for lack of activity; it last ran {in_words(now - last)} ago."
            return self._bad("schedule_disabled", text, due_at, runs, period)
        if is_switched_off(runs.state):
            return Verdict(Standing.OK, "disabled", why_switched_off(runs.state), last=runs.last_id)
        if self.no_build_for is None and last > runs.scheduled[-1] + period:
            return Verdict(Standing.OK, "runs_again", "It runs, but no more on its schedule.", last=runs.last_id)
        if now < due_at:
            return Verdict(Standing.OK, "runs_again", "It runs as it should.", last=runs.last_id)
        text = f"It last ran {in_words(now - last)} ago; it is expected every {in_words(period)}."
        return self._bad("not_run", text, due_at, runs, period)

    def period(self, runs: Runs) -> timedelta | None:
        """The longest silence that is right; None: nobody knows."""
        if self.no_build_for is not None:
            return self.no_build_for
        starts = runs.scheduled
        if len(starts) < FEWEST_TO_LEARN:
            return None
        return max(later - one for one, later in itertools.pairwise(starts)) * TOLERANCE + GRACE

    @staticmethod
    def _bad(reason: str, text: str, due_at: datetime, runs: Runs, period: timedelta) -> Verdict:
        evidence = {"period_seconds": round(period.total_seconds())}
        return Verdict(Standing.BAD, reason, text, due_at, 0, None, runs.last_id, runs.last_id, evidence)


def judge_source(reading: Reading, now: datetime) -> Verdict:
    """A source that fails and was not read for three intervals (10 minutes at least)."""
    limit = max(reading.interval * SOURCE_INTERVALS, SOURCE_LEAST)
    since = reading.unread_since
    if reading.error is None or since is None:
        return Verdict(Standing.OK, "source_read", "The source is read.")
    if now - since < limit:
        return Verdict(Standing.BETWEEN, "source_failing", "The source cannot be read just now.")
    text = f"The source could not be read for {in_words(now - since)}: {reading.error}"
    return Verdict(Standing.BAD, "source_unread", text, since, evidence={"limit_seconds": limit.total_seconds()})
