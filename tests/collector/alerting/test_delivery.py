"""One receiver's delivery, on a real database, with clocks that are moved by hand."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import pairwise

import pytest

from collector.alerting.notifiers.base import Broken, Refused, TryLater
from collector.domain import grouping as g
from collector.storage import notifications, receivers
from collector.storage.database import Database
from collector.storage.receivers import ReceiverState
from tests.builders import later
from tests.collector.alerting.senders import Scripted, TestClock, delivery, put, put_many, run


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


def counts(database: Database, receiver: str = "ci") -> dict[str, int]:
    with database.reading():
        return notifications.counts(receiver)


def state(database: Database, receiver: str = "ci") -> ReceiverState:
    with database.reading():
        found = receivers.get(receiver)
    assert found is not None
    return found


def test_what_is_pending_goes_at_once_and_is_marked_sent(database: Database, clock: TestClock) -> None:
    notifier = Scripted()
    put(database, 1)
    assert delivery(database, notifier, clock).step() == 0.0
    assert notifier.told == [(1, g.FAILING)]
    assert counts(database)["sent"] == 1
    assert state(database).last_sent_at == clock.at


def test_nothing_is_marked_before_the_receiver_said_yes(database: Database, clock: TestClock) -> None:
    put(database, 1)
    seen: list[dict[str, int]] = []

    class Looking(Scripted):
        def send(self, *args: object, **kwargs: object) -> str | None:
            seen.append(counts(database))
            return super().send(*args, **kwargs)  # type: ignore[arg-type]

    delivery(database, Looking(), clock).step()
    assert seen[0]["pending"] == 1
    assert seen[0]["sent"] == 0


def test_a_delivery_that_died_before_the_mark_is_done_again(database: Database, clock: TestClock) -> None:
    class Killed(BaseException):
        pass

    put(database, 1)
    with pytest.raises(Killed):
        delivery(database, Scripted(Killed()), clock).step()  # type: ignore[arg-type]
    again = Scripted()
    delivery(database, again, clock).step()
    assert again.told == [(1, g.FAILING)]


def test_rows_that_another_sender_has_claimed_are_left_until_its_claim_runs_out(
    database: Database, clock: TestClock
) -> None:
    put(database, 1)
    with database.writing():
        notifications.claim([1], "somebody else", clock.at, timedelta(seconds=30))
    put(database, 1, g.FIXED)
    notifier = Scripted()
    sending = delivery(database, notifier, clock)
    run(sending, clock, 29)
    assert notifier.told == [], "the fixed of a claimed failing waits with it"
    run(sending, clock, 3)
    assert notifier.told == [(1, g.FAILED_AND_FIXED)]


def test_failing_then_fixed_goes_in_order_to_the_same_conversation(database: Database, clock: TestClock) -> None:
    notifier = Scripted()
    sending = delivery(database, notifier, clock)
    put(database, 1)
    run(sending, clock, 1)
    put(database, 1, g.FIXED)
    run(sending, clock, 60)
    assert notifier.told == [(1, g.FAILING), (1, g.FIXED)]
    assert notifier.conversations == [(), ("thread-1",)]


def test_a_fixed_goes_nowhere_where_no_failing_went(database: Database, clock: TestClock) -> None:
    notifier = Scripted()
    put(database, 1, g.FIXED)
    run(delivery(database, notifier, clock), clock, 60)
    assert notifier.asked == []
    assert counts(database)["dropped"] == 1
    with database.reading():
        assert [one.error for one in notifications.of_alert(1)] == ["trouble_not_told"]


@pytest.mark.parametrize("jump", [0, 1, 24, -1, -24])
def test_a_wait_that_the_receiver_tells_holds_for_the_whole_channel_wherever_the_clock_is_set(
    database: Database, clock: TestClock, jump: int
) -> None:
    notifier = Scripted(TryLater("429", retry_after_seconds=120))
    sending = delivery(database, notifier, clock)
    put(database, 1)
    sending.step()
    put(database, 2)
    clock.set_by(timedelta(hours=jump))
    run(sending, clock, 118)
    assert len(notifier.asked) == 1
    run(sending, clock, 4)
    assert notifier.told == [(1, g.FAILING), (2, g.FAILING)]


def test_a_wait_outlives_a_restart(database: Database, clock: TestClock) -> None:
    put(database, 1)
    delivery(database, Scripted(TryLater("429", retry_after_seconds=120)), clock).step()
    notifier = Scripted()
    sending = delivery(database, notifier, clock)
    run(sending, clock, 118)
    assert notifier.asked == []
    run(sending, clock, 4)
    assert notifier.told == [(1, g.FAILING)]


def test_a_wait_is_as_long_after_a_restart_when_the_clock_was_set_before_it(
    database: Database, clock: TestClock
) -> None:
    put(database, 1)
    before = delivery(database, Scripted(TryLater("429", retry_after_seconds=120)), clock)
    before.step()
    clock.set_by(timedelta(hours=-24))
    before.step()
    notifier = Scripted()
    run(delivery(database, notifier, clock), clock, 118)
    assert notifier.asked == []
    run(delivery(database, notifier, clock), clock, 4)
    assert notifier.told == [(1, g.FAILING)]


def test_back_off_grows_from_a_second_to_five_minutes(database: Database, clock: TestClock) -> None:
    notifier = Scripted(*[TryLater("down")] * 12)
    at: list[float] = []

    class Timed(Scripted):
        def send(self, *args: object, **kwargs: object) -> str | None:
            at.append(clock.seconds)
            return notifier.send(*args, **kwargs)  # type: ignore[arg-type]

    put(database, 1)
    run(delivery(database, Timed(), clock), clock, 3600)
    waits = [second - first for first, second in pairwise(at)]
    assert 0.7 <= waits[0] <= 1.1
    assert all(wait <= 300.1 for wait in waits)
    assert waits[-1] > 200
    assert state(database).failures == 0


def test_a_receiver_down_for_an_hour_drains_in_order_and_delays_no_other(database: Database, clock: TestClock) -> None:
    down, up = Scripted(*[TryLater("down")] * 25), Scripted()
    mine, other = delivery(database, down, clock), delivery(database, up, clock, name="other")
    for number in range(1, 61):
        put(database, number, at=clock.at)
        put(database, number, receiver="other", at=clock.at)
        if number % 2:
            put(database, number, g.FIXED, at=clock.at)
        other.step()
        for _ in range(60):
            mine.step()
            other.step()
            clock.pass_(1)
    assert len({alert for alert, _ in up.told}) == 60
    down.outcomes.clear()
    run(mine, clock, 700)
    kinds = dict(down.told)
    assert len(down.told) == len(kinds) == 60
    assert all(kinds[number] == (g.FAILED_AND_FIXED if number % 2 else g.FAILING) for number in kinds)
    assert [alert for alert, _ in down.told] == sorted(kinds)


def test_a_broken_receiver_keeps_its_rows_is_tried_every_five_minutes_and_others_hear_of_it_once(
    database: Database, clock: TestClock
) -> None:
    notifier = Scripted(*[Broken("Slack says no_service")] * 3)
    sending = delivery(database, notifier, clock, tells=("mail",))
    put(database, 1)
    run(sending, clock, 299)
    assert len(notifier.asked) == 1
    assert state(database).broken
    assert state(database).error == "Slack says no_service"
    run(sending, clock, 400)
    assert len(notifier.asked) == 3
    with database.reading():
        (told,) = notifications.waiting("mail")
    assert told.kind == g.RECEIVER_BROKEN
    assert '"receiver": "ci"' in told.payload
    run(sending, clock, 300)
    assert notifier.told == [(1, g.FAILING)]
    assert not state(database).broken


def test_a_broken_receiver_is_tried_at_once_when_its_config_changes_or_the_collector_starts_anew(
    database: Database, clock: TestClock
) -> None:
    put(database, 1)
    delivery(database, Scripted(Broken("gone")), clock).step()
    assert state(database).blocked_until == later(300)
    restarted = Scripted(Broken("gone"))
    delivery(database, restarted, clock).step()
    assert len(restarted.asked) == 1
    changed = Scripted()
    delivery(database, changed, clock, fingerprint="f2").step()
    assert changed.told == [(1, g.FAILING)]


def test_a_refused_message_goes_once_more_plainer_then_is_set_aside(database: Database, clock: TestClock) -> None:
    notifier = Scripted(Refused("invalid_blocks"), Refused("no_text"))
    sending = delivery(database, notifier, clock)
    put(database, 1)
    run(sending, clock, 60)
    assert [plain for _, plain in notifier.asked] == [False, True]
    assert counts(database)["set_aside"] == 1
    put(database, 2, at=clock.at)
    run(sending, clock, 60)
    assert notifier.told == [(2, g.FAILING)]


@pytest.mark.parametrize("poisoned", [{1}, {500}, {250, 251}, {3, 77, 499}])
def test_poisoned_texts_do_not_keep_the_other_alerts_from_being_told(
    database: Database, clock: TestClock, poisoned: set[int]
) -> None:
    notifier = Scripted(refuses=lambda message: not poisoned.isdisjoint(message.alert_ids))
    notifier.refusal = Refused("invalid_blocks")
    put_many(database, range(1, 501))
    delivery(database, notifier, clock).step()
    assert {alert for alert, _ in notifier.told} == set(range(1, 501)) - poisoned
    assert counts(database) == {"pending": 0, "sent": 500 - len(poisoned), "set_aside": len(poisoned), "dropped": 0}


def test_a_receiver_that_refuses_everything_is_broken_and_loses_nothing(database: Database, clock: TestClock) -> None:
    notifier = Scripted(refuses=lambda _: True)
    notifier.refusal = Refused("400")
    put_many(database, range(1, 101))
    delivery(database, notifier, clock, tells=("mail",)).step()
    assert state(database).broken
    assert counts(database) == {"pending": 100, "sent": 0, "set_aside": 0, "dropped": 0}
    assert counts(database, "mail")["pending"] == 1


def test_what_a_text_does_to_a_library_is_a_refusal_of_that_text(database: Database, clock: TestClock) -> None:
    notifier = Scripted(RecursionError("a text did this"))
    put(database, 1)
    delivery(database, notifier, clock).step()
    assert [plain for _, plain in notifier.asked] == [False, True]
    assert notifier.told == [(1, g.FAILING)]


def test_a_payload_that_nobody_can_read_is_told_all_the_same(database: Database, clock: TestClock) -> None:
    put(database, 1)
    with database.writing():
        notifications.put("ci", g.FAILING, 1, '{"since": [1, {"repo": 7}', clock.at, alert_id=99)
        notifications.put("ci", g.FAILING, 1, '["x"]', clock.at, alert_id=98)
    notifier = Scripted()
    delivery(database, notifier, clock).step()
    assert {alert for alert, _ in notifier.told} == {1, 98, 99}


def test_a_clock_set_back_by_a_day_holds_no_pending_alert_back(database: Database, clock: TestClock) -> None:
    notifier = Scripted()
    sending = delivery(database, notifier, clock)
    put(database, 1)
    run(sending, clock, 1)
    put(database, 2, at=clock.at)
    clock.set_by(timedelta(days=-1))
    run(sending, clock, 35)
    assert notifier.told == [(1, g.FAILING), (2, g.FAILING)]


def unreachable(database: Database, receiver: str = "chat") -> list[dict[str, object]]:
    """What the receiver is to be told, in the order it was put."""
    with database.reading():
        return [json.loads(one.payload) for one in notifications.waiting(receiver)
                if one.kind == g.RECEIVER_UNREACHABLE]  # fmt: skip


def test_a_receiver_that_takes_nothing_for_an_hour_is_told_of_once(database: Database, clock: TestClock) -> None:
    sending = delivery(database, Scripted(*[TryLater("it refused the connection")] * 99), clock, tells=("chat",))
    put(database, 1)
    put(database, 2)
    run(sending, clock, 3590)
    assert unreachable(database) == []
    assert state(database).first_failed_at == later()
    run(sending, clock, 70)
    told = {"receiver": "ci", "error": "it refused the connection", "since": "2026-03-01T12:00:00Z", "waiting": 2}
    assert unreachable(database) == [told]
    restarted = delivery(database, Scripted(*[TryLater("still down")] * 99), clock, tells=("chat",))
    run(restarted, clock, 4 * 3600)
    assert unreachable(database) == [told]
    assert state(database).first_failed_at == later()


def test_a_receiver_that_asks_to_wait_for_long_is_told_of_in_time(database: Database, clock: TestClock) -> None:
    sending = delivery(database, Scripted(TryLater("429", retry_after_seconds=6 * 3600)), clock, tells=("chat",))
    put(database, 1)
    run(sending, clock, 3700)
    assert [told["error"] for told in unreachable(database)] == ["429"]


@pytest.mark.parametrize("hours", [1, -1])
def test_how_long_a_receiver_took_nothing_is_right_when_the_clock_is_set(
    database: Database, clock: TestClock, hours: int
) -> None:
    sending = delivery(database, Scripted(*[TryLater("down")] * 99), clock, tells=("chat",))
    put(database, 1)
    run(sending, clock, 600)
    clock.set_by(timedelta(hours=hours))
    run(sending, clock, 2980)
    assert unreachable(database) == []
    run(sending, clock, 70)
    assert [told["since"] for told in unreachable(database)] == [f"2026-03-01T{12 + hours}:00:00Z"]
    clock.set_by(timedelta(hours=-hours))
    run(sending, clock, 7200)
    assert len(unreachable(database)) == 1


def test_nobody_hears_of_a_receiver_that_was_unreachable_but_works_again(database: Database, clock: TestClock) -> None:
    ci = Scripted(*[TryLater("down")] * 99)
    sending = delivery(database, ci, clock, tells=("chat",))
    put(database, 1)
    run(sending, clock, 3700)
    ci.outcomes.clear()
    run(sending, clock, 300)
    assert ci.told == [(1, g.FAILING)]
    assert state(database).first_failed_at is None
    assert counts(database, "chat") == {"pending": 0, "sent": 0, "set_aside": 0, "dropped": 1}
    ci.outcomes += [TryLater("down again")] * 99
    put(database, 2, at=clock.at)
    run(sending, clock, 3900)
    assert [told["error"] for told in unreachable(database)] == ["down again"], "another outage is news"


def test_a_receiver_for_which_nothing_waits_or_that_is_broken_is_no_unreachable_one(
    database: Database, clock: TestClock
) -> None:
    idle = delivery(database, Scripted(), clock, tells=("chat",))
    run(idle, clock, 3700)
    put(database, 1, at=clock.at)
    broken = delivery(database, Scripted(*[Broken("no_service")] * 99), clock, tells=("chat",))
    run(broken, clock, 2 * 3600)
    assert unreachable(database) == []
    assert counts(database, "chat")["pending"] == 1
