"""The providers by name. Everything is loaded on first use: the web process never loads what only polls need.

A provider's folder has ``client.make_reader``, ``connect.connect``, ``webhook.parse`` and ``webhook.verify``, and
``selection``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import ModuleType

import httpx

from collector.providers.base import Backfills, SourceReader
from config.model import Config, GithubSource, JenkinsSource


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider: its folder below ``collector.providers``."""

    name: str

    @property
    def client(self) -> ModuleType:
        """Reads sources; may load the provider's own client library. For the collector."""
        return self._module("client")

    @property
    def past(self) -> ModuleType:
        """Reads further back than polls do. For ``backfill``."""
        return self._module("past")

    @property
    def webhook(self) -> ModuleType:
        """Tells a native webhook's signature and words; loads no client library. For the web process."""
        return self._module("webhook")

    @property
    def connect(self) -> ModuleType:
        """Tries a source and says what is missing. For ``check-config --connect``."""
        return self._module("connect")

    @property
    def selection(self) -> ModuleType:
        """Says what a source takes; for polls and pushes."""
        return self._module("selection")

    def _module(self, part: str) -> ModuleType:
        return import_module(f"collector.providers.{self.name}.{part}")


PROVIDERS: Mapping[str, Provider] = {name: Provider(name) for name in ("github", "jenkins")}


def make_reader(
    source: GithubSource | JenkinsSource,
    config: Config,
    environ: Mapping[str, str],
    *,
    transport: httpx.BaseTransport | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    shared: Path | None = None,
) -> SourceReader:
    """The reader of ``source``. Raises SecretError when its credentials cannot be had; asks nothing yet.

    ``shared``: the folder by which it heeds what other processes of this machine ask of the same provider
    (``storage.beside.shared_folder``); None: it is alone.
    """
    make: Callable[..., SourceReader] = PROVIDERS[source.provider].client.make_reader
    return make(source, config, environ, transport=transport, clock=clock, shared=shared)


def make_backfills(
    source: GithubSource | JenkinsSource, config: Config, environ: Mapping[str, str], *, shared: Path | None = None
) -> Backfills:
    """A reader of ``source`` that can read further back than polls do. Raises SecretError; asks nothing yet.

    ``shared``: see ``make_reader``.
    """
    provider = PROVIDERS[source.provider]
    is_github = isinstance(source, GithubSource)
    make: Callable[..., Backfills] = provider.client.make_reader if is_github else provider.past.make_past
    return make(source, config, environ, shared=shared)
