"""Who may post builds of a provider, and for which sources a credential speaks. Pure, but for reading secrets once."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from collector.providers.github import webhook as github_webhook
from config.model import Config, GithubSource, JenkinsSource

Source = GithubSource | JenkinsSource


@dataclass(frozen=True, slots=True, repr=False)
class Credential:
    """A secret that posts may carry. ``source``: whose it is; None for an ingest token, which speaks for all."""

    value: bytes
    source: Source | None

    def __repr__(self) -> str:
        return f"Credential(of {self.source.name if self.source else 'ingest_tokens'})"


@dataclass(frozen=True, slots=True)
class Sender:
    """What a post may tell. ``bound``: only what one of ``sources`` takes; else anything they do not leave out."""

    sources: tuple[Source, ...]
    bound: bool


@dataclass(frozen=True, slots=True)
class Presented:
    """What a post carries to prove itself: the signature header, and the token or password, each None when absent."""

    signature: str | None = None
    token: bytes | None = None


@dataclass(frozen=True, slots=True)
class Denied:
    """Why a post is turned away: 401 when a credential is missing or wrong, 403 when nobody may post."""

    status: int
    message: str


class Posting:
    """The credentials of every provider, resolved once at start."""

    def __init__(self, config: Config, environ: Mapping[str, str]) -> None:
        """Raises SecretError for a secret that cannot be had."""
        self._sources = config.sources
        self._tokens = tuple(Credential(secret.resolve(environ).encode(), None) for secret in config.ingest_tokens)
        self._own = tuple(
            Credential(secret.resolve(environ).encode(), source)
            for source in config.sources
            for secret in (source.webhook_secrets if isinstance(source, GithubSource) else source.webhook_tokens)
        )

    def secrets(self) -> tuple[str, ...]:
        """Every secret, to be masked wherever a text might repeat it."""
        return tuple(one.value.decode() for one in (*self._own, *self._tokens))

    def asks(self, provider: str) -> bool:
        """Whether posts of the provider must carry a credential."""
        return bool(self._credentials(provider))

    def _credentials(self, provider: str) -> tuple[Credential, ...]:
        own = tuple(one for one in self._own if one.source is not None and one.source.provider == provider)
        return own + self._tokens

    def _of(self, provider: str) -> tuple[Source, ...]:
        return tuple(source for source in self._sources if source.provider == provider)

    def sender(self, provider: str, presented: Presented, raw_body: bytes, *, open_here: bool) -> Sender | Denied:
        """Who sent this. ``open_here``: posting without a credential is fine where none is configured."""
        credentials = self._credentials(provider)
        if not credentials:
            return self._anybody(provider, open_here)
        value = _proven(credentials, presented, raw_body)
        if value is None:
            return Denied(401, _wanted(presented))
        holders = [one for one in credentials if hmac.compare_digest(one.value, value)]
        if any(one.source is None for one in holders):
            return Sender(self._of(provider), bound=False)
        return Sender(_distinct(holders), bound=True)

    def _anybody(self, provider: str, open_here: bool) -> Sender | Denied:
        if open_here:
            return Sender(self._of(provider), bound=False)
        return Denied(
            403,
            f"nobody may post builds of {provider} here: configure ingest_tokens, or the source's webhook secrets",
        )


def _distinct(holders: list[Credential]) -> tuple[Source, ...]:
    by_name = {one.source.name: one.source for one in holders if one.source is not None}
    return tuple(by_name.values())


def _proven(credentials: tuple[Credential, ...], presented: Presented, raw_body: bytes) -> bytes | None:
    """The secret that the post proves to know; every one is tried, in constant time."""
    values = [one.value for one in credentials]
    if presented.signature is not None:
        index = github_webhook.verify(values, raw_body, presented.signature)
        return None if index is None else values[index]
    if presented.token is None:
        return None
    found = None
    for value in values:
        if hmac.compare_digest(value, presented.token) and value:
            found = value
    return found


def _wanted(presented: Presented) -> str:
    if presented.signature is not None:
        return "X-Hub-Signature-256 is not the body's signature by a configured secret"
    if presented.token is not None:
        return "the token is none of the configured ones"
    return "sign the body (X-Hub-Signature-256), or send a token, as Bearer or as the password of Basic authorization"
