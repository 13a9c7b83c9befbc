"""Quiet hours and daily instants: wall clock times of a zone as UTC instants. Pure; the instant is passed in.

A wall clock time that a change of the clocks skips stands for the first one after it; one that comes twice for its
first. So a period begins and ends once a day, whatever the zone does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EVERY_DAY = frozenset(range(7))
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_LONGEST_SKIP_MINUTES = 26 * 60
"""Samoa left out a whole day, the longest that clocks ever jumped."""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From ``begins`` to ``ends`` (the next day's, when not later) on the days it begins on: 0 is Monday."""

    begins: time
    ends: time
    zone: ZoneInfo
    days: frozenset[int] = EVERY_DAY

    def over_at(self, now: datetime) -> datetime | None:
        """When the quiet that ``now`` lies in is over; None when it is not quiet. Periods that meet are one."""
        over: datetime | None = None
        at = now
        while (end := self._end_of_period(at)) is not None and end > at:
            over = at = end
            if over - now > 14 * _DAY:
                break
        return over

    def _end_of_period(self, now: datetime) -> datetime | None:
        today = now.astimezone(self.zone).date()
        for day in (today - _DAY, today, today + _DAY):
            if day.weekday() in self.days:
                begins = instant_of(day, self.begins, self.zone)
                ends = instant_of(day if self.ends > self.begins else day + _DAY, self.ends, self.zone)
                if begins <= now < ends:
                    return ends
        return None


@dataclass(frozen=True, slots=True)
class Daily:
    """A time of day in a zone, on some days: 0 is Monday."""

    at: time
    zone: ZoneInfo
    days: frozenset[int] = EVERY_DAY

    def last(self, now: datetime) -> tuple[date, datetime] | None:
        """The newest of its days whose instant has come, with that instant; None when none has within a week."""
        today = now.astimezone(self.zone).date()
        for back in range(-1, 9):
            day = today - back * _DAY
            instant = instant_of(day, self.at, self.zone)
            if day.weekday() in self.days and instant <= now:
                return day, instant
        return None


def instant_of(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The instant of a wall clock time, as UTC."""
    wall = datetime.combine(day, clock)
    for _ in range(_LONGEST_SKIP_MINUTES):
        instant = wall.replace(tzinfo=zone).astimezone(UTC)
        if instant.astimezone(zone).replace(tzinfo=None) == wall:
            return instant
        wall += _MINUTE
    raise ValueError(f"{zone.key} has no {clock} near {day}")
