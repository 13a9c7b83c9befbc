"""Alerts, their transitions and notifications, receivers, silences, and how far each line was judged."""

from __future__ import annotations

from collector.storage.tables import sql

_TABLES = """
CREATE TABLE alerts (
    id INTEGER PRIMARY KEY AUTOINCREMENT, rule TEXT NOT NULL, severity TEXT NOT NULL, pipeline_id INTEGER NOT NULL,
    branch TEXT NOT NULL, provider TEXT NOT NULL, instance TEXT NOT NULL, repo TEXT NOT NULL, pipeline TEXT NOT NULL,
    state TEXT NOT NULL, since TEXT NOT NULL, opened_at TEXT NOT NULL, fired_at TEXT, resolved_at TEXT,
    changed_at TEXT NOT NULL, reason TEXT NOT NULL, text TEXT NOT NULL,
    first_bad_id INTEGER, last_build_id INTEGER, last_good_id INTEGER, streak INTEGER NOT NULL,
    transition INTEGER NOT NULL, who TEXT, evidence TEXT NOT NULL, flapping INTEGER NOT NULL DEFAULT 0, summed_at TEXT
);
CREATE UNIQUE INDEX alerts_open ON alerts (rule, pipeline_id, branch) WHERE state <> 'resolved';
CREATE INDEX alerts_of_line ON alerts (pipeline_id, branch, rule, id);
CREATE INDEX alerts_by_state ON alerts (state, id);
CREATE INDEX alerts_flapping ON alerts (id) WHERE flapping;
CREATE INDEX alerts_changed ON alerts (changed_at, id);
CREATE INDEX alerts_by_build ON alerts (last_build_id);
CREATE INDEX alerts_by_first ON alerts (first_bad_id);

CREATE TABLE alert_transitions (
    alert_id INTEGER NOT NULL REFERENCES alerts (id) ON DELETE CASCADE, transition INTEGER NOT NULL, at TEXT NOT NULL,
    from_state TEXT NOT NULL, to_state TEXT NOT NULL, reason TEXT NOT NULL, who TEXT,
    PRIMARY KEY (alert_id, transition)
) WITHOUT ROWID;

CREATE TABLE notifications (
    id INTEGER PRIMARY KEY AUTOINCREMENT, alert_id INTEGER, receiver TEXT NOT NULL, kind TEXT NOT NULL,
    transition INTEGER NOT NULL, dedupe TEXT NOT NULL UNIQUE, state TEXT NOT NULL, late INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL, due_at TEXT NOT NULL, claimed_by TEXT, claimed_until TEXT,
    attempts INTEGER NOT NULL DEFAULT 0, sent_at TEXT, message_id TEXT, error TEXT, payload TEXT NOT NULL
);
CREATE INDEX notifications_waiting ON notifications (receiver, id) WHERE state = 'pending';
CREATE INDEX notifications_of_alert ON notifications (alert_id, id);
CREATE INDEX notifications_of_receiver ON notifications (receiver, sent_at);

CREATE TABLE receiver_states (
    receiver TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, broken INTEGER NOT NULL DEFAULT 0, error TEXT,
    broken_at TEXT, blocked_until TEXT, failures INTEGER NOT NULL DEFAULT 0, last_sent_at TEXT, first_waiting_at TEXT
);
CREATE TABLE conversations (
    receiver TEXT NOT NULL, alert_id INTEGER NOT NULL, key TEXT NOT NULL, PRIMARY KEY (receiver, alert_id)
) WITHOUT ROWID;
CREATE TABLE silences (
    id INTEGER PRIMARY KEY AUTOINCREMENT, matchers TEXT NOT NULL, starts_at TEXT NOT NULL, ends_at TEXT NOT NULL,
    author TEXT NOT NULL, reason TEXT NOT NULL, created_at TEXT NOT NULL, ended_at TEXT
);
CREATE INDEX silences_ending ON silences (ends_at);
CREATE TABLE watched (key TEXT PRIMARY KEY, since TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE judged_lines (
    pipeline_id INTEGER NOT NULL, branch TEXT NOT NULL, build_id INTEGER NOT NULL, sorted_at TEXT NOT NULL,
    attempt INTEGER NOT NULL, PRIMARY KEY (pipeline_id, branch)
) WITHOUT ROWID;
CREATE INDEX judged_lines_by_build ON judged_lines (build_id);
"""
_JUDGED = """
INSERT INTO judged_lines (pipeline_id, branch, build_id, sorted_at, attempt)
SELECT pipeline_id, branch, id, sorted_at, attempt FROM (
    SELECT pipeline_id, coalesce(branch, '') AS branch, id, sorted_at, attempt,
    row_number() OVER (PARTITION BY pipeline_id, branch ORDER BY sorted_at DESC, attempt DESC, id DESC) AS place
    FROM builds WHERE status IN ('success', 'failure')
) WHERE place = 1
"""


def up() -> None:
    for statement in _TABLES.split(";"):
        if statement.strip():
            sql(statement)
    _begin_here()


def _begin_here() -> None:
    """What is kept already is history, which notifies nobody; all that comes after is judged, even when it comes
    before the first collector that knows alerts."""
    sql("INSERT INTO cursors (name, seq) SELECT 'alerting', seq FROM feed")
    sql(_JUDGED)
