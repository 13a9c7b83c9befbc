"""A row of the fault table: how a provider misbehaves, and what is promised of the source that meets it."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Literal

from collector.demo.faults import LOGIN_PAGE, SECONDARY_LIMIT, Fault

Provider = Literal["github", "jenkins"]
WAIT_SECONDS = 7
_BOMB = gzip.compress(b" " * 40 * 1024 * 1024)
_JSON = {"Content-Type": "application/json", "ETag": ""}


@dataclass(frozen=True, slots=True)
class Faulty:
    """One fault. ``fault`` makes it of the present instant and the address of another host.

    ``states`` are those that GET /sources may show meanwhile; ``says``: a part of the error's words (None: no error).
    ``wait_seconds``: how long the provider asks to be left alone, counted from the first answer that says so.
    """

    name: str
    fault: Callable[[datetime, str], Fault]
    states: frozenset[str] = frozenset({"failing"})
    says: str | None = ""
    wait_seconds: float | None = None
    within_seconds: float = 30.0
    """Recovery, from the fault's end to the next build being there."""
    only: Provider | None = None

    def providers(self) -> tuple[Provider, ...]:
        return (self.only,) if self.only else ("github", "jenkins")


def _answer(status: int, body: bytes = b'{"message":"no"}', **headers: str) -> Callable[[datetime, str], Fault]:
    told = {**_JSON, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return lambda _now, _other: Fault(status=status, headers=told, body=body)


def _retry_date(now: datetime, _other: str) -> Fault:
    at = format_datetime((now + timedelta(seconds=WAIT_SECONDS)).replace(microsecond=0), usegmt=True)
    return Fault(status=429, headers={**_JSON, "Retry-After": at}, body=SECONDARY_LIMIT)


def _used_up(now: datetime, _other: str) -> Fault:
    reset = int((now + timedelta(seconds=WAIT_SECONDS)).timestamp())
    limit = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset)}
    return Fault(status=403, headers={**_JSON, **limit}, body=b'{"message":"API rate limit exceeded"}')


def _late_clock(now: datetime, _other: str) -> Fault:
    return Fault(headers={"Date": format_datetime(now - timedelta(hours=1), usegmt=True)})


WAITS = frozenset({"waiting", "failing"})
"""Failing it is for a moment: when the wait is over and the next poll is under way."""
FAULTS = (
    Faulty("500", _answer(500), says="500"),
    Faulty("502", _answer(502), says="502"),
    Faulty("503 with Retry-After", _answer(503, Retry_After=str(WAIT_SECONDS)), WAITS, "503", WAIT_SECONDS),
    Faulty("429 with seconds", _answer(429, SECONDARY_LIMIT, Retry_After=str(WAIT_SECONDS)), WAITS, "", WAIT_SECONDS),
    Faulty("429 with a date", _retry_date, WAITS, "", WAIT_SECONDS - 3),
    Faulty("403 for rights", _answer(403)),
    Faulty(
        "403 secondary limit",
        _answer(403, SECONDARY_LIMIT, Retry_After=str(WAIT_SECONDS)), WAITS, "asks to", WAIT_SECONDS, only="github",
    ),
    Faulty(
        "403 secondary limit, words alone", _answer(403, SECONDARY_LIMIT), WAITS, "slow down", 60, 75, "github"
    ),
    # Asked again after the reset, this one still says "used up" and names a reset that is over: 60 s then.
    Faulty("403 limit used up", _used_up, WAITS, "used up", WAIT_SECONDS - 3, 75, "github"),
    Faulty("401", _answer(401, b'{"message":"Bad credentials"}')),
    Faulty("404", _answer(404, b'{"message":"Not Found"}')),
    Faulty("HTML for JSON", _answer(200, LOGIN_PAGE, Content_Type="text/html")),
    Faulty("half a JSON", _answer(200, b'{"jobs": ['), says="JSON"),
    Faulty("a cut body", lambda *_: Fault(status=200, headers=_JSON, body=b"{}" * 500, cut_after=9), says="no answer"),
    Faulty("a gzip bomb", _answer(200, _BOMB, Content_Encoding="gzip"), says="more than"),
    Faulty("a connection that is dropped", lambda *_: Fault(drop=True), says="no answer"),
    Faulty(
        "an answer that never begins", lambda *_: Fault(delay_seconds=300), frozenset({"ok", "failing", "stale"}),
        within_seconds=60,
    ),
    Faulty(
        "a body that drips", lambda *_: Fault(status=200, headers=_JSON, body=b" " * 5000, drip=(1, 0.2)),
        frozenset({"ok", "failing", "stale"}), within_seconds=75,
    ),
    Faulty(
        "a redirect to another host", lambda _, other: Fault(status=301, headers={"Location": f"{other}/x"}, body=b"")
    ),
    Faulty(
        "a next page on another host",
        lambda _, other: Fault("*/actions/*", headers={"Link": f'<{other}/x>; rel="next"'}),
        frozenset({"ok", "failing"}), only="github",
    ),
    Faulty(
        "pages without end", lambda *_: Fault("*/actions/*", endless_link=True), frozenset({"ok", "failing", "stale"}),
        within_seconds=60, only="github",
    ),
    Faulty("a clock that is an hour late", _late_clock, frozenset({"ok"}), None),
    Faulty(
        "nulls where none were",
        _answer(200, b'{"jobs":null,"workflow_runs":null,"workflows":null,"total_count":null}'),
        frozenset({"ok", "failing"}),
    ),
)  # fmt: skip
