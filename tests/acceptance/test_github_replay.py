"""The real program against recorded GitHub answers: what is stored equals what the recordings say."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.github_replay import GithubReplay, Json, Recorded, read_recordings, repo_of
from tests.acceptance.polling import RECORDINGS, all_builds, feed_head, get, instant, wait_for_polls
from tests.product import Product

pytestmark = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings are not on this machine")

STATUS = {
    "success": "success",
    "failure": "failure",
    "timed_out": "failure",
    "startup_failure": "failure",
    "cancelled": "cancelled",
    "skipped": "skipped",
    "action_required": "skipped",
    "neutral": "skipped",
    "stale": "skipped",
}


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    return read_recordings(RECORDINGS / "github_rest", RECORDINGS / "bulk")


@pytest.fixture(scope="module")
def replay(recorded: Recorded) -> Iterator[GithubReplay]:
    server = GithubReplay(recorded)
    yield server
    server.close()


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, recorded: Recorded, replay: GithubReplay) -> Iterator[Product]:
    repos = "".join(f"      - {name}\n" for name in recorded.repo_names)
    config = f"""
sources:
  - name: recorded
    provider: github
    url: {replay.url}
    token: recorded-token
    interval: 2s
    backfill: 3650d
    repos:
{repos}"""
    with Product(tmp_path_factory.mktemp("product"), config=config) as running:
        wait_for_polls(running, 3)  # jobs of builds that go on come with a later poll than they
        yield running


def expected_status(run: Json) -> str:
    if run["status"] == "completed":
        return STATUS.get(run["conclusion"], "skipped")
    return "in_progress" if run["status"] == "in_progress" else "queued"


def expected_seconds(run: Json, jobs: list[Json]) -> float | None:
    """DESIGN: the last job's end - run_started_at; with no jobs known updated_at - run_started_at."""
    started = instant(run.get("run_started_at") or run["created_at"])
    ends = [at for job in jobs if job["status"] == "completed" and (at := instant(job["completed_at"]))]
    end = max(ends, default=None)
    if end is None or (started and end < started):
        end = instant(run["updated_at"])
    assert started
    assert end
    return max(0.0, (end - started).total_seconds()) if run["status"] == "completed" else None


def test_every_recorded_run_and_attempt_is_a_build_with_the_right_status(product: Product, recorded: Recorded) -> None:
    builds = all_builds(product)
    assert set(builds) == {(str(run_id), attempt) for run_id, attempt in recorded.runs}
    for (run_id, attempt), run in recorded.runs.items():
        build = builds[str(run_id), attempt]
        assert build["status"] == expected_status(run), run["html_url"]
        assert build["conclusion"] == run["conclusion"], run["html_url"]
        assert build["repo"].lower() == repo_of(run).lower()
        assert build["commit"] == run["head_sha"]
        assert build["event"] == run["event"]
        assert build["instance"] == "github.com"


def test_durations_and_starts_are_those_of_the_recordings(product: Product, recorded: Recorded) -> None:
    builds = all_builds(product)
    for (run_id, attempt), run in recorded.runs.items():
        build = builds[str(run_id), attempt]
        if run.get("run_started_at") or attempt == 1:
            started = instant(build["started_at"])
            assert started == instant(run.get("run_started_at") or run["created_at"]), run["html_url"]
            seconds = expected_seconds(run, recorded.jobs_of(run_id, attempt))
            assert build["duration_seconds"] == seconds, run["html_url"]


def test_jobs_and_steps_are_those_of_the_recordings(product: Product, recorded: Recorded) -> None:
    builds = all_builds(product)
    with_jobs = {key for key in recorded.runs if recorded.jobs_of(*key)}
    assert with_jobs
    for key in with_jobs:
        build = builds[str(key[0]), key[1]]
        detail = get(product, f"/builds/{build['id']}")
        told = sorted((job["name"], job["conclusion"], len(job["steps"])) for job in recorded.jobs_of(*key))
        assert sorted((job["name"], job["conclusion"], len(job["steps"])) for job in detail["jobs"]) == told


def test_a_second_poll_adds_nothing_changes_nothing_and_is_all_304(product: Product, replay: GithubReplay) -> None:
    wait_for_polls(product, 3)
    before, head, asked = all_builds(product), feed_head(product), len(replay.journal)
    wait_for_polls(product, 3)
    again = replay.journal[asked:]
    assert again, "nothing was asked"
    assert {status for _, status in again} == {304}, [entry for entry in again if entry[1] != 304][:5]
    assert all_builds(product) == before
    assert feed_head(product) == head
