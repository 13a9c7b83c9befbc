"""What waits in the providers' queues: per source, as its last poll found it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from collector.providers.base import WaitingItem
from collector.storage.tables import sql, text
from collector.storage.texts import clean_or_none

_COLUMNS = (
    "source, external_id, provider, instance, repo, pipeline, pipeline_external_id, branch, job, build_external_id,"
    " since, why, label, url, seen_at"
)


def replace(source: str, items: Sequence[WaitingItem], now: datetime) -> None:
    """Puts ``items`` in place of all that was kept of the source. Of two with one external id the last is kept."""
    sql("DELETE FROM waiting WHERE source = ?", (source,))
    for item in {item.external_id: item for item in items}.values():
        sql(f"INSERT INTO waiting ({_COLUMNS}) VALUES ({', '.join('?' * 15)})", _values(source, item, now))


def counts() -> dict[str, int]:
    """How many items wait, by source; a source without any is left out."""
    return dict(sql("SELECT source, count(*) FROM waiting GROUP BY source").fetchall())


def _values(source: str, item: WaitingItem, now: datetime) -> tuple[object, ...]:
    told = (
        item.external_id, item.provider, item.instance, item.repo, item.pipeline, item.pipeline_external_id,
        item.branch, item.job, item.build_external_id,
    )  # fmt: skip
    rest = (item.why, item.label, item.url)
    return (source, *map(clean_or_none, told), text(item.since), *map(clean_or_none, rest), text(now))
