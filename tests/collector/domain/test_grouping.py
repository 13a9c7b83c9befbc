"""What goes into a receiver's next message and when: by example, and against any history."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.domain import grouping as g
from collector.domain.grouping import Item, Pace, Pacing, Waiting, plan
from collector.domain.quiet import QuietHours
from tests.builders import NOON, later

PACING = Pacing(timedelta(seconds=30), timedelta(seconds=30))
IDS = iter(range(1, 10_000_000))


def row(kind: str = g.FAILING, alert: int | None = 1, **fields: Any) -> Waiting:
    return Waiting(**{"id": next(IDS), "alert_id": alert, "kind": kind, "due_at": NOON, **fields})


def said(*rows: Waiting) -> list[str]:
    """What a quiet receiver is told of the rows at NOON."""
    return [item.kind for item in plan(PACING, Pace(), rows, NOON).items]


def test_a_quiet_receiver_is_told_at_once() -> None:
    planned = plan(PACING, Pace(), [row()], NOON)
    assert [item.kind for item in planned.items] == [g.FAILING]
    planned = plan(PACING, Pace(later(-31), 1), [row()], NOON)
    assert planned.items


def test_what_follows_the_first_message_is_gathered_for_group_wait_then_for_group_interval() -> None:
    slow = Pacing(timedelta(seconds=30), timedelta(minutes=5))
    pace = Pace().sent(slow, NOON, NOON)
    assert pace.next_at(slow, later(1)) == later(30)
    pace = pace.sent(slow, later(1), later(30))
    assert pace.next_at(slow, later(31)) == later(330)
    assert pace.sent(slow, later(31), later(330)).next_at(slow, later(331)) == later(630), "a storm stays one"
    assert pace.sent(slow, later(900), later(900)).next_at(slow, later(901)) == later(930), "after quiet it is new"


def test_nothing_is_planned_without_rows_and_nothing_before_it_is_due() -> None:
    assert plan(PACING, Pace(), [], NOON) == g.Plan()
    assert plan(PACING, Pace(), [row(due_at=later(60))], NOON).at == later(60)


def test_a_wait_that_the_receiver_told_holds_for_all_of_it() -> None:
    pace = Pace(blocked_until=later(90))
    planned = plan(PACING, pace, [row(), row(alert=2)], NOON)
    assert (planned.items, planned.at) == ((), later(90))


def test_lengths_of_waiting_stay_when_the_clock_is_set() -> None:
    pace = Pace(NOON, 1, later(90)).moved(timedelta(hours=-24))
    assert pace.next_at(PACING, later(hours=-24)) == later(90, hours=-24)


@pytest.mark.parametrize(
    ("kinds", "told", "expected"),
    [
        ([g.FAILING, g.FIXED], False, [g.FAILED_AND_FIXED]),
        ([g.FAILING, g.AGAIN, g.FIXED], False, [g.FAILED_AND_FIXED]),
        ([g.AGAIN, g.FIXED], True, [g.FIXED]),
        ([g.FIXED], True, [g.FIXED]),
        ([g.FIXED], False, []),
        ([g.CLOSED], False, []),
        ([g.FAILING, g.CLOSED], False, [g.CLOSED]),
        ([g.FAILING, g.AGAIN], False, [g.FAILING]),
        ([g.FAILING, g.REMINDER], False, [g.FAILING]),
        ([g.AGAIN, g.AGAIN], True, [g.AGAIN]),
        ([g.FAILING, g.FLAPPING], False, [g.FLAPPING]),
        ([g.FLAPPING, g.REMINDER], False, [g.FLAPPING]),
        ([g.FLAPPING, g.FLAPPING_OVER], False, [g.FLAPPING_OVER]),
        ([g.FLAPPING, g.FIXED], True, [g.FIXED]),
    ],
)
def test_of_one_alerts_rows_what_is_true_now_is_said(kinds: list[str], told: bool, expected: list[str]) -> None:
    state = "resolved" if kinds[-1] in g.ENDING else "firing"
    assert said(*(row(kind, told=told, state=state) for kind in kinds)) == expected


def test_a_line_stands_for_all_rows_of_its_alert() -> None:
    rows = [row(), row(g.AGAIN), row(g.FIXED, state="resolved")]
    (item,) = plan(PACING, Pace(), rows, NOON).items
    assert item.rows == tuple(each.id for each in rows)
    assert (item.opened, item.newest, item.failures) == (rows[0], rows[2], 2)


def test_rows_that_need_not_be_said_are_dropped() -> None:
    fixed, silenced = row(g.FIXED), row(alert=2, state="silenced")
    planned = plan(PACING, Pace(), [fixed, silenced], NOON)
    assert planned.items == ()
    assert planned.dropped == {fixed.id: g.Needless.NOT_TOLD, silenced.id: g.Needless.SILENCED}
    reminder = row(g.REMINDER, told=True, state="acknowledged")
    assert plan(PACING, Pace(), [reminder], NOON).dropped == {reminder.id: g.Needless.ACKNOWLEDGED}


def test_an_acknowledged_alert_is_told_once_and_not_repeated() -> None:
    assert said(row(state="acknowledged")) == [g.FAILING]
    assert said(row(g.REMINDER, told=True, state="acknowledged")) == []


def test_an_earlier_row_of_an_alert_never_waits_behind_a_later_one() -> None:
    rows = [row(due_at=later(60)), row(g.FIXED, state="resolved")]
    assert said(*rows) == [g.FAILED_AND_FIXED]


def test_quiet_hours_hold_all_but_what_is_to_be_heard_and_end_in_one_message() -> None:
    night = QuietHours(time(22), time(7), ZoneInfo("UTC"))
    pacing = replace(PACING, quiet=night, heard=frozenset({"critical"}))
    at = datetime.fromisoformat("2026-03-01T23:00:00+00:00")
    morning = datetime.fromisoformat("2026-03-02T07:00:00+00:00")
    rows = [row(due_at=at), row(alert=2, due_at=at, severity="critical"), row(alert=3, due_at=at)]
    planned = plan(pacing, Pace(), rows, at)
    assert ([item.alert_id for item in planned.items], planned.at) == ([2], morning)
    rows = [rows[0], rows[2], row(g.FIXED, alert=3, state="resolved", due_at=morning)]
    assert [item.kind for item in plan(pacing, Pace(), rows, morning).items] == [g.FAILING, g.FAILED_AND_FIXED]


def test_a_digest_has_its_own_hour_and_may_be_all_that_is_sent() -> None:
    night = QuietHours(time(0), time(23, 59), ZoneInfo("UTC"))
    digest, alert = row(g.DIGEST, alert=None), row()
    assert [i.kind for i in plan(replace(PACING, quiet=night), Pace(), [digest, alert], NOON).items] == [g.DIGEST]
    only = replace(PACING, digest_only=True)
    assert plan(only, Pace(), [digest, alert], NOON).dropped == {alert.id: g.Needless.DIGEST_ONLY}
    assert [i.kind for i in plan(only, Pace(), [digest], NOON).items] == [g.DIGEST]


class Receiver:
    """Takes every message a plan makes, and remembers them."""

    def __init__(self, pacing: Pacing) -> None:
        self.pacing, self.pace = pacing, Pace()
        self.rows: list[Waiting] = []
        self.messages: list[tuple[datetime, tuple[Item, ...]]] = []
        self.told: set[int] = set()
        self.dropped: set[int] = set()

    def run_until(self, start: datetime, end: datetime) -> None:
        """As the dispatcher does: plans, sends, and sleeps until the plan's next instant."""
        now = start
        while now <= end:
            planned = plan(self.pacing, self.pace, [self._seen(row) for row in self.rows], now)
            self._take(planned, now)
            if planned.at is None and not planned.items and not planned.dropped:
                return
            now = max(now, planned.at) if planned.at and not planned.items else now + timedelta(milliseconds=1)

    def _seen(self, waiting: Waiting) -> Waiting:
        newest = [row for row in self.rows if row.alert_id == waiting.alert_id][-1]
        state = "resolved" if newest.kind == g.FIXED else "firing"
        return replace(waiting, told=waiting.alert_id in self.told, state=state)

    def _take(self, planned: g.Plan, now: datetime) -> None:
        gone = {row for item in planned.items for row in item.rows} | set(planned.dropped)
        self.dropped |= set(planned.dropped)
        self.rows = [row for row in self.rows if row.id not in gone]
        if planned.items:
            assert planned.due_at is not None
            self.messages.append((now, planned.items))
            self.pace = self.pace.sent(self.pacing, planned.due_at, now)
            self.told |= {item.alert_id for item in planned.items if item.kind in g.TOLD and item.alert_id}


LIVES = st.lists(
    st.tuples(
        st.integers(1, 6),
        st.sampled_from([[g.FAILING], [g.FAILING, g.FIXED], [g.FAILING, g.AGAIN], [g.FAILING, g.AGAIN, g.FIXED]]),
        st.integers(0, 300),
    ),
    max_size=25,
)
PACINGS = st.builds(
    Pacing,
    st.integers(1, 60).map(lambda n: timedelta(seconds=n)),
    st.integers(1, 300).map(lambda n: timedelta(seconds=n)),
)


@settings(max_examples=80, deadline=None)
@given(LIVES, PACINGS)
def test_whatever_happens_every_alert_is_told_in_order_and_never_too_often(
    lives: list[tuple[int, list[str], int]], pacing: Pacing
) -> None:
    """An alert of a pipeline has an id of its own, as in the outbox."""
    receiver, at, made, ends = Receiver(pacing), NOON, [], {}
    for number, (_, kinds, pause) in enumerate(lives, start=1):
        for kind in kinds:
            made.append(row(kind, alert=number, due_at=at))
            receiver.rows.append(made[-1])
            ends[number] = kind
            following = at + timedelta(seconds=pause / len(kinds))
            receiver.run_until(at, following)
            at = following
    receiver.run_until(at, at + timedelta(hours=2))
    assert receiver.rows == []
    assert receiver.dropped == set(), "a fixed that nobody needs exists only where nobody was told of the trouble"
    assert_order_and_last_word(receiver, ends)
    assert_pace(receiver, pacing)


def assert_order_and_last_word(receiver: Receiver, ends: dict[int, str]) -> None:
    heard: dict[int, list[str]] = {}
    for _, items in receiver.messages:
        assert len({item.alert_id for item in items}) == len(items), "one line an alert"
        for item in items:
            heard.setdefault(item.alert_id or 0, []).append(item.kind)
    assert heard.keys() == ends.keys()
    for alert, kinds in heard.items():
        assert kinds[0] in (g.FAILING, g.FAILED_AND_FIXED)
        assert kinds.count(g.FAILING) <= 1
        ended = kinds[-1] in (g.FIXED, g.FAILED_AND_FIXED)
        assert ended == (ends[alert] == g.FIXED), "the last word is true"
        assert not {g.FIXED, g.FAILED_AND_FIXED} & set(kinds[:-1]), "nothing after the end"


def assert_pace(receiver: Receiver, pacing: Pacing) -> None:
    times = [at for at, _ in receiver.messages]
    least = min(pacing.wait, pacing.interval)
    assert all(second - first >= least for first, second in pairwise(times))


def test_five_hundred_at_once_are_three_messages_in_the_first_minute_and_all_are_told() -> None:
    receiver = Receiver(PACING)
    for number in range(1, 501):
        at = later(number / 50)
        receiver.rows.append(row(alert=number, due_at=at))
        receiver.run_until(at, at + timedelta(milliseconds=20))
    receiver.run_until(later(10.1), later(hours=1))
    times = [at for at, _ in receiver.messages]
    told = [item.alert_id for _, items in receiver.messages for item in items]
    assert times[0] <= later(1)
    assert sum(at <= later(60) for at in times) <= 3
    assert len(times) <= 5
    assert sorted(told, key=int) == list(range(1, 501))  # type: ignore[arg-type]
