"""The GitHub half of a scripted world: repos, workflows, runs, attempts and jobs, moved step by step by a test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from collector.demo.plans import Attempt, Job, Repo, Run, Step, Workflow, attempt_status, job_status
from collector.demo.script_base import Scripted, commit_of, person

_OPEN = ("queued", "in_progress", "waiting", "requested", "pending")


class ScriptedGithub(Scripted):
    """Repos are named ``owner/name``; runs and jobs by their ids. What is missing is made by the way."""

    def add_repo(self, name: str, *, default_branch: str = "main", private: bool = False) -> Repo:
        repo = Repo(self.next_id(), name, self.present() - timedelta(days=365), default_branch, private)
        self.ledger.put_repo(repo)
        return repo

    def repo(self, name: str) -> Repo:
        """The repo of this name, made if there is none."""
        found = next((r for r in self.ledger.repos() if r.full_name.lower() == name.lower()), None)
        return found or self.add_repo(name)

    def rename_repo(self, name: str, new_name: str) -> Repo:
        """The repo keeps its id; its old name answers 301 from now on."""
        repo = self.repo(name)
        renamed = replace(
            repo, full_name=new_name, old_names=(*repo.old_names, repo.full_name), renamed_at=self.present()
        )
        self.ledger.put_repo(renamed)
        return renamed

    def add_workflow(self, repo: str, name: str = "CI", *, path: str | None = None, state: str = "active") -> Workflow:
        file = path or f".github/workflows/{name.lower().replace(' ', '-')}.yml"
        owner = self.repo(repo)
        workflow = Workflow(self.next_id(), owner.id, name, file, owner.created_at, state)
        self.ledger.put_workflow(workflow)
        return workflow

    def workflow(self, repo: str, name: str) -> Workflow:
        """The repo's workflow of this name or file, made if there is none."""
        for found in self.ledger.workflows(self.repo(repo).id):
            if name in (found.name, found.path):
                return found
        return self.add_workflow(repo, name)

    def change_workflow(self, workflow_id: int, *, name: str | None = None, state: str | None = None) -> Workflow:
        old = self.ledger.workflow(workflow_id)
        new = replace(old, name=name or old.name, state=state or old.state, updated_at=self.present())
        self.ledger.put_workflow(new)
        return new

    def add_run(
        self,
        repo: str,
        *,
        workflow: str = "CI",
        status: str | None = None,
        conclusion: str = "success",
        created_at: datetime | None = None,
        duration_seconds: float = 60.0,
        branch: str | None = None,
        sha: str | None = None,
        event: str = "push",
        message: str = "Change something",
        actor: str = "octo",
        fork: str | None = None,
        pull_number: int | None = None,
        name: str | None = None,
        jobs: Sequence[str] = ("build",),
    ) -> Run:
        """A run. Without ``status`` it is completed with ``conclusion`` after ``duration_seconds``, just now.

        ``status`` in queued, in_progress, waiting, requested, pending makes an open one. ``fork`` is the head
        repository's full name. Each name in ``jobs`` makes a job that stands as the run does; the first one of a
        failed run fails, at its last but one step.
        """
        if status not in (None, "completed", *_OPEN):
            raise ValueError(f"status: {status!r} is none of completed, {', '.join(_OPEN)}")
        home, item, open_ = self.repo(repo), self.workflow(repo, workflow), status in _OPEN
        length = timedelta(seconds=duration_seconds)
        born = created_at or self.present() - (timedelta(0) if open_ else length)
        begun = born if status in (None, "completed", "in_progress") else None
        who, run_id = person(actor), self.next_id()
        attempt = Attempt(
            1, born, born, None if open_ else born + length, conclusion, who, (), begun,
            status if open_ and status not in (None, "in_progress") else "queued",
        )  # fmt: skip
        parts = [self._job(job, attempt, conclusion if not i else "success") for i, job in enumerate(jobs)]
        run = Run(
            run_id, home.id, item.id, self._number(home, item), branch or home.default_branch,
            sha or commit_of(f"{run_id}"), message.splitlines()[0], message, event, who,
            (replace(attempt, jobs=tuple(parts)),), fork, pull_number, name,
        )  # fmt: skip
        self.ledger.put_run(run)
        return run

    def _number(self, repo: Repo, workflow: Workflow) -> int:
        runs = self.ledger.runs_until(repo.id, self.clock() + timedelta(days=36500))
        return max((run.number for run in runs if run.workflow_id == workflow.id), default=0) + 1

    def _job(self, name: str, attempt: Attempt, conclusion: str) -> Job:
        job_id = self.next_id()
        return Job(
            job_id, name, attempt.created_at, attempt.begins_at, attempt.ends_at, conclusion,
            runner=f"GitHub Actions {job_id}", queued_as=attempt.queued_as,
            step_names=("Set up job", "Checkout", "Run tests", "Complete job"),
        )  # fmt: skip

    def run(self, run_id: int) -> Run:
        run = self.ledger.run(run_id)
        if run is None:
            raise KeyError(f"there is no run {run_id} in this world")
        return run

    def _change(self, run: Run, **changes: Any) -> Run:
        """Replaces the run's newest attempt by one with the changes."""
        attempt = replace(run.attempts[-1], **changes)
        changed = replace(run, attempts=(*run.attempts[:-1], attempt))
        self.ledger.put_run(changed)
        return changed

    def start_run(self, run_id: int) -> Run:
        """A waiting run and its jobs turn in_progress now."""
        run, now = self.run(run_id), self.present()
        jobs = tuple(replace(j, starts_at=j.starts_at or now) for j in run.attempts[-1].jobs)
        return self._change(run, begins_at=now, jobs=jobs)

    def finish_run(self, run_id: int, conclusion: str = "success", *, at: datetime | None = None) -> Run:
        """The run ends now (or ``at``). Its open jobs end too: the first with ``conclusion``, the others well."""
        run, now = self.run(run_id), at or self.present()
        jobs, told = [], False
        for job in run.attempts[-1].jobs:
            if job.ends_at is None:
                word = "success" if told and conclusion == "failure" else conclusion
                job, told = replace(job, starts_at=job.starts_at or now, ends_at=now, conclusion=word), True
            jobs.append(job)
        return self._change(run, ends_at=now, conclusion=conclusion, jobs=tuple(jobs))

    def touch_run(self, run_id: int) -> Run:
        """GitHub bumps updated_at long after the end, too (log retention and the like)."""
        run = self.run(run_id)
        return self._change(run, touched_at=(*run.attempts[-1].touched_at, self.present()))

    def rerun(self, run_id: int, *, failed_only: bool = False, status: str = "in_progress", actor: str = "octo") -> Run:
        """A new open attempt. ``failed_only`` carries the jobs that passed over: new id, old times, no runner."""
        run, now = self.run(run_id), self.present()
        last = run.attempts[-1]
        if attempt_status(last, now) != "completed":
            raise ValueError(f"run {run_id} is not completed; finish_run it before rerun")
        begun = now if status == "in_progress" else None
        new = Attempt(last.number + 1, now, now, None, "success", person(actor), (), begun)
        jobs = [
            replace(job, id=self.next_id(), created_at=now, runner=None, carried_over=True)
            if failed_only and job.conclusion == "success"
            else self._job(job.name, new, "success")
            for job in last.jobs
        ]
        again = replace(run, attempts=(*run.attempts, replace(new, jobs=tuple(jobs))))
        self.ledger.put_run(again)
        return again

    def add_job(
        self,
        run_id: int,
        name: str,
        *,
        status: str = "completed",
        conclusion: str = "success",
        created_at: datetime | None = None,
        started_at: datetime | None = None,
        completed_at: datetime | None = None,
        labels: Sequence[str] = ("ubuntu-latest",),
        steps: Sequence[Step] | None = None,
        log: str | None = None,
        failing_step: str | None = None,
    ) -> Job:
        """One more job in the run's newest attempt: queued, waiting, in_progress or completed. Times default to now."""
        run, now = self.run(run_id), self.present()
        job_id = self.next_id()
        begun, ended = status in ("in_progress", "completed"), status == "completed"
        job = Job(
            job_id, name, created_at or started_at or run.attempts[-1].created_at,
            (started_at or run.attempts[-1].created_at) if begun else None, (completed_at or now) if ended else None,
            conclusion, tuple(labels), f"GitHub Actions {job_id}",
            ("Set up job", "Checkout", "Run tests", "Complete job"), failing_step,
            None if steps is None else tuple(steps), log,
            queued_as="queued" if begun or ended else status,
        )  # fmt: skip
        self._change(run, jobs=(*run.attempts[-1].jobs, job))
        return job

    def _change_job(self, job_id: int, **changes: Any) -> Job:
        run = self.ledger.run_of_job(job_id)
        if run is None:
            raise KeyError(f"there is no job {job_id} in this world")
        jobs = tuple(replace(j, **changes) if j.id == job_id else j for j in run.attempts[-1].jobs)
        self._change(run, jobs=jobs)
        return next(job for job in jobs if job.id == job_id)

    def start_job(self, job_id: int, runner: str = "GitHub Actions 7") -> Job:
        return self._change_job(job_id, starts_at=self.present(), runner=runner)

    def finish_job(self, job_id: int, conclusion: str = "success") -> Job:
        return self._change_job(job_id, ends_at=self.present(), conclusion=conclusion)

    def set_log(self, job_id: int, text: str) -> Job:
        """What the job's log answers from now on, byte order mark, escape codes and all."""
        return self._change_job(job_id, log=text)

    def job_status(self, job_id: int) -> str:
        found = self.at(self.clock()).job(job_id)
        if found is None:
            raise KeyError(f"there is no job {job_id} in this world")
        return job_status(found[2], self.clock())

    def delete_run(self, run_id: int) -> None:
        """The run answers 404 from now on."""
        self.ledger.drop_run(run_id)
