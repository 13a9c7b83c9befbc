"""Tries a controller as the collector would: who we are, what we see, what is missing, what polling costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from collector.domain.errors import MappingError, NotAllowed, NotFound, SourceError
from collector.domain.names import controller_of
from collector.providers.finding import Finding, missing, per_hour
from collector.providers.jenkins import controller
from collector.providers.jenkins.api import Api
from collector.providers.jenkins.builds import read_builds
from collector.providers.jenkins.jobs import Rules
from collector.providers.jenkins.listing import Listed, Listing, list_jobs
from collector.providers.jenkins.mapping import NO_WAITS
from collector.providers.jenkins.selection import selects
from config.model import Config, JenkinsSource

NOTIFIER = "notification"


def connect(
    source: JenkinsSource,
    config: Config,
    environ: Mapping[str, str],
    *,
    transport: httpx.BaseTransport | None = None,
    clock: Callable[[], datetime],
    shared: Path | None = None,
) -> Iterator[Finding]:
    """What is found, as it is found. Raises SourceError when the controller cannot be read, and SecretError."""
    api = Api.of(source, environ, transport=transport, clock=clock, shared=shared)
    try:
        yield from _Trial(source, api, clock()).findings(config.interval_of(source).total_seconds())
    finally:
        api.close()


class _Trial:
    def __init__(self, source: JenkinsSource, api: Api, now: datetime) -> None:
        self._source, self._api, self._now = source, api, now
        self._lists = 0

    def findings(self, interval_seconds: float) -> Iterator[Finding]:
        listing = list_jobs(self._ask, Rules.of(self._source), self._source.folders)
        facts = controller.read_facts(self._api)
        yield from _who(self._source, facts)
        taken = [one for one in listing.jobs if self._takes(one)]
        yield _jobs(listing, taken)
        yield from (missing(trouble.error) for trouble in listing.troubles)
        yield from self._builds(taken)
        yield from self._queue()
        yield from _stages(facts)
        yield from _root(self._source, listing)
        yield _webhook(self._source, facts)
        yield self._cost(taken, interval_seconds)

    def _ask(self, path: str, tree: str) -> Mapping[str, Any]:
        self._lists += 1
        return self._api.tree(path, tree)

    def _takes(self, one: Listed) -> bool:
        return selects(self._source, one.job.full_name, one.job.branch, one.job.pipeline.external_id)

    def _builds(self, taken: Sequence[Listed]) -> Iterator[Finding]:
        """Of one job that has builds: what may be read of one may be read of its neighbours, as a rule."""
        one = next((one for one in taken if one.last_number), None)
        if one is None:
            return
        try:
            found = read_builds(self._api.tree, one, NO_WAITS, since=None, limit_at=self._now)
            yield Finding("sees", f"the builds of {one.job.full_name}, the last of them #{one.last_number}")
            yield from self._console(one) if found or one.last_number else ()
        except SourceError as exc:
            yield missing(exc)

    def _console(self, one: Listed) -> Iterator[Finding]:
        try:
            self._api.beginning(f"{one.job.path}/{one.last_number}/logText/progressiveText", {"start": 0}, 1)
        except NotAllowed:
            yield Finding("missing", "Job/Read on consoles: failed builds have no log excerpt", "grant Job/Read")
        except NotFound:
            return

    def _queue(self) -> Iterator[Finding]:
        try:
            waiting = controller.read_queue(self._api).get("items")
            yield Finding("sees", f"the queue, where {len(waiting) if isinstance(waiting, list) else 0} items wait")
        except (SourceError, MappingError) as exc:
            yield Finding("note", f"the queue cannot be read, so what waits is not shown: {exc}")

    def _cost(self, taken: Sequence[Listed], interval_seconds: float) -> Finding:
        lists = per_hour(self._lists, interval_seconds)
        return Finding(
            "cost",
            f"{lists} requests an hour while nothing builds ({self._lists} for the list of {len(taken)} jobs, every"
            f" {round(interval_seconds)} s); 1 more for each job that built, 1 for a Pipeline's stages, 2 at most for a"
            " failed build's console; the queue while something waits. Two at a time at most",
        )


def _who(source: JenkinsSource, facts: controller.Facts) -> Iterator[Finding]:
    version = f"Jenkins {facts.version}" if facts.version else "a Jenkins that does not tell its version"
    if facts.user:
        yield Finding("sees", f"{version}, as {facts.user}")
    elif source.user:
        yield Finding(
            "missing",
            f"{version} does not know the user {source.user}; only what anonymous may see is read",
            "check user and token; the user needs Overall/Read",
        )
    else:
        yield Finding("sees", f"{version}, as anonymous")


def _jobs(listing: Listing, taken: Sequence[Listed]) -> Finding:
    disabled = sum(one.disabled for one in taken)
    pipelines = len({one.job.pipeline.external_id for one in taken})
    if not taken:
        advice = "grant Job/Read on the folders, or correct folders:, jobs:, include: and exclude:"
        return Finding("missing", f"no job to watch among the {len(listing.jobs)} that the user may see", advice)
    told = f"{len(taken)} of {len(listing.jobs)} jobs are watched, {pipelines} pipelines"
    return Finding("sees", told + (f", {disabled} of the jobs disabled" if disabled else ""))


def _stages(facts: controller.Facts) -> Iterator[Finding]:
    if facts.has_stages is None:
        yield Finding("note", "which plugins there are may not be seen (Overall/SystemRead); stages are tried")
    elif not facts.has_stages:
        yield Finding("note", "the plugin pipeline-rest-api is not there: Pipelines are shown without stages")


def _root(source: JenkinsSource, listing: Listing) -> Iterator[Finding]:
    """The name by which the controller speaks of itself, where it is none that the config tells."""
    names = {controller_of(url) for url in (source.url, *source.aliases)}
    if listing.root and controller_of(listing.root) not in names:
        yield Finding(
            "note",
            f"the controller calls itself {listing.root}: its webhooks are taken for this source's once it was polled",
            f"aliases: [{listing.root}] takes them from the start",
        )


def _webhook(source: JenkinsSource, facts: controller.Facts) -> Finding:
    wanted = "" if source.webhook_tokens else "; the source has no webhook_tokens, so ingest_tokens are asked for"
    if facts.plugins is None:
        return Finding("webhook", f"whether the Notification plugin is there may not be seen{wanted}")
    if NOTIFIER not in facts.plugins:
        return Finding("webhook", "none: the Notification plugin is not there; builds are seen by polls alone")
    return Finding("webhook", f"the Notification plugin is there; Jenkins does not tell which jobs use it{wanted}")
