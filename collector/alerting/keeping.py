"""Writes what was decided of an alert: the alert, its transitions, and a notification for each receiver that hears of
it. All inside the transaction of whoever decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from collector.alerting.compiled import Compiled
from collector.domain import payload
from collector.domain.alert_states import BAD_NEWS, Alert, Decision, Kind, Notice
from collector.domain.routing import Subject
from collector.domain.times import to_text
from collector.storage import alerts, lines, notifications
from config.model import Config

log = structlog.get_logger(__name__)

LATE_AFTER = timedelta(minutes=15)
"""What ended longer ago is told as late."""
STRIP = "strip"
FLAKY = "flaky"


class Keeper:
    """``on_kept`` hears of each decision that was written (rules test prints them)."""

    def __init__(self, config: Config, on_kept: Callable[[Alert, Decision], None] | None = None) -> None:
        self._config = config
        self._on_kept = on_kept

    def keep(
        self, compiled: Compiled | None, kept: Alert | None, decision: Decision, now: datetime, *, is_default: bool
    ) -> Alert | None:
        """The alert as it is kept now. ``kept`` is how it was; ``compiled`` is None for a rule that is no more."""
        alert = decision.alert
        if alert is None or (alert == kept and not decision.transitions):
            return alert
        if kept is not None and kept.flapping and not alert.id:
            alerts.save(replace(kept, flapping=False))  # the newest alert of a line alone says whether it flaps
        saved = alerts.save(alert, decision.transitions)
        for one in () if self._on_kept else decision.transitions:
            log.info(
                "an alert changed", alert=saved.id, rule=saved.rule, repo=saved.line.repo,
                pipeline=saved.line.pipeline, branch=saved.line.branch or None, was=one.from_state,
                state=one.to_state, reason=one.reason,
            )  # fmt: skip
        for notice in decision.notices:
            self._tell(saved, notice, compiled, now, is_default)
        if self._on_kept and decision.transitions:
            self._on_kept(saved, decision)
        return saved

    def _tell(self, alert: Alert, notice: Notice, compiled: Compiled | None, now: datetime, is_default: bool) -> None:
        names = self._receivers(alert, notice, compiled, is_default)
        if not names:
            return
        found = lines.build_facts((alert.first_bad_id, alert.last_build_id, alert.last_good_id))
        text = payload.to_json(facts_of(alert, compiled, found))
        late = _is_late(alert, notice, now)
        for name in names:
            notifications.put(name, notice.kind, notice.transition, text, now, alert_id=alert.id, late=late)

    def _receivers(self, alert: Alert, notice: Notice, compiled: Compiled | None, is_default: bool) -> list[str]:
        if notice.told_only:
            return notifications.told(alert.id, BAD_NEWS)
        if compiled is None:
            return []
        line = alert.line
        subject = Subject(line.repo, line.pipeline, line.branch or None, is_default, alert.severity)
        return [receiver.name for receiver in self._config.receivers_for(compiled.rule, subject)]


def facts_of(alert: Alert, compiled: Compiled | None, builds: Mapping[int, payload.BuildFacts]) -> payload.AlertFacts:
    """The alert as a notification says it."""
    line, evidence = alert.line, alert.evidence
    found: dict[str, Any] = {
        "first_bad": builds.get(alert.first_bad_id or 0),
        "last": builds.get(alert.last_build_id or 0),
        "last_good": builds.get(alert.last_good_id or 0),
    }
    return payload.AlertFacts(
        alert_id=alert.id, rule=alert.rule, when=compiled.rule.when if compiled else "failure",
        severity=alert.severity, provider=line.provider, instance=line.instance, repo=line.repo,
        pipeline=line.pipeline, pipeline_id=line.pipeline_id, branch=line.branch, state=alert.state.value,
        reason=alert.reason, text=alert.text, since=alert.since, resolved_at=alert.resolved_at, streak=alert.streak,
        strip=tuple(evidence.get(STRIP, ())), flaky=evidence.get(FLAKY), flapping=alert.flapping, **found,
    )  # fmt: skip


def _is_late(alert: Alert, notice: Notice, now: datetime) -> bool:
    """Late is what opened or closed an alert and had ended long before anybody could tell."""
    ended_at = alert.evidence.get(ENDED_AT)
    if notice.kind not in (Kind.FAILING, Kind.AGAIN, Kind.FIXED) or not isinstance(ended_at, str):
        return False
    return now - datetime.fromisoformat(ended_at) > LATE_AFTER


ENDED_AT = "ended_at"
"""In an alert's evidence: when the build that decided it ended."""


def ended_text(at: datetime) -> str:
    return to_text(at)
