"""What waits, for how long, and for which runner."""

from __future__ import annotations

import json
from typing import Any

from collector.domain.filters import Filters, GroupPatterns
from collector.domain.model import Status
from collector.providers.base import WaitingItem
from collector.storage import waiting as queue
from collector.storage import waitlist
from collector.storage.database import Database
from tests.builders import github_key, jenkins_key, jenkins_word, job_word, later, run_word
from tests.collector.conftest import Record

NOW = later(hours=2)


def unfinished(number: int, status: Status = Status.QUEUED, **fields: Any) -> Any:
    return run_word(github_key(number), status=status, **fields)


def waiting_job(number: int, hour: float, *labels: str, name: str = "unit", status: Status = Status.QUEUED) -> Any:
    started = None if status is Status.QUEUED else later(hours=hour, seconds=30)
    return job_word(
        github_key(number), f"{number}-{name}", name=name, status=status, created_at=later(hours=hour),
        started_at=started, completed_at=None, labels=labels, runner=None,
    )  # fmt: skip


def told(database: Database, **filters: Any) -> dict[str, Any]:
    with database.reading():
        found = waitlist.waiting(Filters(**filters), NOW)
    json.dumps(found)
    return found


def put(database: Database, *items: WaitingItem, source: str = "box") -> None:
    with database.writing():
        queue.replace(source, items, NOW)


def queued(identity: str = "1", **fields: Any) -> WaitingItem:
    given: dict[str, Any] = {"repo": "platform", "pipeline": "web", "since": later(hours=1), **fields}
    return WaitingItem(identity, "jenkins", "ci.acme.com", **given)


def test_the_job_that_waits_longest_comes_first_with_its_labels(database: Database, record: Record) -> None:
    record(
        unfinished(1, Status.IN_PROGRESS), waiting_job(1, 1.5, "gpu", "large"), unfinished(2),
        waiting_job(2, 0.5, "ubuntu"),
    )  # fmt: skip
    first, second = told(database)["items"]

    assert (first["kind"], first["labels"], first["waiting_seconds"]) == ("job", ["ubuntu"], 5400.0)
    assert (second["job"], second["labels"], second["waiting_seconds"]) == ("unit", ["gpu", "large"], 1800.0)
    assert second["since"] == "2026-03-01T13:30:00Z"


def test_a_queued_build_of_which_no_job_is_known_waits_itself(database: Database, record: Record) -> None:
    record(unfinished(1), unfinished(2, Status.IN_PROGRESS), unfinished(3, Status.SUCCESS))

    assert [(one["kind"], one["waiting_seconds"]) for one in told(database)["items"]] == [("build", 7200.0)]


def test_queued_jobs_of_finished_builds_wait_for_nothing(database: Database, record: Record) -> None:
    record(unfinished(1, Status.CANCELLED), waiting_job(1, 1, "ubuntu"))

    assert told(database)["items"] == []


def test_labels_tell_what_waits_runs_and_how_long_jobs_waited(database: Database, record: Record) -> None:
    running = Status.IN_PROGRESS
    record(
        unfinished(1), waiting_job(1, 0.5, "gpu"), unfinished(2), waiting_job(2, 1.5, "gpu"),
        unfinished(3, running), waiting_job(3, 1, "gpu", status=running),
        waiting_job(3, 1, "arm", name="b", status=running),
    )  # fmt: skip
    gpu, arm = told(database)["labels"]

    assert (gpu["labels"], gpu["waiting"], gpu["running"], gpu["longest_seconds"]) == (["gpu"], 2, 1, 5400.0)
    assert (gpu["p50_seconds"], gpu["samples"]) == (30.0, 1)
    assert (arm["labels"], arm["waiting"], arm["running"], arm["longest_seconds"]) == (["arm"], 0, 1, None)


def test_what_a_providers_queue_holds_waits_too_and_finds_its_pipeline_and_build(
    database: Database, record: Record
) -> None:
    record(jenkins_word(jenkins_key(7), status=Status.IN_PROGRESS))
    put(
        database,
        queued("1", pipeline_external_id="platform/web", why="Waiting for an agent", label="linux"),
        queued("2", build_external_id="platform/web#7", job="deploy", since=later(hours=1.5)),
    )
    first, second = told(database)["items"]

    assert (first["kind"], first["why"], first["labels"]) == ("queue", "Waiting for an agent", ["linux"])
    assert (first["pipeline_id"], first["build_id"]) == (1, None)
    assert (second["job"], second["build_id"], second["waiting_seconds"]) == ("deploy", 1, 1800.0)


def test_filters_hold_for_queues_as_for_builds(database: Database, record: Record) -> None:
    record(unfinished(1), waiting_job(1, 1, "ubuntu"))
    put(database, queued())
    in_group = GroupPatterns("platform", ("plat*",), ("w*",))

    assert {one["kind"] for one in told(database)["items"]} == {"job", "queue"}
    assert [one["kind"] for one in told(database, repo=("Acme/Web",))["items"]] == ["job"]
    assert [one["kind"] for one in told(database, repo=("PLATFORM",))["items"]] == ["queue"]
    assert [one["kind"] for one in told(database, provider=("jenkins",))["items"]] == ["queue"]
    assert [one["kind"] for one in told(database, source=("box",))["items"]] == ["queue"]
    assert [one["kind"] for one in told(database, group=(in_group,))["items"]] == ["queue"]
    assert told(database, pipeline=("nothing",))["items"] == []


def test_merge_queues_name_the_branch_they_merge_into(database: Database, record: Record) -> None:
    record(unfinished(1, branch="gh-readonly-queue/release/2.x/pr-104-79b5d1e0", event="merge_group"), unfinished(2))

    assert {one["merge_queue"] for one in told(database)["items"]} == {"release/2.x", None}


def test_of_very_many_the_longest_waits_are_shown_and_all_counted(database: Database) -> None:
    put(database, *(queued(str(n), since=later(seconds=n)) for n in range(510)))
    found = told(database)

    assert (found["total"], len(found["items"])) == (510, 500)
    assert found["items"][0]["waiting_seconds"] == 7200.0
