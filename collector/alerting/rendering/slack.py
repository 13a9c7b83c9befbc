"""A message as Slack blocks.

What comes from outside stands in plain_text, where nothing is markup; only our own links are mrkdwn. Even so the
three characters that Slack reads as control (& < >) are escaped last, after cutting.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from collector.alerting.messages.model import Card, Link, Message, Section
from collector.alerting.rendering import text

HEADER_CHARS = 150
SECTION_CHARS = 3000
MOST_BLOCKS = 50
FALLBACK_CHARS = 1000
PLAINER_CHARS = 1500


def payload(message: Message) -> dict[str, Any]:
    """``text`` (what notifications and readers without blocks show) and ``blocks``, within Slack's limits."""
    blocks = list(_blocks(message))
    if len(blocks) > MOST_BLOCKS:
        blocks = [*blocks[: MOST_BLOCKS - 1], _section("… and more: see the dashboard")]
    return {"text": _cut(message.headline, FALLBACK_CHARS), "blocks": blocks, "mrkdwn": False}


def plainer(message: Message) -> dict[str, Any]:
    """Text alone."""
    return {"text": _cut(text.plainer(message, PLAINER_CHARS), PLAINER_CHARS), "mrkdwn": False}


def escaped(given: str) -> str:
    """As Slack wants text: & < > and nothing else."""
    return given.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _blocks(message: Message) -> Iterator[dict[str, Any]]:
    yield {"type": "header", "text": _plain(message.headline, HEADER_CHARS)}
    if message.note:
        yield _section(message.note)
    for section in message.sections:
        yield from _section_blocks(section, alone=len(message.headline) <= HEADER_CHARS)
    if message.links:
        yield _links(message.links)


def _section_blocks(section: Section, *, alone: bool) -> Iterator[dict[str, Any]]:
    for card in section.cards:
        yield from _card(card, titled=len(section.cards) > 1 or not alone)
    lines = [section.title or "", *section.briefs, section.rest or ""]
    yield from map(_section, _filled(line for line in lines if line))


def _card(card: Card, *, titled: bool) -> Iterator[dict[str, Any]]:
    """The header already says the title of a message's only card."""
    lines = ([f"{card.mark} {card.title}"] if titled else []) + list(card.details)
    yield from map(_section, _filled(lines))
    if card.links:
        yield _links(card.links)


def _filled(lines: Iterable[str]) -> Iterator[str]:
    """Lines gathered into as few sections as hold them, by their escaped length."""
    gathered: list[str] = []
    size = 0
    for line in lines:
        longer = len(escaped(line)) + 1
        if gathered and size + longer > SECTION_CHARS:
            yield "\n".join(gathered)
            gathered, size = [], 0
        gathered.append(line)
        size += longer
    if gathered:
        yield "\n".join(gathered)


def _section(lines: str) -> dict[str, Any]:
    return {"type": "section", "text": _plain(lines, SECTION_CHARS)}


def _plain(given: str, limit: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": _cut(given, limit) or " ", "emoji": False}


def _cut(given: str, limit: int) -> str:
    """Escaped text of at most ``limit`` characters; an escape is never cut in two."""
    cut = given
    while len(escaped(cut)) > limit:
        cut = cut[: len(cut) - max(1, (len(escaped(cut)) - limit) // 5)]
    return escaped(cut if cut == given else cut[:-1] + "…")


def _links(links: Iterable[Link]) -> dict[str, Any]:
    made = " · ".join(f"<{escaped(link.url).replace('|', '%7C')}|{escaped(link.label)}>" for link in links)
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": made, "verbatim": True}]}
