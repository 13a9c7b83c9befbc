"""WebSocket bytes that are right under gevent, and one greenlet less a client than simple-websocket would take.

simple-websocket ignores what ``sock.send()`` returns; on a full buffer the rest of a frame is lost. ``SteadySocket``
sends all of it, one sender at a time, and gives up on a peer that took nothing for ten seconds. The middleware
hands it out in place of gunicorn's socket, and drops permessage-deflate (133 KB a client instead of 40).
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import Event
from gevent.lock import RLock

if TYPE_CHECKING:
    from webapp.services import Services

SEND_SECONDS = 10.0
MAX_INCOMING_BYTES = 64 * 1024
_PIECE = 256 * 1024


class SlowReader(OSError):
    """The peer took not one byte for ten seconds."""


class SteadySocket:
    """A socket whose ``send`` means ``sendall``. Everything else goes to the socket inside."""

    def __init__(self, inner: socket.socket) -> None:
        self._inner = inner
        self._lock = RLock()
        self._rest = memoryview(b"")

    def send(self, data: bytes) -> int:
        """Send all of ``data``; returns its length. Raises OSError; SlowReader after ten seconds without progress."""
        with self._lock:
            for view in (self._rest, memoryview(data)):
                self._send_all(view)
            self._rest = memoryview(b"")
        return len(data)

    def _send_all(self, view: memoryview) -> None:
        while view:
            try:
                with gevent.Timeout(SEND_SECONDS):
                    sent = self._inner.send(view[:_PIECE])
            except gevent.Timeout as exc:
                raise SlowReader("the client has not read for ten seconds") from exc
            view = view[sent:]

    def offer(self, data: bytes) -> int | None:
        """Give the kernel what it takes without waiting: how many bytes are left for the next ``send`` to begin with.

        None: nothing was taken, because somebody is sending, the buffer is full, or the peer is gone.
        """
        if self._rest or not self._lock.acquire(blocking=False):
            return None
        try:
            sent = os.write(self._inner.fileno(), data)
        except OSError:
            return None
        finally:
            self._lock.release()
        self._rest = memoryview(data)[sent:]
        return len(self._rest)

    sendall = send

    def recv(self, size: int) -> bytes:
        return self._inner.recv(size)

    def hang_up(self) -> None:
        """End the connection both ways; wakes whoever waits on it."""
        try:
            self._inner.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def close(self) -> None:
        """The end of the reading greenlet. gunicorn closes the socket itself, after the last frame was sent."""

    def fileno(self) -> int:
        return self._inner.fileno()


class SteadySockets:
    """WSGI middleware: what flask-sock finds as ``gunicorn.socket`` sends whole frames.

    ``services``: what the app works with, for gunicorn's worker, which sees nothing but this.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]], services: Services) -> None:
        self._app, self.services = app, services

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("HTTP_UPGRADE", "").lower() == "websocket":
            inner = environ.get("gunicorn.socket")
            if inner is not None:
                environ["gunicorn.socket"] = SteadySocket(inner)
            environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        return self._app(environ, start_response)


class BelowPath:
    """WSGI middleware: addresses below ``prefix`` are ours, too. A reverse proxy may strip it or leave it."""

    def __init__(self, app: Callable[..., Iterable[bytes]], prefix: str) -> None:
        self._app, self._prefix = app, prefix

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == self._prefix or path.startswith(self._prefix + "/"):
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + self._prefix
            environ["PATH_INFO"] = path[len(self._prefix) :] or "/"
        return self._app(environ, start_response)


class ReadingGreenlet:
    """What simple-websocket takes for a thread: a plain greenlet, without threading's bookkeeping."""

    def __init__(self, target: Callable[[], None]) -> None:
        self.name = "websocket"
        self._target = target

    def start(self) -> None:
        gevent.spawn(self._run)

    def _run(self) -> None:
        try:
            self._target()
        except OSError:
            return


SOCK_OPTIONS: dict[str, Any] = {
    "max_message_size": MAX_INCOMING_BYTES,
    "thread_class": ReadingGreenlet,
    "event_class": Event,
}


def text_frame(text: str) -> bytes:
    """One unmasked, final text frame (RFC 6455, 5.2): encoded once, sent to every client that wants it."""
    payload = text.encode()
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", 0x81, size)
    elif size < 65536:
        head = struct.pack("!BBH", 0x81, 126, size)
    else:
        head = struct.pack("!BBQ", 0x81, 127, size)
    return head + payload
