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
from collector.domain.model import BuildKey, RunWord
from collector.domain.times import parse_instant, to_api
from collector.providers.base import Batch, KnownBuild, Memory
from collector.providers.github.api import GithubApi
from collector.providers.github.details import Details
from collector.providers.github.history import History
from collector.providers.github.limits import BadCredentials
from collector.providers.github.mapping import PROVIDER, repo_word
from collector.providers.github.owed import Owed
from collector.providers.github.plan import BUSY_FOR, SIDES_EVERY, UNFINISHED_EVERY
from collector.providers.github.repo import PAGE, Page, Repo, moved, needs_details, read_page, trouble
from collector.providers.github.running import Running
from collector.providers.github.sweep import latest_turn
from collector.providers.github.unlisted import Unlisted, etags
from collector.providers.github.workflows import read_workflows, recall

TRUST_AFTER = timedelta(hours=1)
PUSHED_FOR = timedelta(days=1)
"""Webhooks are trusted as long as one came within this; a quieter repo costs one unchanged answer a poll."""
MAX_PAGES = 10
FEW_HIDDEN = 5
"""So many builds that only other lists would show are asked for one by one: unchanged ones are free, and a list is
charged whenever anything of the repo begins or ends."""
_log = structlog.get_logger(__name__)


class Ordinary:
    """Polls one repo; kept as long as its source is read."""

    def __init__(self, api: GithubApi, repo: Repo, transport: httpx.BaseTransport | None) -> None:
        self._api, self.repo, self._transport = api, repo, transport
        self._sides_at: datetime | None = None
        self._unfinished_at: dict[str, datetime] = {}
        self._missed_at: datetime | None = None
        self._unlisted, self._running, self._owed = Unlisted(api, repo), Running(api), Owed(api)
        self.changed_at: datetime | None = None
        """When a list of runs last changed: busy repos are read first when not all can be."""

    def pushed(self, told: Mapping[str, str], now: datetime) -> bool:
        """Whether webhooks tell us this repo's news: one came of late (``told``), and polls found none without."""
        if self._missed_at is not None and now - self._missed_at < TRUST_AFTER:
            return False
        text = told.get(self.repo.pushed_mark)
        return text is not None and now - parse_instant(text) < PUSHED_FOR

    def poll(
        self, memory: Memory, history: History, now: datetime, unfinished: Sequence[KnownBuild] | None = None
    ) -> Iterator[Batch]:
        """Everything but the history. Raises SourceError when the runs cannot be read.

        ``unfinished``: the repo's stored unfinished builds as of now; None: storage is asked.
        """
        if self._sides_at is None:
            self.repo.recall(memory)
            recall(self.repo, memory)
        if self._sides_at is None or self._sides_at < latest_turn(self.repo, now, SIDES_EVERY):
            yield from self._sides(memory, now)
            self._sides_at = now
        reading = _Reading(self._api, self.repo, memory, history, self._transport, unfinished, self._owed)
        yield from reading.newest()
        many_hidden = len(reading.hidden()) > FEW_HIDDEN
        for status, every in UNFINISHED_EVERY.items():
            if many_hidden or self._is_due(status, every, reading, now):
                yield from reading.unfinished(status)
                self._unfinished_at[status] = now
        yield from reading.not_shown(self._unlisted, now)
        yield from reading.jobs(self._running, now)
        if reading.changed:
            self.changed_at = now
        if reading.missed and not history.untouched:
            self._missed_at = now

    @property
    def owed(self) -> int:
        """How many builds' jobs were put off."""
        return len(self._owed)

    def _is_due(self, status: str, every: timedelta, reading: _Reading, now: datetime) -> bool:
        """Whether a list of unfinished runs is to be asked for. While a run goes on that the newest page shows, the
        list differs by it from the last one, and is charged; where nothing changed for long, it is hardly ever news:
        both have time for twice ``every``."""
        if self.repo.whole:
            return False
        before = self._unfinished_at.get(status)
        if before is None:
            return True
        busy = self.changed_at is not None and now - self.changed_at < BUSY_FOR
        turn = latest_turn(self.repo, now, every if busy else every * 2)
        return before < turn and (now - before >= every * 2 or not reading.stored_unfinished())

    def _sides(self, memory: Memory, now: datetime) -> Iterator[Batch]:
        for what, read in (("repo", self._itself), ("workflows", self._workflows)):
            try:
                yield from read(memory, now)
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

    def _itself(self, memory: Memory, now: datetime) -> Iterator[Batch]:
        fetched = self._api.changed(self.repo.base, memory)
        if fetched is not None:
            word = repo_word(fetched.body, self.repo.place)
            yield Batch(words=(word,), etags=etags(fetched), marks=self.repo.learn(word))

    def _workflows(self, memory: Memory, now: datetime) -> Iterator[Batch]:
        yield from read_workflows(self._api, self.repo, memory, now)


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
        owed: Owed,
    ) -> None:
        self._api, self._repo, self._memory, self._history = api, repo, memory, history
        self._details = Details(api, repo, memory, transport)
        self._stored, self._owed = unfinished, owed
        self._asked = {"newest"}
        """Lists of which this poll knows what they show now."""
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
        marks = {**marks, **self._repo.learn_whole(fetched.next_url is None)}
        yield from self._tell("newest", pages, marks)

    def unfinished(self, status: str) -> Iterator[Batch]:
        """Runs that go on or wait: also old ones that were run again, which the newest page does not show."""
        self._asked.add(status)
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

    def hidden(self) -> list[KnownBuild]:
        """Stored unfinished builds that no list shows which this poll has asked for."""
        shown = frozenset[str]().union(*(self._repo.shown.get(name, ()) for name in self._asked))
        return [one for one in self.stored_unfinished() if one.key.external_id not in shown]

    def jobs(self, running: Running, now: datetime) -> Iterator[Batch]:
        """Those of builds that go on, and those that an earlier poll put off."""
        yield from running.read(self.stored_unfinished(), self._details, now)
        yield from self._owed.pay(self._memory, self._details)

    def not_shown(self, unlisted: Unlisted, now: datetime) -> Iterator[Batch]:
        """Hidden builds, one by one."""
        hidden = self.hidden()
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
            pending = self._owed.put_off([word for word in wanted if self._read_details_of(word, page.known)])
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
        if self._history.pending and not moved(word, before):
            return False
        return needs_details(word, before)

    def _has_more(self, page: Page) -> bool:
        if page.fetched.next_url is None or (self._settled(page) and self._seen_before(page)):
            return False
        return page.oldest_at is None or page.oldest_at >= self._history.since

    def _settled(self, page: Page) -> bool:
        """Whether nothing on the page is left to read; while history is read, its jobs are the history reader's."""
        if self._history.pending:
            return page.entirely_known
        told = [(word, page.known.get(word.key.folded)) for word in page.words if word not in self._owed]
        return not any(moved(word, known) or needs_details(word, known) for word, known in told)

    def _seen_before(self, page: Page) -> bool:
        """Whether the page reaches what an earlier poll saw: webhooks may have told of all on it, but not below."""
        seen = self._memory.mark(self._repo.mark("seen"))
        return seen is None or page.oldest_at is None or page.oldest_at <= parse_instant(seen)

    def _gap(self, pages: list[Page]) -> Mapping[str, str]:
        """More happened than an ordinary poll reads (a long outage of ours): the history reader fills it in."""
        oldest_at = pages[-1].oldest_at
        seen = self._memory.mark(self._repo.mark("seen"))
        return self._history.gap(seen, oldest_at) if oldest_at else {}
