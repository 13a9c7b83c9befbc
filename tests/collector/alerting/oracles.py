"""What each rule of a simulated year must say of the builds that were told, worked out from its description alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from statistics import median

from collector.domain.model import RunWord, Status

OPEN, CLOSED, EITHER = "open", "closed", "either"
RULES = """
receivers: [{name: team, stdout: {}}]
rules:
  - {name: rate, when: success_rate, below: 60, closes_at: 80, window: 2d, min_builds: 4, remind: 6h}
  - {name: slower, when: slower, by: 50, by_at_least: 10m, last: 2, before: 6, min_builds: 3, for: 30m}
  - {name: hangs, when: stuck, queued_for: 30m, running_for: 2h, times: 1000}
  - {name: flaky, when: flaky, commits: 2, window: 5d}
  - {name: silent, when: stale, no_build_for: 1d}
"""


def known(words: Iterable[RunWord]) -> list[RunWord]:
    """Each build as its greatest word tells it, in the order of their starts."""
    found: dict[object, RunWord] = {}
    for word in words:
        kept = found.get(word.key)
        if kept is None or _greatness(word) > _greatness(kept):
            found[word.key] = word
    return sorted(found.values(), key=_start)


def rate(builds: Sequence[RunWord], now: datetime) -> str:
    """Under 60 % of at least 4 builds of 2 days opens; 80 % closes; so does a window without builds."""
    ends = [one.status is Status.SUCCESS for one in builds if one.status.conclusive and _within(one, now, days=2)]
    if len(ends) < 4:
        return EITHER if ends else CLOSED
    percent = 100 * sum(ends) / len(ends)
    return OPEN if percent < 60 else CLOSED if percent >= 80 else EITHER


def slower(builds: Sequence[RunWord], now: datetime) -> str:
    """The median of the last 2 successes is 50 % and 10 minutes over that of up to 6 before, each of the 2 by half of
    that; it closes at half."""
    timed = [one for one in builds if one.status is Status.SUCCESS and _within(one, now, days=21)]
    recent, before = timed[-2:], timed[:-2][-6:]
    if len(recent) < 2 or len(before) < 3 or not _within(recent[0], now, days=7):
        return EITHER
    usual, present = median(map(_seconds, before)), median(map(_seconds, recent))
    increase = max(usual / 2, 600)
    if present >= usual + increase and min(map(_seconds, recent)) > usual + increase / 2:
        return OPEN
    return CLOSED if present <= usual + increase / 2 else EITHER


def hangs(builds: Sequence[RunWord], now: datetime) -> str:
    """One waits for 30 minutes or runs for 2 hours, and not for weeks: that one is lost."""
    limits = {Status.QUEUED: timedelta(minutes=30), Status.IN_PROGRESS: timedelta(hours=2)}
    held = [now - _start(one) for one in builds if one.status in limits and now - _start(one) >= limits[one.status]]
    return OPEN if any(length < timedelta(days=14) for length in held) else CLOSED


def flaky(builds: Sequence[RunWord], now: datetime) -> str:
    """2 commits of 5 days failed and later passed; at one it closes."""
    failed: set[str] = set()
    found: set[str] = set()
    for one in builds:
        if one.status.conclusive and one.commit and _within(one, now, days=5):
            found |= {one.commit} & failed if one.status is Status.SUCCESS else set()
            failed |= {one.commit} if one.status is Status.FAILURE else set()
    return OPEN if len(found) >= 2 else CLOSED


def silent(builds: Sequence[RunWord], now: datetime) -> str:
    """No build, however it ended, began for a day."""
    return OPEN if builds and now - _start(builds[-1]) >= timedelta(days=1) else CLOSED


ORACLES: dict[str, Callable[[Sequence[RunWord], datetime], str]] = {
    "rate": rate, "slower": slower, "hangs": hangs, "flaky": flaky, "silent": silent,
}  # fmt: skip
BY_THE_CLOCK = frozenset({"hangs", "silent"})
"""Those that the clock alone opens; the others open when a build comes."""


def _greatness(word: RunWord) -> tuple[datetime, int]:
    assert word.updated_at is not None
    return word.updated_at, word.status.rank


def _start(word: RunWord) -> datetime:
    assert word.started_at is not None
    return word.started_at


def _seconds(word: RunWord) -> float:
    assert word.updated_at is not None
    return (word.updated_at - _start(word)).total_seconds()


def _within(word: RunWord, now: datetime, *, days: float) -> bool:
    return _start(word) >= now - timedelta(days=days)
