"""Keeps the database small: forgets, in small transactions, what nothing needs any more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog

from collector.storage import changes, etags
from collector.storage.database import Database

log = structlog.get_logger(__name__)

REST_SECONDS = 300.0
SOON_SECONDS = 0.5
BATCH = 500
"""Rows a transaction: a webhook's write must not wait for a large one."""


def tidy(database: Database, now: datetime) -> bool:
    """One small transaction for each kind of row that runs out. True when there may be more to forget."""
    pruned = {}
    with database.writing():
        pruned["changes"] = changes.prune(now, batch=BATCH)
    with database.writing():
        pruned["etags"] = etags.prune(now, batch=BATCH)
    if any(pruned.values()):
        log.debug("forgot what has run out", **pruned)
    return any(count >= BATCH for count in pruned.values())


def tidying(database: Database, clock: Callable[[], datetime]) -> Callable[[], float]:
    """``tidy`` as a work of the schedule: again soon while there is more, else after a rest."""
    return lambda: SOON_SECONDS if tidy(database, clock()) else REST_SECONDS
