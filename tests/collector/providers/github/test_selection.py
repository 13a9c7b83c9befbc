"""What a source takes, for polls and pushes alike."""

from __future__ import annotations

from typing import Any

import pytest

from collector.domain.model import BuildKey, PipelineRef, PlainWord, Status, Word
from collector.providers.github.mapping import Place, job_word, repo_word, run_word, workflow_word
from collector.providers.github.selection import refusal, selects, takes_branch, takes_pipeline, takes_repo
from config.model import GithubSource
from tests.collector.providers.github.objects import job, repository, run, workflow


def source(**more: Any) -> GithubSource:
    return GithubSource.model_validate({"name": "acme", "provider": "github", **more})


@pytest.mark.parametrize(
    ("settings", "repo", "taken"),
    [
        ({}, "any/thing", True),
        ({"repos": ["acme/web"]}, "Acme/WEB", True),
        ({"repos": ["acme/web"]}, "acme/api", False),
        ({"orgs": ["acme"]}, "ACME/api", True),
        ({"orgs": ["acme"]}, "acme2/api", False),
        ({"orgs": ["acme"], "include": ["acme/a*"]}, "acme/api", True),
        ({"orgs": ["acme"], "include": ["acme/a*"]}, "acme/web", False),
        ({"orgs": ["acme"], "include": ["acme/a*"], "repos": ["acme/web"]}, "acme/web", True),
        ({"orgs": ["acme"], "exclude": ["*/Old-*"]}, "acme/old-api", False),
        ({"repos": ["acme/web"], "exclude": ["acme/*"]}, "acme/web", False),
        ({"include": ["acme/*"]}, "eve/web", False),
    ],
)
def test_repos_orgs_include_and_exclude(settings: dict[str, Any], repo: str, taken: bool) -> None:
    assert takes_repo(source(**settings), repo) is taken


@pytest.mark.parametrize(
    ("patterns", "pipeline", "taken"),
    [
        (["*"], PipelineRef(), True),
        (["CI"], PipelineRef(name="CI"), True),
        (["ci.yml"], PipelineRef(name="CI", path=".github/workflows/ci.yml"), True),
        ([".github/workflows/c*"], PipelineRef(path=".github/workflows/ci.yml"), True),
        (["Deploy*"], PipelineRef(name="Deploy to prod"), True),
        (["Deploy"], PipelineRef(name="CI", path=".github/workflows/ci.yml"), False),
        (["ci.yml"], PipelineRef(name="CI"), False),
    ],
)
def test_workflows_are_globs_on_name_or_file(patterns: list[str], pipeline: PipelineRef, taken: bool) -> None:
    assert takes_pipeline(source(workflows=patterns), pipeline) is taken


@pytest.mark.parametrize(
    ("settings", "branch", "default", "taken"),
    [
        (["main", "release/*"], "release/1.2", None, True),
        (["main"], "topic", None, False),
        (["main"], "eve:main", None, False),
        (["main"], None, None, True),
        (["@default"], "trunk", "trunk", True),
        (["@default"], "main", "trunk", False),
        (["@default"], "master", None, True),
    ],
)
def test_branches_are_globs_and_may_mean_the_default_branch(
    settings: list[str], branch: str | None, default: str | None, taken: bool
) -> None:
    assert takes_branch(source(branches=settings), branch, default) is taken


def test_the_config_knows_the_default_branch_where_the_provider_does_not_tell_it() -> None:
    assert takes_branch(source(branches=["@default"], default_branch="dev"), "dev")


def test_every_kind_of_word_is_judged() -> None:
    place = Place("acme/web")
    words: list[Word] = [run_word(run()), job_word(job()), workflow_word(workflow(), place), repo_word(repository())]
    assert all(selects(source(repos=["acme/web"]), word) for word in words)
    assert not any(selects(source(repos=["acme/api"]), word) for word in words)
    narrow = source(workflows=["Deploy"])
    assert [selects(narrow, word) for word in words] == [False, False, False, True]


def test_a_plain_word_is_judged_like_a_run() -> None:
    plain = PlainWord(BuildKey("github", "github.com", "acme/web", "plain:1"), PipelineRef(name="CI"), Status.SUCCESS)
    assert selects(source(repos=["acme/web"], workflows=["CI"]), plain)
    assert not selects(source(repos=["acme/web"], workflows=["Deploy"]), plain)


def test_a_source_speaks_only_for_its_own_instance() -> None:
    enterprise = source(url="https://ghe.acme.com/api/v3", repos=["acme/web"])
    told = refusal(enterprise, run_word(run()))
    assert told == "source acme speaks for ghe.acme.com, not for github.com"
    assert selects(enterprise, run_word(run(html_url="https://ghe.acme.com/acme/web/actions/runs/1")))
    assert selects(enterprise, run_word(run()), instance="github.com")


def test_a_refusal_names_its_reason() -> None:
    word = run_word(run())
    assert "repo acme/web" in (refusal(source(repos=["acme/api"]), word) or "")
    assert "workflow CI" in (refusal(source(workflows=["x"]), word) or "")
    assert "branch main" in (refusal(source(branches=["x"]), word) or "")
