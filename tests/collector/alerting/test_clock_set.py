"""The wall clock is set between two looks: what alerting counts itself ends neither sooner nor later because of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
import structlog.testing

from collector.alerting.clocks import REAL_CLOCKS, Clocks, WatchedClock, steady_seconds
from collector.alerting.delivery import Delivery
from collector.alerting.notifiers.base import TryLater
from collector.alerting.receiving import Setting
from collector.alerting.watcher import TICK_SECONDS, Watcher
from collector.domain import grouping as g
from collector.domain.alert_states import State
from collector.domain.quiet import QuietHours
from collector.storage import alerts, notifications
from collector.storage.database import Database
from tests.builders import later
from tests.collector.alerting.conftest import MakeRig
from tests.collector.alerting.rig import Rig, failed, passed
from tests.collector.alerting.senders import Scripted, TestClock, delivery, put, run, target

HOUR = timedelta(hours=1)
STEPS = pytest.mark.parametrize("step", [HOUR, -HOUR, timedelta(days=400), timedelta(days=-400)])
RULE = "receivers: [{{name: team, stdout: {{}}}}]\nrules: [{{name: r, when: failure, {0}}}]"


class Evaluating:
    """An evaluator as its thread runs it, by a clock that the test sets and moves on."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.clock = TestClock(rig.now)
        self._watched = WatchedClock(self.clock.clocks, lambda by: rig.evaluator.clock_set(by))

    def look(self) -> None:
        while self.rig.evaluator.slice(self._watched.now()):
            pass
        self.rig.evaluator.tick(self._watched.now())
        self.rig.now = self.clock.at

    def after(self, **length: float) -> list[str]:
        """So much time passes; what is in the outbox then."""
        self.clock.pass_(timedelta(**length).total_seconds())
        self.look()
        return self.rig.kinds()

    def set_by(self, step: timedelta) -> None:
        self.clock.set_by(step)
        self.look()


@pytest.fixture
def for_20_minutes(make_rig: MakeRig) -> Evaluating:
    rig = make_rig(RULE.format("for: 20m, remind: 6h"))
    rig.told(failed(1, later()))
    evaluating = Evaluating(rig)
    evaluating.look()
    assert rig.states() == [State.PENDING]
    return evaluating


@STEPS
def test_a_pending_alert_fires_after_its_length_wherever_the_clock_is_set(
    for_20_minutes: Evaluating, step: timedelta
) -> None:
    held = for_20_minutes
    held.after(minutes=10)
    held.set_by(step)
    assert held.after(minutes=9) == []
    assert held.after(minutes=1) == ["failing"]


def test_a_clock_that_is_set_again_and_again_holds_nothing_back(for_20_minutes: Evaluating) -> None:
    held = for_20_minutes
    for step in (HOUR, -2 * HOUR, 30 * HOUR, -HOUR, HOUR):
        held.set_by(step)
        assert held.after(minutes=3) == []
    assert held.after(minutes=5) == ["failing"]


def test_what_passed_while_nobody_looked_has_passed(for_20_minutes: Evaluating) -> None:
    assert for_20_minutes.after(hours=8) == ["failing"], "a machine that slept so long"


@STEPS
def test_a_reminder_comes_after_its_length_wherever_the_clock_is_set(
    for_20_minutes: Evaluating, step: timedelta
) -> None:
    held = for_20_minutes
    held.after(minutes=20)
    held.after(hours=3)
    held.set_by(step)
    assert held.after(hours=2, minutes=59) == ["failing"]
    assert held.after(minutes=1) == ["failing", "reminder"]
    held.set_by(-step)
    assert held.after(hours=5) == ["failing", "reminder"]
    assert held.after(hours=1) == ["failing", "reminder", "reminder"]


@STEPS
def test_an_alert_that_somebody_let_go_of_counts_on(for_20_minutes: Evaluating, step: timedelta) -> None:
    """Acknowledged before it fired, it is pending again when that is taken back."""
    held, rig = for_20_minutes, for_20_minutes.rig
    with rig.database.writing():
        alerts.acknowledge(1, "mira", "", rig.now)
    held.after(minutes=10)
    held.set_by(step)
    with rig.database.writing():
        alerts.save(replace(alerts.get(1), state=State.PENDING))
    assert held.after(minutes=9) == []
    assert held.after(minutes=1) == ["failing"]


@STEPS
def test_the_sum_of_a_flapping_line_comes_an_hour_after_the_last(make_rig: MakeRig, step: timedelta) -> None:
    rig = make_rig(RULE.format("remind: never"))
    for number in range(1, 23):
        rig.told((failed if number % 2 else passed)(number, later(minutes=10 * number)))
    flaps = Evaluating(rig)
    flaps.look()
    rig.tell(failed(50, rig.now))
    flaps.after(minutes=1)
    told = rig.kinds().count("flapping")
    flaps.set_by(step)
    summed = [flaps.after(minutes=10).count("flapping") - told for _ in range(6)]
    assert summed[:4] == [0] * 4, "not before the hour is over"
    assert summed[-1] == 1


def test_what_is_shown_of_an_alert_stays_as_it_was_told(for_20_minutes: Evaluating) -> None:
    held, rig = for_20_minutes, for_20_minutes.rig
    held.after(minutes=20)
    before = rig.the_alert()
    held.set_by(HOUR)
    after = rig.the_alert()
    assert (after.since, after.opened_at, after.fired_at) == (before.since, before.opened_at, before.fired_at)


def test_a_silence_that_ends_is_told_and_reminded_of_a_whole_length_later(make_rig: MakeRig) -> None:
    rig = make_rig(RULE.format("remind: 6h"))
    rig.told(failed(1, later()))
    with rig.database.writing():
        alerts.silence(1, "mira", "upgrade", timedelta(hours=8), rig.now)
    rig.tick(hours=8)
    rig.tick(seconds=1)
    rig.tick(hours=5)
    assert rig.kinds() == ["failing", "failing"]
    rig.tick(hours=1)
    assert rig.kinds() == ["failing", "failing", "reminder"]


def test_the_evaluators_thread_heeds_a_clock_that_is_set(make_rig: MakeRig) -> None:
    rig = make_rig(RULE.format("for: 20m"))
    rig.told(failed(1, later()))
    clock = TestClock(rig.now)
    with structlog.testing.capture_logs() as logs, watching(rig, clock):
        clock.set_by(HOUR)
        time.sleep(2.5 * TICK_SECONDS)
        assert rig.states() == [State.PENDING]
        assert [entry["by_seconds"] for entry in logs if entry["event"] == "the clock was set"] == [3600.0]
        clock.pass_(20 * 60)
        wait_until_fired(rig)


@contextmanager
def watching(rig: Rig, clock: TestClock) -> Iterator[None]:
    watcher = Watcher(rig.evaluator, rig.database, clock.clocks)
    watcher.start()
    try:
        yield
    finally:
        assert watcher.stop(5)


def wait_until_fired(rig: Rig) -> None:
    give_up_at = time.monotonic() + 10
    while rig.states() != [State.FIRING]:
        assert time.monotonic() < give_up_at
        time.sleep(0.05)


@STEPS
def test_what_follows_a_message_is_gathered_as_long_wherever_the_clock_is_set(
    database: Database, step: timedelta
) -> None:
    clock, notifier = TestClock(), Scripted()
    sending = delivery(database, notifier, clock)
    put(database, 1)
    run(sending, clock, 1)
    put(database, 2, at=clock.at)
    run(sending, clock, 10)
    clock.set_by(step)
    run(sending, clock, 17)
    put(database, 3, at=clock.at)
    assert notifier.told == [(1, g.FAILING)]
    run(sending, clock, 4)
    assert notifier.told == [(1, g.FAILING), (2, g.FAILING), (3, g.FAILING)]


@STEPS
def test_a_back_off_lasts_as_long_wherever_the_clock_is_set(database: Database, step: timedelta) -> None:
    clock, notifier, tried = TestClock(), Scripted(*[TryLater("down")] * 20), list[float]()

    class Timed(Scripted):
        def send(self, *args: object, **kwargs: object) -> str | None:
            tried.append(clock.seconds)
            return notifier.send(*args, **kwargs)  # type: ignore[arg-type]

    sending = delivery(database, Timed(), clock)
    put(database, 1)
    run(sending, clock, 30)
    clock.set_by(step)
    run(sending, clock, 2000)
    waits = [following - one for one, following in pairwise(tried)]
    assert len(waits) >= 12
    assert all(0.7 * min(2.0**tries, 300) <= wait <= min(2.0**tries, 300) + 0.1 for tries, wait in enumerate(waits))


@STEPS
def test_a_clock_set_while_a_message_is_on_its_way_delays_not_the_next(database: Database, step: timedelta) -> None:
    clock = TestClock()

    class Setting(Scripted):
        def send(self, *args: object, **kwargs: object) -> str | None:
            if not self.taken:
                clock.set_by(step)
            return super().send(*args, **kwargs)  # type: ignore[arg-type]

    notifier = Setting()
    sending = delivery(database, notifier, clock)
    put(database, 1)
    sending.step()
    put(database, 2, at=clock.at)
    run(sending, clock, 29)
    assert notifier.told == [(1, g.FAILING)]
    run(sending, clock, 2)
    assert notifier.told == [(1, g.FAILING), (2, g.FAILING)]


def test_a_claim_from_before_the_clock_was_set_back_holds_no_row_for_longer(database: Database) -> None:
    clock, notifier = TestClock(), Scripted()
    put(database, 1)
    with database.writing():
        notifications.claim([1], "one that died", clock.at, timedelta(seconds=30))
    clock.set_by(-HOUR)
    run(delivery(database, notifier, clock), clock, 31)
    assert notifier.told == [(1, g.FAILING)]


@pytest.mark.parametrize(
    ("night", "quiet_hours"), [("2026-03-28", 8), ("2026-10-24", 10), ("2026-06-01", 9)]
)  # fmt: skip
def test_quiet_hours_end_at_their_hour_of_a_night_in_which_clocks_are_changed(
    database: Database, night: str, quiet_hours: int
) -> None:
    """22:00 to 07:00 in Berlin: the clock of the zone rules, and the steady one has nothing against it."""
    berlin = ZoneInfo("Europe/Berlin")
    begins_at = datetime.fromisoformat(f"{night}T22:00:00").replace(tzinfo=berlin).astimezone(UTC)
    clock, notifier = TestClock(begins_at), Scripted()
    quiet = QuietHours(datetime(2026, 1, 1, 22).time(), datetime(2026, 1, 1, 7).time(), berlin)
    asleep = replace(target(notifier), pacing=g.Pacing(timedelta(seconds=30), timedelta(seconds=30), quiet=quiet))
    sending = Delivery(asleep, Setting(database, "me", clock.clocks))
    put(database, 1, at=clock.at)
    run(sending, clock, quiet_hours * 3600 - 2)
    assert notifier.told == []
    run(sending, clock, 3)
    assert notifier.told == [(1, g.FAILING)]


@STEPS
def test_quiet_hours_go_by_the_clock_that_was_set(database: Database, step: timedelta) -> None:
    clock, notifier = TestClock(datetime(2026, 6, 1, 6, 30, tzinfo=UTC)), Scripted()
    quiet = QuietHours(datetime(2026, 1, 1, 22).time(), datetime(2026, 1, 1, 7).time(), ZoneInfo("UTC"))
    asleep = replace(target(notifier), pacing=g.Pacing(timedelta(seconds=30), timedelta(seconds=30), quiet=quiet))
    sending = Delivery(asleep, Setting(database, "me", clock.clocks))
    put(database, 1, at=clock.at)
    sending.step()
    clock.set_by(step)
    run(sending, clock, 5)
    assert notifier.told == ([(1, g.FAILING)] if step == HOUR else [])


def test_a_clock_that_could_not_be_heeded_is_told_of_again() -> None:
    clock, told = TestClock(), list[timedelta]()

    def failing_at_first(by: timedelta) -> None:
        told.append(by)
        if len(told) == 1:
            raise OSError("the disk is full")

    watched = WatchedClock(clock.clocks, failing_at_first)
    clock.set_by(HOUR)
    with pytest.raises(OSError, match="full"):
        watched.now()
    assert watched.now() == clock.at
    watched.now()
    assert told == [HOUR, HOUR]


def test_a_drift_that_is_corrected_slowly_is_no_setting() -> None:
    clock, told = TestClock(), list[timedelta]()
    watched = WatchedClock(clock.clocks, told.append)
    for _ in range(100):
        clock.pass_(60)
        clock.set_by(timedelta(milliseconds=30))
        watched.now()
    assert told == []


def test_a_process_that_is_held_up_between_its_two_clocks_takes_it_for_no_setting() -> None:
    clock, told, held_up = TestClock(), list[timedelta](), [0.0, 0.0, 0.0, 10.0]

    def now() -> datetime:
        at = clock.at
        clock.pass_(held_up.pop(0) if held_up else 0.0)
        return at

    watched = WatchedClock(Clocks(now, lambda: clock.seconds), told.append)
    for _ in range(6):
        watched.now()
    assert (told, held_up) == ([], [])


def test_the_real_steady_clock_moves_with_time_and_counts_what_the_machine_slept() -> None:
    began, wall = steady_seconds(), REAL_CLOCKS.now()
    time.sleep(0.1)
    passed_seconds = steady_seconds() - began
    assert 0.1 <= passed_seconds <= (REAL_CLOCKS.now() - wall).total_seconds() + 0.5
    if hasattr(time, "CLOCK_BOOTTIME"):
        assert abs(steady_seconds() - time.clock_gettime(time.CLOCK_BOOTTIME)) < 5
