"""``flaky``: a line fails and passes on the same commit too often."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from collector.domain.rules.base import Point, Standing, Verdict, between, in_words, percent


@dataclass(frozen=True, slots=True)
class Flaky:
    """Opens at ``commits`` flaky commits in the window that are ``above`` percent of all; closes at half of them."""

    commits: int = 3
    above: float = 0.0
    window: timedelta = timedelta(days=14)

    def enough(self, history: Sequence[Point], now: datetime) -> bool:
        return bool(history) and history[0].at < now - self.window

    def judge(self, history: Sequence[Point], now: datetime) -> Verdict:
        seen = [point for point in history if point.commit and now - self.window <= point.at]
        flaky = flaky_commits(seen)
        commits = len({point.commit for point in seen})
        rate = 100.0 * len(flaky) / commits if commits else 0.0
        evidence = {"flaky_commits": len(flaky), "commits": commits, "rate": round(rate, 1), "above": self.above}
        told = f"{len(flaky)} of {commits} commits in {in_words(self.window)} failed and passed"
        last = seen[-1].id if seen else None
        if len(flaky) >= self.commits and rate >= self.above:
            first = min(flaky.values(), key=lambda point: point.order)
            text = f"{told} ({percent(rate)})."
            return Verdict(Standing.BAD, "flaky_commits", text, first.at, len(flaky), first.id, last, None, evidence)
        if len(flaky) <= self.commits // 2 or rate < self.above / 2:
            return Verdict(Standing.OK, "steady_again", f"{told}.", last=last, evidence=evidence)
        return between("flaky_between", f"{told}; it closes at {self.commits // 2}.")


def flaky_commits(history: Iterable[Point]) -> dict[str, Point]:
    """Each commit that failed and later passed, with its first failure. ``history`` is oldest first."""
    failed: dict[str, Point] = {}
    flaky: dict[str, Point] = {}
    for point in history:
        if point.commit is None:
            continue
        if point.failed:
            failed.setdefault(point.commit, point)
        elif point.commit in failed:
            flaky.setdefault(point.commit, failed[point.commit])
    return flaky
