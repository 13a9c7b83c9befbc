from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from collector.demo.script import ScriptedWorld
from tests.collector.demo.conftest import NOW


def test_runs_count_up_per_workflow_and_what_is_missing_is_made(world: ScriptedWorld) -> None:
    runs = [world.add_run("acme/web", workflow=name) for name in ("CI", "CI", "Deploy")]
    assert [run.number for run in runs] == [1, 2, 1]
    assert {run.repo_id for run in runs} == {world.repo("ACME/web").id}
    assert len(world.ledger.workflows(runs[0].repo_id)) == 2


def test_a_job_is_started_and_finished_by_hand(api: httpx.Client, world: ScriptedWorld) -> None:
    run = world.add_run("acme/web", status="queued", jobs=())
    job = world.add_job(run.id, "unit", status="waiting")
    assert world.job_status(job.id) == "waiting"
    world.advance(30)
    world.start_job(job.id, runner="box-1")
    assert api.get(f"/repos/acme/web/actions/runs/{run.id}").json()["status"] == "in_progress"
    world.advance(10)
    world.finish_job(job.id, "failure")
    world.set_log(job.id, "it broke\n")
    told = api.get(f"/repos/acme/web/actions/jobs/{job.id}").json()
    assert (told["status"], told["conclusion"], told["runner_name"]) == ("completed", "failure", "box-1")
    assert (told["started_at"], told["completed_at"]) == ("2026-11-24T09:00:30Z", "2026-11-24T09:00:40Z")
    log = api.get(f"/repos/acme/web/actions/jobs/{job.id}/logs").headers["Location"]
    assert httpx.get(log).text == "it broke\n"


def test_a_touched_run_is_updated_later_and_nothing_else_changes(api: httpx.Client, world: ScriptedWorld) -> None:
    run = world.add_run("acme/web")
    before = api.get(f"/repos/acme/web/actions/runs/{run.id}").json()
    world.advance(86_400)
    world.touch_run(run.id)
    after = api.get(f"/repos/acme/web/actions/runs/{run.id}").json()
    assert (before["updated_at"], after["updated_at"]) == ("2026-11-24T09:00:00Z", "2026-11-25T09:00:00Z")
    assert {key for key in after if after[key] != before[key]} == {"updated_at"}


def test_a_workflow_is_renamed_and_disabled(api: httpx.Client, world: ScriptedWorld) -> None:
    item = world.add_workflow("acme/web", "CI")
    world.advance(5)
    world.change_workflow(item.id, name="Build", state="disabled_manually")
    told = api.get("/repos/acme/web/actions/workflows").json()["workflows"][0]
    assert (told["id"], told["name"], told["state"], told["path"]) == (
        item.id, "Build", "disabled_manually", ".github/workflows/ci.yml",
    )  # fmt: skip
    assert told["updated_at"] == "2026-11-24T09:00:05Z"


def test_a_forks_run_names_its_head_repository(api: httpx.Client, world: ScriptedWorld) -> None:
    world.add_run("acme/web", event="pull_request", fork="someone/web", branch="main", pull_number=4)
    told = api.get("/repos/acme/web/actions/runs").json()["workflow_runs"][0]
    assert told["head_repository"]["full_name"] == "someone/web"
    assert (told["head_branch"], told["pull_requests"]) == ("main", [])


def test_a_cancelled_queue_item_never_becomes_a_build(controller: httpx.Client, world: ScriptedWorld) -> None:
    build = world.add_jenkins_build("api", status="queued")
    world.cancel_queued("api", build.number)
    assert controller.get("/queue/api/json").json()["items"] == []
    assert world.add_jenkins_build("api").number == build.number


def test_a_disabled_job_says_so_by_its_colour(controller: httpx.Client, world: ScriptedWorld) -> None:
    world.add_jenkins_build("api")
    world.disable_jenkins_job("api")
    assert controller.get("/job/api/api/json?tree=color,buildable").json() == {
        "_class": "org.jenkinsci.plugins.workflow.job.WorkflowJob", "buildable": False, "color": "disabled",
    }  # fmt: skip


def test_without_a_present_of_its_own_the_world_runs_on_the_real_clock() -> None:
    world = ScriptedWorld()
    assert abs((world.clock() - datetime.now(UTC)).total_seconds()) < 5
    with pytest.raises(ValueError, match="real clock"):
        world.advance(1)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda w: w.add_run("acme/web", status="done"), "none of completed, queued"),
        (lambda w: w.add_jenkins_build("api", status="completed"), "none of done, building, queued"),
        (lambda w: w.rerun(w.add_run("acme/web", status="queued").id), "finish_run it before rerun"),
        (lambda w: ScriptedWorld(now=datetime(2026, 1, 1)), "aware instant"),
    ],
)
def test_what_cannot_be_is_refused(wrong: Callable[[ScriptedWorld], object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        wrong(ScriptedWorld(now=NOW))


@pytest.mark.parametrize(
    "unknown",
    [
        lambda w: w.finish_run(5),
        lambda w: w.finish_job(5),
        lambda w: w.job_status(5),
        lambda w: w.finish_jenkins_build("api", 5),
    ],
)
def test_what_is_not_there_is_named(unknown: Callable[[ScriptedWorld], object]) -> None:
    with pytest.raises(KeyError, match=r"there is no (run|job|build) (api#)?5 in this world"):
        unknown(ScriptedWorld(now=NOW))
