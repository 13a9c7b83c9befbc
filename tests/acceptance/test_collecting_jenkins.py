"""What becomes of a controller's jobs, branches, builds and queue as they come, change and go: rows and answers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from collector.demo.faults import Fault
from collector.demo.plans import FREESTYLE, MATRIX, Stage
from collector.domain.names import controller_of
from tests.acceptance.collecting import ENVIRON, START, Collecting
from tests.webapp.harness import jenkins_event

BEARER = {"Authorization": f"Bearer {ENVIRON['HOOK']}"}


def states(collecting: Collecting) -> dict[str, str]:
    return {name.split(" ", 1)[1]: one["state"] for name, one in collecting.pipelines().items()}


def test_folders_projects_and_pull_requests_are_read_to_any_depth(collecting: Collecting) -> None:
    deep = "/".join(f"f{number}" for number in range(8))
    collecting.world.add_jenkins_job(f"{deep}/nightly", cls=FREESTYLE)
    collecting.world.add_jenkins_build(f"{deep}/nightly")
    for branch in ("main", "feat/till", "PR-7"):
        job = collecting.world.add_branch("shop/web", branch)
        collecting.world.add_jenkins_build(job.full_name)
    collecting.start(collecting.ci())
    collecting.poll(times=2)
    told = {(build["repo"], build["pipeline"], build["branch"]) for build in collecting.builds().values()}
    assert told == {(deep, "nightly", None)} | {("shop/web", "web", one) for one in ("main", "feat/till", "PR-7")}
    assert len(collecting.pipelines()) == 2


def test_an_orphaned_branch_keeps_its_builds_and_what_ran_on_it_ends(collecting: Collecting) -> None:
    main, topic = (collecting.world.add_branch("shop/web", name) for name in ("main", "PR-7"))
    collecting.world.add_jenkins_build(main.full_name)
    collecting.world.add_jenkins_build(topic.full_name, result="FAILURE")
    collecting.world.add_jenkins_build(topic.full_name, status="building")
    collecting.start(collecting.ci())
    collecting.poll(times=2)
    collecting.world.disable_jenkins_job(topic.full_name)
    collecting.poll()
    assert states(collecting) == {"web": "active"}, "an orphaned branch does not disable its project"
    collecting.world.delete_jenkins_job(topic.full_name)
    collecting.poll(minutes=6, times=4)
    assert collecting.build("shop/web/PR-7#1")["status"] == "failure"
    ended = collecting.build("shop/web/PR-7#2")
    assert (ended["status"], ended["conclusion"]) == ("skipped", "gone")
    assert states(collecting) == {"web": "active"}


def test_disabled_and_deleted_jobs_say_so_and_go_quiet(collecting: Collecting) -> None:
    for name in ("nightly", "weekly"):
        collecting.world.add_jenkins_job(f"tools/{name}", cls=FREESTYLE)
        collecting.world.add_jenkins_build(f"tools/{name}")
    collecting.start(collecting.ci())
    collecting.poll(times=2)
    for name in ("nightly", "weekly"):
        collecting.world.add_jenkins_build(f"tools/{name}", result="FAILURE")
    running = collecting.world.add_jenkins_build("tools/weekly", status="building")
    collecting.poll(times=2)
    assert {(rule, name, state) for rule, name, state, _ in collecting.alerts()} == {
        ("broken", "nightly", "firing"), ("broken", "weekly", "firing"),
    }  # fmt: skip
    collecting.world.disable_jenkins_job("tools/nightly")
    collecting.world.delete_jenkins_job("tools/weekly")
    collecting.poll(minutes=6, times=3)
    assert states(collecting) == {"nightly": "disabled", "weekly": "deleted"}
    assert {(name, state) for _, name, state, _ in collecting.alerts()} == {
        ("nightly", "resolved"), ("weekly", "resolved"),
    }  # fmt: skip
    assert collecting.notified().count("closed") == 2
    assert collecting.build(f"tools/weekly#{running.number}")["conclusion"] == "gone"
    collecting.poll(minutes=3 * 24 * 60)
    assert {state for _, _, state, _ in collecting.alerts()} == {"resolved"}


def test_a_job_that_is_enabled_or_made_again_is_as_before(collecting: Collecting) -> None:
    collecting.world.add_jenkins_job("nightly", cls=FREESTYLE)
    collecting.world.add_jenkins_build("nightly")
    collecting.world.disable_jenkins_job("nightly")
    collecting.start(collecting.ci())
    collecting.poll(times=2)
    assert states(collecting) == {"nightly": "disabled"}
    collecting.world.delete_jenkins_job("nightly")
    collecting.poll(minutes=6, times=3)
    assert states(collecting) == {"nightly": "deleted"}
    collecting.world.add_jenkins_job("nightly", cls=FREESTYLE)
    collecting.world.add_jenkins_build("nightly", result="FAILURE")
    collecting.poll(times=2)
    assert states(collecting) == {"nightly": "active"}
    starts = {build["started_at"]: build["status"] for build in collecting.get("/builds")["builds"]}
    assert sorted(starts.values()) == ["failure", "success"], "two builds of one number"


def test_a_folder_that_the_config_drops_goes_quiet_and_is_not_asked_for(collecting: Collecting) -> None:
    for name in ("tools/nightly", "shop/release"):
        collecting.world.add_jenkins_job(name, cls=FREESTYLE)
        collecting.world.add_jenkins_build(name)
    collecting.start(collecting.ci())
    collecting.poll(times=2)
    collecting.world.add_jenkins_build("tools/nightly", status="queued", why="Waiting for ‘gpu’")
    collecting.poll()
    assert [item["labels"] for item in collecting.get("/waiting")["items"]] == [["gpu"]]
    collecting.start(collecting.ci(folders=["shop"]))
    collecting.poll(minutes=3, times=3)
    assert states(collecting) == {"nightly": "unwatched", "release": "active"}
    assert collecting.get("/waiting")["items"] == []
    assert collecting.build("tools/nightly#1")["status"] == "success"
    collecting.jenkins.journal.clear()
    collecting.poll(times=2)
    assert collecting.jenkins.journal.count("*tools*") == 0


@pytest.mark.parametrize("ends", [True, False])
def test_a_build_that_went_on_when_its_folder_was_dropped_is_asked_for_when_it_comes_back(
    collecting: Collecting, ends: bool
) -> None:
    collecting.world.add_jenkins_job("tools/nightly", cls=FREESTYLE)
    collecting.world.add_jenkins_job("shop/release", cls=FREESTYLE)
    collecting.world.add_jenkins_build("tools/nightly", status="building")
    collecting.start(collecting.ci())
    collecting.poll(times=2)
    collecting.start(collecting.ci(folders=["shop"]))
    collecting.poll(minutes=3, times=4)
    assert collecting.build("tools/nightly#1")["conclusion"] == "unwatched"
    if ends:
        collecting.world.finish_jenkins_build("tools/nightly", 1)
        collecting.world.add_jenkins_build("tools/nightly")
    collecting.start(collecting.ci())
    collecting.jenkins.journal.clear()
    collecting.poll(times=3)
    found = collecting.build("tools/nightly#1")
    assert (found["status"], found["conclusion"]) == (("success", "SUCCESS") if ends else ("in_progress", None))
    assert collecting.jenkins.journal.count("/job/tools/job/nightly/1/api/json") == (1 if ends else 3)
    assert collecting.notified() == []


def test_a_controller_that_the_config_drops_leaves_nothing_waiting(collecting: Collecting) -> None:
    collecting.world.add_jenkins_job("nightly", cls=FREESTYLE)
    collecting.world.add_jenkins_build("nightly", status="building")
    collecting.world.add_jenkins_build("nightly", status="queued", why="Waiting for ‘gpu’")
    collecting.start(collecting.ci())
    collecting.poll(times=2)
    assert len(collecting.get("/waiting")["items"]) == 1
    collecting.start(collecting.acme())
    assert collecting.get("/waiting")["items"] == []
    collecting.poll(minutes=6)
    assert (collecting.build("nightly#1")["conclusion"], states(collecting)) == ("unwatched", {"nightly": "unwatched"})


def test_jobs_that_are_added_notify_nobody_of_their_past(collecting: Collecting) -> None:
    collecting.world.add_jenkins_job("shop/release", cls=FREESTYLE)
    collecting.world.add_jenkins_build("shop/release", result="FAILURE", started_at=START - timedelta(hours=3))
    collecting.start(collecting.ci())
    collecting.poll(times=2)
    assert (collecting.pipelines()["shop release"]["status"], collecting.notified()) == ("failure", [])
    collecting.world.add_jenkins_job("shop/new", cls=FREESTYLE)
    collecting.world.add_jenkins_build("shop/new", result="FAILURE")
    collecting.poll(times=2)
    assert collecting.notified() == ["failing"], "it was made while its controller was watched"


def test_a_matrix_is_one_build_and_its_cells_are_its_jobs(collecting: Collecting) -> None:
    collecting.world.add_jenkins_job("matrix", cls=MATRIX, axis=("linux", "arm"))
    collecting.world.add_jenkins_build("matrix", cells=(("linux", 1, "SUCCESS"), ("arm", 1, "SUCCESS")))
    collecting.world.add_jenkins_build(
        "matrix", result="FAILURE", cells=(("linux", 2, "FAILURE"), ("arm", 1, "SUCCESS"))
    )
    collecting.start(collecting.ci())
    collecting.poll(times=2)
    assert set(collecting.builds()) == {("matrix#1", 1), ("matrix#2", 1)}
    jobs = collecting.get(f"/builds/{collecting.build('matrix#2')['id']}")["jobs"]
    assert [(job["status"]) for job in jobs] == ["failure"], "a cell of an earlier build is not this one's"
    counts = collecting.get("/metrics/summary")["counts"]
    assert (counts["success"], counts["failure"]) == (1, 1)


def test_stages_are_done_without_where_nothing_tells_them(collecting: Collecting) -> None:
    collecting.jenkins.misbehave(Fault("*/wfapi/*", status=404))
    collecting.jenkins.misbehave(Fault("*/blue/*", status=404))
    branch = collecting.world.add_branch("shop/web", "main")
    collecting.world.add_jenkins_build(branch.full_name, stages=(Stage("1", "Test", START, START),))
    collecting.start(collecting.ci())
    collecting.poll(times=2)
    build = collecting.build("shop/web/main#1")
    assert (build["status"], build["duration_seconds"]) == ("success", 60.0)
    assert collecting.get(f"/builds/{build['id']}")["jobs"] == []
    assert collecting.source("ci")["last_error"] is None


def test_discarded_builds_are_kept_as_they_were_seen(collecting: Collecting) -> None:
    collecting.world.add_jenkins_job("nightly", cls=FREESTYLE)
    first = collecting.world.add_jenkins_build("nightly", result="FAILURE")
    collecting.start(collecting.ci())
    collecting.poll(times=2)
    collecting.world.ledger.drop_build(first)
    collecting.world.add_jenkins_build("nightly", number=2)
    collecting.poll(times=2)
    told = {external_id: build["status"] for (external_id, _), build in collecting.builds().items()}
    assert told == {"nightly#1": "failure", "nightly#2": "success"}


@pytest.mark.parametrize("alias", [True, False])
def test_a_controller_behind_another_name_is_one_by_poll_and_by_webhook(collecting: Collecting, alias: bool) -> None:
    """By the alias that the config tells, or by the root that it called itself when it was polled."""
    collecting.jenkins.root_url = "https://ci.acme.com"
    job = collecting.world.add_jenkins_job("platform/web", cls=FREESTYLE)
    collecting.world.add_jenkins_build(job.full_name, number=17)
    aliases = {"aliases": ["https://ci.acme.com"]} if alias else {}
    collecting.start(collecting.ci(webhook_tokens=["${HOOK}"], **aliases))
    if not alias:
        collecting.poll()
    body = jenkins_event(full_url="https://ci.acme.com/job/platform/job/web/18/")
    assert collecting.web.post("jenkins", body, headers=BEARER).status_code == 201
    collecting.poll()
    instances = {build["instance"] for build in collecting.get("/builds", window="3650d")["builds"]}
    assert instances == {controller_of(collecting.jenkins.base_url)}
    stranger = jenkins_event(full_url="https://elsewhere.acme.com/job/platform/job/web/19/")
    assert collecting.web.post("jenkins", stranger, headers=BEARER).status_code == 202


def test_what_waits_says_for_which_label_and_inside_which_build(collecting: Collecting) -> None:
    collecting.world.add_jenkins_job("nightly", cls=FREESTYLE)
    collecting.world.add_jenkins_build("nightly")
    queued = collecting.world.add_jenkins_build(
        "nightly", status="queued", why="Waiting for next available executor on ‘gpu’"
    )
    branch = collecting.world.add_branch("shop/web", "main")
    stage = Stage("1", "Test", START, None, agent_wait_seconds=6000, label="arm64")
    collecting.world.add_jenkins_build(branch.full_name, status="building", stages=(stage,))
    collecting.start(collecting.ci())
    collecting.poll(times=2)
    told = {(item["pipeline"], *item["labels"]) for item in collecting.get("/waiting")["items"]}
    assert ("nightly", "gpu") in told
    assert any("arm64" in labels for labels in told)
    assert {one["labels"][0]: one["waiting"] for one in collecting.get("/waiting")["labels"]} == {"gpu": 1, "arm64": 1}
    collecting.world.cancel_queued("nightly", queued.number)
    collecting.poll()
    assert [item["pipeline"] for item in collecting.get("/waiting")["items"] if "gpu" in item["labels"]] == []
    assert ("nightly#2", 1) not in collecting.builds(), "what was cancelled never became a build"
