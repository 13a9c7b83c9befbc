"""Quiet hours and daily instants over days on which clocks are changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.domain.quiet import Daily, QuietHours, instant_of

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "UTC")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_night_is_quiet_and_a_day_is_not() -> None:
    night = QuietHours(time(22), time(7), BERLIN)
    assert night.over_at(utc("2026-01-10T21:30:00")) == utc("2026-01-11T06:00:00")
    assert night.over_at(utc("2026-01-11T05:59:59")) == utc("2026-01-11T06:00:00")
    assert night.over_at(utc("2026-01-11T06:00:00")) is None
    assert night.over_at(utc("2026-01-10T20:59:59")) is None


def test_days_are_those_on_which_quiet_begins() -> None:
    friday_night = QuietHours(time(22), time(7), BERLIN, frozenset({4}))
    assert friday_night.over_at(utc("2026-01-09T22:00:00")) == utc("2026-01-10T06:00:00")
    assert friday_night.over_at(utc("2026-01-10T05:00:00")) == utc("2026-01-10T06:00:00"), "Saturday morning, too"
    assert friday_night.over_at(utc("2026-01-10T22:00:00")) is None


def test_periods_that_meet_are_one() -> None:
    weekend = QuietHours(time(0), time(23, 59), BERLIN, frozenset({5, 6}))
    assert weekend.over_at(utc("2026-01-10T10:00:00")) == utc("2026-01-10T22:59:00")
    always = QuietHours(time(8), time(8), BERLIN)
    assert always.over_at(utc("2026-01-10T10:00:00")) is not None, "a period of no end is not waited for without end"


def test_a_skipped_time_is_the_first_after_it_and_a_doubled_one_its_first() -> None:
    assert instant_of(date(2026, 3, 29), time(2, 30), BERLIN) == utc("2026-03-29T01:00:00")
    assert instant_of(date(2026, 10, 25), time(2, 30), BERLIN) == utc("2026-10-25T00:30:00")
    lord_howe = ZoneInfo("Australia/Lord_Howe")
    assert instant_of(date(2026, 10, 4), time(2, 15), lord_howe) == utc("2026-10-03T15:30:00")
    assert instant_of(date(2011, 12, 30), time(8), ZoneInfo("Pacific/Apia")) == utc("2011-12-30T10:00:00")


def test_a_doubled_hour_is_quiet_once() -> None:
    quiet = QuietHours(time(1), time(2, 30), BERLIN)
    assert quiet.over_at(utc("2026-10-25T00:15:00")) == utc("2026-10-25T00:30:00")
    assert quiet.over_at(utc("2026-10-25T01:15:00")) is None


@settings(max_examples=200, deadline=None)
@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)), st.times(), st.times(), st.sampled_from(ZONES))
def test_quiet_is_over_when_it_says(at: datetime, begins: time, ends: time, zone: str) -> None:
    now = at.replace(tzinfo=UTC)
    begins, ends = begins.replace(second=0, microsecond=0), ends.replace(second=0, microsecond=0)
    if begins == ends:
        return
    quiet = QuietHours(begins, ends, ZoneInfo(zone))
    over = quiet.over_at(now)
    if over is not None:
        assert now < over <= now + timedelta(hours=50)
        assert quiet.over_at(over) is None


@pytest.mark.parametrize("zone", ZONES)
def test_a_daily_instant_comes_once_a_day_all_year(zone: str) -> None:
    daily = Daily(time(2, 30), ZoneInfo(zone))
    now, seen = utc("2026-01-01T00:00:00"), []
    while now < utc("2027-01-01T00:00:00"):
        last = daily.last(now)
        assert last is not None
        if last[0] not in seen:
            seen.append(last[0])
        assert last[1] <= now
        now += timedelta(hours=6)
    assert len(seen) in (365, 366)
    assert seen == sorted(seen)


def test_a_daily_instant_heeds_its_days() -> None:
    monday = Daily(time(8), BERLIN, frozenset({0}))
    assert monday.last(utc("2026-01-14T12:00:00")) == (date(2026, 1, 12), utc("2026-01-12T07:00:00"))
