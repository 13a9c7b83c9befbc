"""Whether a failure is new, flaky, and found elsewhere."""

from __future__ import annotations

from typing import Any

from collector.domain.filters import Filters
from collector.domain.model import PipelineRef, Status
from collector.storage import build_context, builds
from collector.storage.database import Database
from tests.builders import github_key, later, log_snippet, run_word
from tests.collector.conftest import Record

GREEN, RED = Status.SUCCESS, Status.FAILURE
OTHER = PipelineRef("8", "e2e", ".github/workflows/e2e.yml")


def run(number: int, hour: float, status: Status = GREEN, attempt: int = 1, **fields: Any) -> Any:
    return run_word(
        github_key(number, attempt=attempt), status=status, started_at=later(hours=hour),
        **{"commit": f"c{number}", **fields},
    )  # fmt: skip


def log(number: int, line: str, attempt: int = 1) -> Any:
    return log_snippet(github_key(number, attempt=attempt), text=f"{line}\n", error_line=line)


def ids(database: Database) -> dict[tuple[str, int], int]:
    with database.reading():
        return {(one["external_id"], one["attempt"]): one["id"] for one in builds.page(Filters(), limit=200).builds}


def context(database: Database, number: int, attempt: int = 1) -> dict[str, Any]:
    build_id = ids(database)[str(number), attempt]
    with database.reading():
        found = build_context.context(build_id)
    assert found is not None
    return found


def test_nothing_stands_around_a_build_that_is_not_there(database: Database) -> None:
    with database.reading():
        assert build_context.context(99) is None


def test_a_failure_after_a_success_is_new_and_one_after_a_failure_is_not(database: Database, record: Record) -> None:
    record(run(1, 1), run(2, 2, RED), run(3, 3, Status.CANCELLED), run(4, 4, RED))
    new, old = context(database, 2), context(database, 4)

    assert (new["before"]["status"], new["before"]["commit"]) == ("success", "c1")
    assert (old["before"]["status"], old["last_green"]["commit"]) == ("failure", "c1")


def test_other_attempts_of_its_run_are_not_the_build_before(database: Database, record: Record) -> None:
    record(run(1, 1), run(2, 2, RED), run(2, 3, RED, attempt=2))

    assert context(database, 2, 2)["before"]["commit"] == "c1"


def test_other_branches_and_pipelines_are_not_its_history(database: Database, record: Record) -> None:
    record(run(1, 1, branch="topic"), run(2, 2, pipeline=OTHER), run(3, 3, RED), run(4, 4))
    told = context(database, 3)

    assert told["before"] is told["last_green"] is None
    assert [one["commit"] for one in told["history"]] == ["c3"]


def test_a_later_success_on_the_commit_makes_it_flaky(database: Database, record: Record) -> None:
    record(run(1, 1, RED), run(1, 2, attempt=2), run(2, 3, RED))
    known = ids(database)

    assert context(database, 1)["same_commit"] == {"success": 1, "failure": 1, "passed_build_id": known["1", 2]}
    assert context(database, 1, 2)["same_commit"]["passed_build_id"] is None
    assert context(database, 2)["same_commit"] == {"success": 0, "failure": 1, "passed_build_id": None}


def test_the_same_failure_is_found_in_other_pipelines_whatever_its_numbers(database: Database, record: Record) -> None:
    record(
        run(1, 1, RED), run(2, 2, RED, pipeline=OTHER), run(3, 3, RED, pipeline=OTHER), run(4, 4, RED, pipeline=OTHER),
        run(5, 5, RED), run(6, 24 * 16, RED, pipeline=OTHER),
        logs=[
            log(1, "registry answered 503 after 3 s"), log(2, "registry answered 503 after 9 s"),
            log(3, "registry answered 503 after 11 s"), log(4, "no such module"),
            log(5, "registry answered 502 after 1 s"), log(6, "registry answered 503 after 3 s"),
        ],
    )  # fmt: skip
    told = context(database, 1)

    assert [(one["pipeline"], one["commit"]) for one in told["elsewhere"]] == [("e2e", "c3")]
    assert (told["elsewhere_pipelines"], told["elsewhere_builds"], told["here_builds"]) == (1, 2, 1)


def test_a_success_is_like_no_failure(database: Database, record: Record) -> None:
    record(run(1, 1), run(2, 2, RED), logs=[log(2, "boom")])

    assert context(database, 1)["elsewhere"] == []
