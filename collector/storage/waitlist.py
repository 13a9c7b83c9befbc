"""What waits now, for how long and for which runner label: GET /waiting. Run inside ``database.reading()``.

Jobs that wait for a runner, builds that have not begun, and what the providers' own queues hold (``storage.waiting``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from collector.domain import health
from collector.domain.filters import Filters, GroupPatterns
from collector.domain.times import to_api
from collector.storage.selecting import where
from collector.storage.tables import sql, text

MOST_ITEMS = 500
LOOK_BACK = timedelta(hours=24)
MOST_SAMPLES = 20_000
_MERGE_QUEUE = re.compile(r"gh-readonly-queue/(.+)/pr-\d+-[0-9a-f]+")
_UNFINISHED = "b.status IN ('queued', 'in_progress')"

Runner = tuple[str, str]
"""Provider and comma-joined labels."""


@dataclass(slots=True)
class _Label:
    waits: list[float] = field(default_factory=list)
    running: int = 0
    began: list[float] = field(default_factory=list)
    """Seconds that jobs waited which began within the last 24 h."""


def waiting(filters: Filters, now: datetime) -> dict[str, Any]:
    """The longest wait first. Of the filters ``repo``, ``pipeline``, ``provider``, ``source`` and ``group`` count."""
    items = [*_jobs(filters), *_builds(filters), *_queued(filters)]
    for item in items:
        item["waiting_seconds"] = max(0.0, (now - item["since"]).total_seconds())
    items.sort(key=lambda item: (-item["waiting_seconds"], item["repo"], item["pipeline"], item["job"] or ""))
    labels = _labels(items, filters, now)
    shown = [{**item, "since": to_api(item["since"])} for item in items[:MOST_ITEMS]]
    return {"items": shown, "total": len(items), "labels": labels, "as_of": to_api(now)}


def merge_queue(branch: str | None) -> str | None:
    """The branch that a merge queue's own branch merges into.

    >>> merge_queue("gh-readonly-queue/main/pr-12-0123abcd"), merge_queue("main")
    ('main', None)
    """
    match = _MERGE_QUEUE.fullmatch(branch or "")
    return match[1] if match else None


def _item(kind: str, since: str, labels: Sequence[str], **told: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "since": datetime.fromisoformat(since),
        "labels": list(labels),
        "merge_queue": merge_queue(told["branch"]),
        **told,
    }


def _split(labels: str | None) -> list[str]:
    return [label for label in (labels or "").split(",") if label]


def _jobs(filters: Filters) -> list[dict[str, Any]]:
    """Jobs that no runner has taken; of those that have no time of their own, since their build was asked for."""
    found = where(filters)
    rows = sql(
        "SELECT b.provider, b.instance, b.repo, b.pipeline, b.pipeline_id, b.id, b.branch, b.url, j.name, j.labels,"
        " coalesce(j.created_at, b.created_at, b.sorted_at) FROM builds b CROSS JOIN jobs j ON j.build_id = b.id"
        f" WHERE {_UNFINISHED} AND j.status = 'queued' AND {found.text}",
        found.params,
    )
    return [
        _item(
            "job", row[10], _split(row[9]), provider=row[0], instance=row[1], repo=row[2], pipeline=row[3],
            pipeline_id=row[4], build_id=row[5], branch=row[6], url=row[7], job=row[8], why=None,
        )
        for row in rows
    ]  # fmt: skip


def _builds(filters: Filters) -> list[dict[str, Any]]:
    """Builds that have not begun and of which no waiting job is known."""
    found = where(filters)
    rows = sql(
        "SELECT b.provider, b.instance, b.repo, b.pipeline, b.pipeline_id, b.id, b.branch, b.url, b.conclusion,"
        f" coalesce(b.created_at, b.sorted_at) FROM builds b WHERE {_UNFINISHED} AND b.status = 'queued'"
        " AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.build_id = b.id AND j.status = 'queued')"
        f" AND {found.text}",
        found.params,
    )
    return [
        _item(
            "build", row[9], [], provider=row[0], instance=row[1], repo=row[2], pipeline=row[3], pipeline_id=row[4],
            build_id=row[5], branch=row[6], url=row[7], job=None, why=row[8],
        )
        for row in rows
    ]  # fmt: skip


def _queued(filters: Filters) -> list[dict[str, Any]]:
    """What the providers' queues hold."""
    rows = sql(
        "SELECT w.provider, w.instance, coalesce(w.repo, ''), coalesce(w.pipeline, w.pipeline_external_id, ''),"
        " p.id, b.id, w.branch, w.url, w.job, w.label, w.why, w.since, w.source FROM waiting w"
        " LEFT JOIN pipelines p ON p.provider = w.provider AND p.instance = w.instance"
        " AND p.external_id = w.pipeline_external_id"
        " LEFT JOIN builds b ON b.provider = w.provider AND b.instance = w.instance AND w.build_external_id IS NOT NULL"
        f" AND {_UNFINISHED} AND b.external_id = w.build_external_id"
    )
    items = [
        _item(
            "queue", row[11], _split(row[9]), provider=row[0], instance=row[1], repo=row[2], pipeline=row[3],
            pipeline_id=row[4], build_id=row[5], branch=row[6], url=row[7], job=row[8], why=row[10], source=row[12],
        )
        for row in rows
    ]  # fmt: skip
    return [item for item in items if _is_wanted(filters, item)]


def _is_wanted(filters: Filters, item: dict[str, Any]) -> bool:
    repos = {repo.lower() for repo in filters.repo}
    return (
        (not repos or item["repo"].lower() in repos)
        and (not filters.pipeline or item["pipeline"] in filters.pipeline)
        and (not filters.provider or item["provider"] in filters.provider)
        and (not filters.source or item["source"] in filters.source)
        and (not filters.group or any(_in_group(group, item) for group in filters.group))
    )


def _in_group(group: GroupPatterns, item: dict[str, Any]) -> bool:
    pairs = ((group.repos, item["repo"]), (group.pipelines, item["pipeline"]))
    return all(any(fnmatchcase(name.lower(), glob.lower()) for glob in globs) for globs, name in pairs)


def _labels(items: Iterable[dict[str, Any]], filters: Filters, now: datetime) -> list[dict[str, Any]]:
    """What waits for each set of labels first, then the busiest."""
    found: dict[Runner, _Label] = {}
    for item in items:
        if item["labels"]:
            found.setdefault((item["provider"], ",".join(item["labels"])), _Label()).waits.append(
                item["waiting_seconds"]
            )
    for runner, count in _running(filters):
        found.setdefault(runner, _Label()).running = count
    for runner, seconds in _began(filters, now):
        found.setdefault(runner, _Label()).began.append(seconds)
    ordered = sorted(found.items(), key=lambda one: (-len(one[1].waits), -one[1].running, -len(one[1].began), one[0]))
    return [_shown(runner, label) for runner, label in ordered]


def _shown(runner: Runner, label: _Label) -> dict[str, Any]:
    began = sorted(label.began)
    return {
        "provider": runner[0],
        "labels": _split(runner[1]),
        "waiting": len(label.waits),
        "running": label.running,
        "longest_seconds": max(label.waits, default=None),
        "p50_seconds": health.percentile(began, 50),
        "p95_seconds": health.percentile(began, 95),
        "samples": len(began),
    }


def _running(filters: Filters) -> list[tuple[Runner, int]]:
    found = where(filters)
    rows = sql(
        "SELECT b.provider, j.labels, count(*) FROM builds b CROSS JOIN jobs j ON j.build_id = b.id"
        f" WHERE {_UNFINISHED} AND j.status = 'in_progress' AND j.labels <> '' AND {found.text} GROUP BY 1, 2",
        found.params,
    )
    return [((row[0], row[1]), row[2]) for row in rows]


def _began(filters: Filters, now: datetime) -> list[tuple[Runner, float]]:
    """How long the jobs waited of the builds of the last 24 h; negative waits were carried over by a re-run."""
    found = where(filters)
    since = text(now - LOOK_BACK)
    rows = sql(
        "SELECT b.provider, j.labels, j.created_at, j.started_at FROM builds b CROSS JOIN jobs j ON j.build_id = b.id"
        " WHERE b.sorted_at >= ? AND j.created_at IS NOT NULL AND j.started_at >= j.created_at AND j.labels <> ''"
        f" AND j.status <> 'skipped' AND {found.text} ORDER BY b.sorted_at DESC LIMIT {MOST_SAMPLES}",
        [since, *found.params],
    )
    return [
        ((row[0], row[1]), (datetime.fromisoformat(row[3]) - datetime.fromisoformat(row[2])).total_seconds())
        for row in rows
    ]
