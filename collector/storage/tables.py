"""The tables as peewee models. What they mean is in docs/architecture.md; the schema itself is made by migrations."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any

import peewee as pw

from collector.domain.times import to_text


class Current(pw.DatabaseProxy):
    """Stands for the database whose ``reading()`` or ``writing()`` the calling thread is inside of."""

    _local = threading.local()

    def __setattr__(self, attr: str, value: Any) -> None:
        object.__setattr__(self, attr, value)  # the parent allows its own slots only, and ``obj`` is a property here

    @property
    def obj(self) -> Any:
        return getattr(self._local, "database", None)

    @obj.setter
    def obj(self, database: Any) -> None:
        self._local.database = database


current = Current()


def sql(text: str, params: tuple[Any, ...] | list[Any] = ()) -> Any:
    """Runs one statement (``?`` marks parameters) on the current database; a cursor over tuples.

    Raises RuntimeError outside of ``reading()`` and ``writing()``.
    """
    database = current.obj
    if database is None:
        raise RuntimeError("storage functions run inside database.reading() or database.writing()")
    return database.execute_sql(text, params)


class InstantField(pw.Field):
    """An aware UTC datetime, kept as ISO 8601 text with six fraction digits and Z, which sorts as text."""

    field_type = "TEXT"

    def db_value(self, value: datetime | None) -> str | None:
        return None if value is None else to_text(value)

    def python_value(self, value: str | None) -> datetime | None:
        return instant(value)


def text(value: datetime | None) -> str | None:
    """An instant as it is kept."""
    return None if value is None else to_text(value)


def instant(value: str | None) -> datetime | None:
    """A kept instant as a datetime."""
    return None if value is None else datetime.fromisoformat(value)


class Table(pw.Model):
    class Meta:
        database = current
        legacy_table_names = False


class Repo(Table):
    """A repo of an instance: by the provider's lasting id where it tells one, else by name."""

    provider = pw.TextField()
    instance = pw.TextField()
    external_id = pw.TextField(null=True)
    name = pw.TextField()
    name_key = pw.TextField()
    seen_at = pw.TextField()
    told_branch = pw.TextField(null=True)
    told_at = pw.TextField()
    configured_branch = pw.TextField(null=True)
    main_seen = pw.BooleanField()
    default_branch = pw.TextField()

    class Meta:
        table_name = "repos"


class RepoName(Table):
    """Every name under which a repo with a lasting id was ever seen, and when last."""

    repo = pw.ForeignKeyField(Repo, on_delete="CASCADE")
    provider = pw.TextField()
    instance = pw.TextField()
    name_key = pw.TextField()
    seen_at = pw.TextField()

    class Meta:
        table_name = "repo_names"
        primary_key = pw.CompositeKey("provider", "instance", "name_key", "repo")


class Pipeline(Table):
    identity = pw.TextField()
    provider = pw.TextField()
    instance = pw.TextField()
    repo = pw.ForeignKeyField(Repo, null=True)
    external_id = pw.TextField(null=True)
    name = pw.TextField()
    name_key = pw.TextField()
    path = pw.TextField(null=True)
    state = pw.TextField(null=True)
    told_state = pw.TextField(null=True)
    left_as = pw.TextField(null=True)
    url = pw.TextField(null=True)
    told = pw.BooleanField()
    told_name = pw.TextField(null=True)
    told_at = pw.TextField()
    run_name = pw.TextField(null=True)
    run_at = pw.TextField()
    path_at = pw.TextField()
    has_branches = pw.BooleanField()

    class Meta:
        table_name = "pipelines"


class Build(Table):
    repo_row = pw.ForeignKeyField(Repo, column_name="repo_id")
    pipeline_row = pw.ForeignKeyField(Pipeline, column_name="pipeline_id")
    provider = pw.TextField()
    instance = pw.TextField()
    repo = pw.TextField()
    pipeline = pw.TextField()
    external_id = pw.TextField()
    attempt = pw.IntegerField()
    incarnation = pw.IntegerField()
    status = pw.TextField()
    conclusion = pw.TextField(null=True)
    branch = pw.TextField(null=True)
    commit_sha = pw.TextField(null=True)
    message = pw.TextField(null=True)
    actor = pw.TextField(null=True)
    event = pw.TextField(null=True)
    url = pw.TextField(null=True)
    source = pw.TextField(null=True)
    created_at = InstantField(null=True)
    started_at = InstantField(null=True)
    completed_at = InstantField(null=True)
    duration_seconds = pw.DoubleField(null=True)
    queue_seconds = pw.DoubleField(null=True)
    sorted_at = InstantField()
    logs_excerpt = pw.TextField(null=True)
    error_line = pw.TextField(null=True)
    failing_step = pw.TextField(null=True)
    run_updated_at = InstantField(null=True)
    run_known = pw.BooleanField()
    by_name = pw.BooleanField()
    search = pw.TextField()
    words = pw.TextField()
    detail_at = InstantField(null=True)
    log_read = pw.BooleanField()
    recorded_at = InstantField()
    has_jobs = pw.BooleanField(default=False)

    class Meta:
        table_name = "builds"


class Job(Table):
    build = pw.ForeignKeyField(Build, on_delete="CASCADE")
    job_id = pw.TextField()
    startless = pw.BooleanField()
    name = pw.TextField()
    status = pw.TextField()
    created_at = InstantField(null=True)
    started_at = InstantField(null=True)
    completed_at = InstantField(null=True)
    labels = pw.TextField()
    runner = pw.TextField(null=True)
    word = pw.TextField()

    class Meta:
        table_name = "jobs"
        primary_key = pw.CompositeKey("build", "job_id", "startless")


class Log(Table):
    """``kind``: ``pushed`` with a plain body, or ``read`` from the provider, which is shown first."""

    build = pw.ForeignKeyField(Build, on_delete="CASCADE")
    kind = pw.TextField()
    text = pw.TextField()
    error_line = pw.TextField(null=True)
    job_name = pw.TextField(null=True)
    step_name = pw.TextField(null=True)

    class Meta:
        table_name = "logs"
        primary_key = pw.CompositeKey("build", "kind")


class Feed(Table):
    seq = pw.BigIntegerField()

    class Meta:
        table_name = "feed"


class ChangeRow(Table):
    seq = pw.BigIntegerField(primary_key=True)
    kind = pw.TextField()
    build_id = pw.BigIntegerField()
    at = InstantField()

    class Meta:
        table_name = "changes"


class Cursor(Table):
    name = pw.TextField(primary_key=True)
    seq = pw.BigIntegerField()

    class Meta:
        table_name = "cursors"


class Etag(Table):
    source = pw.TextField()
    key = pw.TextField()
    etag = pw.TextField()
    used_at = InstantField()

    class Meta:
        table_name = "etags"
        primary_key = pw.CompositeKey("source", "key")


class Mark(Table):
    source = pw.TextField()
    name = pw.TextField()
    text = pw.TextField()

    class Meta:
        table_name = "marks"
        primary_key = pw.CompositeKey("source", "name")


class SourceState(Table):
    name = pw.TextField(primary_key=True)
    provider = pw.TextField(null=True)
    instance = pw.TextField(null=True)
    first_poll_at = InstantField(null=True)
    last_poll_at = InstantField(null=True)
    last_success_at = InstantField(null=True)
    last_error = pw.TextField(null=True)
    last_error_at = InstantField(null=True)
    last_advice = pw.TextField(null=True)
    waiting_until = InstantField(null=True)
    budget_limit = pw.IntegerField(null=True)
    budget_remaining = pw.IntegerField(null=True)
    budget_reset_at = InstantField(null=True)
    progress = pw.TextField(null=True)
    polls = pw.IntegerField(default=0)
    failures = pw.IntegerField(default=0)
    circuit_opened_at = InstantField(null=True)
    next_poll_at = InstantField(null=True)
    clock_offset_seconds = pw.DoubleField(null=True)

    class Meta:
        table_name = "sources"


class LeaseRow(Table):
    name = pw.TextField(primary_key=True)
    owner = pw.TextField()
    until = InstantField()
    beat_at = InstantField()

    class Meta:
        table_name = "leases"


TABLES: tuple[type[Table], ...] = (
    Repo, RepoName, Pipeline, Build, Job, Log, Feed, ChangeRow, Cursor, Etag, Mark, SourceState, LeaseRow,
)  # fmt: skip
