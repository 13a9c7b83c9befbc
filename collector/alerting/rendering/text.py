"""A message as plain text: the text part of a mail, a file, standard output."""

from __future__ import annotations

from collections.abc import Iterator

from collector.alerting.messages.model import Card, Link, Message


def lines(message: Message) -> Iterator[str]:
    """No line holds a control character or a line break: a name from outside cannot begin one."""
    yield message.headline
    if message.note:
        yield message.note
    for section in message.sections:
        yield ""
        if section.title and section.title != message.headline:
            yield section.title
        for card in section.cards:
            yield from _card(card, repeated=len(section.cards) == 1)
        yield from section.briefs
        if section.rest:
            yield section.rest
    if message.links:
        yield ""
        yield from map(_link, message.links)


def rendered(message: Message) -> str:
    return "\n".join(lines(message)).strip() + "\n"


def plainer(message: Message, limit: int) -> str:
    """For a receiver that refused the message: the headline and titles alone, in ASCII, cut."""
    titles = [card.title for section in message.sections for card in section.cards]
    briefs = [brief for section in message.sections for brief in (*section.briefs, section.rest or "")]
    text = "\n".join(dict.fromkeys(line for line in (message.headline, *titles, *briefs) if line))
    return text.encode("ascii", "replace").decode()[:limit]


def _card(card: Card, *, repeated: bool) -> Iterator[str]:
    if not repeated:
        yield f"{card.mark} {card.title}"
    yield from (f"  {detail}" for detail in card.details)
    yield from (f"  {_link(link)}" for link in card.links)


def _link(link: Link) -> str:
    return f"{link.label}: {link.url}"
