"""``success_rate``: too few of a line's builds in a window succeeded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from collector.domain import health
from collector.domain.rules.base import Point, Standing, Verdict, between, in_words, percent

SHARE_OF_REST = 0.2
"""Without a closing threshold of its own it lies so far between the opening one and 100 %."""


@dataclass(frozen=True, slots=True)
class SuccessRate:
    """Opens below ``below`` percent, closes at ``closes_at`` (None: a fifth of the rest above it) or more."""

    below: float
    closes_at: float | None = None
    window: timedelta = timedelta(days=7)
    min_builds: int = 5

    @property
    def closing(self) -> float:
        given = self.below + (100.0 - self.below) * SHARE_OF_REST if self.closes_at is None else self.closes_at
        return max(given, self.below)

    def enough(self, history: Sequence[Point], now: datetime) -> bool:
        return bool(history) and history[0].at < now - self.window

    def judge(self, history: Sequence[Point], now: datetime) -> Verdict:
        seen = [point for point in history if now - self.window <= point.at]
        failures = [point for point in seen if point.failed]
        rate = health.success_rate(len(seen) - len(failures), len(failures))
        told = f"{len(seen)} builds in {in_words(self.window)}"
        if rate is None:
            return Verdict(Standing.OK, "no_builds", f"No build ended in {in_words(self.window)}.")
        if len(seen) < self.min_builds:
            return between("too_few_builds", f"Only {told}; {self.min_builds} are needed to judge.")
        evidence = {"success_rate": rate, "below": self.below, "closes_at": self.closing, "builds": len(seen)}
        good = next((point.id for point in reversed(seen) if not point.failed), None)
        if rate < self.below:
            text = f"{percent(rate)} of {told} succeeded, below {percent(self.below)}."
            return Verdict(
                Standing.BAD, "rate_too_low", text, failures[0].at, len(failures), failures[0].id, seen[-1].id, good,
                evidence,
            )  # fmt: skip
        if rate >= self.closing:
            text = f"{percent(rate)} of {told} succeeded."
            return Verdict(Standing.OK, "rate_recovered", text, last=seen[-1].id, last_good=good, evidence=evidence)
        return between("rate_between", f"{percent(rate)} of {told} succeeded; it closes at {percent(self.closing)}.")
