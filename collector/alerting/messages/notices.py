"""What is told beside alerts: the daily digest, and that another receiver is broken or cannot be reached."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from collector.alerting.messages import phrases as p
from collector.alerting.messages.model import Context, Section
from collector.alerting.messages.phrases import Words
from collector.domain import grouping as g
from collector.domain.payload import AlertFacts, from_mapping
from collector.domain.times import to_api

MOST_NAMED = 10
"""A digest names so many of each kind and counts the rest."""
_KINDS = (("broke", "Broke"), ("open", "Still broken"), ("fixed", "Fixed"))


def section(item: g.Item, words: Words, context: Context) -> Section:
    given = _given(item)
    match item.kind:
        case g.DIGEST:
            return _digest(given, words, context)
        case g.RECEIVER_UNREACHABLE:
            return _unreachable(given, words)
        case _:
            return _broken(given, words)


def body(item: g.Item, words: Words) -> dict[str, Any]:
    """The notice in the documented JSON."""
    given = _given(item)
    if item.kind == g.RECEIVER_BROKEN:
        return {
            "kind": g.RECEIVER_BROKEN,
            "receiver": words.name(_text(given, "receiver")),
            "error": words.line(_text(given, "error")),
        }
    if item.kind == g.RECEIVER_UNREACHABLE:
        return {
            "kind": g.RECEIVER_UNREACHABLE,
            "receiver": words.name(_text(given, "receiver")),
            "error": words.line(_text(given, "error")),
            "since": _text(given, "since") or None,
            "waiting": _number(given, "waiting"),
        }
    listed = {key: [_listed(facts, words) for facts in _alerts(given, key)] for key, _ in _KINDS}
    return {"kind": g.DIGEST, "counts": {key: _count(given, key) for key, _ in _KINDS}, **listed}


def _broken(given: Mapping[str, Any], words: Words) -> Section:
    name, error = words.name(_text(given, "receiver")), words.line(_text(given, "error"))
    briefs = (
        f"It said: {error or 'nothing'}",
        "What it should have been told is kept and goes out when it works again. It is tried every 5 minutes.",
        f"To do: look at {name} under receivers: in collectors.yaml, then run: cihealth test-alert {name}",
    )
    return Section(f"The receiver {name} is broken and tells nobody", briefs=briefs)


def _unreachable(given: Mapping[str, Any], words: Words) -> Section:
    name, error = words.name(_text(given, "receiver")), words.line(_text(given, "error"))
    waiting = _number(given, "waiting")
    briefs = (
        f"It said: {error or 'nothing'}",
        f"What waits is kept ({p.counted(waiting, 'notification')}) and goes out when it works again.",
        f"To do: look whether it is up and can be reached from here, then run: cihealth test-alert {name}",
    )
    return Section(f"The receiver {name} has taken nothing {_since(given)}", briefs=briefs)


def _digest(given: Mapping[str, Any], words: Words, context: Context) -> Section:
    counts = [f"{_count(given, key)} {title.lower()}" for key, title in _KINDS if _count(given, key)]
    briefs: list[str] = []
    for key, title in _KINDS:
        named = _alerts(given, key)[:MOST_NAMED]
        briefs += [f"{title}: {_line(key, facts, words, context)}" for facts in named]
        left = _count(given, key) - len(named)
        briefs += [f"{title}: {left} more"] if left > 0 else []
    return Section(f"Daily digest: {', '.join(counts) or 'nothing broke'}", briefs=tuple(briefs))


def _line(key: str, facts: AlertFacts, words: Words, context: Context) -> str:
    where = f"{words.place(facts)}{words.on_branch(facts)}"
    if key == "fixed" and facts.resolved_at:
        return f"{where} after {p.between(facts.since, facts.resolved_at)}"
    if key == "open":
        return f"{where} for {p.between(facts.since, context.now)}"
    said = f"{where}: {words.line(facts.text)}" if facts.text else where
    return f"{said} (fixed since)" if facts.state == "resolved" else said


def _listed(facts: AlertFacts, words: Words) -> dict[str, Any]:
    return {
        "id": facts.alert_id,
        "repo": words.name(facts.repo),
        "pipeline": words.name(facts.pipeline),
        "branch": words.name(facts.branch) or None,
        "rule": words.name(facts.rule),
        "since": to_api(facts.since),
        "resolved_at": to_api(facts.resolved_at) if facts.resolved_at else None,
    }


def _given(item: g.Item) -> Mapping[str, Any]:
    try:
        given = json.loads(item.newest.payload)
    except (ValueError, RecursionError):
        return {}
    return given if isinstance(given, dict) else {}


def _alerts(given: Mapping[str, Any], key: str) -> Sequence[AlertFacts]:
    found = given.get(key)
    return [from_mapping(one) for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _count(given: Mapping[str, Any], key: str) -> int:
    counts = given.get("counts")
    count = counts.get(key) if isinstance(counts, dict) else None
    return count if isinstance(count, int) else len(_alerts(given, key))


def _number(given: Mapping[str, Any], key: str) -> int:
    value = given.get(key)
    return value if isinstance(value, int) else 0


def _since(given: Mapping[str, Any]) -> str:
    try:
        return f"since {datetime.fromisoformat(_text(given, 'since')):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return "for some time"


def _text(given: Mapping[str, Any], key: str) -> str:
    value = given.get(key)
    return value if isinstance(value, str) else ""
