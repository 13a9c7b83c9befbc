"""Delivers one receiver's notifications: claims what goes, sends it, and marks it sent once the receiver said yes.

Killed between the yes and the mark, it sends once more; nothing else sends twice and nothing is lost. Used by one
thread; the clocks are passed in.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from collector.alerting.clocks import Clocks, WatchedClock
from collector.alerting.messages.compose import bare, compose
from collector.alerting.messages.model import Context, Message
from collector.alerting.notifiers.base import Broken, Notifier, NotSent, Refused, TryLater
from collector.domain.grouping import RECEIVER_BROKEN, Item, Needless, Pace, Pacing, Plan, plan
from collector.storage import notifications, outbox, receivers
from collector.storage.database import Database
from collector.storage.receivers import ReceiverState

log = structlog.get_logger(__name__)

CLAIM = timedelta(seconds=30)
IDLE_SECONDS = 60.0
CLAIMED_ELSEWHERE_SECONDS = 1.0
LONGEST_BACK_OFF_SECONDS = 300.0
PROBE = timedelta(minutes=5)
MOST_REFUSALS = 24
"""So many refusals of one message's parts without a single yes mean that it is not about the text."""


@dataclass(frozen=True, slots=True)
class Target:
    """A receiver as its config has it. ``tells``: who hears of it when it is broken."""

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


class Delivery:
    """``step`` does what is due and says in how many seconds there may be more."""

    def __init__(self, target: Target, setting: Setting) -> None:
        self._target, self._setting = target, setting
        self._database = setting.database
        self._state = self._begun()
        last = self._state.last_sent_at
        self._pace = Pace(last and min(last, setting.clocks.now()), 1 if last else 0, self._state.blocked_until)
        self._clock = WatchedClock(setting.clocks, self._clock_set)
        self._stopped = False

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

    def stop(self) -> None:
        """Nothing new is begun; what is being sent is marked."""
        self._stopped = True

    def step(self) -> float:
        """Raises what storage raises; then nothing was marked, and the next step sends again."""
        now = self._clock.now()
        with self._database.reading():
            rows = outbox.waiting(self._target.name, now)
        planned = plan(self._target.pacing, self._pace, rows, now)
        self._drop(planned.dropped)
        if planned.dropped and not planned.items:
            return 0.0
        if not planned.items:
            return self._seconds_to(planned.at, now)
        items = self._claimed(planned.items, now)
        if not items:
            return CLAIMED_ELSEWHERE_SECONDS
        self._deliver(items, planned)
        return 0.0

    def _clock_set(self, by: timedelta) -> None:
        """Lengths of waiting stay what they are when the wall clock is set."""
        pace = self._pace.moved(by)
        state = replace(self._state, blocked_until=pace.blocked_until)
        with self._database.writing():
            receivers.save(state)
        self._pace, self._state = pace, state

    @staticmethod
    def _seconds_to(at: datetime | None, now: datetime) -> float:
        return IDLE_SECONDS if at is None else min(IDLE_SECONDS, max(0.01, (at - now).total_seconds()))

    def _drop(self, dropped: Mapping[int, Needless]) -> None:
        for reason in sorted(set(dropped.values())):
            ids = [row for row, why in dropped.items() if why is reason]
            with self._database.writing():
                notifications.drop(ids, reason)
            log.info("notifications need not be sent", receiver=self._target.name, notifications=len(ids),
                     reason=reason.value)  # fmt: skip

    def _claimed(self, items: Sequence[Item], now: datetime) -> list[Item]:
        """Those of the items all of whose rows are ours."""
        ids = [row for item in items for row in item.rows]
        with self._database.writing():
            got = set(notifications.claim(ids, self._setting.owner, now, CLAIM))
            ours = [item for item in items if got.issuperset(item.rows)]
            kept = {row for item in ours for row in item.rows}
            notifications.release(sorted(got - kept), self._setting.owner)
        return ours

    def _deliver(self, items: Sequence[Item], planned: Plan) -> None:
        """One message; refused for good it goes once more, plainer; refused again, its halves go, down to the one
        alert that the receiver will not take. So no text keeps another alert from being told."""
        waiting: list[tuple[Item, ...]] = [tuple(items)]
        aside: list[tuple[Item, str]] = []
        refusals = yeses = 0
        while waiting:
            part = waiting.pop(0)
            try:
                self._sent(part, planned, plain=refusals > 0)
                yeses += 1
            except Refused as exc:
                refusals += 1
                waiting = [*_smaller(part, refusals), *waiting]
                aside += [(part[0], str(exc))] if len(part) == 1 and refusals > 1 else []
                self._tell_refusal(part, exc, refusals)
                if refusals >= MOST_REFUSALS and not yeses:
                    self._broken([*(item for item, _ in aside), *_flat(waiting)], _refuses_all(exc))
                    return
            except (TryLater, Broken) as exc:
                self._set_aside(aside)
                self._failed([*part, *_flat(waiting)], exc)
                return
        self._set_aside(aside)

    def _set_aside(self, refused: Sequence[tuple[Item, str]]) -> None:
        if refused:
            with self._database.writing():
                for item, said in refused:
                    notifications.set_aside(item.rows, said)

    def _tell_refusal(self, part: Sequence[Item], exc: Refused, refusals: int) -> None:
        alone = len(part) == 1
        log.warning(
            "a receiver refused a message",
            receiver=self._target.name,
            alerts=[item.alert_id for item in part][:20],
            said=str(exc),
            done="sent again, plainer" if refusals == 1 else "set aside" if alone else "each half is sent alone",
            advice="see the alert on the dashboard, and tell its readers there" if alone and refusals > 1 else "",
        )

    def _sent(self, items: Sequence[Item], planned: Plan, *, plain: bool) -> None:
        message = self._composed(items)
        conversations = self._conversations(message)
        try:
            key = self._target.notifier.send(message, conversations, plain=plain)
        except NotSent:
            raise
        except Exception as exc:  # whatever a text did to a library must not stop the others
            log.exception("a message could not be made", receiver=self._target.name, done="it is made plainer")
            raise Refused(f"it could not be made ({type(exc).__name__})") from exc
        self._mark(items, message, key, planned)

    def _composed(self, items: Sequence[Item]) -> Message:
        setting = self._setting
        context = Context(self._target.name, self._clock.now(), setting.public_url, setting.secrets)
        try:
            return compose(items, context, self._target.notifier.limits)
        except Exception:  # an alert without its words is better than none
            log.exception("a message could not be worded", receiver=self._target.name, done="its alerts are counted")
            return bare(items, context)

    def _conversations(self, message: Message) -> list[str]:
        with self._database.reading():
            keys = [receivers.conversation(self._target.name, alert_id) for alert_id in message.alert_ids]
        return [key for key in keys if key]

    def _mark(self, items: Sequence[Item], message: Message, key: str | None, planned: Plan) -> None:
        now, name = self._clock.now(), self._target.name
        rows = [row for item in items for row in item.rows]
        state = ReceiverState(name, self._target.fingerprint, last_sent_at=now)
        with self._database.writing():
            notifications.mark_sent(rows, self._setting.owner, now, key or message.id)
            for alert_id in message.alert_ids if key else ():
                receivers.begin_conversation(name, alert_id, key or "")
            receivers.save(state)
        if self._state.broken or self._state.failures:
            log.info("a receiver works again", receiver=name, after_failures=self._state.failures)
        self._state = state
        self._pace = self._pace.sent(self._target.pacing, planned.due_at or now, now)

    def _failed(self, items: Sequence[Item], exc: NotSent) -> None:
        if isinstance(exc, Broken):
            self._broken(items, exc)
            return
        failures = self._state.failures + 1
        told_seconds = exc.retry_after_seconds if isinstance(exc, TryLater) else None
        back_off = min(LONGEST_BACK_OFF_SECONDS, 2.0 ** min(failures - 1, 16)) * self._setting.chance.uniform(0.75, 1.0)
        seconds = back_off if told_seconds is None else told_seconds
        if self._state.broken:
            seconds = max(seconds, PROBE.total_seconds())
        if failures in (1, 5) or failures % 50 == 0:
            log.warning(
                "a receiver could not be reached",
                receiver=self._target.name,
                said=str(exc),
                failures=failures,
                done=f"its notifications are kept; tried again in {seconds:.0f} s",
                advice=exc.advice or "look whether it is up; it is tried again by itself",
            )
        self._hold(items, replace(self._state, error=str(exc), failures=failures), timedelta(seconds=seconds))

    def _broken(self, items: Sequence[Item], exc: NotSent) -> None:
        now = self._clock.now()
        news = not self._state.broken
        state = replace(
            self._state,
            broken=True,
            broken_at=now if news else self._state.broken_at,
            error=str(exc),
            failures=self._state.failures + 1,
        )
        if news:
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
        now = self._clock.now()
        until = now + lasting
        rows = [row for item in items for row in item.rows]
        with self._database.writing():
            if rows:
                due_at = min(item.opened.due_at for item in items)
                notifications.give_back(rows, self._setting.owner, state.error or "", due_at)
            receivers.save(replace(state, blocked_until=until))
            for other in tell:
                tell_broken(other, state, now)
        self._state = replace(state, blocked_until=until)
        self._pace = replace(self._pace, blocked_until=until)


def tell_broken(other: str, state: ReceiverState, now: datetime) -> None:
    """One pending notification to another receiver, once for each time it broke."""
    payload = json.dumps({"receiver": state.receiver, "error": state.error})
    identity = hashlib.sha256(f"{state.receiver}|{state.broken_at}".encode()).digest()[:6]
    notifications.put(other, RECEIVER_BROKEN, int.from_bytes(identity), payload, now)


def _smaller(part: tuple[Item, ...], refusals: int) -> list[tuple[Item, ...]]:
    """What to send of a refused message next: all of it once more, then its halves."""
    if refusals == 1:
        return [part]
    return [part[: len(part) // 2], part[len(part) // 2 :]] if len(part) > 1 else []


def _flat(parts: Iterable[Sequence[Item]]) -> list[Item]:
    return [item for part in parts for item in part]


def _refuses_all(exc: NotSent) -> Broken:
    return Broken(f"it refuses every message: {exc}", advice="look at what it says; then run: cihealth test-alert")
