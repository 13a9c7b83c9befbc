"""All that is stored of builds, apart from ids: what must not depend on order or repetition."""

from __future__ import annotations

from collector.storage.database import Database
from collector.storage.groups import COLUMNS
from collector.storage.tables import sql

_BUILD = ", ".join(f"b.{name}" for name in COLUMNS if name not in ("repo_id", "pipeline_id"))
_QUERIES = {
    "builds": f"SELECT {_BUILD}, b.words, b.detail_at, b.log_read, b.recorded_at, b.has_jobs, r.external_id, r.name,"
    " p.external_id, p.name FROM builds b JOIN repos r ON r.id = b.repo_id JOIN pipelines p ON p.id = b.pipeline_id",
    "jobs": "SELECT b.external_id, b.attempt, b.incarnation, j.job_id, j.startless, j.name, j.status, j.created_at,"
    " j.started_at, j.completed_at, j.labels, j.runner, j.word FROM jobs j JOIN builds b ON b.id = j.build_id",
    "logs": "SELECT b.external_id, b.attempt, b.incarnation, l.kind, l.text, l.error_line, l.job_name, l.step_name"
    " FROM logs l JOIN builds b ON b.id = l.build_id",
    "repos": "SELECT provider, instance, external_id, name, name_key, seen_at, told_branch, told_at, configured_branch,"
    " main_seen, default_branch FROM repos",
    "repo_names": "SELECT n.name_key, n.seen_at, r.external_id FROM repo_names n JOIN repos r ON r.id = n.repo_id",
    "pipelines": "SELECT p.provider, p.instance, r.name, p.external_id, p.name, p.name_key, p.path, p.state, p.url,"
    " p.told, p.told_name, p.told_at, p.run_name, p.run_at, p.path_at, p.has_branches"
    " FROM pipelines p LEFT JOIN repos r ON r.id = p.repo_id",
}


def dump(database: Database) -> dict[str, list[str]]:
    with database.reading():
        return {name: sorted(repr(row) for row in sql(query)) for name, query in _QUERIES.items()}
