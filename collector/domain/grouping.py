"""What goes into a receiver's next message, and when. Pure: rows and instants are passed in.

A receiver that was quiet gets the first message at once; what follows is gathered for ``group_wait``; then at most
one message goes a ``group_interval``. All that waits goes in one message, at most one line an alert: of the rows of
one alert only what is true now is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from collector.domain.quiet import QuietHours

FAILING, AGAIN, REMINDER, FIXED = "failing", "again", "reminder", "fixed"
FAILED_AND_FIXED, FLAPPING, FLAPPING_OVER, CLOSED = "failed_and_fixed", "flapping", "flapping_over", "closed"
DIGEST, RECEIVER_BROKEN, RECEIVER_UNREACHABLE = "digest", "receiver_broken", "receiver_unreachable"

OPENING = frozenset({FAILING, AGAIN, REMINDER, FLAPPING})
"""Kinds that tell of trouble: after one of them a receiver is owed the end of it."""
TOLD = OPENING | {FAILED_AND_FIXED, FLAPPING_OVER}
ENDING = frozenset({FIXED, CLOSED})
_QUIETED = {"acknowledged": frozenset({AGAIN, REMINDER}), "silenced": OPENING | {FLAPPING_OVER}}
"""By an alert's present state: what need not be said any more."""


class Needless(StrEnum):
    """Why a notification is dropped, as it is logged and shown."""

    SILENCED = "alert_silenced"
    ACKNOWLEDGED = "alert_acknowledged"
    NOT_TOLD = "trouble_not_told"
    """Its end goes only where the trouble went."""
    DIGEST_ONLY = "digest_only"
    RECEIVER_WORKS = "receiver_works_again"
    """The other receiver, that could not be reached, was before this one heard of it."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One pending notification. ``told``: this receiver was told before that the alert fires. ``payload`` is opaque."""

    id: int
    alert_id: int | None
    kind: str
    due_at: datetime
    state: str = "firing"
    """The alert's present state."""
    told: bool = False
    late: bool = False
    severity: str = "warning"
    transition: int = 0
    payload: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a message: what is said of one alert. ``rows``: the ids that are sent when the message is."""

    kind: str
    rows: tuple[int, ...]
    newest: Waiting
    opened: Waiting
    """The first of them: what the trouble looked like when it began."""
    failures: int = 0
    """Rows of trouble that this line stands for."""

    @property
    def alert_id(self) -> int | None:
        return self.newest.alert_id

    @property
    def late(self) -> bool:
        return self.newest.late


@dataclass(frozen=True, slots=True)
class Pacing:
    """A receiver's ``group_wait``, ``group_interval`` and quiet hours; severities in ``heard`` do not wait for them."""

    wait: timedelta
    interval: timedelta
    quiet: QuietHours | None = None
    heard: frozenset[str] = frozenset()
    digest_only: bool = False
    """Nothing but digests, and word of receivers that fail, is sent."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How a receiver's messages went so far. ``burst``: messages since it was last quiet."""

    last_sent_at: datetime | None = None
    burst: int = 0
    blocked_until: datetime | None = None

    def sent(self, pacing: Pacing, due_at: datetime, now: datetime) -> Pace:
        """After a message at ``now`` whose oldest row was due at ``due_at``."""
        quiet_before = self.last_sent_at is None or due_at >= self.last_sent_at + self._gap(pacing)
        return Pace(now, 1 if quiet_before else self.burst + 1, None)

    def next_at(self, pacing: Pacing, due_at: datetime) -> datetime:
        """When what is due at ``due_at`` may go."""
        gap_over_at = self.last_sent_at + self._gap(pacing) if self.last_sent_at else due_at
        return max(due_at, gap_over_at, self.blocked_until or due_at)

    def moved(self, jump: timedelta) -> Pace:
        """The same lengths of time after the clock was set by ``jump``."""
        return Pace(
            self.last_sent_at and self.last_sent_at + jump, self.burst, self.blocked_until and self.blocked_until + jump
        )

    def _gap(self, pacing: Pacing) -> timedelta:
        return pacing.wait if self.burst <= 1 else pacing.interval


@dataclass(frozen=True, slots=True)
class Plan:
    """``items`` go now, as one message, whose oldest row was due at ``due_at``; ``dropped``: rows that need not be
    said, and why.
    ``at``: when to plan again; None: when rows come."""

    items: tuple[Item, ...] = ()
    dropped: Mapping[int, Needless] = field(default_factory=dict)
    at: datetime | None = None
    due_at: datetime | None = None


def plan(pacing: Pacing, pace: Pace, rows: Sequence[Waiting], now: datetime) -> Plan:
    """What to send to a receiver at ``now``, of all its pending rows."""
    if pacing.digest_only and (unwanted := [row.id for row in rows if row.alert_id is not None]):
        return Plan(dropped=dict.fromkeys(unwanted, Needless.DIGEST_ONLY))
    due = [(_heard_at(pacing, of_alert, now), of_alert) for of_alert in _by_alert(rows)]
    if not due:
        return Plan()
    first_due = min(at for at, _ in due)
    next_at = pace.next_at(pacing, first_due)
    if next_at > now:
        return Plan(at=next_at)
    ready = [of_alert for at, of_alert in due if at <= now]
    items, dropped = collapsed(ready, now)
    later = min((at for at, _ in due if at > now), default=None)
    return Plan(items, dropped, later, first_due)


def collapsed(alerts: Iterable[Sequence[Waiting]], now: datetime) -> tuple[tuple[Item, ...], Mapping[int, Needless]]:
    """One line an alert, in the order of their newest rows, and the ids of rows that need not be said, with why."""
    items: list[Item] = []
    dropped: dict[int, Needless] = {}
    for rows in alerts:
        taken = _taken(rows, now)
        said = [row for row in taken if row.kind not in _QUIETED.get(row.state, frozenset())]
        item = _item(said)
        kept = set(item.rows) if item else set()
        dropped |= {row.id: _why_needless(row) for row in taken if row.id not in kept}
        items += [item] if item else []
    return tuple(sorted(items, key=lambda item: item.newest.id)), dropped


def _why_needless(row: Waiting) -> Needless:
    if row.kind not in _QUIETED.get(row.state, frozenset()):
        return Needless.NOT_TOLD
    return Needless.SILENCED if row.state == "silenced" else Needless.ACKNOWLEDGED


def _taken(rows: Sequence[Waiting], now: datetime) -> list[Waiting]:
    """All up to the last that is due: what came before it must not come after it."""
    last = max((index for index, row in enumerate(rows) if row.due_at <= now), default=-1)
    return list(rows[: last + 1])


def _item(rows: Sequence[Waiting]) -> Item | None:
    """What is said of one alert; None when nothing need be."""
    if not rows:
        return None
    newest = rows[-1]
    trouble = [row for row in rows if row.kind in OPENING]
    ids = tuple(row.id for row in rows)
    if newest.kind in ENDING and not newest.told:
        if not trouble:
            return None
        kind = FAILED_AND_FIXED if newest.kind == FIXED else CLOSED
        return Item(kind, ids, newest, trouble[0], len(trouble))
    return Item(_kind(rows, trouble), ids, newest, (trouble or rows)[0], len(trouble))


def _kind(rows: Sequence[Waiting], trouble: Sequence[Waiting]) -> str:
    """Of several rows of trouble the first telling stands; whatever ends it, or a word on flapping, overrules."""
    newest = rows[-1]
    if newest.kind in (AGAIN, REMINDER) and not newest.told:
        return FLAPPING if any(row.kind == FLAPPING for row in trouble) else FAILING
    return newest.kind


def _by_alert(rows: Sequence[Waiting]) -> list[list[Waiting]]:
    """The rows of each alert in the order of their ids; a row of no alert stands alone."""
    found: dict[tuple[str, int], list[Waiting]] = {}
    for row in sorted(rows, key=lambda row: row.id):
        key = ("row", row.id) if row.alert_id is None else ("alert", row.alert_id)
        found.setdefault(key, []).append(row)
    return list(found.values())


def _heard_at(pacing: Pacing, rows: Sequence[Waiting], now: datetime) -> datetime:
    """When an alert's rows are due, quiet hours heeded. A digest has its own hour."""
    due_at = min(row.due_at for row in rows)
    loud = any(row.severity in pacing.heard or row.kind == DIGEST for row in rows)
    if pacing.quiet is None or loud:
        return due_at
    return max(due_at, pacing.quiet.over_at(max(due_at, now)) or due_at)
