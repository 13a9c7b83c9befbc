"""Alerts and their transitions, as the evaluator and whoever acknowledges or silences them write them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from collector.domain.alert_states import Alert, Event, Line, State, Transition, WrongState, moved
from collector.domain.filters import GroupPatterns
from collector.domain.silencing import Silence, exactly
from collector.storage import silences
from collector.storage.errors import NoSuchAlert
from collector.storage.selecting import marks
from collector.storage.tables import instant, sql, text
from collector.storage.texts import clean

COLUMNS = (
    "rule", "severity", "pipeline_id", "branch", "provider", "instance", "repo", "pipeline", "state", "since",
    "opened_at", "fired_at", "resolved_at", "changed_at", "reason", "text", "first_bad_id", "last_build_id",
    "last_good_id", "streak", "transition", "who", "evidence", "flapping", "summed_at",
)  # fmt: skip
_NAMES = ", ".join(f'"{name}"' for name in COLUMNS)
SELECT = f"SELECT id, {_NAMES} FROM alerts"
_INSERT = f"INSERT INTO alerts ({_NAMES}) VALUES ({', '.join('?' * len(COLUMNS))}) RETURNING id"
_UPDATE = "UPDATE alerts SET " + ", ".join(f'"{name}" = ?' for name in COLUMNS) + " WHERE id = ?"
OPEN = "state <> 'resolved'"
ACKNOWLEDGED = "acknowledged"
SILENCED = "silenced"


def newest(rule: str, pipeline_id: int, branch: str) -> Alert | None:
    """The rule's newest alert of the line, open or resolved."""
    row = sql(
        f"{SELECT} WHERE pipeline_id = ? AND branch = ? AND rule = ? ORDER BY id DESC LIMIT 1",
        (pipeline_id, branch, rule),
    ).fetchone()
    return of_row(row) if row else None


def get(alert_id: int) -> Alert:
    """Raises NoSuchAlert."""
    row = sql(f"{SELECT} WHERE id = ?", (alert_id,)).fetchone()
    if row is None:
        raise NoSuchAlert(f"there is no alert {alert_id}")
    return of_row(row)


def open_alerts(rules: Sequence[str] | None = None, states: Iterable[State] = ()) -> list[Alert]:
    """All that are open, of these rules (None: of any) and in these states (none: in any), oldest first."""
    conditions, params = [OPEN], list[object]()
    if rules is not None:
        conditions.append(f"rule IN ({marks(rules)})")
        params += rules
    if wanted := [state.value for state in states]:
        conditions.append(f"state IN ({marks(wanted)})")
        params += wanted
    return [of_row(row) for row in sql(f"{SELECT} WHERE {' AND '.join(conditions)} ORDER BY id", params)]


def open_at(rule: str, pipeline_id: int, branch: str) -> bool:
    """Whether the rule has an open alert of the line."""
    kept = newest(rule, pipeline_id, branch)
    return kept is not None and kept.open


def flapping() -> list[Alert]:
    """The newest alerts of the lines that flap, open or resolved."""
    return [of_row(row) for row in sql(f"{SELECT} WHERE flapping ORDER BY id")]


def open_of_line(pipeline_id: int, branch: str) -> list[Alert]:
    query = f"{SELECT} WHERE pipeline_id = ? AND branch = ? AND {OPEN} ORDER BY id"
    return [of_row(row) for row in sql(query, (pipeline_id, branch))]


def mentioning(build_ids: Sequence[int]) -> list[Alert]:
    """The alerts, open or not, that began or were last decided by one of at most 500 builds."""
    found = marks(build_ids)
    rows = sql(
        f"{SELECT} WHERE last_build_id IN ({found}) UNION {SELECT} WHERE first_bad_id IN ({found}) ORDER BY 1",
        [*build_ids, *build_ids],
    )
    return [of_row(row) for row in rows]


def strayed() -> list[Alert]:
    """The open alerts whose first build belongs to another line by now."""
    states = [state.value for state in State if state is not State.RESOLVED]  # finds them by index, as OPEN does not
    rows = sql(
        f"{SELECT} WHERE state IN ({marks(states)}) AND EXISTS (SELECT 1 FROM builds b WHERE b.id = alerts.first_bad_id"
        " AND (b.pipeline_id <> alerts.pipeline_id OR coalesce(b.branch, '') <> alerts.branch)) ORDER BY id",
        states,
    )
    return [of_row(row) for row in rows]


def save(alert: Alert, transitions: Sequence[Transition] = ()) -> Alert:
    """Writes the alert, new or changed, and its new transitions; the alert with its id."""
    if alert.id:
        sql(_UPDATE, (*_values(alert), alert.id))
    else:
        alert = replace(alert, id=int(sql(_INSERT, _values(alert)).fetchone()[0]))
    for one in transitions:
        sql(
            "INSERT INTO alert_transitions (alert_id, transition, at, from_state, to_state, reason, who)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (alert.id, one.number, text(one.at), one.from_state, one.to_state, one.reason, one.who),
        )
    return alert


def transitions(alert_id: int) -> list[Transition]:
    """All of the alert's, first to last."""
    rows = sql(
        "SELECT transition, at, from_state, to_state, reason, who FROM alert_transitions WHERE alert_id = ?"
        " ORDER BY transition",
        (alert_id,),
    )
    return [Transition(row[0], datetime.fromisoformat(row[1]), *row[2:]) for row in rows]


def acknowledge(alert_id: int, who: str, why: str, now: datetime) -> Alert:
    """Nobody is reminded of it until it changes. Raises NoSuchAlert and WrongState."""
    alert, transition = moved(
        get(alert_id), Event.ACKNOWLEDGE, now, clean(why.strip()) or ACKNOWLEDGED, clean(who.strip()) or None
    )
    return save(alert, [transition])


def silence(alert_id: int, who: str, why: str, lasting: timedelta, now: datetime) -> tuple[Alert, Silence]:
    """Silences exactly this alert and what follows of its rule and line. Raises NoSuchAlert, WrongState, BadSilence."""
    alert = get(alert_id)
    if alert.state in (State.SILENCED, State.RESOLVED):
        raise WrongState(f"the alert is {alert.state.value}; only an open one that is not silenced can be silenced")
    line = alert.line
    named = {"rule": alert.rule, "repo": line.repo, "pipeline": line.pipeline, "branch": line.branch}
    matchers = {name: exactly(value) for name, value in named.items() if value}
    made = silences.add(matchers, now, now + lasting, who, why, now)
    return _silenced(alert, made, now), made


def apply(made: Silence, groups: Sequence[GroupPatterns], now: datetime) -> list[Alert]:
    """Silences every open alert that a silence in force takes; those that it silenced."""
    if not made.in_force(now):
        return []
    states = (State.PENDING, State.FIRING, State.ACKNOWLEDGED)
    taken = [one for one in open_alerts(states=states) if made.takes(one.rule, one.severity, one.line, groups)]
    return [_silenced(alert, made, now) for alert in taken]


def unsilence(silence_id: int, now: datetime) -> Silence | None:
    """Ends a silence; what is still bad fires again as soon as the collector looks. None: it was over already."""
    return silences.end(silence_id, now)


def _silenced(alert: Alert, made: Silence, now: datetime) -> Alert:
    after, transition = moved(alert, Event.SILENCE, now, made.reason or SILENCED, made.author)
    return save(after, [transition])


def move(alert: Alert, line: Line) -> Alert:
    """The alert follows its builds to the line that they belong to now."""
    return save(replace(alert, line=line))


def of_row(row: tuple[Any, ...]) -> Alert:
    value = dict(zip(("id", *COLUMNS), row, strict=True))
    line = Line(*(value[name] for name in ("pipeline_id", "branch", "provider", "instance", "repo", "pipeline")))
    return Alert(
        id=value["id"], rule=value["rule"], severity=value["severity"], line=line, state=State(value["state"]),
        since=_at(value["since"]), opened_at=_at(value["opened_at"]), changed_at=_at(value["changed_at"]),
        reason=value["reason"], text=value["text"], fired_at=instant(value["fired_at"]),
        resolved_at=instant(value["resolved_at"]), first_bad_id=value["first_bad_id"],
        last_build_id=value["last_build_id"], last_good_id=value["last_good_id"], streak=value["streak"],
        transition=value["transition"], who=value["who"], evidence=json.loads(value["evidence"]),
        flapping=bool(value["flapping"]), summed_at=instant(value["summed_at"]),
    )  # fmt: skip


def _values(alert: Alert) -> tuple[Any, ...]:
    line = alert.line
    evidence = json.dumps(dict(alert.evidence), ensure_ascii=False, separators=(",", ":"))
    return (
        alert.rule, alert.severity, line.pipeline_id, line.branch, line.provider, line.instance, line.repo,
        line.pipeline, alert.state.value, text(alert.since), text(alert.opened_at), text(alert.fired_at),
        text(alert.resolved_at), text(alert.changed_at), alert.reason, alert.text, alert.first_bad_id,
        alert.last_build_id, alert.last_good_id, alert.streak, alert.transition, alert.who, evidence,
        int(alert.flapping), text(alert.summed_at),
    )  # fmt: skip


def _at(value: str) -> datetime:
    return datetime.fromisoformat(value)
