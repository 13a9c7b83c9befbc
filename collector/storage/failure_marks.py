"""Failures as marks of a chart: each by itself, or, of very many, few enough to draw and none left out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from collector.domain.times import to_api

MOST_MARKS = 500

Failure = tuple[int, str, float | None]
"""Build id, start as it is kept, seconds."""


def failure_marks(oldest_first: Sequence[Failure]) -> list[dict[str, Any]]:
    """``n`` failures a mark: one while there are at most 500, else those of a 500th of their span, by the newest."""
    if len(oldest_first) <= MOST_MARKS:
        return [_mark(one, 1) for one in oldest_first]
    starts = [datetime.fromisoformat(one[1]) for one in oldest_first]
    width = max(timedelta(seconds=1), (starts[-1] - starts[0]) / (MOST_MARKS - 1))
    parts: dict[int, list[Failure]] = {}
    for at, one in zip(starts, oldest_first, strict=True):
        parts.setdefault((at - starts[0]) // width, []).append(one)
    return [_mark(part[-1], len(part)) for _, part in sorted(parts.items())]


def _mark(failure: Failure, count: int) -> dict[str, Any]:
    build_id, at, value = failure
    return {"at": to_api(datetime.fromisoformat(at)), "value": value, "build_id": build_id, "n": count}
