"""Each rule kind: what opens it, what closes it, what leaves it as it is, and the reason that each names."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from collector.domain.flapping import change_percent, is_flapping
from collector.domain.model import Status
from collector.domain.rules.base import Point, Standing
from collector.domain.rules.failure import Failure
from collector.domain.rules.flaky import Flaky
from collector.domain.rules.slower import Slower
from collector.domain.rules.stale import Reading, Runs, Stale, judge_source
from collector.domain.rules.stuck import Stuck, Unfinished, Usual
from collector.domain.rules.success_rate import SuccessRate
from tests.builders import NOON, later

OK, BAD, BETWEEN = Standing.OK, Standing.BAD, Standing.BETWEEN
MINUTE = timedelta(minutes=1)


def history(marks: str, *, seconds: float = 60, step: timedelta = timedelta(hours=1)) -> list[Point]:
    """``"gr"``: a green build, then a red one an hour later, each of its own commit."""
    return [
        Point(
            place, Status.SUCCESS if mark == "g" else Status.FAILURE, NOON + place * step, commit=f"c{place}",
            duration_seconds=seconds,
        )
        for place, mark in enumerate(marks, start=1)
    ]  # fmt: skip


def timed(*minutes: float) -> list[Point]:
    return [
        Point(place, Status.SUCCESS, NOON + timedelta(hours=place), duration_seconds=60 * each)
        for place, each in enumerate(minutes, start=1)
    ]


@pytest.mark.parametrize(
    ("rule", "marks", "standing", "reason", "streak"),
    [
        (Failure(), "", OK, "no_builds", 0),
        (Failure(), "gg", OK, "passed", 0),
        (Failure(), "gr", BAD, "failure_streak", 1),
        (Failure(), "grrr", BAD, "failure_streak", 3),
        (Failure(), "grrrg", OK, "passed", 0),
        (Failure(after=3), "grr", OK, "too_few_failures", 0),
        (Failure(after=3), "grrgrr", OK, "too_few_failures", 0),
        (Failure(after=3), "grrr", BAD, "failure_streak", 3),
        (Failure(after=3, passes=2), "grrrg", BAD, "failure_streak", 3),
        (Failure(after=3, passes=2), "grrrgrg", BAD, "failure_streak", 4),
        (Failure(after=3, passes=2), "grrrgrgg", OK, "passed", 0),
    ],
)
def test_failure(rule: Failure, marks: str, standing: Standing, reason: str, streak: int) -> None:
    verdict = rule.judge(history(marks), NOON)
    assert (verdict.standing, verdict.reason, verdict.streak) == (standing, reason, streak)


def test_failure_names_the_first_bad_and_the_last_good_build() -> None:
    verdict = Failure().judge(history("ggrgrr"), NOON)
    assert (verdict.first_bad, verdict.last, verdict.last_good) == (5, 6, 4)
    assert (verdict.since, verdict.text) == (later(hours=5), "The last 2 builds failed.")


def test_failure_wants_history_back_to_where_the_line_was_green_for_certain() -> None:
    assert not Failure().enough(history("rrr"), NOON)
    assert Failure().enough(history("grr"), NOON)
    assert not Failure(passes=2).enough(history("grgr"), NOON)
    assert Failure(passes=2).enough(history("ggrgr"), NOON)


@pytest.mark.parametrize(
    ("marks", "standing", "reason"),
    [
        ("gggg", BETWEEN, "too_few_builds"),
        ("ggggrrrrrr", BAD, "rate_too_low"),
        ("gggggrrrrr", BETWEEN, "rate_between"),
        ("ggggggrrrr", OK, "rate_recovered"),
    ],
)
def test_success_rate_opens_and_closes_at_different_rates(marks: str, standing: Standing, reason: str) -> None:
    rule = SuccessRate(below=50, closes_at=60, window=timedelta(days=1), min_builds=5)
    verdict = rule.judge(history(marks), later(hours=12))
    assert (verdict.standing, verdict.reason) == (standing, reason)


def test_success_rate_looks_at_its_window_only() -> None:
    rule = SuccessRate(below=50, window=timedelta(hours=10), min_builds=2)
    builds = history("rrrrr" + "g" * 9)
    assert rule.judge(builds[:5], later(hours=5)).standing is BAD
    assert rule.judge(builds, later(hours=15)).standing is OK
    assert rule.judge(builds, later(days=2)).reason == "no_builds"
    assert rule.closing == 60, "a fifth of the rest"
    assert rule.enough(builds, later(hours=20))
    assert not rule.enough(builds, later(hours=5))


def test_success_rate_says_its_figures() -> None:
    verdict = SuccessRate(below=90).judge(history("gggrr"), later(hours=6))
    assert verdict.text == "60 % of 5 builds in 7 days succeeded, below 90 %."
    assert verdict.evidence == {"success_rate": 60.0, "below": 90, "closes_at": 92.0, "builds": 5}
    assert (verdict.since, verdict.streak, verdict.first_bad) == (later(hours=4), 2, 4)


@pytest.mark.parametrize(
    ("minutes", "standing"),
    [
        ([10] * 8 + [20] * 3, BAD),
        ([10] * 8 + [20, 10, 20], BETWEEN),
        ([10] * 8 + [13, 13, 13], BETWEEN),
        ([10] * 8 + [12, 12, 12], OK),
        ([10] * 4 + [20] * 3, BETWEEN),
        ([10] * 8 + [20] * 2, BETWEEN),
        ([0.1] * 8 + [0.5] * 3, OK),
        ([0.1] * 8 + [2] * 3, BAD),
    ],
)
def test_slower_wants_both_a_share_and_a_length_sustained(minutes: list[float], standing: Standing) -> None:
    assert Slower().judge(timed(*minutes), later(days=1)).standing is standing


def test_slower_looks_at_successes_only_and_at_no_old_present() -> None:
    builds = timed(*[10.0] * 8, *[20.0] * 3)
    failures = [Point(99, Status.FAILURE, later(hours=20), duration_seconds=1)]
    verdict = Slower().judge(builds + failures, later(days=1))
    assert (verdict.standing, verdict.first_bad, verdict.last) == (BAD, 9, 11)
    assert verdict.text == ("The last 3 successful builds took 20 min, 100 % more than the 10 min of the 8 before.")
    assert Slower().judge(builds, later(days=9)).standing is BETWEEN
    assert Slower(statistic="avg").judge(builds, later(days=1)).evidence["seconds"] == 1200
    assert Slower(statistic="p90").judge(timed(*[10.0] * 8, 12, 12, 30), later(days=1)).standing is BETWEEN


def test_slower_compares_with_the_builds_right_before() -> None:
    many = timed(*[100.0] * 10, *[10.0] * 24, *[20.0] * 3)
    assert Slower().judge(many, later(days=2)).evidence["usual_seconds"] == 600
    assert Slower().enough(many, later(days=2))
    assert not Slower().enough(many[-10:], later(days=2))


@pytest.mark.parametrize(("flaky", "standing"), [(4, BAD), (3, BETWEEN), (2, OK)])
def test_flaky_opens_at_its_number_and_closes_at_half_of_it(flaky: int, standing: Standing) -> None:
    builds = []
    for commit in range(6):
        for attempt, red in enumerate((commit < flaky, False)):
            status = Status.FAILURE if red else Status.SUCCESS
            at = later(hours=commit, minutes=attempt)
            builds.append(Point(len(builds) + 1, status, at, attempt + 1, commit=f"c{commit}"))
    verdict = Flaky(commits=4).judge(builds, later(days=1))
    assert verdict.standing is standing
    assert verdict.evidence.get("flaky_commits", flaky) == flaky
    assert Flaky(commits=4, above=90).judge(builds, later(days=1)).standing is not BAD
    assert Flaky(commits=4).judge(builds, later(days=30)).standing is OK


def test_a_commit_that_passed_and_then_failed_is_not_flaky() -> None:
    builds = [
        Point(1, Status.SUCCESS, later(), commit="c"),
        Point(2, Status.FAILURE, later(minutes=5), commit="c"),
        Point(3, Status.FAILURE, later(minutes=9)),
    ]
    assert Flaky(commits=1).judge(builds, later(hours=1)).standing is OK


def test_stuck_by_a_limit_for_the_queue_and_for_running() -> None:
    rule = Stuck(queued_for=timedelta(minutes=30), running_for=timedelta(hours=2), times=None)
    queued = Unfinished(1, Status.QUEUED, NOON)
    running = Unfinished(2, Status.IN_PROGRESS, NOON)
    assert rule.judge([queued, running], None, later(minutes=29)).standing is OK
    verdict = rule.judge([queued, running], None, later(minutes=30))
    assert (verdict.reason, verdict.first_bad, verdict.text) == ("queued_too_long", 1, "A build waits for 30 min.")
    both = rule.judge([queued, running], None, later(hours=2))
    assert (both.streak, both.text) == (2, "A build waits for 2 h (2 are stuck).")
    assert rule.judge([running], None, later(hours=3)).reason == "running_too_long"
    assert rule.judge([], None, later(hours=3)).reason == "none_stuck"


def test_stuck_by_what_is_usual_where_that_is_known() -> None:
    rule, running = Stuck(times=3), [Unfinished(1, Status.IN_PROGRESS, NOON)]
    usual = Usual(p99_seconds=600, builds=20)
    assert rule.judge(running, usual, later(minutes=29)).standing is OK
    assert rule.judge(running, usual, later(minutes=30)).text == "A build runs for 30 min; 99 % end within 10 min."
    assert rule.judge(running, Usual(600, 19), later(hours=5)).standing is OK, "too few to know"
    assert rule.judge(running, Usual(1, 50), later(minutes=9)).standing is OK, "never before ten minutes"
    assert rule.judge(running, Usual(90_000, 50), later(hours=6)).standing is BAD, "the limit holds all the same"


def test_a_wait_is_judged_by_what_is_usual_too() -> None:
    rule, queued = Stuck(times=3), [Unfinished(1, Status.QUEUED, NOON)]
    long_runs, waits = Usual(p99_seconds=90_000, builds=50), Usual(p99_seconds=300, builds=20)
    assert rule.judge(queued, long_runs, later(minutes=14), waits).standing is OK
    verdict = rule.judge(queued, long_runs, later(minutes=15), waits)
    assert (verdict.reason, verdict.evidence["limit_seconds"]) == ("queued_too_long", 900)
    assert verdict.text == "A build waits for 15 min; 99 % wait no longer than 5 min."
    assert rule.judge(queued, long_runs, later(minutes=29), Usual(1, 19)).standing is OK, "too few to know"
    assert rule.judge(queued, long_runs, later(minutes=9), Usual(1, 20)).standing is OK, "never before ten minutes"
    assert rule.judge(queued, long_runs, later(minutes=30), Usual(7200, 20)).standing is BAD, "the limit holds too"


def runs(days: list[float], **fields: object) -> Runs:
    starts = tuple(later(days=day) for day in days)
    return Runs(starts, starts, len(days), **fields)  # type: ignore[arg-type]


def test_stale_learns_the_period_from_the_schedule() -> None:
    weekdays = runs([0, 1, 2, 3, 4, 7, 8])
    assert Stale().judge(weekdays, later(days=11.7)).standing is OK, "a weekend is in its schedule"
    verdict = Stale().judge(weekdays, later(days=12))
    assert (verdict.standing, verdict.reason, verdict.last) == (BAD, "not_run", 7)
    assert verdict.text == "It last ran 4 days ago; it is expected every 3 days 18 h."
    assert Stale().judge(runs([0, 1, 2, 3]), later(days=99)).reason == "no_schedule"


def test_stale_by_a_given_period_needs_no_schedule() -> None:
    rule = Stale(timedelta(days=7))
    pushed = Runs((NOON,), (), 1)
    assert rule.judge(pushed, later(days=6.9)).standing is OK
    assert rule.judge(pushed, later(days=7)).standing is BAD
    assert rule.judge(Runs((), ()), later(days=99)).reason == "no_schedule"


@pytest.mark.parametrize(
    ("state", "standing", "reason"),
    [
        ("active", BAD, "not_run"),
        ("disabled_manually", OK, "disabled"),
        ("deleted", OK, "disabled"),
        ("disabled_inactivity", BAD, "schedule_disabled"),
    ],
)
def test_stale_knows_schedules_that_are_switched_off(state: str, standing: Standing, reason: str) -> None:
    verdict = Stale().judge(runs([0, 1, 2, 3, 4], state=state), later(days=20))
    assert (verdict.standing, verdict.reason) == (standing, reason)


@pytest.mark.parametrize(
    ("minutes", "error", "standing"), [(29, "refused", BETWEEN), (30, "refused", BAD), (300, None, OK)]
)
def test_a_source_is_stale_after_three_intervals_of_failing(minutes: float, error: str, standing: Standing) -> None:
    reading = Reading(NOON, timedelta(minutes=10), error)
    assert judge_source(reading, later(minutes=minutes)).standing is standing


def test_a_source_with_a_short_interval_has_ten_minutes() -> None:
    assert judge_source(Reading(NOON, timedelta(seconds=1), "refused"), later(minutes=9)).standing is BETWEEN
    verdict = judge_source(Reading(NOON, timedelta(seconds=1), "refused"), later(minutes=10))
    assert verdict.text == "The source could not be read for 10 min: refused"


def test_flapping_goes_on_at_half_and_off_under_a_quarter() -> None:
    steady, wild = [False] * 21, [place % 2 == 0 for place in range(21)]
    assert (change_percent(steady), is_flapping(steady, True)) == (0.0, False)
    assert round(change_percent(wild)) == 100
    third = [False] * 14 + wild[:7]
    assert 25 <= change_percent(third) < 50
    assert (is_flapping(third, was=False), is_flapping(third, was=True)) == (False, True)
    assert change_percent(wild[:7] + [False] * 14) < change_percent(third), "newer changes weigh more"
    assert not is_flapping(wild[:9], was=False), "nothing changed before what is known"


def test_instants_order_builds_then_attempts() -> None:
    first = Point(9, Status.SUCCESS, NOON, 1)
    assert first.order < Point(1, Status.FAILURE, NOON, 2).order < Point(1, Status.FAILURE, NOON + MINUTE, 1).order
    assert isinstance(first.at, datetime)
