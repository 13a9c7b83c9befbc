"""What trying a source found: one line each of ``check-config --connect``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["sees", "missing", "note", "webhook", "cost"]


@dataclass(frozen=True, slots=True)
class Finding:
    """``missing``: the source cannot be read as it is meant until somebody does what ``advice`` says."""

    kind: Kind
    text: str
    advice: str = ""


def missing(error: Exception) -> Finding:
    """An error of the source as a finding; what a SourceError advises is kept."""
    return Finding("missing", str(error), str(getattr(error, "advice", "")))


def per_hour(requests: float, interval_seconds: float) -> int:
    """How many requests an hour come of ``requests`` a poll."""
    return round(requests * 3600 / interval_seconds)
