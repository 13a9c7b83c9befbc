"""Mail. yagmail opens the connection, nothing more: its composer attaches files by name and fetches style sheets."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import structlog
import yagmail

from collector.alerting.messages.model import Limits, Message
from collector.alerting.notifiers.base import TIMEOUT_SECONDS, Broken, NotSent, Refused, TryLater
from collector.alerting.rendering import mail

log = structlog.get_logger(__name__)

LIMITS = Limits(cards=10, briefs=200)
_TOO_BIG = 552


@dataclass(frozen=True, slots=True)
class Server:
    """``tls``: starttls, ssl or none. ``context``: None checks certificates as the system does."""

    host: str
    port: int
    tls: str
    user: str | None = None
    password: str | None = None
    context: ssl.SSLContext | None = None
    timeout_seconds: float = TIMEOUT_SECONDS


class Mail:
    """One mail a message, to all recipients, over a connection of its own."""

    limits = LIMITS

    def __init__(self, server: Server, sender: str, recipients: Sequence[str]) -> None:
        self._server, self._sender, self._recipients = server, sender, tuple(recipients)

    def send(self, message: Message, conversations: Sequence[str], *, plain: bool = False) -> str | None:
        envelope = mail.Envelope(self._sender, self._recipients, datetime.now(UTC), tuple(conversations))
        made = mail.mail(message, envelope, plain=plain)
        try:
            with self._connected() as smtp:
                refused = smtp.send_message(made, self._sender, list(self._recipients))
        except (smtplib.SMTPException, OSError) as exc:
            raise _not_sent(exc) from exc
        self._tell_refused(refused, made)
        return str(made["Message-ID"])

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        client = self._client()
        try:
            client.login()
            yield client.smtp
            with suppress(smtplib.SMTPException, OSError):
                client.smtp.quit()
        finally:
            client.is_closed = True
            if client.smtp is not None:
                client.smtp.close()

    def _client(self) -> Any:
        server = self._server
        context = server.context or ssl.create_default_context()
        over: dict[str, Any] = {"context": context} if server.tls == "ssl" else {}
        client = yagmail.SMTP(
            {server.user: server.user} if server.user else None,  # a plain user gets @gmail.com after it
            server.password,
            host=server.host,
            port=server.port,
            smtp_starttls={"context": context} if server.tls == "starttls" else False,
            smtp_ssl=server.tls == "ssl",
            smtp_skip_login=server.user is None,
            soft_email_validation=False,
            timeout=server.timeout_seconds,
            **over,
        )
        client.set_logging(None)
        return client

    def _tell_refused(self, refused: dict[str, tuple[int, bytes]], made: EmailMessage) -> None:
        for recipient, (code, said) in refused.items():
            log.warning(
                "the mail server refused a recipient",
                recipient=recipient,
                said=f"{code} {_said(said)}",
                done=f"{made['Message-ID']} went to the others",
                advice="take the address out of to:, or have it opened",
            )

    def close(self) -> None:
        """Each message has a connection of its own."""


def _not_sent(exc: Exception) -> NotSent:
    match exc:
        case smtplib.SMTPRecipientsRefused():
            return _recipients_refused(exc)
        case smtplib.SMTPNotSupportedError():
            return Broken(f"the mail server cannot do what is asked of it: {exc}", advice="check tls:, user: and port:")
        case smtplib.SMTPAuthenticationError() if exc.smtp_code >= 500:
            return Broken(f"the mail server refused the log-in: {_answer(exc)}", advice="check user: and password:")
        case smtplib.SMTPSenderRefused() if exc.smtp_code >= 500 and exc.smtp_code != _TOO_BIG:
            return Broken(f"the mail server refused the sender: {_answer(exc)}", advice="check from: and user:")
        case smtplib.SMTPDataError() | smtplib.SMTPSenderRefused() if exc.smtp_code >= 500:
            return Refused(f"the mail server refused the mail: {_answer(exc)}")
        case smtplib.SMTPResponseException():
            return TryLater(f"the mail server said {_answer(exc)}")
        case ssl.SSLCertVerificationError():
            advice = "add its authority with SSL_CERT_FILE, or write the name that it has in host:"
            return Broken("the mail server's certificate is not trusted here", advice=advice)
    return TryLater(f"the mail server did not answer ({type(exc).__name__}: {exc})")


def _recipients_refused(exc: smtplib.SMTPRecipientsRefused) -> NotSent:
    code, said = next(iter(exc.recipients.values()), (450, b""))
    told = f"the mail server refused every recipient: {code} {_said(said)}"
    if all(code >= 500 for code, _ in exc.recipients.values()):
        return Broken(told, advice="check to:, and whether the server relays for this machine")
    return TryLater(told)


def _answer(exc: smtplib.SMTPResponseException) -> str:
    return f"{exc.smtp_code} {_said(exc.smtp_error)}"


def _said(raw: bytes | str) -> str:
    return (raw if isinstance(raw, str) else raw.decode("utf-8", "replace"))[:200]
