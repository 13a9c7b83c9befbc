"""The one httpx client that providers read with: total deadline, size limit, retries, no way to another host.

Returns every HTTP status as a ``Reply`` (what a 403 means is the provider's to say); only what is no answer at
all raises. Tests and hosts that cannot run here plug in at ``transport``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx
import stamina

from collector.domain.errors import BadAnswer, Unreachable
from collector.domain.names import host_of
from collector.providers.reply import Reply, http_date
from collector.providers.wire import NOT_RESOLVED, Deadline, TooLarge, body_parts, guarded_transport

__all__ = ["DEADLINE_SECONDS", "MAX_BYTES", "Http", "Reply", "Tail", "TooLarge", "get_tail", "http_date", "origin_of"]

MAX_BYTES = 32 * 1024 * 1024
DEADLINE_SECONDS = 30.0
_RETRIED = frozenset({500, 502, 503, 504})
_MOVED = frozenset({301, 307, 308})
# Its own hook logs each retry without saying of what; the caller says it once, when all retries are spent.
stamina.instrumentation.set_on_retry_hooks(())
_CLOCK_NOISE_SECONDS = 5.0
"""Date has whole seconds, and an answer may be on its way for some."""


class _Retry(Exception):
    """Carries a reply or an error through stamina; never leaves this module."""

    def __init__(self, reply: Reply | None, error: Unreachable | None) -> None:
        super().__init__()
        self.reply, self.error = reply, error


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
            timeout=httpx.Timeout(15.0, connect=5.0),
            headers={"User-Agent": "ci-health", "Accept-Encoding": "gzip"},
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
        target = url if "://" in url else self.base_url + "/" + url.lstrip("/")
        if origin_of(target) != self._origin:
            raise BadAnswer(
                f"{self.base_url} points to another host, {origin_of(target)[:200]}; it is not followed",
                advice="if the server moved, write its new address as the source's url",
            )
        return target

    def _retried(
        self,
        url: str,
        params: Mapping[str, str | int] | None,
        headers: Mapping[str, str],
        max_bytes: int,
        deadline: Deadline,
    ) -> Reply:
        try:
            for attempt in stamina.retry_context(
                on=_Retry, attempts=self._attempts, timeout=deadline.left(), wait_initial=0.2, wait_max=5.0
            ):
                with attempt:
                    return self._once(url, params, headers, max_bytes, deadline)
        except _Retry as last:
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
        begun = time.monotonic()
        stream = self._client.stream("GET", url, params=params, headers=headers)
        with _mapped(url), deadline.running(), stream as response:
            self._learn_clock(response.headers)
            body = b"".join(body_parts(response, max_bytes, deadline))
            took = time.monotonic() - begun
            reply = Reply(response.status_code, response.headers, body, str(response.request.url), took)
        if reply.status in _RETRIED and "Retry-After" not in reply.headers:
            raise _Retry(reply, None)
        return reply

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
        begun = time.monotonic()
        deadline, target = Deadline(begun + deadline_seconds), self._on_host(url)
        stream = self._client.stream("GET", target, params=params, headers=self._headers())
        try:
            with _mapped(target), deadline.running(), stream as response:
                body = bytearray()
                for part in body_parts(response, MAX_BYTES, deadline):
                    body += part
                    if len(body) >= max_bytes:
                        break
                kept, took = bytes(body[:max_bytes]), time.monotonic() - begun
                return Reply(response.status_code, response.headers, kept, str(response.request.url), took)
        except _Retry as exc:
            assert exc.error is not None
            raise exc.error from exc

    def _learn_clock(self, headers: httpx.Headers) -> None:
        told = http_date(headers.get("Date"))
        if told is not None:
            seconds = (told - self._clock()).total_seconds()
            self.clock_offset_seconds = 0.0 if abs(seconds) < _CLOCK_NOISE_SECONDS else round(seconds)

    def close(self) -> None:
        self._client.close()


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of a long body: its last bytes, and how many there were in all."""

    status: int
    kept: bytes
    total: int


def get_tail(
    url: str,
    *,
    keep_bytes: int,
    max_bytes: int,
    deadline_seconds: float = DEADLINE_SECONDS,
    transport: httpx.BaseTransport | None = None,
) -> Tail:
    """GET ``url`` of any http(s) host without credentials or redirects, keeping only the last ``keep_bytes``.

    Raises Unreachable, or BadAnswer when the body goes on beyond ``max_bytes`` (its end is then out of reach).
    """
    deadline = Deadline(time.monotonic() + deadline_seconds)
    safe = f"{origin_of(url)} (address not shown: it is signed)"
    client = httpx.Client(
        transport=transport or guarded_transport(url, 1), timeout=httpx.Timeout(15.0, connect=5.0), trust_env=False
    )
    # A borrowed transport stays open for its owner: leaving the client's context would close it.
    try:
        stream = client.stream("GET", url, headers={"User-Agent": "ci-health", "Accept-Encoding": "gzip"})
        with _mapped(safe), deadline.running(), stream as response:
            kept, total = bytearray(), 0
            for part in body_parts(response, max_bytes, deadline):
                total += len(part)
                kept = (kept + part)[-keep_bytes:]
            return Tail(response.status_code, bytes(kept), total)
    except _Retry as exc:
        assert exc.error is not None
        raise exc.error from exc
    finally:
        if transport is None:
            client.close()


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


@contextmanager
def _mapped(shown: str) -> Iterator[None]:
    """httpx's errors as ours: what may pass is tried again, what the address itself forbids is not."""
    try:
        yield
    except httpx.HTTPError as exc:
        detail = f"{type(exc).__name__} {exc}".strip()
        raise _Retry(None, Unreachable(f"no answer from {shown}: {detail}", advice=_advice(exc))) from exc
    except (httpx.InvalidURL, UnicodeError) as exc:
        raise BadAnswer(f"{shown} is no address that can be asked for") from exc


_ADVICE = (
    (NOT_RESOLVED, "check the host in the source's url, and that this machine's DNS knows it"),
    ("CERTIFICATE", "the server's certificate is not trusted here; add its authority with SSL_CERT_FILE"),
    ("SSL", "check whether the source's url is https or http, and the server's TLS"),
    ("Timeout", "the server is too slow or a firewall drops what is sent to it"),
)


def _advice(exc: httpx.HTTPError) -> str:
    """By what the error says of itself: httpx has one class for a name, a port and a certificate that is wrong."""
    told = f"{type(exc).__name__} {exc}"
    found = next((advice for part, advice in _ADVICE if part in told), None)
    return found or "check the address and that this machine may reach it"
