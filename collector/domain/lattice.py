"""Joins of registers, of which each takes a greatest or least value; None is what nobody told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

V = TypeVar("V")
C = TypeVar("C", datetime, tuple[datetime, float])


def join_maps(a: Mapping[str, V], b: Mapping[str, V], order: Any) -> Mapping[str, V]:
    if not a or not b:
        return a or b
    joined = dict(a)
    for name, value in b.items():
        joined[name] = max(joined[name], value, key=order) if name in joined else value
    return joined


def greatest(a: V | None, b: V | None, order: Any) -> V | None:
    if a is None or b is None:
        return b if a is None else a
    return max(a, b, key=order)


def least(a: C | None, b: C | None) -> C | None:
    if a is None or b is None:
        return b if a is None else a
    return min(a, b)
