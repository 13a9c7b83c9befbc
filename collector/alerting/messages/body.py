"""A message as JSON: what a generic webhook and a file get. The shape is documented in docs/notifications.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from collector.alerting.messages import phrases as p
from collector.alerting.messages.model import Context
from collector.alerting.messages.phrases import Words
from collector.domain import grouping as g
from collector.domain.payload import AlertFacts, BuildFacts
from collector.domain.times import to_api

VERSION = 1
MOST_ALERTS = 2000


def message_body(
    identity: str,
    headline: str,
    note: str | None,
    alerts: Sequence[Mapping[str, Any]],
    notices: Sequence[Mapping[str, Any]],
    context: Context,
) -> dict[str, Any]:
    return {
        "version": VERSION,
        "id": identity,
        "receiver": context.receiver,
        "sent_at": to_api(context.now),
        "headline": headline,
        "note": note,
        "alerts": list(alerts[:MOST_ALERTS]),
        "more": max(0, len(alerts) - MOST_ALERTS),
        "notices": list(notices),
    }


def alert_body(item: g.Item, facts: AlertFacts, title: str, words: Words, context: Context) -> dict[str, Any]:
    return {
        "id": item.alert_id,
        "kind": item.kind,
        "transition": item.newest.transition,
        "state": item.newest.state,
        "rule": words.name(facts.rule),
        "when": words.name(facts.when),
        "severity": words.name(facts.severity),
        "provider": words.name(facts.provider),
        "instance": words.name(facts.instance),
        "repo": words.name(facts.repo),
        "pipeline": words.name(facts.pipeline),
        "branch": words.name(facts.branch) or None,
        "since": to_api(facts.since),
        "resolved_at": _at(facts.resolved_at),
        "reason": words.name(facts.reason),
        "title": title,
        "text": words.line(facts.text),
        "streak": facts.streak,
        "last_statuses": [words.name(status) for status in facts.strip],
        "flaky": facts.flaky,
        "late": item.late,
        "first_bad": _build(facts.first_bad, words),
        "last": _build(facts.last, words),
        "last_good": _build(facts.last_good, words),
        "links": [{"label": link.label, "url": link.url} for link in p.links(facts, context.public_url)],
    }


def _build(build: BuildFacts | None, words: Words) -> dict[str, Any] | None:
    if build is None:
        return None
    return {
        "id": build.id,
        "number": words.name(build.number),
        "status": words.name(build.status),
        "conclusion": words.name(build.conclusion) or None,
        "url": p.safe_url(build.url),
        "commit": words.name(build.commit) or None,
        "message": words.line(build.message) or None,
        "actor": words.name(build.actor) or None,
        "started_at": _at(build.started_at),
        "failing_step": words.line(build.failing_step) or None,
        "error_line": words.line(build.error_line) or None,
    }


def _at(instant: datetime | None) -> str | None:
    return to_api(instant) if instant else None
