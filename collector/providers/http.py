"""The one httpx client that providers read with: total deadline, size limit, retries, no way to another host.

Returns every HTTP status as a ``Reply`` (what a 403 means is the provider's to say); only what is no answer at
all raises. Tests and hosts that cannot run here plug in at ``transport``.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import urljoin, urlsplit

import httpx
import stamina

from collector.domain.errors import BadAnswer, Unreachable
from collector.domain.names import host_of
from collector.providers.wire import Deadline, body_parts, guarded_transport

MAX_BYTES = 32 * 1024 * 1024
DEADLINE_SECONDS = 30.0
_RETRIED = frozenset({500, 502, 503, 504})
_MOVED = frozenset({301, 307, 308})
# Its own hook logs each retry without saying of what; the caller says it once, when all retries are spent.
stamina.instrumentation.set_on_retry_hooks(())
_ETAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]{0,256}"')


class _Retry(Exception):
    """Carries a reply or an error through stamina; never leaves this module."""

    def __init__(self, reply: Reply | None, error: Unreachable | None) -> None:
        super().__init__()
        self.reply, self.error = reply, error


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, read whole and closed."""

    status: int
    headers: httpx.Headers
    body: bytes
    url: str

    def json(self) -> Any:
        """The body as JSON. Raises BadAnswer naming the URL and what came instead."""
        try:
            return json.loads(self.body, parse_constant=_no_json_number)
        except (ValueError, RecursionError) as exc:
            kind = self.headers.get("Content-Type", "no content type")
            raise BadAnswer(f"{self.url} answered {self.status} with {kind[:80]} that is not JSON") from exc

    @property
    def etag(self) -> str | None:
        """The ETag as it is to be sent back; None when there is none, or none that HTTP allows."""
        tag = self.headers.get("ETag")
        return tag if tag and _ETAG.fullmatch(tag) else None

    @property
    def next_url(self) -> str | None:
        """The Link header's ``next``, absolute; None on the last page."""
        header = self.headers.get("Link", "").encode("utf-8", "replace")
        links = httpx.Response(self.status, headers=[(b"Link", header)]).links
        return self._absolute(links.get("next", {}).get("url"))

    @property
    def location(self) -> str | None:
        """Where a redirect points, absolute; None when it points nowhere."""
        return self._absolute(self.headers.get("Location"))

    def _absolute(self, target: str | None) -> str | None:
        try:
            return urljoin(self.url, target) if target else None
        except ValueError as exc:
            raise BadAnswer(f"{self.url} points to an address that is none") from exc


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
    ) -> None:
        self.base_url = base_url.rstrip("/")
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

        Raises Unreachable (no answer within its retries) or BadAnswer (another host, too large).
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
        stream = self._client.stream("GET", url, params=params, headers=headers)
        with _mapped(url), deadline.running(), stream as response:
            body = b"".join(body_parts(response, max_bytes, deadline))
            reply = Reply(response.status_code, response.headers, body, str(response.request.url))
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
        deadline, target = Deadline(time.monotonic() + deadline_seconds), self._on_host(url)
        stream = self._client.stream("GET", target, params=params, headers=self._headers())
        try:
            with _mapped(target), deadline.running(), stream as response:
                body = bytearray()
                for part in body_parts(response, MAX_BYTES, deadline):
                    body += part
                    if len(body) >= max_bytes:
                        break
                return Reply(response.status_code, response.headers, bytes(body[:max_bytes]), str(response.request.url))
        except _Retry as exc:
            assert exc.error is not None
            raise exc.error from exc

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


def _advice(exc: httpx.HTTPError) -> str:
    if "CERTIFICATE" in str(exc):
        return "the server's certificate is not trusted here; add its authority with SSL_CERT_FILE"
    return "check the address and that this machine may reach it; it is tried again by itself"


def _no_json_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
