"""The one httpx client that providers read with: total deadline, size limit, retries, no way to another host.

Returns every HTTP status as a ``Reply`` (what a 403 means is the provider's to say); only what is no answer at
all raises. Tests and hosts that cannot run here plug in at ``transport``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import urlsplit

import httpx
import stamina

from collector.domain.errors import BadAnswer
from collector.domain.names import host_of
from collector.providers.failed import TIMEOUT, Retry, mapped
from collector.providers.reply import Reply, http_date
from collector.providers.wire import Deadline, TooLarge, body_parts, guarded_transport

__all__ = ["DEADLINE_SECONDS", "MAX_BYTES", "Http", "Reply", "TooLarge", "Watch", "http_date", "origin_of"]

MAX_BYTES = 32 * 1024 * 1024
DEADLINE_SECONDS = 30.0
_RETRIED = frozenset({500, 502, 503, 504})
_MOVED = frozenset({301, 307, 308})
# Its own hook logs each retry without saying of what; the caller says it once, when all retries are spent.
stamina.instrumentation.set_on_retry_hooks(())
_EVERY_REQUEST = {"Accept": "*/*", "User-Agent": "ci-health", "Accept-Encoding": "gzip"}
_CLOCK_NOISE_SECONDS = 5.0
"""Date has whole seconds, and an answer may be on its way for some."""


class Watch(Protocol):
    """Told of every request that goes out, retries and followed redirects among them: each counts at the server."""

    def before(self) -> None:
        """Before a request; may wait, which is not taken from the request's deadline. What it raises ends the get."""

    def after(self, status: int, headers: httpx.Headers) -> None:
        """With each answer."""


class Http:
    """GETs below one base address. Thread-safe as httpx.Client is; ``close`` it."""

    def __init__(
        self,
        base_url: str,
        *,
        headers: Callable[[], Mapping[str, str]] = dict,
        auth: tuple[str, str] | None = None,
        transport: httpx.BaseTransport | None = None,
        attempts: int = 3,
        max_connections: int = 10,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.watch: Watch | None = None
        self.clock_offset_seconds: float | None = None
        """How far the server's clock (its last ``Date``) is ahead of ``clock``; None while it told none."""
        self._clock = clock
        self._origin = origin_of(self.base_url)
        self._headers = headers
        self._attempts = attempts
        self._client = httpx.Client(
            auth=auth,
            transport=transport or guarded_transport(self.base_url, max_connections),
            follow_redirects=False,
            timeout=TIMEOUT,
        )

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str | int] | None = None,
        etag: str | None = None,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = MAX_BYTES,
        deadline_seconds: float = DEADLINE_SECONDS,
        redirects: int = 0,
    ) -> Reply:
        """GET ``url`` (absolute on the base's host, or a path below the base).

        Raises Unreachable (no answer within its retries) or BadAnswer (another host; TooLarge).
        At most ``redirects`` 301, 307 and 308 that stay on the host are followed, with the same credentials; any
        other 3xx is returned: the caller decides, and the credentials stay here.
        """
        deadline = Deadline(time.monotonic() + deadline_seconds)
        sent = {**self._headers(), **(headers or {})}
        if etag:
            sent["If-None-Match"] = etag
        reply = self._retried(self._on_host(url), params, sent, max_bytes, deadline)
        while redirects > 0 and reply.status in _MOVED and reply.location:
            target = _with_query(self._on_host(reply.location), reply.url)
            reply = self._retried(target, None, sent, max_bytes, deadline)
            redirects -= 1
        return reply

    def _on_host(self, url: str) -> str:
        """``url``, absolute. Raises BadAnswer when it leaves the base's scheme, host or port."""
        if "://" not in url:
            return self.base_url + "/" + url.lstrip("/")
        if origin_of(url) != self._origin:
            raise BadAnswer(
                f"{self.base_url} points to another host, {origin_of(url)[:200]}; it is not followed",
                advice="if the server moved, write its new address as the source's url",
            )
        return url

    def _retried(
        self,
        url: str,
        params: Mapping[str, str | int] | None,
        headers: Mapping[str, str],
        max_bytes: int,
        deadline: Deadline,
    ) -> Reply:
        try:
            return self._once(url, params, headers, max_bytes, deadline)
        except Retry as exc:
            failed = exc
        try:
            for attempt in stamina.retry_context(
                on=Retry, attempts=self._attempts, timeout=deadline.left(), wait_initial=0.2, wait_max=5.0
            ):
                with attempt:
                    if attempt.num == 1:  # that one was made above: retries alone are worth a retry's machinery
                        raise failed
                    return self._once(url, params, headers, max_bytes, deadline)
        except Retry as last:
            if last.reply is not None:
                return last.reply
            assert last.error is not None
            raise last.error from last
        raise AssertionError("stamina yields at least once")

    def _once(
        self,
        url: str,
        params: Mapping[str, str | int] | None,
        headers: Mapping[str, str],
        max_bytes: int,
        deadline: Deadline,
    ) -> Reply:
        with self._answered(url, params, headers, deadline) as (response, begun):
            body = b"".join(body_parts(response, max_bytes, deadline))
            took = time.monotonic() - begun
            reply = Reply(response.status_code, response.headers, body, str(response.request.url), took)
        if reply.status in _RETRIED and "Retry-After" not in reply.headers:
            raise Retry(reply, None)
        return reply

    @contextmanager
    def _answered(
        self, url: str, params: Mapping[str, str | int] | None, headers: Mapping[str, str], deadline: Deadline
    ) -> Iterator[tuple[httpx.Response, float]]:
        """One request's answer, its body unread, and when (time.monotonic()) the request went out. Raises Retry."""
        if self.watch is not None:
            asked = time.monotonic()
            self.watch.before()
            deadline.postpone(time.monotonic() - asked)
        begun = time.monotonic()
        with mapped(url), deadline.running():
            response = self._client.send(self._request(url, params, headers), stream=True)
            try:
                self._learn_clock(response.headers)
                if self.watch is not None:
                    self.watch.after(response.status_code, response.headers)
                yield response, begun
            finally:
                response.close()

    def _request(self, url: str, params: Mapping[str, str | int] | None, headers: Mapping[str, str]) -> httpx.Request:
        """What ``Client.build_request`` makes of it, without its merging, which costs a tenth of a whole request."""
        sent = {**_EVERY_REQUEST, **headers}
        timeouts = {"timeout": TIMEOUT.as_dict()}
        cookies = self._client.cookies or None
        return httpx.Request("GET", url, params=params, headers=sent, cookies=cookies, extensions=timeouts)

    def beginning(
        self,
        url: str,
        *,
        params: Mapping[str, str | int] | None = None,
        max_bytes: int,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> Reply:
        """GET ``url`` once and read no more than ``max_bytes`` of the body: for a log's part, or headers alone.

        Raises Unreachable or BadAnswer as ``get`` does; a longer body is not refused.
        """
        target = self._on_host(url)
        deadline = Deadline(time.monotonic() + deadline_seconds)
        try:
            with self._answered(target, params, self._headers(), deadline) as (response, begun):
                body = bytearray()
                for part in body_parts(response, MAX_BYTES, deadline):
                    body += part
                    if len(body) >= max_bytes:
                        break
                kept, took = bytes(body[:max_bytes]), time.monotonic() - begun
                return Reply(response.status_code, response.headers, kept, str(response.request.url), took)
        except Retry as exc:
            assert exc.error is not None
            raise exc.error from exc

    def _learn_clock(self, headers: httpx.Headers) -> None:
        told = http_date(headers.get("Date"))
        if told is not None:
            seconds = (told - self._clock()).total_seconds()
            self.clock_offset_seconds = 0.0 if abs(seconds) < _CLOCK_NOISE_SECONDS else round(seconds)

    def close(self) -> None:
        self._client.close()


def origin_of(url: str) -> str:
    """scheme://host[:port]. Raises BadAnswer for what is no http(s) address with a host."""
    try:
        scheme, host = urlsplit(url).scheme.lower(), host_of(url)
    except ValueError as exc:
        raise BadAnswer("an address with an impossible host or port was given; it is not followed") from exc
    if scheme not in ("http", "https") or not host:
        raise BadAnswer(f"only http and https addresses are read, not {url[:80]!r}")
    return f"{scheme}://{host}"


def _with_query(target: str, asked: str) -> str:
    """A repo's new address without a query means the same question, not another one."""
    query = urlsplit(asked).query
    return target if urlsplit(target).query or not query else f"{target}?{query}"
