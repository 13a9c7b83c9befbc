"""Reads a controller's past further back than polls do: job by job the lists of builds, then what details they lack.

A mark of its own (``past:<job>``) says how far each job was read, so that it works beside a polling collector and goes
on where it was left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import httpx

from collector.domain.errors import SourceError, Waiting
from collector.domain.times import parse_instant, to_api
from collector.providers.base import BackfillCounts, Batch, Budget, Memory, Trouble
from collector.providers.jenkins import controller
from collector.providers.jenkins.ahead import ahead
from collector.providers.jenkins.api import Api
from collector.providers.jenkins.batches import told, words_of
from collector.providers.jenkins.builds import Read, build_pages, is_unmoved, read_up_to
from collector.providers.jenkins.details import Detail, Want, read_detail, want_of
from collector.providers.jenkins.jobs import Job, Rules
from collector.providers.jenkins.listing import Listed, list_jobs
from collector.providers.jenkins.mapping import NO_WAITS, MappedBuild
from collector.providers.jenkins.selection import selects, takes_branch
from collector.providers.jenkins.watch import Watch
from config.model import Config, JenkinsSource

STAGELESS = 3
"""So many builds without stages before any with some, and a controller that hides its plugins is asked for no more."""
_PAST = "past:"


def make_past(
    source: JenkinsSource,
    config: Config,
    environ: Mapping[str, str],
    *,
    transport: httpx.BaseTransport | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    shared: Path | None = None,
) -> JenkinsPast:
    """Reads the past of ``source``; asks nothing yet. Raises SecretError when its token cannot be had."""
    api = Api.of(source, environ, transport=transport, clock=clock, shared=shared)
    return JenkinsPast(source, api)


@dataclass(frozen=True, slots=True)
class Noted:
    """How far a job's past was read: up to ``read``, back to builds that began at ``back_to``."""

    read: Read
    back_to: datetime

    def text(self) -> str:
        """As a mark keeps it: ``107@2026-01-31T08:30:00Z 2025-11-02T00:00:00Z``."""
        return f"{self.read.text()} {to_api(self.back_to)}"

    @classmethod
    def of(cls, text: str | None) -> Noted | None:
        """None for nothing, or what is no such mark: then all is read again."""
        up_to, _, back_to = (text or "").partition(" ")
        read = Read.of(up_to)
        try:
            return cls(read, parse_instant(back_to)) if read else None
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Asked:
    """A job whose builds are to be read back to ``since``."""

    listed: Listed
    since: datetime
    noted: Noted | None

    @property
    def reached(self) -> Read | None:
        """The newest build known to be read, where all from ``since`` on is read below it."""
        return self.noted.read if self.noted and self.noted.back_to <= self.since else None

    @property
    def is_read(self) -> bool:
        """Whether nothing began since then, or all of it was read."""
        last_at = self.listed.last_at
        if self.listed.last_number is None or (last_at is not None and last_at < self.since):
            return True
        return is_unmoved(self.listed, self.reached)

    def mark(self, newest: MappedBuild | None) -> dict[str, str]:
        """That it was read up to its ``newest`` build."""
        read = read_up_to(self.listed, [newest] if newest else [])
        back_to = self.noted.back_to if self.noted and self.reached else self.since
        return {f"{_PAST}{self.listed.job.full_name}": Noted(read, back_to).text()}


class JenkinsPast:
    """A ``Backfills``; used by one thread at a time, it asks with two threads of its own."""

    def __init__(self, source: JenkinsSource, api: Api) -> None:
        self._source, self._api = source, api
        self._watch = Watch(source)
        self._has_stages: bool | None = None
        self._stageless = 0
        self.counts = BackfillCounts(names=("jobs", "lists", "builds"))

    def backfill(self, memory: Memory, since: datetime, now: datetime) -> Iterator[Batch]:
        """See ``providers.base.Backfills``. Back to ``since``; details of builds that go on are left to polls."""
        for batch in self._batches(memory, since, now):
            self.counts.requests = self._api.requests
            yield batch
        self.counts.requests = self._api.requests

    def budget(self) -> Budget | None:
        """Jenkins grants no budget."""
        return None

    def close(self) -> None:
        self._api.close()

    def _batches(self, memory: Memory, since: datetime, now: datetime) -> Iterator[Batch]:
        listing = list_jobs(self._api.tree, Rules.of(self._source), self._source.folders)
        jobs = [one for one in listing.jobs if self._takes(one.job)]
        left = [one for one in self._asked(jobs, memory, since) if not one.is_read]
        self.counts.repos, self.counts.runs_left = len(jobs), 0
        self.counts.done = self.counts.listed = len(jobs) - len(left)
        for trouble in listing.troubles:
            yield Batch(trouble=trouble)
        yield from told(self._watch.news(jobs, now))
        if left:
            self._look()
        for asked, outcome in ahead(self._first_page, left):
            self.counts.at = asked.listed.job.full_name
            if isinstance(outcome, SourceError):
                yield Batch(trouble=Trouble(asked.listed.job.full_name, outcome))
            else:
                yield from self._job(asked, chain(*outcome), memory)

    @staticmethod
    def _asked(jobs: Sequence[Listed], memory: Memory, since: datetime) -> Iterator[Asked]:
        noted = memory.marks_starting(_PAST)
        for one in jobs:
            yield Asked(one, since, Noted.of(noted.get(_PAST + one.job.full_name)))

    def _takes(self, job: Job) -> bool:
        return selects(self._source, job.full_name, job.branch, job.pipeline.external_id)

    def _look(self) -> None:
        """Whether there are stages to ask for. Where that may not be seen, the first answer tells."""
        try:
            self._has_stages = controller.read_facts(self._api).has_stages
        except Waiting:
            raise
        except SourceError as exc:
            controller.say_unknown(self._source.name, exc)

    def _first_page(self, asked: Asked) -> tuple[list[list[MappedBuild]], Iterator[list[MappedBuild]]]:
        """The newest builds, and the pages after them, each asked for once it is wanted."""
        pages = build_pages(self._api.tree, asked.listed, NO_WAITS, since=asked.reached, limit_at=asked.since)
        return [next(pages, [])], pages

    def _job(self, asked: Asked, pages: Iterator[list[MappedBuild]], memory: Memory) -> Iterator[Batch]:
        """The job's builds page by page, the details of each page's before the next; its mark once all is stored."""
        newest: MappedBuild | None = None
        failed = False
        try:
            for page in pages:
                self.counts.windows += 1
                own = [build for build in page if takes_branch(self._source, build.run.branch)]
                newest = max([*([newest] if newest else []), *own], key=lambda build: build.number, default=None)
                for batch in self._page(asked.listed.job, own, memory):
                    failed = failed or batch.trouble is not None
                    yield batch
        except Waiting:
            raise
        except SourceError as exc:
            yield Batch(trouble=Trouble(asked.listed.job.full_name, exc))
            return
        self.counts.listed += 1
        self.counts.done += not failed
        yield Batch(marks={} if failed else asked.mark(newest))

    def _page(self, job: Job, builds: Sequence[MappedBuild], memory: Memory) -> Iterator[Batch]:
        self.counts.runs += len(builds)
        yield from told(words_of(builds))
        wants = self._wants(job, builds, memory)
        self.counts.runs_left = len(wants)
        for want, outcome in ahead(lambda one: read_detail(self._api, one), wants):
            self.counts.runs_left -= 1
            if isinstance(outcome, SourceError):
                yield Batch(trouble=Trouble(want.build.run.key.external_id, outcome))
            else:
                yield self._told_by_detail(want, outcome)

    def _wants(self, job: Job, builds: Sequence[MappedBuild], memory: Memory) -> list[Want]:
        ended = {build.run.key.folded: build for build in builds if build.run.status.finished}
        known, stages = memory.known(list(ended)), self._has_stages is not False
        wants = (want_of(job, build, known.get(key), stages=stages) for key, build in ended.items())
        return [want for want in wants if want is not None]

    def _told_by_detail(self, want: Want, detail: Detail) -> Batch:
        """A build without stages was discarded meanwhile; where the first ones all have none, there are none here."""
        if want.stages and self._has_stages is None:
            self._stageless += detail.stages_missing
            if not detail.stages_missing or self._stageless >= STAGELESS:
                self._has_stages = not detail.stages_missing
        return Batch(words=detail.words, logs=detail.logs, details=(detail.read,) if detail.read else ())
