"""Jenkins' numbers as instants and lengths, on top of the checked reading that the providers share."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from collector.domain.errors import MappingError
from collector.domain.times import from_epoch_ms
from collector.providers.github.fields import URL_LIMIT, Fields, is_web_url, kind_of, storable

__all__ = [
    "URL_LIMIT",
    "Fields",
    "instant",
    "is_web_url",
    "kind_of",
    "mapped",
    "number",
    "objects",
    "seconds",
    "storable",
]

T = TypeVar("T")

_LEAST_MS = 10**11
"""1973 in milliseconds, but the year 5138 in seconds: what is below was told in seconds."""
_LONGEST_MS = timedelta(days=3653) / timedelta(milliseconds=1)


def instant(fields: Fields, name: str) -> datetime | None:
    """Epoch milliseconds as aware UTC; None when absent, null or 0 (Jenkins' "unknown").

    Raises MappingError: no number, not finite, told in seconds, before 1973 or after 9998.
    """
    raw = fields.values.get(name)
    if raw is None or (raw == 0 and not isinstance(raw, bool)):
        return None
    ms = _finite(fields, name, raw)
    if 0 < ms < _LEAST_MS:
        raise MappingError(fields.at(name), "must be milliseconds since 1970; this looks like seconds")
    try:
        return from_epoch_ms(ms)
    except ValueError as exc:
        raise MappingError(fields.at(name), str(exc)) from exc


def seconds(fields: Fields, name: str) -> float | None:
    """A length told in milliseconds, in seconds; None when absent or null.

    Raises MappingError: no number, not finite, negative, over 10 years.
    """
    raw = fields.values.get(name)
    if raw is None:
        return None
    ms = _finite(fields, name, raw)
    if not 0 <= ms <= _LONGEST_MS:
        raise MappingError(fields.at(name), "must be a length in milliseconds, from 0 to 10 years")
    return ms / 1000


def number(fields: Fields) -> int:
    """A build's number: a whole number above 0. Raises MappingError."""
    found = fields.integer("number", least=1)
    if found is None:
        raise MappingError(fields.at("number"), "is missing; it must be a whole number above 0")
    return found


def objects(fields: Fields, name: str) -> list[Fields]:
    """The objects in the list under ``name``; nulls, which old plugins leave in lists, are passed over."""
    return [Fields.of(raw, fields.at(name)) for raw in fields.items(name) if raw is not None]


def mapped(items: Sequence[object], one: Callable[[object], T]) -> Iterator[T | MappingError]:
    """Each item through ``one``; a malformed item becomes its error, so that it does not cost the others."""
    for item in items:
        try:
            yield one(item)
        except MappingError as exc:
            yield exc


def _finite(fields: Fields, name: str, raw: object) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise MappingError(fields.at(name), f"must be a number of milliseconds, not {kind_of(raw)}")
    if isinstance(raw, float) and not math.isfinite(raw):
        raise MappingError(fields.at(name), "must be a finite number of milliseconds")
    return raw
