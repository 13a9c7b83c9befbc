from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from collector.demo.github import GithubServer
from collector.demo.plans import Run, attempt_status, attempt_updated_at, build_status, job_status, visible_jobs
from collector.demo.stories import BROKEN, DRIFTING
from collector.demo.view import View
from collector.demo.world import DemoWorld

ANCHOR = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
RANK = {"queued": 0, "waiting": 0, "in_progress": 1, "building": 1, "completed": 2, "done": 2}


@pytest.fixture(scope="module")
def world() -> DemoWorld:
    return DemoWorld(seed=7, now=ANCHOR)


@pytest.fixture(scope="module")
def view(world: DemoWorld) -> View:
    return world.at(ANCHOR)


def runs_of(view: View, name: str, workflow: str) -> list[Run]:
    repo = next(r for r in view.repos() if r.full_name == name)
    item = next(w for w in view.workflows(repo.id) if w.name == workflow)
    return [run for run in view.runs(repo.id) if run.workflow_id == item.id]


def plans(world: DemoWorld, now: datetime) -> list[Any]:
    view = world.at(now)
    runs = [run for repo in view.repos() for run in view.runs(repo.id)]
    return [*runs, *(build for item in view.items() for build in view.builds(item.full_name))]


def test_the_same_seed_makes_the_same_world_however_it_is_looked_at() -> None:
    one, other = DemoWorld(3, ANCHOR, days=3), DemoWorld(3, ANCHOR, days=3)
    later = ANCHOR + timedelta(minutes=20)
    for seconds in range(0, 1200, 7):
        one.at(ANCHOR + timedelta(seconds=seconds))
    assert plans(one, later) == plans(other, later)
    assert plans(one, later) != plans(DemoWorld(4, ANCHOR, days=3), later)


def test_ninety_days_hold_between_ten_and_fifteen_thousand_builds_of_both_providers(world: DemoWorld) -> None:
    github, jenkins = world.count()
    assert 10_000 <= github + jenkins <= 15_000
    assert min(github, jenkins) > 4_000


def test_something_new_is_seen_within_ten_seconds_and_goes_on_all_the_time(world: DemoWorld) -> None:
    def born(view: View, since: datetime) -> int:
        runs = [run for run in view.recent_runs(since) if run.created_at > since]
        return len(runs) + sum(build.queued_at > since for build in view.recent_builds(since))

    assert born(world.at(ANCHOR + timedelta(seconds=10)), ANCHOR) >= 1
    for minute in range(0, 60, 3):
        start = ANCHOR + timedelta(minutes=minute)
        assert born(world.at(start + timedelta(minutes=3)), start) >= 2


def ranks(view: View) -> Iterator[tuple[tuple[Any, ...], int]]:
    """Every part's key and how far it has come."""
    for run in view.recent_runs(ANCHOR - timedelta(hours=1)):
        for attempt in (a for a in run.attempts if a.created_at <= view.now):
            yield ("run", run.id, attempt.number), RANK[attempt_status(attempt, view.now)]
            for job in visible_jobs(attempt, view.now):
                yield ("job", job.id), RANK[job_status(job, view.now)]
    for build in view.recent_builds(ANCHOR - timedelta(hours=1)):
        yield ("build", build.job, build.queue_id), RANK[build_status(build, view.now)]


def test_no_build_and_no_job_ever_goes_back(world: DemoWorld) -> None:
    seen: dict[tuple[Any, ...], int] = {}
    climbed = Counter[int]()
    for seconds in range(-120, 1200, 10):
        now = dict(ranks(world.at(ANCHOR + timedelta(seconds=seconds))))
        assert all(now[key] >= rank for key, rank in seen.items())
        climbed.update(rank for key, rank in now.items() if seen.get(key, -1) < rank)
        seen |= now
    assert min(climbed[rank] for rank in (0, 1, 2)) > 20


def test_a_run_never_ends_before_its_jobs(view: View) -> None:
    for repo in view.repos():
        for run in view.runs(repo.id):
            for attempt in run.attempts:
                ends = [job.ends_at for job in attempt.jobs if job.ends_at is not None]
                assert attempt.ends_at is not None
                assert all(end <= attempt.ends_at for end in ends)
                assert attempt_updated_at(attempt, attempt.ends_at) == attempt.ends_at


def test_the_gateway_has_been_broken_for_hours_at_one_step(view: View, world: DemoWorld) -> None:
    main = [run for run in runs_of(view, "acme/gateway", "CI") if run.branch == "main" and run.event == "push"]
    done = [run for run in main if attempt_status(run.attempt_at(ANCHOR), ANCHOR) == "completed"]
    broken = [run for run in done if run.created_at >= world.stories.broken_since]
    assert len(broken) >= 3
    assert {run.attempt_at(ANCHOR).conclusion for run in broken} == {"failure"}
    assert {job.failing_step for run in broken for job in run.attempts[0].jobs if job.conclusion == "failure"} == {
        "Build"
    }
    assert done[len(broken)].attempt_at(ANCHOR).conclusion != "failure"
    assert BROKEN == "gateway:ci"


def test_for_two_hours_nearly_everything_failed_on_both_providers(view: View, world: DemoWorld) -> None:
    start, end = world.stories.outage
    runs = [r for repo in view.repos() for r in view.runs(repo.id) if start <= r.created_at < end]
    builds = [b for item in view.items() for b in view.builds(item.full_name) if start <= b.queued_at < end]
    assert len(runs) > 8
    assert len(builds) > 8
    assert sum(run.attempts[0].conclusion == "failure" for run in runs) > 0.7 * len(runs)
    steps = {job.failing_step for run in runs for job in run.attempts[0].jobs if job.conclusion == "failure"}
    assert "Install dependencies" in steps
    assert sum(build.result in ("FAILURE", "UNSTABLE") for build in builds) > 0.7 * len(builds)


def test_one_pipeline_gets_slower_and_the_others_do_not(view: View) -> None:
    def median(name: str, first: int, last: int) -> float:
        lengths = sorted(
            (run.attempts[0].ends_at - run.created_at).total_seconds()
            for run in runs_of(view, name, "CI")
            if first <= (ANCHOR - run.created_at).days < last
            and run.attempts[0].conclusion == "success" and run.attempts[0].ends_at is not None
        )  # fmt: skip
        return lengths[len(lengths) // 2]

    assert median("acme/payments-api", 0, 10) > 1.5 * median("acme/payments-api", 50, 90)
    assert median("acme/storefront", 0, 10) < 1.2 * median("acme/storefront", 50, 90)
    assert DRIFTING == "payments-api:ci"


def test_a_flaky_job_fails_and_its_rerun_passes(view: View) -> None:
    again = [run for run in runs_of(view, "acme/storefront", "CI") if len(run.attempts) == 2]
    assert len(again) > 30
    for run in again:
        assert [attempt.conclusion for attempt in run.attempts] == ["failure", "success"]
    carried = [job for run in again for job in run.attempts[1].jobs if job.carried_over]
    assert carried
    assert all(job.starts_at is not None and job.created_at > job.starts_at for job in carried)


def test_one_run_waits_for_a_runner_that_nobody_has(view: View) -> None:
    old = [r for r in runs_of(view, "acme/mobile-app", "CI") if r.created_at < ANCHOR - timedelta(minutes=40)]
    waiting = [run for run in old if attempt_status(run.attempt_at(ANCHOR), ANCHOR) == "queued"]
    assert [job.labels for job in waiting[0].attempts[0].jobs] == [("self-hosted", "macOS", "ios-m2")]
    queued = [b for b in view.builds("data/model-training") if build_status(b, ANCHOR) == "queued"]
    assert "gpu" in queued[-1].why


def test_a_schedule_has_silently_stopped_while_the_hourly_one_goes_on(view: View, world: DemoWorld) -> None:
    newest = runs_of(view, "acme/etl-jobs", "Nightly import")[0]
    assert ANCHOR - newest.created_at > timedelta(days=3)
    later = world.at(ANCHOR + timedelta(hours=1))
    assert later.builds("data/nightly-warehouse")[0].queued_at > ANCHOR
    assert runs_of(later, "acme/etl-jobs", "Nightly import")[0] == newest


def test_every_kind_of_end_is_there(view: View) -> None:
    told = Counter(run.attempts[0].conclusion for repo in view.repos() for run in view.runs(repo.id))
    assert {"success", "failure", "cancelled", "skipped", "startup_failure"} <= set(told)
    forks = [run for repo in view.repos() for run in view.runs(repo.id) if run.fork is not None]
    assert {run.branch for run in forks} == {"main"}
    results = Counter(b.result for item in view.items() for b in view.builds(item.full_name))
    assert {"SUCCESS", "FAILURE", "UNSTABLE", "ABORTED"} <= set(results)
    names = {item.full_name for item in view.items()}
    assert "platform/payments-batch/release%2F2.4" in names
    assert any(name.startswith("platform/payments-batch/PR-") for name in names)


def test_weekends_are_quiet(view: View) -> None:
    by_day = Counter(run.created_at.weekday() for repo in view.repos() for run in view.runs(repo.id))
    assert by_day[6] < 0.3 * by_day[2]


def test_failed_logs_hold_secrets_and_escape_codes_for_the_product_to_clean(world: DemoWorld, view: View) -> None:
    failed = [run for run in runs_of(view, "acme/storefront", "Deploy") if run.attempts[0].conclusion == "failure"]
    at_deploy = next(run for run in failed if run.attempts[0].jobs[0].failing_step == "Deploy")
    job = at_deploy.attempts[0].jobs[0]
    with GithubServer(world) as server:
        url = f"{server.api_url}/repos/acme/storefront/actions/jobs/{job.id}/logs"
        text = httpx.get(url, follow_redirects=True).text
    assert "Authorization: Bearer ghp_" in text
    assert "\x1b[31m" in text
    assert text.startswith("\ufeff")


@pytest.mark.parametrize("bad", [{"now": datetime(2026, 1, 1)}, {"days": 0}])
def test_a_world_that_cannot_be_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="is wanted"):
        DemoWorld(**bad)
