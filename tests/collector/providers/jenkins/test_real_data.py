"""The recorded answers of real controllers, where they are at hand: what they told is what we say."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from collector.domain.model import RunWord, Status
from collector.providers.base import NotForUs
from collector.providers.jenkins.jobs import Job, Rules, job_of, read_address
from collector.providers.jenkins.listing import list_jobs
from collector.providers.jenkins.mapping import map_build
from collector.providers.jenkins.revisions import remotes_of
from collector.providers.jenkins.stages import map_stages
from collector.providers.jenkins.waiting import map_queue
from collector.providers.jenkins.webhook import Context, Pushed, parse

SHARED = Path(__file__).parents[5] / "shared" / "realdata"
REST, HOOKS = SHARED / "jenkins_rest", SHARED / "jenkins_webhooks"
RULES = Rules("jenkins.example", "https://jenkins.example")

pytestmark = pytest.mark.skipif(not REST.is_dir(), reason="the recorded answers are not here")


def loaded(name: str) -> Any:
    return json.loads((REST / name).read_text())


def job_at(url: str, *, multibranch: bool = False, remotes: frozenset[str] = frozenset()) -> Job:
    address = read_address(url)
    assert address is not None
    return job_of(RULES, address.segments, multibranch=multibranch, remotes=remotes)


def rows(kind: str) -> list[dict[str, Any]]:
    csv.field_size_limit(sys.maxsize)
    with (REST / "devlake" / f"_raw_jenkins_api_{kind}_multibranch.csv").open() as file:
        return [{**json.loads(row["data"]), "_input": row["input"]} for row in csv.DictReader(file)]


def test_old_freestyle_builds_all_map() -> None:
    raw = loaded("perceval/jenkins_job_builds.json")
    job = job_at(raw["url"], remotes=remotes_of(["$GIT_BASE"]))
    runs = [map_build(one, job).run for one in raw["builds"]]
    assert len(runs) == 32
    assert {run.status for run in runs} == {Status.SUCCESS, Status.FAILURE}
    assert all(run.commit and run.branch == "master" and run.event for run in runs)
    assert len({run.duration_seconds for run in runs}) > 20


def test_the_shared_librarys_commit_is_never_taken() -> None:
    raw = loaded("perceval/jenkins_workflow_job_builds.json")
    runs = [map_build(one, job_at(one["url"], multibranch=True)).run for one in raw["builds"]]
    assert [run.commit for run in runs if run.key.external_id.endswith("#2")] == [None]
    assert {run.commit for run in runs} == {None, "2c6e06a3bf6a52ae3f8f26f11c91d9550794c161"}
    assert {(run.branch, run.pipeline.external_id) for run in runs} == {("users/jack/lf-jenkins", "zowe-docs-site")}


def test_builds_of_a_multibranch_project_map() -> None:
    found: list[RunWord] = []
    for one in rows("builds"):
        path = json.loads(one["_input"])["URL"]
        found.append(map_build(one, job_at(path, multibranch=True)).run)
    assert {run.branch for run in found} == {"main", "PR-2", "feature-1"}
    assert {run.key.repo for run in found} == {"github_org/devlake-jenkins"}
    assert [run.status for run in found].count(Status.CANCELLED) == 1


def test_stages_after_an_abort_did_not_run() -> None:
    job = job_of(RULES, ("web", "PR-2"), multibranch=True)
    run = map_build({"number": 1, "timestamp": 1_711_277_511_000, "result": "ABORTED", "duration": 9000}, job).run
    stages = [one for one in rows("stages") if json.loads(one["_input"])["FullName"].endswith("PR-2#1")]
    told = {job.name: job.status for job in map_stages({"stages": stages}, run, RULES).jobs}
    assert told["checkout"] is Status.CANCELLED
    assert {told["build"], told["test"], told["deploy"]} == {Status.SKIPPED}


@pytest.mark.parametrize(
    ("name", "listed", "own"),
    [
        ("node-core-utils/js-flake-1/node-test-commit-linux-19446.json", 20, 15),
        ("node-core-utils/citgm-nobuild/citgm-smoker-nobuild-866.json", 14, 12),
    ],
)
def test_stale_cells_are_left_out(name: str, listed: int, own: int) -> None:
    raw = loaded(name)
    number = int(name.rpartition("-")[2].removesuffix(".json"))
    build = map_build(
        {"number": number, "timestamp": 1_500_000_000_000, **raw}, job_of(RULES, ("m",), multibranch=False)
    )
    assert (len(raw["runs"]), len(build.cells)) == (listed, own)


def test_a_running_multijob_maps_and_tells_no_children() -> None:
    raw = loaded("node-core-utils/pending/node-test-pull-request-32777.json")
    build = map_build(raw, job_at(raw["url"]))
    assert (build.run.status, build.run.duration_seconds, build.cells) == (Status.IN_PROGRESS, None, ())
    assert (build.run.actor, build.run.event) == ("mmarchini", "manual")


def test_jobs_of_old_and_new_cores_are_listed() -> None:
    answer = {**loaded("perceval/jenkins_jobs.json")}
    project = loaded("perceval/jenkins_workflow_jobs.json")
    listing = list_jobs(lambda path, _tree: project if path else answer, RULES, ())
    assert listing.root == "http://example.com/ci"
    assert {one.job.full_name for one in listing.jobs} >= {"apex-build-master", "zowe-docs-site/zowe-workflow"}
    (branch,) = [one.job for one in listing.jobs if one.job.branch]
    assert branch.pipeline.external_id == "zowe-docs-site"


def test_the_queue_maps() -> None:
    assert set(map_queue(loaded("jenkins-rest/queue.json")).entered_at) == {6, 7}


def test_a_paused_run_of_an_old_plugin_maps() -> None:
    run = map_build({"number": 16, "timestamp": 1_413_461_275_770}, job_of(RULES, ("w",), multibranch=False)).run
    stages = map_stages(loaded("jenkins-rest/workflow.json"), run, RULES)
    assert [job.status for job in stages.jobs] == [Status.SUCCESS, Status.SUCCESS, Status.IN_PROGRESS]


@pytest.mark.parametrize("name", ["completed-success-git-artifacts", "finalized-success-git"])
def test_recorded_notifications_are_read(name: str) -> None:
    body = json.loads((HOOKS / "notification-plugin" / f"{name}.json").read_text())
    found = parse(body, context=Context())
    assert isinstance(found, Pushed)
    (word,) = found.batch.words
    assert isinstance(word, RunWord)
    assert (word.status, word.started_at, word.key.external_id) == (
        Status.SUCCESS, None, f"{body['name']}#{body['build']['number']}",
    )  # fmt: skip


@pytest.mark.parametrize("folder", ["statistics-gatherer", "global-build-notification"])
def test_other_plugins_are_not_for_us(folder: str) -> None:
    for file in (HOOKS / folder).glob("*.json"):
        assert isinstance(parse(json.loads(file.read_text()), context=Context()), NotForUs)
