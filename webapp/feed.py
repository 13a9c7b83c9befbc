"""The change feed as the hub reads it, out of the database."""

from __future__ import annotations

from collector.storage.database import Database
from webapp import store
from webapp.db import Lanes
from webapp.live import Told


class DatabaseFeed:
    """Every call runs in the watcher's thread, so that heavy reads never delay the feed."""

    def __init__(self, lanes: Lanes, database: Database) -> None:
        self._lanes, self._database = lanes, database
        self._version: int | None = None

    def moved(self) -> bool:
        """Whether anybody committed since the last call. Raises Unavailable."""
        version = self._lanes.watch(self._database.data_version)
        moved, self._version = version != self._version, version
        return moved

    def head(self) -> int:
        return self._lanes.watch(store.feed_head, self._database)

    def oldest(self) -> int:
        return self._lanes.watch(store.feed_oldest, self._database)

    def after(self, seq: int, limit: int) -> Told:
        return self._lanes.watch(store.changes_after, self._database, seq, limit)
