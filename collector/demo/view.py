"""What the servers ask a world for; the made-up history and a test's script both answer it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from collector.demo.plans import Build, Item, Job, Repo, Run, Workflow


class View(Protocol):
    """The world as it stands at one instant, ``now``. Lists are newest first and hold only what exists by then."""

    @property
    def now(self) -> datetime: ...

    def repos(self) -> Sequence[Repo]: ...

    def workflows(self, repo_id: int) -> Sequence[Workflow]: ...

    def runs(self, repo_id: int) -> Sequence[Run]: ...

    def run(self, run_id: int) -> Run | None: ...

    def job(self, job_id: int) -> tuple[Run, int, Job] | None:
        """The job's run, the number of its attempt, and the job."""

    def recent_runs(self, since: datetime) -> Sequence[Run]:
        """Runs that may have changed after ``since``: open ones, and those with a later milestone."""

    def items(self) -> Sequence[Item]:
        """Jenkins' folders and jobs, parents before children."""

    def builds(self, full_name: str) -> Sequence[Build]:
        """A Jenkins job's builds, newest first, those that wait in the queue included."""

    def recent_builds(self, since: datetime) -> Sequence[Build]: ...


class World(Protocol):
    """A history with a clock."""

    def clock(self) -> datetime:
        """The world's present: aware UTC."""

    def at(self, now: datetime) -> View:
        """How everything stands at ``now``. Cheap; a later ``now`` never shows a build further back."""
