"""What a source's reader may ask of storage while it polls."""

from __future__ import annotations

from collections.abc import Sequence

from collector.domain.model import BuildKey
from collector.providers.base import KnownBuild
from collector.storage import etags, known, marks, watching
from collector.storage.database import Database


class SourceMemory:
    """``providers.base.Memory`` of one source; each question is a short reading transaction of its own."""

    def __init__(self, database: Database, source: str) -> None:
        self._database, self._source = database, source

    def etag(self, key: str) -> str | None:
        with self._database.reading():
            return etags.get(self._source, key)

    def mark(self, name: str) -> str | None:
        with self._database.reading():
            return marks.get(self._source, name)

    def marks_starting(self, prefix: str) -> dict[str, str]:
        with self._database.reading():
            return marks.starting(self._source, prefix)

    def known(self, keys: Sequence[BuildKey]) -> dict[BuildKey, KnownBuild]:
        with self._database.reading():
            return known.known(keys)

    def unfinished(self, provider: str, instance: str, repo: str | None = None) -> list[KnownBuild]:
        with self._database.reading():
            return known.unfinished(provider, instance, repo)

    def watching(self) -> frozenset[str]:
        with self._database.reading():
            return watching.of(self._source)
