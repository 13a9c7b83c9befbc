"""Since when a receiver fails. The column that it takes over was never written."""

from __future__ import annotations

from collector.storage.tables import sql


def up() -> None:
    sql("ALTER TABLE receiver_states RENAME COLUMN first_waiting_at TO first_failed_at")
