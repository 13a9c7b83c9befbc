"""Which stored row is which build: of one number that Jenkins used again, each start is a build of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from collector.domain.merge import NUMBER_REUSED_AFTER, BuildState
from collector.storage.groups import Stored


def nearest(stored: Sequence[Stored], started_at: datetime | None) -> Stored | None:
    """Of a reused number's builds the one that started within a minute of it; without a start the newest."""
    if started_at is None or len(stored) < 2:
        return stored[-1] if stored else None
    return next((one for one in reversed(stored) if _covers(one.state, started_at)), None)


def _covers(state: BuildState, at: datetime) -> bool:
    if state.starts is None:
        return True
    return state.starts[0] - NUMBER_REUSED_AFTER <= at <= state.starts[1] + NUMBER_REUSED_AFTER


def assign(settled: list[BuildState], stored: list[Stored]) -> dict[int, Stored]:
    """Which row goes on as which build: the oldest row of each."""
    kept: dict[int, Stored] = {}
    for one in sorted(stored, key=lambda row: row.id):
        kept.setdefault(place_of(settled, one.state), one)
    return kept


def place_of(settled: list[BuildState], state: BuildState) -> int:
    """The build that a stored state has become; one without a start went to the newest."""
    if state.starts is not None:
        for place, one in enumerate(settled):
            if one.starts and one.starts[0] <= state.starts[0] <= one.starts[1]:
                return place
    return len(settled) - 1
