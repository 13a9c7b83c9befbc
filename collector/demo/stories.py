"""The stories that the made-up history tells, beside ordinary failures.

Two hours in which the package registry was down for all; a pipeline that has been broken for hours; a slow drift; a
flaky job; a run that waits for a runner nobody has; a schedule that has silently stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from collector.demo.catalog import GITHUB, JENKINS, Pipeline
from collector.demo.rhythm import Birth

BROKEN, DRIFTING, STOPPED, QUEUED, PAUSED = (
    "gateway:ci", "payments-api:ci", "etl-jobs:import", "mobile-app:ci", "infra-terraform",
)  # fmt: skip
_BROKEN_FOR = timedelta(hours=5, minutes=20)
_FIXED_AFTER = timedelta(minutes=35)
_DRIFT_DAYS, _DRIFT_FACTOR = 45, 0.8
_PIPELINES = {pipeline.key: pipeline for pipeline in (*GITHUB, *JENKINS)}


@dataclass(frozen=True, slots=True)
class Fate:
    """How a build ends: GitHub's conclusion word, the part that decides it and the step in it, whether it is re-run."""

    conclusion: str
    part: int | None = None
    step: str | None = None
    rerun: bool = False


def _where_the_registry_is_asked(pipeline: Pipeline) -> str:
    """The step that needs the registry; a pipeline without it fails where it fetches its sources."""
    steps = pipeline.parts[0].steps if pipeline.parts else ()
    return "Install dependencies" if "Install dependencies" in steps else "Checkout"


@dataclass(frozen=True, slots=True)
class Stories:
    """Everything that hangs on the present in which the demo was started, ``anchor``."""

    seed: int
    anchor: datetime

    @property
    def outage(self) -> tuple[datetime, datetime]:
        """Two hours of a working day about twelve days ago, [start, end)."""
        day = (self.anchor - timedelta(days=12)).replace(hour=13, minute=5, second=0, microsecond=0)
        while day.weekday() > 4:
            day -= timedelta(days=1)
        return day, day + timedelta(hours=2)

    @property
    def broken_since(self) -> datetime:
        return self.anchor - _BROKEN_FOR

    @property
    def stopped_at(self) -> datetime:
        return self.anchor - timedelta(days=4)

    def drops(self, birth: Birth) -> bool:
        """The stopped schedule: these births never happen."""
        return birth.pipeline.key == STOPPED and birth.at >= self.stopped_at

    def extra_births(self) -> list[Birth]:
        """Births that the stories need whatever the hour of the day."""
        rng = Random(f"{self.seed}/stories")
        plan = [
            (BROKEN, 5 * 60 + 20, "main"), (BROKEN, 4 * 60, "main"), (BROKEN, 150, "main"), (BROKEN, 55, "main"),
            (QUEUED, 47, "no-runner"), ("storefront:ci", 7, "superseded"), ("storefront:ci", 6, "main"),
            ("storefront:automerge", 9, "skipped"), ("model-training", 33, "no-runner"), (PAUSED, 26, "paused"),
            ("design-system:ci", 90, "startup_failure"),
        ]  # fmt: skip
        return [
            Birth(self.anchor - timedelta(minutes=minutes), _PIPELINES[key], rng.getrandbits(48), forced)
            for key, minutes, forced in plan
        ]

    def slowness(self, pipeline: Pipeline, at: datetime) -> float:
        """Factor on the pipeline's length: 1, or what the drift has grown to."""
        if pipeline.key != DRIFTING:
            return 1.0
        days = (at - (self.anchor - timedelta(days=_DRIFT_DAYS))).total_seconds() / 86_400
        return 1.0 + _DRIFT_FACTOR * min(max(days / _DRIFT_DAYS, 0.0), 1.0)

    def fate(self, birth: Birth, branch: str, rng: Random) -> Fate:
        """How the build ends. Takes the same number of draws whatever the answer, to keep the rest of it the same."""
        luck, kind, place = rng.random(), rng.random(), rng.random()
        pipeline = birth.pipeline
        if birth.forced in ("skipped", "startup_failure"):
            return Fate(birth.forced)
        if birth.forced == "superseded":
            return Fate("cancelled", 0)
        if self.outage[0] <= birth.at < self.outage[1] and luck < 0.88:
            return Fate("failure", 0, _where_the_registry_is_asked(pipeline))
        if pipeline.key == BROKEN and branch == "main" and self._broken(birth.at):
            return Fate("failure", 1, "Build")
        if luck < pipeline.skipped:
            return Fate("skipped")
        if luck < pipeline.skipped + pipeline.flaky:
            return Fate("failure", len(pipeline.parts) - 1, "End-to-end tests", rerun=kind < 0.85)
        return self._ordinary(pipeline, luck - pipeline.skipped - pipeline.flaky, kind, place)

    def _broken(self, at: datetime) -> bool:
        return self.broken_since <= at < self.anchor + _FIXED_AFTER

    def _ordinary(self, pipeline: Pipeline, luck: float, kind: float, place: float) -> Fate:
        part = int(place * max(len(pipeline.parts), 1))
        if luck < pipeline.failing:
            steps = pipeline.parts[part].steps[2:-1] if pipeline.parts else ("Build",)
            step = steps[int(kind * len(steps))]
            return Fate("timed_out" if kind < 0.04 else "failure", part, step, rerun=kind > 0.9)
        return Fate("cancelled", part) if luck < pipeline.failing + 0.025 else Fate("success")
