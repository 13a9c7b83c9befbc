"""Keeps the database small: forgets, in small transactions, what has run out. Builds themselves are kept for good."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog

from collector.storage.database import Database
from collector.storage.retention import (
    Pruned,
    prune_changes,
    prune_conversations,
    prune_etags,
    prune_jobs,
    prune_logs,
    prune_notifications,
)

log = structlog.get_logger(__name__)

REST_SECONDS = 300.0
SOON_SECONDS = 0.5
"""Between batches: whoever else writes must not wait for us."""
KINDS: tuple[tuple[str, Callable[[datetime], Pruned]], ...] = (
    ("logs", prune_logs),
    ("jobs", prune_jobs),
    ("changes", prune_changes),
    ("etags", prune_etags),
    ("notifications", prune_notifications),
    ("conversations", prune_conversations),
)


def tidy(database: Database, now: datetime) -> bool:
    """One small transaction for each kind of row that runs out. True when there is more to forget."""
    more = False
    for kind, prune in KINDS:
        with database.writing():
            pruned = prune(now)
        if pruned.done:
            log.debug("forgot what has run out", kind=kind, done=pruned.done, remaining=pruned.remaining)
        more = more or (pruned.done > 0 and pruned.remaining > 0)
    return more


def tidying(database: Database, clock: Callable[[], datetime]) -> Callable[[], float]:
    """``tidy`` as a work of the schedule: again soon while there is more, else after a rest."""
    return lambda: SOON_SECONDS if tidy(database, clock()) else REST_SECONDS
