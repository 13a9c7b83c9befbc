"""What the rule kinds judge, and how they say what they found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from collector.domain.model import Status


class Standing(StrEnum):
    OK = "ok"
    BAD = "bad"
    BETWEEN = "between"
    """Neither bad enough to open an alert nor good enough to close one, or too little is known."""


class Order(NamedTuple):
    """What a history is ordered by; the id breaks ties, so that any two builds have one order."""

    at: datetime
    attempt: int
    id: int


@dataclass(frozen=True, slots=True)
class Point:
    """A success or failure of a line (a pipeline on a branch). A history is a sequence of them, oldest first."""

    id: int
    status: Status
    at: datetime
    """When it started, else was created."""
    attempt: int = 1
    ended_at: datetime | None = None
    duration_seconds: float | None = None
    commit: str | None = None
    event: str | None = None

    @property
    def order(self) -> Order:
        return Order(self.at, self.attempt, self.id)

    @property
    def failed(self) -> bool:
        return self.status is Status.FAILURE


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule makes of a history. ``reason`` is a fixed name, ``text`` one plain sentence, ``evidence`` figures.

    ``since`` is when the first bad build started, ``streak`` how many bad builds there were from then on; of an OK
    verdict ``last`` is the build that made it so. ``corrects``: a later verdict may move ``since`` of an open alert.
    """

    standing: Standing
    reason: str
    text: str
    since: datetime | None = None
    streak: int = 0
    first_bad: int | None = None
    last: int | None = None
    last_good: int | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    corrects: bool = False


def between(reason: str, text: str) -> Verdict:
    return Verdict(Standing.BETWEEN, reason, text)


def in_words(length: timedelta | float) -> str:
    """A length for a sentence.

    >>> in_words(90), in_words(timedelta(hours=7, minutes=5)), in_words(timedelta(days=3)), in_words(1)
    ('1 min 30 s', '7 h 5 min', '3 days', '1 s')
    """
    seconds = round(length.total_seconds() if isinstance(length, timedelta) else length)
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, seconds = divmod(rest, 60)
    named = ((days, "day" if days == 1 else "days"), (hours, "h"), (minutes, "min"), (seconds, "s"))
    return " ".join(f"{count} {name}" for count, name in [part for part in named if part[0]][:2]) or "0 s"


def percent(value: float) -> str:
    """
    >>> percent(62.5), percent(90.0)
    ('62.5 %', '90 %')
    """
    return f"{round(value, 1):g} %"
