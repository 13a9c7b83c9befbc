"""GitHub's REST API as the reader asks it: one request at a time, paced, within the budget, with ETags.

Answers of unchanged lists are 304 and cost nothing of the budget; the ETag's key holds who asked, for what, and
what the source selects, so that no answer is taken for another's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import httpx
import structlog

from collector.domain.errors import BadAnswer, NotFound, Waiting
from collector.providers.base import Budget, EtagEntry, Memory
from collector.providers.github.grants import GRANTS, PER_MINUTE, Grant, Grants
from collector.providers.github.limits import BadCredentials, budget_of, error_of
from collector.providers.http import Http, Reply

HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
REQUESTS_PER_SECOND = PER_MINUTE / 60
REDIRECTS = 3
MAX_UNCHANGED = 10_000
_log = structlog.get_logger(__name__)


class Credentials(Protocol):
    """Who asks. ``identity`` tells askers apart without being secret once it is hashed."""

    @property
    def identity(self) -> str: ...

    def headers(self) -> Mapping[str, str]:
        """The Authorization header, if any. Raises SourceError when it cannot be had."""

    def renew(self) -> bool:
        """After a 401: whether other credentials could be had, so that asking again makes sense."""


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
        paced: bool = False,
        grants: Grants = GRANTS,
        network: str = "",
    ) -> None:
        self._http, self._credentials, self._clock = http, credentials, clock
        self._selection, self._source = selection, source
        self._paced, self._grants, self._network = paced, grants, network
        self._grant: tuple[str, Grant] | None = None
        self._unchanged: dict[str, str] = {}
        """ETags that the last answer confirmed: storage has the same ones and need not be asked."""
        self.requests = 0
        """How many went out, retries and redirects among them."""
        self._beside = False
        http.watch = self

    @property
    def grant(self) -> Grant:
        """What the present credentials are granted; other readers may share it. A renewed token has one of its own."""
        identity = self._credentials.identity
        if self._grant is None or self._grant[0] != identity:
            grant = self._grants.of(self._network, self._http.base_url, identity, paced=self._paced)
            grant.join(self)
            self._grant = identity, grant
        return self._grant[1]

    @property
    def budget(self) -> Budget | None:
        return self.grant.budget

    def get(self, url: str) -> Fetched:
        """GET without ETag. Raises SourceError for every status that is not 200."""
        return self._fetched(self.ask(url), None)

    def tagged(self, url: str) -> Fetched:
        """GET whatever was answered last time, with the ETag for the next. Raises SourceError."""
        return self._fetched(self.ask(url), self._key(url))

    def changed(self, url: str, memory: Memory) -> Fetched | None:
        """GET with the ETag of the last time; None when nothing changed. Raises SourceError."""
        key = self._key(url)
        etag = self._unchanged.pop(key, None) or memory.etag(key)
        reply = self.ask(url, etag=etag)
        if reply.status != 304:
            return self._fetched(reply, key)
        if etag and len(self._unchanged) < MAX_UNCHANGED:
            self._unchanged[key] = etag
        return None

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
        if isinstance(error, Waiting):
            self.grant.wait(error)
        if error is not None:
            raise error
        return reply

    def spendable(self, share: float) -> bool:
        """Whether more than ``share`` of the limit is left: for what can wait while the rest cannot."""
        return self.grant.spendable(share, self._clock())

    @property
    def ease(self) -> float:
        """See ``Grant.ease``."""
        return self.grant.ease(self._clock())

    @contextmanager
    def beside(self) -> Iterator[None]:
        """What is asked meanwhile is not counted as what ordinary polls need: it can wait, or comes once."""
        before, self._beside = self._beside, True
        try:
            yield
        finally:
            self._beside = before

    def before(self) -> None:
        """See ``http.Watch``. Raises Waiting."""
        self.grant.step(self._clock())
        self.requests += 1

    def after(self, status: int, headers: httpx.Headers) -> None:
        """See ``http.Watch``."""
        now = self._clock()
        self.grant.told(budget_of(headers, now))
        if status != 304 and not self._beside:
            self.grant.spent(now)

    def _send(self, url: str, etag: str | None) -> Reply:
        headers = {**HEADERS, **self._credentials.headers()}
        return self._http.get(url, etag=etag, headers=headers, redirects=REDIRECTS)

    def _fetched(self, reply: Reply, key: str | None) -> Fetched:
        if reply.status != 200:
            raise BadAnswer(f"GitHub answered {reply.status} where an answer with a body was due")
        body = reply.json()
        entry = EtagEntry(key, reply.etag) if key and reply.etag else None
        return Fetched(body, reply.next_url, entry)

    def _key(self, url: str) -> str:
        parts = "\0".join((self._credentials.identity, self._http.base_url, url, self._selection))
        return hashlib.sha256(parts.encode("utf-8", "surrogateescape")).hexdigest()
