"""What GitHub's answers say about limits and rights: a reply to a budget, or to the error it means. Pure.

Primary limit: 403 or 429 with X-RateLimit-Remaining 0. Secondary limit: 403 or 429 with Retry-After, or only words
in the body, while Remaining may be thousands. Any other 403 is about rights.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import httpx

from collector.domain.errors import BadAnswer, NotAllowed, NotFound, SourceError, Unreachable, Waiting
from collector.domain.times import EPOCH
from collector.providers.base import Budget
from collector.providers.reply import Reply, http_date

RESERVE = 0.1
"""Part of the limit that is never spent: the token's other users and webhooks' follow-ups live on it."""

SECONDARY_WAIT = timedelta(seconds=60)
"""What GitHub asks for after a secondary limit without Retry-After."""

LONGEST_WAIT = timedelta(hours=24)
"""A reset further away than this is a broken clock, not a limit: GitHub's window is an hour."""

_SECONDARY_WORDS = ("secondary rate limit", "abuse detection", "rate limit exceeded", "too many requests")


class BadCredentials(NotAllowed):
    """401: nothing of this source can be read until its credentials are put right."""


def budget_of(headers: httpx.Headers, now: datetime) -> Budget | None:
    """The core budget that an answer tells, on our clock; None when it tells none, or that of another resource."""
    limit, remaining = _number(headers, "X-RateLimit-Limit"), _number(headers, "X-RateLimit-Remaining")
    reset = _number(headers, "X-RateLimit-Reset")
    if limit is None or remaining is None or reset is None or limit < 1:
        return None
    if headers.get("X-RateLimit-Resource", "core") != "core":
        return None
    return Budget(limit, remaining, _on_our_clock(_instant(reset), headers, now))


def reserve_wait(budget: Budget | None, now: datetime) -> Waiting | None:
    """Waiting until the reset once only the reserve is left; None while there is more, or the reset is over."""
    if budget is None or now >= budget.reset_at or budget.remaining > budget.limit * RESERVE:
        return None
    return Waiting(
        f"GitHub grants {budget.remaining} more of {budget.limit} requests; they are kept in reserve until the reset",
        until=budget.reset_at,
        advice="watch fewer repos with this token, poll less often, or use a token of its own",
    )


def error_of(reply: Reply, now: datetime) -> SourceError | None:
    """The error that a reply means; None for 2xx, 302 and 304."""
    if reply.status in (200, 302, 304):
        return None
    if reply.status == 401:
        return BadCredentials(
            f"GitHub refuses the credentials ({said(reply)})",
            advice="the token is wrong, expired or revoked: put a new one where the source's token comes from",
        )
    if reply.status in (403, 429) and (limited := _limited(reply, now)):
        return limited
    if reply.status == 403:
        return _forbidden(reply)
    if reply.status in (404, 410):
        return NotFound(
            f"{_path(reply)} is not there for these credentials ({reply.status})",
            advice="renamed, deleted, or private: check the name, and that the token may read its Actions",
        )
    if reply.status >= 500:
        if "Retry-After" in reply.headers and (until := _retry_after(reply.headers, now)):
            return Waiting(f"GitHub is not available ({reply.status}) and says when to ask again", until=until)
        return Unreachable(
            f"GitHub answers {reply.status} for {_path(reply)}", advice="GitHub's trouble: nothing to do here"
        )
    return BadAnswer(f"GitHub answers {reply.status} for {_path(reply)} ({said(reply)})", advice=_other_advice(reply))


def said(reply: Reply) -> str:
    """GitHub's own message, short and on one line; what else came, when it is no JSON."""
    try:
        body = reply.json()
    except BadAnswer:
        return f"{reply.status}, no JSON"
    message = body.get("message") if isinstance(body, dict) else None
    text = message if isinstance(message, str) and message else f"status {reply.status}"
    return " ".join(text.encode("utf-8", "replace").decode().split())[:200]


def _limited(reply: Reply, now: datetime) -> Waiting | None:
    advice = "nothing to do: it goes on by itself; fewer repos or a longer interval make it rarer"
    if until := _retry_after(reply.headers, now):
        return Waiting(f"GitHub asks to wait ({said(reply)})", until=until, advice=advice)
    if _number(reply.headers, "X-RateLimit-Remaining") == 0:
        budget = budget_of(reply.headers, now)
        until = budget.reset_at if budget and budget.reset_at > now else now + SECONDARY_WAIT
        return Waiting("GitHub's request limit is used up until its reset", until=until, advice=advice)
    if reply.status == 429 or any(words in said(reply).lower() for words in _SECONDARY_WORDS):
        return Waiting(f"GitHub asks to slow down ({said(reply)})", until=now + SECONDARY_WAIT, advice=advice)
    return None


def _forbidden(reply: Reply) -> NotAllowed:
    if sso := reply.headers.get("X-GitHub-SSO"):
        wanted = f"the organisation wants single sign-on: authorise the token for it ({sso[:200]})"
    else:
        wanted = "give the token read access to Actions and metadata of this repo (classic tokens: scope repo)"
    return NotAllowed(f"{_path(reply)} may not be read with these credentials ({said(reply)})", advice=wanted)


def _other_advice(reply: Reply) -> str:
    if 300 <= reply.status < 400:
        return "GitHub moved it elsewhere: write its new name or address in the source"
    return "check the source's url: Enterprise's ends in /api/v3"


def _path(reply: Reply) -> str:
    return httpx.URL(reply.url).path[:300]


def _retry_after(headers: httpx.Headers, now: datetime) -> datetime | None:
    """Retry-After as seconds or as an HTTP date, on our clock; None when there is none that can be read."""
    seconds = _number(headers, "Retry-After")
    if seconds is not None:
        return now + min(timedelta(seconds=max(1, min(seconds, 10**9))), LONGEST_WAIT)
    at = http_date(headers.get("Retry-After"))
    return max(_on_our_clock(at, headers, now), now + timedelta(seconds=1)) if at else None


def _on_our_clock(at: datetime, headers: httpx.Headers, now: datetime) -> datetime:
    """GitHub's instants are on GitHub's clock, which its Date header tells: only the distance is believed."""
    sent_at = http_date(headers.get("Date"))
    return now + min(at - (sent_at or now), LONGEST_WAIT)


def _instant(epoch_seconds: int) -> datetime:
    return EPOCH + timedelta(seconds=min(epoch_seconds, 10**11))


def _number(headers: httpx.Headers, name: str) -> int | None:
    text = headers.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
