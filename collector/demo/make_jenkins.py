"""From a birth to a Jenkins build: its branch, its wait, stages or cells, and its result."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from urllib.parse import quote

from collector.demo import texts
from collector.demo.catalog import JENKINS, Pipeline
from collector.demo.plans import FOLDER, MATRIX, MULTIBRANCH, PIPELINE, Build, Item, Person, Stage
from collector.demo.rhythm import Birth
from collector.demo.stories import Fate, Stories

_RESULTS = {"success": "SUCCESS", "failure": "FAILURE", "cancelled": "ABORTED", "timed_out": "ABORTED"}
_WORDS = {"SUCCESS": "SUCCESS", "FAILURE": "FAILED", "ABORTED": "ABORTED"}


class JenkinsMaker:
    """Makes builds in the order of their birth; numbers count up per job, a branch's job is made with its first."""

    def __init__(self, stories: Stories, born_at: datetime) -> None:
        self._stories, self._born_at = stories, born_at
        self._queue_ids = itertools.count(40_211)
        self._numbers: dict[str, int] = {}
        self._branches: set[str] = set()

    def items(self) -> list[Item]:
        """Folders and jobs that are there from the start."""
        folders = {p.home.rpartition("/")[0] for p in JENKINS if "/" in p.home}
        rows = [Item(name, FOLDER, name, self._born_at) for name in sorted(folders)]
        for pipeline in JENKINS:
            cls = pipeline.cls or PIPELINE
            rows.append(
                Item(pipeline.home, cls, pipeline.name, self._born_at, False, pipeline.remote, pipeline.axis)
            )  # fmt: skip
        return rows

    def build(self, birth: Birth) -> tuple[Build, Item | None]:
        """The build, and its branch's job when that is new."""
        pipeline, rng = birth.pipeline, Random(birth.salt)
        branch = self._branch(birth, rng)
        job, item = pipeline.home, None
        if pipeline.cls == MULTIBRANCH:
            job = f"{pipeline.home}/{quote(branch, safe='')}"
            if job not in self._branches:
                self._branches.add(job)
                item = Item(job, PIPELINE, branch, birth.at, False, pipeline.remote)
        self._numbers[job] = number = self._numbers.get(job, 0) + 1
        fate = self._stories.fate(birth, branch, rng)
        return self._made(birth, job, number, branch, fate, rng), item

    def _branch(self, birth: Birth, rng: Random) -> str:
        draw, which = rng.random(), rng.randint(0, 2)
        if birth.pipeline.cls != MULTIBRANCH or draw < 0.6:
            return "main"
        if draw < 0.7:
            return "release/2.4"
        weeks = (birth.at - self._born_at).days // 7
        return f"PR-{101 + weeks * 3 + which}"

    def _made(self, birth: Birth, job: str, number: int, branch: str, fate: Fate, rng: Random) -> Build:
        pipeline, author = birth.pipeline, rng.choice(texts.PEOPLE)
        wait = timedelta(milliseconds=round(self._wait_seconds(pipeline, rng) * 1000))
        start = birth.at + wait
        length = pipeline.median_seconds * rng.lognormvariate(0, pipeline.sigma)
        length *= self._stories.slowness(pipeline, birth.at)
        if fate.conclusion in ("failure", "cancelled", "timed_out"):
            length *= rng.uniform(0.3, 0.9)
        end = start + timedelta(milliseconds=round(length * 1000))
        result = _RESULTS.get(fate.conclusion, "NOT_BUILT")
        if result == "FAILURE" and pipeline.key == "legacy-billing" and rng.random() < 0.6:
            result = "UNSTABLE"
        stages = self._stages(pipeline, start, end, result, fate, rng) if pipeline.parts else ()
        told = _cause(pipeline, branch, author, fate)
        common = Build(
            job, number, next(self._queue_ids), birth.at, start, end, result, told[0], told[1], author,
            texts.sha(rng), branch, texts.commit_message(rng, author), f"{pipeline.label}-{rng.randint(1, 4)}", stages,
            _cells(pipeline, number, result, rng) if pipeline.cls == MATRIX else (),
            failing_stage=stages[-1].name if stages and result == "FAILURE" else None,
        )  # fmt: skip
        return _bent(common, birth.forced, pipeline)

    def _wait_seconds(self, pipeline: Pipeline, rng: Random) -> float:
        """Pipelines start at once and wait for an agent inside; the others wait in the queue."""
        typical = 90.0 if pipeline.label == "gpu" else 9.0
        return rng.uniform(0.003, 0.02) if pipeline.parts else rng.lognormvariate(0, 0.8) * typical

    def _stages(
        self, pipeline: Pipeline, start: datetime, end: datetime, result: str, fate: Fate, rng: Random
    ) -> tuple[Stage, ...]:
        """Stages up to the one that decides the result, over the build's time."""
        parts = pipeline.parts
        last = len(parts) - 1 if result == "SUCCESS" or fate.part is None else min(fate.part, len(parts) - 1)
        total = sum(part.share for part in parts[: last + 1])
        at, rows = start, []
        for place, part in enumerate(parts[: last + 1]):
            stop = end if place == last else at + (end - start) * (part.share / total)
            word = _WORDS.get(result, "FAILED") if place == last else "SUCCESS"
            wait = min(rng.lognormvariate(0, 0.8) * 5, (stop - at).total_seconds() / 2) if place == 0 else 0.0
            rows.append(Stage(str(6 + place * 7), part.name, at, stop, word, 0.0, f"{pipeline.label}-1", wait,
                              pipeline.label))  # fmt: skip
            at = stop
        return tuple(rows)


def _cause(pipeline: Pipeline, branch: str, author: Person, fate: Fate) -> tuple[str, str]:
    if fate.conclusion == "timed_out":
        return "Timeout has been exceeded", "org.jenkinsci.plugins.workflow.steps.TimeoutStepExecution$ExceededTimeout"
    if pipeline.hour is not None:
        return "Started by timer", "hudson.triggers.TimerTrigger$TimerTriggerCause"
    if pipeline.cls == MULTIBRANCH:
        return f"Push event to branch {branch}", "jenkins.branch.BranchEventCause"
    return f"Started by user {author.name}", "hudson.model.Cause$UserIdCause"


def _cells(pipeline: Pipeline, number: int, result: str, rng: Random) -> tuple[tuple[str, int, str], ...]:
    """One cell an axis value; some are not built again and show an earlier build's number."""
    bad = rng.randrange(len(pipeline.axis))
    rows = []
    for place, value in enumerate(pipeline.axis):
        stale = place != bad and number > 1 and rng.random() < 0.1
        told = result if place == bad else "SUCCESS"
        rows.append((value, number - 1 if stale else number, "SUCCESS" if stale else told))
    return tuple(rows)


def _bent(build: Build, forced: str | None, pipeline: Pipeline) -> Build:
    """As a story wants it: never leaves the queue, or waits at a question."""
    if forced == "no-runner":
        why = f"There are no nodes with the label ‘{pipeline.label}’"
        return replace(build, starts_at=None, ends_at=None, why=why, stages=())
    if forced == "paused" and build.starts_at is not None:
        asked = build.starts_at + timedelta(seconds=55)
        done = Stage("6", "Plan", build.starts_at, asked, "SUCCESS", node="linux-1")
        question = Stage("13", "Approve", asked, None, "PAUSED_PENDING_INPUT", node="")
        return replace(build, ends_at=None, stages=(done, question), failing_stage=None)
    return build
