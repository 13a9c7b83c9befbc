"""The builds that a schedule began: their rhythm is learnt from them alone, however many others came between."""

from __future__ import annotations

from collector.storage.tables import sql


def up() -> None:
    sql("CREATE INDEX builds_scheduled ON builds (pipeline_id, sorted_at) WHERE event = 'schedule'")
