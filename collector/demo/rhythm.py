"""When builds are born: working hours and week-ends in the past, a steady trickle while somebody looks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from collector.demo.catalog import GITHUB, JENKINS, Pipeline

HOUR = timedelta(hours=1)
_BY_HOUR = (1, 1, 0, 0, 0, 1, 2, 5, 9, 10, 10, 8, 6, 9, 10, 10, 8, 5, 3, 2, 2, 1, 1, 1)
_BY_WEEKDAY = (1.0, 1.05, 1.1, 1.0, 0.85, 0.12, 0.08)
_LONGEST_LIVE_SECONDS = 450
_FIRST_GAP_SECONDS = 6.0


@dataclass(frozen=True, slots=True)
class Birth:
    """A build is asked for. ``forced`` names the part that a story gives it."""

    at: datetime
    pipeline: Pipeline
    salt: int
    forced: str | None = None


def _expected(pipeline: Pipeline, hour: datetime) -> float:
    """How many builds the pipeline gets in the hour that starts here."""
    if pipeline.hour is not None:
        return 0.0
    return pipeline.per_day * _BY_WEEKDAY[hour.weekday()] * _BY_HOUR[hour.hour] / sum(_BY_HOUR)


def _due(pipeline: Pipeline, hour: datetime) -> bool:
    return pipeline.hour is not None and pipeline.hour in (-1, hour.hour)


def births_of_hour(seed: int, hour: datetime) -> list[Birth]:
    """All births in the hour that starts at ``hour``, oldest first; the same for the same seed."""
    rng = Random(f"{seed}/{hour.isoformat()}")
    births = []
    for pipeline in (*GITHUB, *JENKINS):
        expected = _expected(pipeline, hour)
        count = int(expected) + (rng.random() < expected - int(expected))
        births += [Birth(_within(rng, hour), pipeline, rng.getrandbits(48)) for _ in range(count)]
        if _due(pipeline, hour):
            births.append(Birth(hour + timedelta(minutes=7, seconds=rng.randint(0, 50)), pipeline, rng.getrandbits(48)))
    return sorted(births, key=lambda birth: (birth.at, birth.pipeline.key))


def _within(rng: Random, hour: datetime) -> datetime:
    return hour + timedelta(seconds=rng.randint(0, 3599))


def live_births(seed: int, start: datetime) -> Iterator[Birth]:
    """Endless births from ``start`` on: one every few seconds to a minute, rarer as time goes by."""
    rng = Random(f"{seed}/live")
    lively = [p for p in (*GITHUB, *JENKINS) if p.median_seconds <= _LONGEST_LIVE_SECONDS and p.per_day >= 3]
    weights = [p.per_day for p in lively]
    at = start
    while True:
        mean = 14.0 if at - start < timedelta(minutes=40) else 35.0
        at += timedelta(seconds=min(max(rng.expovariate(1 / mean), 3.0), 60.0))
        yield Birth(at.replace(microsecond=0), rng.choices(lively, weights)[0], rng.getrandbits(48))


def scheduled_births(seed: int, start: datetime) -> Iterator[Birth]:
    """Endless births of the schedules after ``start``: they do not stop because somebody looks."""
    hour = start.replace(minute=0, second=0, microsecond=0)
    while True:
        births = births_of_hour(seed, hour)
        yield from (b for b in births if b.pipeline.hour is not None and b.at >= start)
        hour += HOUR


def first_births(seed: int, anchor: datetime) -> list[Birth]:
    """What somebody who has just started the demo sees begin within ten seconds, on both providers."""
    rng = Random(f"{seed}/first")
    chosen = (GITHUB[0], JENKINS[0], GITHUB[6])
    return [
        Birth(anchor + timedelta(seconds=round(_FIRST_GAP_SECONDS * (i + 0.5))), pipeline, rng.getrandbits(48))
        for i, pipeline in enumerate(chosen)
    ]
