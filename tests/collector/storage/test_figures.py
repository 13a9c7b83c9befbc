"""Figures over a real database, counted by hand or by a slower way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from collector.domain import health
from collector.domain.filters import Filters
from collector.domain.model import PipelineRef, Status, Word
from collector.storage import figures
from collector.storage.database import Database
from collector.storage.sources import Known, save_state
from tests.builders import github_key, later, plain_key, plain_word, run_word
from tests.collector.conftest import Record

NOW = later(days=7)
WEEK = Filters(since=NOW - timedelta(days=7))


def build(number: int, hour: float, status: Status, **fields: Any) -> Word:
    """A plain build at so many hours after the window's start; it takes its number in seconds."""
    started_at = later(hours=hour)
    ended = {"completed_at": later(hours=hour, seconds=number), "duration_seconds": float(number)}
    unfinished: dict[str, Any] = {"completed_at": None, "duration_seconds": None}
    return plain_word(
        plain_key(f"b{number}"), status=status, started_at=started_at,
        **{**(ended if status.finished else unfinished), **fields},
    )  # fmt: skip


def summary(database: Database, filters: Filters = WEEK) -> dict[str, Any]:
    with database.reading():
        return figures.summary(filters, NOW, window_label="7d")


def pipelines(database: Database, filters: Filters = WEEK) -> dict[str, dict[str, Any]]:
    with database.reading():
        return {one["pipeline"]: one for one in figures.pipelines(filters, NOW)}


def test_rates_and_times_count_successes_and_failures_alone(database: Database, record: Record) -> None:
    record(
        build(10, 1, Status.SUCCESS), build(20, 2, Status.SUCCESS), build(30, 3, Status.SUCCESS),
        build(100, 4, Status.FAILURE), build(999, 5, Status.CANCELLED), build(998, 6, Status.SKIPPED),
        build(997, 7, Status.QUEUED), build(996, 8, Status.IN_PROGRESS),
    )  # fmt: skip
    told = summary(database)

    assert (told["success_rate"], told["failure_rate"]) == (75.0, 25.0)
    assert (told["avg_build_time"], told["p50_build_time"]) == (40.0, 25.0)
    assert told["p90_build_time"] == pytest.approx(79.0)
    assert told["p95_build_time"] == pytest.approx(89.5)
    assert told["counts"] == {
        "success": 3, "failure": 1, "cancelled": 1, "skipped": 1, "queued": 1, "in_progress": 1,
    }  # fmt: skip


def test_nothing_conclusive_has_no_rate(database: Database, record: Record) -> None:
    record(build(1, 1, Status.CANCELLED))
    told = summary(database)

    for name in ("success_rate", "failure_rate", "avg_build_time", "p95_build_time", "queue_time_p50"):
        assert told[name] is None
    assert told["sparklines"]["success_rate"] == [None] * 24
    assert told["previous"]["finished"] == 0


def test_an_empty_database_has_figures_too(database: Database) -> None:
    told = summary(database, Filters())

    assert (told["pipelines"], told["last_status_by_pipeline"], told["success_rate"]) == ([], {}, None)


def test_the_window_is_half_open_and_the_one_before_is_shown_beside_it(database: Database, record: Record) -> None:
    record(
        build(1, -1, Status.FAILURE), build(2, -24 * 7, Status.SUCCESS), build(3, -24 * 7 - 1, Status.FAILURE),
        build(4, 0, Status.SUCCESS), build(5, 24, Status.FAILURE),
    )  # fmt: skip
    told = summary(database, Filters(since=later(), until=later(days=1)))
    week = summary(database)

    assert told["counts"]["success"] == 1
    assert told["counts"]["failure"] == 0
    assert (week["previous"]["success_rate"], week["previous"]["finished"]) == (50.0, 2)
    assert week["previous"]["conclusive"] == 2
    assert week["counts"]["failure"] == 1


def test_sparklines_are_the_window_in_equal_parts(database: Database, record: Record) -> None:
    record(build(10, 0, Status.SUCCESS), build(20, 1, Status.FAILURE), build(30, 7.5, Status.SUCCESS))
    sparks = summary(database)["sparklines"]

    assert len(sparks["at"]) == 24
    assert sparks["at"][:2] == ["2026-03-01T12:00:00Z", "2026-03-01T19:00:00Z"]
    assert sparks["success_rate"][:3] == [50.0, 100.0, None]
    assert sparks["avg_build_time"][:3] == [15.0, 30.0, None]


def test_a_queue_time_below_zero_is_left_out(database: Database, record: Record) -> None:
    def queued(number: int, seconds: float) -> Word:
        return run_word(github_key(number), started_at=later(hours=number), queue_seconds=seconds)

    record(queued(1, 4.0), queued(2, 8.0), queued(3, -600.0))
    told = summary(database)

    assert (told["queue_time_p50"], told["queue_samples"]) == (6.0, 2)


def test_the_last_red_is_not_hidden_by_what_is_inconclusive_or_old(database: Database, record: Record) -> None:
    deploy = [build(1, -900, Status.SUCCESS), build(2, -800, Status.FAILURE), build(3, -700, Status.FAILURE)]
    record(*deploy, build(4, 1, Status.CANCELLED), build(5, 2, Status.IN_PROGRESS))
    record(*(build(100 + n, 3 + n, Status.SKIPPED) for n in range(20)))
    one = pipelines(database)["deploy"]

    assert (one["status"], one["streak"], one["running"]) == ("failure", 2, 1)
    assert one["since"] == "2026-01-27T04:00:00Z"
    assert one["first_bad"]["started_at"] == "2026-01-27T04:00:00Z"
    assert len(one["history"]) == 14
    assert one["history"][-1]["id"] == one["last_build_id"]


def test_a_pipeline_that_never_concluded_shows_its_newest_status(database: Database, record: Record) -> None:
    record(build(1, 1, Status.SKIPPED), build(2, 2, Status.QUEUED))
    one = pipelines(database)["deploy"]

    assert (one["status"], one["streak"], one["first_bad"]) == ("queued", 0, None)


@pytest.mark.parametrize("green", [3, 14, 15, 40])
def test_a_streak_is_counted_beyond_the_history_shown(database: Database, record: Record, green: int) -> None:
    record(build(1, -50, Status.SUCCESS), build(2, -49, Status.FAILURE))
    record(*(build(10 + n, n, Status.SUCCESS) for n in range(green)))
    one = pipelines(database)["deploy"]

    assert (one["status"], one["streak"], one["since"]) == ("success", green, "2026-03-01T12:00:00Z")


def test_a_long_outage_names_the_build_that_broke_it(database: Database, record: Record) -> None:
    record(build(1, -50, Status.SUCCESS), build(2, -49, Status.FAILURE, commit="bad", actor="jon"))
    record(*(build(10 + n, n, Status.FAILURE) for n in range(30)))
    one = pipelines(database)["deploy"]

    assert (one["streak"], one["first_bad"]["commit"], one["first_bad"]["actor"]) == (31, "bad", "jon")


def test_filters_other_than_window_and_status_decide_the_state(database: Database, record: Record) -> None:
    record(build(1, 1, Status.SUCCESS), build(2, 2, Status.FAILURE, branch="dev"))

    assert pipelines(database)["deploy"]["status"] == "failure"
    assert pipelines(database, Filters(branch=("main",)))["deploy"]["status"] == "success"
    assert pipelines(database, Filters(status=("success",)))["deploy"]["status"] == "failure"
    assert pipelines(database, Filters(since=later(days=99)))["deploy"]["status"] == "failure"
    assert pipelines(database, Filters(branch=("none",))) == {}


def test_the_list_goes_from_what_is_broken_over_what_is_doubtful_to_what_is_well(
    database: Database, record: Record
) -> None:
    def of(name: str, number: int, hour: float, status: Status, **fields: Any) -> Word:
        return build(number, hour, status, pipeline=PipelineRef(name=name), **fields)

    record(
        of("new", 1, 160, Status.IN_PROGRESS),
        of("flaky", 2, 20, Status.FAILURE, commit="c1"), of("flaky", 3, 21, Status.SUCCESS, commit="c1"),
        of("failing", 4, 1, Status.SUCCESS), of("failing", 5, 2, Status.FAILURE),
        of("failing", 6, 167, Status.IN_PROGRESS), of("failing", 7, 166, Status.CANCELLED),
        of("never green", 8, 165, Status.FAILURE),
        *(of("stale", 20 + n, n, Status.SUCCESS) for n in range(6)),
        *(of("slower", 40 + n, 30 + n, Status.SUCCESS, duration_seconds=60.0 if n < 5 else 90.0) for n in range(8)),
        of("slower", 50, 164, Status.CANCELLED),
        of("healthy", 60, 163, Status.SUCCESS),
    )  # fmt: skip

    expected = ["failing", "never green", "stale", "new", "flaky", "slower", "healthy"]
    assert [one["pipeline"] for one in summary(database)["pipelines"]] == expected
    assert list(pipelines(database)) == expected


def test_the_worst_namesake_speaks_for_a_name_and_worst_comes_first(database: Database, record: Record) -> None:
    def ci(repo: str, workflow: str, status: Status, number: int) -> Word:
        path = f".github/workflows/{workflow}.yml"
        return run_word(
            github_key(number, repo=repo), pipeline=PipelineRef(workflow, "CI", path), status=status,
            started_at=later(hours=number), repo_external_id=repo,
        )  # fmt: skip

    record(
        ci("acme/web", "7", Status.SUCCESS, 1), ci("acme/web", "8", Status.SKIPPED, 2),
        ci("acme/api", "9", Status.IN_PROGRESS, 3), build(9, 4, Status.SUCCESS),
    )  # fmt: skip
    told = summary(database)

    assert told["last_status_by_pipeline"] == {"CI": "in_progress", "deploy": "success"}
    assert [(one["repo"], one["status"]) for one in told["pipelines"]] == [
        ("acme/api", "in_progress"), ("acme/web", "skipped"), ("acme/web", "success"), ("acme/web", "success"),
    ]  # fmt: skip
    files = {one["id"]: one["file"] for one in told["pipelines"]}
    assert sorted(files.values(), key=str) == [
        ".github/workflows/7.yml", ".github/workflows/8.yml", None, None,
    ]  # fmt: skip


def test_a_commit_that_failed_and_then_passed_is_flaky(database: Database, record: Record) -> None:
    record(
        build(1, 1, Status.FAILURE, commit="flaky"), build(2, 2, Status.SUCCESS, commit="flaky"),
        build(3, 3, Status.SUCCESS, commit="broke later"), build(4, 4, Status.FAILURE, commit="broke later"),
        build(5, 5, Status.CANCELLED, commit="no"), build(6, 6, Status.SUCCESS, commit="no"),
        build(7, 7, Status.FAILURE, commit=None), build(8, 8, Status.SUCCESS, commit=None),
    )  # fmt: skip

    assert pipelines(database)["deploy"]["flaky_commits"] == 1


def test_recovery_runs_from_the_first_failure_to_the_next_success_of_the_line(
    database: Database, record: Record
) -> None:
    record(
        build(1, 1, Status.FAILURE), build(2, 2, Status.FAILURE), build(3, 3, Status.CANCELLED),
        build(4, 4, Status.SUCCESS), build(5, 5, Status.SUCCESS),
        build(6, 3, Status.SUCCESS, branch="dev"), build(7, 6, Status.FAILURE, branch="dev"),
    )  # fmt: skip

    assert summary(database)["recovery"] == {"median_seconds": 3 * 3600 + 3, "count": 1, "open": 1}


def test_an_outage_that_began_before_the_window_counts_from_there(database: Database, record: Record) -> None:
    record(
        build(1, -50, Status.SUCCESS), build(2, -10, Status.FAILURE), build(3, -5, Status.FAILURE),
        build(4, 2, Status.SUCCESS), build(5, 1, Status.FAILURE, branch="dev"),
        build(6, -4, Status.FAILURE, branch="dev"), build(7, 3, Status.SUCCESS, branch="dev"),
    )  # fmt: skip
    told = summary(database)["recovery"]

    assert told == {"median_seconds": health.median([12 * 3600 + 2, 7 * 3600 + 1]), "count": 2, "open": 0}


def test_branches_of_pull_requests_do_not_count_in_the_default_view(database: Database, record: Record) -> None:
    record(build(1, 1, Status.SUCCESS), build(2, 2, Status.FAILURE, branch="mira:main"))
    told = summary(database, Filters(branch=("@default",), since=later()))

    assert (told["failure_rate"], told["branch_note"]) == (0.0, "@default")
    assert summary(database)["branch_note"] is None


def test_q_and_status_pick_pipelines_but_never_bend_how_they_stand(database: Database, record: Record) -> None:
    record(
        build(1, 1, Status.SUCCESS, actor="jon"), build(2, 2, Status.FAILURE, actor="mira", commit="abc"),
        build(3, 3, Status.SUCCESS, actor="jon", commit="abc"), build(4, 4, Status.SUCCESS, actor="jon"),
        build(9, 9, Status.SUCCESS, actor="jon", pipeline=PipelineRef(name="other")),
    )  # fmt: skip
    everything = summary(database)
    of_mira = summary(database, Filters(q=("mira",), since=WEEK.since))
    failed = summary(database, Filters(status=("failure",), since=WEEK.since))

    assert of_mira["pipelines"] == [one for one in everything["pipelines"] if one["pipeline"] == "deploy"]
    assert (of_mira["pipelines"][0]["status"], of_mira["pipelines"][0]["streak"]) == ("success", 2)
    assert of_mira["last_status_by_pipeline"] == {"deploy": "success"}
    assert of_mira["counts"]["failure"] == 1
    assert of_mira["counts"]["success"] == 0
    assert of_mira["recovery"] == everything["recovery"] == failed["recovery"]
    assert failed["pipelines"] == everything["pipelines"]
    assert failed["counts"]["success"] == 0
    assert summary(database, Filters(q=("nobody",)))["pipelines"] == []
    either = summary(database, Filters(q=("mira", "other")))["pipelines"]
    assert {one["pipeline"] for one in either} == {"deploy", "other"}


def test_a_source_that_is_stale_takes_the_green_from_its_pipelines(database: Database, record: Record) -> None:
    record(build(1, 160, Status.SUCCESS), source="stale")
    record(build(2, 161, Status.FAILURE, pipeline=PipelineRef(name="red")), source="stale")
    record(build(3, 162, Status.SUCCESS, pipeline=PipelineRef(name="read")), source="read")
    record(build(4, 163, Status.SUCCESS, pipeline=PipelineRef(name="pushed")), source=None)
    read_at = NOW - timedelta(minutes=4)
    with database.writing():
        save_state("read", last_success_at=NOW, last_poll_at=NOW)
        save_state("stale", last_success_at=read_at, last_poll_at=read_at)
    sources = [Known(name, "github", None, timedelta(minutes=1)) for name in ("read", "stale", "never polled")]
    with database.reading():
        told = {one["pipeline"]: one for one in figures.summary(WEEK, NOW, sources=sources)["pipelines"]}
        before = figures.summary(WEEK, read_at + timedelta(minutes=3), sources=sources)["pipelines"]

    unread = {"source": "stale", "read_at": "2026-03-08T11:56:00Z"}
    assert [(name, one["outlook"], one["unread"]) for name, one in told.items()] == [
        ("red", "never_green", unread), ("deploy", "unread", unread), ("pushed", "healthy", None),
        ("read", "healthy", None),
    ]  # fmt: skip
    assert (told["deploy"]["status"], told["deploy"]["source"], told["pushed"]["source"]) == ("success", "stale", None)
    assert [one["unread"] for one in before] == [None] * 4


def test_how_many_sources_are_fresh_is_told(database: Database) -> None:
    with database.writing():
        save_state("a", last_success_at=NOW, last_poll_at=NOW)
        save_state("b", last_error="no answer", last_error_at=NOW)
    sources = [Known(name, "github", None, timedelta(minutes=1)) for name in ("a", "b", "c")]
    with database.reading():
        assert figures.summary(WEEK, NOW, sources=sources)["sources"] == {"total": 3, "fresh": 1}


def test_a_series_shows_medians_of_buckets_and_each_failure(database: Database, record: Record) -> None:
    record(
        build(10, 0, Status.SUCCESS), build(20, 0.1, Status.SUCCESS), build(90, 0.2, Status.SUCCESS),
        build(30, 50, Status.SUCCESS), build(500, 51, Status.FAILURE), build(7, 52, Status.CANCELLED),
        build(40, 53, Status.SUCCESS, pipeline=PipelineRef(name="other")),
    )  # fmt: skip
    with database.reading():
        told = figures.series(WEEK, NOW, pipelines=1)

    (line,) = told["series"]
    assert (told["bucket_seconds"], told["total_builds"], told["total_pipelines"]) == (7200, 7, 2)
    assert (line["pipeline"], line["builds"]) == ("deploy", 5)
    assert line["points"] == [
        {"at": "2026-03-01T13:00:00Z", "value": 20.0, "n": 3},
        {"at": "2026-03-03T14:00:00Z", "value": 30.0, "n": 1},
    ]
    assert [(one["at"], one["value"]) for one in line["failures"]] == [("2026-03-03T15:00:00Z", 500.0)]


def test_another_metric_is_refused(database: Database) -> None:
    with database.reading(), pytest.raises(ValueError, match="duration"):
        figures.series(WEEK, NOW, metric="weight")
