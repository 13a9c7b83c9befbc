"""What silently stopped, flakes, got slower: each rule at its edge."""

from __future__ import annotations

from datetime import timedelta

import pytest

from collector.domain.failures import shape
from collector.domain.outlook import Outlook, Slower, outlook, silent_seconds, slower
from collector.domain.rules.stale import Runs
from tests.builders import later

DAILY = Runs(tuple(later(days=day) for day in range(6)))


def test_silence_is_more_than_twice_the_longest_pause() -> None:
    assert silent_seconds(DAILY, later(days=7)) is None
    assert silent_seconds(DAILY, later(days=7, seconds=1)) == timedelta(days=2, seconds=1).total_seconds()


def test_a_busy_pipeline_is_not_silent_before_a_day_has_passed() -> None:
    hourly = Runs(tuple(later(hours=hour) for hour in range(6)))

    assert silent_seconds(hourly, later(hours=29)) is None
    assert silent_seconds(hourly, later(hours=29, seconds=1)) is not None


def test_four_builds_have_no_rhythm() -> None:
    assert silent_seconds(Runs(DAILY.starts[:4]), later(days=99)) is None
    assert silent_seconds(Runs(()), later(days=99)) is None


def test_what_a_schedule_begins_is_silent_as_soon_as_the_rule_of_alerts_says_so() -> None:
    nightly = Runs(DAILY.starts, scheduled=DAILY.starts)

    assert silent_seconds(nightly, later(days=6, hours=6, minutes=30)) is None
    assert silent_seconds(nightly, later(days=6, hours=6, minutes=31)) is not None


def test_what_github_disabled_is_silent_and_what_somebody_disabled_is_meant_to_be() -> None:
    def of(state: str, builds: int) -> float | None:
        return silent_seconds(Runs(DAILY.starts[:builds], state=state), later(days=99))

    assert of("disabled_inactivity", 1) == timedelta(days=99).total_seconds()
    assert (of("disabled_manually", 6), of("deleted", 6)) == (None, None)
    assert of("active", 6) is not None


def test_slower_is_a_quarter_and_ten_seconds_more_over_three_builds() -> None:
    assert slower([60.0] * 5 + [75.0] * 3) == Slower(60.0, 75.0)
    assert slower([60.0] * 5 + [74.9] * 3) is None
    assert slower([20.0] * 5 + [29.9] * 3) is None
    assert slower([60.0] * 4 + [600.0] * 3) is None
    assert slower([60.0] * 7 + [600.0]) is None


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"status": "failure", "ever_green": True}, Outlook.FAILING),
        ({"status": "failure", "ever_green": False}, Outlook.NEVER_GREEN),
        ({"status": "failure", "ever_green": True, "unread": True}, Outlook.FAILING),
        ({"status": "in_progress"}, Outlook.UNKNOWN),
        ({"silent": True, "unread": True}, Outlook.UNREAD),
        ({"unread": True}, Outlook.UNREAD),
        ({"silent": True, "flaky_commits": 3, "slower": True}, Outlook.STALE),
        ({"flaky_commits": 3, "slower": True}, Outlook.FLAKY),
        ({"slower": True}, Outlook.SLOWER),
        ({}, Outlook.HEALTHY),
    ],
)
def test_the_worst_that_holds_is_told(told: dict[str, object], expected: Outlook) -> None:
    given = {"status": "success", "ever_green": True, "silent": False, "flaky_commits": 0, "slower": False, **told}

    assert outlook(**given) is expected  # type: ignore[arg-type]


def test_the_order_of_lists_is_worst_first() -> None:
    assert [one.value for one in sorted(Outlook, key=lambda one: one.severity)] == [
        "failing", "never_green", "stale", "unread", "unknown", "flaky", "slower", "healthy",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Timeout 30000 ms exceeded", "Timeout 5000 ms exceeded", True),
        ("lost connection to 10.0.0.7:5432", "lost connection to 10.0.1.19:5432", True),
        ("object at 0x7f3a2b1c9d00 leaked", "object at 0x7f3a2b1c0000 leaked", True),
        ("E  assert  1 == 2", "E assert 3 == 4", True),
        ("deadbeef is no word with a digit", "feedface is no word with a digit", False),
        ("cannot find module a", "cannot find module b", False),
    ],
)
def test_failures_are_the_same_but_for_their_numbers(one: str, other: str, alike: bool) -> None:
    assert (shape(one) == shape(other)) is alike


def test_a_very_long_line_has_a_short_shape() -> None:
    assert len(shape("x " * 100_000)) <= 240
