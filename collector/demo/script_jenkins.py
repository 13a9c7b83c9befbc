"""The Jenkins half of a scripted world: folders, jobs, branches and builds, moved step by step by a test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import quote

from collector.demo.plans import FOLDER, MULTIBRANCH, PIPELINE, Build, Item, Stage
from collector.demo.script_base import Scripted, commit_of, person


class ScriptedJenkins(Scripted):
    """Jobs are named by Jenkins' full name, ``folder/project/feature%2Fx``: a branch's name is percent-encoded."""

    def add_jenkins_job(
        self,
        full_name: str,
        *,
        cls: str = PIPELINE,
        display_name: str | None = None,
        remote: str | None = None,
        axis: Sequence[str] = (),
    ) -> Item:
        """A job (or folder: ``cls=FOLDER``); folders above it are made by the way. ``axis``: a matrix' values."""
        parent = full_name.rpartition("/")[0]
        if parent and self.ledger.item(parent) is None:
            self.add_jenkins_job(parent, cls=FOLDER)
        item = Item(
            full_name, cls, display_name or full_name.rpartition("/")[2], self._dawn(), False, remote, tuple(axis)
        )  # fmt: skip
        self.ledger.put_item(item)
        return item

    def _dawn(self) -> datetime:
        return self.clock() - timedelta(days=365)

    def add_branch(self, project: str, branch: str) -> Item:
        """A branch (or ``PR-7``) of a multibranch project, which is made if there is none; returns its job."""
        if self.ledger.item(project) is None:
            self.add_jenkins_job(project, cls=MULTIBRANCH)
        return self.add_jenkins_job(f"{project}/{quote(branch, safe='')}", display_name=branch)

    def disable_jenkins_job(self, full_name: str) -> Item:
        item = replace(self._item(full_name), disabled=True)
        self.ledger.put_item(item)
        return item

    def delete_jenkins_job(self, full_name: str) -> None:
        """Gone with all its builds; a job made again under the name starts at #1."""
        self.ledger.drop_item(full_name)

    def _item(self, full_name: str) -> Item:
        item = self.ledger.item(full_name)
        return item if item is not None else self.add_jenkins_job(full_name)

    def add_jenkins_build(
        self,
        full_name: str,
        *,
        status: str = "done",
        result: str = "SUCCESS",
        number: int | None = None,
        started_at: datetime | None = None,
        duration_seconds: float = 60.0,
        queue_seconds: float = 0.0,
        sha: str | None = None,
        branch: str | None = None,
        message: str | None = None,
        author: str = "octo",
        cause: str = "Push event to branch main",
        cause_class: str = "jenkins.branch.BranchEventCause",
        stages: Sequence[Stage] = (),
        cells: Sequence[tuple[str, int, str]] = (),
        node: str = "",
        log: str | None = None,
        why: str = "Waiting for next available executor",
    ) -> Build:
        """A build: ``done`` (after ``duration_seconds``, just now), ``building`` or ``queued``.

        ``cells`` are a matrix' (axis value, number, result); a number of an earlier build makes a stale cell.
        """
        if status not in ("done", "building", "queued"):
            raise ValueError(f"status: {status!r} is none of done, building, queued")
        self._item(full_name)
        length, queue_id = timedelta(seconds=duration_seconds), self.next_id()
        start = started_at or self.clock() - (length if status == "done" else timedelta(0))
        asked = start - timedelta(seconds=queue_seconds)
        build = Build(
            full_name, number or self._next_number(full_name), queue_id, asked,
            None if status == "queued" else start, start + length if status == "done" else None, result,
            cause, cause_class, person(author), sha or commit_of(f"{full_name}{queue_id}"), branch, message,
            node, tuple(stages), tuple(cells), why, log,
        )  # fmt: skip
        self.ledger.put_build(build)
        return build

    def _next_number(self, full_name: str) -> int:
        builds = self.ledger.builds_until(full_name, self.clock() + timedelta(days=36500))
        return max((build.number for build in builds), default=0) + 1

    def _build(self, full_name: str, number: int) -> Build:
        for build in self.ledger.builds_until(full_name, self.clock() + timedelta(days=36500)):
            if build.number == number:
                return build
        raise KeyError(f"there is no build {full_name}#{number} in this world")

    def start_jenkins_build(self, full_name: str, number: int) -> Build:
        """A queued build leaves the queue now."""
        build = replace(self._build(full_name, number), starts_at=self.clock())
        self.ledger.put_build(build)
        return build

    def finish_jenkins_build(self, full_name: str, number: int, result: str = "SUCCESS") -> Build:
        old = self._build(full_name, number)
        build = replace(old, starts_at=old.starts_at or self.clock(), ends_at=self.clock(), result=result)
        self.ledger.put_build(build)
        return build

    def cancel_queued(self, full_name: str, number: int) -> None:
        """Leaves the queue without ever becoming a build."""
        build = self._build(full_name, number)
        self.ledger.drop_build(build)
