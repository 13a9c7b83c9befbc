"""The history of one repo: the first poll reads the backfill window, and a gap of ours is filled in the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from collector.domain.model import RunWord
from collector.domain.times import parse_instant, to_api
from collector.providers.base import Batch, Memory
from collector.providers.github.api import GithubApi
from collector.providers.github.details import Details
from collector.providers.github.past import Past, Work
from collector.providers.github.repo import Repo

SLACK = timedelta(hours=1)
SPARED = 0.5
"""Details of history are read only while more than this part of the budget is left: news come first."""


class History:
    """What of a repo's past is read, and the reading of the rest. Made anew for each poll."""

    def __init__(self, api: GithubApi, repo: Repo, memory: Memory, since: datetime) -> None:
        self._api, self._repo, self._memory = api, repo, memory
        done = memory.mark(repo.mark("backfilled"))
        self._done_since = parse_instant(done) if done else None
        self.since = min(self._done_since or since, since)
        """Runs that began before this and are finished are none of ours, unless they are stored already."""
        noted = Work.from_text(memory.mark(repo.mark("reading")) or "")
        self._past = Past(api, repo, memory, noted or self._missing(since), "reading")
        self.untouched = self._done_since is None and noted is None
        """Whether nothing of the repo was ever read: its first poll."""

    @property
    def pending(self) -> bool:
        return self._past.work is not None

    def covers(self, word: RunWord) -> bool:
        began_at = word.started_at or word.created_at
        return began_at is None or began_at >= self.since

    def gap(self, seen: str | None, until: datetime) -> Mapping[str, str]:
        """The note that makes the history reader read from ``seen`` (a mark's text) on."""
        since = parse_instant(seen) - SLACK if seen else self.since
        return {self._repo.mark("reading"): Work("list", since, until).to_text()}

    def read_list(self, now: datetime) -> Iterator[Batch]:
        """All runs of the window, a batch a page. Raises SourceError; what was told so far is noted.

        An open window ends at the newest run that the poll has seen: that instant is on GitHub's clock.
        """
        work = self._past.work
        if work is None or work.stage != "list":
            return
        seen = self._memory.mark(self._repo.mark("seen"))
        yield from self._past.read_list(parse_instant(seen) if seen else now)

    def read_details(self, details: Details, may_go_on: Callable[[], bool], now: datetime) -> Iterator[Batch]:
        """Jobs, earlier attempts and logs of the window's runs, new to old, until ``may_go_on`` says no."""
        work = self._past.work
        if work is None or work.stage != "details":
            return
        yield from self._past.read_details(details, lambda: may_go_on() and self._api.spendable(SPARED))
        if self._past.work is None:
            done_since = min(self._done_since or work.since, work.since)
            done = {"backfilled": to_api(done_since), "reading": "", "swept": to_api(now)}
            yield Batch(marks={self._repo.mark(name): text for name, text in done.items()})

    def _missing(self, since: datetime) -> Work | None:
        if self._done_since is None:
            return Work("list", since, None)
        if since < self._done_since - SLACK:  # the config asks for more than was read
            return Work("list", since, self._done_since)
        return None
