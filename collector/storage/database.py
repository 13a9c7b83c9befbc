"""A database URL to a database: connections, transactions, migrations. The only place that knows the engine.

SQLite goes through apsw, which brings a SQLite of its own: WAL with ``synchronous=FULL`` (NORMAL loses commits that
were answered when the power goes), every writing transaction ``BEGIN IMMEDIATE`` (a transaction that reads first and
writes later fails with BUSY_SNAPSHOT, which no time-out waits for).
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import apsw
import peewee as pw
import structlog
from playhouse.apsw_ext import APSWDatabase

from collector.storage import migrations
from collector.storage.errors import DatabaseError, Unavailable
from collector.storage.locks import native_lock
from collector.storage.tables import current, sql

log = structlog.get_logger(__name__)

BUSY_TIMEOUT_SECONDS = 10.0
LEAST_FREE_BYTES = 1024 * 1024
WAL_LIMIT_BYTES = 64 * 1024 * 1024
_PRAGMAS = {
    "synchronous": "full",
    "foreign_keys": 1,
    "journal_size_limit": WAL_LIMIT_BYTES,
    "cache_size": -32_000,
    "temp_store": "memory",
}


def has_wal_reset_bug(version: tuple[int, int, int]) -> bool:
    """Whether two processes on one WAL file can corrupt it with this SQLite (www.sqlite.org/wal.html#walresetbug).

    3.7.0 to 3.51.2, but for the releases that the cure was carried back to: 3.44.6 and 3.50.7 and what follows them.
    """
    if version[:2] in ((3, 44), (3, 50)):
        return version[2] < {44: 6, 50: 7}[version[1]]
    return (3, 7, 0) <= version < (3, 51, 3)


def percentile(expression: str, percent: float, condition: str) -> str:
    """SQL for a percentile of the rows that hold, linear between the two next values (see domain.health)."""
    return f"percentile({expression}, {percent}) FILTER (WHERE {condition})"


class _Sqlite(APSWDatabase):  # type: ignore[misc]
    """Opens the file in WAL mode, and knows all its connections so that they can be closed together."""

    def __init__(self, path: Path, *, read_only: bool) -> None:
        flags = apsw.SQLITE_OPEN_READONLY if read_only else apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        self.opened: list[Any] = []
        self._opening = native_lock()
        pragmas = _PRAGMAS | ({"query_only": 1} if read_only else {})
        super().__init__(str(path), pragmas=pragmas, timeout=BUSY_TIMEOUT_SECONDS, flags=flags)
        self.read_only = read_only
        self._lock = native_lock()  # peewee's own, held while a thread opens its connection

    def _add_conn_hooks(self, conn: Any) -> None:
        if not self.read_only:
            _enter_wal(conn)
        super()._add_conn_hooks(conn)

    def _connect(self) -> Any:
        conn = super()._connect()
        with self._opening:
            self.opened.append(conn)
        return conn

    def close_all(self) -> None:
        """A connection that another thread is using stays open: it ends with its thread or with the process."""
        with self._opening:
            for conn in self.opened:
                with suppress(apsw.ThreadingViolationError):
                    conn.close()
            self.opened.clear()


def _enter_wal(conn: Any) -> None:
    """Changing the journal mode does not always wait for a lock, and two processes may start at once."""
    give_up_at = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            conn.execute("PRAGMA journal_mode = wal").fetchall()
            return
        except apsw.BusyError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.02)


class Database:
    """One database. Threads share it: each has a connection of its own. Functions of storage run inside
    ``reading()`` or ``writing()``, which end with the block."""

    def __init__(self, url: str, engine: _Sqlite) -> None:
        self.url = url
        self._engine = engine
        self._begun = threading.local()
        self._watch: Any = None
        self._watching = native_lock()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction, alone in writing from its first statement on; commits at the end, else rolls back.

        Inside another ``writing()`` of the thread it is a part of that one. Raises Unavailable.
        """
        if self._engine.read_only:
            raise DatabaseError(f"{self.url} is opened for reading only")
        with self._transaction("IMMEDIATE"):
            yield

    @contextmanager
    def part(self) -> Iterator[None]:
        """Inside ``writing()``: a part of it that is undone alone when its block raises."""
        if current.obj is not self._engine:
            raise RuntimeError("part() belongs inside writing()")
        with self._engine.savepoint():
            yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """One consistent view; nothing may be written. Raises Unavailable."""
        with self._transaction("DEFERRED"):
            yield

    @contextmanager
    def _transaction(self, kind: str) -> Iterator[None]:
        outer = current.obj
        if outer is not None and outer is not self._engine:
            raise RuntimeError("a transaction on another database is open in this thread")
        if outer is not None and kind == "IMMEDIATE" and self._begun.kind != "IMMEDIATE":
            raise RuntimeError("writing() inside reading(): what was read may be old by the time of the write")
        if outer is not None:
            yield
            return
        with _translated(self.url), self._bound(kind), self._engine.atomic(kind):
            yield

    @contextmanager
    def _bound(self, kind: str) -> Iterator[None]:
        current.obj = self._engine
        self._begun.kind = kind
        try:
            yield
        finally:
            current.obj = None

    def migrate(self) -> int:
        """Brings the schema up to date, under a lock: of two processes that start at once one does it. Returns its
        version. Raises DatabaseError when the file is newer than this program."""
        with self.writing():
            version = migrations.migrate()
        return version

    def check_schema(self) -> str | None:
        """What is wrong with the schema, in plain words; None when it is as this program wants it."""
        with self.reading():
            return migrations.trouble()

    def data_version(self) -> int:
        """A number that differs from the last when anybody else committed since; costs no read of the tables."""
        with self._watching, _translated(self.url):
            if self._watch is None:
                self._watch = _Sqlite(Path(self._engine.database), read_only=True)
            return int(self._watch.execute_sql("PRAGMA data_version").fetchone()[0])

    def writable(self) -> bool:
        """Whether a transaction can be begun and written now (its change is rolled back), with room on the disk."""
        if shutil.disk_usage(Path(self._engine.database).parent).free < LEAST_FREE_BYTES:
            return False
        try:
            with self.writing():
                sql("UPDATE feed SET seq = seq")
                raise _NotKept
        except _NotKept:
            return True
        except pw.DatabaseError:
            return False

    def close(self) -> None:
        """Closes the connections of all threads, but for one that is in use at this moment."""
        with self._watching:
            if self._watch is not None:
                self._watch.close_all()
                self._watch = None
        self._engine.close_all()
        self._engine.dispose()


class _NotKept(Exception):
    """Rolls a transaction back on purpose."""


@contextmanager
def _translated(url: str) -> Iterator[None]:
    try:
        yield
    except Unavailable:
        raise
    except pw.OperationalError as exc:
        if isinstance(exc.args[0], apsw.SQLError):  # a slip of ours in a statement
            raise
        raise Unavailable(f"the database {url} cannot be used just now: {exc}") from exc


def connect(url: str, *, read_only: bool = False) -> Database:
    """``sqlite:///relative/file`` or ``sqlite:////absolute/file`` to a Database; nothing is created but the file.

    Raises DatabaseError: another scheme, no such folder, no such file (``read_only``), a SQLite with the WAL-reset bug.
    """
    version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if has_wal_reset_bug((version[0], version[1], version[2])):
        raise DatabaseError(
            f"SQLite {apsw.sqlite_lib_version()} can corrupt a file that two processes write;"
            " install apsw 3.51.3 or later"
        )
    path = _path(url, read_only)
    database = Database(url, _Sqlite(path, read_only=read_only))
    try:
        with database.reading():
            sql("SELECT count(*) FROM sqlite_schema").fetchone()
    except pw.DatabaseError as exc:
        database.close()
        raise DatabaseError(f"{url} cannot be opened: {exc}") from exc
    return database


def _path(url: str, read_only: bool) -> Path:
    if url.startswith(("postgresql:", "postgres:")):
        raise DatabaseError(
            "PostgreSQL cannot be used yet; give the database as sqlite:///file or sqlite:////folder/file"
        )
    if not url.startswith("sqlite:///") or url in ("sqlite:///", "sqlite:///:memory:"):
        raise DatabaseError(f"{url!r} is no database URL; write sqlite:///file or sqlite:////folder/file")
    path = Path(url.removeprefix("sqlite:///"))
    if not path.parent.is_dir():
        raise DatabaseError(f"the folder {path.parent} of the database does not exist; create it, or name another")
    if read_only and not path.exists():
        raise DatabaseError(f"there is no database at {path}")
    return path
