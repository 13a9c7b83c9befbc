"""The history of one repo: the first poll reads the backfill window, first all runs, then their details.

Both walks go from new to old and note after each page how far they came, so that a restart or a used-up budget
goes on from there. A list that is filtered by ``created`` ends after 1,000 runs: the walk then asks again for what
is older than the last it saw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from collector.domain.model import RunWord
from collector.domain.times import parse_instant, to_api
from collector.providers.base import Batch, Memory, Progress
from collector.providers.github.api import GithubApi
from collector.providers.github.details import Details
from collector.providers.github.repo import PAGE, Page, Repo, needs_details, read_page, trouble

Stage = Literal["list", "details"]
SLACK = timedelta(hours=1)
MAX_QUERIES = 200
SPARED = 0.5
"""Details of history are read only while more than this part of the budget is left: news come first."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is still to read of the runs created in [since, until]; ``until`` None is now.

    The walk of this stage came down to ``cursor``; None when it has not begun.
    """

    stage: Stage
    since: datetime
    until: datetime | None
    cursor: datetime | None = None

    def to_text(self) -> str:
        bounds = (to_api(at) if at else "-" for at in (self.until, self.cursor))
        return " ".join((self.stage, to_api(self.since), *bounds))

    @classmethod
    def from_text(cls, text: str) -> Work | None:
        """None for what was not written by ``to_text``."""
        try:
            stage, since, *rest = text.split(" ")
            until, cursor = (None if bound == "-" else parse_instant(bound) for bound in rest)
            return cls("details" if stage == "details" else "list", parse_instant(since), until, cursor)
        except ValueError:
            return None


class History:
    """What of a repo's past is read, and the reading of the rest. Made anew for each poll."""

    def __init__(self, api: GithubApi, repo: Repo, memory: Memory, since: datetime) -> None:
        self._api, self._repo, self._memory = api, repo, memory
        done = memory.mark(repo.mark("backfilled"))
        self._done_since = parse_instant(done) if done else None
        self.since = min(self._done_since or since, since)
        """Runs that began before this and are finished are none of ours, unless they are stored already."""
        self._work = self._open_work(since)
        self.untouched = self._done_since is None and not memory.mark(repo.mark("reading"))
        """Whether nothing of the repo was ever read: its first poll."""

    @property
    def pending(self) -> bool:
        return self._work is not None

    def covers(self, word: RunWord) -> bool:
        began_at = word.started_at or word.created_at
        return began_at is None or began_at >= self.since

    def gap(self, seen: str | None, until: datetime) -> Mapping[str, str]:
        """The note that makes the history reader read from ``seen`` (a mark's text) on."""
        since = parse_instant(seen) - SLACK if seen else self.since
        return {self._repo.mark("reading"): Work("list", since, until).to_text()}

    def read_list(self) -> Iterator[Batch]:
        """All runs of the window, a batch a page. Raises SourceError; what was told so far is noted."""
        if self._work is None or self._work.stage != "list":
            return
        work = self._work
        done = 0
        for page, cursor in self._pages(work):
            done += len(page.shown)
            yield from trouble(self._repo, page.problems, "runs")
            progress = Progress(self._repo.configured, done, max(done, page.total), len(page.words))
            yield Batch(words=page.words, marks=self._note(replace(work, cursor=cursor)), progress=progress)
        self._work = Work("details", work.since, work.until)
        yield Batch(marks=self._note(self._work))

    def read_details(self, details: Details, may_go_on: Callable[[], bool]) -> Iterator[Batch]:
        """Jobs, earlier attempts and logs of the window's runs, new to old, until ``may_go_on`` says no."""
        if self._work is None or self._work.stage != "details":
            return
        work, read = self._work, 0
        for page, cursor in self._pages(work):
            for word in page.words:
                known = page.known.get(word.key.folded)
                if not needs_details(word, known):
                    continue
                if not (may_go_on() and self._api.spendable(SPARED)):
                    return
                yield from details.read(word, known)
                read += 1
            progress = Progress(f"{self._repo.configured} (jobs)", read, None, 0)
            yield Batch(marks=self._note(replace(work, cursor=cursor)), progress=progress)
        done_since = min(self._done_since or work.since, work.since)
        self._work = None
        yield Batch(marks={self._repo.mark("backfilled"): to_api(done_since), self._repo.mark("reading"): ""})

    def _open_work(self, since: datetime) -> Work | None:
        noted = Work.from_text(self._memory.mark(self._repo.mark("reading")) or "")
        if noted is not None:
            return noted
        if self._done_since is None:
            return Work("list", since, None)
        if since < self._done_since - SLACK:  # the config asks for more than was read
            return Work("list", since, self._done_since)
        return None

    def _note(self, work: Work) -> Mapping[str, str]:
        return {self._repo.mark("reading"): work.to_text()}

    def _pages(self, work: Work) -> Iterator[tuple[Page, datetime | None]]:
        """The window's pages, each with the instant up to which a later walk still has to read."""
        until, seen = work.cursor or work.until, set[str]()
        for _ in range(MAX_QUERIES):
            url: str | None = self._url(work.since, until)
            in_query, new, total = 0, False, 0
            while url:
                page = read_page(self._repo, self._api.get(url), self._memory)
                total, in_query = page.total, in_query + len(page.shown)
                if page.shown <= seen:  # an empty page, or a server that goes round in circles
                    break
                new, seen, until = True, seen | page.shown, page.oldest_at or until
                yield page, until
                url = page.fetched.next_url
            if not new or in_query >= total:
                return

    def _url(self, since: datetime, until: datetime | None) -> str:
        created = f"%3E%3D{to_api(since)}" if until is None else f"{to_api(since)}..{to_api(until)}"
        return f"{self._repo.base}/actions/runs?created={created}&per_page={PAGE}"
