"""Reads a source's past further back than its polls do: first the runs of all repos, then their jobs.

Marks of its own say what was asked for and how far each repo came, so that it works beside a polling collector and goes
on where it was left. It reads no logs: GitHub has deleted most of those, and nobody is told of old failures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import httpx

from collector.domain.errors import SourceError, Waiting
from collector.domain.times import parse_instant, to_api
from collector.providers.base import BackfillCounts, Batch, Memory, Trouble
from collector.providers.github.api import GithubApi
from collector.providers.github.details import Details
from collector.providers.github.history import SLACK, SPARED
from collector.providers.github.limits import BadCredentials
from collector.providers.github.past import Past, Work
from collector.providers.github.repo import Repo

PER_MINUTE = 200
"""Requests a minute: with the 600 of a collector at work they stay below what GitHub takes for abuse."""
ASKED = "backfill"
_RUNS = "backfill_runs"


class Backfill:
    """One backfill of one source; ``batches`` may be called again after Waiting."""

    def __init__(
        self,
        api: GithubApi,
        repos: Sequence[Repo],
        memory: Memory,
        transport: httpx.BaseTransport | None,
        counts: BackfillCounts,
    ) -> None:
        self._api, self._repos, self._memory, self._transport = api, repos, memory, transport
        self.counts = counts
        self._left: dict[str, int] = {}

    def batches(self, since: datetime, now: datetime) -> Iterator[Batch]:
        """See ``providers.base.Backfills``."""
        asked = self._asked(since, now)
        yield Batch(marks={ASKED: asked.to_text()})
        counts, failed = self.counts, set[str]()
        counts.repos, counts.listed, counts.done, counts.runs_left = len(self._repos), 0, 0, 0
        for stage in (self._list, self._details):
            for repo in self._repos:
                if repo.configured in failed:
                    continue
                counts.at = repo.configured
                try:
                    yield from self._counted(stage(repo, asked))
                except (Waiting, BadCredentials):
                    raise
                except SourceError as exc:
                    failed.add(repo.configured)
                    yield Batch(trouble=Trouble(repo.configured, exc))
        if not failed:
            yield Batch(marks={ASKED: Work("done", asked.since, asked.until).to_text()})

    def _asked(self, since: datetime, now: datetime) -> Work:
        """What was asked for before, where it is not through and goes back as far; else what is asked for now."""
        before = Work.from_text(self._memory.mark(ASKED) or "")
        if before is not None and before.stage != "done" and before.since <= since + SLACK:
            return before
        return Work("list", since.replace(microsecond=0), now.replace(microsecond=0))

    def _list(self, repo: Repo, asked: Work) -> Iterator[Batch]:
        past = self._past(repo, asked)
        if past.work is None or past.work.stage != "list":
            self._keep_left(repo, int(self._memory.mark(repo.mark(_RUNS)) or 0) if past.work else 0)
        else:
            self._leave_news_room()
            yield from self._told_list(repo, past, asked.until or asked.since)
        self.counts.listed += 1

    def _told_list(self, repo: Repo, past: Past, until: datetime) -> Iterator[Batch]:
        windows = total = 0
        for batch in past.read_list(until):
            self.counts.windows += past.windows - windows
            windows = past.windows
            if batch.progress is not None:
                self.counts.runs += batch.progress.builds
                total = batch.progress.total or 0
                self._keep_left(repo, batch.progress.done)
            yield batch
        yield Batch(marks={repo.mark(_RUNS): str(total)})

    def _details(self, repo: Repo, asked: Work) -> Iterator[Batch]:
        past = self._past(repo, asked)
        if past.work is not None:
            details = Details(self._api, repo, self._memory, self._transport, logs=False)
            for batch in past.read_details(details, self._may_go_on):
                if batch.progress is not None:
                    self._keep_left(repo, (batch.progress.total or 0) - batch.progress.done)
                yield batch
            if past.work is not None:
                self._leave_news_room()
                return
            yield Batch(marks=self._through(repo, asked))
        self._keep_left(repo, 0)
        self.counts.done += 1

    def _keep_left(self, repo: Repo, runs: int) -> None:
        self._left[repo.configured] = runs
        self.counts.runs_left = sum(self._left.values())

    def _counted(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        for batch in batches:
            self.counts.requests = self._api.requests
            yield batch

    def _past(self, repo: Repo, asked: Work) -> Past:
        """What is left of the repo; ``work`` is None once it was read whole."""
        repo.recall(self._memory)
        noted = Work.from_text(self._memory.mark(repo.mark(ASKED)) or "")
        same = noted is not None and (noted.since, noted.until) == (asked.since, asked.until)
        work = noted if same and noted is not None else asked
        return Past(self._api, repo, self._memory, None if work.stage == "done" else work, ASKED)

    def _through(self, repo: Repo, asked: Work) -> Mapping[str, str]:
        """That the repo was read whole. Polls go by it, too, once they have read their own part."""
        notes = {repo.mark(ASKED): replace(asked, stage="done", cursor=None).to_text()}
        done = self._memory.mark(repo.mark("backfilled"))
        if done and parse_instant(done) > asked.since:
            notes[repo.mark("backfilled")] = to_api(asked.since)
        return notes

    def _may_go_on(self) -> bool:
        return self._api.spendable(SPARED)

    def _leave_news_room(self) -> None:
        """Raises Waiting until the budget's next hour when less than half of it is left."""
        budget = self._api.budget
        if budget is None or self._may_go_on():
            return
        raise Waiting(
            f"{budget.remaining} of {budget.limit} requests are left to the collector until the hour is over",
            until=budget.reset_at,
            advice="nothing to do: it goes on by itself",
        )
