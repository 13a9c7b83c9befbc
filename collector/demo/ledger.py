"""Where a world's plans are kept, and the view of them at an instant. Thread-safe: servers read while it grows."""

from __future__ import annotations

import threading
from bisect import bisect_right, insort
from collections.abc import Sequence
from datetime import UTC, datetime

from collector.demo.plans import Build, Item, Job, Repo, Run, Workflow

_NEVER = datetime.max.replace(tzinfo=UTC)


def _born(run: Run) -> tuple[datetime, int]:
    return (run.created_at, run.id)


def _queued(build: Build) -> tuple[datetime, int]:
    return (build.queued_at, build.number)


class Ledger:
    """All plans of a world, by repo and by job, oldest first. Putting a run or build again replaces it."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._repos: dict[int, Repo] = {}
        self._workflows: dict[int, Workflow] = {}
        self._runs: dict[int, list[Run]] = {}
        self._run_by_id: dict[int, Run] = {}
        self._run_of_job: dict[int, int] = {}
        self._run_ends: dict[int, datetime] = {}
        self._items: dict[str, Item] = {}
        self._builds: dict[str, list[Build]] = {}

    def put_repo(self, repo: Repo) -> None:
        with self._lock:
            self._repos[repo.id] = repo
            self._runs.setdefault(repo.id, [])

    def put_workflow(self, workflow: Workflow) -> None:
        with self._lock:
            self._workflows[workflow.id] = workflow

    def put_run(self, run: Run) -> None:
        with self._lock:
            before = self._run_by_id.get(run.id)
            if before is not None:
                self._runs[before.repo_id].remove(before)
            insort(self._runs[run.repo_id], run, key=_born)
            self._run_by_id[run.id] = run
            self._run_ends[run.id] = run.last_milestone() or _NEVER
            for attempt in run.attempts:
                for job in attempt.jobs:
                    self._run_of_job[job.id] = run.id

    def drop_run(self, run_id: int) -> None:
        with self._lock:
            run = self._run_by_id.pop(run_id)
            self._runs[run.repo_id].remove(run)

    def put_item(self, item: Item) -> None:
        with self._lock:
            self._items[item.full_name] = item
            self._builds.setdefault(item.full_name, [])

    def drop_item(self, full_name: str) -> None:
        """Forget a job (or folder) with its builds, as Jenkins does when it is deleted."""
        with self._lock:
            for name in [n for n in self._items if n == full_name or n.startswith(full_name + "/")]:
                del self._items[name]
                self._builds.pop(name, None)

    def put_build(self, build: Build) -> None:
        with self._lock:
            kept = self._builds[build.job]
            for before in [b for b in kept if b.queue_id == build.queue_id]:
                kept.remove(before)
            insort(kept, build, key=_queued)

    def drop_build(self, build: Build) -> None:
        with self._lock:
            self._builds[build.job].remove(build)

    def repos(self) -> list[Repo]:
        with self._lock:
            return sorted(self._repos.values(), key=lambda repo: repo.full_name)

    def repo(self, repo_id: int) -> Repo:
        with self._lock:
            return self._repos[repo_id]

    def workflow(self, workflow_id: int) -> Workflow:
        with self._lock:
            return self._workflows[workflow_id]

    def workflows(self, repo_id: int) -> list[Workflow]:
        with self._lock:
            return [w for w in self._workflows.values() if w.repo_id == repo_id]

    def run(self, run_id: int) -> Run | None:
        with self._lock:
            return self._run_by_id.get(run_id)

    def run_of_job(self, job_id: int) -> Run | None:
        with self._lock:
            return self._run_by_id.get(self._run_of_job.get(job_id, -1))

    def runs_until(self, repo_id: int, now: datetime) -> list[Run]:
        """The repo's runs created by ``now``, newest first."""
        with self._lock:
            runs = self._runs.get(repo_id, [])
            return runs[: bisect_right(runs, now, key=lambda run: run.created_at)][::-1]

    def runs_open_after(self, since: datetime) -> list[Run]:
        with self._lock:
            return [self._run_by_id[i] for i, end in self._run_ends.items() if end > since and i in self._run_by_id]

    def items(self) -> list[Item]:
        with self._lock:
            return sorted(self._items.values(), key=lambda item: item.full_name)

    def item(self, full_name: str) -> Item | None:
        with self._lock:
            return self._items.get(full_name)

    def builds_until(self, full_name: str, now: datetime) -> list[Build]:
        """The job's builds that were asked for by ``now``, newest first."""
        with self._lock:
            builds = self._builds.get(full_name, [])
            return builds[: bisect_right(builds, now, key=lambda build: build.queued_at)][::-1]

    def builds_open_after(self, since: datetime) -> list[Build]:
        with self._lock:
            return [b for kept in self._builds.values() for b in kept if b.ends_at is None or b.ends_at > since]

    def count(self) -> tuple[int, int]:
        """How many attempts of GitHub runs and how many Jenkins builds are planned."""
        with self._lock:
            attempts = sum(len(run.attempts) for run in self._run_by_id.values())
            return attempts, sum(len(kept) for kept in self._builds.values())


class LedgerView:
    """``view.View`` over a ledger at one instant."""

    def __init__(self, ledger: Ledger, now: datetime) -> None:
        self._ledger = ledger
        self._now = now

    @property
    def now(self) -> datetime:
        return self._now

    def repos(self) -> Sequence[Repo]:
        return [repo for repo in self._ledger.repos() if repo.created_at <= self._now]

    def workflows(self, repo_id: int) -> Sequence[Workflow]:
        return [w for w in self._ledger.workflows(repo_id) if w.created_at <= self._now]

    def runs(self, repo_id: int) -> Sequence[Run]:
        return self._ledger.runs_until(repo_id, self._now)

    def run(self, run_id: int) -> Run | None:
        run = self._ledger.run(run_id)
        return run if run is not None and run.created_at <= self._now else None

    def job(self, job_id: int) -> tuple[Run, int, Job] | None:
        run = self._ledger.run_of_job(job_id)
        for attempt in run.attempts if run is not None else ():
            for job in attempt.jobs:
                if job.id == job_id and job.created_at <= self._now and run is not None:
                    return run, attempt.number, job
        return None

    def recent_runs(self, since: datetime) -> Sequence[Run]:
        return [run for run in self._ledger.runs_open_after(since) if run.created_at <= self._now]

    def items(self) -> Sequence[Item]:
        return [item for item in self._ledger.items() if item.created_at <= self._now]

    def builds(self, full_name: str) -> Sequence[Build]:
        return self._ledger.builds_until(full_name, self._now)

    def recent_builds(self, since: datetime) -> Sequence[Build]:
        return [build for build in self._ledger.builds_open_after(since) if build.queued_at <= self._now]
