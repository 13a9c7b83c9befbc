"""The queue (``queue/api/json``) as what it tells about builds that leave it later.

An item is no build: a cancelled one never becomes one, and its number is given only when it leaves. So items are
not kept as builds; the entry of each is remembered until a build with its id shows up.
"""

from __future__ import annotations

from datetime import datetime

from collector.domain.errors import MappingError
from collector.providers.jenkins.fields import Fields, instant, mapped


def map_queue(raw: object) -> dict[int, datetime]:
    """Item id to its entry into the queue, of items that wait for a build of their own. Raises MappingError."""
    items = Fields.of(raw, "queue").items("items")
    return dict(found for found in mapped(items, _item) if not isinstance(found, MappingError) and found is not None)


def _item(raw: object) -> tuple[int, datetime] | None:
    item = Fields.of(raw, "queue.items")
    entered_at = instant(item, "inQueueSince")
    identity = item.integer("id", least=1)
    if identity is None or entered_at is None or item.values.get("cancelled") is True or _waits_inside(item):
        return None
    return identity, entered_at


def _waits_inside(item: Fields) -> bool:
    """A Pipeline's PlaceholderTask waits for an agent inside a build that runs already; it may lack name and url."""
    task = item.child("task")
    return task is None or "PlaceholderTask" in str(task.values.get("_class")) or task.text("url") is None


def merge_queue(known: dict[int, datetime], seen: dict[int, datetime], limit: int = 5000) -> dict[int, datetime]:
    """What is remembered of the queue: the newest ``limit`` items (their ids grow)."""
    return dict(sorted({**known, **seen}.items())[-limit:])
