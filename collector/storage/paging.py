"""Orders and pages of builds: keysets, so that builds that arrive meanwhile neither repeat nor skip others."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

from collector.domain.health import WORST_FIRST
from collector.storage.errors import BadCursor, BadSort
from collector.storage.selecting import Where

COLUMNS = {
    "started_at": "sorted_at",  # a build that nobody told a start of counts by its creation
    "commit": "commit_sha",
    **{name: name for name in (
        "completed_at", "created_at", "duration_seconds", "queue_seconds", "status", "pipeline", "repo", "branch",
        "provider", "actor", "attempt", "source", "id", "instance", "external_id", "conclusion", "event", "message",
        "url",
    )},
}  # fmt: skip
_SEVERITY = f"CASE b.status {' '.join(f'WHEN {status!r} THEN {place}' for place, status in enumerate(WORST_FIRST))} END"
_NEVER_NULL = ("sorted_at", "id", "status")
Value = str | float | None


@dataclass(frozen=True, slots=True)
class Order:
    """``sort`` is what was asked for; nulls come last in both directions, the id breaks ties.

    Statuses have an order of their own, worst first: failure, in_progress, queued, cancelled, skipped, success.
    """

    sort: str
    column: str
    descending: bool

    @property
    def term(self) -> str:
        """What builds are compared by, in terms of ``builds b``; cursors hold its value."""
        return _SEVERITY if self.column == "status" else f"b.{self.column}"

    @property
    def text(self) -> str:
        way = "DESC" if self.descending else "ASC"
        nulls = "" if self.column in _NEVER_NULL else " NULLS LAST"
        return f"{self.term} {way}{nulls}, b.id {way}"

    def after(self, where: Where, value: Value, build_id: int) -> None:
        """Narrows ``where`` to what follows the build with this value in its column."""
        beyond = "<" if self.descending else ">"
        column = self.term
        if self.column in ("sorted_at", "id"):
            where.add(f"({column}, b.id) {beyond} (?, ?)", value, build_id)
        elif value is None:
            where.add(f"{column} IS NULL AND b.id {beyond} ?", build_id)
        else:
            where.add(
                f"({column} {beyond} ? OR ({column} = ? AND b.id {beyond} ?) OR {column} IS NULL)",
                value, value, build_id,
            )  # fmt: skip


def order_of(sort: str) -> Order:
    """``column`` or ``-column`` to an order. Raises BadSort."""
    name = sort.removeprefix("-")
    if name not in COLUMNS:
        raise BadSort(f"builds cannot be sorted by {name[:40]!r}; columns are {', '.join(sorted(COLUMNS))}")
    return Order(sort, COLUMNS[name], sort.startswith("-"))


def write_cursor(order: Order, value: Value, build_id: int) -> str:
    raw = json.dumps([order.sort, value, build_id], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def read_cursor(order: Order, cursor: str) -> tuple[Value, int]:
    """What ``write_cursor`` wrote for the same order. Raises BadCursor."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        sort, value, build_id = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, TypeError, RecursionError, binascii.Error) as exc:
        raise BadCursor("cursor is not one that a page's `next` held; leave it out to begin") from exc
    if sort != order.sort:
        raise BadCursor("cursor belongs to pages in another order; leave it out to begin, or sort as before")
    is_value = value is None or (isinstance(value, str | int | float) and not isinstance(value, bool))
    is_id = isinstance(build_id, int) and not isinstance(build_id, bool) and 0 <= build_id < 2**63
    if not is_value or not is_id or (isinstance(value, int) and abs(value) >= 2**63):
        raise BadCursor("cursor is not one that a page's `next` held; leave it out to begin")
    return value, build_id
