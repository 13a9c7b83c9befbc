"""What a notifier is, and what can become of a message."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

from collector.alerting.messages.model import Limits, Message
from collector.domain.errors import CIHealthError

TIMEOUT_SECONDS = 10.0
LONGEST_RETRY_AFTER_SECONDS = 86_400.0


class NotSent(CIHealthError):
    """The receiver did not say yes. ``str`` says what happened, ``advice`` what the operator can do."""

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice


class TryLater(NotSent):
    """It may work later. ``retry_after_seconds``: the receiver said when."""

    def __init__(self, message: str, *, advice: str = "", retry_after_seconds: float | None = None) -> None:
        super().__init__(message, advice=advice)
        self.retry_after_seconds = retry_after_seconds


class Refused(NotSent):
    """This message is refused for good; another one may be taken."""


class Broken(NotSent):
    """The receiver is gone for good, or refuses us: every message, until somebody changes something."""


class Notifier(Protocol):
    """Sends to one receiver. Used by one thread at a time; ``close`` it."""

    limits: Limits

    def send(self, message: Message, conversations: Sequence[str], *, plain: bool = False) -> str | None:
        """Returns once the receiver said yes: the key that goes on with this conversation, None when there is none.

        ``conversations``: the keys under which it was told of these alerts before, oldest first. ``plain``: as short
        and plain as the medium allows. Raises TryLater, Refused or Broken.
        """
        ...

    def close(self) -> None: ...


def retry_after(header: str | None, now: datetime) -> float | None:
    """A Retry-After header in seconds from ``now`` (it holds seconds or an HTTP date); None for what is neither.

    >>> from datetime import UTC
    >>> retry_after("30", datetime(2026, 3, 1, tzinfo=UTC)), retry_after("soon", datetime(2026, 3, 1, tzinfo=UTC))
    (30.0, None)
    """
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(header) - now).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_SECONDS) if seconds == seconds else None


def of_status(status: int, said: str, retry: float | None) -> NotSent:
    """What an HTTP status other than 2xx means for a receiver."""
    told = f"it answered {status}{f' ({said[:200]})' if said else ''}"
    if status == 429 or status in (408, 425) or status >= 500:
        return TryLater(told, retry_after_seconds=retry)
    if status in (401, 403, 404, 410):
        return Broken(told, advice="check its address and credentials in collectors.yaml")
    if status < 400:
        return Broken(f"{told}, a redirect, which is not followed", advice="write its new address in collectors.yaml")
    return Refused(told)


def unix_seconds() -> int:
    """For headers that tell the time of sending."""
    return int(time.time())
