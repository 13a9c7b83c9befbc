"""All that one pipeline's page shows: GET /pipelines/<id>. Run inside ``database.reading()``; JSON-ready dicts.

Figures are those of the window; how the pipeline stands, its last builds and its outages are of all kept builds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from collector.domain import health
from collector.domain.filters import Filters
from collector.storage import builds, figures, pipeline_failures
from collector.storage.outages import outages
from collector.storage.selecting import lasting, where
from collector.storage.sources import Known
from collector.storage.tables import sql
from collector.storage.trend import trend

LAST_BUILDS = 50
MOST_BRANCHES = 50
_SLIM = (
    "id", "status", "conclusion", "attempt", "started_at", "created_at", "duration_seconds", "queue_seconds", "branch",
    "commit", "actor", "message", "failing_step", "error",
)  # fmt: skip
_FIGURES = (
    "window", "since", "until", "success_rate", "failure_rate", "avg_build_time", "p50_build_time", "p90_build_time",
    "p95_build_time", "queue_time_p50", "queue_time_p95", "queue_samples", "recovery", "counts", "previous",
    "sparklines", "as_of",
)  # fmt: skip
_UNBUILT: dict[str, Any] = {
    "branch": None, "status": None, "since": None, "streak": 0, "running": 0, "last_build_id": None,
    "last_build_at": None, "first_bad": None, "flaky_commits": 0, "history": [], "outlook": "unknown", "slower": None,
    "silent_seconds": None, "source": None, "unread": None,
}  # fmt: skip


def page(
    pipeline_id: int,
    filters: Filters,
    now: datetime,
    *,
    window_label: str | None = None,
    sources: Sequence[Known] = (),
) -> dict[str, Any] | None:
    """``filters`` name the pipeline by id, and branches and window. None: there is no such pipeline."""
    about = _about(pipeline_id)
    if about is None:
        return None
    told = figures.summary(filters, now, window_label=window_label, sources=sources)
    standing = next(iter(told["pipelines"]), _UNBUILT)
    failed = pipeline_failures.failed_builds(filters)
    passed = pipeline_failures.passed_later(filters, failed)
    return {
        **standing,
        **about,
        "figures": {name: told[name] for name in _FIGURES},
        "builds": _last_builds(filters),
        "over_time": trend(filters, now),
        "branches": _branches(filters),
        "failing": pipeline_failures.failing(filters, failed, passed),
        "flaky": pipeline_failures.flaky(failed, passed),
        "commits": _commits(filters),
        "outages": outages(filters),
        "compare": _compare(standing),
    }


def _about(pipeline_id: int) -> dict[str, Any] | None:
    """Who the pipeline is; its repo by the newest build, where it has none of its own (plain bodies)."""
    row = sql(
        "SELECT p.id, p.provider, p.instance, p.name, p.path, p.state, p.url, coalesce(p.repo_id, (SELECT b.repo_id"
        " FROM builds b WHERE b.pipeline_id = p.id ORDER BY b.sorted_at DESC LIMIT 1)) FROM pipelines p WHERE p.id = ?",
        (pipeline_id,),
    ).fetchone()
    if row is None:
        return None
    repo = sql("SELECT name, default_branch, instance FROM repos WHERE id = ?", (row[7],)).fetchone() or ("", None, "")
    return {
        "id": row[0],
        "provider": row[1],
        "instance": row[2] or repo[2],
        "repo": repo[0],
        "pipeline": row[3],
        "file": row[4],
        "state": row[5],
        "url": row[6],
        "default_branch": repo[1],
    }


def _last_builds(filters: Filters) -> list[dict[str, Any]]:
    """Oldest first."""
    found = builds.page(lasting(filters), limit=LAST_BUILDS).builds
    return [{name: build[name] for name in _SLIM} for build in reversed(found)]


def _branches(filters: Filters) -> list[dict[str, Any]]:
    """Which branches were built in the window, the most recently built first, and how each stands."""
    found = where(replace(filters, branch=()))
    rows = sql(
        "SELECT b.branch, count(*), count(*) FILTER (WHERE b.status = 'success'),"
        " count(*) FILTER (WHERE b.status = 'failure'), max(b.sorted_at) FROM builds b"
        f" WHERE {found.text} GROUP BY b.branch ORDER BY 5 DESC LIMIT {MOST_BRANCHES}",
        found.params,
    ).fetchall()
    pipeline_id = filters.pipeline_id[0]
    return [_branch(pipeline_id, *row[:4]) for row in rows]


def _branch(pipeline_id: int, branch: str | None, count: int, success: int, failure: int) -> dict[str, Any]:
    line = where(Filters(pipeline_id=(pipeline_id,)))
    line.add("b.branch IS ?", branch)
    newest = _newest(line.text, line.params, "1 = 1")
    decisive = _newest(line.text, line.params, "b.status IN ('success', 'failure')") or newest
    return {
        "branch": branch,
        "status": decisive[1],
        "builds": count,
        "success": success,
        "failure": failure,
        "success_rate": health.success_rate(success, failure),
        "last_build_id": newest[0],
        "last_build_at": builds.api_text(newest[2]),
    }


def _newest(condition: str, params: Sequence[object], status: str) -> Any:
    return sql(
        f"SELECT b.id, b.status, b.sorted_at FROM builds b WHERE {condition} AND {status}"
        " ORDER BY b.sorted_at DESC, b.attempt DESC, b.id DESC LIMIT 1",
        list(params),
    ).fetchone()


def _commits(filters: Filters) -> int:
    """How many commits had a success or failure in the window: what flaky commits are a share of."""
    found = where(filters)
    row = sql(
        f"SELECT count(DISTINCT b.commit_sha) FROM builds b WHERE b.status IN ('success', 'failure') AND {found.text}",
        found.params,
    ).fetchone()
    return int(row[0])


def _compare(standing: dict[str, Any]) -> dict[str, Any] | None:
    """From the last green to the first red of the present outage; None while there is none, or never was a green."""
    bad = standing["first_bad"]
    if bad is None:
        return None
    row = sql(
        "SELECT g.id, g.commit_sha, b.provider, b.repo, b.url, b.commit_sha FROM builds b JOIN builds g"
        " ON g.pipeline_id = b.pipeline_id AND g.branch IS b.branch AND g.status = 'success'"
        " AND g.sorted_at <= b.sorted_at AND g.id <> b.id"
        " WHERE b.id = ? ORDER BY g.sorted_at DESC, g.attempt DESC, g.id DESC LIMIT 1",
        (bad["build_id"],),
    ).fetchone()
    if row is None:
        return None
    good_id, good, provider, repo, url, red = row
    return {
        "good": {"build_id": good_id, "commit": good},
        "bad": {"build_id": bad["build_id"], "commit": red},
        "url": _compare_url(provider, repo, url, good, red),
    }


def _compare_url(provider: str, repo: str, url: str | None, good: str | None, bad: str | None) -> str | None:
    """GitHub's page of what changed; None where there is no such page (Jenkins keeps no code) or nothing changed."""
    if provider != "github" or not url or not good or not bad or good == bad:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.path.startswith(f"/{repo}/actions/runs/"):
        return None
    return f"{parts.scheme}://{parts.netloc}/{quote(repo)}/compare/{quote(good, safe='')}...{quote(bad, safe='')}"
