"""A migrated database of a test's own, and ways to fill and read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collector import ingest
from collector.domain.model import Word
from collector.ingest import Context, Ingested
from collector.providers.base import Batch
from collector.storage.database import Database, connect
from tests.builders import later

NOW = later(hours=1)
Record = Callable[..., Ingested]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = connect(f"sqlite:///{tmp_path / 'builds.db'}")
    database.migrate()
    yield database
    database.close()


@pytest.fixture
def record(database: Database) -> Record:
    """Records words as the source "acme" would have told them."""

    def told(*words: Word, source: str | None = "acme", branch: str | None = None, **batch: object) -> Ingested:
        return ingest.record(database, Batch(words=words, **batch), Context(source, branch), NOW)  # type: ignore[arg-type]

    return told
