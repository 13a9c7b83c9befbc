"""What lengths of time an alert counts, and from when: ``for:``, reminders, the hourly sum of a flapping line. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from collector.domain.alert_states import Alert, State

SUM_EVERY = timedelta(hours=1)
"""How often a flapping line is told of in sum."""


def is_to_be_summed_up(alert: Alert, now: datetime) -> bool:
    """Whether it changed since it was last told of in sum, an hour ago or more; or the clock was set back."""
    summed_at = alert.summed_at
    due = summed_at is None or (alert.changed_at > summed_at and now - summed_at >= SUM_EVERY)
    return due or (summed_at is not None and summed_at > now)


def counts_from(alert: Alert) -> datetime:
    """Since when ``for:`` of a pending alert runs, or the time to the next reminder of another."""
    return alert.opened_at if alert.state is State.PENDING else alert.summed_at or alert.fired_at or alert.opened_at


def with_clock_set(alert: Alert, by: timedelta) -> Alert:
    """The alert after the clock was set by so much: what it counts is as long as it was. Only the instants that it
    counts from move with the clock; what is shown of it stays as it was told."""
    counted = alert.summed_at or alert.fired_at
    return replace(
        alert,
        opened_at=alert.opened_at if alert.fired_at else alert.opened_at + by,
        summed_at=counted + by if counted else None,
        changed_at=alert.changed_at + by if alert.flapping else alert.changed_at,
    )


def counting_from(alert: Alert, now: datetime) -> Alert:
    """After the clock was set back while nobody looked: it counts from now, not from a day to come."""
    if alert.state is State.PENDING:
        return replace(alert, opened_at=now)
    quiet = alert.summed_at is not None and alert.changed_at <= alert.summed_at
    return replace(alert, summed_at=now, changed_at=now if quiet else alert.changed_at)
