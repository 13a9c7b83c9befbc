"""``failure``: so many builds of a line failed in a row. So many successes in a row close it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from collector.domain.rules.base import Point, Standing, Verdict


@dataclass(frozen=True, slots=True)
class Failure:
    """``after``: failures in a row that open; ``passes``: successes in a row that close."""

    after: int = 1
    passes: int = 1

    def enough(self, history: Sequence[Point], now: datetime) -> bool:
        """Whether no older build could change the verdict: somewhere the line was green for certain."""
        green = 0
        for point in reversed(history):
            green = 0 if point.failed else green + 1
            if green >= self.passes:
                return True
        return False

    def judge(self, history: Sequence[Point], now: datetime) -> Verdict:
        outage = _Outage()
        for point in history:
            outage.take(point, self)
        if not history:
            return Verdict(Standing.OK, "no_builds", "There are no builds.")
        if not outage.open:
            return self._not_open(history[-1], outage)
        first = outage.failures[0]
        return Verdict(
            Standing.BAD, "failure_streak", _sentence(len(outage.failures), outage.greens), first.at,
            len(outage.failures), first.id, history[-1].id, outage.last_good,
            {"failures": len(outage.failures), "after": self.after}, corrects=True,
        )  # fmt: skip

    def _not_open(self, last: Point, outage: _Outage) -> Verdict:
        if last.failed:
            text = f"{len(outage.failures)} of the {self.after} failures in a row that open an alert."
            return Verdict(Standing.OK, "too_few_failures", text, last=last.id, last_good=outage.last_good)
        text = "The last build succeeded." if self.passes == 1 else f"The last {outage.greens} builds succeeded."
        return Verdict(Standing.OK, "passed", text, last=last.id, last_good=last.id)


class _Outage:
    """The line as it stands after the builds taken so far."""

    def __init__(self) -> None:
        self.open = False
        self.failures: list[Point] = []
        self.greens = 0
        self.last_good: int | None = None

    def take(self, point: Point, rule: Failure) -> None:
        if point.failed:
            self.greens = 0
            self.failures.append(point)
            self.open = self.open or len(self.failures) >= rule.after
            return
        self.greens += 1
        if not self.open or self.greens >= rule.passes:
            self.open = False
            self.failures.clear()
            self.last_good = point.id


def _sentence(failures: int, greens: int) -> str:
    text = "The last build failed." if failures == 1 else f"The last {failures} builds failed."
    if greens:
        return f"{failures} builds failed; {greens} succeeded since, too few to call it fixed."
    return text
