"""Requests that failed: httpx's errors as ours, and whether asking again helps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from collector.domain.errors import BadAnswer, Unreachable
from collector.providers.reply import Reply
from collector.providers.wire import NOT_RESOLVED

TIMEOUT = httpx.Timeout(15.0, connect=5.0)


class Retry(Exception):
    """What may pass when it is asked again: an answer like 502, or no answer. Its receiver never lets it on."""

    def __init__(self, reply: Reply | None, error: Unreachable | None) -> None:
        super().__init__()
        self.reply, self.error = reply, error


@contextmanager
def mapped(shown: str) -> Iterator[None]:
    """httpx's errors as ours: what may pass is tried again, what the address itself forbids is not."""
    try:
        yield
    except httpx.HTTPError as exc:
        detail = f"{type(exc).__name__} {exc}".strip()
        raise Retry(None, Unreachable(f"no answer from {shown}: {detail}", advice=_advice(exc))) from exc
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
