"""Alerts as the API shows them: JSON-ready dicts, times RFC 3339 in UTC. Run inside ``database.reading()``."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from collector.domain.alert_states import Alert, State
from collector.domain.filters import DEFAULT_BRANCH, GroupPatterns
from collector.domain.routing import any_glob
from collector.domain.times import to_api
from collector.storage import alerts, notifications
from collector.storage.errors import BadCursor
from collector.storage.notifications import Notification
from collector.storage.selecting import Where, marks
from collector.storage.tables import sql
from collector.storage.texts import clean

_ON_DEFAULT = (
    "(a.branch = '' OR a.branch = (SELECT r.default_branch FROM builds b JOIN repos r ON r.id = b.repo_id"
    " WHERE b.id = a.last_build_id))"
)
_SELECT = "SELECT a.id, " + ", ".join(f'a."{name}"' for name in alerts.COLUMNS) + " FROM alerts a"
_HIDDEN = ("ended_at", "untold", "strip", "flaky")
"""Of the evidence: what is shown under a name of its own, or not at all."""


@dataclass(frozen=True, slots=True)
class AlertFilters:
    """Values of one word are alternatives; different words must all hold. Empty: no restriction."""

    state: tuple[str, ...] = ()
    rule: tuple[str, ...] = ()
    repo: tuple[str, ...] = ()
    pipeline: tuple[str, ...] = ()
    branch: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    group: tuple[GroupPatterns, ...] = ()


@dataclass(frozen=True, slots=True)
class AlertPage:
    """``next``: the cursor of the page that follows; None on the last."""

    alerts: list[dict[str, Any]]
    next: str | None


def page(filters: AlertFilters, *, cursor: str | None = None, limit: int = 50) -> AlertPage:
    """Those asked for, newest first, each with its notifications. Raises BadCursor."""
    found = _where(filters)
    if cursor is not None:
        found.add("a.id < ?", _read_cursor(cursor))
    rows = sql(f"{_SELECT} WHERE {found.text} ORDER BY a.id DESC LIMIT ?", [*found.params, limit + 1]).fetchall()
    shown = [alerts.of_row(row) for row in rows[:limit]]
    of_alerts = notifications.of_alerts([alert.id for alert in shown])
    following = _write_cursor(shown[-1].id) if len(rows) > limit else None
    return AlertPage([_shown(alert, of_alerts[alert.id]) for alert in shown], following)


def detail(alert_id: int) -> dict[str, Any]:
    """One alert with its ``notifications`` and ``transitions``, oldest first. Raises NoSuchAlert."""
    alert = alerts.get(alert_id)
    moves = [
        {
            "transition": one.number,
            "at": to_api(one.at),
            "from": one.from_state,
            "to": one.to_state,
            "reason": one.reason,
            "who": one.who,
        }
        for one in alerts.transitions(alert_id)
    ]
    return _shown(alert, notifications.of_alert(alert_id)) | {"transitions": moves}


def by_ids(ids: Sequence[int]) -> list[dict[str, Any]]:
    """Those of at most 500 alerts that exist, in the order of their ids."""
    if not ids:
        return []
    rows = sql(f"{_SELECT} WHERE a.id IN ({marks(ids)}) ORDER BY a.id", list(ids))
    found = [alerts.of_row(row) for row in rows]
    of_alerts = notifications.of_alerts([alert.id for alert in found])
    return [_shown(alert, of_alerts[alert.id]) for alert in found]


def changed_after(at: str, alert_id: int, limit: int) -> list[tuple[str, int]]:
    """The (changed_at as it is kept, id) of alerts that changed after that pair: what /ws has to tell next."""
    rows = sql(
        "SELECT changed_at, id FROM alerts WHERE (changed_at, id) > (?, ?) ORDER BY changed_at, id LIMIT ?",
        (at, alert_id, limit),
    )
    return [(row[0], row[1]) for row in rows]


def counts() -> dict[str, int]:
    """How many alerts are in each state."""
    rows = sql("SELECT state, count(*) FROM alerts GROUP BY state").fetchall()
    return dict.fromkeys((state.value for state in State), 0) | dict(rows)


def _where(filters: AlertFilters) -> Where:
    found = Where()
    for column in ("state", "rule", "severity", "pipeline"):
        values: tuple[str, ...] = getattr(filters, column)
        if values:
            found.one_of(f"a.{column}", [clean(value) for value in values])
    if filters.repo:
        found.one_of("lower(a.repo)", [clean(value).lower() for value in filters.repo])
    if filters.branch:
        _branches(found, filters.branch)
    if filters.group:
        _groups(found, filters.group)
    return found


def _branches(found: Where, branches: Sequence[str]) -> None:
    named = [clean(branch) for branch in branches if branch != DEFAULT_BRANCH]
    alternatives = [f"a.branch IN ({marks(named)})"] if named else []
    if DEFAULT_BRANCH in branches:
        alternatives.append(_ON_DEFAULT)
    found.add(f"({' OR '.join(alternatives)})", *named)


def _groups(found: Where, wanted: Sequence[GroupPatterns]) -> None:
    """Globs are matched here, over the repos and pipelines that alerts are of, of which there are few."""
    known = sql("SELECT DISTINCT repo, pipeline FROM alerts").fetchall()
    taken = [
        pair
        for pair in known
        if any(any_glob(group.repos, pair[0]) and any_glob(group.pipelines, pair[1]) for group in wanted)
    ]
    values = ", ".join(["(?, ?)"] * len(taken))
    condition = f"(a.repo, a.pipeline) IN (VALUES {values})" if taken else "1 = 0"
    found.add(condition, *(value for pair in taken for value in pair))


def _shown(alert: Alert, told: Sequence[Notification]) -> dict[str, Any]:
    line, evidence = alert.line, alert.evidence
    return {
        "id": alert.id,
        "rule": alert.rule,
        "severity": alert.severity,
        "provider": line.provider,
        "instance": line.instance,
        "repo": line.repo or None,
        "pipeline": line.pipeline,
        "pipeline_id": line.pipeline_id if line.pipeline_id > 0 else None,
        "branch": line.branch or None,
        "state": alert.state.value,
        "since": to_api(alert.since),
        "opened_at": to_api(alert.opened_at),
        "fired_at": to_api(alert.fired_at) if alert.fired_at else None,
        "resolved_at": to_api(alert.resolved_at) if alert.resolved_at else None,
        "changed_at": to_api(alert.changed_at),
        "reason": alert.reason,
        "text": alert.text,
        "streak": alert.streak,
        "who": alert.who,
        "flapping": alert.flapping,
        "flaky": evidence.get("flaky"),
        "strip": list(evidence.get("strip", ())),
        "evidence": {name: value for name, value in evidence.items() if name not in _HIDDEN},
        "first_bad_id": alert.first_bad_id,
        "last_build_id": alert.last_build_id,
        "last_good_id": alert.last_good_id,
        "notifications": [_notification(one) for one in told],
    }


def _notification(one: Notification) -> dict[str, Any]:
    return {
        "receiver": one.receiver,
        "kind": one.kind,
        "state": one.state,
        "late": one.late,
        "created_at": to_api(one.created_at),
        "sent_at": to_api(one.sent_at) if one.sent_at else None,
        "attempts": one.attempts,
        "error": one.error,
    }


def _write_cursor(alert_id: int) -> str:
    return base64.urlsafe_b64encode(f"alerts:{alert_id}".encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> int:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        name, _, number = base64.b64decode(padded, altchars=b"-_", validate=True).decode().partition(":")
        alert_id = int(number)
    except (ValueError, binascii.Error) as exc:
        raise BadCursor("cursor is not one that a page's `next` held; leave it out to begin") from exc
    if name != "alerts" or not 0 <= alert_id < 2**63:
        raise BadCursor("cursor is not one that a page's `next` held; leave it out to begin")
    return alert_id
