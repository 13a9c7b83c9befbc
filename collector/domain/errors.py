"""What can go wrong between us and a provider, in words that an operator can act on.

Foreign errors are mapped to these at the edge with ``from exc``; ``permanent`` decides whether trying again helps.
"""

from __future__ import annotations

from datetime import datetime


class CIHealthError(Exception):
    """Base of our own errors; ``str(error)`` is one plain sentence that may be shown to an operator."""


class SourceError(CIHealthError):
    """A source could not be read. ``permanent``: it stays so until somebody changes something."""

    permanent = False

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice
        """What the operator can do about it; empty when nothing."""


class Unreachable(SourceError):
    """No answer: time-out, refused connection, TLS, DNS, or a 5xx that outlived its retries."""


class BadAnswer(SourceError):
    """An answer that is not what the API promises: HTML for JSON, cut body, too large, a redirect elsewhere."""


class Waiting(SourceError):
    """The provider told us to wait: nothing is asked of it before ``until``."""

    def __init__(self, message: str, *, until: datetime, advice: str = "") -> None:
        super().__init__(message, advice=advice)
        self.until = until


class NotAllowed(SourceError):
    """401, or a 403 that is about rights and not about limits."""

    permanent = True


class NotFound(SourceError):
    """404 or 410: gone, renamed, or hidden from this token."""

    permanent = True


class MappingError(CIHealthError):
    """An object of a provider that is not what its API promises. ``field`` is the path of the value."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message
