"""Opening, migrating and locking a database."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from collector.storage import changes, migrations
from collector.storage.database import Database, connect, has_wal_reset_bug
from collector.storage.errors import DatabaseError, Unavailable
from collector.storage.tables import TABLES, sql
from tests.builders import NOON

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("version", "bug"),
    [
        ((3, 6, 23), False), ((3, 7, 0), True), ((3, 40, 1), True), ((3, 44, 5), True), ((3, 44, 6), False),
        ((3, 45, 0), True), ((3, 50, 6), True), ((3, 50, 7), False), ((3, 51, 0), True), ((3, 51, 2), True),
        ((3, 51, 3), False), ((3, 54, 1), False), ((4, 0, 0), False),
    ],
)  # fmt: skip
def test_a_sqlite_that_can_corrupt_a_shared_file_is_known(version: tuple[int, int, int], bug: bool) -> None:
    assert has_wal_reset_bug(version) is bug


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://host/db", "PostgreSQL cannot be used yet"),
        ("mysql://host/db", "no database URL"),
        ("builds.db", "no database URL"),
        ("sqlite:///:memory:", "no database URL"),
        ("sqlite:///", "no database URL"),
        ("sqlite:////no/such/folder/builds.db", "does not exist"),
    ],
)
def test_a_url_that_cannot_work_is_refused_with_what_would(url: str, said: str) -> None:
    with pytest.raises(DatabaseError, match=said):
        connect(url)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("these are no tables, " * 100)

    with pytest.raises(DatabaseError, match="cannot be opened"):
        connect(f"sqlite:///{tmp_path / 'notes.txt'}")


def test_the_engine_keeps_what_it_promised(database: Database) -> None:
    with database.reading():
        settings = [sql(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "foreign_keys")]

    assert settings == ["wal", 2, 1]


def test_the_models_are_the_migrated_tables(database: Database) -> None:
    with database.reading():
        for table in TABLES:
            name = table._meta.table_name
            columns = {row[1] for row in sql(f"PRAGMA table_info({name})")}
            assert columns == {field.column_name for field in table._meta.sorted_fields}, name


def test_the_schema_is_checked_before_and_after_migrating(tmp_path: Path) -> None:
    database = connect(f"sqlite:///{tmp_path / 'builds.db'}")
    assert "no tables yet" in (database.check_schema() or "")
    assert database.migrate() == database.migrate() == len(migrations.MIGRATIONS)
    assert database.check_schema() is None

    with database.writing():
        sql("UPDATE schema_version SET version = 99")
    assert "newer than this program" in (database.check_schema() or "")
    with pytest.raises(DatabaseError, match="newer than this program"):
        database.migrate()
    database.close()


def test_processes_that_start_at_once_migrate_once(tmp_path: Path) -> None:
    program = "import sys; from collector.storage.database import connect; connect(sys.argv[1]).migrate()"
    url = f"sqlite:///{tmp_path / 'builds.db'}"
    running = [subprocess.Popen([sys.executable, "-c", program, url], cwd=ROOT) for _ in range(4)]

    assert [process.wait(60) for process in running] == [0, 0, 0, 0]
    database = connect(url)
    assert database.check_schema() is None
    with database.reading():
        assert sql("SELECT count(*) FROM feed").fetchone() == (1,)
    database.close()


def test_processes_that_write_at_once_lose_nothing_and_number_changes_densely(database: Database) -> None:
    program = (
        "import sys\nfrom collector.storage.database import connect\nfrom collector import ingest\n"
        "from collector.providers.base import Batch\nfrom tests.builders import *\n"
        "database = connect(sys.argv[1])\n"
        "for n in range(60):\n"
        "    word = plain_word(plain_key(f'{sys.argv[2]}-{n}'))\n"
        "    ingest.record(database, Batch(words=[word]), ingest.Context(None), NOON)\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", program, database.url, who], cwd=ROOT) for who in ("a", "b", "c")
    ]

    assert [process.wait(120) for process in running] == [0, 0, 0]
    with database.reading():
        assert sql("SELECT count(DISTINCT external_id), count(*) FROM builds").fetchone() == (180, 180)
        assert [change.seq for change in changes.after(0, 1000)] == list(range(1, 181))


def test_a_lock_that_is_held_too_long_says_that_nothing_was_stored(database: Database) -> None:
    other = connect(database.url)
    other._engine.timeout = 0.05
    with database.writing():
        outcome: list[Exception] = []

        def write() -> None:
            try:
                with other.writing():
                    changes.append([1], NOON)
            except Unavailable as exc:
                outcome.append(exc)
            finally:
                other.close()

        thread = threading.Thread(target=write)
        thread.start()
        thread.join(20)
    assert "cannot be used just now" in str(outcome[0])


def test_a_broken_transaction_leaves_nothing(database: Database) -> None:
    def broken() -> None:
        with database.writing():
            changes.append([1], NOON)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()

    with database.reading():
        assert changes.head() == 0


def test_storage_outside_of_a_transaction_is_a_slip_that_says_so() -> None:
    with pytest.raises(RuntimeError, match="inside"):
        changes.head()


def test_writing_inside_reading_is_refused(database: Database) -> None:
    with database.reading(), pytest.raises(RuntimeError, match="inside reading"), database.writing():
        pass


def test_the_data_version_moves_with_commits_of_others_only(database: Database) -> None:
    before = database.data_version()
    assert database.data_version() == before
    with database.writing():
        changes.append([1], NOON)
    assert database.data_version() != before


def test_a_read_only_database_reads_and_refuses_to_write(database: Database) -> None:
    reader = connect(database.url, read_only=True)
    with reader.reading():
        assert changes.head() == 0
    with pytest.raises(DatabaseError, match="reading only"), reader.writing():
        pass
    reader.close()
    with pytest.raises(DatabaseError, match="there is no database"):
        connect(database.url + "x", read_only=True)


def test_whether_it_can_be_written_is_told_without_writing(database: Database) -> None:
    version = database.data_version()
    assert database.writable()
    assert database.data_version() == version

    other = connect(database.url)
    other._engine.timeout = 0.05
    with database.writing():
        found: list[bool] = []
        thread = threading.Thread(target=lambda: found.append(other.writable()))
        thread.start()
        thread.join(20)
    other.close()
    assert found == [False]
