"""The demo's objects have the fields that the recorded ones have. Needs the recordings, which are not in this repo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from collector.demo.github import GithubServer
from collector.demo.homes import full_repo
from collector.demo.jenkins import JenkinsServer
from collector.demo.plans import FREESTYLE, MULTIBRANCH, Stage
from collector.demo.rendering import workflow
from collector.demo.script import ScriptedWorld
from collector.demo.shown import Shown
from collector.demo.webhooks import WebhookSender, notification
from tests.collector.demo.conftest import NOW

REAL = Path(__file__).parents[4] / "shared" / "realdata"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the recordings are not here")


def recorded(path: str) -> Any:
    return json.loads((REAL / path).read_text(encoding="utf-8"))


def replies(path: str) -> dict[str, Any]:
    """The bodies of a PyGithub recording by the path asked for; the last of each."""
    lines = (REAL / path).read_text(encoding="utf-8").split("\n")
    starts = [i for i, line in enumerate(lines) if line == "https"]
    return {lines[i + 4]: json.loads(lines[i + 9]) for i in starts if lines[i + 9].startswith(("{", "["))}


def missing(ours: Any, real: Any) -> set[str]:
    return set(real) - set(ours)


def test_a_run_has_every_field_of_a_recorded_one_and_no_other(api: httpx.Client, world: ScriptedWorld) -> None:
    world.add_run("acme/web", event="pull_request", pull_number=7)
    ours = api.get("/repos/acme/web/actions/runs").json()["workflow_runs"][0]
    real = recorded("bulk/homebrew_brew_runs.json")[0]
    assert set(ours) == set(real)
    for part in ("actor", "triggering_actor", "repository", "head_repository", "head_commit"):
        assert set(ours[part]) == set(real[part]), part
    assert set(ours["repository"]["owner"]) == set(real["repository"]["owner"])
    assert set(ours["head_commit"]["author"]) == set(real["head_commit"]["author"])


def test_a_pull_request_in_a_run_looks_like_a_recorded_one(api: httpx.Client, world: ScriptedWorld) -> None:
    world.add_run("acme/web", event="pull_request", pull_number=7)
    ours = api.get("/repos/acme/web/actions/runs").json()["workflow_runs"][0]["pull_requests"][0]
    runs = recorded("bulk/homebrew_brew_runs.json")
    real = next(run["pull_requests"][0] for run in runs if run["pull_requests"])
    assert set(ours) == set(real)
    for end in ("head", "base"):
        assert set(ours[end]) == set(real[end])
        assert set(ours[end]["repo"]) == set(real[end]["repo"])


def test_a_job_and_its_steps_have_the_recorded_fields(api: httpx.Client, world: ScriptedWorld) -> None:
    run = world.add_run("acme/web")
    ours = api.get(f"/repos/acme/web/actions/runs/{run.id}/jobs").json()["jobs"][0]
    recordings = replies("github_rest/pygithub/Repository.testGetWorkflowJob.txt")
    real = next(body for path, body in recordings.items() if "/actions/jobs/" in path)
    assert set(ours) == set(real)
    assert set(ours["steps"][0]) == set(real["steps"][0])


def test_repos_and_workflows_have_the_recorded_fields(github: GithubServer, world: ScriptedWorld) -> None:
    repo, item = world.repo("acme/web"), world.workflow("acme/web", "CI")
    bodies = replies("github_rest/pygithub/Repository.testGetWorkflows.txt")
    real = next(body for path, body in bodies.items() if path.endswith("/actions/workflows"))
    assert set(workflow(github.addresses, repo, item)) == set(real["workflows"][0])
    recorded_repo = replies("github_rest/pygithub/WorkflowRun.setUp.txt")["/repos/PyGithub/PyGithub"]
    only_for_some_viewers = {
        "permissions", "organization", "temp_clone_token", "network_count", "subscribers_count", "parent", "source",
        "allow_squash_merge", "allow_merge_commit", "allow_rebase_merge", "allow_auto_merge", "allow_update_branch",
        "delete_branch_on_merge", "use_squash_pr_title_as_default", "squash_merge_commit_message",
        "squash_merge_commit_title", "merge_commit_message", "merge_commit_title", "security_and_analysis",
    }  # fmt: skip
    assert missing(full_repo(github.addresses, repo, NOW), recorded_repo) <= only_for_some_viewers


@pytest.mark.parametrize("event", ["workflow_run", "workflow_job"])
def test_webhook_bodies_have_the_recorded_fields(
    event: str, github: GithubServer, world: ScriptedWorld
) -> None:
    sender = WebhookSender(world, "http://127.0.0.1:9", github=github)
    world.add_run("acme/web", status="queued")
    bodies = {d.event: json.loads(d.body) for d in sender._news(world.at(world.clock()))}
    sender.stop()
    name = "completed.payload" if event == "workflow_run" else "completed.success.with-organization.payload"
    real = recorded(f"github_webhooks/octokit/api.github.com/{event}/{name}.json")
    assert missing(bodies[event], real) == set()
    assert missing(bodies[event][event], real[event]) == set()


def test_a_jenkins_build_has_every_field_of_a_recorded_one(controller: httpx.Client, world: ScriptedWorld) -> None:
    world.add_branch("zowe", "users/jack")
    job = "zowe/users%2Fjack"
    world.add_jenkins_build(job, branch="users/jack", message="Change it")
    real = recorded("jenkins_rest/perceval/jenkins_workflow_job_builds.json")
    ours_job = controller.get("/job/zowe/job/users%2Fjack/api/json").json()
    ours = controller.get("/job/zowe/job/users%2Fjack/1/api/json").json()
    assert missing(ours, real["builds"][0]) == set()
    assert missing(ours_job, real) == set()
    assert (ours["_class"], ours_job["_class"]) == (real["builds"][0]["_class"], real["_class"])
    project = controller.get("/job/zowe/api/json").json()
    assert missing(project, recorded("jenkins_rest/perceval/jenkins_workflow_jobs.json")) == set()
    assert project["_class"] == MULTIBRANCH


def test_a_freestyle_job_has_the_fields_of_a_recorded_one(controller: httpx.Client, world: ScriptedWorld) -> None:
    world.add_jenkins_job("apex", cls=FREESTYLE)
    world.add_jenkins_build("apex")
    real = recorded("jenkins_rest/perceval/jenkins_job_builds.json")
    assert missing(controller.get("/job/apex/api/json").json(), real) == set()
    assert missing(controller.get("/job/apex/1/api/json").json(), real["builds"][0]) == set()


def test_stages_and_queue_items_have_the_recorded_fields(
    controller: httpx.Client, world: ScriptedWorld, jenkins: JenkinsServer
) -> None:
    world.add_jenkins_build("api", status="building", stages=[Stage("6", "Build", NOW, None)])
    world.add_jenkins_build("api", status="queued")
    run = controller.get("/job/api/1/wfapi/describe").json()
    real = recorded("jenkins_rest/jenkins-rest/workflow.json")
    assert missing(run, real) == set()
    assert missing(run["stages"][0], real["stages"][0]) == set()
    queue = controller.get("/queue/api/json").json()
    real_queue = recorded("jenkins_rest/jenkins-rest/queue.json")
    assert missing(queue, real_queue) == set()
    assert missing(queue["items"][0], real_queue["items"][0]) == set()


def test_a_notification_has_the_recorded_fields(world: ScriptedWorld) -> None:
    build = world.add_jenkins_build("asgard")
    item = world.add_jenkins_job("asgard", remote="https://git.acme.example/asgard.git")
    shown = Shown(world.at(NOW), "http://localhost:8080", double_encoded=False)
    ours = notification(shown, item, build, "COMPLETED")
    real = recorded("jenkins_webhooks/notification-plugin/completed-success-git-artifacts.json")
    assert missing(ours, real) == set()
    assert missing(ours["build"], real["build"]) == set()
    assert ours["build"]["full_url"] == "http://localhost:8080/job/asgard/1/"
    assert missing(ours["build"]["scm"], real["build"]["scm"]) == set()
