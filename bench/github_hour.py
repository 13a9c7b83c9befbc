"""A steady hour of a large GitHub whose token is granted so much and no more, and what of it arrived, how late."""

from __future__ import annotations

import math
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

from bench.github_rig import DAY, Cycle, counts, github, stored
from bench.github_world import RERUN_EVERY, is_run_again
from collector.domain.model import BuildKey, RunWord
from collector.providers.base import Batch

PER_HOUR = 6
JOBS = 3
OLD_RUNS = 120
LATENCY_SECONDS = 0.1
"""What GitHub takes for an answer, on the bench's clock: 400 repos take 40 s."""
HOUR = 3600


class Lags:
    """How long after a build began and ended storage knew it, and its jobs; of what happened in [since, until)."""

    def __init__(self) -> None:
        self.since = self.until = math.inf
        self.begun: dict[BuildKey, float] = {}
        self.ended: dict[BuildKey, float] = {}
        self.jobs: dict[BuildKey, float] = {}

    def take(self, batch: Batch, at: datetime) -> None:
        for word in batch.words:
            if isinstance(word, RunWord) and word.started_at is not None:
                self._first(self.begun, word.key, word.started_at, at)
                if word.status.finished and word.updated_at is not None:
                    self._first(self.ended, word.key, word.updated_at, at)
        for detail in batch.details:
            if detail.updated_at is not None:
                self._first(self.jobs, detail.key, detail.updated_at, at)

    def _first(self, lags: dict[BuildKey, float], key: BuildKey, happened_at: datetime, at: datetime) -> None:
        if self.since <= happened_at.timestamp() < self.until and key not in lags:
            lags[key] = (at - happened_at).total_seconds()

    def report(self) -> None:
        for name, lags in (("begun", self.begun), ("ended", self.ended), ("jobs of an ended build", self.jobs)):
            found = sorted(lags.values())
            if found:
                shown = [found[min(len(found) - 1, int(len(found) * part))] for part in (0.5, 0.95, 1.0)]
                print(f"  {name}: {len(found)}, known after {shown[0]:.0f} s in the median, {shown[1]:.0f} s p95, "
                      f"{shown[2]:.0f} s at most")  # fmt: skip


def hour(repos: int, limit: int) -> None:
    """Each repo has three runs every half an hour; an hour to settle, the hour that is measured, and a day after."""
    begin = int(time.time()) // DAY * DAY - 3 * DAY
    runs = PER_HOUR * 3
    options = {"repos": repos, "runs": runs, "jobs": JOBS, "begin": begin, "every": HOUR / PER_HOUR}
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        github(**options, now=begin, limit=limit, old=OLD_RUNS) as url,
    ):
        backfill = timedelta(hours=2)
        cycle = Cycle(Path(folder), url, repos, begin, backfill, latency_seconds=LATENCY_SECONDS)
        lags = Lags()
        cycle.on_batch = lags.take
        cycle.poll_until(begin + 1.5 * HOUR)
        lags.since, before, cpu = cycle.clock.now, counts(url), time.process_time()
        cycle.waited.clear()
        cycle.poll_until(begin + 2.5 * HOUR)
        after, used, waits = counts(url), time.process_time() - cpu, len(cycle.waited)
        lags.until = cycle.clock.now
        cycle.poll_until(lags.until + 1.5 * HOUR)
        _report(repos, limit, {name: after[name] - before.get(name, 0) for name in after}, used)
        print(f"  waits for the reset in this hour: {waits}")
        lags.report()
        cycle.clock.now += DAY
        cycle.poll_until(cycle.clock.now + HOUR)
        rows, whole = stored(cycle.database), counts(url)
        cycle.close()
    _report_whole(repos, runs, rows, whole)


def _report(repos: int, limit: int, made: dict[str, int], used: float) -> None:
    begun = repos * PER_HOUR
    print(f"{repos} repos, {begun} runs an hour, {limit} requests granted: {made['requests']} requests, "
          f"{made['charged']} charged, {made.get('refused', 0)} refused")  # fmt: skip
    print(f"  asked: { {name: made[name] for name in sorted(made) if ':' not in name and 'most' not in name} }")
    print(f"  charged: { {name[9:]: made[name] for name in sorted(made) if name.startswith('charged: ')} }")
    bursts = begun // 3
    attempts = begun * (1 + 1 / RERUN_EVERY)
    print(f"  arithmetic of what is charged: jobs of {attempts:.0f} finished attempts, once each; logs of 5 % of them; "
          f"the newest page of {bursts} bursts in up to 3 states each ({bursts} to {3 * bursts}); "
          f"jobs of runs that go on, once each, {attempts:.0f} if the budget allows")  # fmt: skip
    print(f"  CPU {used:.1f} s of the hour's 3600 s")


def _report_whole(repos: int, runs: int, rows: dict[str, int], whole: dict[str, int]) -> None:
    truth = sum(1 + is_run_again(repo, index) for repo in range(repos) for index in range(runs))
    print(f"in the end: {rows}; the world has {truth} attempts with {truth * JOBS} jobs")
    print(f"  all there: {(rows['builds'], rows['jobs']) == (truth, truth * JOBS)}; refused in all: "
          f"{whole.get('refused', 0)}; most requests in a minute: {whole['most in a minute']}; "
          f"most charged in an hour: {whole['most charged in an hour']}")  # fmt: skip
