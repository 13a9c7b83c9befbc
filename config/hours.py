"""Times of day in a zone: a receiver's quiet hours and its daily digest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import time
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, Strict, WithJsonSchema

from collector.domain.quiet import Daily, QuietHours
from config.entry import Entry
from config.rules import Severity
from config.texts import Text

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"


def _clock(value: object) -> object:
    if isinstance(value, time):
        return value
    if not isinstance(value, str) or not re.fullmatch(_CLOCK, value):
        raise ValueError('must be a time of day in quotes, from "00:00" to "23:59": "07:30"')
    return time.fromisoformat(value)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise ValueError(f'"{name[:60]}" is no time zone of this machine; write one as Europe/Berlin or UTC') from exc
    return name


Clock = Annotated[
    time,
    BeforeValidator(_clock),
    PlainSerializer(lambda value: value.strftime("%H:%M"), return_type=str),
    WithJsonSchema({"type": "string", "pattern": _CLOCK, "examples": ["07:30"]}),
]
Zone = Annotated[Text, AfterValidator(_zone)]


class DaysOfWeek(Entry):
    """What both have: a zone, and days."""

    timezone: Zone = Field(default="UTC", description="whose clock it is: Europe/Berlin")
    days: tuple[Day, ...] = Field(default=DAYS, min_length=1, description="the days: [mon, tue, wed, thu, fri]")

    @property
    def weekdays(self) -> frozenset[int]:
        """0 is Monday."""
        return frozenset(DAYS.index(day) for day in self.days)


class Quiet(DaysOfWeek):
    """Hours in which notifications wait; ``days`` are those on which they begin."""

    from_: Clock = Field(alias="from", description='when quiet begins: "22:00"')
    to: Clock = Field(description='when it ends, the next day if that is earlier: "07:00"')
    except_: tuple[Severity, ...] = Field(
        default=("critical",), alias="except", description="severities that are told all the same"
    )

    @classmethod
    def misfits(cls, given: Mapping[str, object]) -> Iterator[str]:
        if "from" in given and given["from"] == given.get("to"):
            yield "from and to are the same time; leave quiet_hours out, or give it a length"

    @property
    def hours(self) -> QuietHours:
        return QuietHours(self.from_, self.to, ZoneInfo(self.timezone), self.weekdays)


class Digest(DaysOfWeek):
    """Once a day: what broke, what is still broken, what was fixed since the last one."""

    at: Clock = Field(description='when it is sent: "08:00"')
    only: Annotated[bool, Strict()] = Field(default=False, description="true: nothing but the digest is sent")

    @property
    def daily(self) -> Daily:
        return Daily(self.at, ZoneInfo(self.timezone), self.weekdays)
