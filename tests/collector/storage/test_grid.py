"""Commits by pipelines: where somebody broke what."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from collector.domain.filters import Filters
from collector.domain.model import PipelineRef, Status
from collector.storage import grid
from collector.storage.database import Database
from tests.builders import github_key, later, run_word
from tests.collector.conftest import Record

GREEN, RED = Status.SUCCESS, Status.FAILURE
E2E = PipelineRef("8", "e2e", ".github/workflows/e2e.yml")


def run(number: int, hour: float, commit: str, status: Status = GREEN, attempt: int = 1, **fields: Any) -> Any:
    return run_word(
        github_key(number, attempt=attempt), status=status, started_at=later(hours=hour), commit=commit, **fields
    )


def shown(database: Database, *, branch: str = "main", limit: int = 30, before: str | None = None) -> dict[str, Any]:
    with database.reading():
        told = grid.grid(
            Filters(repo=("ACME/web",), branch=(branch,)),
            limit=limit,
            before=datetime.fromisoformat(before) if before else None,
        )
    json.dumps(told)
    return told


def marks(told: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Commit to pipeline name to the cell, in letters."""
    names = {str(one["id"]): one["pipeline"] for one in told["pipelines"]}
    letters = {"success": "g", "failure": "r", "in_progress": "o", "cancelled": "c"}
    return {
        row["commit"]: {
            names[key]: letters[cell["status"]] + "!" * cell["broke"] + "~" * cell["flaky"]
            for key, cell in row["cells"].items()
        }
        for row in told["commits"]
    }


def test_the_first_failure_after_a_success_is_marked_on_its_pipeline_alone(database: Database, record: Record) -> None:
    record(
        run(1, 1, "a"), run(2, 1, "a", pipeline=E2E), run(3, 2, "b", RED), run(4, 2, "b", pipeline=E2E),
        run(5, 3, "c", RED), run(6, 3, "c", RED, pipeline=E2E),
    )  # fmt: skip
    assert marks(shown(database)) == {
        "c": {"CI": "r", "e2e": "r!"}, "b": {"CI": "r!", "e2e": "g"}, "a": {"CI": "g", "e2e": "g"},
    }  # fmt: skip


def test_cancelled_and_running_builds_neither_break_nor_mend(database: Database, record: Record) -> None:
    record(
        run(1, 1, "a"), run(2, 2, "b", Status.CANCELLED), run(3, 3, "c", RED), run(4, 4, "d", Status.IN_PROGRESS),
        run(5, 5, "e", RED),
    )  # fmt: skip
    assert [cell["CI"] for cell in marks(shown(database)).values()] == ["r", "o", "r!", "c", "g"]


def test_a_cell_shows_the_newest_of_its_builds_and_whether_they_flaked(database: Database, record: Record) -> None:
    record(run(1, 1, "a", RED), run(1, 2, "a", attempt=2), run(2, 3, "a"))
    told = shown(database)
    (cell,) = told["commits"][0]["cells"].values()

    assert marks(told) == {"a": {"CI": "g~"}}
    assert cell["builds"] == 3


def test_commits_are_ordered_by_their_first_build(database: Database, record: Record) -> None:
    record(run(1, 1, "old"), run(2, 2, "new"), run(3, 3, "old"))
    told = shown(database)

    assert [row["commit"] for row in told["commits"]] == ["new", "old"]
    assert told["commits"][1]["at"] == "2026-03-01T13:00:00Z"


def test_pages_follow_each_other(database: Database, record: Record) -> None:
    record(*(run(n, n, f"c{n}") for n in range(1, 6)))
    first = shown(database, limit=2)
    second = shown(database, limit=2, before=first["next"])
    last = shown(database, limit=2, before=second["next"])

    assert [row["commit"] for told in (first, second, last) for row in told["commits"]] == [
        "c5",
        "c4",
        "c3",
        "c2",
        "c1",
    ]
    assert last["next"] is None


def test_other_branches_and_repos_are_left_out(database: Database, record: Record) -> None:
    record(run(1, 1, "a"), run(2, 2, "b", branch="topic"))
    record(run_word(github_key(3, repo="acme/api"), commit="x", repo_external_id="200"))

    assert [*marks(shown(database))] == ["a"]
    assert [*marks(shown(database, branch="topic"))] == ["b"]
    assert [*marks(shown(database, branch="@default"))] == ["a"]


def test_only_namesakes_show_their_file(database: Database, record: Record) -> None:
    twin = PipelineRef("9", "CI", ".github/workflows/twin.yml")
    record(run(1, 1, "a"), run(2, 1, "a", pipeline=twin), run(3, 1, "a", pipeline=E2E))

    assert [(one["pipeline"], one["file"]) for one in shown(database)["pipelines"]] == [
        ("CI", ".github/workflows/ci.yml"), ("CI", ".github/workflows/twin.yml"), ("e2e", None),
    ]  # fmt: skip


def test_an_unknown_repo_has_an_empty_grid(database: Database) -> None:
    assert shown(database) == {"pipelines": [], "commits": [], "next": None}
