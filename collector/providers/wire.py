"""Below ``http``: reads from a socket against a deadline, and unpacks bodies in bounded pieces.

httpx bounds each read, so that a server that sends a byte now and then holds a caller for ever; it waits for a name
to be resolved as long as the system likes; and it unpacks a whole chunk at once, so that 64 KiB become 64 MiB. All
are bounded here.
"""

from __future__ import annotations

import contextvars
import socket
import threading
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from collector.domain.errors import BadAnswer

_PIECE = 256 * 1024
RESOLVE_SECONDS = 10.0
NOT_RESOLVED = "is not resolved"
_deadline: contextvars.ContextVar[Deadline | None] = contextvars.ContextVar("deadline", default=None)


class TooLarge(BadAnswer):
    """A body that goes on beyond its limit."""


class Deadline:
    """An instant of time.monotonic() after which nothing more is read."""

    def __init__(self, at: float) -> None:
        self._at = at

    def left(self) -> float:
        """Seconds left, at least a little: 0 means "no time-out" to some."""
        return max(0.001, self._at - time.monotonic())

    def postpone(self, seconds: float) -> None:
        self._at += seconds

    def check(self) -> None:
        if time.monotonic() > self._at:
            raise httpx.ReadTimeout("the answer took longer than its total deadline")

    @contextmanager
    def running(self) -> Iterator[None]:
        """While in it, every read from a socket of a guarded transport in this thread ends by the deadline."""
        token = _deadline.set(self)
        try:
            yield
        finally:
            _deadline.reset(token)


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        deadline = _deadline.get()
        if deadline is not None:
            try:
                deadline.check()
            except httpx.ReadTimeout as exc:
                raise httpcore.ReadTimeout(str(exc)) from exc
            timeout = min(deadline.left(), timeout or deadline.left())
        return self._inner.read(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, timeout)

    def close(self) -> None:
        self._inner.close()

    def start_tls(self, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(*args, **kwargs))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, inner: httpcore.NetworkBackend) -> None:
        self._inner = inner

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *args: Any, **kwargs: Any
    ) -> httpcore.NetworkStream:
        """The first of the host's addresses that answers, each for at most ``timeout``, all by the deadline."""
        addresses = _resolved(host, port, min(_left(RESOLVE_SECONDS), RESOLVE_SECONDS))
        for place, address in enumerate(addresses, start=1):
            try:
                seconds = min(timeout or _left(RESOLVE_SECONDS), _left(RESOLVE_SECONDS))
                return _Stream(self._inner.connect_tcp(address, port, seconds, *args, **kwargs))
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if place == len(addresses):
                    raise
        raise httpcore.ConnectError(f"the name {host} {NOT_RESOLVED}: it has no address")

    def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        return _Stream(self._inner.connect_unix_socket(*args, **kwargs))

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


def _left(otherwise: float) -> float:
    deadline = _deadline.get()
    return otherwise if deadline is None else deadline.left()


def _resolved(host: str, port: int, seconds: float) -> list[str]:
    """The host's addresses. The system's resolver knows no time-out, so it is asked in a thread that may be left."""
    told: list[list[str] | OSError] = []

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            told.append(list(dict.fromkeys(str(address[0]) for *_, address in found)))
        except OSError as exc:
            told.append(exc)
        except UnicodeError:
            told.append(OSError("it is no name of a host"))

    asking = threading.Thread(target=ask, name="resolve", daemon=True)
    asking.start()
    asking.join(seconds)
    if not told:
        raise httpcore.ConnectTimeout(f"the name {host} {NOT_RESOLVED} after {seconds:.0f} s")
    if isinstance(told[0], OSError):
        raise httpcore.ConnectError(f"the name {host} {NOT_RESOLVED}: {told[0]}") from told[0]
    return told[0]


def guarded_transport(url: str, max_connections: int) -> httpx.HTTPTransport:
    """httpx's transport for ``url``'s host (through the environment's proxy, if any) whose reads heed ``Deadline``."""
    limits = httpx.Limits(max_connections=max_connections)
    transport = httpx.HTTPTransport(limits=limits, proxy=_proxy_for(url))
    # httpx 0.28 has no public way to give its pool another network backend; test_http holds this to its word.
    transport._pool._network_backend = _Backend(transport._pool._network_backend)
    return transport


def body_parts(response: httpx.Response, max_bytes: int, deadline: Deadline) -> Iterator[bytes]:
    """The decoded body in pieces of at most 256 KiB. Raises TooLarge beyond ``max_bytes``, ReadTimeout when late."""
    size = 0
    for part in _decoded(response):
        size += len(part)
        if size > max_bytes:
            host = response.request.url.host
            raise TooLarge(f"{host} sent more than {max_bytes // 1024} KiB; the rest is not read")
        deadline.check()
        yield part


def _decoded(response: httpx.Response) -> Iterable[bytes]:
    if response.is_stream_consumed:  # a transport may hand over an answer that it has read and decoded already
        return iter((response.content,))
    coding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if coding == "identity":
        return response.iter_raw()
    if coding in ("gzip", "x-gzip", "deflate"):
        return _inflated(response.iter_raw())
    raise BadAnswer(f"{response.request.url.host} answered in {coding[:40]!r}, which was not asked for")


def _inflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """zlib or gzip in pieces, however much a chunk unpacks to. A 304 may name a coding and have no body."""
    unpacker, begun = zlib.decompressobj(zlib.MAX_WBITS | 32), False
    try:
        for chunk in chunks:
            rest, begun = chunk, True
            while rest and not unpacker.eof:
                piece = unpacker.decompress(rest, _PIECE)
                rest = unpacker.unconsumed_tail
                if piece:
                    yield piece
        while piece := unpacker.decompress(b"", _PIECE):
            yield piece
    except zlib.error as exc:
        raise BadAnswer("an answer is compressed in a way that cannot be unpacked") from exc
    if begun and not unpacker.eof:
        raise httpx.RemoteProtocolError("the compressed answer ends in the middle")


def _proxy_for(url: str) -> str | None:
    parts = urlsplit(url)
    if parts.hostname is None or proxy_bypass(parts.hostname):
        return None
    proxies = getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")
