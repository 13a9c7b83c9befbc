"""``cihealth backfill`` as a user runs it, against a GitHub on loopback; what it brings notifies nobody."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from collector import ingest
from collector.alerting.evaluator import Evaluator
from collector.backfill import progress_line
from collector.demo.github import GithubServer
from collector.demo.script import ScriptedWorld
from collector.domain.model import RunWord, Status
from collector.ingest import Context
from collector.providers.base import BackfillCounts, Batch, Budget
from collector.storage import backfilled, leases, sources, watched
from collector.storage.database import Database, connect
from collector.storage.tables import sql
from tests.builders import NOON, later
from tests.collector.alerting.rig import build, config_of, failed, passed
from tests.product import Product

CONFIG = """
sources:
  - {{name: acme, provider: github, url: "{url}", token: "${{GH}}", repos: [acme/shop]}}
  - {{name: empty, provider: github}}
"""
OLD = datetime.now(UTC).replace(microsecond=0) - timedelta(days=60)


@pytest.fixture
def world() -> ScriptedWorld:
    world = ScriptedWorld()
    world.add_repo("acme/shop")
    world.add_workflow("acme/shop")
    return world


@pytest.fixture
def github(world: ScriptedWorld) -> Iterator[GithubServer]:
    with GithubServer(world, tokens={"t0ken"}) as server:
        yield server


def command(folder: Path, *given: str) -> list[str]:
    options = ["--config", str(folder / "collectors.yaml"), "--database", f"sqlite:///{folder / 'b.db'}"]
    return [sys.executable, "-P", "-m", "collector", "backfill", *given, *options]


def run(folder: Path, *given: str) -> subprocess.CompletedProcess[str]:
    environ = {"GH": "t0ken", "PATH": "/usr/bin:/bin", "CIHEALTH_LOG_FORMAT": "json"}
    return subprocess.run(command(folder, *given), capture_output=True, text=True, timeout=120, env=environ)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = connect(f"sqlite:///{tmp_path / 'b.db'}")
    database.migrate()
    yield database
    database.close()


def test_wrong_use_is_told_with_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "collectors.yaml").write_text(CONFIG.format(url="http://127.0.0.1:1"))
    unknown = run(tmp_path, "--source", "nobody", "--since", "90d")
    assert (unknown.returncode, "the config names acme, empty" in unknown.stderr) == (2, True)
    nothing = run(tmp_path, "--source", "empty", "--since", "90d")
    assert (nothing.returncode, "no repos and no orgs" in nothing.stderr) == (2, True)
    length = run(tmp_path, "--source", "acme", "--since", "long")
    assert (length.returncode, "90d" in length.stderr or "14d" in length.stderr) == (2, True)


def filled(world: ScriptedWorld, runs: int) -> None:
    for number in range(runs):
        begun = OLD + timedelta(minutes=number)
        world.add_run("acme/shop", created_at=begun, conclusion="failure" if number % 7 == 0 else "success")


def held(database: Database) -> tuple[int, int, int]:
    """Builds, builds with jobs, and builds that were brought as history."""
    with database.reading():
        asked = ("count(*) FROM builds", "count(*) FROM builds WHERE has_jobs", "count(*) FROM backfilled")
        builds, with_jobs, history = (int(sql(f"SELECT {one}").fetchone()[0]) for one in asked)
    return builds, with_jobs, history


def test_killed_three_times_it_ends_whole_and_says_how_far_it_is(
    tmp_path: Path, world: ScriptedWorld, github: GithubServer, database: Database
) -> None:
    filled(world, 150)
    (tmp_path / "collectors.yaml").write_text(CONFIG.format(url=github.api_url))
    for with_jobs in (1, 50, 100):
        process = subprocess.Popen(
            command(tmp_path, "--source", "acme", "--since", "90d"),
            env={"GH": "t0ken", "PATH": "/usr/bin:/bin"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        give_up_at = time.monotonic() + 60
        while held(database)[1] < with_jobs and time.monotonic() < give_up_at:
            time.sleep(0.02)
        process.kill()
        process.wait()
    last = run(tmp_path, "--source", "acme", "--since", "90d")
    assert (last.returncode, last.stdout.splitlines()[-1]) == (0, "done"), last.stdout + last.stderr
    assert "acme: repos 1/1" in last.stdout
    assert "budget " in last.stdout
    assert held(database) == (150, 150, 150)
    jobs = [entry for entry in github.journal.entries() if entry.request.path.endswith("/jobs")]
    assert len(jobs) <= 150 + 3


def test_it_works_beside_a_collector(tmp_path: Path, world: ScriptedWorld, github: GithubServer) -> None:
    filled(world, 30)
    world.add_run("acme/shop")
    config = f"""
sources:
  - {{name: acme, provider: github, url: "{github.api_url}", token: "${{GH}}", repos: [acme/shop], interval: 1s}}
"""
    with Product(tmp_path, config=config, env={"GH": "t0ken"}) as product:
        options = ["--config", str(tmp_path / "collectors.yaml"), "--database", f"sqlite:///{product.database}"]
        told = subprocess.run(
            [sys.executable, "-P", "-m", "collector", "backfill", "--source", "acme", "--since", "90d", *options],
            capture_output=True, text=True, timeout=120, env={"GH": "t0ken", "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        assert told.returncode == 0, told.stdout + told.stderr
        source = httpx.get(f"{product.url}/sources").json()["sources"][0]
        assert (source["state"], source["last_error"]) == ("ok", None)
        assert source["requests_per_hour"]["now"] > 3600
        builds = httpx.get(f"{product.url}/builds", params={"window": "90d", "limit": 200}).json()["builds"]
        assert len(builds) == 31


def test_one_backfill_of_a_source_at_a_time(tmp_path: Path, github: GithubServer, database: Database) -> None:
    (tmp_path / "collectors.yaml").write_text(CONFIG.format(url=github.api_url))
    process = subprocess.Popen(
        command(tmp_path, "--source", "acme", "--since", "90d"),
        env={"GH": "t0ken", "PATH": "/usr/bin:/bin"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    give_up_at = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < give_up_at:
        with database.writing():
            leases.take("backfill:acme", "another", datetime.now(UTC), timedelta(seconds=2))
        time.sleep(0.3)
    output = process.communicate(timeout=10)[0]
    assert process.returncode == 1
    assert "another is already at it" in output


def test_progress_says_windows_runs_requests_budget_and_time_left() -> None:
    counts = BackfillCounts(repos=2, listed=2, done=1, windows=57, runs=57_000, runs_left=28_000, requests=29_600)
    budget = Budget(5000, 2600, NOON)
    assert progress_line(counts, budget, timedelta(minutes=90)) == (
        "repos 1/2, 57 windows, 57000 runs listed, 28000 left to look at, 29600 requests, budget 2600/5000,"
        " about 1:30:00 left"
    )


def test_a_failure_of_an_hour_ago_that_a_backfill_brought_notifies_nobody_and_the_next_live_one_does(
    database: Database,
) -> None:
    evaluator = Evaluator(database, config_of())
    evaluator.begin(NOON)

    def told(word: RunWord, *, history: bool) -> None:
        at = later(hours=2)
        ingest.record(database, Batch(words=(word,)), Context("acme", history=history), at)
        while evaluator.slice(at):
            pass

    told(failed(1, later(hours=1)), history=True)
    with database.reading():
        assert sql("SELECT count(*) FROM notifications").fetchone()[0] == 0
        assert len(backfilled.of([1])) == 1
    told(passed(2, later(hours=1, minutes=10)), history=False)
    told(failed(3, later(hours=1, minutes=20)), history=False)
    with database.reading():
        assert sql("SELECT count(*) FROM notifications").fetchone()[0] >= 1


def history_of(database: Database, *words: RunWord, now: datetime) -> frozenset[int]:
    """Which of the words' builds, by place, are history once a backfill met them."""
    ingest.record(database, Batch(words=words), Context("acme", history=True), now)
    with database.reading():
        return backfilled.of(range(1, len(words) + 1))


def test_what_ended_after_its_repo_was_added_is_news_though_a_backfill_met_it_first(database: Database) -> None:
    with database.writing():
        watched.note(["github|github.com|acme/web"], "acme", later(hours=1))
        sources.save_state("acme", provider="github", instance="github.com", last_success_at=later(hours=3))
    words = (failed(1, later(minutes=10)), failed(2, later(hours=1, minutes=10)), failed(3, later(hours=3, minutes=10)))
    told = history_of(database, *words, now=later(hours=4))
    assert told == {1}, "the last poll may have read the list of its runs before the second one ended"


def test_of_a_repo_that_no_poll_has_shown_yet_is_news_what_ended_after_the_last_poll(database: Database) -> None:
    with database.writing():
        sources.save_state("acme", provider="github", instance="github.com", last_success_at=later(hours=1))
    words = (failed(1, later(minutes=10)), failed(2, later(hours=1, minutes=10)))
    assert history_of(database, *words, now=later(hours=2)) == {1}


def test_what_ended_longer_than_a_day_ago_is_history_whatever_polls_have_missed(database: Database) -> None:
    with database.writing():
        watched.note(["github|github.com|acme/web"], "acme", later())
    words = (failed(1, later(minutes=10)), failed(2, later(hours=2)))
    assert history_of(database, *words, now=later(hours=25)) == {1}


def test_a_build_that_still_goes_on_is_news_when_it_ends(database: Database) -> None:
    going = build(1, Status.IN_PROGRESS, later())
    ingest.record(database, Batch(words=(going,)), Context("acme", history=True), later(60))
    with database.reading():
        assert backfilled.of([1]) == frozenset()
