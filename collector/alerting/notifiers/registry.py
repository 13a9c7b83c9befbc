"""A receiver's config to its notifier. A new kind is a file and a line in ``_MAKERS``; libraries load when used."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from collector.alerting.notifiers.base import Notifier
from config.receivers import Receiver, ReceiverKind
from config.secrets import Secret, read_secret_file

Environ = Mapping[str, str]


def make_notifier(receiver: Receiver, environ: Environ) -> Notifier:
    """Resolves the receiver's secrets. Raises SecretError."""
    return _MAKERS[receiver.kind](receiver, environ)


def fingerprint(receiver: Receiver) -> str:
    """Differs when the receiver's config does. Secrets are not in it: even their hash has no place in a database."""
    return hashlib.sha256(receiver.model_dump_json().encode()).hexdigest()[:16]


def _slack(receiver: Receiver, environ: Environ) -> Notifier:
    from collector.alerting.notifiers.slack import SlackBot, SlackWebhook

    given = receiver.slack
    assert given is not None
    if given.webhook_url is not None:
        return SlackWebhook(given.webhook_url.resolve(environ))
    token = read_secret_file(Path(given.token_file)) if given.token_file else _resolved(given.token, environ)
    return SlackBot(token or "", given.channel or "", given.api_url)


def _email(receiver: Receiver, environ: Environ) -> Notifier:
    from collector.alerting.notifiers.email import Mail, Server

    given = receiver.email
    assert given is not None
    password = _resolved(given.password, environ)
    server = Server(given.host, given.effective_port, given.tls, given.user, password)
    return Mail(server, given.from_, given.to)


def _webhook(receiver: Receiver, environ: Environ) -> Notifier:
    from collector.alerting.notifiers.webhook import Webhook

    given = receiver.webhook
    assert given is not None
    return Webhook(given.url, _resolved(given.secret, environ))


def _file(receiver: Receiver, _environ: Environ) -> Notifier:
    from collector.alerting.notifiers.file import File

    given = receiver.file
    assert given is not None
    return File(Path(given.path), given.format)


def _stdout(receiver: Receiver, _environ: Environ) -> Notifier:
    from collector.alerting.notifiers.file import Stdout

    given = receiver.stdout
    assert given is not None
    return Stdout(given.format)


def _resolved(secret: Secret | None, environ: Environ) -> str | None:
    return secret.resolve(environ) if secret is not None else None


_MAKERS: dict[ReceiverKind, Callable[[Receiver, Environ], Notifier]] = {
    "slack": _slack,
    "email": _email,
    "webhook": _webhook,
    "file": _file,
    "stdout": _stdout,
}
