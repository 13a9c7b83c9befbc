"""What real data taught about builds, jobs and clocks, told to the running program and read back from its API.

The objects are made up, in the shapes that were recorded; docs/formats-tests.md lists each fact with its test.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest

from tests.acceptance.deliveries import CLIENT, Json, post_jenkins
from tests.acceptance.polling import get
from tests.collector.providers.github.objects import job, repository, run, step, workflow
from tests.product import Product

JENKINS = "http://127.0.0.1:9"
CONFIG = f"""
sources:
  - {{name: hub, provider: github, webhook_secrets: ["${{SECRET}}"]}}
  - {{name: ci, provider: jenkins, url: {JENKINS}, interval: 1h, webhook_tokens: ["${{SECRET}}"]}}
"""
START_MS = 1_790_000_000_000


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    env = {"SECRET": "s3cret", "HTTPS_PROXY": "http://127.0.0.1:1"}
    with Product(tmp_path_factory.mktemp("formats"), config=CONFIG, env=env) as running:
        yield running


def tell(product: Product, event: str, thing: Json, **more: Any) -> None:
    """A delivery about ``thing``; its repository is the thing's own, else acme/web."""
    envelope = {"repository": repository(default_branch="main"), **more}
    if "repository" in thing:
        envelope["repository"] = {**thing["repository"], "default_branch": "main"}
    headers = {"X-GitHub-Event": event, "Authorization": "Bearer s3cret"}
    body = {"action": "completed", event: thing, **envelope}
    answer = CLIENT.post(f"{product.url}/ingest/github", json=body, headers=headers)
    assert answer.status_code in (200, 201), answer.text


def told_run(product: Product, run_id: int, **fields: Any) -> None:
    tell(product, "workflow_run", run(run_id, **fields))


def builds(product: Product, repo: str, **query: Any) -> list[Json]:
    found: list[Json] = get(product, "/builds", repo=repo, since="2001-01-01T00:00:00Z", **query)["builds"]
    return found


def build(product: Product, run_id: int, attempt: int = 1) -> Json:
    found = [one for one in builds(product, "acme/web", limit=200) if one["external_id"] == str(run_id)]
    (mine,) = [one for one in found if one["attempt"] == attempt]
    return get(product, f"/builds/{mine['id']}")


def of(name: str, repo_id: int) -> Json:
    return {"repository": repository(name, repo_id), "head_repository": repository(name, repo_id)}


def test_updated_at_moves_long_after_the_end_and_takes_no_part_in_the_duration(product: Product) -> None:
    words = [{"updated_at": at} for at in ("2026-11-20T10:05:00Z", "2026-11-21T08:00:00Z", "2027-12-26T10:00:00Z")]
    for place, order in enumerate(permutations(words)):
        for fields in order:
            told_run(product, 1000 + place, **fields)
        found = build(product, 1000 + place)
        assert (found["duration_seconds"], found["completed_at"]) == (300.0, "2026-11-20T10:05:00Z")


def test_a_run_is_as_long_as_from_run_started_at_and_not_from_created_at(product: Product) -> None:
    told_run(product, 1010, run_started_at="2026-11-20T10:03:00Z")
    told_run(product, 1011, created_at="2026-11-20T10:00:02Z")
    assert build(product, 1010)["duration_seconds"] == 120.0
    early = build(product, 1011)
    assert (early["started_at"], early["created_at"]) == ("2026-11-20T10:00:00Z", "2026-11-20T10:00:02Z")


def test_the_last_jobs_end_is_the_end_of_a_run(product: Product) -> None:
    told_run(product, 1020, updated_at="2026-11-20T10:30:00Z")
    for number, second in ((1, 10), (2, 50), (3, 30)):
        thing = job(20_000 + number, 1020, completed_at=f"2026-11-20T10:04:{second}Z")
        tell(product, "workflow_job", thing)
    found = build(product, 1020)
    assert (found["completed_at"], found["duration_seconds"]) == ("2026-11-20T10:04:50Z", 290.0)


def test_completed_is_not_final_within_one_attempt(product: Product) -> None:
    """A cancelled run was run again on a server whose objects tell no attempt."""
    old: Json = {"run_attempt": ..., "run_started_at": ...}
    told_run(product, 1030, conclusion="cancelled", updated_at="2026-11-20T10:01:00Z", **old)
    assert build(product, 1030)["status"] == "cancelled"
    told_run(product, 1030, status="in_progress", conclusion=None, updated_at="2026-11-20T10:02:00Z", **old)
    again = build(product, 1030)
    assert (again["status"], again["completed_at"], again["duration_seconds"]) == ("in_progress", None, None)
    told_run(product, 1030, status="queued", conclusion=None, updated_at="2026-11-20T10:00:30Z", **old)
    assert build(product, 1030)["status"] == "in_progress"
    told_run(product, 1030, conclusion="success", updated_at="2026-11-20T10:05:00Z", **old)
    assert (build(product, 1030)["status"], build(product, 1030)["attempt"]) == ("success", 1)


def test_an_approval_a_broken_file_and_what_was_skipped_or_cancelled_are_told_apart_from_failures(
    product: Product,
) -> None:
    mine = of("acme/rates", 70)
    ends = ["success", "failure", "startup_failure", "timed_out", "cancelled", "skipped", "action_required", "neutral"]
    for place, conclusion in enumerate([*ends, "stale", "never_heard_of"]):
        told_run(product, 1040 + place, conclusion=conclusion, **mine)
    found = {one["conclusion"]: one["status"] for one in builds(product, "acme/rates")}
    assert found == {
        "success": "success",
        "failure": "failure",
        "startup_failure": "failure",
        "timed_out": "failure",
        "cancelled": "cancelled",
        "skipped": "skipped",
        "action_required": "skipped",
        "neutral": "skipped",
        "stale": "skipped",
        "never_heard_of": "skipped",
    }
    summary = get(product, "/metrics/summary", repo="acme/rates", window="3650d")
    assert (summary["success_rate"], summary["failure_rate"]) == (25.0, 75.0)
    assert (summary["counts"]["skipped"], summary["counts"]["cancelled"]) == (5, 1)


@pytest.mark.parametrize(
    ("first", "second", "flaky"),
    [
        ("failure", "success", 1),
        ("action_required", "success", 0),
        ("cancelled", "success", 0),
        ("success", "success", 0),
        ("success", "failure", 0),
    ],
)
def test_only_an_attempt_that_really_failed_before_one_that_passed_is_flaky(
    product: Product, first: str, second: str, flaky: int
) -> None:
    name = f"acme/{first}-{second}".replace("_", "-")
    place = sum(name.encode())
    mine = {**of(name, place), "updated_at": "2026-11-20T10:01:00Z"}
    told_run(product, place, conclusion=first, **mine)
    again = {"run_attempt": 2, "run_started_at": "2026-11-20T11:00:00Z", "updated_at": "2026-11-20T11:01:00Z"}
    told_run(product, place, conclusion=second, **{**mine, **again})
    attempts = [(one["attempt"], one["started_at"]) for one in builds(product, name)]
    assert attempts == [(2, "2026-11-20T11:00:00Z"), (1, "2026-11-20T10:00:00Z")]
    summary = get(product, "/metrics/summary", repo=name, window="3650d")
    assert [pipeline["flaky_commits"] for pipeline in summary["pipelines"]] == [flaky]


def test_a_workflow_is_its_id_whatever_its_runs_are_called(product: Product) -> None:
    mine = of("acme/names", 71)
    for place, name in enumerate(("CI", ".github/workflows/ci.yml", "", "Ship it, Ann")):
        tell(product, "workflow_run", run(1060 + place, name=name, **mine), workflow=workflow(name="CI"))
    told_run(product, 1070, workflow_id=56, path=".github/workflows/other.yml", **mine)
    dynamic = {"name": ".devcontainer/devcontainer.json", "path": "dynamic/codespaces/create_codespaces_prebuilds"}
    told_run(product, 1071, workflow_id=57, event="dynamic", **dynamic, **mine)
    found = {(one["pipeline_id"], one["pipeline"]) for one in builds(product, "acme/names")}
    assert len(found) == 3
    assert sorted(name for _, name in found) == [".devcontainer/devcontainer.json", "CI", "CI"]


def test_a_forks_main_and_a_merge_queues_branch_are_not_the_default_branch(product: Product) -> None:
    mine = of("acme/forks", 72)
    told_run(product, 1080, **mine)
    fork = {**mine, "head_repository": repository("eve/forks", 73), "event": "pull_request", "pull_requests": []}
    told_run(product, 1081, **fork)
    queue = "gh-readonly-queue/main/pr-20267-" + "a" * 40
    told_run(product, 1082, head_branch=queue, event="merge_group", **mine)
    branches = {one["external_id"]: one["branch"] for one in builds(product, "acme/forks")}
    assert branches == {"1080": "main", "1081": "eve:main", "1082": queue}
    assert [one["external_id"] for one in builds(product, "acme/forks", branch="@default")] == ["1080"]


def test_jobs_that_waited_were_passed_over_or_carried_over_did_not_run(product: Product) -> None:
    again = {"run_attempt": 2, "run_started_at": "2026-11-20T12:00:00Z", "updated_at": "2026-11-20T12:09:00Z"}
    told_run(product, 1090, **again)
    created: Json = {"run_attempt": 2, "created_at": "2026-11-20T12:00:01Z"}
    begun_at_once: Json = {"started_at": "2026-11-20T12:00:01Z", "runner_name": None, "steps": [], "completed_at": None}
    skipped: Json = {**begun_at_once, "completed_at": "2026-11-20T12:00:01Z", "conclusion": "skipped", "labels": []}
    ran = {"started_at": "2026-11-20T12:00:31Z", "completed_at": "2026-11-20T12:08:00Z"}
    jobs: dict[str, Json] = {
        "queued": {**created, **begun_at_once, "status": "queued", "conclusion": None},
        "waiting": {**created, **begun_at_once, "status": "waiting", "conclusion": None},
        "skipped": {**created, **skipped},
        "carried": {**created, "runner_id": 0, "runner_name": ""},
        "ran": {**created, **ran},
    }
    for place, (name, fields) in enumerate(jobs.items()):
        tell(product, "workflow_job", job(30_000 + place, 1090, name=name, **fields))
    found = build(product, 1090, 2)
    waited = {one["name"]: one["queue_seconds"] for one in found["jobs"]}
    assert waited == {"queued": None, "waiting": None, "skipped": None, "carried": None, "ran": 30.0}
    starts = {one["name"]: one["started_at"] for one in found["jobs"]}
    assert (starts["queued"], starts["waiting"]) == (None, None)
    assert (found["queue_seconds"], found["duration_seconds"]) == (30.0, 480.0)


def test_steps_are_in_the_order_of_their_numbers_and_in_utc_whatever_their_zone(product: Product) -> None:
    shapes = {
        1: "2026-11-20T10:00:09.000Z",
        2: "2026-11-20T10:00:10Z",
        4: "2026-11-20T05:00:11.000-05:00",
        10: "2026-11-20T06:00:12.000-04:00",
        11: "2026-11-20T18:00:13.000+08:00",
    }
    steps = [step(number, started_at=at, completed_at=at) for number, at in shapes.items()]
    waiting = {"status": "queued", "conclusion": None, "started_at": None, "completed_at": None}
    tell(product, "workflow_job", job(40_000, 1100, steps=[*reversed(steps), step(12, **waiting)]))
    (found,) = build(product, 1100)["jobs"]
    assert [one["number"] for one in found["steps"]] == [*shapes, 12]
    seconds = [one["started_at"] and one["started_at"].rstrip("Z")[-2:] for one in found["steps"]]
    assert seconds == ["09", "10", "11", "12", "13", None]
    assert all(one["started_at"].startswith("2026-11-20T10:00:") for one in found["steps"][:5])


# Jenkins: the Notification plugin


def notify(product: Product, path: str, number: int, **fields: Any) -> None:
    told = {"full_url": f"{JENKINS}/job/{path}/{number}/", "url": f"job/{path}/{number}/", "number": number, **fields}
    name = path.rsplit("/", 1)[-1]
    answer = post_jenkins(product, {"name": name, "url": f"job/{path}/", "build": told}, "s3cret", basic=True)
    assert answer.status_code in (200, 201), answer.text


def completed(number_of_seconds: int, status: str, *, at: int = START_MS) -> Json:
    length = number_of_seconds * 1000
    return {"phase": "COMPLETED", "status": status, "timestamp": at + length, "duration": length}


def test_a_timestamp_means_something_else_in_each_phase_of_a_notification(product: Product) -> None:
    ended = completed(60, "SUCCESS")
    phases: list[Json] = [
        {"phase": "QUEUED", "timestamp": START_MS - 5000},
        {"phase": "STARTED", "timestamp": START_MS, "status": "FAILURE"},
        ended,
        {**ended, "phase": "FINALIZED", "timestamp": START_MS + 99_000},
    ]
    for place, order in enumerate(permutations(phases)):
        for phase in order:
            notify(product, f"clocks/job/order-{place}", 1, **phase)
    found = builds(product, "clocks", limit=200)
    assert len(found) == 24, "COMPLETED and FINALIZED are one build"
    clocks = {(one["started_at"], one["completed_at"], one["duration_seconds"], one["status"]) for one in found}
    assert clocks == {("2026-09-21T14:13:20Z", "2026-09-21T14:14:20Z", 60.0, "success")}
    assert {one["queue_seconds"] for one in found} == {5.0}


def test_started_may_carry_the_status_of_the_build_before(product: Product) -> None:
    notify(product, "carried", 7, phase="STARTED", timestamp=START_MS, status="FAILURE")
    (found,) = builds(product, "carried")
    assert (found["status"], found["conclusion"], found["duration_seconds"]) == ("in_progress", None, None)


@pytest.mark.parametrize(
    ("result", "status"),
    [("SUCCESS", "success"), ("FAILURE", "failure"), ("UNSTABLE", "failure"), ("ABORTED", "cancelled"),
     ("NOT_BUILT", "skipped")],
)  # fmt: skip
def test_jenkins_results_are_our_statuses_and_are_kept(product: Product, result: str, status: str) -> None:
    notify(product, f"ends-{result}", 1, **completed(9, result))
    (found,) = builds(product, f"ends-{result}")
    assert (found["status"], found["conclusion"]) == (status, result)


def test_a_number_that_is_used_again_is_another_build(product: Product) -> None:
    notify(product, "anew", 1, **completed(9, "SUCCESS"))
    notify(product, "anew", 1, **completed(9, "FAILURE", at=START_MS + 86_400_000))
    assert [one["status"] for one in builds(product, "anew")] == ["failure", "success"]


def test_the_job_is_in_the_address_and_its_branch_is_decoded(product: Product) -> None:
    for segment in ("feat%252Fx", "feat%2Fx", "PR-2"):
        notify(product, f"web/job/{segment}", 3, **completed(9, "SUCCESS"), scm={"branch": "origin/x", "commit": "4"})
    found = {(one["branch"], one["external_id"], one["pipeline"], one["commit"]) for one in builds(product, "web")}
    assert found == {("feat/x", "web/feat/x#3", "web", "4"), ("PR-2", "web/PR-2#3", "web", "4")}


def test_a_notification_whose_times_are_in_seconds_is_refused_and_not_stored(product: Product) -> None:
    told = {"url": "job/scale/1/", "number": 1, "phase": "STARTED", "timestamp": START_MS // 1000}
    answer = post_jenkins(product, {"name": "scale", "url": "job/scale/", "build": told}, "s3cret")
    assert (answer.status_code, json.loads(answer.text)["error"]["field"]) == (422, "body.build.timestamp")
    assert builds(product, "scale") == []
