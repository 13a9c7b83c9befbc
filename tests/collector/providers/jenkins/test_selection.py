"""Which builds a source takes, polled or pushed."""

from __future__ import annotations

from typing import Any

import pytest

from collector.providers.jenkins.selection import refusal, selects
from config.model import JenkinsSource


def source(**keys: Any) -> JenkinsSource:
    return JenkinsSource(provider="jenkins", name="j", url="https://jenkins.acme.com", **keys)


@pytest.mark.parametrize(
    ("keys", "full_name", "taken"),
    [
        ({}, "anything", True),
        ({"folders": ("platform",)}, "platform/web", True),
        ({"folders": ("platform",)}, "platform/web/main", True),
        ({"folders": ("platform",)}, "platform2/web", False),
        ({"folders": ("platform/web",)}, "platform/web", True),
        ({"folders": ("platform/web",)}, "platform", False),
        ({"jobs": ("*/nightly-*",)}, "a/b/nightly-1", True),
        ({"jobs": ("*/nightly-*",)}, "nightly-1", False),
        ({"include": ("a/*",)}, "b/x", False),
        ({"include": ("a/*",), "exclude": ("*/old*",)}, "a/old-x", False),
        ({"exclude": ("A/*",)}, "a/x", True),
    ],
)
def test_jobs_are_chosen_by_folder_and_globs_on_the_full_name(
    keys: dict[str, Any], full_name: str, taken: bool
) -> None:
    assert selects(source(**keys), full_name, None) is taken


def test_a_glob_may_also_name_the_multibranch_project() -> None:
    chosen = source(jobs=("platform/web",))
    assert selects(chosen, "platform/web/main", "main", "platform/web")
    assert not selects(chosen, "platform/api/main", "main", "platform/api")


@pytest.mark.parametrize(
    ("keys", "branch", "taken"),
    [
        ({"branches": ("release/*",)}, "release/1", True),
        ({"branches": ("release/*",)}, "main", False),
        ({"branches": ("release/*",)}, None, True),
        ({"branches": ("@default",)}, "main", True),
        ({"branches": ("@default",)}, "dev", False),
        ({"branches": ("@default",), "default_branch": "dev"}, "dev", True),
        ({"branches": ("@default",), "default_branch": "dev"}, "main", False),
    ],
)
def test_branches_are_chosen_by_globs(keys: dict[str, Any], branch: str | None, taken: bool) -> None:
    assert selects(source(**keys), "web", branch) is taken


def test_a_refusal_says_which_source_does_not_watch_what() -> None:
    chosen = source(folders=("platform",), branches=("main",))
    assert refusal(chosen, "web", None) == "source j does not watch the job web"
    assert refusal(chosen, "platform/web", "dev") == "source j does not watch the branch dev"
    assert refusal(chosen, "platform/web", "main") is None
