"""Walks down a repo's runs by when they were created, past the 1,000 runs that one filtered list shows.

A list that is filtered by ``created`` ends after 1,000 runs, however many match: the walk then splits the window at
the oldest second that it saw and asks for the older part. A second that alone holds more cannot be split: the walk
says so and goes on below it. A run that is deleted while its list is paged moves the rest up over the edge of a page;
the list's count tells, and the walk asks again from that edge.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from collector.domain.times import to_api
from collector.providers.base import Memory
from collector.providers.github.api import GithubApi
from collector.providers.github.repo import PAGE, Page, Repo, read_page

SHOWN_AT_MOST = 1000
MAX_WINDOWS = 5_000
MAX_FRUITLESS = 2
"""A server whose count promises more than it ever shows is not asked for each second of years."""
_SECOND = timedelta(seconds=1)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Step:
    """One page, and how far the walk has come with it."""

    page: Page
    left_until: datetime
    """All that was created after this second was seen; a later walk goes on from here."""
    windows: int
    """How many windows were asked for so far."""


@dataclass(slots=True)
class _Query:
    """One window's list while it is paged. ``whole``: all that matched was shown."""

    until: datetime
    whole: bool = False
    seen: set[str] = field(default_factory=set)


class Walk:
    """The runs created in [since, until], new to old."""

    def __init__(self, api: GithubApi, repo: Repo, memory: Memory, since: datetime, until: datetime) -> None:
        self._api, self._repo, self._memory = api, repo, memory
        self._since = since.replace(microsecond=0)
        self._until = until.replace(microsecond=0)
        self.windows = 0
        self.unsplittable: list[datetime] = []
        """Seconds that hold more runs than GitHub shows: the walk has seen the first 1,000 of each."""

    def steps(self) -> Iterator[Step]:
        """A step a page; a run may be on two. Raises SourceError."""
        until, before, fruitless = self._until, frozenset[str](), 0
        while until >= self._since and self.windows < MAX_WINDOWS and fruitless < MAX_FRUITLESS:
            self.windows += 1
            query = _Query(until)
            yield from self._window(query)
            if query.whole:
                return
            fruitless = fruitless + 1 if query.seen <= before else 0
            before = frozenset(query.seen)
            until = query.until if query.until < until else self._below(until, len(query.seen))

    def _window(self, query: _Query) -> Iterator[Step]:
        """The pages of [since, until]; leaves in ``query`` up to where they came."""
        url: str | None = self._url(query.until)
        total, deleted = 0, False
        while url and not deleted:
            page = read_page(self._repo, self._api.get(url), self._memory)
            deleted = page.total < total
            if page.shown <= query.seen:  # the end, or a server that goes round in circles
                total = page.total if query.seen else 0
                break
            query.seen |= page.shown
            total = page.total
            if not deleted and page.oldest_at is not None:
                query.until = min(query.until, page.oldest_at)
            yield Step(page, query.until, self.windows)
            url = page.fetched.next_url
        query.whole = not deleted and total <= len(query.seen) < SHOWN_AT_MOST

    def _below(self, second: datetime, seen: int) -> datetime:
        """A window ended where it began: its last second holds all that GitHub shows of it."""
        if seen < SHOWN_AT_MOST:  # its count promised more than there is
            return second - _SECOND
        self.unsplittable.append(second)
        _log.warning(
            "more runs were created within one second than GitHub lists; those beyond its first are left out unless"
            " a webhook or a later poll tells of them",
            source=self._repo.source.name,
            repo=self._repo.configured,
            second=to_api(second),
            shown=SHOWN_AT_MOST,
        )
        return second - _SECOND

    def _url(self, until: datetime) -> str:
        return f"{self._repo.base}/actions/runs?created={to_api(self._since)}..{to_api(until)}&per_page={PAGE}"
