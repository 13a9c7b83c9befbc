"""``check-config --connect``: tries each source as the collector would, and says what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from collector.domain.errors import CIHealthError, SourceError
from collector.poller import utc_now
from collector.providers.finding import Finding, missing
from collector.providers.registry import PROVIDERS
from config.model import Config, GithubSource, JenkinsSource


@dataclass(frozen=True, slots=True)
class Tried:
    """One source and what was found; ``ok``: it can be read and nothing is missing."""

    source: GithubSource | JenkinsSource
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        return not any(finding.kind == "missing" for finding in self.findings)


def try_sources(
    config: Config,
    environ: Mapping[str, str],
    *,
    transport: httpx.BaseTransport | None = None,
    shared: Path | None = None,
) -> Iterator[Tried]:
    """Each source in turn; what goes wrong with one is its finding. Nothing is stored.

    ``shared``: see ``providers.registry.make_reader``.
    """
    for source in config.sources:
        yield Tried(source, tuple(_found(source, config, environ, transport, shared)))


def _found(
    source: GithubSource | JenkinsSource,
    config: Config,
    environ: Mapping[str, str],
    transport: httpx.BaseTransport | None,
    shared: Path | None,
) -> Iterator[Finding]:
    try:
        yield from PROVIDERS[source.provider].connect.connect(
            source, config, environ, transport=transport, clock=utc_now, shared=shared
        )
    except (SourceError, CIHealthError) as exc:
        yield missing(exc)


def connect_sources(
    config: Config, environ: Mapping[str, str], say: Callable[[str], object], shared: Path | None = None
) -> int:
    """Tries each source and says what came of it: 0, or 1 when one cannot be read as it is meant."""
    ok = True
    for tried in try_sources(config, environ, shared=shared):
        ok &= tried.ok
        for line in lines(tried):
            say(line)
    return 0 if ok else 1


def lines(tried: Tried) -> Iterator[str]:
    """The source in words: what it is, then a line for each finding."""
    source = tried.source
    verdict = "can be read" if tried.ok else "NOT AS MEANT"
    yield f"source {source.name} ({source.provider}, {source.instance}): {verdict}"
    for finding in tried.findings:
        yield f"  {finding.kind}: {finding.text}" + (f"; do: {finding.advice}" if finding.advice else "")
