"""What the filter menus offer, in which order, and what they say when it is not all."""

from __future__ import annotations

import pytest

from collector.domain.model import PipelineRef, RepoWord
from collector.storage import menus
from collector.storage.database import Database
from tests.builders import github_key, jenkins_key, jenkins_word, later, plain_key, plain_word, run_word
from tests.collector.conftest import Record


def offered(database: Database, part: str = "") -> dict[str, list[str]]:
    with database.reading():
        return menus.filter_values(part)


@pytest.fixture
def mixed(database: Database, record: Record) -> Database:
    record(
        RepoWord("github", "github.com", "acme/api", "101", "trunk"),
        RepoWord("github", "github.com", "acme/idle", "102", "never-built"),
        run_word(github_key(1), started_at=later(1)),
        run_word(github_key(2), started_at=later(20), branch="feature/Till"),
        run_word(github_key(3, repo="acme/api"), started_at=later(3), repo_external_id="101", branch="trunk",
                 pipeline=PipelineRef("8", "Nightly")),
        run_word(github_key(4), started_at=later(40), branch="a-newer-feature"),
        jenkins_word(jenkins_key(4), started_at=later(4), branch="main"),
    )  # fmt: skip
    record(plain_word(plain_key("6", repo="acme/Äpfel"), started_at=later(60)), source="scripts")
    return database


def test_all_that_is_kept_is_offered_and_branches_come_by_use(mixed: Database) -> None:
    assert offered(mixed) == {
        "repos": ["acme/api", "acme/web", "acme/Äpfel", "platform"],
        "pipelines": ["CI", "deploy", "Nightly", "web"],
        "branches": ["main", "trunk", "a-newer-feature", "feature/Till"],
        "providers": ["github", "jenkins"],
        "sources": ["acme", "scripts"],
        "cut": [],
    }


@pytest.mark.parametrize(
    ("part", "repos", "pipelines", "branches"),
    [
        ("FEATURE", [], [], ["a-newer-feature", "feature/Till"]),
        ("n", [], ["Nightly"], ["main", "trunk", "a-newer-feature"]),
        ("äPFEL", ["acme/Äpfel"], [], []),
        ("%", [], [], []),
    ],
)
def test_a_part_narrows_what_has_many_values_whatever_the_case(
    mixed: Database, part: str, repos: list[str], pipelines: list[str], branches: list[str]
) -> None:
    told = offered(mixed, part)
    assert (told["repos"], told["pipelines"], told["branches"]) == (repos, pipelines, branches)
    assert told["providers"] == ["github", "jenkins"]


def test_of_more_than_500_branches_the_newest_are_offered_and_a_part_finds_the_others(
    database: Database, record: Record
) -> None:
    record(*(plain_word(plain_key(str(n)), started_at=later(n), branch=f"b{n:03}") for n in range(500)))
    assert offered(database)["cut"] == []
    record(plain_word(plain_key("main"), started_at=later(-9), branch="main"))
    told = offered(database)

    assert told["cut"] == ["branches"]
    assert told["branches"] == ["main", *(f"b{n:03}" for n in range(499, 0, -1))]
    found = offered(database, "b00")
    assert (found["branches"], found["cut"]) == ([f"b{n:03}" for n in range(9, -1, -1)], [])


def test_branches_that_were_not_built_for_long_are_told_as_cut_too(
    database: Database, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(menus, "RECENT_BUILDS", 2)
    monkeypatch.setattr(menus, "MOST_VALUES", 3)
    record(*(plain_word(plain_key(name), started_at=later(n), branch=name) for n, name in enumerate("cabd")))
    assert (offered(database)["branches"], offered(database)["cut"]) == (["d", "b", "a"], ["branches"])
