"""Asking one controller: through its gate, ranged ``tree=`` only, and every answer judged.

All sources with the same controller share its gate, so that its bound holds however often it is named, and in whatever
process: a backfill runs beside a collector.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from collector.domain.errors import BadAnswer, NotAllowed, NotFound, Unreachable, Waiting
from collector.providers.http import Http, Reply, http_date
from collector.providers.jenkins.gate import gate_of
from collector.providers.jenkins.slots import AT_ONCE
from config.model import JenkinsSource

_LONGEST_WAIT = timedelta(hours=1)


class BrokenPage(Unreachable):
    """A 500: the controller is there, but this page of it fails. Says nothing about its other pages."""


class Api:
    """GETs below a controller's root. Thread-safe."""

    def __init__(
        self,
        url: str,
        instance: str,
        *,
        auth: tuple[str, str] | None,
        clock: Callable[[], datetime],
        transport: httpx.BaseTransport | None = None,
        shared: Path | None = None,
    ) -> None:
        """``shared``: see ``gate_of``."""
        self.url = url.rstrip("/")
        self._gate = gate_of(instance, shared)
        self._has_credentials = auth is not None
        self._clock = clock
        self._http = Http(self.url, auth=auth, transport=transport, max_connections=AT_ONCE, clock=clock)
        self.version: str | None = None
        """What the controller says it is (``X-Jenkins``), once it answered."""
        self._counting = threading.Lock()
        self.requests = 0
        """How often something was asked."""

    @classmethod
    def of(
        cls,
        source: JenkinsSource,
        environ: Mapping[str, str],
        *,
        clock: Callable[[], datetime],
        transport: httpx.BaseTransport | None,
        shared: Path | None,
    ) -> Api:
        """Of a source's controller, as its user. Raises SecretError when its token cannot be had; asks nothing yet."""
        token = source.read_token(environ)
        auth = (source.user, token) if source.user and token else None
        return cls(source.url, source.instance, auth=auth, transport=transport, clock=clock, shared=shared)

    def tree(self, path: str, tree: str) -> dict[str, Any]:
        """``<path>/api/json?tree=<tree>``. Raises SourceError; a 404 is NotFound."""
        where = f"{path}/api/json" if path else "api/json"
        return self.object(where, {"tree": tree})

    def object(self, path: str, params: dict[str, str | int] | None = None) -> dict[str, Any]:
        """A JSON object. Raises SourceError: not allowed, not there, no answer, or something else than JSON."""
        reply = self._judged(self._get(path, params))
        told = replace(reply, url=_shown(reply)).json()
        if not isinstance(told, dict):
            raise BadAnswer(f"{_shown(reply)} answered with JSON that is no object")
        return told

    def beginning(self, path: str, params: dict[str, str | int], max_bytes: int) -> Reply:
        """A text's first ``max_bytes``, for logs. Raises SourceError; a 404 is NotFound."""
        self._count()
        with self._gate.turn() as turn:
            reply = self._http.beginning(path, params=params, max_bytes=max_bytes)
            turn.took(reply.seconds, len(reply.body))
        return self._judged(reply, is_json=False)

    @property
    def clock_offset_seconds(self) -> float | None:
        """How far the controller's clock is ahead of ours; None while it told none."""
        return self._http.clock_offset_seconds

    def close(self) -> None:
        self._http.close()

    def _get(self, path: str, params: dict[str, str | int] | None) -> Reply:
        self._count()
        with self._gate.turn() as turn:
            reply = self._http.get(path, params=params)
            turn.took(reply.seconds, len(reply.body))
        return reply

    def _count(self) -> None:
        with self._counting:
            self.requests += 1

    def _judged(self, reply: Reply, *, is_json: bool = True) -> Reply:
        self.version = reply.headers.get("X-Jenkins") or self.version
        if reply.status != 200:
            raise self._refused(reply)
        if is_json and (
            reply.headers.get("Content-Type", "").startswith("text/html") or reply.body.lstrip()[:1] == b"<"
        ):
            raise BadAnswer(
                f"{_shown(reply)} answered with an HTML page that looks like a login page",
                advice="check that url is the controller's root and that user and token are right",
            )
        return reply

    def _refused(self, reply: Reply) -> Exception:
        status, shown = reply.status, _shown(reply)
        if status in (401, 403):
            return NotAllowed(f"{shown} answered {status}", advice=self._advice(status))
        if status in (404, 410):
            return NotFound(
                f"{shown} answered {status}", advice="it was deleted or renamed, or the user may not see it"
            )
        if status in (429, 503) and (until := self._told_to_wait(reply)):
            return Waiting(f"{shown} answered {status} and asks to wait", until=until)
        if status >= 500:
            kind = BrokenPage if status == 500 else Unreachable
            return kind(f"{shown} answered {status}", advice="see the controller's own log")
        if 300 <= status < 400:
            return BadAnswer(
                f"{shown} redirects to {(reply.location or 'nowhere')[:200]}",
                advice="write the address it ends at as the source's url, or give it a user and token",
            )
        return BadAnswer(f"{shown} answered {status}", advice="check the source's url")

    def _advice(self, status: int) -> str:
        if not self._has_credentials:
            return "give the source a user and token"
        if status == 401:
            return "user or token is wrong or was revoked; make a new API token for the user"
        return "give the user the permissions Overall/Read and Job/Read"

    def _told_to_wait(self, reply: Reply) -> datetime | None:
        """When Retry-After (seconds, or a date on the controller's clock) ends, an hour away at most; None without."""
        told, now = reply.headers.get("Retry-After", "").strip(), self._clock()
        if told.isascii() and told.isdigit() and len(told) < 10:
            return now + min(timedelta(seconds=int(told)), _LONGEST_WAIT)
        until = http_date(told)
        if until is None:
            return now + timedelta(minutes=1) if reply.status == 429 else None
        wait = until - (http_date(reply.headers.get("Date")) or now)
        return now + min(max(wait, timedelta(0)), _LONGEST_WAIT)


def _shown(reply: Reply) -> str:
    """The address without its query: a tree is long and says nothing to an operator."""
    return reply.url.partition("?")[0][:300]
