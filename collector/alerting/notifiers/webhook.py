"""A generic webhook: the documented JSON, signed as GitHub signs its own."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import httpx

from collector.alerting.messages.model import Limits, Message
from collector.alerting.notifiers.base import (
    TIMEOUT_SECONDS,
    Broken,
    NotSent,
    TryLater,
    of_status,
    retry_after,
    unix_seconds,
)
from collector.alerting.rendering import text
from collector.domain.errors import BadAnswer
from collector.providers.wire import Deadline, body_parts, guarded_transport

LIMITS = Limits(cards=50, briefs=1000)
DEADLINE_SECONDS = 20.0
MOST_ANSWER_BYTES = 64 * 1024
PLAINER_CHARS = 2000
_PLAIN_KEYS = ("id", "kind", "transition", "state", "repo", "pipeline", "branch", "since", "resolved_at")


class Webhook:
    """POSTs; redirects are not followed, and the whole exchange has a deadline."""

    limits = LIMITS

    def __init__(self, url: str, secret: str | None = None, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._url, self._secret, self._timeout_seconds = url, secret, timeout_seconds
        self._client = httpx.Client(
            transport=guarded_transport(url, 1),
            follow_redirects=False,
            trust_env=False,
            timeout=httpx.Timeout(timeout_seconds, connect=min(5.0, timeout_seconds)),
        )

    def send(self, message: Message, conversations: Sequence[str], *, plain: bool = False) -> str | None:
        body = json.dumps(_plainer(message) if plain else message.body).encode()
        status, said, wait = self._post(body, message)
        if not 200 <= status < 300:
            raise of_status(status, said, wait)
        return None

    def _post(self, body: bytes, message: Message) -> tuple[int, str, float | None]:
        deadline = Deadline(time.monotonic() + min(DEADLINE_SECONDS, 2 * self._timeout_seconds))
        try:
            stream = self._client.stream("POST", self._url, content=body, headers=self._headers(body, message))
            with deadline.running(), stream as answer:
                said = b""
                with suppress(BadAnswer, httpx.HTTPError):  # the status has been given: what follows cannot undo it
                    said = b"".join(body_parts(answer, MOST_ANSWER_BYTES, deadline))
                wait = retry_after(answer.headers.get("Retry-After"), datetime.now(UTC))
                return answer.status_code, said.decode("utf-8", "replace").strip(), wait
        except httpx.HTTPError as exc:
            raise _unanswered(exc) from exc
        except (httpx.InvalidURL, UnicodeError) as exc:
            raise Broken("its address is none that can be posted to", advice="check url: of this receiver") from exc

    def _headers(self, body: bytes, message: Message) -> dict[str, str]:
        signed = {"X-Hub-Signature-256": signature(self._secret, body)} if self._secret else {}
        return {
            "Content-Type": "application/json",
            "User-Agent": "ci-health",
            "webhook-id": message.id,
            "webhook-timestamp": str(unix_seconds()),
            **signed,
        }

    def close(self) -> None:
        self._client.close()


def signature(secret: str, body: bytes) -> str:
    """What X-Hub-Signature-256 holds."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _plainer(message: Message) -> Mapping[str, Any]:
    """The same shape with fewer keys, nothing but ASCII, and no word of a log or commit."""
    alerts = [{key: _ascii(alert.get(key)) for key in _PLAIN_KEYS} for alert in message.body.get("alerts", [])]
    kept = {key: message.body.get(key) for key in ("version", "id", "receiver", "sent_at", "more")}
    return {**kept, "headline": text.plainer(message, PLAINER_CHARS).split("\n")[0], "note": None, "alerts": alerts}


def _ascii(value: object) -> object:
    return value.encode("ascii", "replace").decode() if isinstance(value, str) else value


def _unanswered(exc: httpx.HTTPError) -> NotSent:
    if "CERTIFICATE_VERIFY_FAILED" in str(exc):
        return Broken("its certificate is not trusted here", advice="add its authority with SSL_CERT_FILE")
    return TryLater(f"it did not answer ({type(exc).__name__}: {exc})")
