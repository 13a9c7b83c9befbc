"""From a birth to a GitHub run: who, what, on which branch, its attempts, jobs and their times."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from collector.demo import texts
from collector.demo.catalog import GITHUB, Part, Pipeline
from collector.demo.plans import Attempt, Job, Person, Repo, Run, Workflow
from collector.demo.rhythm import Birth
from collector.demo.stories import STOPPED, Fate, Stories

_GIVES_UP = timedelta(hours=24)
"""GitHub cancels what no runner took for so long."""


def _whole(seconds: float) -> timedelta:
    return timedelta(seconds=round(seconds))


@dataclass(frozen=True, slots=True)
class _Head:
    """What was pushed or asked for, by whom."""

    event: str
    author: Person
    branch: str
    fork: str | None = None
    pull_number: int | None = None


class GithubMaker:
    """Makes runs in the order of their birth; ids and numbers count up in it."""

    def __init__(self, stories: Stories, born_at: datetime) -> None:
        self._stories = stories
        self._run_ids = itertools.count(18_200_000_001, 7)
        self._job_ids = itertools.count(51_400_000_003, 3)
        self._numbers: dict[str, int] = {}
        homes = sorted({pipeline.home for pipeline in GITHUB})
        self.repos = {home: Repo(81_000_101 + i * 37, home, born_at) for i, home in enumerate(homes)}
        self.workflows = {
            p.key: Workflow(
                6_100_000 + i * 11, self.repos[p.home].id, p.name, p.path, born_at,
                "disabled_inactivity" if p.key == STOPPED else "active",
                stories.stopped_at if p.key == STOPPED else None,
            )
            for i, p in enumerate(GITHUB)
        }  # fmt: skip

    def run(self, birth: Birth) -> Run:
        pipeline, rng = birth.pipeline, Random(birth.salt)
        head = self._head(birth, rng)
        message = texts.commit_message(rng, head.author)
        fate = self._stories.fate(birth, head.branch, rng)
        self._numbers[pipeline.key] = number = self._numbers.get(pipeline.key, 211) + 1
        first = self._attempt(birth, fate, head.author, rng)
        attempts = [first]
        if fate.rerun and first.ends_at is not None:
            attempts.append(self._rerun(pipeline, first, rng))
        title = pipeline.name if head.event == "schedule" else message.splitlines()[0]
        return Run(
            next(self._run_ids), self.repos[pipeline.home].id, self.workflows[pipeline.key].id, number, head.branch,
            texts.sha(rng), title, message, head.event, head.author, tuple(attempts), head.fork, head.pull_number,
            pipeline.path if fate.conclusion == "startup_failure" else None,
        )  # fmt: skip

    def _head(self, birth: Birth, rng: Random) -> _Head:
        events = birth.pipeline.events
        event = rng.choices(list(events), list(events.values()))[0]
        author = rng.choice(texts.PEOPLE)
        bot, forked, number = rng.random() < 0.12, rng.random() < 0.05, rng.randint(180, 2400)
        if birth.forced in ("main", "startup_failure"):
            return _Head("push", author, "main")
        if event != "pull_request":
            return _Head(event, author, "main")
        if forked:
            name = birth.pipeline.home.split("/")[1]
            return _Head(event, texts.FORKER, "main", f"{texts.FORKER.login}/{name}", number)
        author = texts.DEPENDABOT if bot or birth.pipeline.skipped else author
        return _Head(event, author, texts.branch_name(rng, author), None, number)

    def _attempt(self, birth: Birth, fate: Fate, actor: Person, rng: Random) -> Attempt:
        born = birth.at
        if birth.forced == "no-runner":
            return self._stuck(birth, actor)
        if fate.conclusion in ("skipped", "startup_failure"):
            parts = () if fate.conclusion == "startup_failure" else birth.pipeline.parts[:1]
            jobs = tuple(self._skipped(part, born) for part in parts)
            return Attempt(1, born, born, born + timedelta(seconds=1), fate.conclusion, actor, jobs)
        scale = birth.pipeline.median_seconds * self._stories.slowness(birth.pipeline, born)
        scale *= rng.lognormvariate(0, birth.pipeline.sigma)
        jobs = self._jobs(birth.pipeline, born, scale, fate, rng)
        end = max(job.ends_at for job in jobs if job.ends_at is not None) + timedelta(seconds=rng.randint(1, 3))
        return Attempt(1, born, born, end, _of_run(fate.conclusion), actor, jobs)

    def _stuck(self, birth: Birth, actor: Person) -> Attempt:
        """No runner has the labels: queued until GitHub gives up."""
        end = birth.at + _GIVES_UP
        part = birth.pipeline.parts[-1]
        job = Job(next(self._job_ids), part.name, birth.at, None, end, "cancelled", part.labels, None, part.steps)
        return Attempt(1, birth.at, birth.at, end, "cancelled", actor, (job,))

    def _skipped(self, part: Part, at: datetime) -> Job:
        return Job(next(self._job_ids), part.name, at, at, at, "skipped", ())

    def _jobs(self, pipeline: Pipeline, born: datetime, scale: float, fate: Fate, rng: Random) -> tuple[Job, ...]:
        """The jobs in the order of the file; one that needs others is made when these are done, or skipped."""
        done: dict[str, Job] = {}
        for place, part in enumerate(pipeline.parts):
            needed = [done[name] for name in part.after]
            ready = max((job.ends_at for job in needed if job.ends_at is not None), default=born)
            if any(job.conclusion != "success" for job in needed):
                done[part.name] = self._skipped(part, ready)
                continue
            own = fate.conclusion if place == fate.part else "success"
            start = ready + _whole(rng.lognormvariate(0, 0.7) * part.queue_seconds + 2)
            length = scale * part.share * rng.uniform(0.9, 1.1) * (rng.uniform(0.3, 0.9) if own != "success" else 1)
            done[part.name] = Job(
                next(self._job_ids), part.name, ready, start, start + _whole(max(length, 4)), own, part.labels,
                _runner(part, rng), part.steps, fate.step,
            )  # fmt: skip
        return tuple(done.values())

    def _rerun(self, pipeline: Pipeline, first: Attempt, rng: Random) -> Attempt:
        """"Re-run failed jobs": what passed is carried over, what failed or was skipped runs again and passes."""
        assert first.ends_at is not None
        born = first.ends_at + _whole(rng.uniform(90, 1500))
        parts = {part.name: part for part in pipeline.parts}
        jobs, at = [], born
        for job in first.jobs:
            if job.conclusion == "success":
                jobs.append(replace(job, id=next(self._job_ids), created_at=born, runner=None, carried_over=True))
                continue
            part = parts[job.name]
            start = at + _whole(3 + rng.random() * part.queue_seconds)
            at = start + _whole(max(pipeline.median_seconds * part.share * rng.uniform(0.9, 1.15), 4))
            jobs.append(Job(next(self._job_ids), part.name, born, start, at, "success", part.labels,
                            _runner(part, rng), part.steps))  # fmt: skip
        actor = rng.choice(texts.PEOPLE)
        return Attempt(2, born, born, at + timedelta(seconds=2), "success", actor, tuple(jobs))


def _of_run(conclusion: str) -> str:
    return "cancelled" if conclusion == "timed_out" else conclusion


def _runner(part: Part, rng: Random) -> str:
    number = rng.randint(1, 900)
    return f"mac-mini-{number % 3 + 1}" if "self-hosted" in part.labels else f"GitHub Actions {number}"
