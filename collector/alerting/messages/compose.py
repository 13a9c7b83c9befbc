"""Notifications to a message: the headline, the alerts worst first, and the same as the documented JSON."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from collector.alerting.messages import notices
from collector.alerting.messages import phrases as p
from collector.alerting.messages.body import alert_body, message_body
from collector.alerting.messages.model import Card, Context, Limits, Link, Message, Section
from collector.alerting.messages.phrases import Words
from collector.domain import grouping as g
from collector.domain.payload import AlertFacts, from_json

TOGETHER_COUNT = 10
TOGETHER_SHARE = 0.8
TOGETHER_WITHIN = timedelta(minutes=10)
_SEVERITIES = ("critical", "warning", "info")
_NOTICES = (g.DIGEST, g.RECEIVER_BROKEN, g.RECEIVER_UNREACHABLE)
_GOOD = (g.FIXED, g.FAILED_AND_FIXED, g.CLOSED)


@dataclass(frozen=True, slots=True)
class Told:
    """One alert and what is said of it."""

    item: g.Item
    facts: AlertFacts
    title: str

    @property
    def is_good(self) -> bool:
        settled = self.item.kind == g.FLAPPING_OVER and self.item.newest.state == "resolved"
        return settled or self.item.kind in _GOOD

    @property
    def rank(self) -> tuple[int, int, str, int]:
        """Worst first."""
        severity = self.facts.severity
        place = _SEVERITIES.index(severity) if severity in _SEVERITIES else 1
        return place, -self.facts.streak, self.title, self.item.newest.id


@dataclass(frozen=True, slots=True)
class Together:
    """``count`` alerts of the repo (or provider) ``name`` began within minutes."""

    name: str
    count: int
    is_repo: bool


def compose(items: Sequence[g.Item], context: Context, limits: Limits) -> Message:
    """One message for all ``items``, none of which may be left unnamed and uncounted."""
    words = Words(context.secrets)
    told = [_told(item, words, context) for item in items if item.kind not in _NOTICES]
    trouble = sorted((one for one in told if not one.is_good), key=lambda one: one.rank)
    good = sorted((one for one in told if one.is_good), key=lambda one: one.rank)
    extra = [notices.section(item, words, context) for item in items if item.kind in _NOTICES]
    sections = (*_sections(trouble, good, words, context, limits), *extra)
    together = _together(trouble)
    headline = _headline(trouble, good, [section.title or "" for section in extra], together, words)
    note = "; ".join(part for part in (_cause(together, words), _late(told)) if part) or None
    identity = message_id(items, context)
    bodies = [alert_body(one.item, one.facts, one.title, words, context) for one in told]
    notice_bodies = [notices.body(item, words) for item in items if item.kind in _NOTICES]
    return Message(
        id=identity,
        headline=headline,
        sections=sections,
        note=note,
        links=_links(context, firing=bool(trouble)),
        alert_ids=tuple(one.item.alert_id for one in told if one.item.alert_id is not None),
        is_aside=not extra and all(item.kind == g.AGAIN for item in items),
        body=message_body(identity, headline, note, bodies, notice_bodies, context),
    )


def bare(items: Sequence[g.Item], context: Context) -> Message:
    """When wording failed: what of it needs no outside text."""
    alert_ids = tuple(item.alert_id for item in items if item.alert_id is not None)
    named = ", ".join(f"{alert_id} ({item.kind})" for alert_id, item in zip(alert_ids, items, strict=False))
    headline = f"{p.counted(len(items), 'alert')} that could not be worded: see the dashboard"
    identity, links = message_id(items, context), _links(context, firing=False)
    body = message_body(identity, headline, None, [{"id": each} for each in alert_ids], [], context)
    section = Section(briefs=(f"Alerts {named}",))
    return Message(identity, headline, (section,), links=links, alert_ids=alert_ids, body=body)


def message_id(items: Sequence[g.Item], context: Context) -> str:
    """The same for the same rows of the same receiver: a receiver can tell a repeat by it."""
    rows = sorted(row for item in items for row in item.rows)
    told = [item.newest.payload for item in items]  # two installations have rows of the same number
    return hashlib.sha256(json.dumps([context.receiver, rows, told]).encode()).hexdigest()[:32]


def _told(item: g.Item, words: Words, context: Context) -> Told:
    facts = from_json(item.newest.payload)
    return Told(item, facts, p.title(item, facts, words, context.now))


def _sections(
    trouble: Sequence[Told], good: Sequence[Told], words: Words, context: Context, limits: Limits
) -> list[Section]:
    """Few alerts are told in full; of many each has a line, as far as the medium has room; the rest is counted."""
    if len(trouble) + len(good) <= limits.cards:
        cards = tuple(_card(one, words, context) for one in (*trouble, *good))
        return [Section(cards=cards)] if cards else []
    room = max(limits.briefs - len(good), limits.briefs // 2)
    named = trouble[:room]
    return [
        section
        for section in (
            _brief_section(f"Failing ({len(trouble)})", named, len(trouble)),
            _brief_section(f"{_over(good)} ({len(good)})", good[: limits.briefs - len(named)], len(good)),
        )
        if section
    ]


def _brief_section(title: str, named: Sequence[Told], total: int) -> Section | None:
    if not total:
        return None
    briefs = tuple(f"{_mark(one)} {one.title}" for one in named)
    rest = f"… and {p.counted(total - len(named), 'more alert')}" if total > len(named) else None
    return Section(title, briefs=briefs, rest=rest)


def _card(told: Told, words: Words, context: Context) -> Card:
    details = p.details(told.item, told.facts, words)
    return Card(_mark(told), told.title, details, p.links(told.facts, context.public_url))


def _mark(told: Told) -> str:
    return p.MARKS.get(told.item.kind, p.TROUBLE)


def _headline(
    trouble: Sequence[Told], good: Sequence[Told], extra: Sequence[str], together: Together | None, words: Words
) -> str:
    told = [*trouble, *good]
    if len(told) == 1 and not extra:
        return f"{_mark(told[0])} {told[0].title}"
    closed = _closed(good)
    parts = [
        _failing(len(trouble), together, words),
        f"{p.counted(len(good) - closed, 'pipeline')} fixed" if len(good) > closed else "",
        f"{p.counted(closed, 'alert')} closed" if closed else "",
        *extra,
    ]
    return "; ".join(part for part in parts if part)


def _closed(good: Sequence[Told]) -> int:
    """Those that are over without anybody having seen them mended."""
    return sum(one.item.kind == g.CLOSED for one in good)


def _over(good: Sequence[Told]) -> str:
    closed = _closed(good)
    return "Fixed" if not closed else "Closed" if closed == len(good) else "Fixed or closed"


def _failing(count: int, together: Together | None, words: Words) -> str:
    if not count:
        return ""
    if together is None:
        return f"{p.counted(count, 'pipeline')} failing"
    name = words.name(together.name)
    if together.count == count:
        return f"{p.counted(count, 'pipeline')} of {name} failing together"
    return f"{p.counted(count, 'pipeline')} failing, {together.count} of {name} together"


def _together(trouble: Sequence[Told]) -> Together | None:
    """Many of one repo or provider within minutes are hardly all their own fault."""
    fresh = [one for one in trouble if one.item.kind in (g.FAILING, g.AGAIN)]
    if len(fresh) < TOGETHER_COUNT:
        return None
    for is_repo, names in (
        (True, Counter(one.facts.repo for one in fresh)),
        (False, Counter(one.facts.instance or one.facts.provider for one in fresh)),
    ):
        name, count = names.most_common(1)[0]
        same = [one for one in fresh if name in (one.facts.repo, one.facts.instance, one.facts.provider)]
        since = sorted(one.facts.since for one in same)
        if name and count >= TOGETHER_SHARE * len(fresh) and since[-1] - since[0] <= TOGETHER_WITHIN:
            return Together(name, count, is_repo)
    return None


def _cause(together: Together | None, words: Words) -> str:
    if together is None:
        return ""
    cause = "something they share" if together.is_repo else "the provider itself, or something they share"
    return f"{together.count} of {words.name(together.name)} failed together: look first at {cause}"


def _late(told: Sequence[Told]) -> str:
    late = sum(one.item.late for one in told)
    if not late or len(told) == 1:
        return ""
    return (
        f"{p.counted(late, 'of these is', 'of these are')} told late: the builds came to CI Health long after they ran"
    )


def _links(context: Context, *, firing: bool) -> tuple[Link, ...]:
    if not context.public_url:
        return ()
    url = p.safe_url(f"{context.public_url}/ui/alerts{'?state=firing' if firing else ''}")
    return (Link("All alerts", url),) if url else ()
