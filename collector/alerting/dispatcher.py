"""The dispatcher: one thread a receiver, so that a slow one delays nobody, and one that watches the outbox for all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

import structlog

from collector.alerting.clocks import REAL_CLOCKS, Clocks
from collector.alerting.delivery import Delivery
from collector.alerting.notifiers.registry import fingerprint, make_notifier
from collector.alerting.receiving import Setting, Target
from collector.domain.grouping import DIGEST, Pacing
from collector.domain.quiet import Daily
from collector.storage import digests, notifications, outbox, receivers
from collector.storage.database import Database
from config.model import Config
from config.receivers import Receiver
from config.secretuses import known_values

log = structlog.get_logger(__name__)

WATCH_SECONDS = 0.05
LOOK_SECONDS = 1.0
AFTER_SLIP_SECONDS = 5.0
LATEST_DIGEST = timedelta(hours=6)
"""A digest whose hour passed longer ago (nobody ran, or it was only now configured) is left out."""
DAY = timedelta(days=1)


class Dispatcher:
    """From ``start`` to ``stop``. Its threads are daemons: a receiver that hangs does not hold up the end."""

    def __init__(self, targets: Sequence[Target], setting: Setting, daily: Mapping[str, Daily]) -> None:
        self._setting, self._daily = setting, dict(daily)
        self._deliveries = {target.name: Delivery(target, setting) for target in targets}
        self._notifiers = [target.notifier for target in targets]
        self._wakes = {name: threading.Event() for name in self._deliveries}
        self._made: dict[str, date] = {}
        self._stopping = threading.Event()
        acts: dict[str, Callable[[], None]] = {name: self._loop_of(name) for name in self._deliveries}
        self._threads = [
            threading.Thread(target=act, name=f"deliver {name}", daemon=True) for name, act in acts.items()
        ]
        if targets:
            self._threads.append(threading.Thread(target=self._watch, name="outbox", daemon=True))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, seconds: float) -> bool:
        """Begins nothing new; True when all that was being sent is marked, False when something still hangs."""
        self._stopping.set()
        for wake in self._wakes.values():
            wake.set()
        give_up_at = time.monotonic() + seconds
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, give_up_at - time.monotonic()))
        done = not any(thread.is_alive() for thread in self._threads)
        for notifier in self._notifiers if done else ():
            notifier.close()
        return done

    def _loop_of(self, name: str) -> _Loop:
        return _Loop(self._deliveries[name], name, self._wakes[name], self._stopping)

    def _watch(self) -> None:
        """Wakes whoever has something waiting, as soon as another process or thread commits it."""
        version, looked_at = -1, 0.0
        while not self._stopping.wait(WATCH_SECONDS):
            try:
                newest = self._setting.database.data_version()
                if newest == version and time.monotonic() - looked_at < LOOK_SECONDS:
                    continue
                version, looked_at = newest, time.monotonic()
                self._make_digests()
                self._wake()
            except Exception:  # the loop's boundary: the outbox is looked at again
                log.exception("the outbox could not be looked at", done=f"tried again in {AFTER_SLIP_SECONDS:.0f} s")
                self._stopping.wait(AFTER_SLIP_SECONDS)

    def _wake(self) -> None:
        with self._setting.database.reading():
            waiting = notifications.receivers_waiting()
        for name in waiting:
            if name in self._wakes:
                self._wakes[name].set()

    def _make_digests(self) -> None:
        """Each receiver's newest due digest, once: what is kept of it is the notification's own key."""
        now = self._setting.clocks.now()
        for name, daily in self._daily.items():
            day, at = daily.last(now) or (None, now)
            if day is None or self._made.get(name) == day or now - at > LATEST_DIGEST:
                continue
            with self._setting.database.writing():
                payload = digests.payload(name, at - DAY, at)
                notifications.put(name, DIGEST, day.toordinal(), payload, now)
            self._made[name] = day


class _Loop:
    """A receiver's thread: steps until told to stop."""

    def __init__(self, delivery: Delivery, name: str, wake: threading.Event, stopping: threading.Event) -> None:
        self._delivery, self._name, self._wake, self._stopping = delivery, name, wake, stopping

    def __call__(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            seconds = self._step()
            if seconds > 0:
                self._wake.wait(seconds)

    def _step(self) -> float:
        try:
            return self._delivery.step()
        except Exception:  # the loop's boundary: nothing was marked, so nothing is lost
            log.exception(
                "a receiver's notifications could not be handled",
                receiver=self._name,
                done=f"tried again in {AFTER_SLIP_SECONDS:.0f} s",
            )
            self._stopping.wait(AFTER_SLIP_SECONDS)
            return 0.0


def make_dispatcher(
    config: Config, environ: Mapping[str, str], database: Database, owner: str, clocks: Clocks = REAL_CLOCKS
) -> Dispatcher:
    """For the collector that holds the lease. Raises SecretError."""
    _forget_strangers(config, database)
    setting = Setting(
        database=database,
        owner=owner,
        clocks=clocks,
        public_url=config.public_url,
        secrets=known_values(config, environ),
    )
    daily = {receiver.name: receiver.digest.daily for receiver in config.receivers if receiver.digest}
    return Dispatcher([target_of(receiver, config, environ) for receiver in config.receivers], setting, daily)


def target_of(receiver: Receiver, config: Config, environ: Mapping[str, str]) -> Target:
    """Raises SecretError."""
    return Target(
        name=receiver.name,
        kind=receiver.kind,
        fingerprint=fingerprint(receiver),
        notifier=make_notifier(receiver, environ),
        pacing=pacing_of(receiver),
        tells=_others(receiver, config),
    )


def pacing_of(receiver: Receiver) -> Pacing:
    quiet = receiver.quiet_hours
    return Pacing(
        wait=receiver.group_wait,
        interval=receiver.group_interval,
        quiet=quiet.hours if quiet else None,
        heard=frozenset(quiet.except_) if quiet else frozenset(),
        digest_only=bool(receiver.digest and receiver.digest.only),
    )


def _others(receiver: Receiver, config: Config) -> tuple[str, ...]:
    """Who hears that it is broken: the other receivers of its rules, else all others."""
    every = [other.name for other in config.receivers if other.name != receiver.name]
    shared = {
        other.name
        for rule in config.effective_rules
        if receiver in config.receivers_of(rule)
        for other in config.receivers_of(rule)
    }
    return tuple(name for name in every if name in shared) or tuple(every)


def _forget_strangers(config: Config, database: Database) -> None:
    names = [receiver.name for receiver in config.receivers]
    with database.writing():
        dropped = outbox.drop_of_strangers(names, "the receiver is not configured any more")
        receivers.drop_others(names)
    for name, count in dropped.items():
        log.warning(
            "notifications waited for a receiver that is not configured any more",
            receiver=name,
            notifications=count,
            done="they are dropped",
            advice="see their alerts on the dashboard",
        )
