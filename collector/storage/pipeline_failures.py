"""What fails in one pipeline: which jobs, with which words, and which failures passed on the same commit later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from collector.domain.failures import shape
from collector.domain.filters import Filters
from collector.storage.builds import api_text
from collector.storage.selecting import marks, where
from collector.storage.tables import sql

MOST_LOOKED_AT = 1000
MOST_SHOWN = 10
MOST_FLAKY = 20
_CHUNK = 400


@dataclass(frozen=True, slots=True)
class Failed:
    id: int
    repo_id: int
    branch: str | None
    commit: str | None
    sorted_at: str
    step: str | None
    error: str | None


@dataclass(slots=True)
class _Group:
    """Failures of one job; of builds without jobs, those with the same error line."""

    job: str | None
    builds: list[Failed] = field(default_factory=list)


def failed_builds(filters: Filters) -> list[Failed]:
    """The newest 1,000 failures of the window, newest first."""
    found = where(filters)
    rows = sql(
        "SELECT b.id, b.repo_id, b.branch, b.commit_sha, b.sorted_at, b.failing_step, b.error_line FROM builds b"
        f" WHERE b.status = 'failure' AND {found.text} ORDER BY b.sorted_at DESC, b.id DESC LIMIT {MOST_LOOKED_AT}",
        found.params,
    )
    return [Failed(*row) for row in rows]


def passed_later(filters: Filters, failed: Sequence[Failed]) -> dict[int, int]:
    """Build id to the first later success of the window on the same commit: what made the failure flaky."""
    greens: dict[tuple[int, str], list[tuple[str, int]]] = {}
    commits = sorted({one.commit for one in failed if one.commit})
    for start in range(0, len(commits), _CHUNK):
        some = commits[start : start + _CHUNK]
        found = where(filters)
        found.one_of("b.commit_sha", some)
        rows = sql(
            "SELECT b.repo_id, b.commit_sha, b.sorted_at, b.id FROM builds b WHERE b.status = 'success'"
            f" AND {found.text} ORDER BY b.sorted_at, b.id",
            found.params,
        )
        for repo_id, commit, sorted_at, build_id in rows:
            greens.setdefault((repo_id, commit), []).append((sorted_at, build_id))
    later = ((one, greens.get((one.repo_id, one.commit or ""), ())) for one in failed)
    passed = ((one.id, next((i for at, i in found if at > one.sorted_at), None)) for one, found in later)
    return {failed_id: green_id for failed_id, green_id in passed if green_id is not None}


def failing(filters: Filters, failed: Sequence[Failed], passed: Mapping[int, int]) -> list[dict[str, Any]]:
    """What fails most first: by job, else by error line."""
    groups = sorted(_groups(failed), key=lambda group: len(group.builds), reverse=True)[:MOST_SHOWN]
    runs = _runs(filters, [group.job for group in groups if group.job is not None])
    return [_shown(group, passed, runs.get(group.job or "")) for group in groups]


def flaky(failed: Sequence[Failed], passed: Mapping[int, int]) -> list[dict[str, Any]]:
    """Failures that passed later on the same commit, newest first, at most 20."""
    found = [one for one in failed if one.id in passed][:MOST_FLAKY]
    return [
        {
            "commit": one.commit,
            "branch": one.branch,
            "failed_at": api_text(one.sorted_at),
            "failed_build_id": one.id,
            "passed_build_id": passed[one.id],
            "failing_step": one.step,
            "error": one.error,
        }
        for one in found
    ]


def _groups(failed: Sequence[Failed]) -> list[_Group]:
    jobs = _failed_jobs([one.id for one in failed])
    groups: dict[tuple[str | None, str], _Group] = {}
    for one in failed:
        for job in jobs.get(one.id, [None]):
            key = (job, "" if job is not None else shape(one.error or ""))
            groups.setdefault(key, _Group(job)).builds.append(one)
    return list(groups.values())


def _failed_jobs(build_ids: Sequence[int]) -> dict[int, list[str | None]]:
    found: dict[int, list[str | None]] = {}
    for start in range(0, len(build_ids), _CHUNK):
        some = list(build_ids[start : start + _CHUNK])
        rows = sql(
            f"SELECT DISTINCT build_id, name FROM jobs WHERE status = 'failure' AND build_id IN ({marks(some)})", some
        )
        for build_id, name in rows:
            found.setdefault(build_id, []).append(name)
    return found


def _runs(filters: Filters, names: Sequence[str]) -> dict[str, int]:
    """In how many builds of the window each job succeeded or failed."""
    if not names:
        return {}
    found = where(filters)
    rows = sql(
        "SELECT j.name, count(DISTINCT j.build_id) FROM builds b JOIN jobs j ON j.build_id = b.id"
        f" WHERE j.status IN ('success', 'failure') AND {found.text} AND j.name IN ({marks(names)}) GROUP BY j.name",
        [*found.params, *names],
    )
    return dict(rows.fetchall())


def _shown(group: _Group, passed: Mapping[int, int], runs: int | None) -> dict[str, Any]:
    newest, oldest = group.builds[0], group.builds[-1]
    own = [one for one in group.builds if _is_of(one, group.job)]
    shapes = Counter(shape(one.error) for one in own if one.error)
    usual = shapes.most_common(1)[0][0] if shapes else None
    told = next((one for one in own if one.error and shape(one.error) == usual), newest)
    return {
        "job": group.job,
        "step": told.step.split(" › ", 1)[-1] if told.step and " › " in told.step and _is_of(told, group.job) else None,
        "error": told.error if usual else None,
        "failures": len(group.builds),
        "runs": runs,
        "passed_later": sum(one.id in passed for one in group.builds),
        "first_at": api_text(oldest.sorted_at),
        "last_at": api_text(newest.sorted_at),
        "last_build_id": newest.id,
    }


def _is_of(failed: Failed, job: str | None) -> bool:
    """Whether the build's error line is told of this job (a build with several failed jobs tells of one)."""
    return job is None or failed.step is None or failed.step.split(" › ", 1)[0] == job
