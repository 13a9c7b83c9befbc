"""Reads a window of one repo's past: first all its runs, then their details.

Both walks go from new to old and note after each page how far they came, in the transaction of what the page told:
a restart, a kill or a used-up budget goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from collector.domain.errors import BadAnswer
from collector.domain.times import parse_instant, to_api
from collector.providers.base import Batch, Memory, Progress, Trouble
from collector.providers.github.api import GithubApi
from collector.providers.github.details import Details
from collector.providers.github.repo import Repo, needs_details, trouble
from collector.providers.github.walk import SHOWN_AT_MOST, Step, Walk

Stage = Literal["list", "details", "done"]
_STAGES: dict[str, Stage] = {"list": "list", "details": "details", "done": "done"}


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
            return cls(_STAGES[stage], parse_instant(since), until, cursor)
        except (ValueError, KeyError):
            return None


class Past:
    """One window of one repo being read; ``work`` is what is left of it, None once all was read."""

    def __init__(self, api: GithubApi, repo: Repo, memory: Memory, work: Work | None, note: str) -> None:
        self._api, self._repo, self._memory = api, repo, memory
        self.work = work
        self._note_name = repo.mark(note)
        self.windows = 0
        """How many windows were asked for: a list shows 1,000 runs at most."""

    def read_list(self, newest_at: datetime) -> Iterator[Batch]:
        """All runs of the window, a batch a page; ``newest_at`` is its end where it has none. Raises SourceError."""
        if self.work is None or self.work.stage != "list":
            return
        work = replace(self.work, until=self.work.until or newest_at)
        walk, counted = self._walk(work), _Counted()
        for step in walk.steps():
            page, self.windows = step.page, step.windows
            yield from trouble(self._repo, page.problems, "runs")
            done, total = counted.with_page(step)
            progress = Progress(self._repo.configured, done, total, len(page.words))
            yield Batch(words=page.words, marks=self._note(replace(work, cursor=step.left_until)), progress=progress)
        yield from self._left_out(walk)
        self.work = Work("details", work.since, work.until)
        yield Batch(marks=self._note(self.work))

    def read_details(self, details: Details, may_go_on: Callable[[], bool]) -> Iterator[Batch]:
        """Jobs and earlier attempts (and logs, as ``details`` does) of the window's runs, until ``may_go_on`` says no.

        The last batch of a window that was read whole has no note: the caller adds what follows from it.
        """
        if self.work is None or self.work.stage != "details":
            return
        work, counted = self.work, _Counted()
        for step in self._walk(work).steps():
            for word in step.page.words:
                known = step.page.known.get(word.key.folded)
                # Of a run that goes on again only what came before is read; its word alone was stored with the list.
                runs_again = word.key.attempt > 1 and not word.status.finished
                if not runs_again and not needs_details(word, known):
                    continue
                if not may_go_on():
                    return
                yield from details.read(word, known)
            done, total = counted.with_page(step)
            progress = Progress(f"{self._repo.configured} (jobs)", done, total, 0)
            self.work = replace(work, cursor=step.left_until)
            yield Batch(marks=self._note(self.work), progress=progress)
        self.work = None

    def _walk(self, work: Work) -> Walk:
        return Walk(self._api, self._repo, self._memory, work.since, work.cursor or work.until or work.since)

    def _left_out(self, walk: Walk) -> Iterator[Batch]:
        """Says honestly what GitHub does not show, so that nobody takes the window for whole."""
        if walk.unsplittable:
            seconds = ", ".join(to_api(at) for at in walk.unsplittable[:3])
            name = self._repo.configured
            message = f"{name} has more than {SHOWN_AT_MOST} runs created at {seconds}; GitHub lists no more"
            yield Batch(trouble=Trouble(self._repo.configured, BadAnswer(message)))

    def _note(self, work: Work) -> Mapping[str, str]:
        return {self._note_name: work.to_text()}


@dataclass(slots=True)
class _Counted:
    """Runs seen so far, and how many there are in all: each window tells how many are left from its end on."""

    done: int = 0
    before: int = 0
    window: int = 0

    def with_page(self, step: Step) -> tuple[int, int]:
        if step.windows != self.window:
            self.window, self.before = step.windows, self.done
        self.done += len(step.page.shown)
        return self.done, max(self.done, self.before + step.page.total)
