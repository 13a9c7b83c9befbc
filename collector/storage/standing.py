"""How every pipeline stands: GET /pipelines. A pipeline's state is its newest success or failure of all kept builds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from collector.domain import health
from collector.domain.filters import Filters
from collector.domain.outlook import Outlook, outlook, silent_seconds, slower
from collector.domain.rules.stale import SCHEDULE_EVENTS, Runs
from collector.domain.times import to_api
from collector.storage.selecting import Where, lasting, where, whole
from collector.storage.tables import instant, sql

_BUILD = (
    "b.pipeline_id, b.id, b.status, b.sorted_at, b.started_at, b.branch, b.commit_sha, b.actor, b.repo, b.instance,"
    " b.duration_seconds, b.source, b.event"
)
_NEWEST = "ORDER BY b.sorted_at DESC, b.attempt DESC, b.id DESC"


@dataclass(frozen=True, slots=True)
class _Build:
    pipeline_id: int
    id: int
    status: str
    sorted_at: str
    started_at: str | None
    branch: str | None
    commit: str | None
    actor: str | None
    repo: str
    instance: str
    duration_seconds: float | None
    source: str | None
    event: str | None

    @property
    def conclusive(self) -> bool:
        return self.status in health.CONCLUSIVE


@dataclass(frozen=True, slots=True)
class _Streak:
    """Builds in a row that ended alike; ``first`` began it."""

    length: int
    first: _Build


def pipelines(
    filters: Filters, now: datetime, unread: Mapping[str, datetime | None] | None = None
) -> list[dict[str, Any]]:
    """Every pipeline with a build asked for, worst first, then the most recently built.

    Window, status and ``q`` do not matter to how a pipeline stands (``q`` only picks pipelines); ``flaky_commits``
    alone is counted in the window. ``unread``: the sources that are stale, with when each was last read.
    """
    filters = whole(filters)
    wanted = where(lasting(filters))
    histories = _histories(wanted, filters.pipeline_id)
    deciding = _deciding(histories, wanted)
    streaks = _streaks(histories, deciding, wanted)
    about = {row[0]: row[1:] for row in sql("SELECT id, provider, name, path, state, url FROM pipelines")}
    running = _running(wanted)
    flaky = _flaky(filters)
    never_green = _never_green(histories, deciding, wanted)
    shown = [
        _shown(about[pipeline_id], history, deciding[pipeline_id], streaks.get(pipeline_id), unread or {})
        | {"running": running.get(pipeline_id, 0), "flaky_commits": flaky.get(pipeline_id, 0)}
        | _outlook(
            history,
            deciding[pipeline_id].status,
            pipeline_id in never_green,
            flaky.get(pipeline_id, 0),
            about[pipeline_id][3],
            history[0].source in (unread or {}),
            now,
        )
        for pipeline_id, history in histories.items()
    ]
    _name_files(shown)
    shown.sort(key=lambda one: one["last_build_at"] or "", reverse=True)
    return sorted(shown, key=lambda one: (Outlook(one["outlook"]).severity, health.severity(one["status"])))


def _histories(wanted: Where, pipeline_ids: Sequence[int]) -> dict[int, list[_Build]]:
    """Each pipeline's last builds, newest first; of ``pipeline_ids`` alone where there are any."""
    some = f"WHERE p.id IN ({_list(pipeline_ids)}) " if pipeline_ids else ""
    rows = sql(
        f"SELECT {_BUILD} FROM pipelines p CROSS JOIN builds b ON b.id IN (SELECT b.id FROM builds b"
        f" WHERE b.pipeline_id = p.id AND {wanted.text} {_NEWEST} LIMIT {health.HISTORY_LENGTH}) {some}{_NEWEST}",
        wanted.params,
    )
    histories: dict[int, list[_Build]] = {}
    for row in rows:
        histories.setdefault(row[0], []).append(_Build(*row))
    return histories


def _deciding(histories: dict[int, list[_Build]], wanted: Where) -> dict[int, _Build]:
    """The build that says how the pipeline stands: the newest conclusive one, else the newest."""
    found = {
        pipeline_id: build
        for pipeline_id, history in histories.items()
        if (build := next((one for one in history if one.conclusive), None))
    }
    missing = [i for i, history in histories.items() if i not in found and len(history) == health.HISTORY_LENGTH]
    older = _pick(missing, "b.status IN ('success', 'failure')", _NEWEST, wanted)
    return {i: found.get(i) or older.get(i) or history[0] for i, history in histories.items()}


def _streaks(histories: dict[int, list[_Build]], deciding: dict[int, _Build], wanted: Where) -> dict[int, _Streak]:
    """How long each pipeline has been in its present state. Most that changed lately show it in their history."""
    streaks: dict[int, _Streak] = {}
    long: dict[str, list[int]] = {status: [] for status in health.CONCLUSIVE}
    for pipeline_id, last in deciding.items():
        if not last.conclusive:
            continue
        history = histories[pipeline_id]
        alike = _alike(history)
        whole = len(history) < health.HISTORY_LENGTH or len(alike) < sum(one.conclusive for one in history)
        if alike and whole:
            streaks[pipeline_id] = _Streak(len(alike), alike[-1])
        else:
            long[last.status].append(pipeline_id)
    for status, pipeline_ids in long.items():
        streaks |= _long_streaks(pipeline_ids, status, wanted)
    return streaks


def _alike(history: Sequence[_Build]) -> list[_Build]:
    """The newest conclusive builds up to the first that ended otherwise."""
    alike: list[_Build] = []
    for build in history:
        if build.conclusive:
            if alike and build.status != alike[0].status:
                break
            alike.append(build)
    return alike


def _long_streaks(pipeline_ids: Sequence[int], status: str, wanted: Where) -> dict[int, _Streak]:
    """Streaks that reach beyond the history: everything after the newest build that ended otherwise."""
    if not pipeline_ids:
        return {}
    since = (
        f"b.status = '{status}' AND b.sorted_at > coalesce((SELECT max(b.sorted_at) FROM builds b WHERE"
        f" b.pipeline_id = p.id AND b.status = '{health.other(status)}' AND {wanted.text}), '')"
    )
    both = Where([since, *wanted.conditions], [*wanted.params, *wanted.params])
    first = _pick(pipeline_ids, "1 = 1", "ORDER BY b.sorted_at, b.attempt, b.id", both)
    counts = sql(
        f"SELECT p.id, (SELECT count(*) FROM builds b WHERE b.pipeline_id = p.id AND {both.text})"
        f" FROM pipelines p WHERE p.id IN ({_list(pipeline_ids)})",
        both.params,
    )
    return {i: _Streak(count, first[i]) for i, count in counts if i in first}


def _pick(pipeline_ids: Sequence[int], condition: str, order: str, wanted: Where) -> dict[int, _Build]:
    """One build of each pipeline: the first by ``order`` of those that hold."""
    if not pipeline_ids:
        return {}
    rows = sql(
        f"SELECT {_BUILD} FROM pipelines p CROSS JOIN builds b ON b.id = (SELECT b.id FROM builds b"
        f" WHERE b.pipeline_id = p.id AND {condition} AND {wanted.text} {order} LIMIT 1)"
        f" WHERE p.id IN ({_list(pipeline_ids)})",
        wanted.params,
    )
    return {row[0]: _Build(*row) for row in rows}


def _list(ids: Iterable[int]) -> str:
    return ", ".join(str(int(one)) for one in ids)


def _running(wanted: Where) -> dict[int, int]:
    """How many builds of each pipeline are in progress."""
    rows = sql(
        f"SELECT b.pipeline_id, count(*) FROM builds b WHERE b.status = 'in_progress' AND {wanted.text} GROUP BY 1",
        wanted.params,
    )
    return dict(rows.fetchall())


def _flaky(filters: Filters) -> dict[int, int]:
    """Commits of each pipeline on which a build or attempt failed in the window and a later one succeeded."""
    wanted = where(filters)
    rows = sql(
        "SELECT pipeline_id, count(*) FROM (SELECT b.pipeline_id FROM builds b WHERE b.status IN ('success', 'failure')"
        f" AND b.commit_sha IS NOT NULL AND {wanted.text} GROUP BY b.pipeline_id, b.repo_id, b.commit_sha"
        " HAVING min(CASE b.status WHEN 'failure' THEN b.sorted_at END)"
        " < max(CASE b.status WHEN 'success' THEN b.sorted_at END)) GROUP BY 1",
        wanted.params,
    )
    return dict(rows.fetchall())


def _never_green(histories: dict[int, list[_Build]], deciding: dict[int, _Build], wanted: Where) -> set[int]:
    """Those of the failing pipelines that have no success among all kept builds."""
    green = {i for i, history in histories.items() if any(one.status == "success" for one in history)}
    red = [i for i, last in deciding.items() if last.status == "failure" and i not in green]
    if not red:
        return set()
    rows = sql(
        f"SELECT p.id FROM pipelines p WHERE p.id IN ({_list(red)}) AND NOT EXISTS (SELECT 1 FROM builds b"
        f" WHERE b.pipeline_id = p.id AND b.status = 'success' AND {wanted.text})",
        wanted.params,
    )
    return {row[0] for row in rows}


def _outlook(
    history: Sequence[_Build], status: str, never_green: bool, flaky_commits: int, state: str | None, unread: bool,
    now: datetime,
) -> dict[str, Any]:  # fmt: skip
    """How the pipeline fares, and what says so: ``slower`` by medians, ``silent_seconds`` beyond what is right."""
    oldest_first = history[::-1]
    green = [one for one in oldest_first if one.status == "success"]
    got_slower = slower([one.duration_seconds for one in green if one.duration_seconds is not None])
    silent = silent_seconds(_runs(oldest_first, state), now)
    told = outlook(
        status, ever_green=not never_green, silent=silent is not None, flaky_commits=flaky_commits,
        slower=got_slower is not None, unread=unread,
    )  # fmt: skip
    return {"outlook": told.value, "slower": got_slower and asdict(got_slower), "silent_seconds": silent}


def _runs(oldest_first: Sequence[_Build], state: str | None) -> Runs:
    starts = [(datetime.fromisoformat(one.sorted_at), one.event) for one in oldest_first]
    scheduled = tuple(at for at, event in starts if event in SCHEDULE_EVENTS)
    return Runs(tuple(at for at, _ in starts), scheduled, state=state)


def _shown(
    about: Sequence[Any], history: Sequence[_Build], last: _Build, streak: _Streak | None,
    unread: Mapping[str, datetime | None],
) -> dict[str, Any]:  # fmt: skip
    provider, name, path, state, url = about
    newest = history[0]
    first = streak.first if streak else None
    return {
        "id": newest.pipeline_id,
        "provider": provider,
        "instance": newest.instance,
        "repo": newest.repo,
        "pipeline": name,
        "file": path,
        "branch": last.branch,
        "status": last.status,
        "since": _api((first or last).sorted_at),
        "streak": streak.length if streak else 0,
        "last_build_id": newest.id,
        "last_build_at": _api(newest.sorted_at),
        "first_bad": _first_bad(first) if first and last.status == "failure" else None,
        "history": [
            {"id": one.id, "status": one.status, "started_at": _api(one.started_at)} for one in reversed(history)
        ],
        "state": state,
        "url": url,
        "source": newest.source,
        "unread": _unread(newest.source, unread),
    }


def _unread(source: str | None, unread: Mapping[str, datetime | None]) -> dict[str, Any] | None:
    if source is None or source not in unread:
        return None
    read_at = unread[source]
    return {"source": source, "read_at": read_at and to_api(read_at)}


def _first_bad(build: _Build) -> dict[str, Any]:
    return {
        "build_id": build.id,
        "commit": build.commit,
        "actor": build.actor,
        "started_at": _api(build.started_at),
    }


def _name_files(shown: Sequence[dict[str, Any]]) -> None:
    """Only namesakes within a repo show their file."""
    counts: dict[tuple[str, str], int] = {}
    for one in shown:
        counts[one["repo"], one["pipeline"]] = counts.get((one["repo"], one["pipeline"]), 0) + 1
    for one in shown:
        if counts[one["repo"], one["pipeline"]] < 2:
            one["file"] = None


def _api(value: str | None) -> str | None:
    at = instant(value)
    return None if at is None else to_api(at)
