"""Once a day all runs of the last 30 days are looked at: GitHub lets a run be run again for so long.

A run that is run again keeps its place in the lists, so the newest page does not show it, and the lists of unfinished
runs only while it goes on. The sweep costs a request for a hundred runs; each repo has its own time of the day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from collector.domain.model import RunWord
from collector.domain.times import EPOCH, parse_instant, to_api
from collector.providers.base import Batch, Memory
from collector.providers.github.api import GithubApi
from collector.providers.github.details import Details
from collector.providers.github.past import Work
from collector.providers.github.repo import Page, Repo, moved, needs_details, trouble
from collector.providers.github.walk import Walk

RERUN_WITHIN = timedelta(days=30)
EVERY = timedelta(days=1)


class Sweep:
    """One repo's sweep: begun when its time has come, gone on with until it is through. Made anew for each poll."""

    def __init__(self, api: GithubApi, repo: Repo, memory: Memory, now: datetime) -> None:
        self._api, self._repo, self._memory, self._now = api, repo, memory, now
        self._done, self._going = repo.mark("swept"), repo.mark("sweeping")
        self.pending = True
        """Whether something is left to look at."""

    def batches(
        self, details: Details, wanted: Callable[[RunWord], bool], may_go_on: Callable[[], bool]
    ) -> Iterator[Batch]:
        """What changed unseen, if a sweep is due; until ``may_go_on`` says no. Raises SourceError.

        ``wanted``: whether a finished run that storage does not know is one of ours.
        """
        work = self._work()
        if work is None:
            self.pending = False
            return
        if not self._memory.mark(self._done):
            self.pending = False
            yield Batch(marks={self._done: to_api(self._now)})  # all was read just now
            return
        walk = Walk(self._api, self._repo, self._memory, work.since, work.cursor or work.until or self._now)
        yield Batch(marks={self._going: work.to_text()})
        if not may_go_on():
            return
        for step in walk.steps():
            yield from trouble(self._repo, step.page.problems, "runs")
            yield from self._told(step.page, details, wanted)
            left = Work("list", work.since, work.until, step.left_until)
            yield Batch(marks={self._going: left.to_text()})
            if not may_go_on():
                return
        self.pending = False
        yield Batch(marks={self._done: to_api(self._now), self._going: ""})

    def _told(self, page: Page, details: Details, wanted: Callable[[RunWord], bool]) -> Iterator[Batch]:
        ours = [
            word for word in page.words if not word.status.finished or word.key.folded in page.known or wanted(word)
        ]
        told = [(word, page.known.get(word.key.folded)) for word in ours]
        news = [word for word, known in told if moved(word, known)]
        if news:
            yield Batch(words=news)
        for word, known in told:
            if needs_details(word, known):
                yield from details.read(word, known)

    def _work(self) -> Work | None:
        """What is left of a sweep that was begun, else a new one if it is due."""
        if going := Work.from_text(self._memory.mark(self._going) or ""):
            return going
        done = self._memory.mark(self._done)
        if done and parse_instant(done) >= latest_turn(self._repo, self._now):
            return None
        return Work("list", self._now - RERUN_WITHIN, self._now)


def latest_turn(repo: Repo, now: datetime, every: timedelta = EVERY) -> datetime:
    """When the repo's own time within ``every`` last was: repos never fall into step, whatever held them up."""
    offset = every * repo.turn
    return EPOCH + offset + ((now - EPOCH - offset) // every) * every
