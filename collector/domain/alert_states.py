"""The life of an alert: ok → pending → firing → acknowledged or silenced → resolved. Pure; time is passed in.

``judged`` takes what is kept and a rule's verdict to what is to be kept, which transitions that is and which
notifications follow. Whoever calls it writes all three in one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from collector.domain.errors import CIHealthError
from collector.domain.rules.base import Standing, Verdict


class State(StrEnum):
    PENDING = "pending"
    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    SILENCED = "silenced"
    RESOLVED = "resolved"


class Event(StrEnum):
    HELD = "held"
    """It has held for as long as the rule's ``for:``."""
    ACKNOWLEDGE = "acknowledge"
    SILENCE = "silence"
    SILENCE_ENDS = "silence_ends"
    RESOLVE = "resolve"


class Kind(StrEnum):
    """Of a notification: what the evaluator has to tell."""

    FAILING = "failing"
    AGAIN = "again"
    REMINDER = "reminder"
    FIXED = "fixed"
    CLOSED = "closed"
    FLAPPING = "flapping"
    FLAPPING_OVER = "flapping_over"


UNTOLD = "untold"
"""In an alert's evidence: history opened it, so nobody is told of it before something new happens."""
OK = "ok"
"""Where the first transition comes from."""
BAD_NEWS = (Kind.FAILING, Kind.AGAIN, Kind.REMINDER, Kind.FLAPPING, Kind.FLAPPING_OVER)
"""Who got one of these is told when it is over."""
_NEXT: Mapping[tuple[State, Event], State] = {
    (State.PENDING, Event.HELD): State.FIRING,
    (State.PENDING, Event.SILENCE): State.SILENCED,
    (State.PENDING, Event.ACKNOWLEDGE): State.ACKNOWLEDGED,
    (State.FIRING, Event.ACKNOWLEDGE): State.ACKNOWLEDGED,
    (State.FIRING, Event.SILENCE): State.SILENCED,
    (State.ACKNOWLEDGED, Event.SILENCE): State.SILENCED,
    (State.SILENCED, Event.ACKNOWLEDGE): State.ACKNOWLEDGED,
    (State.SILENCED, Event.SILENCE_ENDS): State.FIRING,
    **{(state, Event.RESOLVE): State.RESOLVED for state in State if state is not State.RESOLVED},
}


class WrongState(CIHealthError):
    """What was asked of an alert does not go with its state."""


@dataclass(frozen=True, slots=True)
class Line:
    """What an alert is about: a pipeline on a branch ('' for none). A source that cannot be read is one, too, with
    a negative ``pipeline_id`` and its name as ``pipeline``."""

    pipeline_id: int
    branch: str
    provider: str
    instance: str
    repo: str
    pipeline: str


@dataclass(frozen=True, slots=True)
class Alert:
    """As kept. ``id`` is 0 before it is. ``evidence``: figures of the verdict and ``strip``, the last statuses."""

    id: int
    rule: str
    severity: str
    line: Line
    state: State
    since: datetime
    opened_at: datetime
    changed_at: datetime
    reason: str
    text: str
    fired_at: datetime | None = None
    resolved_at: datetime | None = None
    first_bad_id: int | None = None
    last_build_id: int | None = None
    last_good_id: int | None = None
    streak: int = 0
    transition: int = 0
    who: str | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    flapping: bool = False
    summed_at: datetime | None = None

    @property
    def open(self) -> bool:
        return self.state is not State.RESOLVED


@dataclass(frozen=True, slots=True)
class Transition:
    number: int
    at: datetime
    from_state: str
    to_state: str
    reason: str
    who: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification to be made, for each receiver of the rule. ``told_only``: for those that got BAD_NEWS of it."""

    kind: Kind
    transition: int
    told_only: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """``alert`` is what is to be kept (None: nothing); unchanged when there is nothing else."""

    alert: Alert | None
    transitions: tuple[Transition, ...] = ()
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a verdict is judged under."""

    now: datetime
    live: bool = True
    """Whether the builds that led to it are news; history sets the state and notifies nobody."""
    newer: bool = False
    """Whether the build that decided it was not judged before."""
    pending_for: timedelta = timedelta(0)
    silenced_by: str | None = None
    each: bool = False
    """``remind: each``: every further failing build notifies."""
    flapping: bool = False
    """Whether the line flaps after these builds."""


@dataclass(frozen=True, slots=True)
class About:
    """What a new alert is of."""

    rule: str
    severity: str
    line: Line


def judged(kept: Alert | None, about: About, verdict: Verdict, under: Circumstances) -> Decision:
    """What follows from a verdict. ``kept`` is the newest alert of the rule and line, open or resolved."""
    was_open = kept is not None and kept.open
    if verdict.standing is Standing.BETWEEN:
        return Decision(kept)
    if verdict.standing is Standing.BAD:
        decision = _worse(kept, verdict, under) if was_open else _opened(kept, about, verdict, under)
    else:
        decision = _resolved(kept, verdict, under) if was_open else Decision(kept)
    return _with_flapping(decision, kept, under)


def moved(alert: Alert, event: Event, at: datetime, reason: str, who: str | None = None) -> tuple[Alert, Transition]:
    """The alert after an event, with its transition. Raises WrongState."""
    to_state = _NEXT.get((alert.state, event))
    if to_state is None:
        raise WrongState(f"the alert is {alert.state.value}; {_ADVICE.get(event, 'nothing is to be done')}")
    after = replace(
        alert,
        state=to_state,
        who=who,
        fired_at=alert.fired_at or (at if to_state is State.FIRING else None),
        resolved_at=at if to_state is State.RESOLVED else None,
    )
    return noted(after, at, alert.state, reason, who)


_ADVICE = {
    Event.ACKNOWLEDGE: "only an open one that is not acknowledged yet can be acknowledged",
    Event.SILENCE: "only an open one that is not silenced yet can be silenced",
    Event.SILENCE_ENDS: "only a silenced one can be told again",
}


def noted(alert: Alert, at: datetime, from_state: str, reason: str, who: str | None = None) -> tuple[Alert, Transition]:
    """Counts a transition, also one that leaves the state as it is: a reminder, a further failure."""
    after = replace(alert, transition=alert.transition + 1, changed_at=at)
    return after, Transition(after.transition, at, str(from_state), str(alert.state), reason, who)


def _opened(kept: Alert | None, about: About, verdict: Verdict, under: Circumstances) -> Decision:
    state, who = State.FIRING, None
    if under.silenced_by is not None:
        state, who = State.SILENCED, under.silenced_by
    elif under.pending_for > timedelta(0):
        state = State.PENDING
    fresh = Alert(
        0, about.rule, about.severity, about.line, state, verdict.since or under.now, under.now, under.now,
        verdict.reason, verdict.text, fired_at=under.now if state is State.FIRING else None, who=who,
        flapping=kept is not None and kept.flapping, summed_at=kept.summed_at if kept and kept.flapping else None,
        evidence={} if under.live else {UNTOLD: True},
    )  # fmt: skip
    alert, transition = noted(_corrected(fresh, verdict), under.now, OK, verdict.reason, who)
    tells = state is State.FIRING and under.live
    return Decision(alert, (transition,), (Notice(Kind.FAILING, transition.number),) if tells else ())


def _worse(kept: Alert | None, verdict: Verdict, under: Circumstances) -> Decision:
    assert kept is not None
    alert = _corrected(kept, verdict)
    if alert != kept:
        alert = replace(alert, changed_at=under.now)
    if not (under.each and under.newer and under.live and alert.state is State.FIRING):
        return Decision(alert)
    told = replace(alert, evidence={name: value for name, value in alert.evidence.items() if name != UNTOLD})
    alert, transition = noted(told, under.now, alert.state, "further_failure")
    return Decision(alert, (transition,), (Notice(Kind.AGAIN, transition.number),))


def _resolved(kept: Alert | None, verdict: Verdict, under: Circumstances) -> Decision:
    assert kept is not None
    alert, transition = moved(kept, Event.RESOLVE, under.now, verdict.reason)
    alert = replace(
        alert,
        reason=verdict.reason,
        text=verdict.text,
        last_build_id=verdict.last or kept.last_build_id,
        last_good_id=verdict.last_good or kept.last_good_id,
        evidence={**kept.evidence, **verdict.evidence},
    )
    kind = Kind.CLOSED if verdict.reason in NOT_FIXED else Kind.FIXED
    return Decision(alert, (transition,), (Notice(kind, transition.number, told_only=True),))


MERGED = "pipeline_merged"
"""Its builds were found to be another pipeline's, which has an alert of its own."""
NOT_FIXED = frozenset(
    {"no_builds", "no_schedule", "disabled", "rule_removed", "rule_changed", "pipeline_disabled"}
    | {"pipeline_gone", MERGED, "source_gone"}
)
"""Reasons for which an alert ends without anybody having mended anything."""


def _corrected(alert: Alert, verdict: Verdict) -> Alert:
    """The alert with what the verdict knows better; ``since`` moves only where the rule says so."""
    fresh = alert.transition == 0
    moves = fresh or verdict.corrects
    return replace(
        alert,
        since=(verdict.since or alert.since) if moves else alert.since,
        first_bad_id=verdict.first_bad if moves else alert.first_bad_id,
        reason=verdict.reason,
        text=verdict.text,
        last_build_id=verdict.last or alert.last_build_id,
        last_good_id=verdict.last_good if moves else alert.last_good_id,
        streak=verdict.streak,
        evidence={**verdict.evidence, **({UNTOLD: True} if alert.evidence.get(UNTOLD) else {})},
    )


def _with_flapping(decision: Decision, kept: Alert | None, under: Circumstances) -> Decision:
    """While a line flaps its changes are told in sum; that it began and that it is over is told once."""
    alert, was = decision.alert, kept is not None and kept.flapping
    if alert is None or (not was and not under.flapping):
        return decision
    if was and under.flapping:
        return replace(decision, notices=())
    alert = replace(alert, flapping=under.flapping, summed_at=under.now)
    reason = "flapping" if under.flapping else "flapping_over"
    alert, transition = noted(alert, under.now, alert.state, reason)
    tells = under.live and alert.state in (State.FIRING, State.RESOLVED)
    notice = Notice(Kind.FLAPPING if under.flapping else Kind.FLAPPING_OVER, transition.number)
    return Decision(alert, (*decision.transitions, transition), (notice,) if tells else ())
