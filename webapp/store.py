"""Every question that the web process asks of the database, in one place; runs in the lanes' threads only.

Each function opens one ``reading()`` (or ``writing()``) and gives plain values that are ready to be answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from collector.providers.base import NotForUs
from collector.providers.jenkins import webhook as jenkins
from collector.providers.jenkins.webhook import Pushed
from collector.storage import changes, leases, marks
from collector.storage import sources as source_states
from collector.storage.database import Database
from collector.storage.sources import Known
from config.model import Config, JenkinsSource
from webapp.live import Change

ROOT_MARK = "root"


def database_trouble(database: Database) -> str | None:
    """What keeps builds from being stored, in plain words; None when nothing does."""
    trouble = database.check_schema()
    if trouble is not None:
        return trouble
    return None if database.writable() else "cannot be written: it is locked, or its disk is full or read-only"


def heartbeat_at(database: Database) -> datetime | None:
    """When the collector last showed that it is at work; None when it never did."""
    with database.reading():
        lease = leases.holder(leases.COLLECTOR)
    return None if lease is None else lease.beat_at


def known_sources(config: Config) -> list[Known]:
    return [
        Known(source.name, source.provider, source.instance, config.interval_of(source)) for source in config.sources
    ]


def sources(database: Database, config: Config, now: datetime) -> list[dict[str, Any]]:
    with database.reading():
        return source_states.listing(now, known_sources(config))


def last_successes(database: Database, config: Config) -> dict[str, datetime]:
    """Source name to when it was last read without error; those never read are left out."""
    with database.reading():
        states = {source.name: source_states.state_of(source.name) for source in config.sources}
    return {name: state.last_success_at for name, state in states.items() if state and state.last_success_at}


def feed_head(database: Database) -> int:
    with database.reading():
        return changes.head()


def feed_oldest(database: Database) -> int:
    """The smallest seq after which every change is still kept."""
    with database.reading():
        return changes.floor() - 1


def jenkins_roots(database: Database, named: Sequence[JenkinsSource]) -> dict[str, str]:
    """Source name to the address that its controller calls itself, as far as a poll has told it."""
    with database.reading():
        return _roots(named)


def _roots(named: Sequence[JenkinsSource]) -> dict[str, str]:
    told = {source.name: marks.get(source.name, ROOT_MARK) for source in named}
    return {name: root for name, root in told.items() if root}
