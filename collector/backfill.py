"""``cihealth backfill``: reads one source's past, beside a collector at work, and can be killed at any time.

What it brings is history: no alert is told of it. All that it knows of its own progress is in the database, in the
transactions of the builds that it brought; the same command goes on from there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import click
import structlog

from collector import ingest
from collector.apart import apart
from collector.domain.errors import CIHealthError, SourceError, Waiting
from collector.domain.times import to_api
from collector.leadership import lease_owner
from collector.poller import utc_now
from collector.providers.base import BackfillCounts, Backfills, Batch, Budget
from collector.providers.registry import make_backfills
from collector.stopping import Stop, stopping
from collector.storage import leases
from collector.storage.beside import shared_folder
from collector.storage.database import Database, connect
from collector.storage.errors import Unavailable
from collector.storage.memory import SourceMemory
from config.durations import format_duration
from config.model import Config, GithubSource, JenkinsSource
from config.settings import Settings

log = structlog.get_logger(__name__)

TTL = timedelta(seconds=6)
BEAT_SECONDS = 1.5
LINE_EVERY_SECONDS = 2.0
TRIES = 5
"""So many failures in a row, each waited after, until it gives up; it can always be started again."""
BACK_OFF_SECONDS = 2.0
_BUSY_TRIES = 10


@dataclass(frozen=True, slots=True)
class Backfilling:
    """What the command was told. ``since``: how far back."""

    settings: Settings
    config: Config
    environ: Mapping[str, str]
    source: str
    since: timedelta


class Unsuitable(CIHealthError):
    """Wrong use: there is no such source, or it names nothing that could be read."""


def backfill(told: Backfilling) -> int:
    """0: all was read, or told to stop. 1: a part or all could not be read, or another backfill of the source runs.

    On a migrated database. Raises Unsuitable, DatabaseError and SecretError.
    """
    source = _source(told)
    with stopping(told.environ) as stop:
        database = connect(told.settings.database)
        shared = shared_folder(told.settings.database)
        reader = make_backfills(source, told.config, told.environ, shared=shared)
        try:
            with _turn(database, source.name, stop) as mine:
                if not mine:
                    return 0 if stop.told else 1
                context = ingest.Context(source.name, source.default_branch, history=True)
                return _Run(database, reader, context, stop).run(told.since)
        finally:
            reader.close()
            database.close()


def _source(told: Backfilling) -> GithubSource | JenkinsSource:
    source = told.config.source_named(told.source)
    if source is None:
        names = ", ".join(one.name for one in told.config.sources) or "none"
        raise Unsuitable(f"--source {told.source}: there is no such source; the config names {names}")
    if isinstance(source, GithubSource) and not source.repos and not source.orgs:
        raise Unsuitable(f"--source {told.source}: it names no repos and no orgs, so there is nothing to read")
    return source


class _Run:
    """The reading itself, until it is through, gives up or is told to stop."""

    def __init__(self, database: Database, reader: Backfills, context: ingest.Context, stop: Stop) -> None:
        self._database, self._reader, self._context, self._stop = database, reader, context, stop
        self._memory = SourceMemory(database, context.source or "")
        self._shown = Shown(reader, context.source or "")
        self._troubles: list[str] = []
        self._failures = 0

    def run(self, length: timedelta) -> int:
        since = utc_now() - length
        click.echo(f"{self._context.source}: reading what began since {to_api(since)} ({format_duration(length)})")
        while not self._stop.told:
            try:
                if self._read(since):
                    return self._ended()
            except Waiting as error:
                self._wait(error)
            except SourceError as error:
                if not self._again(error):
                    return 1
        self._shown.line()
        click.echo("stopped; the same command goes on from here")
        return self._stop.exit_code

    def _read(self, since: datetime) -> bool:
        """True when all was read, False when told to stop."""
        self._troubles.clear()
        for batch in apart(self._reader.backfill(self._memory, since, utc_now()), self._stop):
            self._record(batch)
            self._failures = 0
            if batch.trouble is not None:
                self._troubles.append(f"{batch.trouble.target}: {batch.trouble.error}")
            self._shown.now_and_then()
        return not self._stop.told

    def _record(self, batch: Batch) -> None:
        """Another process may hold the database for a while."""
        for attempt in range(_BUSY_TRIES):
            try:
                ingest.record(self._database, batch, self._context, utc_now())
                return
            except Unavailable:
                if attempt == _BUSY_TRIES - 1 or self._stop.wait(1.0):
                    raise

    def _wait(self, error: Waiting) -> None:
        self._shown.line()
        click.echo(f"waiting until {to_api(error.until)}: {error}")
        self._stop.wait(max((error.until - utc_now()).total_seconds(), 0.0) + 1.0)

    def _again(self, error: SourceError) -> bool:
        """Whether it is tried once more after a failure of the source as a whole."""
        self._failures += 1
        if error.permanent or self._failures >= TRIES:
            self._shown.line()
            click.echo(f"cihealth: {error}; {error.advice or 'the same command goes on from here'}", err=True)
            return False
        seconds = BACK_OFF_SECONDS * 2.0**self._failures
        log.warning("the source could not be read", source=self._context.source, error=str(error), again_in=seconds)
        self._stop.wait(seconds)
        return True

    def _ended(self) -> int:
        self._shown.line()
        for trouble in self._troubles:
            click.echo(f"cihealth: could not be read: {trouble}", err=True)
        click.echo("done" if not self._troubles else "the rest was read; the same command tries the others again")
        return int(bool(self._troubles))


class Shown:
    """Progress as lines: how far, at what cost, and how long it may still take."""

    def __init__(self, reader: Backfills, source: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._reader, self._source, self._monotonic = reader, source, monotonic
        self._said = monotonic()
        self._begun: tuple[float, int] | None = None
        """When all runs were known, and how many were to be looked at then."""
        self._first: tuple[float, int] | None = None
        """When the first line was said, and how many repos were done then."""

    def now_and_then(self) -> None:
        if self._monotonic() - self._said >= LINE_EVERY_SECONDS:
            self.line()

    def line(self) -> None:
        self._said = self._monotonic()
        counts = self._reader.counts
        self._first = self._first or (self._said, counts.done)
        if self._begun is None and counts.repos and counts.listed >= counts.repos:
            self._begun = self._said, counts.runs_left
        click.echo(f"{self._source}: {progress_line(counts, self._reader.budget(), self._left())}")

    def _left(self) -> timedelta | None:
        """By what a run took so far, or a repo where each is read whole at once; None before that can be told."""
        counts = self._reader.counts
        if self._begun is not None:
            return self._at_this_pace(self._begun[0], self._begun[1] - counts.runs_left, counts.runs_left)
        if self._first is not None:
            return self._at_this_pace(self._first[0], counts.done - self._first[1], counts.repos - counts.done)
        return None

    def _at_this_pace(self, since: float, done: int, left: int) -> timedelta | None:
        return timedelta(seconds=round((self._said - since) / done * left)) if done > 0 else None


def progress_line(counts: BackfillCounts, budget: Budget | None, left: timedelta | None) -> str:
    """One line of progress; ``left`` is the time that it may still take."""
    repos, windows, runs = counts.names
    parts = [
        f"{repos} {counts.done}/{counts.repos}",
        f"{counts.windows} {windows}",
        f"{counts.runs} {runs} listed",
        f"{counts.runs_left} left to look at",
        f"{counts.requests} requests",
    ]
    if budget is not None:
        parts.append(f"budget {budget.remaining}/{budget.limit}")
    if left:
        parts.append(f"about {left} left")
    return ", ".join(parts) + (f" (at {counts.at})" if counts.at and counts.done < counts.repos else "")


@contextmanager
def _turn(database: Database, source: str, stop: Stop) -> Iterator[bool]:
    """One backfill of a source at a time: a lease that a thread renews. False: another is at it, or told to stop."""
    name, owner = f"backfill:{source}", lease_owner("backfill")
    ended = threading.Event()
    if not _taken(database, name, owner, stop):
        yield False
        return
    beat = threading.Thread(target=_beat, args=(database, name, owner, ended, stop), name="beat", daemon=True)
    beat.start()
    try:
        yield True
    finally:
        ended.set()
        beat.join(BEAT_SECONDS * 2)
        with database.writing():
            leases.release(name, owner, utc_now())


def _taken(database: Database, name: str, owner: str, stop: Stop) -> bool:
    """As soon as a killed one's lease has run out; one that is renewed meanwhile belongs to a backfill that lives."""
    first: leases.Lease | None = None
    while True:
        with database.writing():
            if leases.take(name, owner, utc_now(), TTL):
                return True
            holder = leases.holder(name)
        first = first or holder
        if holder is not None and first is not None and holder.beat_at != first.beat_at:
            click.echo(f"cihealth: {holder.owner} is already at it; one backfill of a source at a time", err=True)
            return False
        if stop.wait(0.2):
            return False


def _beat(database: Database, name: str, owner: str, ended: threading.Event, stop: Stop) -> None:
    while not ended.wait(BEAT_SECONDS):
        try:
            with database.writing():
                kept = leases.renew(name, owner, utc_now(), TTL)
        except Unavailable:
            continue  # the lease outlives a short lock; the next beat tells
        if not kept:
            log.error("another backfill took over while this one stood still", done="this one stops")
            stop.tell(1)
            return
