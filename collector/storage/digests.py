"""What a receiver's daily digest tells: of the alerts that it was told of, or would have been."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from collector.domain.payload import AlertFacts, to_json
from collector.domain.times import to_text
from collector.storage.tables import instant, sql, text

MOST_LISTED = 50
_COLUMNS = "a.id, a.rule, a.severity, a.provider, a.instance, a.repo, a.pipeline, a.branch, a.state, a.since"
_QUERY = (
    f"SELECT {_COLUMNS}, a.resolved_at, a.text, a.streak, count(*) OVER () FROM alerts a WHERE {{0}}"
    " AND EXISTS (SELECT 1 FROM notifications n WHERE n.alert_id = a.id AND n.receiver = ?)"
    " ORDER BY a.since DESC, a.id DESC LIMIT ?"
)
_BROKE = "a.fired_at >= ? AND a.fired_at < ?"
_OPEN = "a.state <> 'resolved' AND a.fired_at < ?"
_FIXED = "a.state = 'resolved' AND a.fired_at IS NOT NULL AND a.resolved_at >= ? AND a.resolved_at < ?"


@dataclass(frozen=True, slots=True)
class Listed:
    total: int
    alerts: tuple[AlertFacts, ...]


def payload(receiver: str, since: datetime, until: datetime) -> str:
    """What broke in [since, until), what broke before and is broken still, what was fixed; newest first, as JSON."""
    period = [text(since), text(until)]
    found = {
        "broke": _listed(_BROKE, period, receiver),
        "open": _listed(_OPEN, period[:1], receiver),
        "fixed": _listed(_FIXED, period, receiver),
    }
    return json.dumps(
        {
            "since": to_text(since),
            "until": to_text(until),
            "counts": {key: listed.total for key, listed in found.items()},
            **{key: [json.loads(to_json(facts)) for facts in listed.alerts] for key, listed in found.items()},
        }
    )


def _listed(condition: str, params: list[str | None], receiver: str) -> Listed:
    rows = sql(_QUERY.format(condition), [*params, receiver, MOST_LISTED]).fetchall()
    return Listed(rows[0][-1] if rows else 0, tuple(_facts(row) for row in rows))


def _facts(row: tuple[Any, ...]) -> AlertFacts:
    alert_id, rule, severity, provider, where, repo, pipeline, branch, state, since, resolved_at, said, streak, _ = row
    began = instant(since)
    assert began is not None
    return AlertFacts(
        alert_id=alert_id, rule=rule, severity=severity, provider=provider, instance=where, repo=repo,
        pipeline=pipeline, branch=branch, state=state, since=began, resolved_at=instant(resolved_at), text=said,
        streak=streak,
    )  # fmt: skip
