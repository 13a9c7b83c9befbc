"""A message before it is made for a medium. Every text in it is one cleaned and masked line; nothing is escaped yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Link:
    """``url`` is http(s), percent-encoded, without blanks, quotes or angle brackets."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Card:
    """One alert told in full. ``mark`` and ``word`` both say how it stands: never by the mark alone."""

    mark: str
    title: str
    details: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """``cards`` in full, ``briefs`` as one line each, ``rest`` counts those not named."""

    title: str | None = None
    cards: tuple[Card, ...] = ()
    briefs: tuple[str, ...] = ()
    rest: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """``id`` is the same whenever the same notifications are sent again. ``body`` is the documented JSON."""

    id: str
    headline: str
    sections: tuple[Section, ...] = ()
    note: str | None = None
    links: tuple[Link, ...] = ()
    alert_ids: tuple[int, ...] = ()
    is_aside: bool = False
    """It only repeats what the conversation says already."""
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a medium shows: more than ``cards`` alerts are told as briefs, more than ``briefs`` are counted."""

    cards: int
    briefs: int


@dataclass(frozen=True, slots=True)
class Context:
    """What composing knows beside the notifications. ``secrets`` are masked wherever they appear."""

    receiver: str
    now: datetime
    public_url: str | None = None
    secrets: frozenset[str] = frozenset()
