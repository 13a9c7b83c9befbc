"""The stored builds of one key, with what is kept of their words: loaded, compared, written.

A group is all builds of one (repo row, external id, attempt): one, but on Jenkins one for each life of the number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from collector.domain.merge import BuildState
from collector.domain.model import BuildKey, JobWord
from collector.domain.state_json import from_json, job_from_json, job_to_json, to_json
from collector.storage import logtexts
from collector.storage.tables import sql, text
from collector.storage.texts import clean, clean_or_none

COLUMNS = (
    "repo_id", "pipeline_id", "provider", "instance", "repo", "pipeline", "external_id", "attempt", "incarnation",
    "status", "conclusion", "branch", "commit_sha", "message", "actor", "event", "url", "source", "created_at",
    "started_at", "completed_at", "duration_seconds", "queue_seconds", "sorted_at", "logs_excerpt", "error_line",
    "failing_step", "run_updated_at", "run_known", "by_name", "search",
)  # fmt: skip
"""What a build's row shows or is found by; a change is a difference in one of these, in a job or in the log."""
_KEPT = ("words", "detail_at", "log_read", "recorded_at")
_PLACE = {name: place for place, name in enumerate(COLUMNS)}
_SELECT = f"SELECT id, {', '.join(_KEPT)}, {', '.join(COLUMNS)} FROM builds"
_INSERT = (
    f"INSERT INTO builds ({', '.join(COLUMNS)}, {', '.join(_KEPT)})"
    f" VALUES ({', '.join('?' * (len(COLUMNS) + len(_KEPT)))}) RETURNING id"
)
_UPDATE = f"UPDATE builds SET {', '.join(f'{name} = ?' for name in COLUMNS)}, words = ? WHERE id = ?"

_DROP_JOB = "DELETE FROM jobs WHERE build_id = ? AND job_id = ? AND startless = ?"
_PUT_JOB = (
    "INSERT INTO jobs (build_id, job_id, startless, name, status, created_at, started_at, completed_at, labels, runner,"
    " word) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (build_id, job_id, startless) DO UPDATE SET"
    " name = excluded.name, status = excluded.status, created_at = excluded.created_at,"
    " started_at = excluded.started_at, completed_at = excluded.completed_at, labels = excluded.labels,"
    " runner = excluded.runner, word = excluded.word"
)

JobKey = tuple[str, bool]


@dataclass(slots=True)
class Stored:
    """One stored build."""

    id: int
    state: BuildState
    words: str
    detail_at: str | None
    log_read: bool
    recorded_at: str
    columns: tuple[Any, ...]
    jobs: dict[JobKey, str] = field(default_factory=dict)
    """Each job's winning word as it is stored; True marks words without a start (see BuildState.startless)."""

    def column(self, name: str) -> Any:
        return column(self.columns, name)


def column(columns: tuple[Any, ...], name: str) -> Any:
    """The value of one of COLUMNS."""
    return columns[_PLACE[name]]


def load(repo_id: int, external_id: str, attempt: int, key: BuildKey) -> list[Stored]:
    """The group's builds, oldest first."""
    rows = sql(
        f"{_SELECT} WHERE repo_id = ? AND external_id = ? AND attempt = ? ORDER BY incarnation",
        (repo_id, clean(external_id), attempt),
    ).fetchall()
    return [_stored(row, key) for row in rows]


def load_told_by_name(repo_id: int) -> list[Stored]:
    """The repo's builds that no word with a lasting id told of."""
    return [
        _stored(row, _key_of(row)) for row in sql(f"{_SELECT} WHERE repo_id = ? AND by_name", (repo_id,)).fetchall()
    ]


def load_of_plain_pipelines(repo_id: int) -> list[Stored]:
    rows = sql(
        f"{_SELECT} WHERE repo_id = ? AND pipeline_id IN (SELECT id FROM pipelines WHERE repo_id IS NULL)", (repo_id,)
    )
    return [_stored(row, _key_of(row)) for row in rows.fetchall()]


def load_told_by_pipeline_name(repo_id: int, names: Sequence[str]) -> list[Stored]:
    """The repo's builds whose words know their pipeline's name alone, of all pipelines that bear one of ``names``."""
    rows = sql(
        f"{_SELECT} WHERE pipeline_id IN (SELECT id FROM pipelines WHERE repo_id = ?"
        f" AND name IN ({', '.join('?' * len(names))})) AND NOT instr(words, '\"pipeline_external_id\"')",
        (repo_id, *names),
    )
    return [_stored(row, _key_of(row)) for row in rows.fetchall()]


def load_ids(ids: Sequence[int]) -> list[Stored]:
    rows = sql(f"{_SELECT} WHERE id IN ({', '.join('?' * len(ids))})", list(ids)).fetchall()
    return [_stored(row, _key_of(row)) for row in rows]


def insert(columns: tuple[Any, ...], state: BuildState, now: datetime) -> int:
    """A new build; its id."""
    row = sql(_INSERT, (*columns, to_json(state), None, False, text(now))).fetchone()
    build_id = int(row[0])
    write_jobs(build_id, {}, job_texts(state))
    return build_id


def update(stored: Stored, columns: tuple[Any, ...], words: str) -> None:
    sql(_UPDATE, (*columns, words, stored.id))


def show_log(build_id: int, columns: tuple[Any, ...]) -> None:
    """Writes the three columns that a log shows in."""
    shown = (column(columns, name) for name in ("logs_excerpt", "error_line", "failing_step"))
    sql("UPDATE builds SET logs_excerpt = ?, error_line = ?, failing_step = ? WHERE id = ?", (*shown, build_id))


def set_aside(stored: Stored) -> None:
    """Frees the build's place in its group while the places are dealt anew."""
    sql("UPDATE builds SET incarnation = ? WHERE id = ?", (-stored.id, stored.id))


def delete(stored: Stored) -> None:
    sql("DELETE FROM builds WHERE id = ?", (stored.id,))


def note_read(stored: Stored, detail_at: str | None, log_read: bool) -> None:
    """That the build's jobs (and log) were read; the latest counts, whatever the order."""
    latest = max(stored.detail_at or "", detail_at or "") or None
    log_read = stored.log_read or log_read
    if (latest, log_read) != (stored.detail_at, stored.log_read):
        stored.detail_at, stored.log_read = latest, log_read
        sql("UPDATE builds SET detail_at = ?, log_read = ? WHERE id = ?", (latest, log_read, stored.id))


def job_texts(state: BuildState) -> dict[JobKey, JobWord]:
    """The state's jobs by their place in storage."""
    jobs: dict[JobKey, JobWord] = {(job_id, False): job for job_id, job in state.jobs.items()}
    if state.startless:
        jobs |= {(job_id, True): job for job_id, job in state.startless.jobs.items()}
    return jobs


def write_jobs(build_id: int, stored: Mapping[JobKey, str], jobs: Mapping[JobKey, JobWord]) -> bool:
    """Makes the stored jobs those of the state. True when any differed."""
    texts = {key: job_to_json(job) for key, job in jobs.items()}
    gone = stored.keys() - texts.keys()
    for job_id, startless in gone:
        sql(
            "DELETE FROM jobs WHERE build_id = ? AND job_id = ? AND startless = ?", (build_id, clean(job_id), startless)
        )
    changed = [key for key, word in texts.items() if stored.get(key) != word]
    for job_id, startless in changed:
        job = jobs[job_id, startless]
        sql(
            _PUT_JOB,
            (build_id, clean(job_id), startless, clean(job.name), job.status, text(job.created_at),
             text(job.started_at), text(job.completed_at), clean(",".join(job.labels)), clean_or_none(job.runner),
             texts[job_id, startless]),
        )  # fmt: skip
    if bool(texts) != bool(stored):
        sql("UPDATE builds SET has_jobs = ? WHERE id = ?", (bool(texts), build_id))
    return bool(gone or changed)


def _stored(row: tuple[Any, ...], key: BuildKey) -> Stored:
    build_id, words, detail_at, log_read, recorded_at, *columns = row
    state = logtexts.with_texts(build_id, from_json(words, key))
    jobs = {
        (job_id, bool(startless)): word
        for job_id, startless, word in sql("SELECT job_id, startless, word FROM jobs WHERE build_id = ?", (build_id,))
    }
    if jobs:
        state = _with_jobs(state, jobs)
    return Stored(build_id, state, words, detail_at, bool(log_read), recorded_at, tuple(columns), jobs)


def _with_jobs(state: BuildState, jobs: Mapping[JobKey, str]) -> BuildState:
    words = {key: job_from_json(word, state.key) for key, word in jobs.items()}
    state = replace(state, jobs={job_id: word for (job_id, startless), word in words.items() if not startless})
    if state.startless is None:
        return state
    waiting = {job_id: word for (job_id, startless), word in words.items() if startless}
    return replace(state, startless=replace(state.startless, jobs=waiting))


def _key_of(row: tuple[Any, ...]) -> BuildKey:
    value = dict(zip(COLUMNS, row[1 + len(_KEPT) :], strict=True))
    return BuildKey(value["provider"], value["instance"], value["repo"], value["external_id"], value["attempt"])
