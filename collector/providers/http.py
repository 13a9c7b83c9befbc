"""The one httpx client that providers read with: total deadline, size limit, retries, no way to another host.

Returns every HTTP status as a ``Reply`` (what a 403 means is the provider's to say); only what is no answer at
all raises. Tests and hosts that cannot run here plug in at ``transport``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import httpx
import stamina

from collector.domain.errors import BadAnswer, Unreachable
from collector.domain.names import host_of

MAX_BYTES = 32 * 1024 * 1024
DEADLINE_SECONDS = 30.0
_RETRIED = frozenset({500, 502, 503, 504})


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
            return json.loads(self.body)
        except (ValueError, RecursionError) as exc:
            kind = self.headers.get("Content-Type", "no content type")
            raise BadAnswer(f"{self.url} answered {self.status} with {kind} that is not JSON") from exc

    @property
    def etag(self) -> str | None:
        return self.headers.get("ETag")

    @property
    def next_url(self) -> str | None:
        """The Link header's ``next``, absolute; None on the last page."""
        links = httpx.Response(self.status, headers=self.headers).links
        target = links.get("next", {}).get("url")
        return urljoin(self.url, target) if target else None


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
        self._headers = headers
        self._attempts = attempts
        self._client = httpx.Client(
            auth=auth,
            transport=transport,
            follow_redirects=False,
            timeout=httpx.Timeout(15.0, connect=5.0),
            limits=httpx.Limits(max_connections=max_connections),
            headers={"User-Agent": "ci-health"},
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
    ) -> Reply:
        """GET ``url`` (absolute on the base's host, or a path below the base).

        Raises Unreachable (no answer within its retries) or BadAnswer (another host, too large).
        A 3xx is returned, never followed: the caller decides, and the credentials stay here.
        """
        target = url if "://" in url else self.base_url + "/" + url.lstrip("/")
        if host_of(target) != host_of(self.base_url):
            raise BadAnswer(f"{self.base_url} points to another host, {host_of(target)}; it is not followed")
        sent = {**self._headers(), **(headers or {})}
        if etag:
            sent["If-None-Match"] = etag
        give_up_at = time.monotonic() + deadline_seconds
        try:
            for attempt in stamina.retry_context(
                on=_Retry, attempts=self._attempts, timeout=deadline_seconds, wait_initial=0.2, wait_max=5.0
            ):
                with attempt:
                    return self._once(target, params, sent, max_bytes, give_up_at)
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
        give_up_at: float,
    ) -> Reply:
        try:
            with self._client.stream("GET", url, params=params, headers=headers) as response:
                body = self._read(response, max_bytes, give_up_at)
                reply = Reply(response.status_code, response.headers, body, str(response.request.url))
        except httpx.HTTPError as exc:
            raise _Retry(None, Unreachable(f"no answer from {url}: {type(exc).__name__} {exc}".strip())) from exc
        if reply.status in _RETRIED:
            raise _Retry(reply, None)
        return reply

    @staticmethod
    def _read(response: httpx.Response, max_bytes: int, give_up_at: float) -> bytes:
        """The decoded body, bounded in size and in total time."""
        chunks, size = [], 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > max_bytes:
                raise BadAnswer(f"{response.request.url} sent more than {max_bytes // 1024} KiB; the rest is not read")
            if time.monotonic() > give_up_at:
                raise httpx.ReadTimeout("the answer took longer than its total deadline")
            chunks.append(chunk)
        return b"".join(chunks)

    def close(self) -> None:
        self._client.close()
