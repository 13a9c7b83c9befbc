"""Which pipelines of a controller are watched, and what the lists say of them: disabled, renamed, deleted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from datetime import datetime

from collector.domain.model import WorkflowWord
from collector.domain.names import watch_key
from collector.providers.base import DELETED, UNWATCHED, Batch, Memory, Watching, watching_batches
from collector.providers.jenkins.jobs import PROVIDER
from collector.providers.jenkins.listing import Listed, Listing
from collector.providers.jenkins.mapping import map_pipeline
from collector.providers.jenkins.selection import takes_job
from config.model import JenkinsSource


class Watch:
    """Of one source, kept as long as it is read."""

    def __init__(self, source: JenkinsSource) -> None:
        self._source = source
        self._told: Set[str] | None = None
        self._pipelines: dict[str, WorkflowWord] = {}

    def changes(self, listing: Listing, jobs: Sequence[Listed], memory: Memory) -> Iterator[Batch]:
        """What is watched, where it is not what was told last. What may be where the walk did not come is not left."""
        before = memory.watching() if self._told is None else self._told
        there = listing.containers | {one.job.full_name for one in listing.jobs}
        shown = {self._key(one.job.pipeline.external_id or "") for one in jobs}
        now = shown | {key for key in before - shown if not self._is_left(self._name(key), listing, there)}
        yield from watching_batches(before, now, lambda key: self._why_left(self._name(key), there))
        if self._told is None:
            yield Batch(watching=Watching())
        self._told = now

    def news(self, jobs: Sequence[Listed], now: datetime) -> list[WorkflowWord]:
        """Pipelines that changed, as of now: Jenkins does not tell when a job was disabled, enabled or renamed."""
        told = {
            one.job.pipeline.external_id: map_pipeline(one.job, disabled=one.disabled, url=one.url)
            for one in jobs
            if one.job.pipeline.external_id
        }
        news = [word for name, word in told.items() if self._pipelines.get(name) != word]
        self._pipelines.update((word.external_id, word) for word in news)
        return [replace(word, updated_at=now) for word in news]

    def _key(self, pipeline: str) -> str:
        return watch_key(PROVIDER, self._source.instance, "", pipeline)

    def _name(self, key: str) -> str:
        return key.removeprefix(self._key(""))

    def _is_left(self, name: str, listing: Listing, there: Set[str]) -> bool:
        """Gone, or selected no more. A project without branches is still there."""
        return not takes_job(self._source, name) or (name not in there and listing.would_show(name))

    def _why_left(self, name: str, there: Set[str]) -> str:
        return UNWATCHED if name in there or not takes_job(self._source, name) else DELETED
