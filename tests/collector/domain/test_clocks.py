"""Whether a wall clock was set, and by how much, from what two clocks said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from collector.domain.clocks import LEAST_SET, Reading, set_by
from tests.builders import NOON

SECONDS = st.integers(0, 10**7)
STEPS = st.timedeltas(timedelta(days=-900), timedelta(days=900))


def read(passed_seconds: int, step: timedelta = timedelta(0)) -> Reading:
    return Reading(NOON + timedelta(seconds=passed_seconds) + step, 1000.0 + passed_seconds)


@given(SECONDS)
def test_time_that_passes_sets_no_clock_however_long(passed_seconds: int) -> None:
    assert set_by(read(0), read(passed_seconds)) == timedelta(0)


@given(SECONDS, STEPS)
def test_a_step_is_told_from_the_time_that_passed_beside_it(passed_seconds: int, step: timedelta) -> None:
    assert set_by(read(0), read(passed_seconds, step)) == (step if abs(step) > LEAST_SET else timedelta(0))


def test_a_change_of_summer_time_is_none() -> None:
    before = datetime.fromisoformat("2026-03-29T01:59:59+01:00").astimezone(UTC)
    after = datetime.fromisoformat("2026-03-29T03:00:01+02:00").astimezone(UTC)
    assert set_by(Reading(before, 7.0), Reading(after, 9.0)) == timedelta(0)
