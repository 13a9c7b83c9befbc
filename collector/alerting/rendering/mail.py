"""A message as a mail: text and HTML, one thread an alert."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape

from collector.alerting.messages.model import Card, Link, Message, Section
from collector.alerting.rendering import text

SUBJECT_CHARS = 200
MOST_REFERENCES = 20
PLAINER_CHARS = 4000
_STYLE = "font:14px/1.5 system-ui,sans-serif;color:#1a1a1a"
_DETAILS = "margin:4px 0 0 20px;padding:0;color:#444;white-space:pre-wrap"


@dataclass(frozen=True, slots=True)
class Envelope:
    """``references``: Message-IDs of earlier mails about the same alerts, oldest first."""

    sender: str
    recipients: tuple[str, ...]
    at: datetime
    references: tuple[str, ...] = ()


def mail(message: Message, envelope: Envelope, *, plain: bool = False) -> EmailMessage:
    """``plain``: the titles alone, as text in ASCII."""
    made = EmailMessage(policy=SMTP)
    made["Subject"] = subject(message.headline)
    made["From"] = Address("CI Health", addr_spec=envelope.sender)
    made["To"] = ", ".join(envelope.recipients)
    made["Date"] = format_datetime(envelope.at)
    made["Message-ID"] = mail_id(message, envelope.sender)
    made["Auto-Submitted"] = "auto-generated"
    known = [each for each in dict.fromkeys(envelope.references) if each != made["Message-ID"]][:MOST_REFERENCES]
    if known:
        made["In-Reply-To"] = known[0]
        made["References"] = " ".join(known)
    made.set_content(text.plainer(message, PLAINER_CHARS) if plain else text.rendered(message), cte="quoted-printable")
    if not plain:
        made.add_alternative(html(message), subtype="html", cte="quoted-printable")
    return made


def mail_id(message: Message, sender: str) -> str:
    return f"<{message.id}@{sender.rpartition('@')[2]}>"


def subject(headline: str) -> str:
    """One line; ``=?`` would be read as the beginning of encoded text, whatever that decodes to."""
    said = headline.replace("=?", "= ?")
    return said if len(said) <= SUBJECT_CHARS else said[: SUBJECT_CHARS - 1] + "…"


def html(message: Message) -> str:
    parts = [f'<div style="{_STYLE}">', f"<h2 style='font-size:16px'>{escape(message.headline)}</h2>"]
    if message.note:
        parts.append(f"<p><b>{escape(message.note)}</b></p>")
    for section in message.sections:
        parts += _section(section, message)
    if message.links:
        parts.append(_links(message.links))
    return "\n".join([*parts, "</div>"]) + "\n"


def _section(section: Section, message: Message) -> Iterator[str]:
    if section.title and section.title != message.headline:
        yield f"<h3 style='font-size:14px'>{escape(section.title)}</h3>"
    for card in section.cards:
        yield from _card(card, titled=len(section.cards) > 1)
    lines = [*section.briefs, *([section.rest] if section.rest else [])]
    if lines:
        yield "<ul style='padding-left:18px'>"
        yield from (f"<li>{escape(line)}</li>" for line in lines)
        yield "</ul>"


def _card(card: Card, *, titled: bool) -> Iterator[str]:
    yield "<div style='margin:0 0 12px'>"
    if titled:
        yield f"<div><b>{escape(card.mark)} {escape(card.title)}</b></div>"
    if card.details:
        yield f'<div style="{_DETAILS}">{"<br>".join(escape(detail) for detail in card.details)}</div>'
    if card.links:
        yield _links(card.links)
    yield "</div>"


def _links(links: Sequence[Link]) -> str:
    made = (f'<a href="{escape(link.url)}" rel="noreferrer">{escape(link.label)}</a>' for link in links)
    return f'<div style="margin:4px 0 0 20px">{" &middot; ".join(made)}</div>'
