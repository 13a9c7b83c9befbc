"""A Slack or generic webhook and an SMTP server on loopback: slow, failing and journaling as told."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import random
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(frozen=True)
class Answer:
    """What to say. ``hangs``: say nothing and close after so many seconds. ``taken``: it counts as taken all the same:
    nobody can know on the other side."""

    status: int = 200
    body: str = "ok"
    headers: Mapping[str, str] = field(default_factory=dict)
    hangs: float | None = None
    taken: bool = False


@dataclass(frozen=True)
class Asked:
    path: str
    headers: Mapping[str, str]
    raw: bytes
    at: float
    answer: Answer

    @property
    def json(self) -> Any:
        return json.loads(self.raw)

    @property
    def accepted(self) -> bool:
        if self.answer.hangs is not None:
            return self.answer.taken
        return self.answer.status == 200 and '"ok": false' not in self.answer.body


class HttpStandIn:
    """Answers POSTs by ``decide``; keeps all that it was asked, in order."""

    def __init__(self, decide: Callable[[str, bytes], Answer], delay: Callable[[], float] = lambda: 0.0) -> None:
        self.asked: list[Asked] = []
        self.busy = threading.Event()
        """Set while a request is being answered."""
        self._lock = threading.Lock()
        self._closing = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                outer.busy.set()
                time.sleep(delay())
                with outer._lock:
                    answer = decide(self.path, raw)
                    outer.asked.append(Asked(self.path, dict(self.headers.items()), raw, time.monotonic(), answer))
                    outer.busy.clear()
                self.close_connection = True
                if answer.hangs is not None:
                    outer._closing.wait(answer.hangs)
                    return
                self._say(answer)

            do_GET = do_POST

            def _say(self, answer: Answer) -> None:
                body = answer.body.encode()
                try:
                    self.send_response(answer.status)
                    for name, value in {"Connection": "close", **answer.headers}.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    return  # the other side was killed

            def log_message(self, *_args: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def accepted(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.accepted]

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def http_standin(*answers: Answer, delay: Callable[[], float] = lambda: 0.0) -> Iterator[HttpStandIn]:
    """Gives the answers one after the other, then the last for ever."""
    left = list(answers) or [Answer()]
    standin = HttpStandIn(lambda _path, _raw: left.pop(0) if len(left) > 1 else left[0], delay)
    try:
        yield standin
    finally:
        standin.close()


def faulty_slack(chance: random.Random, *, retry_after: str = "1") -> Callable[[str, bytes], Answer]:
    """Fails a third of the time, each in one of the ways in which Slack does."""
    faults = [
        Answer(429, "ratelimited", {"Retry-After": retry_after}),
        Answer(500, "internal error"),
        Answer(503, "", {}),
        Answer(hangs=0.0),
        Answer(hangs=0.0, taken=True),
    ]

    def decide(_path: str, _raw: bytes) -> Answer:
        return chance.choice(faults) if chance.random() < 1 / 3 else Answer()

    return decide


@dataclass(frozen=True)
class Received:
    sender: str
    recipients: tuple[str, ...]
    mail: EmailMessage
    raw: bytes

    def part(self, kind: str) -> str:
        found = self.mail.get_body((kind,))
        assert found is not None
        return str(found.get_content())


class _OnAnyPort(Controller):
    """aiosmtpd looks at its port for a sign of life before it knows which one port 0 became."""

    def _trigger_server(self) -> None:
        self.port = int(self.server.sockets[0].getsockname()[1])  # type: ignore[union-attr]
        super()._trigger_server()


class SmtpStandIn:
    """Takes mail; ``decide`` may give another reply to DATA, ``rcpt`` to a recipient."""

    def __init__(
        self,
        decide: Callable[[], str] = lambda: "250 OK",
        *,
        delay: Callable[[], float] = lambda: 0.0,
        rcpt: Callable[[str], str | None] = lambda _address: None,
        mail: Callable[[str], str | None] = lambda _address: None,
        **options: Any,
    ) -> None:
        self.received: list[Received] = []
        self.asked = 0
        self._decide, self._delay, self._rcpt, self._mail = decide, delay, rcpt, mail
        self._controller = _OnAnyPort(self, hostname="127.0.0.1", port=0, **options)
        self._controller.start()
        self.port = self._controller.port

    async def handle_MAIL(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if said := self._mail(address):
            return said
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if said := self._rcpt(address):
            return said
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        await asyncio.sleep(self._delay())
        self.asked += 1
        said = self._decide()
        if said.startswith("250"):
            raw = envelope.content if isinstance(envelope.content, bytes) else b""
            made = email.message_from_bytes(raw, policy=email.policy.default)
            assert isinstance(made, EmailMessage)
            self.received.append(Received(envelope.mail_from or "", tuple(envelope.rcpt_tos), made, raw))
        return said

    def close(self) -> None:
        self._controller.stop()


@contextmanager
def smtp_standin(decide: Callable[[], str] = lambda: "250 OK", **options: Any) -> Iterator[SmtpStandIn]:
    standin = SmtpStandIn(decide, **options)
    try:
        yield standin
    finally:
        standin.close()


def server_context(certificate: str, key: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
