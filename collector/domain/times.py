"""Instants as text and numbers: RFC 3339 and epoch milliseconds to aware UTC datetimes, and back.

Whatever is wrong with the input, the only exception is ValueError, and it says what would be right.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 1, 1, tzinfo=UTC)
"""First instant that is refused: sums of an instant and a length must stay within what datetime can hold."""

_SHAPE = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,30}))?"
    r"(?:([Zz])|([+-])([0-9]{2})(:?)([0-9]{2}))"
)
_WANTED = "write a time as RFC 3339 with its zone: 2026-01-31T08:30:00Z or 2026-01-31T09:30:00+01:00"


def parse_instant(text: object, *, jenkins: bool = False) -> datetime:
    """RFC 3339 with a zone to an aware UTC datetime; digits beyond microseconds are cut.

    ``jenkins``: an offset without colon (``+0000``, as Blue Ocean writes it) is right too.
    Raises ValueError: no zone, no such day or hour, a leap second, years before 1970 or from 9999 on.

    >>> parse_instant("2024-03-01T10:00:00.250-05:00").isoformat()
    '2024-03-01T15:00:00.250000+00:00'
    """
    match = _SHAPE.fullmatch(text) if isinstance(text, str) else None
    if match is None or (match[9] and not match[11] and not jenkins):
        raise ValueError(_WANTED)
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    microsecond = int((match[7] or "")[:6].ljust(6, "0"))
    if second == 60:
        raise ValueError("a leap second (:60) cannot be stored; write :59")
    try:
        zone = _zone(match)
        return _bounded(datetime(year, month, day, hour, minute, second, microsecond, zone).astimezone(UTC))
    except (ValueError, OverflowError) as exc:
        raise ValueError(f"{str(text)[:40]} is no instant ({exc}); {_WANTED}") from exc


def _zone(match: re.Match[str]) -> timezone:
    if match[8]:
        return UTC
    hours, minutes = int(match[10]), int(match[12])
    if hours > 23 or minutes > 59:
        raise ValueError("an offset ends at 23:59")
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if match[9] == "-" else offset)


def _bounded(instant: datetime) -> datetime:
    if not EPOCH <= instant < LATEST:
        raise ValueError("years go from 1970 to 9998")
    return instant


def from_epoch_ms(ms: object) -> datetime:
    """Milliseconds since 1970 to an aware UTC datetime. Raises ValueError for what is no number of a real time."""
    try:
        if isinstance(ms, int | float) and not isinstance(ms, bool):
            return _bounded(EPOCH + timedelta(milliseconds=ms))
        raise ValueError("no number")
    except (ValueError, OverflowError) as exc:
        raise ValueError("a timestamp in milliseconds lies between 1970 and 9998") from exc


def to_text(instant: datetime) -> str:
    """ISO 8601 UTC with six fraction digits and Z: of one length, so it sorts as text. Raises ValueError when naive."""
    return _utc(instant).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def to_api(instant: datetime) -> str:
    """RFC 3339 UTC with Z, with a fraction only where there is one. Raises ValueError when naive."""
    return _utc(instant).isoformat().removesuffix("+00:00") + "Z"


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("an instant without a zone cannot be written")
    return instant.astimezone(UTC)
