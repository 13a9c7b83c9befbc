"""What the web process asks of the database about alerts, and what it writes; in the lanes' threads only."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from collector.domain.acknowledging import unacknowledged
from collector.domain.filters import GroupPatterns
from collector.domain.silencing import Silence
from collector.storage import alert_pages, alerts, receivers, silences
from collector.storage.alert_pages import AlertFilters
from collector.storage.database import Database
from collector.storage.texts import clean
from config.model import Config
from webapp.matching import groups_of


def alert_page(database: Database, filters: AlertFilters, limit: int, cursor: str | None) -> dict[str, Any]:
    """Raises BadCursor."""
    with database.reading():
        page = alert_pages.page(filters, cursor=cursor, limit=limit)
        return {"alerts": page.alerts, "next": page.next, "counts": alert_pages.counts(filters)}


def alert_detail(database: Database, alert_id: int) -> dict[str, Any]:
    """Raises NoSuchAlert."""
    with database.reading():
        return alert_pages.detail(alert_id)


def acknowledge(database: Database, alert_id: int, who: str, why: str, now: datetime) -> dict[str, Any]:
    """Raises NoSuchAlert and WrongState."""
    with database.writing():
        alerts.acknowledge(alert_id, who, why, now)
        return alert_pages.detail(alert_id)


def take_back(database: Database, alert_id: int, who: str, why: str, now: datetime) -> dict[str, Any]:
    """The acknowledgement of an alert is taken back. Raises NoSuchAlert and WrongState."""
    with database.writing():
        alert, transition = unacknowledged(
            alerts.get(alert_id), now, clean(why.strip()), clean(who.strip()) or None
        )  # fmt: skip
        alerts.save(alert, [transition])
        return alert_pages.detail(alert_id)


def silence_one(
    database: Database, alert_id: int, author: str, why: str, lasting: timedelta, now: datetime
) -> dict[str, Any]:
    """Raises NoSuchAlert, WrongState and BadSilence."""
    with database.writing():
        alerts.silence(alert_id, author, why, lasting, now)
        return alert_pages.detail(alert_id)


def silence_list(database: Database, state: str, now: datetime) -> list[dict[str, Any]]:
    with database.reading():
        found = silences.current(now) if state == "current" else silences.recent()
    return [silences.shown(one, now) for one in found]


def add_silence(
    database: Database, wanted: Silence, groups: tuple[GroupPatterns, ...], now: datetime
) -> dict[str, Any]:  # fmt: skip
    """Keeps a silence (its id is not looked at) and silences what it takes. Raises BadSilence."""
    with database.writing():
        made = silences.add(
            wanted.matchers, wanted.starts_at, wanted.ends_at, wanted.author.strip(), wanted.reason.strip(), now
        )
        taken = alerts.apply(made, groups, now)
    return {**silences.shown(made, now), "silenced": [alert.id for alert in taken]}


def end_silence(database: Database, silence_id: int, now: datetime) -> dict[str, Any] | None:
    """One that is over already stays as it is; None: there is none of that id."""
    with database.writing():
        found = alerts.unsilence(silence_id, now) or silences.get(silence_id)
    return None if found is None else silences.shown(found, now)


def receiver_list(database: Database, kinds: dict[str, str]) -> list[dict[str, Any]]:
    with database.reading():
        return receivers.shown(kinds)


def alert_changes(database: Database, since: datetime) -> list[tuple[int, str]]:
    with database.reading():
        return alert_pages.changed_since(since)


def alerts_by_id(database: Database, ids: list[int]) -> list[dict[str, Any]]:
    with database.reading():
        return alert_pages.by_ids(ids)


def shown(alert: dict[str, Any], config: Config) -> dict[str, Any]:
    """An alert as kept, with what the configuration says about it."""
    kinds = {rule.name: rule.when for rule in config.effective_rules}
    groups = groups_of([group.patterns for group in config.groups], alert)
    return {**alert, "when": kinds.get(alert["rule"]), "groups": groups}
