"""Builds as they are listed, filtered, sorted and shown."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from collector.domain.filters import Filters, GroupPatterns
from collector.domain.model import PipelineRef, Status
from collector.storage import builds, selecting
from collector.storage.database import Database
from collector.storage.errors import BadCursor, BadSort
from collector.storage.tables import sql
from tests.builders import github_key, jenkins_key, jenkins_word, job_word, later, plain_key, plain_word, run_word
from tests.collector.conftest import Record

FIELDS = {
    "id", "provider", "pipeline", "repo", "branch", "status", "started_at", "completed_at", "duration_seconds", "url",
    "logs", "source", "instance", "external_id", "attempt", "conclusion", "commit", "message", "actor", "event",
    "queue_seconds", "created_at", "pipeline_id", "error", "failing_step",
}  # fmt: skip


def found(database: Database, **filters: Any) -> list[str]:
    with database.reading():
        return [build["external_id"] for build in builds.page(Filters(**filters)).builds]


def test_a_build_shows_the_contracts_fields(database: Database, record: Record) -> None:
    record(run_word(), job_word())

    with database.reading():
        build = builds.latest(Filters())[0]
    assert build.keys() == FIELDS
    assert (build["started_at"], build["completed_at"]) == ("2026-03-01T12:00:00Z", "2026-03-01T12:00:50Z")
    assert (build["duration_seconds"], build["queue_seconds"], build["commit"]) == (50.0, 5.0, "c0ffee")
    json.dumps(build)


def test_a_derived_id_is_nobodys_and_not_shown(database: Database, record: Record) -> None:
    record(plain_word(plain_key("plain:0123")), plain_word(plain_key("deploy-7"), started_at=later(5)))

    assert found(database) == ["deploy-7", None]


def test_pages_meet_without_gap_or_overlap_while_builds_arrive(database: Database, record: Record) -> None:
    record(*(plain_word(plain_key(f"{n:02}"), started_at=later(n // 2)) for n in range(20)))
    seen, cursor = [], None
    with database.reading():
        first = builds.page(Filters(), limit=7)
    record(plain_word(plain_key("new"), started_at=later(999)))
    cursor = first.next
    seen = [build["external_id"] for build in first.builds]
    while cursor:
        with database.reading():
            page = builds.page(Filters(), cursor=cursor, limit=7)
        seen += [build["external_id"] for build in page.builds]
        cursor = page.next

    assert seen == [f"{n:02}" for n in reversed(range(20))]


@pytest.mark.parametrize(
    "sort",
    [
        "duration_seconds", "-duration_seconds", "queue_seconds", "-branch", "pipeline", "commit", "external_id",
        "-conclusion",
    ],
)
def test_every_order_pages_through_all_builds_with_nulls_last(database: Database, record: Record, sort: str) -> None:
    record(
        *(
            plain_word(plain_key(f"p{n}"), duration_seconds=float(n % 3), branch=None if n % 2 else "main")
            for n in range(6)
        ),
        plain_word(plain_key("none"), completed_at=None, status=Status.IN_PROGRESS),
        run_word(),
    )
    column = sort.removeprefix("-")
    whole: list[dict[str, Any]] = []
    cursor = None
    for _ in range(8):
        with database.reading():
            page = builds.page(Filters(), sort=sort, cursor=cursor, limit=3)
        whole += page.builds
        cursor = page.next
        if cursor is None:
            break

    values = [build[column] for build in whole]
    told = [value for value in values if value is not None]
    assert len({build["id"] for build in whole}) == len(whole) == 8
    assert told == sorted(told, reverse=sort.startswith("-"))
    assert values[len(told) :] == [None] * (8 - len(told))


@pytest.mark.parametrize("sort", ["status", "-status"])
def test_statuses_are_sorted_by_how_bad_they_are(database: Database, record: Record, sort: str) -> None:
    statuses = [*Status, *Status]
    record(*(plain_word(plain_key(f"{n:02}"), status=status) for n, status in enumerate(statuses)))
    seen: list[str] = []
    cursor = None
    for _ in range(4):
        with database.reading():
            page = builds.page(Filters(), sort=sort, cursor=cursor, limit=3)
        seen += [build["status"] for build in page.builds]
        cursor = page.next

    worst_first = ["failure", "in_progress", "queued", "cancelled", "skipped", "success"]
    pairs = [status for status in worst_first for _ in range(2)]
    assert (seen, cursor) == (pairs[::-1] if sort == "-status" else pairs, None)


def test_a_build_without_a_start_is_placed_by_its_creation(database: Database, record: Record) -> None:
    record(
        plain_word(plain_key("before"), started_at=later(0)),
        jenkins_word(jenkins_key(9), status=Status.QUEUED, started_at=None, created_at=later(30)),
        plain_word(plain_key("after"), started_at=later(60)),
    )

    assert found(database) == ["after", "platform/web#9", "before"]
    assert found(database, since=later(20), until=later(60)) == ["platform/web#9"]


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "====", "e30", "bnVsbA", "\u00e9", base64.urlsafe_b64encode(b'["-started_at", {}, 1]').decode(),
     base64.urlsafe_b64encode(b'["-started_at", "x", -1]').decode(), base64.urlsafe_b64encode(b"[" * 5000).decode(),
     base64.urlsafe_b64encode(b'["-started_at", "x", 99999999999999999999]').decode()],
)  # fmt: skip
def test_a_cursor_that_is_not_ours_is_refused(database: Database, cursor: str) -> None:
    with database.reading(), pytest.raises(BadCursor, match="leave it out"):
        builds.page(Filters(), cursor=cursor)


def test_a_cursor_of_another_order_is_refused(database: Database, record: Record) -> None:
    record(plain_word(plain_key("a")), plain_word(plain_key("b")))
    with database.reading():
        cursor = builds.page(Filters(), limit=1).next
        with pytest.raises(BadCursor, match="another order"):
            builds.page(Filters(), sort="status", cursor=cursor)


def test_an_unknown_sort_column_is_refused(database: Database) -> None:
    with database.reading(), pytest.raises(BadSort, match="columns are"):
        builds.page(Filters(), sort="words")


@pytest.fixture
def mixed(database: Database, record: Record) -> Database:
    record(
        run_word(github_key(1), started_at=later(1)),
        run_word(github_key(2), started_at=later(2), branch="feature/Till", actor="jon", status=Status.FAILURE),
        run_word(github_key(3, repo="acme/api"), started_at=later(3), repo_external_id="101", branch="master",
                 pipeline=PipelineRef("8", "Nightly")),
        jenkins_word(jenkins_key(4), started_at=later(4)),
        plain_word(plain_key("5"), started_at=later(5), branch="main"),
    )  # fmt: skip
    record(plain_word(plain_key("6", repo="acme/Äpfel"), started_at=later(6)), source="scripts")
    return database


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ({"repo": ("ACME/WEB",)}, ["5", "2", "1"]),
        ({"repo": ("acme/api", "platform")}, ["platform/web#4", "3"]),
        ({"repo": ("acme/none",)}, []),
        ({"pipeline": ("CI",)}, ["2", "1"]),
        ({"pipeline": ("ci",)}, []),
        ({"branch": ("feature/Till", "master")}, ["3", "2"]),
        ({"branch": ("@default",)}, ["6", "5", "platform/web#4", "3", "1"]),
        ({"branch": ("@default", "feature/Till"), "repo": ("acme/web",)}, ["5", "2", "1"]),
        ({"provider": ("jenkins",)}, ["platform/web#4"]),
        ({"source": ("scripts",)}, ["6"]),
        ({"status": ("failure", "queued")}, ["2"]),
        ({"q": ("TILL",)}, ["2"]),
        ({"q": ("äPFEL",)}, ["6"]),
        ({"q": ("night",)}, ["3"]),
        ({"q": ("night", "JON")}, ["3", "2"]),
        ({"q": ("%",)}, []),
        ({"q": ("C0FF", "mira")}, ["3", "2", "1"]),
        ({"group": (GroupPatterns("g", ("acme/w*",), ("*",)),)}, ["5", "2", "1"]),
        ({"group": (GroupPatterns("g", ("ACME/*",), ("nightly",)), GroupPatterns("h", ("platform",)))},
         ["platform/web#4", "3"]),
        ({"group": (GroupPatterns("g", ("other/*",)),)}, []),
        ({"since": later(2), "until": later(4)}, ["3", "2"]),
    ],
)  # fmt: skip
def test_filters_choose_builds(mixed: Database, filters: dict[str, Any], ids: list[str]) -> None:
    assert found(mixed, **filters) == ids


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        (Filters(), "builds_newest"),
        (Filters(since=later(0)), "builds_newest"),
        (Filters(repo=("acme/api",)), "builds_of_repo"),
        (Filters(pipeline=("Nightly",)), "builds_of_pipeline"),
        (Filters(status=("failure",)), "builds_of_status"),
        (Filters(branch=("main",)), "builds_of_branch"),
        (Filters(source=("acme",)), "builds_of_source"),
        (Filters(provider=("github",)), "builds_of_provider"),
    ],
)
def test_the_first_page_is_read_off_an_index_without_sorting(mixed: Database, filters: Filters, index: str) -> None:
    with mixed.reading():
        where = selecting.where(filters)
        query = f"SELECT b.id FROM builds b WHERE {where.text} ORDER BY b.sorted_at DESC, b.id DESC LIMIT 50"
        plan = " ".join(row[3] for row in sql(f"EXPLAIN QUERY PLAN {query}", where.params))
    assert f"INDEX {index} " in plan + " "
    assert "TEMP B-TREE" not in plan


def test_the_detail_has_jobs_with_steps_all_attempts_and_the_whole_log(database: Database, record: Record) -> None:
    record(
        run_word(status=Status.FAILURE), job_word(status=Status.FAILURE),
        run_word(github_key(attempt=2), started_at=later(900)),
        plain_word(plain_key("logged"), status=Status.FAILURE, logs="\n".join(f"line {n}" for n in range(200))),
    )  # fmt: skip
    with database.reading():
        by_id = {build["external_id"]: build["id"] for build in builds.latest(Filters())}
        attempts = [builds.detail(build_id) for build_id in sorted(by_id.values())]
        logged = builds.detail(by_id["logged"])
        assert builds.detail(10**9) is None

    first = attempts[0]
    assert first is not None
    assert [(one["attempt"], one["status"]) for one in first["attempts"]] == [(1, "failure"), (2, "success")]
    assert first["jobs"][0]["labels"] == ["ubuntu-latest"]
    assert logged is not None
    assert logged["logs"].startswith("line 0\n")
    assert logged["jobs"] == []


def test_builds_by_ids_come_in_the_order_asked_for(mixed: Database) -> None:
    with mixed.reading():
        assert [build["id"] for build in builds.by_ids([3, 99, 1, 2])] == [3, 1, 2]
