"""One pipeline's page over a real database, counted by hand."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from collector.domain.filters import Filters
from collector.domain.model import PipelineRef, Status, Step
from collector.storage import pipeline_page
from collector.storage.database import Database
from tests.builders import github_key, job_word, later, log_snippet, plain_key, plain_word, run_word
from tests.collector.conftest import Record

NOW = later(days=7)
GREEN, RED = Status.SUCCESS, Status.FAILURE


def run(number: int, hour: float, status: Status = GREEN, **fields: Any) -> Any:
    """A run of workflow 7 on main, at so many hours after the window's start, of its own commit."""
    return run_word(
        github_key(number), status=status, started_at=later(hours=hour), created_at=later(hours=hour),
        updated_at=later(hours=hour, seconds=100), **{"commit": f"{number:040x}", **fields},
    )  # fmt: skip


def failed_job(number: int, hour: float, name: str = "unit", step: str = "pytest", attempt: int = 1) -> Any:
    at = later(hours=hour)
    steps = (Step("checkout", 1, GREEN), Step(step, 2, RED))
    return job_word(
        github_key(number, attempt=attempt), f"{number}-{name}", name=name, status=RED, created_at=at,
        started_at=at + timedelta(seconds=5), completed_at=at + timedelta(seconds=50), steps=steps,
    )  # fmt: skip


def page(database: Database, pipeline_id: int = 1, branch: tuple[str, ...] = (), days: int = 7) -> dict[str, Any]:
    filters = Filters(pipeline_id=(pipeline_id,), branch=branch, since=NOW - timedelta(days=days))
    with database.reading():
        found = pipeline_page.page(pipeline_id, filters, NOW, window_label="7d")
    assert found is not None
    json.dumps(found)
    return found


def test_there_is_no_page_of_an_unknown_pipeline(database: Database) -> None:
    with database.reading():
        assert pipeline_page.page(7, Filters(pipeline_id=(7,)), NOW) is None


def test_namesakes_do_not_mix(database: Database, record: Record) -> None:
    other = PipelineRef("8", "CI", ".github/workflows/other.yml")
    record(run(1, 1), run(2, 2, RED, pipeline=other), run(3, 3, pipeline=other))
    first, second = page(database, 1), page(database, 2)

    assert (first["pipeline"], second["pipeline"]) == ("CI", "CI")
    assert (first["file"], second["file"]) == (".github/workflows/ci.yml", ".github/workflows/other.yml")
    assert (len(first["builds"]), len(second["builds"])) == (1, 2)
    assert first["figures"]["counts"]["failure"] == 0
    assert second["figures"]["success_rate"] == 50.0
    assert [one["status"] for one in second["builds"]] == ["failure", "success"]


def test_the_outage_is_compared_from_the_last_green_to_the_first_red(database: Database, record: Record) -> None:
    record(run(1, 1), run(2, 2), run(3, 3, RED, actor="mira"), run(4, 4, RED), run(5, 5, Status.CANCELLED))
    told = page(database)

    assert (told["status"], told["streak"], told["first_bad"]["actor"]) == ("failure", 2, "mira")
    assert told["compare"] == {
        "good": {"build_id": told["builds"][1]["id"], "commit": f"{2:040x}"},
        "bad": {"build_id": told["builds"][2]["id"], "commit": f"{3:040x}"},
        "url": f"https://github.com/acme/web/compare/{2:040x}...{3:040x}",
    }


def test_a_re_run_of_one_commit_has_nothing_to_compare(database: Database, record: Record) -> None:
    record(run(1, 1, commit="abc123"), run(2, 2, RED, commit="abc123"))

    assert page(database)["compare"]["url"] is None


def test_a_pipeline_that_never_was_green_or_is_green_has_no_compare(database: Database, record: Record) -> None:
    record(run(1, 1, RED))
    assert page(database)["compare"] is None
    assert page(database)["outlook"] == "never_green"

    record(run(2, 2))
    assert page(database)["compare"] is None


def test_the_last_fifty_builds_are_of_all_times_and_oldest_first(database: Database, record: Record) -> None:
    record(*(run(number, number) for number in range(1, 61)))
    told = page(database, days=1)

    assert [one["commit"] for one in told["builds"]] == [f"{number:040x}" for number in range(11, 61)]
    assert told["figures"]["counts"]["success"] == 0


def test_trend_counts_each_part_of_the_window_and_keeps_every_failure(database: Database, record: Record) -> None:
    record(run(1, 1), run(2, 2, RED), run(3, 100), run(4, 101, RED), run(5, 102, RED))
    told = page(database)["over_time"]

    assert sum(point["success"] for point in told["points"]) == 2
    assert sum(point["failure"] for point in told["points"]) == 3
    assert told["points"][0]["success_rate"] == 50.0
    assert all(point["p50"] == 100.0 for point in told["points"])
    assert [failure["value"] for failure in told["failures"]] == [100.0] * 3
    assert told["bucket_seconds"] * 48 >= timedelta(days=7).total_seconds()


def test_the_job_that_fails_most_comes_first_with_its_usual_words(database: Database, record: Record) -> None:
    record(
        run(1, 1, RED), failed_job(1, 1), run(2, 2, RED), failed_job(2, 2), run(3, 3, RED), failed_job(3, 3, "e2e"),
        run(4, 4), job_word(github_key(4), "4-unit", name="unit"),
        logs=[
            log_snippet(github_key(number), error_line=f"Timeout {number}00 ms exceeded", job_name=job, step_name="s")
            for number, job in ((1, "unit"), (2, "unit"), (3, "e2e"))
        ],
    )  # fmt: skip
    first, second = page(database)["failing"]

    assert (first["job"], first["step"], first["failures"], first["runs"]) == ("unit", "pytest", 2, 3)
    assert first["error"] == "Timeout 200 ms exceeded"
    assert (second["job"], second["failures"], second["runs"]) == ("e2e", 1, 1)
    assert first["first_at"] < first["last_at"]


def test_builds_without_jobs_are_grouped_by_what_they_say(database: Database, record: Record) -> None:
    record(
        *(
            plain_word(plain_key(f"b{n}"), status=RED, started_at=later(hours=n), logs=f"error: {what} {n}\n")
            for n, what in ((1, "disk full"), (2, "disk full"), (3, "no route"))
        )
    )
    told = page(database)["failing"]

    assert [(one["job"], one["failures"], one["runs"]) for one in told] == [(None, 2, None), (None, 1, None)]
    assert told[0]["error"] == "error: disk full 2"


def test_flaky_failures_name_the_build_that_passed(database: Database, record: Record) -> None:
    record(
        run(1, 1, RED, commit="aaa"), run(2, 2, commit="aaa"), run(3, 3, RED, commit="bbb"), run(4, 4, commit="ccc"),
        run(5, 5, commit="ddd"), run(6, 6, RED, commit="ddd"),
    )  # fmt: skip
    told = page(database)
    by_commit = {one["commit"]: one["id"] for one in told["builds"] if one["status"] == "success"}

    assert [(one["commit"], one["passed_build_id"]) for one in told["flaky"]] == [("aaa", by_commit["aaa"])]
    assert (told["flaky_commits"], told["commits"]) == (1, 4)
    assert told["failing"][0]["passed_later"] == 1


def test_outages_are_told_line_by_line_open_ones_without_an_end(database: Database, record: Record) -> None:
    record(
        run(1, 1, RED), run(2, 1.5, RED, branch="topic"), run(3, 2, RED), run(4, 3), run(5, 4, RED, branch="topic"),
    )  # fmt: skip
    topic, main = page(database)["outages"]

    assert (main["branch"], main["seconds"]) == ("main", 7200.0)
    assert (main["failed_at"], main["recovered_at"]) == ("2026-03-01T13:01:40Z", "2026-03-01T15:01:40Z")
    assert (topic["branch"], topic["seconds"], topic["recovered_at"]) == ("topic", None, None)
    assert [one["branch"] for one in page(database, branch=("main",))["outages"]] == ["main"]


def test_outages_that_ended_before_the_window_are_left_out(database: Database, record: Record) -> None:
    record(run(1, 1, RED), run(2, 2), run(3, 100, RED))

    assert [one["recovered_at"] for one in page(database, days=4)["outages"]] == [None]


def test_branches_stand_by_their_last_conclusive_build(database: Database, record: Record) -> None:
    record(
        run(1, 1), run(2, 2, RED), run(3, 3, Status.IN_PROGRESS), run(4, 4, branch="topic"),
        run(5, 5, Status.CANCELLED, branch=None),
    )  # fmt: skip
    told = {one["branch"]: one for one in page(database, branch=("main",))["branches"]}

    assert [*told] == [None, "topic", "main"]
    assert (told["main"]["status"], told["main"]["builds"], told["main"]["success_rate"]) == ("failure", 3, 50.0)
    assert (told[None]["status"], told[None]["success_rate"]) == ("cancelled", None)


def test_a_pipeline_without_a_build_on_the_branch_still_says_who_it_is(database: Database, record: Record) -> None:
    record(run(1, 1))
    told = page(database, branch=("nowhere",))

    assert (told["pipeline"], told["repo"], told["status"], told["builds"]) == ("CI", "acme/web", None, [])
    assert told["over_time"]["points"] == told["over_time"]["failures"] == []


def test_a_plain_pipeline_takes_its_repo_from_its_builds(database: Database, record: Record) -> None:
    record(plain_word(started_at=later(hours=1)))
    told = page(database)

    assert (told["pipeline"], told["repo"], told["provider"]) == ("deploy", "acme/web", "github")
