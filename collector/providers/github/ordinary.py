"""The ordinary poll of one repo: its newest runs, its unfinished ones, and now and then its workflows and itself.

A list's ETag is handed over only after everything that its answer led to was read: whatever is interrupted before
is then found again by the next poll.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import httpx
import structlog

from collector.domain.errors import MappingError, SourceError, Unreachable, Waiting
from collector.domain.model import BuildKey, PipelineRef, RunWord, WorkflowWord
from collector.domain.times import parse_instant, to_api
from collector.providers.base import Batch, KnownBuild, Memory
from collector.providers.github.api import GithubApi
from collector.providers.github.details import Details
from collector.providers.github.history import History
from collector.providers.github.limits import BadCredentials
from collector.providers.github.mapping import PROVIDER, map_list, repo_word, workflow_word
from collector.providers.github.plan import SIDES_EVERY, UNFINISHED_EVERY
from collector.providers.github.repo import PAGE, Page, Repo, moved, needs_details, read_page, trouble
from collector.providers.github.selection import takes_pipeline
from collector.providers.github.unlisted import Unlisted, etags

JOBS_EVERY = timedelta(minutes=5)
"""How old the jobs of a build that goes on may be: they tell what waits, and for which label."""
JOBS_SPARED = 0.5
MAX_RUNNING = 10
TRUST_AFTER = timedelta(hours=1)
PUSHED_FOR = timedelta(days=1)
"""Webhooks are trusted as long as one came within this; a quieter repo costs one unchanged answer a poll."""
MAX_PAGES = 10
_log = structlog.get_logger(__name__)


class Ordinary:
    """Polls one repo; kept as long as its source is read."""

    def __init__(self, api: GithubApi, repo: Repo, transport: httpx.BaseTransport | None) -> None:
        self._api, self.repo, self._transport = api, repo, transport
        self._sides_at: datetime | None = None
        self._unfinished_at: dict[str, datetime] = {}
        self._jobs_at: dict[str, datetime] = {}
        self._missed_at: datetime | None = None
        self._unlisted = Unlisted(api, repo)
        self.changed_at: datetime | None = None
        """When a list of runs last changed: busy repos are read first when not all can be."""

    def pushed(self, memory: Memory, now: datetime) -> bool:
        """Whether webhooks tell us this repo's news: one came of late, and polls found none that did not."""
        if self._missed_at is not None and now - self._missed_at < TRUST_AFTER:
            return False
        text = memory.mark(self.repo.pushed_mark)
        return text is not None and now - parse_instant(text) < PUSHED_FOR

    def poll(
        self, memory: Memory, history: History, now: datetime, unfinished: Sequence[KnownBuild] | None = None
    ) -> Iterator[Batch]:
        """Everything but the history. Raises SourceError when the runs cannot be read.

        ``unfinished``: the repo's stored unfinished builds as of now; None: storage is asked.
        """
        if self._sides_at is None:
            self.repo.recall(memory)
        if self._sides_at is None or now - self._sides_at >= SIDES_EVERY:
            yield from self._sides(memory)
            self._sides_at = self._done_at(self._sides_at, SIDES_EVERY, now)
        reading = _Reading(self._api, self.repo, memory, history, self._transport, unfinished)
        yield from reading.newest()
        hidden = reading.hidden()
        for status, every in UNFINISHED_EVERY.items():
            before = self._unfinished_at.get(status)
            if hidden or before is None or now - before >= every:
                yield from reading.unfinished(status)
                self._unfinished_at[status] = self._done_at(before, every, now)
        yield from reading.not_shown(self._unlisted, now)
        yield from self._running(reading, now)
        if reading.changed:
            self.changed_at = now
        if reading.missed and not history.untouched:
            self._missed_at = now

    def _done_at(self, before: datetime | None, every: timedelta, now: datetime) -> datetime:
        """Now; the first time as if a part of ``every`` had passed, so that the repos do not keep in step."""
        return now if before else now - every * self.repo.turn

    def _running(self, reading: _Reading, now: datetime) -> Iterator[Batch]:
        """The jobs of builds that go on, now and then: they begin, end and wait while their run's word stays."""
        runs = {one.key.external_id: one for one in reading.stored_unfinished() if one.run_known}
        self._jobs_at = {run_id: self._jobs_at.get(run_id, now) for run_id in runs}
        due = [run_id for run_id, at in self._jobs_at.items() if now - at >= JOBS_EVERY]
        for run_id in due[:MAX_RUNNING]:
            if not self._api.spendable(JOBS_SPARED):
                return
            self._jobs_at[run_id] = now
            yield from reading.jobs_of(runs[run_id])

    def _sides(self, memory: Memory) -> Iterator[Batch]:
        for what, read in (("repo", self._itself), ("workflows", self._workflows)):
            try:
                yield from read(memory)
            except (Waiting, BadCredentials):
                raise
            except (SourceError, MappingError) as exc:
                _log.info(
                    "a side request failed; builds are read without it, and it is asked again in an hour",
                    source=self.repo.source.name,
                    repo=self.repo.configured,
                    what=what,
                    problem=str(exc),
                )
                if isinstance(exc, Unreachable):
                    return

    def _itself(self, memory: Memory) -> Iterator[Batch]:
        fetched = self._api.changed(self.repo.base, memory)
        if fetched is not None:
            word = repo_word(fetched.body, self.repo.place)
            yield Batch(words=(word,), etags=etags(fetched), marks=self.repo.learn(word))

    def _workflows(self, memory: Memory) -> Iterator[Batch]:
        first = self._api.changed(f"{self.repo.base}/actions/workflows?per_page={PAGE}", memory)
        fetched, pages = first, 0
        while fetched is not None and first is not None:
            mapped = map_list(fetched.body, "workflows", lambda raw: workflow_word(raw, self.repo.place))
            yield from trouble(self.repo, mapped.problems, "workflows")
            words = tuple(word for word in mapped.words if self._watched(word))
            pages += 1
            following = fetched.next_url if pages < MAX_PAGES else None
            yield Batch(words=words, etags=() if following else etags(first))
            fetched = self._api.get(following) if following else None

    def _watched(self, word: WorkflowWord) -> bool:
        return takes_pipeline(self.repo.source, PipelineRef(word.external_id, word.name, word.path))


class _Reading:
    """One poll of one repo's runs."""

    def __init__(
        self,
        api: GithubApi,
        repo: Repo,
        memory: Memory,
        history: History,
        transport: httpx.BaseTransport | None,
        unfinished: Sequence[KnownBuild] | None,
    ) -> None:
        self._api, self._repo, self._memory, self._history = api, repo, memory, history
        self._details = Details(api, repo, memory, transport)
        self._stored = unfinished
        self.changed = False
        self.missed = False
        """Whether a list showed what neither a poll nor a webhook had told."""

    def newest(self) -> Iterator[Batch]:
        """The newest page, and older ones until one is entirely known: what happened since the last poll."""
        url = f"{self._repo.base}/actions/runs?per_page={PAGE}"
        fetched = self._api.changed(url, self._memory)
        if fetched is None:
            return
        pages = [read_page(self._repo, fetched, self._memory)]
        while not self._history.untouched and self._has_more(pages[-1]) and len(pages) < MAX_PAGES:
            pages.append(read_page(self._repo, self._api.get(pages[-1].fetched.next_url or ""), self._memory))
        marks = self._gap(pages) if len(pages) == MAX_PAGES and self._has_more(pages[-1]) else {}
        if pages[0].newest_at:
            marks = {**marks, self._repo.mark("seen"): to_api(pages[0].newest_at)}
        yield from self._tell("newest", pages, marks)

    def unfinished(self, status: str) -> Iterator[Batch]:
        """Runs that go on or wait: also old ones that were run again, which the newest page does not show."""
        url = f"{self._repo.base}/actions/runs?status={status}&per_page={PAGE}"
        fetched = self._api.changed(url, self._memory)
        if fetched is None:
            return
        pages = [read_page(self._repo, fetched, self._memory)]
        while (following := pages[-1].fetched.next_url) and len(pages) < MAX_PAGES:
            pages.append(read_page(self._repo, self._api.get(following), self._memory))
        yield from self._tell(status, pages, {})

    def stored_unfinished(self) -> Sequence[KnownBuild]:
        """Builds that storage takes to be queued or in progress, as of the last list that told anything."""
        if self._stored is None:
            self._stored = self._memory.unfinished(PROVIDER, self._repo.instance, self._repo.name)
        return self._stored

    def hidden(self) -> bool:
        """Whether a stored unfinished build is not on the newest page: only the other lists tell of it."""
        newest = self._repo.shown.get("newest", frozenset())
        return any(one.key.external_id not in newest for one in self.stored_unfinished())

    def jobs_of(self, known: KnownBuild) -> Iterator[Batch]:
        yield from self._details.again(known)

    def not_shown(self, unlisted: Unlisted, now: datetime) -> Iterator[Batch]:
        """Stored unfinished builds that no list showed."""
        shown = frozenset().union(*self._repo.shown.values())
        hidden = [one for one in self.stored_unfinished() if one.key.external_id not in shown]
        for batch in unlisted.read(hidden, self._memory, self._details, now):
            if batch.words:
                self.changed = self.missed = True
            yield batch

    def _tell(self, name: str, pages: list[Page], marks: Mapping[str, str]) -> Iterator[Batch]:
        """Oldest page first: should it be interrupted, the newest page is unknown and the next poll goes on from it."""
        self.changed, self._stored = True, None
        told = [(word, page.known.get(word.key.folded)) for page in pages for word in page.words]
        self.missed = self.missed or any(moved(word, known) for word, known in told)
        for page in reversed(pages):
            yield from trouble(self._repo, page.problems, "runs")
            wanted = tuple(word for word in page.words if self._wanted(word, page.known))
            pending = [word for word in wanted if self._read_details_of(word, page.known)]
            words = self._news(wanted, page.known)
            if page is not pages[0] or pending:
                yield Batch(words=words, marks=self._learned(words))
            for word in pending:
                yield from self._details.read(word, page.known.get(word.key.folded))
        done = etags(pages[0].fetched) if self._details.complete else ()
        yield Batch(words=words, etags=done, marks={**self._learned(words), **marks})
        self._repo.shown[name] = pages[0].shown  # the ETag speaks for the first page alone

    @staticmethod
    def _news(words: tuple[RunWord, ...], known: Mapping[BuildKey, KnownBuild]) -> tuple[RunWord, ...]:
        """Those that say more than storage knows, and the first: it carries the repo's present name."""
        return tuple(word for word in words if word is words[0] or moved(word, known.get(word.key.folded)))

    def _learned(self, words: tuple[RunWord, ...]) -> Mapping[str, str]:
        return self._repo.learn(words[0]) if words else {}

    def _wanted(self, word: RunWord, known: Mapping[BuildKey, KnownBuild]) -> bool:
        """Not the finished past beyond the backfill: a quiet repo's newest page may go back for years."""
        return not word.status.finished or word.key.folded in known or self._history.covers(word)

    def _read_details_of(self, word: RunWord, known: Mapping[BuildKey, KnownBuild]) -> bool:
        before = known.get(word.key.folded)
        if self._history.covers(word) and self._history.untouched:
            return False
        if not word.status.finished and not self._api.spendable(JOBS_SPARED):
            return False  # once the budget gets short its jobs are read when it is over
        return moved(word, before) if self._history.pending else needs_details(word, before)

    def _has_more(self, page: Page) -> bool:
        if page.fetched.next_url is None or (self._settled(page) and self._seen_before(page)):
            return False
        return page.oldest_at is None or page.oldest_at >= self._history.since

    def _settled(self, page: Page) -> bool:
        """Whether nothing on the page is left to read; while history is read, its jobs are the history reader's."""
        if self._history.pending:
            return page.entirely_known
        return not any(needs_details(word, page.known.get(word.key.folded)) for word in page.words)

    def _seen_before(self, page: Page) -> bool:
        """Whether the page reaches what an earlier poll saw: webhooks may have told of all on it, but not below."""
        seen = self._memory.mark(self._repo.mark("seen"))
        return seen is None or page.oldest_at is None or page.oldest_at <= parse_instant(seen)

    def _gap(self, pages: list[Page]) -> Mapping[str, str]:
        """More happened than an ordinary poll reads (a long outage of ours): the history reader fills it in."""
        oldest_at = pages[-1].oldest_at
        seen = self._memory.mark(self._repo.mark("seen"))
        return self._history.gap(seen, oldest_at) if oldest_at else {}
