"""Every question that the web process asks of the database, in one place; runs in the lanes' threads only.

Each function opens one ``reading()`` (or ``writing()``) and gives plain values that are ready to be answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from collector.domain.filters import Filters
from collector.providers.base import NotForUs
from collector.providers.jenkins import webhook as jenkins
from collector.providers.jenkins.webhook import Pushed
from collector.storage import (
    build_context,
    builds,
    changes,
    figures,
    leases,
    marks,
    menus,
    pipeline_page,
    repos,
    waitlist,
)
from collector.storage import grid as grids
from collector.storage import pipelines as pipelines_kept
from collector.storage import sources as source_states
from collector.storage.database import Database
from collector.storage.sources import Known
from config.model import Config, JenkinsSource
from webapp.live import Change, Told

ROOT_MARK = "root"
PART = 500


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


def changes_after(database: Database, seq: int, limit: int) -> Told:
    """The next changes with the builds as they are now; a build that is gone since is passed over.

    A build that changed several times is told once, at its last change: it is the same build each time.
    """
    with database.reading():
        told = changes.after(seq, limit)
        last = {change.build_id: change.seq for change in told}
        shown = {build["id"]: build for build in builds.by_ids(list(last))}
        default = _on_default(list(shown))
    found = [Change(at, shown[build_id], build_id in default) for build_id, at in last.items() if build_id in shown]
    return Told(tuple(sorted(found, key=lambda change: change.seq)), told[-1].seq if told else seq)


def _on_default(ids: list[int]) -> set[int]:
    parts = [ids[start : start + PART] for start in range(0, len(ids), PART)]
    return {build_id for part in parts for build_id in builds.on_default(part)}


def build_page(database: Database, filters: Filters, sort: str, limit: int, cursor: str | None) -> dict[str, Any]:
    """Raises BadCursor and BadSort."""
    with database.reading():
        page = builds.page(filters, sort=sort, cursor=cursor, limit=limit)
    return {"builds": page.builds, "next": page.next}


def build_detail(database: Database, build_id: int) -> dict[str, Any] | None:
    with database.reading():
        return builds.detail(build_id)


def summary(database: Database, config: Config, filters: Filters, window: str | None, now: datetime) -> dict[str, Any]:
    with database.reading():
        return figures.summary(filters, now, window_label=window, sources=known_sources(config))


def pipelines(database: Database, config: Config, filters: Filters, now: datetime) -> list[dict[str, Any]]:
    with database.reading():
        return figures.pipelines(filters, now, source_states.unread(now, known_sources(config)))


def pipeline(
    database: Database, config: Config, pipeline_id: int, filters: Filters, window: str | None, now: datetime
) -> dict[str, Any] | None:
    """None: there is no such pipeline."""
    with database.reading():
        sources = known_sources(config)
        return pipeline_page.page(pipeline_id, filters, now, window_label=window, sources=sources)


def build_around(database: Database, build_id: int) -> dict[str, Any] | None:
    with database.reading():
        return build_context.context(build_id)


def grid(database: Database, filters: Filters, limit: int, before: datetime | None) -> dict[str, Any]:
    with database.reading():
        return grids.grid(filters, limit=limit, before=before)


def waiting(database: Database, filters: Filters, now: datetime) -> dict[str, Any]:
    with database.reading():
        return waitlist.waiting(filters, now)


def series(database: Database, filters: Filters, count: int, now: datetime) -> dict[str, Any]:
    """For the ``count`` busiest pipelines."""
    with database.reading():
        return figures.series(filters, now, pipelines=count)


def filter_values(database: Database, part: str) -> dict[str, list[str]]:
    with database.reading():
        return menus.filter_values(part)


def jenkins_roots(database: Database, named: Sequence[JenkinsSource]) -> dict[str, str]:
    """Source name to the address that its controller calls itself, as far as a poll has told it."""
    with database.reading():
        return _roots(named)


def _roots(named: Sequence[JenkinsSource]) -> dict[str, str]:
    told = {source.name: marks.get(source.name, ROOT_MARK) for source in named}
    return {name: root for name, root in told.items() if root}


def instances_of_repo(database: Database, provider: str, name: str) -> list[str]:
    with database.reading():
        return repos.instances_of(provider, name)


def names_borne(database: Database, provider: str, instance: str, external_id: str) -> list[str]:
    with database.reading():
        return repos.names_borne(provider, instance, external_id)


def former_names(database: Database, instance: str, name: str) -> list[str]:
    """What the GitHub repo of this name is called and was called before; nothing where its lasting id is not known."""
    with database.reading():
        repo = repos.named("github", instance, name)
        return repos.names_borne("github", instance, repo.external_id) if repo and repo.external_id else []


def parse_jenkins(
    database: Database, body: object, named: Sequence[JenkinsSource], signed: JenkinsSource | None
) -> Pushed | NotForUs:
    """What a native webhook of Jenkins tells, with what is kept about its controllers. Raises MappingError."""
    with database.reading():
        context = jenkins.Context(named, signed, _roots(named), _has_branches)
        return jenkins.parse(body, context=context)


def _has_branches(full_name: str) -> bool | None:
    return pipelines_kept.has_branches("jenkins", full_name)
