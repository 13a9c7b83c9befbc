"""Tells a wall clock that was set from time that passed. Pure; what the clocks said is passed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

LEAST_SET = timedelta(seconds=2)
"""A wall clock that strays from the steady one by more was set; less is a drift that is corrected slowly."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What both clocks said at one instant. ``now``: aware UTC, by a clock that may be set; ``steady_seconds``: by one
    that only time moves."""

    now: datetime
    steady_seconds: float


def set_by(earlier: Reading, later: Reading) -> timedelta:
    """By how much the wall clock was set between two readings, forward or back; zero when it was not.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    >>> print(set_by(Reading(noon, 50.0), Reading(noon + timedelta(hours=1, seconds=1), 51.0)))
    1:00:00
    >>> print(set_by(Reading(noon, 50.0), Reading(noon + timedelta(hours=1), 3650.0)))
    0:00:00
    """
    passed = timedelta(seconds=later.steady_seconds - earlier.steady_seconds)
    strayed = later.now - earlier.now - passed
    return strayed if abs(strayed) > LEAST_SET else timedelta(0)
