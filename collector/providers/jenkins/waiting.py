"""The queue (``queue/api/json``): what waits now, and what that tells about builds that leave it later.

An item is no build: a cancelled one never becomes one, and its number is given only when it leaves. So items are
kept apart from builds, and the entry of each is remembered until a build with its id shows up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from collector.domain.errors import MappingError
from collector.providers.base import WaitingItem
from collector.providers.jenkins.fields import Fields, instant, mapped
from collector.providers.jenkins.jobs import PROVIDER, Address, Job, decoded, read_address

QUEUE_TREE = "items[_class,id,inQueueSince,cancelled,why,task[_class,name,url]]{0,1000}"
NO_JOBS: Mapping[str, Job] = {}
_QUOTED = "[‘'\"“«]([^’'\"”»]{1,200})[’'\"”»]"
_LABELS = tuple(
    re.compile(pattern.format(quoted=_QUOTED))
    for pattern in (r"label {quoted}", r"(?:executor on|Waiting for) {quoted}", r"^{quoted} is offline")
)


@dataclass(frozen=True, slots=True)
class Queue:
    """``entered_at``: item id to its entry, of items that wait for a build of their own."""

    entered_at: Mapping[int, datetime] = field(default_factory=dict)
    items: tuple[WaitingItem, ...] = ()


def map_queue(raw: object, jobs: Mapping[str, Job] = NO_JOBS, *, nameless_of: str | None = None) -> Queue:
    """What a queue's answer tells. Raises MappingError when it is no queue; a malformed item costs itself only.

    ``jobs``: full name to the jobs that the source watches; what waits for others is left out. ``nameless_of``: the
    instance whose items are kept although they name no job; None leaves them out.
    """
    told = Fields.of(raw, "queue").items("items")
    items = [one for one in mapped(told, _item) if not isinstance(one, MappingError) and one is not None]
    entered = {one.identity: one.since for one in items if not one.inside}
    shown = (_shown(one, jobs, nameless_of) for one in items)
    return Queue(entered, tuple(one for one in shown if one is not None))


def label_of(why: str | None) -> str | None:
    """The label that the reason names; None where it is about something else (a build before it, a quiet period).

    >>> label_of("Waiting for next available executor on ‘linux’"), label_of("There are no nodes with the label ‘arm’")
    ('linux', 'arm')
    """
    for pattern in _LABELS:
        if why and (found := pattern.search(why)):
            return found[1]
    return None


def merge_queue(known: Mapping[int, datetime], seen: Mapping[int, datetime], limit: int = 5000) -> dict[int, datetime]:
    """What is remembered of the queue: the newest ``limit`` items (their ids grow)."""
    return dict(sorted({**known, **seen}.items())[-limit:])


@dataclass(frozen=True, slots=True)
class _Item:
    identity: int
    since: datetime
    address: Address | None
    inside: bool
    """It waits for an agent inside a build that runs already."""
    why: str | None


def _item(raw: object) -> _Item | None:
    item = Fields.of(raw, "queue.items")
    since = instant(item, "inQueueSince")
    identity = item.integer("id", least=1)
    if identity is None or since is None or item.values.get("cancelled") is True:
        return None
    task = item.child("task")
    url = task.text("url", limit=2048) if task else None
    address = read_address(url) if url else None
    cell = address is not None and address.cell is not None
    return _Item(identity, since, address, cell or _waits_inside(task), item.shown_text("why"))


def _waits_inside(task: Fields | None) -> bool:
    """A Pipeline's PlaceholderTask waits for an agent inside a build that runs already; it may lack name and url."""
    return task is None or "PlaceholderTask" in str(task.values.get("_class")) or task.text("url") is None


def _shown(one: _Item, jobs: Mapping[str, Job], nameless_of: str | None) -> WaitingItem | None:
    if one.address is None:
        return _nameless(one, nameless_of) if nameless_of else None
    job = jobs.get("/".join(decoded(segment) for segment in one.address.segments))
    if job is None:
        return None
    number = one.address.number
    return WaitingItem(
        external_id=str(one.identity),
        provider=PROVIDER,
        instance=job.rules.instance,
        repo=job.repo,
        pipeline=job.pipeline.name,
        since=one.since,
        pipeline_external_id=job.pipeline.external_id,
        branch=job.branch,
        job=one.address.cell,
        build_external_id=f"{job.full_name}#{number}" if number else None,
        why=one.why,
        label=label_of(one.why),
        url=f"{job.rules.root}/{job.path}/",
    )


def _nameless(one: _Item, instance: str) -> WaitingItem:
    return WaitingItem(
        external_id=str(one.identity),
        provider=PROVIDER,
        instance=instance,
        repo=None,
        pipeline=None,
        since=one.since,
        why=one.why,
        label=label_of(one.why),
    )
