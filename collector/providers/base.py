"""What every provider is to the collector and to the web app.

A provider is a folder with ``client.py`` (reads a source: a ``SourceReader``), ``mapping.py`` (its objects to
words; pure) and ``webhook.py`` (its native webhooks to words; pure), and one line in ``providers/registry.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from collector.domain.errors import SourceError
from collector.domain.model import BuildKey, LogSnippet, Status, Word

GONE = "gone"
"""Conclusion of an unfinished build that its provider has no more."""
GONE_AFTER = timedelta(minutes=10)
"""A build that is not there is asked for once more after this: a webhook may know it before the API does."""
PLAN_MARK = "plan"
"""The note in which a reader says what polling costs: ``{"now": n, "worst": n}``, requests an hour."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a provider still grants: ``remaining`` of ``limit`` requests until ``reset_at``."""

    limit: int
    remaining: int
    reset_at: datetime


@dataclass(frozen=True, slots=True)
class EtagEntry:
    """An answer's ETag. ``key`` hashes token, URL and selection: no secret is in it, and none shares another's."""

    key: str
    etag: str


@dataclass(frozen=True, slots=True)
class DetailRead:
    """Says that a build's jobs (and log) were read as of ``updated_at``, so that they are not read again."""

    key: BuildKey
    updated_at: datetime | None
    """The run's updated_at (GitHub) or start + duration (Jenkins) that the jobs belong to."""
    log_read: bool = False
    build_started_at: datetime | None = None
    """Jenkins: tells reused build numbers apart."""


@dataclass(frozen=True, slots=True)
class GivenUp:
    """An unfinished build whose end nobody will tell: its provider has it no more. ``reason`` is its conclusion."""

    key: BuildKey
    reason: str
    build_started_at: datetime | None = None
    """Jenkins: tells reused build numbers apart."""


@dataclass(frozen=True, slots=True)
class KnownBuild:
    """What storage knows of a build that matters for reading it again."""

    key: BuildKey
    status: Status
    run_known: bool
    updated_at: datetime | None
    """updated_at of the run's winning word; None where the provider has none."""
    started_at: datetime | None
    detail_at: datetime | None
    """``DetailRead.updated_at`` of the last read of its jobs; None: never read."""
    log_read: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a first read or backfill is, for the terminal and the dashboard."""

    target: str
    done: int
    total: int | None
    builds: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """A part of a source (a repo, a folder) that failed while the rest of the poll went on."""

    target: str
    error: SourceError


@dataclass(frozen=True, slots=True)
class WaitingItem:
    """Something that waits in a provider's queue: for a build to begin, or for an agent inside one that runs."""

    external_id: str
    """The queue's own id of it."""
    provider: str
    instance: str
    repo: str | None
    """None, as the pipeline, where the queue does not say whose build it is."""
    pipeline: str | None
    since: datetime
    pipeline_external_id: str | None = None
    branch: str | None = None
    job: str | None = None
    """The part of the build that waits, where it is a part; None: the build as a whole."""
    build_external_id: str | None = None
    """The running build that it waits inside of; None: there is no build yet."""
    why: str | None = None
    """The provider's own words."""
    label: str | None = None
    """What an agent must have to take it; None: any agent, or it waits for something else."""
    url: str | None = None


WATCHED_A_BATCH = 400
UNWATCHED, DELETED = "unwatched", "deleted"
"""Why something is watched no more: the source does not select it now, or its provider has it no more."""


@dataclass(frozen=True, slots=True)
class Watching:
    """What a source watches from now on, and what no more, with the reason. By ``domain.names.watch_key``.

    A reader tells one when it has looked for the first time, an empty one when all is as it was told before: only then
    is it known what its source does not take up.
    """

    joined: Sequence[str] = ()
    left: Mapping[str, str] = field(default_factory=dict)


def watching_batches(before: Set[str], now: Set[str], reason: Callable[[str], str]) -> Iterator[Batch]:
    """What differs, in batches that keep a transaction short."""
    joined, left = sorted(now - before), sorted(before - now)
    for start in range(0, len(joined), WATCHED_A_BATCH):
        yield Batch(watching=Watching(joined[start : start + WATCHED_A_BATCH]))
    for start in range(0, len(left), WATCHED_A_BATCH):
        yield Batch(watching=Watching(left={key: reason(key) for key in left[start : start + WATCHED_A_BATCH]}))


@dataclass(frozen=True, slots=True)
class Batch:
    """What one answer (or a few) told. Everything in it is stored in one transaction; at most 500 words."""

    words: Sequence[Word] = ()
    logs: Sequence[LogSnippet] = ()
    etags: Sequence[EtagEntry] = ()
    details: Sequence[DetailRead] = ()
    given_up: Sequence[GivenUp] = ()
    marks: Mapping[str, str] = field(default_factory=dict)
    """The reader's own durable notes, a name to a text, e.g. ``backfilled:acme/web`` to an instant."""
    progress: Progress | None = None
    trouble: Trouble | None = None
    waiting: Sequence[WaitingItem] | None = None
    """All that waits in the source's queue now, in place of what was told before; None: says nothing about it."""
    watching: Watching | None = None


@dataclass(frozen=True, slots=True)
class NotForUs:
    """A webhook that was understood and tells nothing to store; ``reason`` is told to its sender (202)."""

    reason: str


class Memory(Protocol):
    """What a reader may ask of storage while it polls (all of it for the reader's own source)."""

    def etag(self, key: str) -> str | None: ...

    def mark(self, name: str) -> str | None: ...

    def marks_starting(self, prefix: str) -> Mapping[str, str]:
        """The notes whose names begin with ``prefix`` (ASCII), by name."""

    def known(self, keys: Sequence[BuildKey]) -> Mapping[BuildKey, KnownBuild]:
        """Those of ``keys`` that are stored, by ``key.folded``; where numbers were reused, the newest."""

    def unfinished(self, provider: str, instance: str, repo: str | None = None) -> Sequence[KnownBuild]:
        """Stored builds that are queued or in progress, oldest first, at most 1,000."""

    def watching(self) -> Set[str]:
        """What the source was last said to watch."""


class SourceReader(Protocol):
    """One source of collectors.yaml, read the way its provider wants. Used by one thread at a time."""

    instance: str

    def poll(self, memory: Memory, now: datetime) -> Iterator[Batch]:
        """Read what is new. Yields as it goes; each batch is stored before the next is asked for.

        Raises SourceError when the source as a whole cannot be read (the poller backs off; Waiting names
        the instant); a failing part is told as ``Batch.trouble`` and the rest goes on.
        """

    def budget(self) -> Budget | None:
        """The last budget the provider told, None when it told none."""

    def clock_offset_seconds(self) -> float | None:
        """How far the provider's clock is ahead of ours by its last answer's ``Date``; None while it told none."""

    def close(self) -> None: ...


@dataclass(slots=True)
class BackfillCounts:
    """How far a backfill has come since this process began it."""

    names: tuple[str, str, str] = ("repos", "windows", "runs")
    """What the provider calls what is counted as ``repos``, ``windows`` and ``runs``."""
    repos: int = 0
    listed: int = 0
    """Repos whose runs are all known."""
    done: int = 0
    """Repos that were read whole, those that an earlier process had read among them."""
    windows: int = 0
    runs: int = 0
    runs_left: int = 0
    """Runs known whose jobs are still to be looked at."""
    requests: int = 0
    at: str = ""


class Backfills(Protocol):
    """A reader that can read further back than its polls do."""

    counts: BackfillCounts

    def backfill(self, memory: Memory, since: datetime, now: datetime) -> Iterator[Batch]:
        """Reads all that began after ``since``, going on where an earlier backfill of that time was left.

        Yields as ``poll`` does. Raises Waiting before news would have to wait for it: call it again at ``until``;
        any other SourceError when the source as a whole cannot be read. A failing part is told as ``trouble``.
        """

    def budget(self) -> Budget | None: ...

    def close(self) -> None: ...
