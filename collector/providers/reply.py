"""One answer of a provider, read whole, and what its headers tell."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, NoReturn
from urllib.parse import urljoin

import httpx

from collector.domain.errors import BadAnswer

_ETAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]{0,256}"')


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, read whole and closed."""

    status: int
    headers: httpx.Headers
    body: bytes
    url: str
    seconds: float = 0.0
    """From the request to the end of the answer, without earlier tries."""

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


@lru_cache(maxsize=64)  # answers of one second all have the same
def http_date(text: str | None) -> datetime | None:
    """An HTTP date as aware UTC; None for nothing, or what is no date with a zone."""
    try:
        at = parsedate_to_datetime(text) if text else None
        return at.astimezone(UTC) if at and at.tzinfo else None
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _no_json_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
