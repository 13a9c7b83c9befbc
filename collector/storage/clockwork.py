"""What rules judge by the clock: builds that are not finished, when pipelines ran, how sources are read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

from collector.domain import health
from collector.domain.alert_states import Line
from collector.domain.model import Status
from collector.domain.names import is_switched_off
from collector.domain.rules.stale import Reading, Runs
from collector.domain.rules.stuck import Unfinished, Usual
from collector.providers.base import UNWATCHED
from collector.storage.lines import LineFacts, LineKey
from collector.storage.tables import instant, sql, text

LAST_BUILDS = 200
LAST_STARTS = 30
_LAST_OF_EACH = (
    "SELECT {0} FROM pipelines p CROSS JOIN builds b ON b.id IN (SELECT b.id FROM builds b"
    " WHERE b.pipeline_id = p.id{1} ORDER BY b.sorted_at DESC LIMIT {2}) ORDER BY p.id, b.sorted_at, b.id"
)
_NAMED = "p.id, b.provider, b.instance, b.repo, p.name, p.state, p.path, p.external_id, b.id, b.sorted_at"
_SCHEDULED = " AND b.event = 'schedule'"
"""Of domain.rules.stale.SCHEDULE_EVENTS; as its index has it."""
_FOR_WEEKS = timedelta(days=14)
"""What has been unfinished for longer is lost, not stuck: its provider forgot it, or nobody told its end."""


def unfinished(before: datetime, now: datetime) -> dict[LineKey, list[tuple[Unfinished, str | None]]]:
    """Builds that wait or run since before then, with their event, by line. Not those whose pipeline was out of sight
    for a while and which their provider has not been asked for since."""
    rows = sql(
        "SELECT pipeline_id, coalesce(branch, ''), id, status, created_at, started_at, event FROM builds"
        " WHERE status IN ('queued', 'in_progress') AND sorted_at <= ? AND sorted_at > ?"
        " AND coalesce(conclusion, '') <> ? ORDER BY sorted_at, id",
        (text(before), text(now - _FOR_WEEKS), UNWATCHED),
    )
    found: dict[LineKey, list[tuple[Unfinished, str | None]]] = {}
    for pipeline_id, branch, build_id, status, created_at, started_at, event in rows:
        asked = (created_at or started_at) if status == Status.QUEUED else (started_at or created_at)
        since = instant(asked)
        if since is not None:
            one = (Unfinished(build_id, Status(status), since), event)
            found.setdefault(LineKey(pipeline_id, branch), []).append(one)
    return found


def usual(pipeline_id: int) -> tuple[Usual | None, Usual | None]:
    """How long the last successes and failures of a pipeline took, and how long they waited; None of none."""
    rows = sql(
        "SELECT duration_seconds, queue_seconds FROM builds WHERE pipeline_id = ? AND status IN ('success', 'failure')"
        " ORDER BY sorted_at DESC LIMIT ?",
        (pipeline_id, LAST_BUILDS),
    ).fetchall()
    return _usual(row[0] for row in rows), _usual(row[1] for row in rows)


def _usual(told: Iterable[float | None]) -> Usual | None:
    """Negative lengths are none: a wait before the jobs that a re-run carried over."""
    seconds = sorted(one for one in told if one is not None and one >= 0)
    p99 = health.percentile(seconds, 99)
    return None if p99 is None else Usual(p99, len(seconds))


@dataclass(frozen=True, slots=True)
class PipelineRuns:
    found: LineFacts
    runs: Runs


def pipeline_runs() -> list[PipelineRuns]:
    """For every pipeline with builds when the last of them started, whatever their branch and status, and when the
    last that a schedule began did."""
    scheduled: dict[int, list[datetime]] = {}
    for pipeline_id, at in sql(_LAST_OF_EACH.format("p.id, b.sorted_at", _SCHEDULED, LAST_STARTS)):
        scheduled.setdefault(pipeline_id, []).append(datetime.fromisoformat(at))
    rows = sql(_LAST_OF_EACH.format(_NAMED, "", 1)).fetchall()
    return [_runs(row, scheduled.get(row[0], ())) for row in rows]


def _runs(row: tuple[Any, ...], scheduled: Iterable[datetime]) -> PipelineRuns:
    pipeline_id, provider, instance, repo, name, state, path, external_id, build_id, last_at = row
    line = Line(pipeline_id, "", provider, instance, repo, name)
    return PipelineRuns(
        LineFacts(line, True, state, path, external_id),
        Runs((datetime.fromisoformat(last_at),), tuple(scheduled), build_id, state),
    )


def readings(intervals: Iterable[tuple[str, timedelta]]) -> list[tuple[Line, Reading]]:
    """How reading each configured source goes; a line of its own stands for it, with a negative id."""
    wanted = dict(intervals)
    rows = sql(
        "SELECT name, provider, instance, last_success_at, first_poll_at, last_error FROM sources ORDER BY name"
    ).fetchall()
    return [
        (
            Line(source_id(name), "", provider or "", instance or "", "", name),
            Reading(instant(success or first), wanted[name], error),
        )
        for name, provider, instance, success, first, error in rows
        if name in wanted
    ]


def source_id(name: str) -> int:
    """What stands for a source where alerts have a pipeline."""
    return -1 - crc32(name.encode())


def switched_off(pipeline_ids: Iterable[int]) -> dict[int, str]:
    """Those of the pipelines that no builds are to come of, with what says so; a provider's word that they are
    disabled holds unless they were built since."""
    found: dict[int, str] = {}
    for pipeline_id in set(pipeline_ids):
        row = sql(
            "SELECT p.state FROM pipelines p WHERE p.id = ? AND (p.left_as IS NOT NULL OR p.told_at = ''"
            " OR p.told_at > (SELECT max(sorted_at) FROM builds WHERE pipeline_id = p.id))",
            (pipeline_id,),
        ).fetchone()
        if row is not None and is_switched_off(row[0]):
            found[pipeline_id] = row[0]
    return found
