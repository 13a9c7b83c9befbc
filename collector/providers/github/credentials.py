"""Who a source asks as: a token, a GitHub App's installation, or nobody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from collector.providers.github.api import Credentials
from config.model import GithubSource
from config.secrets import SecretError, read_secret_file


class Anonymous:
    """No credentials: 60 requests an hour, and 304s are charged too."""

    identity = "anonymous"

    def headers(self) -> Mapping[str, str]:
        return {}

    def renew(self) -> bool:
        return False


class Token:
    """A token that ``read`` gives, read again when GitHub refuses it: its file may hold a newer one by then."""

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read
        self._token = read()

    @property
    def identity(self) -> str:
        return f"token:{self._token}"

    @property
    def token(self) -> str:
        return self._token

    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._token}"}

    def renew(self) -> bool:
        try:
            token = self._read()
        except SecretError:
            return False
        renewed, self._token = token != self._token, token
        return renewed


def credentials_of(source: GithubSource, environ: Mapping[str, str], clock: Callable[[], datetime]) -> Credentials:
    """The source's credentials. Raises SecretError: a variable or file is missing or empty."""
    if source.app is not None:
        # PyGithub is loaded only where it is used: an anonymous or token source does without.
        from collector.providers.github.pygithub import AppCredentials

        key = read_secret_file(Path(source.app.private_key_file))
        return AppCredentials(source.url, source.app.id, source.app.installation_id, key, clock)
    if source.token is None and source.token_file is None:
        return Anonymous()
    return Token(lambda: source.read_token(environ) or "")
