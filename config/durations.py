"""Lengths of time as people write them: ``30s``, ``5m``, ``6h``, ``14d``, ``2w``."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

LONGEST = timedelta(days=3650)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_PATTERN = r"^[0-9]{1,6}[smhdw]$"


def parse_duration(text: object) -> timedelta:
    """``30s`` … ``2w`` to a timedelta. Raises ValueError that says how it is written.

    >>> parse_duration("90m")
    datetime.timedelta(seconds=5400)
    """
    if isinstance(text, timedelta):
        return text
    if not isinstance(text, str) or not re.fullmatch(_PATTERN, text):
        raise ValueError("a duration is written as a whole number and s, m, h, d or w: 30s, 5m, 6h, 14d")
    length = timedelta(**{_UNITS[text[-1]]: int(text[:-1])})
    if length > LONGEST:
        raise ValueError(f"{text} is too long; the longest is 3650d")
    return length


def format_duration(length: timedelta) -> str:
    """The shortest spelling of a whole number of seconds: the inverse of ``parse_duration``."""
    seconds = int(length.total_seconds())
    for unit, size in (("w", 604800), ("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": _PATTERN, "examples": ["60s", "14d"]}),
]
