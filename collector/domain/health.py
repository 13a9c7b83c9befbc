"""The rules of the figures, each stated once. Storage counts by them; docs and UI quote them.

Statuses are compared as the API's words. Times are aware UTC datetimes, lengths seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from collector.domain.model import Status

CONCLUSIVE = (Status.SUCCESS.value, Status.FAILURE.value)
"""What rates, build times and a pipeline's state are made of. The others are listed beside it."""

WORST_FIRST = (
    Status.FAILURE.value, Status.IN_PROGRESS.value, Status.QUEUED.value, Status.CANCELLED.value, Status.SKIPPED.value,
    Status.SUCCESS.value,
)  # fmt: skip

HISTORY_LENGTH = 14
"""How many of a pipeline's last builds are shown in a row."""

_NICE_SECONDS = (
    60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000, 7776000,
)  # fmt: skip


def success_rate(success: int, failure: int) -> float | None:
    """100 × success / (success + failure); None when nothing is conclusive.

    >>> success_rate(9, 1), success_rate(0, 0)
    (90.0, None)
    """
    total = success + failure
    return 100.0 * success / total if total else None


def failure_rate(success: int, failure: int) -> float | None:
    """100 − success_rate; None when nothing is conclusive."""
    rate = success_rate(success, failure)
    return None if rate is None else 100.0 - rate


def severity(status: str) -> int:
    """0 for the worst."""
    return WORST_FIRST.index(status)


def worst(statuses: Iterable[str]) -> str:
    """Which of namesakes' statuses is shown for all of them."""
    return min(statuses, key=severity)


def other(status: str) -> str:
    """Success of failure, and failure of success."""
    return CONCLUSIVE[1 - CONCLUSIVE.index(status)]


def percentile(ordered: Sequence[float], percent: float) -> float | None:
    """Of ascending values, linear between the two next ones (as SQL's percentile_cont); None of none.

    >>> percentile([1.0, 2.0, 4.0], 50), percentile([1.0, 2.0], 50), percentile([], 50)
    (2.0, 1.5, None)
    """
    if not ordered:
        return None
    place = (len(ordered) - 1) * percent / 100.0
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def median(values: Iterable[float]) -> float | None:
    return percentile(sorted(values), 50)


class Turn(NamedTuple):
    """A conclusive build of a line (a pipeline on a branch) that ended otherwise than the one before, or its first."""

    line: tuple[int, str | None]
    status: str
    at: datetime
    """When the build ended, else when it started: from then on one could know."""


@dataclass(frozen=True, slots=True)
class Recoveries:
    """``lengths``: seconds from an outage's first failure to the next success on the same pipeline and branch;
    ``open``: lines whose last conclusive build failed."""

    lengths: tuple[float, ...]
    open: int


def recoveries(turns: Iterable[Turn]) -> Recoveries:
    """What a time-ordered stream of turns (lines may be mixed) says about recovery."""
    broken_at: dict[tuple[int, str | None], datetime] = {}
    lengths: list[float] = []
    for turn in turns:
        if turn.status == Status.FAILURE.value:
            broken_at.setdefault(turn.line, turn.at)
        elif turn.line in broken_at:
            lengths.append(max(0.0, (turn.at - broken_at.pop(turn.line)).total_seconds()))
    return Recoveries(tuple(lengths), len(broken_at))


def bucket_seconds(span: timedelta, most: int) -> int:
    """The smallest round length of which at most ``most`` cover the span.

    >>> bucket_seconds(timedelta(days=7), 84)
    7200
    """
    wanted = span.total_seconds() / most
    return next((seconds for seconds in _NICE_SECONDS if seconds >= wanted), int(wanted) + 1)


def edges(since: datetime, until: datetime, count: int) -> Iterator[tuple[datetime, datetime]]:
    """``count`` half-open parts of equal length, the last of which ends at ``until``."""
    width = (until - since) / count
    for place in range(count):
        yield since + width * place, until if place == count - 1 else since + width * (place + 1)
