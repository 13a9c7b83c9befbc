"""Reads one Jenkins controller the way it bears: job lists first, then only jobs that built since.

A poll of an unchanged controller costs the job lists alone. Everything that is remembered between polls is a mark
(``root``, ``read:<job>``, ``owed:<job>``, ``gone:<build>``), so a restart goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from collector.domain.errors import BadAnswer, MappingError, NotFound, SourceError, Waiting
from collector.domain.model import BuildKey, Status
from collector.providers.base import (
    GONE,
    Batch,
    Budget,
    GivenUp,
    KnownBuild,
    Memory,
    Progress,
    Trouble,
    WaitingItem,
)
from collector.providers.jenkins import controller
from collector.providers.jenkins.ahead import ahead
from collector.providers.jenkins.api import Api
from collector.providers.jenkins.batches import told, words_of
from collector.providers.jenkins.builds import Read, is_unmoved, read_build, read_builds, read_up_to, say_left_out
from collector.providers.jenkins.debts import Debts
from collector.providers.jenkins.jobs import PROVIDER, Job, Rules
from collector.providers.jenkins.listing import LEVELS, Listed, Listing, list_jobs
from collector.providers.jenkins.lost import Lost
from collector.providers.jenkins.mapping import MappedBuild, Waits
from collector.providers.jenkins.progress import Progresses, is_another, place_of
from collector.providers.jenkins.selection import selects, takes_branch, takes_everything
from collector.providers.jenkins.waiting import map_queue, merge_queue
from collector.providers.jenkins.watch import Watch
from config.model import Config, JenkinsSource

FACTS_EVERY = timedelta(hours=1)


def make_reader(
    source: JenkinsSource,
    config: Config,
    environ: Mapping[str, str],
    *,
    transport: httpx.BaseTransport | None = None,
    clock: Callable[[], datetime],
    shared: Path | None = None,
) -> JenkinsReader:
    """The reader of ``source``; asks nothing yet. Raises SecretError when its token cannot be had.

    ``shared``: see ``providers.registry.make_reader``.
    """
    api = Api.of(source, environ, transport=transport, clock=clock, shared=shared)
    return JenkinsReader(source, api, config.backfill_of(source))


class JenkinsReader:
    """A ``SourceReader``. ``poll`` is used by one thread at a time; it asks with two threads of its own."""

    def __init__(self, source: JenkinsSource, api: Api, backfill: timedelta) -> None:
        self.instance = source.instance
        self._source, self._api, self._backfill = source, api, backfill
        self._rules = Rules.of(source)
        self._progresses = Progresses()
        self._debts = Debts(api, self._progresses)
        self._lost = Lost(source)
        self._watch = Watch(source)
        self._levels = LEVELS
        self._entered_at: dict[int, datetime] = {}
        self._told_waiting: tuple[WaitingItem, ...] | None = None
        self._facts_at: datetime | None = None

    def poll(self, memory: Memory, now: datetime) -> Iterator[Batch]:
        """See ``SourceReader.poll``."""
        self._progresses.recall(memory)
        listing = list_jobs(self._api.tree, self._rules, self._source.folders, self._levels)
        self._levels = listing.levels
        jobs = [one for one in listing.jobs if self._takes(one.job)]
        yield from self._watch.changes(listing, jobs, memory)
        yield from self._told_by_listing(listing, jobs, memory, now)
        self._look(now)
        yield from self._ask_queue(jobs)
        fresh: set[BuildKey] = set()
        yield from self._read_moved(jobs, memory, now, fresh)
        yield from self._read_unfinished(listing, memory, now, fresh)
        yield from self._debts.pay((one.job for one in jobs), memory, now)

    def budget(self) -> Budget | None:
        """Jenkins grants no budget."""
        return None

    def clock_offset_seconds(self) -> float | None:
        """See ``SourceReader.clock_offset_seconds``."""
        return self._api.clock_offset_seconds

    def close(self) -> None:
        self._api.close()

    def _takes(self, job: Job) -> bool:
        return selects(self._source, job.full_name, job.branch, job.pipeline.external_id)

    def _told_by_listing(
        self, listing: Listing, jobs: Sequence[Listed], memory: Memory, now: datetime
    ) -> Iterator[Batch]:
        for trouble in listing.troubles:
            yield Batch(trouble=trouble)
        marks = {"root": listing.root} if listing.root and listing.root != memory.mark("root") else {}
        yield from told(self._watch.news(jobs, now))
        if marks:
            yield Batch(marks=marks)

    def _look(self, now: datetime) -> None:
        """What the controller is, at the start and once an hour; then its lists may be asked for whole again, too."""
        if self._facts_at is not None and now - self._facts_at < FACTS_EVERY:
            return
        self._facts_at, self._levels = now, LEVELS
        try:
            facts = controller.read_facts(self._api)
        except Waiting:
            raise
        except SourceError as exc:
            controller.say_unknown(self._source.name, exc)
            return
        controller.say(facts, self._source.name, self._source.user)
        self._debts.stages_are_known(facts.has_stages, now)

    def _ask_queue(self, jobs: Sequence[Listed]) -> Iterator[Batch]:
        """What waits now, told when it is not what was told last; asked only if a job says that something may wait."""
        try:
            items = self._queue_of(jobs) if any(one.in_queue or one.may_wait_inside for one in jobs) else ()
        except Waiting:
            raise
        except SourceError as exc:
            yield Batch(trouble=Trouble("queue", exc))
        except MappingError as exc:
            yield Batch(trouble=Trouble("queue", BadAnswer(f"the queue is malformed: {exc}")))
        else:
            if items != self._told_waiting:
                yield Batch(waiting=items)
                self._told_waiting = items

    def _queue_of(self, jobs: Sequence[Listed]) -> tuple[WaitingItem, ...]:
        """The items of the source's own jobs; remembers when each entered the queue, for the build it becomes."""
        known = {one.job.full_name: one.job for one in jobs}
        nameless_of = self.instance if takes_everything(self._source) else None
        queue = map_queue(controller.read_queue(self._api), known, nameless_of=nameless_of)
        self._entered_at = merge_queue(self._entered_at, queue.entered_at)
        return queue.items

    def _read_moved(
        self, jobs: Sequence[Listed], memory: Memory, now: datetime, fresh: set[BuildKey]
    ) -> Iterator[Batch]:
        reads = ((one, self._progresses.read_of(memory, one.job.full_name)) for one in jobs if one.last_number)
        moved = [(one, since) for one, since in reads if not is_unmoved(one, since)]
        waits, limit_at, builds = Waits(self._entered_at), now - self._backfill, 0

        def read(place: tuple[Listed, Read | None]) -> list[MappedBuild]:
            return read_builds(self._api.tree, place[0], waits, since=place[1], limit_at=limit_at)

        for done, ((one, since), outcome) in enumerate(ahead(read, moved), start=1):
            if isinstance(outcome, SourceError):
                yield Batch(trouble=Trouble(one.job.full_name, outcome))
                continue
            found = [build for build in outcome if takes_branch(self._source, build.run.branch)]
            builds += len(found)
            fresh.update(build.run.key.folded for build in found if not build.run.status.finished)
            progress = Progress(one.job.full_name, done, len(moved), builds) if since is None else None
            yield from self._told_by_job(one, found, memory, now, progress)

    def _told_by_job(
        self, one: Listed, found: list[MappedBuild], memory: Memory, now: datetime, progress: Progress | None
    ) -> Iterator[Batch]:
        yield from told(words_of(found), progress)
        wants = self._debts.wants(one.job, found, memory, now)
        running = [want for want in wants if not want.build.run.status.finished]
        finished = [want for want in wants if want.build.run.status.finished]
        yield Batch(
            marks=self._progresses.was_read(memory, one.job, read_up_to(one, found), finished), progress=progress
        )
        yield from self._debts.read(running, now)

    def _read_unfinished(
        self, listing: Listing, memory: Memory, now: datetime, fresh: set[BuildKey]
    ) -> Iterator[Batch]:
        by_name = {one.job.full_name: one for one in listing.jobs if self._takes(one.job)}
        waits = Waits(self._entered_at)
        unfinished = [one for one in memory.unfinished(PROVIDER, self.instance) if one.key.folded not in fresh]
        self._lost.keep(unfinished)
        self._progresses.keep(unfinished)
        if given_up := self._lost.unlisted(unfinished, listing, now):
            yield Batch(given_up=given_up)
        asked = [
            (known, place)
            for known in unfinished
            if (place := place_of(known, by_name)) is not None
            and not self._lost.is_waited_for(known, now)
            and not self._progresses.is_gone(memory, known)
        ]

        def read(one: tuple[KnownBuild, tuple[Listed, int]]) -> MappedBuild | MappingError:
            _, (listed, number) = one
            try:
                return read_build(self._api.tree, listed.job, number, waits)
            except MappingError as exc:
                return exc

        for (known, (listed, _)), outcome in ahead(read, asked):
            yield from self._told_by_unfinished(known, listed, outcome, memory, now)

    def _told_by_unfinished(
        self,
        known: KnownBuild,
        listed: Listed,
        outcome: MappedBuild | MappingError | SourceError,
        memory: Memory,
        now: datetime,
    ) -> Iterator[Batch]:
        if isinstance(outcome, NotFound):
            yield from self._told_by_missing(known, listed, now)
        elif isinstance(outcome, SourceError):
            yield Batch(trouble=Trouble(known.key.external_id, outcome))
        elif isinstance(outcome, MappingError):
            say_left_out(listed.job, outcome)
        else:
            self._lost.is_there(known)
            yield Batch(words=words_of([outcome]))
            if is_another(known, outcome.run.started_at):
                lost = GivenUp(known.key, GONE, known.started_at)
                yield Batch(given_up=(lost,), marks=self._progresses.gone(known))
            yield from self._debts.read(self._debts.wants(listed.job, [outcome], memory, now), now)

    def _told_by_missing(self, known: KnownBuild, listed: Listed, now: datetime) -> Iterator[Batch]:
        if known.status is Status.QUEUED and listed.in_queue:
            self._lost.may_come(known, now)
        elif given_up := self._lost.missing(known, now):
            yield Batch(given_up=given_up, marks=self._progresses.gone(known))
