"""Receivers: the configured destinations of notifications."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, Strict

from config.durations import Duration
from config.entry import Entry
from config.hours import Digest, Quiet
from config.secrets import Secret
from config.texts import FilePath, HttpUrl, MailAddress, Name, Text

ReceiverKind = Literal["slack", "email", "webhook", "file", "stdout"]
KINDS: tuple[ReceiverKind, ...] = ("slack", "email", "webhook", "file", "stdout")
Port = Annotated[int, Strict(), Field(ge=1, le=65535)]
_PORTS = {"starttls": 587, "ssl": 465, "none": 25}


class Slack(Entry):
    """An incoming webhook, or a bot's token and a channel."""

    webhook_url: Secret | None = Field(default=None, description="the incoming webhook's address, as ${NAME}")
    token: Secret | None = Field(default=None, description="a bot token with chat:write, as ${NAME}")
    token_file: FilePath | None = Field(default=None, description="a file that holds the bot token")
    channel: Text | None = Field(default=None, description="the channel the bot posts to: '#ci' or its id")
    api_url: HttpUrl = Field(default="https://slack.com/api", description="where Slack's API is")

    @classmethod
    def misfits(cls, given: Mapping[str, object]) -> Iterator[str]:
        ways = [way for way in ("webhook_url", "token", "token_file") if way in given]
        if len(ways) != 1:
            yield "needs one of webhook_url, or token (or token_file) with channel"
        elif ("channel" in given) == (ways == ["webhook_url"]):
            yield "channel goes with token: a token needs one, a webhook_url has its own"


class Email(Entry):
    """Mail through an SMTP server."""

    from_: MailAddress = Field(alias="from", description="the sender's address")
    to: tuple[MailAddress, ...] = Field(min_length=1, description="the recipients' addresses")
    host: Text = Field(description="the SMTP server")
    port: Port | None = Field(default=None, description="without it 587, 465 (ssl) or 25 (none)")
    tls: Literal["starttls", "ssl", "none"] = Field(default="starttls", description="how the connection is protected")
    user: Text | None = Field(default=None, description="the user to log in as")
    password: Secret | None = Field(default=None, description="the password, as ${NAME}")

    @classmethod
    def misfits(cls, given: Mapping[str, object]) -> Iterator[str]:
        if ("user" in given) != ("password" in given):
            yield "needs user and password together, or neither"

    @property
    def effective_port(self) -> int:
        return self.port if self.port is not None else _PORTS[self.tls]


class Webhook(Entry):
    """A generic receiver; with a secret, bodies are signed as GitHub's are (X-Hub-Signature-256)."""

    url: HttpUrl = Field(description="where notifications are posted")
    secret: Secret | None = Field(default=None, description="what bodies are signed with, as ${NAME}")


class File(Entry):
    """A file that notifications are appended to."""

    path: FilePath = Field(description="the file; a relative one starts at the folder of this file")
    format: Literal["text", "json"] = Field(default="text", description="readable text, or one JSON object a line")


class Stdout(Entry):
    """The standard output of the collector."""

    format: Literal["text", "json"] = Field(default="text", description="readable text, or one JSON object a line")


class Receiver(Entry):
    """A destination: its name and exactly one of slack, email, webhook, file, stdout."""

    name: Name = Field(description="a unique name, used in a rule's to:")
    slack: Slack | None = Field(default=None, description="{webhook_url} or {token, channel}")
    email: Email | None = Field(default=None, description="{from, to, host, port, tls, user, password}")
    webhook: Webhook | None = Field(default=None, description="{url, secret}")
    file: File | None = Field(default=None, description="{path}")
    stdout: Stdout | None = Field(default=None, description="{}")
    group_wait: Duration = Field(default=timedelta(seconds=30), description="after this quiet the first goes at once")
    group_interval: Duration = Field(default=timedelta(seconds=30), description="then at most one message in this time")
    quiet_hours: Quiet | None = Field(default=None, description='{from: "22:00", to: "07:00", timezone, days, except}')
    digest: Digest | None = Field(default=None, description='{at: "08:00", timezone, days, only}')

    @classmethod
    def misfits(cls, given: Mapping[str, object]) -> Iterator[str]:
        kinds = [kind for kind in KINDS if kind in given]
        if len(kinds) != 1:
            found = f"has {' and '.join(kinds)}" if kinds else "has no destination"
            yield f"{found}; give it exactly one of {', '.join(KINDS)}"

    @property
    def kind(self) -> ReceiverKind:
        return next(kind for kind in KINDS if getattr(self, kind) is not None)
