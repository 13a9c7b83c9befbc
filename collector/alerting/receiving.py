"""How sending to one receiver goes: what failed in a row, until when nothing is sent to it, and who is told of that.

All of it is kept, so that a restart forgets no wait that the receiver asked for. Used by one thread.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from collector.alerting.clocks import Clocks, WatchedClock
from collector.alerting.notifiers.base import Broken, Notifier, NotSent, TryLater
from collector.domain.grouping import RECEIVER_BROKEN, RECEIVER_UNREACHABLE, Item, Needless, Pace, Pacing
from collector.domain.times import to_api
from collector.storage import notifications, receivers
from collector.storage.database import Database
from collector.storage.receivers import ReceiverState

log = structlog.get_logger(__name__)

LONGEST_BACK_OFF_SECONDS = 300.0
PROBE = timedelta(minutes=5)
UNREACHABLE_AFTER = timedelta(hours=1)
"""When a receiver has taken nothing for so long, others are told."""


@dataclass(frozen=True, slots=True)
class Target:
    """A receiver as its config has it. ``tells``: who hears of it when it is broken or cannot be reached."""

    name: str
    kind: str
    fingerprint: str
    notifier: Notifier
    pacing: Pacing
    tells: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """What all deliveries share. ``owner`` claims rows: a restarted collector of the same owner takes them over."""

    database: Database
    owner: str
    clocks: Clocks
    public_url: str | None = None
    secrets: frozenset[str] = frozenset()
    chance: random.Random = field(default_factory=random.Random)


class Receiving:
    """``pace``: how its messages went so far. It has the clock, as what it keeps moves when that is set."""

    def __init__(self, target: Target, setting: Setting) -> None:
        self._target, self._setting, self._database = target, setting, setting.database
        self._state = self._begun()
        last = self._state.last_sent_at
        self.pace = Pace(last and min(last, setting.clocks.now()), 1 if last else 0, self._state.blocked_until)
        self._clock = WatchedClock(setting.clocks, self._clock_set)
        self._told_others = False

    def now(self) -> datetime:
        return self._clock.now()

    def _begun(self) -> ReceiverState:
        """A new config, and a restart while broken, are a new chance at once; a wait that it told us holds."""
        target = self._target
        with self._database.writing():
            known = receivers.get(target.name) or ReceiverState(target.name, target.fingerprint)
            if known.fingerprint != target.fingerprint:
                known = ReceiverState(target.name, target.fingerprint, last_sent_at=known.last_sent_at)
            elif known.broken:
                known = replace(known, blocked_until=None)
            receivers.save(known)
        return known

    def _clock_set(self, by: timedelta) -> None:
        """Lengths of waiting stay what they are when the wall clock is set."""
        pace, failed_at = self.pace.moved(by), self._state.first_failed_at
        state = replace(
            self._state, blocked_until=pace.blocked_until, first_failed_at=failed_at + by if failed_at else None
        )
        with self._database.writing():
            receivers.save(state)
        self.pace, self._state = pace, state

    def sent(self, items: Sequence[Item], alert_ids: Sequence[int], message_id: str, key: str | None,
             due_at: datetime | None) -> None:  # fmt: skip
        """It said yes. ``key``: under which this conversation goes on; ``due_at``: when the oldest of it was due."""
        now, name = self.now(), self._target.name
        state = ReceiverState(name, self._target.fingerprint, last_sent_at=now)
        with self._database.writing():
            notifications.mark_sent(_rows(items), self._setting.owner, now, key or message_id)
            for alert_id in alert_ids if key else ():
                receivers.begin_conversation(name, alert_id, key or "")
            receivers.save(state)
            if self._state.failures:
                notifications.withdraw(RECEIVER_UNREACHABLE, self._outage(), Needless.RECEIVER_WORKS)
        if self._state.broken or self._state.failures:
            log.info("a receiver works again", receiver=name, after_failures=self._state.failures)
        self._state, self._told_others = state, False
        self.pace = self.pace.sent(self._target.pacing, due_at or now, now)

    def failed(self, items: Sequence[Item], exc: NotSent) -> None:
        """It said no, or nothing: the items' rows are free again, and nothing is sent to it for a while."""
        if isinstance(exc, Broken):
            self._broken(items, exc)
            return
        state = self._after_failure(exc)
        told_seconds = exc.retry_after_seconds if isinstance(exc, TryLater) else None
        seconds = self._back_off_seconds(state.failures) if told_seconds is None else told_seconds
        if state.broken:
            seconds = max(seconds, PROBE.total_seconds())
        if state.failures in (1, 5) or state.failures % 50 == 0:
            log.warning(
                "a receiver could not be reached",
                receiver=self._target.name,
                said=str(exc),
                failures=state.failures,
                done=f"its notifications are kept; tried again in {seconds:.0f} s",
                advice=exc.advice or "look whether it is up; it is tried again by itself",
            )
        self._hold(items, state, timedelta(seconds=seconds))

    def _back_off_seconds(self, failures: int) -> float:
        return min(LONGEST_BACK_OFF_SECONDS, 2.0 ** min(failures - 1, 16)) * self._setting.chance.uniform(0.75, 1.0)

    def _after_failure(self, exc: NotSent) -> ReceiverState:
        now = self.now()
        state = self._state
        return replace(state, error=str(exc), failures=state.failures + 1, first_failed_at=state.first_failed_at or now)

    def _broken(self, items: Sequence[Item], exc: NotSent) -> None:
        news = not self._state.broken
        state = replace(self._after_failure(exc), broken=True)
        if news:
            state = replace(state, broken_at=self.now())
            log.error(
                "a receiver is broken",
                receiver=self._target.name,
                said=str(exc),
                done="its notifications are kept, it is tried every 5 minutes, the other receivers are told",
                advice=exc.advice or "look at it in collectors.yaml; then run: cihealth test-alert",
            )
        self._hold(items, state, PROBE, tell=self._target.tells if news else ())

    def _hold(self, items: Sequence[Item], state: ReceiverState, lasting: timedelta, tell: Sequence[str] = ()) -> None:
        """Frees the rows; nothing is sent to the receiver meanwhile."""
        now = self.now()
        until = now + lasting
        with self._database.writing():
            if items:
                due_at = min(item.opened.due_at for item in items)
                notifications.give_back(_rows(items), self._setting.owner, state.error or "", due_at)
            receivers.save(replace(state, blocked_until=until))
            told = {"receiver": state.receiver, "error": state.error}
            for other in tell:
                _tell(other, RECEIVER_BROKEN, _identity(state.receiver, str(state.broken_at)), told, now)
        self._state = replace(state, blocked_until=until)
        self.pace = replace(self.pace, blocked_until=until)

    def tell_if_unreachable(self, waiting: int, now: datetime) -> None:
        """Others hear, once an outage, that it has taken nothing for an hour while so many notifications wait."""
        state = self._state
        if self._told_others or state.broken or not waiting or state.first_failed_at is None:
            return
        if now - state.first_failed_at < UNREACHABLE_AFTER:
            return
        said = {"receiver": state.receiver, "error": state.error, "since": to_api(state.first_failed_at)}
        with self._database.writing():
            told = [
                _tell(other, RECEIVER_UNREACHABLE, self._outage(), {**said, "waiting": waiting}, now)
                for other in self._target.tells
            ]
        self._told_others = True
        if any(told) or not told:
            log.error(
                "a receiver could not be reached for an hour",
                receiver=state.receiver,
                said=state.error,
                waiting=waiting,
                done="its notifications are kept, it is tried again by itself, the other receivers are told",
                advice="look whether it is up and can be reached from here; then run: cihealth test-alert",
            )

    def _outage(self) -> int:
        """What makes two tellings of one outage the same: a clock that is set moves when it began, not this."""
        return _identity(self._target.name, self._target.fingerprint, str(self._state.last_sent_at))


def _tell(other: str, kind: str, identity: int, said: Mapping[str, object], now: datetime) -> bool:
    """One pending notification to another receiver; False when there was one of this identity."""
    return notifications.put(other, kind, identity, json.dumps(said), now) is not None


def _identity(*parts: str) -> int:
    return int.from_bytes(hashlib.sha256("|".join(parts).encode()).digest()[:6])


def _rows(items: Sequence[Item]) -> list[int]:
    return [row for item in items for row in item.rows]
