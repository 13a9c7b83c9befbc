"""``slower``: a line's successful builds take longer than they used to: the last few against those before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean
from typing import Literal

from collector.domain import health
from collector.domain.rules.base import Point, Standing, Verdict, between, in_words, percent

CLOSING_SHARE = 0.5
"""It closes when less than this part of the opening increase is left; each single build must exceed it, too."""


@dataclass(frozen=True, slots=True)
class Slower:
    """``by`` percent and ``by_at_least`` (a length) must both be exceeded, by the figure of the ``last`` builds over
    that of up to ``before`` builds before them; ``window`` and ``baseline`` bound how old each may be."""

    by: float = 50.0
    by_at_least: timedelta = timedelta(minutes=1)
    statistic: Literal["avg", "p50", "p90", "p95"] = "p50"
    last: int = 3
    before: int = 24
    window: timedelta = timedelta(days=7)
    baseline: timedelta = timedelta(days=14)
    min_builds: int = 5

    def enough(self, history: Sequence[Point], now: datetime) -> bool:
        timed = _timed(history)
        return len(timed) >= self.last + self.before or (
            bool(history) and history[0].at < now - self.window - self.baseline
        )

    def judge(self, history: Sequence[Point], now: datetime) -> Verdict:
        timed = [point for point in _timed(history) if point.at >= now - self.window - self.baseline]
        recent, old = timed[-self.last :], timed[: -self.last][-self.before :]
        if len(recent) < self.last or len(old) < self.min_builds or recent[0].at < now - self.window:
            return between("too_few_builds", f"Fewer than {self.min_builds} + {self.last} recent successful builds.")
        usual, present = self._figure(old), self._figure(recent)
        least = min(_seconds(point) for point in recent)
        half = usual + self._increase(usual) * CLOSING_SHARE
        evidence = {"seconds": round(present, 1), "usual_seconds": round(usual, 1), "builds": len(old), "by": self.by}
        if present >= usual + self._increase(usual) and least > half:
            return Verdict(
                Standing.BAD, "slower_than_before", self._sentence(present, usual, len(old)), recent[0].at,
                len(recent), recent[0].id, recent[-1].id, old[-1].id, evidence,
            )  # fmt: skip
        if present <= half:
            text = f"The last {self.last} successful builds took {in_words(present)}, usual is {in_words(usual)}."
            return Verdict(Standing.OK, "as_fast_as_before", text, last=recent[-1].id, evidence=evidence)
        return between("somewhat_slower", f"{in_words(present)} against {in_words(usual)}, not enough to tell.")

    def _increase(self, usual: float) -> float:
        return max(usual * self.by / 100.0, self.by_at_least.total_seconds())

    def _figure(self, points: Sequence[Point]) -> float:
        seconds = sorted(_seconds(point) for point in points)
        if self.statistic == "avg":
            return fmean(seconds)
        return health.percentile(seconds, float(self.statistic[1:])) or 0.0

    def _sentence(self, present: float, usual: float, builds: int) -> str:
        more = f"{percent(100.0 * (present - usual) / usual)} more than" if usual else "instead of"
        return (
            f"The last {self.last} successful builds took {in_words(present)}, {more} the {in_words(usual)} of the"
            f" {builds} before."
        )


def _timed(history: Sequence[Point]) -> list[Point]:
    return [point for point in history if not point.failed and point.duration_seconds is not None]


def _seconds(point: Point) -> float:
    return point.duration_seconds or 0.0
