"""The real program against recorded Jenkins builds: what is stored equals what the recordings say."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.acceptance.jenkins_replay import JenkinsReplay, RecordedJob, read_recorded_jobs
from tests.acceptance.polling import RECORDINGS, all_builds, feed_head, get, instant, wait_for_polls
from tests.product import Product

pytestmark = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings are not on this machine")

BACKFILL_SECONDS = 3650 * 86400

STATUS = {
    "SUCCESS": "success",
    "FAILURE": "failure",
    "UNSTABLE": "failure",
    "ABORTED": "cancelled",
    "NOT_BUILT": "skipped",
    None: "in_progress",
}


@pytest.fixture(scope="module")
def recorded() -> dict[str, RecordedJob]:
    return read_recorded_jobs(RECORDINGS / "jenkins_rest")


@pytest.fixture(scope="module")
def replay(recorded: dict[str, RecordedJob]) -> Iterator[JenkinsReplay]:
    server = JenkinsReplay(recorded)
    yield server
    server.close()


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, replay: JenkinsReplay) -> Iterator[Product]:
    source = f"name: recorded, provider: jenkins, url: '{replay.url}', interval: 2s, backfill: 3650d"
    config = f"sources:\n  - {{{source}}}\n"
    with Product(tmp_path_factory.mktemp("product"), config=config) as running:
        wait_for_polls(running, 1)
        yield running


def test_every_recorded_build_is_there_with_its_status_start_and_duration(
    product: Product, recorded: dict[str, RecordedJob], replay: JenkinsReplay
) -> None:
    builds = {external_id: build for (external_id, _), build in all_builds(product).items()}
    told = {
        f"{job.full_name}#{number}": raw
        for job in recorded.values()
        for number, raw in job.builds.items()
        if raw["timestamp"] / 1000 > time.time() - BACKFILL_SECONDS
    }
    assert set(builds) == set(told)
    for external_id, raw in told.items():
        build = builds[external_id]
        assert build["status"] == STATUS[raw["result"]], external_id
        assert build["conclusion"] == raw["result"], external_id
        assert instant(build["started_at"]) == datetime.fromtimestamp(raw["timestamp"] / 1000, UTC), external_id
        seconds = raw["duration"] / 1000 if raw["result"] else None
        assert build["duration_seconds"] == pytest.approx(seconds), external_id
        assert build["instance"] == replay.url.removeprefix("http://")


def test_a_multibranch_project_is_one_pipeline_and_its_jobs_are_branches(product: Product) -> None:
    builds = all_builds(product).values()
    branches = {build["branch"] for build in builds if build["external_id"].startswith("github_org/devlake-jenkins/")}
    pipelines = {build["pipeline_id"] for build in builds if build["external_id"].startswith("github_org/devlake")}
    assert branches == {"main", "PR-2", "feature-1"}
    assert len(pipelines) == 1
    zowe = [build for build in builds if build["external_id"].startswith("zowe-docs-site/")]
    assert {build["branch"] for build in zowe} == {"users/jack/lf-jenkins"}


def test_stages_are_jobs_of_their_build(product: Product, recorded: dict[str, RecordedJob]) -> None:
    builds = {external_id: build for (external_id, _), build in all_builds(product).items()}
    staged = [(job, number) for job in recorded.values() for number in job.stages if number in job.builds]
    assert staged
    for job, number in staged:
        detail = get(product, f"/builds/{builds[f'{job.full_name}#{number}']['id']}")
        assert [one["name"] for one in detail["jobs"]] == [stage["name"] for stage in job.stages[number]]


def test_a_second_poll_adds_nothing_and_asks_only_ranged_trees_two_at_a_time(
    product: Product, replay: JenkinsReplay
) -> None:
    wait_for_polls(product, 2)
    before, head, asked = all_builds(product), feed_head(product), len(replay.journal)
    wait_for_polls(product, 3)
    assert len(replay.journal) > asked, "nothing was asked"
    assert all_builds(product) == before
    assert feed_head(product) == head
    trees = [entry for entry in replay.journal if "/api/json" in entry]
    assert all("tree=" in entry for entry in trees), [entry for entry in trees if "tree=" not in entry][:3]
    assert replay.most_at_once <= 2
