"""How reading each source goes: what GET /sources shows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from collector.domain.times import to_api
from collector.providers.base import PLAN_MARK, Budget, Progress
from collector.storage import marks
from collector.storage.tables import SourceState

STALE_INTERVALS = 3
_FIELDS = frozenset(name for name in SourceState._meta.fields if name not in ("name", "budget_limit"))


@dataclass(frozen=True, slots=True)
class Known:
    """A configured source, as ``listing`` needs it."""

    name: str
    provider: str
    instance: str | None
    interval: timedelta


def save_state(name: str, **fields: Any) -> None:
    """Keeps what is given and leaves the rest as it was.

    Fields: provider, instance, first_poll_at, last_poll_at, last_success_at, last_error, last_error_at, last_advice,
    waiting_until, polls, failures (polls that failed in a row), circuit_opened_at (None: closed), next_poll_at,
    clock_offset_seconds, ``budget`` (providers.base.Budget or None) and ``progress`` (providers.base.Progress or
    None). Raises TypeError for any other.
    """
    values = dict(fields)
    if "budget" in values:
        values |= _budget_columns(values.pop("budget"))
    if "progress" in values:
        values["progress"] = _progress_text(values["progress"])
    unknown = set(values) - _FIELDS - {"budget_limit"}
    if unknown:
        raise TypeError(f"a source's state has no {', '.join(sorted(unknown))}")
    SourceState.insert(name=name, **values).on_conflict(conflict_target=[SourceState.name], update=values).execute()


def state_of(name: str) -> SourceState | None:
    """The kept state as it is, with ``last_poll_at`` and the like as attributes; None before the first poll."""
    row: SourceState | None = SourceState.get_or_none(name=name)
    return row


def listing(now: datetime, intervals: Mapping[str, timedelta] | list[Known]) -> list[dict[str, Any]]:
    """The sources by name, as GET /sources shows them: those given, with how often each is read.

    Given ``Known``s, provider and instance are known before the first poll too.
    """
    given = intervals if isinstance(intervals, list) else [Known(name, "", None, i) for name, i in intervals.items()]
    kept = {row.name: row for row in SourceState.select()}
    return [{**_shown(source, kept.get(source.name), now), "requests_per_hour": _plan(source.name)} for source in given]


def judged(row: SourceState | None, interval: timedelta, now: datetime) -> str:
    """``new`` (never read), ``waiting``, ``failing``, ``stale`` (not read for 3 intervals) or ``ok``."""
    if row is None or (row.last_success_at is None and row.last_error is None):
        return "new"
    if row.waiting_until and max(row.waiting_until, row.next_poll_at or row.waiting_until) > now:
        return "waiting"
    if row.last_error is not None:
        return "failing"
    return "stale" if is_stale(row, interval, now) else "ok"


def is_stale(row: SourceState | None, interval: timedelta, now: datetime) -> bool:
    """Whether what is shown of the source is older than 3 intervals, whatever the reason; a first read is not."""
    if row is None or row.last_success_at is None:
        return row is not None and row.last_error is not None
    begun_at = row.last_poll_at if row.last_error is None else None
    read_at = max(at for at in (row.last_success_at, begun_at) if at is not None)
    return bool(now - read_at > interval * STALE_INTERVALS)


def unread(now: datetime, known: Sequence[Known]) -> dict[str, datetime | None]:
    """Names of the sources that are stale, with when each was last read; None: never whole."""
    kept = {row.name: row for row in SourceState.select()} if known else {}
    stale = [source.name for source in known if is_stale(kept.get(source.name), source.interval, now)]
    return {name: kept[name].last_success_at for name in stale}


def _shown(source: Known, row: SourceState | None, now: datetime) -> dict[str, Any]:
    waiting_until = row.waiting_until if row and row.waiting_until and row.waiting_until > now else None
    return {
        "name": source.name,
        "provider": source.provider or (row.provider if row else None),
        "instance": source.instance or (row.instance if row else None),
        "state": judged(row, source.interval, now),
        "last_success_at": _api(row.last_success_at if row else None),
        "last_poll_at": _api(row.last_poll_at if row else None),
        "last_error": row.last_error if row else None,
        "last_error_at": _api(row.last_error_at if row else None),
        "advice": row.last_advice if row and row.last_error else None,
        "waiting_until": _api(waiting_until),
        "interval_seconds": source.interval.total_seconds(),
        "budget": _budget(row) if row else None,
        "progress": json.loads(row.progress) if row and row.progress else None,
        "stale": is_stale(row, source.interval, now),
        "circuit": _circuit(row),
        "next_poll_at": _api(row.next_poll_at if row else None),
        "clock_offset_seconds": row.clock_offset_seconds if row else None,
    }


def _plan(source: str) -> dict[str, int] | None:
    """What the reader says that polling costs, ``{now, worst}`` requests; None: it has not said yet."""
    text = marks.get(source, PLAN_MARK)
    return json.loads(text) if text else None


def _circuit(row: SourceState | None) -> dict[str, Any]:
    """Open: the last polls failed, so one is tried at ``next_poll_at`` only; the first that succeeds closes it."""
    opened_at = row.circuit_opened_at if row else None
    return {
        "state": "open" if opened_at else "closed",
        "failures": row.failures if row else 0,
        "opened_at": _api(opened_at),
    }


def _budget(row: SourceState) -> dict[str, Any] | None:
    if row.budget_limit is None:
        return None
    return {"limit": row.budget_limit, "remaining": row.budget_remaining, "reset_at": _api(row.budget_reset_at)}


def _budget_columns(budget: Budget | None) -> dict[str, Any]:
    return {
        "budget_limit": budget.limit if budget else None,
        "budget_remaining": budget.remaining if budget else None,
        "budget_reset_at": budget.reset_at if budget else None,
    }


def _progress_text(progress: Progress | None) -> str | None:
    if progress is None:
        return None
    told = {"target": progress.target, "done": progress.done, "total": progress.total, "builds": progress.builds}
    return json.dumps(told)


def _api(at: datetime | None) -> str | None:
    return None if at is None else to_api(at)
