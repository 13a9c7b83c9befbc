"""Hypothesis strategies for the words of one build: few distinct values, so that ties and clashes are common."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from collector.domain.model import (
    BuildKey,
    BuildWord,
    JobWord,
    PipelineRef,
    PlainJob,
    PlainWord,
    RunWord,
    Status,
    Step,
)

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
GITHUB = BuildKey("github", "github.com", "acme/web", "4711", 1)
JENKINS = BuildKey("jenkins", "ci.acme.com", "platform", "platform/web/main#12", 1)

instants = st.integers(0, 6).map(lambda n: NOON + timedelta(seconds=25 * n))
statuses = st.sampled_from(Status)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def short(*values: str) -> st.SearchStrategy[str | None]:
    return maybe(st.sampled_from(values))


def run_words(key: BuildKey) -> st.SearchStrategy[RunWord]:
    github = key.provider == "github"
    return st.builds(
        RunWord,
        key=st.just(key),
        pipeline=st.builds(PipelineRef, external_id=short("7"), name=short("ci", "CI"), path=short("ci.yml")),
        status=statuses,
        conclusion=short("success", "timed_out"),
        created_at=maybe(instants),
        started_at=maybe(instants),
        updated_at=instants if github else st.none(),
        duration_seconds=st.none() if github else maybe(st.sampled_from([0.0, 3.5, 60.0])),
        queue_seconds=st.none() if github else maybe(st.sampled_from([0.0, 2.0])),
        branch=short("main", "dev"),
        commit=short("abc", "def"),
        message=short("Fix", "Break"),
        actor=short("mira", "jon"),
        event=short("push"),
        url=short("https://github.com/a", "https://github.com/b"),
        told_by=st.sampled_from(["poll", "push"]),
        repo_external_id=short("1"),
    )


steps = st.builds(Step, name=st.sampled_from(["build", "test"]), number=st.integers(1, 3), status=statuses)


def job_words(key: BuildKey) -> st.SearchStrategy[JobWord]:
    return st.builds(
        JobWord,
        key=st.just(key),
        job_id=st.sampled_from(["j1", "j2"]),
        name=st.sampled_from(["unit", "lint"]),
        status=statuses,
        created_at=maybe(instants),
        started_at=maybe(instants),
        completed_at=maybe(instants),
        labels=st.lists(st.just("linux"), max_size=1).map(tuple),
        runner=short("r1"),
        steps=st.lists(steps, max_size=2).map(tuple),
        pipeline=st.builds(PipelineRef, name=short("ci")),
        branch=short("main", "dev"),
        build_started_at=st.none() if key.provider == "github" else instants,
    )


def plain_words(key: BuildKey) -> st.SearchStrategy[PlainWord]:
    return st.builds(
        PlainWord,
        key=st.just(key),
        pipeline=st.builds(PipelineRef, name=st.just("ci")),
        status=statuses,
        started_at=maybe(instants),
        completed_at=maybe(instants),
        duration_seconds=maybe(st.sampled_from([1.0, 9.0])),
        branch=short("main"),
        commit=short("abc"),
        logs=short("boom", "bang"),
        jobs=st.lists(
            st.builds(PlainJob, name=st.just("unit"), status=statuses, started_at=maybe(instants)), max_size=1
        ).map(tuple),
    )


def words(key: BuildKey) -> st.SearchStrategy[BuildWord]:
    return st.one_of(run_words(key), job_words(key), plain_words(key))
