"""How a server misbehaves on demand, and the journal of what was asked of it. Thread-safe; made for tests.

    server.misbehave(Fault("*/actions/runs", status=429, headers={"Retry-After": "2"}, times=3))
    server.misbehave(html_for_json("*/workflows"))
    ...
    assert server.journal.count("*/actions/runs", status=429) == 3
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from fnmatch import fnmatchcase

SECONDARY_LIMIT = (
    b'{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",'
    b'"documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"}'
)
LOGIN_PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><form>Sign in</form></body></html>"


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to misbehave for requests whose path matches ``path`` (a glob, the query left out).

    What is not set stays as the true answer has it: ``Fault("*", delay_seconds=2)`` is only slow.
    """

    path: str = "*"
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    """Set in place of the true ones; an empty text removes the header."""
    body: bytes | None = None
    times: int | None = None
    """For so many matching requests; None: until ``clear_faults``."""
    after: int = 0
    """So many matching requests pass first."""
    delay_seconds: float = 0.0
    """Waits before the first byte (the server's stop ends the wait)."""
    cut_after: int | None = None
    """Drops the connection after so many bytes of the body, though Content-Length promised more."""
    drip: tuple[int, float] | None = None
    """(bytes, seconds): sends the body in pieces of so many bytes, pausing between."""
    drop: bool = False
    """Closes the connection without a byte."""
    endless_link: bool = False
    """Each answer names the asked URL, one page on, as the next page."""
    method: str = "GET"
    """Only requests of this method."""


def server_errors(path: str = "*", times: int = 3, status: int = 500) -> Fault:
    return Fault(path, status=status, body=b'{"message":"Server Error"}', times=times)


def too_many(path: str = "*", retry_after: int | str | None = 2, times: int | None = 1) -> Fault:
    """429, with Retry-After in seconds or as an HTTP date, or without."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Fault(path, status=429, headers=headers, body=SECONDARY_LIMIT, times=times)


def secondary_limit(path: str = "*", retry_after: int | None = None, times: int | None = 1) -> Fault:
    """GitHub's 403 that means "slow down": quota is left, Retry-After may be missing, only the body says it."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Fault(path, status=403, headers=headers, body=SECONDARY_LIMIT, times=times)


def html_for_json(path: str = "*", times: int | None = 1) -> Fault:
    """A proxy's sign-in page with status 200, where JSON was promised."""
    return Fault(
        path, status=200, headers={"Content-Type": "text/html; charset=utf-8", "ETag": ""}, body=LOGIN_PAGE, times=times
    )


def redirect(path: str, to: str, status: int = 302, times: int | None = 1) -> Fault:
    return Fault(path, status=status, headers={"Location": to}, body=b"", times=times)


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked. ``path`` is raw (still percent-encoded), header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    url: str = ""

    @property
    def auth(self) -> str | None:
        return self.headers.get("authorization")


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back; ``charged``: it costs one of the token's requests."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    charged: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """One request and what became of it."""

    at: datetime
    request: Request
    status: int
    charged: bool
    fault: Fault | None = None

    @property
    def path(self) -> str:
        return self.request.path


class FaultBook:
    """The faults in force, in the order they were added; the first that matches and is not used up acts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[tuple[Fault, int]] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append((fault, 0))

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def take(self, request: Request) -> Fault | None:
        """The fault that acts on this request, its use counted; None: behave."""
        with self._lock:
            for place, (fault, used) in enumerate(self._faults):
                if fault.method != request.method or not fnmatchcase(request.path, fault.path):
                    continue
                if fault.times is not None and used >= fault.after + fault.times:
                    continue
                self._faults[place] = (fault, used + 1)
                if used >= fault.after:
                    return fault
        return None


def apply(fault: Fault, answer: Answer, request: Request) -> Answer:
    """The true answer as the fault bends it (what concerns the connection is the server's to do)."""
    headers = dict(answer.headers)
    if fault.endless_link:
        page = int(request.query.get("page", "1")) + 1
        headers["Link"] = f'<{request.url.split("?")[0]}?page={page}>; rel="next"'
    headers |= fault.headers
    return replace(
        answer,
        status=fault.status or answer.status,
        headers={name: value for name, value in headers.items() if value},
        body=answer.body if fault.body is None else fault.body,
    )


MOST_ENTRIES = 20_000
"""A demo runs for days; older entries are forgotten."""


class Journal:
    """Every request a server got (the newest 20,000), noted when its answer is about to be sent, with counters."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque(maxlen=MOST_ENTRIES)
        self._in_flight = 0
        self._most_in_flight = 0

    def enter(self) -> None:
        with self._lock:
            self._in_flight += 1
            self._most_in_flight = max(self._most_in_flight, self._in_flight)

    def leave(self) -> None:
        with self._lock:
            self._in_flight -= 1

    def note(self, entry: Entry) -> None:
        with self._lock:
            self._entries.append(entry)

    def entries(self, path: str = "*", status: int | None = None) -> Sequence[Entry]:
        """Those whose path matches the glob and, if asked, whose answer had this status."""
        with self._lock:
            entries = tuple(self._entries)
        return [e for e in entries if fnmatchcase(e.path, path) and status in (None, e.status)]

    def count(self, path: str = "*", status: int | None = None) -> int:
        return len(self.entries(path, status))

    @property
    def charged(self) -> int:
        """How many requests cost something: all but 304s and what is free of charge."""
        return sum(entry.charged for entry in self.entries())

    @property
    def most_in_flight(self) -> int:
        """The greatest number of requests that were being answered at one time."""
        with self._lock:
            return self._most_in_flight

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self._most_in_flight = self._in_flight
