"""The dispatcher's threads, on a real database and with real time."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collector.alerting.clocks import REAL_CLOCKS, Clocks
from collector.alerting.dispatcher import Dispatcher, make_dispatcher, target_of
from collector.alerting.messages.model import Message
from collector.alerting.receiving import Setting
from collector.domain import grouping as g
from collector.storage import notifications, receivers
from collector.storage.database import Database
from config.model import Config
from tests.builders import NOON
from tests.collector.alerting.senders import Scripted, TestClock, put, put_many, target


@contextmanager
def dispatching(
    database: Database, *notifiers: tuple[str, Scripted], clocks: Clocks = REAL_CLOCKS
) -> Iterator[Dispatcher]:
    setting = Setting(database, "me", clocks, chance=random.Random(1))
    made = Dispatcher([target(notifier, name=name) for name, notifier in notifiers], setting, {})
    made.start()
    try:
        yield made
    finally:
        assert made.stop(10.0)


def wait_until(holds: object, seconds: float = 20.0) -> float:
    """How long it took."""
    began_at = time.monotonic()
    while not holds():  # type: ignore[operator]
        assert time.monotonic() - began_at < seconds
        time.sleep(0.01)
    return time.monotonic() - began_at


def config(**fields: object) -> Config:
    return Config.model_validate(fields)


def test_what_is_committed_while_it_runs_is_sent_at_once(database: Database) -> None:
    notifier = Scripted()
    with dispatching(database, ("ci", notifier)):
        time.sleep(0.2)
        put(database, 1, at=datetime.now(UTC))
        assert wait_until(lambda: notifier.taken) < 2.0
    assert notifier.told == [(1, g.FAILING)]


def test_a_receiver_that_hangs_delays_no_other(database: Database) -> None:
    release = threading.Event()

    class Hanging(Scripted):
        def send(self, message: Message, conversations: Sequence[str], *, plain: bool = False) -> str | None:
            release.wait(20)
            return super().send(message, conversations, plain=plain)

    slow, fast = Hanging(), Scripted()
    with dispatching(database, ("slow", slow), ("fast", fast)):
        for name in ("slow", "fast"):
            put(database, 1, receiver=name, at=datetime.now(UTC))
        wait_until(lambda: fast.taken)
        assert slow.taken == []
        release.set()
        wait_until(lambda: slow.taken)


def test_stopping_marks_what_is_being_sent(database: Database) -> None:
    begun = threading.Event()

    class Slow(Scripted):
        def send(self, message: Message, conversations: Sequence[str], *, plain: bool = False) -> str | None:
            begun.set()
            time.sleep(0.3)
            return super().send(message, conversations, plain=plain)

    notifier = Slow()
    with dispatching(database, ("ci", notifier)):
        put(database, 1, at=datetime.now(UTC))
        assert begun.wait(10)
    with database.reading():
        assert notifications.counts("ci")["sent"] == 1


def test_five_hundred_at_once_reach_each_receiver_in_two_messages(database: Database) -> None:
    clock, notifier = TestClock(), Scripted()
    put_many(database, range(1, 11))
    with dispatching(database, ("ci", notifier), clocks=clock.clocks):
        wait_until(lambda: notifier.taken)
        put_many(database, range(11, 501))
        time.sleep(0.3)
        assert len(notifier.taken) == 1, "what follows the first is gathered"
        clock.pass_(31)
        put(database, 501, at=clock.at)
        wait_until(lambda: len(notifier.taken) == 2)
    assert {alert for alert, _ in notifier.told} >= set(range(1, 501))


DIGEST = {"name": "daily", "file": {"path": "x"}, "digest": {"at": "11:30", "timezone": "UTC", "only": True}}


def test_a_digest_is_made_once_a_day_and_says_what_broke(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "digest.txt"
    put(database, 1, receiver="daily")
    clock = TestClock(NOON)
    settings = config(receivers=[{**DIGEST, "file": {"path": str(file)}}])
    for _ in range(2):
        made = make_dispatcher(settings, {}, database, "me", clock.clocks)
        made.start()
        wait_until(lambda: file.exists() and file.read_text())
        time.sleep(0.3)
        assert made.stop(10.0)
    assert file.read_text().count("Daily digest") == 1
    with database.reading():
        assert notifications.counts("daily") == {"pending": 0, "sent": 1, "set_aside": 0, "dropped": 1}
    clock.pass_(86400)
    made = make_dispatcher(settings, {}, database, "me", clock.clocks)
    made.start()
    wait_until(lambda: file.read_text().count("Daily digest") == 2)
    assert made.stop(10.0)


@pytest.mark.parametrize(("late_hours", "digests"), [(5, 1), (8, 0)])
def test_a_digest_that_is_very_late_is_left_out(
    database: Database, tmp_path: Path, late_hours: int, digests: int
) -> None:
    file = tmp_path / "digest.txt"
    file.touch()
    clock = TestClock(NOON + timedelta(hours=late_hours))
    made = make_dispatcher(
        config(receivers=[{**DIGEST, "file": {"path": str(file)}}]), {}, database, "me", clock.clocks
    )
    made.start()
    time.sleep(1.0)
    assert made.stop(10.0)
    assert file.read_text().count("Daily digest") == digests


def test_what_waits_for_a_receiver_that_is_configured_no_more_is_dropped(database: Database) -> None:
    put(database, 1, receiver="gone")
    with database.writing():
        receivers.save(receivers.ReceiverState("gone"))
    make_dispatcher(config(receivers=[{"name": "r", "stdout": {}}]), {}, database, "me")
    with database.reading():
        assert notifications.counts("gone")["dropped"] == 1
        assert receivers.get("gone") is None


def test_the_other_receivers_of_its_rules_hear_that_one_is_broken_else_all_others() -> None:
    given = config(
        receivers=[{"name": name, "stdout": {}} for name in ("a", "b", "c", "d")],
        rules=[{"name": "r1", "when": "failure", "to": ["a", "b"]}, {"name": "r2", "when": "failure", "to": ["c"]}],
    )
    tells = {receiver.name: target_of(receiver, given, {}).tells for receiver in given.receivers}
    assert tells == {"a": ("b",), "b": ("a",), "c": ("a", "b", "d"), "d": ("a", "b", "c")}
