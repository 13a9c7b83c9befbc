"""When a line changes so often that each change is no news: Naemon's rule (its user guide, "Flapping")."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

RESULTS = 21
ON_PERCENT = 50.0
OFF_PERCENT = 25.0
_OLDEST, _NEWEST = 0.8, 1.2


def change_percent(failed: Sequence[bool]) -> float:
    """Of the last 21 results (oldest first), how many changes there were in percent of what is possible, newer ones
    weighing more. Fewer results count as if nothing had changed before them.

    >>> change_percent([True] * 21), round(change_percent([True, False] * 11), 1)
    (0.0, 100.0)
    """
    last = failed[-RESULTS:]
    missing = RESULTS - len(last)
    step = (_NEWEST - _OLDEST) / (RESULTS - 2)
    total = sum(
        _OLDEST + (missing + place) * step
        for place, (one, following) in enumerate(itertools.pairwise(last))
        if one != following
    )
    return 100.0 * total / (RESULTS - 1)


def is_flapping(failed: Sequence[bool], was: bool) -> bool:
    """On at 50 %, off under 25 %, in between as it was."""
    changed = change_percent(failed)
    return changed >= ON_PERCENT or (was and changed >= OFF_PERCENT)
