"""Taking an acknowledgement back. Pure; time is passed in."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from collector.domain.alert_states import Alert, State, Transition, WrongState, noted

TAKEN_BACK = "acknowledgement_taken_back"


def unacknowledged(alert: Alert, at: datetime, reason: str, who: str | None = None) -> tuple[Alert, Transition]:
    """The alert as it would be had nobody acknowledged it. Raises WrongState.

    One that never fired is pending again: the evaluator then fires it, and its receivers are told.
    """
    if alert.state is not State.ACKNOWLEDGED:
        raise WrongState(f"the alert is {alert.state.value}; only an acknowledged one can be taken back")
    after = replace(alert, state=State.FIRING if alert.fired_at else State.PENDING, who=who)
    return noted(after, at, State.ACKNOWLEDGED, reason or TAKEN_BACK, who)
