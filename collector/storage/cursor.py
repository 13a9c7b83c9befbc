"""A page's cursor where rows go by their id alone."""

from __future__ import annotations

import re

from collector.storage.errors import BadCursor

LARGEST_ID = 2**63 - 1


def write_id(row_id: int) -> str:
    """What ``read_id`` reads: the id of the last row of a page."""
    return f"id-{row_id}"


def read_id(cursor: str) -> int:
    """Raises BadCursor."""
    found = re.fullmatch(r"id-([0-9]{1,19})", cursor)
    if found is None or int(found[1]) > LARGEST_ID:
        raise BadCursor("cursor is not one that a page's `next` held; leave it out to begin")
    return int(found[1])
