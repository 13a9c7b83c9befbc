"""The first schema."""

from __future__ import annotations

from collector.storage.tables import sql

_TABLES = """
CREATE TABLE repos (
    id INTEGER PRIMARY KEY AUTOINCREMENT, provider TEXT NOT NULL, instance TEXT NOT NULL, external_id TEXT,
    name TEXT NOT NULL, name_key TEXT NOT NULL, seen_at TEXT NOT NULL,
    told_branch TEXT, told_at TEXT NOT NULL, configured_branch TEXT, main_seen INTEGER NOT NULL,
    default_branch TEXT NOT NULL
);
CREATE UNIQUE INDEX repos_by_id ON repos (provider, instance, external_id) WHERE external_id IS NOT NULL;
CREATE UNIQUE INDEX repos_by_name ON repos (provider, instance, name_key) WHERE external_id IS NULL;
CREATE INDEX repos_named ON repos (name_key);

CREATE TABLE repo_names (
    repo_id INTEGER NOT NULL REFERENCES repos (id) ON DELETE CASCADE,
    provider TEXT NOT NULL, instance TEXT NOT NULL, name_key TEXT NOT NULL, seen_at TEXT NOT NULL,
    PRIMARY KEY (provider, instance, name_key, repo_id)
) WITHOUT ROWID;
CREATE INDEX repo_names_of ON repo_names (repo_id);

CREATE TABLE pipelines (
    id INTEGER PRIMARY KEY AUTOINCREMENT, identity TEXT NOT NULL UNIQUE, provider TEXT NOT NULL,
    instance TEXT NOT NULL, repo_id INTEGER REFERENCES repos (id), external_id TEXT,
    name TEXT NOT NULL, name_key TEXT NOT NULL, path TEXT, state TEXT, url TEXT, told INTEGER NOT NULL,
    told_name TEXT, told_at TEXT NOT NULL, run_name TEXT, run_at TEXT NOT NULL, path_at TEXT NOT NULL,
    has_branches INTEGER NOT NULL
);
CREATE INDEX pipelines_of_repo ON pipelines (repo_id);
CREATE INDEX pipelines_named ON pipelines (name);

CREATE TABLE builds (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    repo_id INTEGER NOT NULL REFERENCES repos (id), pipeline_id INTEGER NOT NULL REFERENCES pipelines (id),
    provider TEXT NOT NULL, instance TEXT NOT NULL, repo TEXT NOT NULL, pipeline TEXT NOT NULL,
    external_id TEXT NOT NULL, attempt INTEGER NOT NULL, incarnation INTEGER NOT NULL,
    status TEXT NOT NULL, conclusion TEXT, branch TEXT, commit_sha TEXT, message TEXT, actor TEXT, event TEXT,
    url TEXT, source TEXT, created_at TEXT, started_at TEXT, completed_at TEXT,
    duration_seconds REAL, queue_seconds REAL, sorted_at TEXT NOT NULL,
    logs_excerpt TEXT, error_line TEXT, failing_step TEXT,
    run_updated_at TEXT, run_known INTEGER NOT NULL, by_name INTEGER NOT NULL, search TEXT NOT NULL,
    words TEXT NOT NULL, detail_at TEXT, log_read INTEGER NOT NULL, recorded_at TEXT NOT NULL,
    has_jobs INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX builds_key ON builds (repo_id, external_id, attempt, incarnation);
CREATE INDEX builds_newest ON builds (sorted_at, id);
CREATE INDEX builds_of_repo ON builds (repo_id, sorted_at, id);
CREATE INDEX builds_of_pipeline ON builds (pipeline_id, sorted_at, id);
CREATE INDEX builds_health ON builds (pipeline_id, status, sorted_at, branch);
CREATE INDEX builds_line ON builds (pipeline_id, branch, sorted_at);
CREATE INDEX builds_of_status ON builds (status, sorted_at, id);
CREATE INDEX builds_of_branch ON builds (branch, sorted_at, id);
CREATE INDEX builds_of_source ON builds (source, sorted_at, id);
CREATE INDEX builds_of_provider ON builds (provider, sorted_at, id);
CREATE INDEX builds_unfinished ON builds (provider, instance, sorted_at) WHERE status IN ('queued', 'in_progress');
CREATE INDEX builds_with_log ON builds (sorted_at) WHERE logs_excerpt IS NOT NULL;
CREATE INDEX builds_with_jobs ON builds (sorted_at) WHERE has_jobs;

CREATE TABLE jobs (
    build_id INTEGER NOT NULL REFERENCES builds (id) ON DELETE CASCADE, job_id TEXT NOT NULL,
    startless INTEGER NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL, created_at TEXT, started_at TEXT,
    completed_at TEXT, labels TEXT NOT NULL, runner TEXT, word TEXT NOT NULL,
    PRIMARY KEY (build_id, job_id, startless)
) WITHOUT ROWID;

CREATE TABLE logs (
    build_id INTEGER NOT NULL REFERENCES builds (id) ON DELETE CASCADE, kind TEXT NOT NULL, text TEXT NOT NULL,
    error_line TEXT, job_name TEXT, step_name TEXT, PRIMARY KEY (build_id, kind)
);

CREATE TABLE feed (id INTEGER PRIMARY KEY, seq INTEGER NOT NULL);
INSERT INTO feed (id, seq) VALUES (1, 0);
CREATE TABLE changes (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, build_id INTEGER NOT NULL, at TEXT NOT NULL);
CREATE TABLE cursors (name TEXT PRIMARY KEY, seq INTEGER NOT NULL);

CREATE TABLE etags (
    source TEXT NOT NULL, key TEXT NOT NULL, etag TEXT NOT NULL, used_at TEXT NOT NULL, PRIMARY KEY (source, key)
) WITHOUT ROWID;
CREATE TABLE marks (
    source TEXT NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (source, name)
) WITHOUT ROWID;
CREATE TABLE sources (
    name TEXT PRIMARY KEY, provider TEXT, instance TEXT, first_poll_at TEXT, last_poll_at TEXT, last_success_at TEXT,
    last_error TEXT, last_error_at TEXT, last_advice TEXT, waiting_until TEXT, budget_limit INTEGER,
    budget_remaining INTEGER, budget_reset_at TEXT, progress TEXT, polls INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE leases (name TEXT PRIMARY KEY, owner TEXT NOT NULL, until TEXT NOT NULL, beat_at TEXT NOT NULL);
"""


def up() -> None:
    for statement in _TABLES.split(";"):
        if statement.strip():
            sql(statement)
