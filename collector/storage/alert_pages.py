"""Alerts as the API shows them: pages, one with its history, how many are in each state."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from collector.domain.alert_states import State
from collector.domain.filters import DEFAULT_BRANCH, GroupPatterns
from collector.domain.routing import Subject, in_group
from collector.domain.times import to_api
from collector.storage import alerts
from collector.storage.cursor import read_id, write_id
from collector.storage.errors import NoSuchAlert
from collector.storage.selecting import Where, marks
from collector.storage.tables import sql, text
from collector.storage.texts import clean

LISTED_NOTIFICATIONS = 20
MOST_NOTIFICATIONS = 500
_ALERT = (
    "id", "rule", "severity", "pipeline_id", "branch", "provider", "instance", "repo", "pipeline", "state", "since",
    "opened_at", "fired_at", "resolved_at", "changed_at", "reason", "text", "first_bad_id", "last_build_id",
    "last_good_id", "streak", "transition", "who", "evidence", "flapping",
)  # fmt: skip
_INSTANTS = ("since", "opened_at", "fired_at", "resolved_at", "changed_at")
_ON_DEFAULT = (
    "(a.branch = '' OR a.branch IN (SELECT r.default_branch FROM repos r WHERE r.provider = a.provider"
    " AND r.instance = a.instance AND r.name_key = lower(a.repo))"
    " OR coalesce((SELECT NOT p.has_branches FROM pipelines p WHERE p.id = a.pipeline_id), 0))"
)
_SELECT = f"SELECT {', '.join(f'a.{name}' for name in _ALERT)}, {_ON_DEFAULT} FROM alerts a"
_BUILD = ("id", "status", "commit_sha", "actor", "started_at", "failing_step", "error_line", "source")
_NOTIFICATION = (
    "id", "receiver", "kind", "transition", "state", "late", "created_at", "due_at", "sent_at", "attempts", "error",
)  # fmt: skip
_SENDING = ("created_at", "due_at", "sent_at")


@dataclass(frozen=True, slots=True)
class AlertFilters:
    """Values of one word are alternatives; different words must all hold. Empty: no restriction.

    ``repo`` is matched without regard to case; ``branch`` may hold ``@default``.
    """

    state: tuple[str, ...] = ()
    rule: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    repo: tuple[str, ...] = ()
    pipeline: tuple[str, ...] = ()
    pipeline_id: tuple[int, ...] = ()
    branch: tuple[str, ...] = ()
    provider: tuple[str, ...] = ()
    group: tuple[GroupPatterns, ...] = ()


@dataclass(frozen=True, slots=True)
class AlertPage:
    alerts: list[dict[str, Any]]
    next: str | None


def page(filters: AlertFilters, *, cursor: str | None, limit: int) -> AlertPage:
    """The newest opened first. Raises BadCursor."""
    found = _where(filters)
    if cursor is not None:
        found.add("a.id < ?", read_id(cursor))
    rows = sql(f"{_SELECT} WHERE {found.text} ORDER BY a.id DESC LIMIT ?", [*found.params, limit + 1]).fetchall()
    return AlertPage(_shown(rows[:limit]), write_id(rows[limit - 1][0]) if len(rows) > limit else None)


def counts(filters: AlertFilters) -> dict[str, int]:
    """How many alerts are in each state; the filter by state itself aside."""
    found = _where(filters, by_state=False)
    rows = sql(f"SELECT a.state, count(*) FROM alerts a WHERE {found.text} GROUP BY a.state", found.params)
    return {state.value: 0 for state in State} | dict(rows.fetchall())


def by_ids(ids: Sequence[int]) -> list[dict[str, Any]]:
    """Of at most 500 alerts those that are there, in the order of their ids."""
    if not ids:
        return []
    return _shown(sql(f"{_SELECT} WHERE a.id IN ({marks(ids)}) ORDER BY a.id", list(ids)).fetchall())


def detail(alert_id: int) -> dict[str, Any]:
    """One alert with its transitions and its notifications (the newest 500). Raises NoSuchAlert."""
    rows = sql(f"{_SELECT} WHERE a.id = ?", (alert_id,)).fetchall()
    if not rows:
        raise NoSuchAlert(f"there is no alert {alert_id}; it may have been pruned")
    (found,) = _shown(rows, notifications=MOST_NOTIFICATIONS)
    told = [
        {"number": one.number, "at": to_api(one.at), "from_state": one.from_state, "to_state": one.to_state,
         "reason": one.reason, "who": one.who}
        for one in alerts.transitions(alert_id)
    ]  # fmt: skip
    return {**found, "transitions": told}


def changed_since(at: datetime) -> list[tuple[int, str]]:
    """(id, when it changed) of every alert that changed at or after an instant."""
    return [(row[0], row[1]) for row in sql("SELECT id, changed_at FROM alerts WHERE changed_at >= ?", (text(at),))]


def _where(filters: AlertFilters, *, by_state: bool = True) -> Where:
    found = Where()
    exact = {"rule": filters.rule, "severity": filters.severity, "pipeline": filters.pipeline,
             "provider": filters.provider, "state": filters.state if by_state else ()}  # fmt: skip
    for column, values in exact.items():
        if values:
            found.one_of(f"a.{column}", [clean(value) for value in values])
    if filters.repo:
        found.one_of("lower(a.repo)", [clean(name).lower() for name in filters.repo])
    if filters.pipeline_id:
        found.one_of("a.pipeline_id", filters.pipeline_id)
    if filters.branch:
        _branches(found, filters.branch)
    if filters.group:
        _groups(found, filters.group)
    return found


def _branches(found: Where, branches: Sequence[str]) -> None:
    named = [clean(branch) for branch in branches if branch != DEFAULT_BRANCH]
    either = [f"a.branch IN ({marks(named)})"] * bool(named) + [_ON_DEFAULT] * (DEFAULT_BRANCH in branches)
    found.add(f"({' OR '.join(either)})", *named)


def _groups(found: Where, groups: Sequence[GroupPatterns]) -> None:
    """Globs are matched here, over what alerts were ever about."""
    about = sql("SELECT DISTINCT repo, pipeline, pipeline_id FROM alerts").fetchall()
    inside = [
        number
        for repo, pipeline, number in about
        if any(in_group(group, Subject(repo, pipeline, None, False, "")) for group in groups)
    ]
    found.one_of("a.pipeline_id", inside)


def _shown(rows: Sequence[tuple[Any, ...]], *, notifications: int = LISTED_NOTIFICATIONS) -> list[dict[str, Any]]:
    values = [dict(zip((*_ALERT, "on_default"), row, strict=True)) for row in rows]
    builds = _builds({one[name] for one in values for name in ("first_bad_id", "last_build_id")})
    told = _notifications([one["id"] for one in values], notifications)
    return [_one(value, builds, *told.get(value["id"], ([], 0))) for value in values]


def _one(
    value: dict[str, Any], builds: dict[int, dict[str, Any]], notifications: list[dict[str, Any]], total: int
) -> dict[str, Any]:
    evidence = json.loads(value.pop("evidence"))
    of_source = value["pipeline_id"] < 0
    last = builds.get(value["last_build_id"])
    return {
        **value,
        **{name: _at(value[name]) for name in _INSTANTS},
        "pipeline_id": None if of_source else value["pipeline_id"],
        "source": value["pipeline"] if of_source else last and last["source"],
        "branch": value["branch"] or None,
        "flapping": bool(value["flapping"]),
        "on_default": bool(value["on_default"]),
        "strip": evidence.pop("strip", []),
        "evidence": evidence,
        "first_bad": builds.get(value["first_bad_id"]),
        "last_build": last,
        "notifications": notifications,
        "notifications_total": total,
    }


def _builds(ids: Iterable[int | None]) -> dict[int, dict[str, Any]]:
    wanted = [one for one in ids if one is not None]
    if not wanted:
        return {}
    rows = sql(f"SELECT {', '.join(_BUILD)} FROM builds WHERE id IN ({marks(wanted)})", wanted)
    return {
        row[0]: {"build_id": row[0], "status": row[1], "commit": row[2], "actor": row[3], "started_at": _at(row[4]),
                 "failing_step": row[5], "error": row[6], "source": row[7]}
        for row in rows
    }  # fmt: skip


def _notifications(alert_ids: Sequence[int], most: int) -> dict[int, tuple[list[dict[str, Any]], int]]:
    """For each alert its newest notifications, oldest first, and how many there are in all."""
    if not alert_ids:
        return {}
    rows = sql(
        f"SELECT alert_id, total, {', '.join(_NOTIFICATION)} FROM (SELECT alert_id, {', '.join(_NOTIFICATION)},"
        " row_number() OVER (PARTITION BY alert_id ORDER BY id DESC) AS place,"
        " count(*) OVER (PARTITION BY alert_id) AS total"
        f" FROM notifications WHERE alert_id IN ({marks(alert_ids)})) AS numbered WHERE place <= ? ORDER BY id",
        [*alert_ids, most],
    )
    found: dict[int, tuple[list[dict[str, Any]], int]] = {}
    for alert_id, total, *row in rows:
        found.setdefault(alert_id, ([], total))[0].append(_notification(row))
    return found


def _notification(row: Sequence[Any]) -> dict[str, Any]:
    value = dict(zip(_NOTIFICATION, row, strict=True))
    return {**value, "late": bool(value["late"]), **{name: _at(value[name]) for name in _SENDING}}


def _at(value: str | None) -> str | None:
    return None if value is None else to_api(datetime.fromisoformat(value))
