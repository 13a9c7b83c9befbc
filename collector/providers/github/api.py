"""GitHub's REST API as the reader asks it: one request at a time, paced, within the budget, with ETags.

Answers of unchanged lists are 304 and cost nothing of the budget; the ETag's key holds who asked, for what, and
what the source selects, so that no answer is taken for another's.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from collector.domain.errors import BadAnswer, NotFound
from collector.providers.base import Budget, EtagEntry, Memory
from collector.providers.github.limits import BadCredentials, budget_of, error_of, reserve_wait
from collector.providers.http import Http, Reply

HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
REQUESTS_PER_SECOND = 10.0
BURST = 600.0
REDIRECTS = 3
_log = structlog.get_logger(__name__)


class Credentials(Protocol):
    """Who asks. ``identity`` tells askers apart without being secret once it is hashed."""

    @property
    def identity(self) -> str: ...

    def headers(self) -> Mapping[str, str]:
        """The Authorization header, if any. Raises SourceError when it cannot be had."""

    def renew(self) -> bool:
        """After a 401: whether other credentials could be had, so that asking again makes sense."""


class Pace:
    """At most ``BURST`` requests at once and ``REQUESTS_PER_SECOND`` after that: below GitHub's secondary limit."""

    def __init__(
        self, monotonic: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._monotonic, self._sleep = monotonic, sleep
        self._left, self._seen = BURST, monotonic()

    def step(self) -> None:
        """Waits until one more request is due."""
        at = self._monotonic()
        self._left = min(BURST, self._left + (at - self._seen) * REQUESTS_PER_SECOND)
        self._seen = at
        self._left -= 1
        if self._left < 0:
            self._sleep(-self._left / REQUESTS_PER_SECOND)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A 200: its JSON, and the ETag to store together with what it told."""

    body: object
    next_url: str | None
    etag: EtagEntry | None


class GithubApi:
    """Asks below one base address with one source's credentials. One thread at a time."""

    def __init__(
        self,
        http: Http,
        credentials: Credentials,
        *,
        selection: str,
        clock: Callable[[], datetime],
        source: str,
        pace: Pace | None = None,
    ) -> None:
        self._http, self._credentials, self._clock = http, credentials, clock
        self._selection, self._source = selection, source
        self._pace = pace
        self.budget: Budget | None = None
        self.requests = 0

    def get(self, url: str) -> Fetched:
        """GET without ETag. Raises SourceError for every status that is not 200."""
        return self._fetched(self.ask(url), None)

    def changed(self, url: str, memory: Memory) -> Fetched | None:
        """GET with the ETag of the last time; None when nothing changed. Raises SourceError."""
        key = self._key(url)
        reply = self.ask(url, etag=memory.etag(key))
        return None if reply.status == 304 else self._fetched(reply, key)

    def found(self, url: str) -> Fetched | None:
        """GET; None when it is not there. Raises SourceError for all but 200, 404 and 410."""
        try:
            return self.get(url)
        except NotFound:
            return None

    def ask(self, url: str, *, etag: str | None = None) -> Reply:
        """One request: a 200, 302 or 304. Raises SourceError for all else, Waiting before the reserve is eaten."""
        reply = self._send(url, etag)
        error = error_of(reply, self._clock())
        if isinstance(error, BadCredentials) and self._credentials.renew():
            _log.info("GitHub refused the credentials; asking again with renewed ones", source=self._source)
            reply = self._send(url, etag)
            error = error_of(reply, self._clock())
        if error is not None:
            raise error
        return reply

    def spendable(self, share: float) -> bool:
        """Whether more than ``share`` of the limit is left: for what can wait while the rest cannot."""
        budget = self.budget
        return budget is None or self._clock() >= budget.reset_at or budget.remaining > budget.limit * share

    def _send(self, url: str, etag: str | None) -> Reply:
        if (waiting := reserve_wait(self.budget, self._clock())) is not None:
            raise waiting
        if self._pace is not None:
            self._pace.step()
        self.requests += 1
        headers = {**HEADERS, **self._credentials.headers()}
        reply = self._http.get(url, etag=etag, headers=headers, redirects=REDIRECTS)
        self.budget = budget_of(reply.headers, self._clock()) or self.budget
        return reply

    def _fetched(self, reply: Reply, key: str | None) -> Fetched:
        if reply.status != 200:
            raise BadAnswer(f"GitHub answered {reply.status} where an answer with a body was due")
        body = reply.json()
        entry = EtagEntry(key, reply.etag) if key and reply.etag else None
        return Fetched(body, reply.next_url, entry)

    def _key(self, url: str) -> str:
        parts = "\0".join((self._credentials.identity, self._http.base_url, url, self._selection))
        return hashlib.sha256(parts.encode("utf-8", "surrogateescape")).hexdigest()
