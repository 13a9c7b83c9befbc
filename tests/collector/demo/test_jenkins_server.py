from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from collector.demo.jenkins import JenkinsServer
from collector.demo.plans import FREESTYLE, MATRIX, Stage
from collector.demo.script import ScriptedWorld
from tests.collector.demo.conftest import NOW

BRANCH = "platform/api/feature%2Fx"


def get(controller: httpx.Client, path: str, **query: str) -> Any:
    answer = controller.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_tree_reaches_through_folders_projects_branches_and_builds(
    controller: httpx.Client, world: ScriptedWorld
) -> None:
    world.add_branch("platform/api", "feature/x")
    for result in ("SUCCESS", "FAILURE", "UNSTABLE"):
        world.add_jenkins_build(BRANCH, result=result)
    told = get(
        controller, "/api/json", tree="jobs[name,jobs[fullName,jobs[fullName,color,builds[number,result]{0,2}]]]"
    )
    branch = told["jobs"][0]["jobs"][0]["jobs"][0]
    assert branch == {
        "_class": "org.jenkinsci.plugins.workflow.job.WorkflowJob",
        "fullName": BRANCH,
        "builds": [
            {"_class": "org.jenkinsci.plugins.workflow.job.WorkflowRun", "number": 3, "result": "UNSTABLE"},
            {"_class": "org.jenkinsci.plugins.workflow.job.WorkflowRun", "number": 2, "result": "FAILURE"},
        ],
        "color": "yellow",
    }


@pytest.mark.parametrize("segment", ["feature%2Fx", "feature%252Fx"])
def test_a_branchs_address_is_answered_in_both_spellings(
    controller: httpx.Client, world: ScriptedWorld, segment: str
) -> None:
    world.add_branch("platform/api", "feature/x")
    job = get(controller, f"/job/platform/job/api/job/{segment}/api/json")
    assert (job["name"], job["displayName"]) == ("feature%2Fx", "feature/x")
    assert job["fullDisplayName"] == "platform » api » feature/x"
    view = get(controller, f"/view/all/job/platform/job/api/job/{segment}/api/json", tree="fullName")
    assert view["fullName"] == BRANCH


def test_newer_controllers_encode_a_branchs_address_twice(world: ScriptedWorld) -> None:
    world.add_branch("platform/api", "feature/x")
    with JenkinsServer(world, double_encoded=True) as server:
        url = httpx.get(f"{server.base_url}/job/platform/job/api/api/json?tree=jobs[url]").json()["jobs"][0]["url"]
        assert url == f"{server.base_url}/job/platform/job/api/job/feature%252Fx/"
        assert httpx.get(f"{url}api/json?tree=fullName").json()["fullName"] == BRANCH


def test_builds_end_at_the_hundred_newest_and_all_builds_do_not(controller: httpx.Client, world: ScriptedWorld) -> None:
    for i in range(130):
        world.add_jenkins_build("old", started_at=NOW - timedelta(hours=131 - i))
    told = get(controller, "/job/old/api/json", tree="builds[number],allBuilds[number]")
    assert [len(told["builds"]), len(told["allBuilds"])] == [100, 130]
    assert told["builds"][0]["number"] == told["allBuilds"][0]["number"] == 130
    page = get(controller, "/job/old/api/json", tree="allBuilds[number]{100,103}")
    assert [build["number"] for build in page["allBuilds"]] == [30, 29, 28]
    assert "allBuilds" not in get(controller, "/job/old/api/json")


def test_a_build_waits_runs_and_ends(controller: httpx.Client, world: ScriptedWorld) -> None:
    world.add_jenkins_job("billing", cls=FREESTYLE, remote="https://git.acme.example/acme/billing.git")
    build = world.add_jenkins_build("billing", status="queued", branch="main", message="Fix it")
    waiting = get(controller, "/queue/api/json")["items"]
    assert (waiting[0]["task"]["name"], waiting[0]["inQueueSince"]) == ("billing", round(NOW.timestamp() * 1000))
    assert controller.get("/job/billing/1/api/json").status_code == 404
    world.advance(20)
    world.start_jenkins_build("billing", build.number)
    running = get(controller, "/job/billing/1/api/json")
    assert (running["building"], running["result"], running["duration"]) == (True, None, 0)
    assert running["timestamp"] == round((NOW + timedelta(seconds=20)).timestamp() * 1000)
    assert get(controller, "/job/billing/api/json", tree="color,lastCompletedBuild[number]") == {
        "_class": "hudson.model.FreeStyleProject", "color": "notbuilt_anime", "lastCompletedBuild": None,
    }  # fmt: skip
    log = controller.get("/job/billing/1/logText/progressiveText?start=0")
    assert log.headers["X-More-Data"] == "true"
    world.advance(30)
    world.finish_jenkins_build("billing", build.number, "FAILURE")
    ended = get(controller, "/job/billing/1/api/json")
    assert (ended["building"], ended["result"], ended["duration"]) == (False, "FAILURE", 30_000)
    assert get(controller, "/queue/api/json")["items"] == []
    item = get(controller, f"/queue/item/{build.queue_id}/api/json")
    assert (item["_class"], item["executable"]["number"]) == ("hudson.model.Queue$LeftItem", 1)
    rest = controller.get(f"/job/billing/1/logText/progressiveText?start={log.headers['X-Text-Size']}")
    assert "X-More-Data" not in rest.headers
    assert log.text + rest.text == controller.get("/job/billing/1/consoleText").text
    assert rest.text.endswith("Finished: FAILURE\n")


def test_the_first_build_data_is_the_librarys_and_the_jobs_own_follows(
    controller: httpx.Client, world: ScriptedWorld
) -> None:
    world.add_jenkins_job("api", remote="https://git.acme.example/acme/api.git")
    world.add_jenkins_build("api", sha="a" * 40, branch="main")
    actions = get(controller, "/job/api/1/api/json", tree="actions[lastBuiltRevision[SHA1],remoteUrls,causes[*]]")
    told = [(a["remoteUrls"], a["lastBuiltRevision"]["SHA1"]) for a in actions["actions"] if "remoteUrls" in a]
    assert told[0][0] != told[1][0]
    assert told[1] == (["https://git.acme.example/acme/api.git"], "a" * 40)
    causes = [a["causes"][0]["shortDescription"] for a in actions["actions"] if "causes" in a]
    assert causes == ["Push event to branch main"]


def test_a_matrix_shows_stale_cells_with_their_older_number(controller: httpx.Client, world: ScriptedWorld) -> None:
    world.add_jenkins_job("qa", cls=MATRIX, axis=("os=linux", "os=mac"))
    world.add_jenkins_build("qa", cells=[("os=linux", 1, "SUCCESS"), ("os=mac", 1, "SUCCESS")])
    world.advance(120)
    world.add_jenkins_build("qa", result="FAILURE", cells=[("os=linux", 2, "FAILURE"), ("os=mac", 1, "SUCCESS")])
    runs = get(controller, "/job/qa/2/api/json", tree="number,runs[number,url,result]")["runs"]
    assert [(run["number"], run["result"]) for run in runs] == [(2, "FAILURE"), (1, "SUCCESS")]
    assert httpx.get(f"{runs[0]['url']}api/json?tree=result").json()["result"] == "FAILURE"


def test_stages_are_told_as_far_as_they_went(controller: httpx.Client, world: ScriptedWorld) -> None:
    later = NOW + timedelta(seconds=30)
    stages = [Stage("6", "Build", NOW, later, agent_wait_seconds=10, label="linux"), Stage("9", "Test", later, None)]
    world.add_jenkins_build("api", status="building", stages=stages)
    waiting = get(controller, "/queue/api/json")["items"]
    assert "name" not in waiting[0]["task"]
    assert "‘linux’" in waiting[0]["why"]
    first = get(controller, "/job/api/1/wfapi/describe")
    assert [(s["name"], s["status"]) for s in first["stages"]] == [("Build", "IN_PROGRESS")]
    world.advance(40)
    assert get(controller, "/queue/api/json")["items"] == []
    second = get(controller, "/job/api/wfapi/runs")[0]
    assert [(s["status"], s["durationMillis"]) for s in second["stages"]] == [
        ("SUCCESS", 30_000),
        ("IN_PROGRESS", 10_000),
    ]
    assert second["endTimeMillis"] - second["startTimeMillis"] == second["durationMillis"] == 40_000


def test_a_job_made_again_starts_at_one(controller: httpx.Client, world: ScriptedWorld) -> None:
    world.add_jenkins_build("api")
    world.add_jenkins_build("api")
    world.delete_jenkins_job("api")
    assert controller.get("/job/api/api/json").status_code == 404
    world.advance(600)
    assert world.add_jenkins_build("api").number == 1
    assert get(controller, "/job/api/1/api/json", tree="number")["number"] == 1


def test_credentials_are_asked_for_where_there_are_users(world: ScriptedWorld) -> None:
    with JenkinsServer(world, users={"ci": "s3cret"}, prefix="/ci") as server:
        url = f"{server.base_url}/api/json?tree=url"
        assert httpx.get(url).status_code == 403
        assert httpx.get(url, auth=("ci", "wrong")).status_code == 401
        assert httpx.get(url, headers={"Authorization": "Basic !!!"}).status_code == 401
        right = httpx.get(url, auth=("ci", "s3cret"))
        assert (right.status_code, right.json()["url"]) == (200, f"{server.url}/ci/")
        assert right.headers["X-Jenkins"]
        assert server.instance == f"127.0.0.1:{server.port}/ci"


def test_a_controller_may_call_itself_something_else(world: ScriptedWorld) -> None:
    world.add_jenkins_build("api")
    with JenkinsServer(world, root_url="https://jenkins.acme.example/") as server:
        told = httpx.get(f"{server.base_url}/job/api/1/api/json?tree=url").json()
    assert told["url"] == "https://jenkins.acme.example/job/api/1/"
    assert server.instance == "jenkins.acme.example"


def test_a_malformed_tree_is_a_500_page_as_in_jenkins(controller: httpx.Client) -> None:
    answer = controller.get("/api/json?tree=jobs[")
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "text/html; charset=utf-8")
