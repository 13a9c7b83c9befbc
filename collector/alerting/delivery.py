"""Delivers one receiver's notifications: claims what goes, sends it, and marks it sent once the receiver said yes.

Killed between the yes and the mark, it sends once more; nothing else sends twice and nothing is lost. Used by one
thread; the clocks are passed in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from collector.alerting.messages.compose import bare, compose
from collector.alerting.messages.model import Context, Message
from collector.alerting.notifiers.base import Broken, NotSent, Refused, TryLater
from collector.alerting.receiving import Receiving, Setting, Target
from collector.domain.grouping import Item, Needless, Plan, plan
from collector.storage import notifications, outbox, receivers

log = structlog.get_logger(__name__)

CLAIM = timedelta(seconds=30)
IDLE_SECONDS = 60.0
CLAIMED_ELSEWHERE_SECONDS = 1.0
MOST_REFUSALS = 24
"""So many refusals of one message's parts without a single yes mean that it is not about the text."""


class Delivery:
    """``step`` does what is due and says in how many seconds there may be more."""

    def __init__(self, target: Target, setting: Setting) -> None:
        self._target, self._setting, self._database = target, setting, setting.database
        self._receiving = Receiving(target, setting)

    def step(self) -> float:
        """Raises what storage raises; then nothing was marked, and the next step sends again."""
        now = self._receiving.now()
        with self._database.reading():
            rows = outbox.waiting(self._target.name, now)
        self._receiving.tell_if_unreachable(len(rows), now)
        planned = plan(self._target.pacing, self._receiving.pace, rows, now)
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
                    self._receiving.failed([*(item for item, _ in aside), *_flat(waiting)], _refuses_all(exc))
                    return
            except (TryLater, Broken) as exc:
                self._set_aside(aside)
                self._receiving.failed([*part, *_flat(waiting)], exc)
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
        self._receiving.sent(items, message.alert_ids, message.id, key, planned.due_at)

    def _composed(self, items: Sequence[Item]) -> Message:
        setting = self._setting
        context = Context(self._target.name, self._receiving.now(), setting.public_url, setting.secrets)
        try:
            return compose(items, context, self._target.notifier.limits)
        except Exception:  # an alert without its words is better than none
            log.exception("a message could not be worded", receiver=self._target.name, done="its alerts are counted")
            return bare(items, context)

    def _conversations(self, message: Message) -> list[str]:
        with self._database.reading():
            keys = [receivers.conversation(self._target.name, alert_id) for alert_id in message.alert_ids]
        return [key for key in keys if key]


def _smaller(part: tuple[Item, ...], refusals: int) -> list[tuple[Item, ...]]:
    """What to send of a refused message next: all of it once more, then its halves."""
    if refusals == 1:
        return [part]
    return [part[: len(part) // 2], part[len(part) // 2 :]] if len(part) > 1 else []


def _flat(parts: Iterable[Sequence[Item]]) -> list[Item]:
    return [item for part in parts for item in part]


def _refuses_all(exc: NotSent) -> Broken:
    return Broken(f"it refuses every message: {exc}", advice="look at what it says; then run: cihealth test-alert")
