"""How a pipeline fares beyond its last status: what silently stopped, flakes or gets slower. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from collector.domain.health import median
from collector.domain.model import Status
from collector.domain.rules.stale import Runs, Stale

FEWEST_FOR_RHYTHM = 5
"""Builds from which a pipeline's rhythm is read."""
LEAST_SILENCE = timedelta(hours=24)
FACTOR_OF_SILENCE = 2.0
NEWEST_SUCCESSES = 3
FEWEST_BEFORE = 5
SLOWER_BY = 1.25
LEAST_SECONDS = 10.0


class Outlook(StrEnum):
    """Worst first: the order of lists."""

    FAILING = "failing"
    NEVER_GREEN = "never_green"
    STALE = "stale"
    """It has silently stopped running."""
    UNREAD = "unread"
    """Green when it was last seen, but its source was not read for 3 intervals since."""
    UNKNOWN = "unknown"
    """No success or failure yet."""
    FLAKY = "flaky"
    SLOWER = "slower"
    HEALTHY = "healthy"

    @property
    def severity(self) -> int:
        """0 for the worst."""
        return list(Outlook).index(self)


@dataclass(frozen=True, slots=True)
class Slower:
    """Median seconds of the successes before, and of the newest three."""

    from_seconds: float
    to_seconds: float


def slower(durations_seconds: Sequence[float]) -> Slower | None:
    """Whether the newest three of the successes (given oldest first) took a quarter longer than those before.

    Differences below 10 s are none, and fewer than five successes before the three are too few to tell.

    >>> slower([60, 60, 60, 60, 60, 90, 90, 90])
    Slower(from_seconds=60, to_seconds=90)
    """
    before, newest = durations_seconds[:-NEWEST_SUCCESSES], durations_seconds[-NEWEST_SUCCESSES:]
    was, now = median(before), median(newest)
    if len(before) < FEWEST_BEFORE or was is None or now is None:
        return None
    return Slower(was, now) if now >= was * SLOWER_BY and now - was >= LEAST_SECONDS else None


def silent_seconds(runs: Runs, now: datetime) -> float | None:
    """Seconds since the newest start when that is silence beyond what is right for the pipeline, else None.

    What GitHub has disabled for lack of activity is silent; what somebody disabled or deleted is meant to be. Where
    five builds came by schedule, the longest right silence is that of the rule ``stale``; else a day at least, and
    twice the longest pause between the starts.
    """
    state = runs.state or "active"
    if not runs.starts or (state.startswith(("disabled", "deleted")) and state != "disabled_inactivity"):
        return None
    longest = timedelta(0) if state == "disabled_inactivity" else Stale().period(runs) or _by_rhythm(runs.starts)
    silence = now - runs.starts[-1]
    return silence.total_seconds() if longest is not None and silence > longest else None


def _by_rhythm(starts: Sequence[datetime]) -> timedelta | None:
    if len(starts) < FEWEST_FOR_RHYTHM:
        return None
    return max(LEAST_SILENCE, max(later - earlier for earlier, later in pairwise(starts)) * FACTOR_OF_SILENCE)


def outlook(
    status: str, *, ever_green: bool, silent: bool, flaky_commits: int, slower: bool, unread: bool = False
) -> Outlook:
    """The worst that holds. ``unread``: the source that tells of it is stale."""
    if status == Status.FAILURE:
        return Outlook.FAILING if ever_green else Outlook.NEVER_GREEN
    if unread:
        return Outlook.UNREAD
    if status != Status.SUCCESS:
        return Outlook.UNKNOWN
    if silent:
        return Outlook.STALE
    if flaky_commits:
        return Outlook.FLAKY
    return Outlook.SLOWER if slower else Outlook.HEALTHY
