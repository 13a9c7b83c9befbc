"""An HTTP/1.1 server on loopback for the demo and the tests: threads, keep-alive, faults, a journal, a quick stop."""

from __future__ import annotations

import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

from collector.demo.faults import Answer, Entry, Fault, FaultBook, Journal, Request, apply


class _Sockets(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = False

    def __init__(self, address: tuple[str, int], owner: LoopbackServer) -> None:
        self.owner = owner
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is a bug of ours and shows in ``failures``."""
        import sys

        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError | ValueError) and error is not None:
            self.owner.failures.append(error)

    def hang_up(self) -> None:
        """Ends every open connection, so that no idle keep-alive outlives the server."""
        with self._open_lock:
            for each in self._open:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Sockets
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        """The journal is the log."""

    def _read(self) -> Request:
        path, _, query = self.path.partition("?")
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        fields = dict(parse_qsl(query, keep_blank_values=True))
        body = self.rfile.read(length) if length else b""
        return Request(self.command, path, fields, headers, body, self.server.owner.url + self.path)

    def do_GET(self) -> None:
        owner = self.server.owner
        request = self._read()
        owner.journal.enter()
        try:
            answer, fault = self._answer(owner, request)
            drips = fault is not None and fault.drip is not None
            if drips:
                self._send(answer, fault, owner)
        finally:
            owner.journal.leave()
        if not drips:  # no longer in flight: a client that has its answer may ask again before we come back here
            self._send(answer, fault, owner)

    do_POST = do_GET
    do_HEAD = do_GET

    def _answer(self, owner: LoopbackServer, request: Request) -> tuple[Answer, Fault | None]:
        fault = owner.faults.take(request)
        if fault is not None and fault.delay_seconds:
            owner.stopping.wait(fault.delay_seconds)
        answer = owner.answer(request) if fault is None or not fault.drop else Answer(0, charged=False)
        if fault is not None:
            answer = apply(fault, answer, request)
        # Noted first: a client that has its answer finds the request in the journal.
        owner.journal.note(Entry(owner.clock(), request, answer.status, answer.charged, fault))
        return answer, fault

    def _send(self, answer: Answer, fault: Fault | None, owner: LoopbackServer) -> None:
        if fault is not None and fault.drop:
            self.close_connection = True
            return
        head = self._head(answer, owner.clock())
        body = b"" if self.command == "HEAD" or answer.status == 304 else answer.body
        if fault is not None and fault.cut_after is not None:
            self.close_connection = True
            body = body[: fault.cut_after]
        if fault is None or fault.drip is None:
            self.wfile.write(head + body)
            return
        size, pause_seconds = fault.drip
        self.wfile.write(head)
        for start in range(0, len(body), size):
            self.wfile.write(body[start : start + size])
            if owner.stopping.wait(pause_seconds):
                self.close_connection = True
                return

    def _head(self, answer: Answer, now: datetime) -> bytes:
        reason = HTTPStatus(answer.status).phrase if answer.status in HTTPStatus._value2member_map_ else ""
        headers = {"Date": format_datetime(now, usegmt=True), **answer.headers}
        if answer.status not in (204, 304):
            headers["Content-Length"] = str(len(answer.body))
        lines = [f"HTTP/1.1 {answer.status} {reason}", *(f"{name}: {value}" for name, value in headers.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


class LoopbackServer(ABC):
    """Base of the demo's servers: ``answer`` says what is true, faults bend it, the journal remembers.

    Starts with ``start()`` (or ``with``), listens on 127.0.0.1 at a free port, ends within a second with ``stop()``.
    """

    def __init__(self, clock: Callable[[], datetime], port: int = 0) -> None:
        self.clock = clock
        self.faults = FaultBook()
        self.journal = Journal()
        self.stopping = threading.Event()
        self.failures: list[BaseException] = []
        """Errors of the server itself; a test may assert that there are none."""
        self._sockets = _Sockets(("127.0.0.1", port), self)
        self._thread = threading.Thread(target=self._sockets.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        return self._sockets.server_port

    @property
    def url(self) -> str:
        """Scheme, host and port, without a trailing slash."""
        return f"http://127.0.0.1:{self.port}"

    @abstractmethod
    def answer(self, request: Request) -> Answer:
        """What is true, before any fault bends it."""

    def misbehave(self, fault: Fault) -> None:
        """From now on (for ``fault.times`` matching requests) answer as the fault says."""
        self.faults.add(fault)

    def clear_faults(self) -> None:
        self.faults.clear()

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stops listening and ends open connections. Harmless when repeated."""
        if self.stopping.is_set():
            return
        self.stopping.set()
        if self._thread.is_alive():
            self._sockets.shutdown()
            self._thread.join(2)
        self._sockets.hang_up()
        self._sockets.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
