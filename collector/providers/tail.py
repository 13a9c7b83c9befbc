"""The end of a long body of any host: for logs, whose hosts get no credentials of ours."""

from __future__ import annotations

import time
from dataclasses import dataclass

import httpx

from collector.providers.failed import TIMEOUT, Retry, mapped
from collector.providers.http import DEADLINE_SECONDS, origin_of
from collector.providers.wire import Deadline, body_parts, guarded_transport


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
    client = httpx.Client(transport=transport or guarded_transport(url, 1), timeout=TIMEOUT, trust_env=False)
    # A borrowed transport stays open for its owner: leaving the client's context would close it.
    try:
        stream = client.stream("GET", url, headers={"User-Agent": "ci-health", "Accept-Encoding": "gzip"})
        with mapped(safe), deadline.running(), stream as response:
            kept, total = bytearray(), 0
            for part in body_parts(response, max_bytes, deadline):
                total += len(part)
                kept = (kept + part)[-keep_bytes:]
            return Tail(response.status_code, bytes(kept), total)
    except Retry as exc:
        assert exc.error is not None
        raise exc.error from exc
    finally:
        if transport is None:
            client.close()
