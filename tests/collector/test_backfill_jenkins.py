"""``cihealth backfill`` of a Jenkins source, as a user runs it and beside a collector; it notifies nobody."""

from __future__ import annotations

import signal
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
from collector.backfill import Shown, progress_line
from collector.demo.faults import Fault
from collector.demo.jenkins import JenkinsServer
from collector.demo.plans import FREESTYLE, Stage
from collector.demo.script import ScriptedWorld
from collector.ingest import Context
from collector.providers.base import BackfillCounts, Batch
from collector.providers.jenkins.client import make_reader
from collector.providers.jenkins.past import make_past
from collector.providers.jenkins.slots import Slots
from collector.storage import sources
from collector.storage.beside import shared_folder
from collector.storage.database import Database, connect
from collector.storage.memory import SourceMemory
from collector.storage.tables import sql
from config.model import Config
from tests.collector.alerting.rig import config_of
from tests.collector.storage.dump import dump
from tests.product import Product

START = datetime.now(UTC).replace(microsecond=0)
CONFIG = """
sources:
  - {{name: ci, provider: jenkins, url: "{url}", user: bot, token: "${{JK}}", backfill: 7d, interval: 1s}}
"""
ENVIRON = {"JK": "t0ken", "PATH": "/usr/bin:/bin", "CIHEALTH_LOG_FORMAT": "json"}
JOBS, BUILDS = 6, 50
ALERTING = ("notifications", "alerts")


@pytest.fixture
def jenkins() -> Iterator[JenkinsServer]:
    world = ScriptedWorld(now=START)
    with JenkinsServer(world, users={"bot": "t0ken"}) as server:
        for job in range(JOBS):
            filled(world, job)
        yield server
        assert not server.failures


def filled(world: ScriptedWorld, job: int) -> None:
    """A build a day; every fourth, and the newest, failed. Every other job is a branch with stages."""
    name = f"tools/job-{job}"
    if job % 2:
        name = world.add_branch(f"shop/app-{job}", "main").full_name
    else:
        world.add_jenkins_job(name, cls=FREESTYLE)
    for back in range(BUILDS, 0, -1):
        at = START - timedelta(days=back)
        stages = [Stage("6", "Build", at, at + timedelta(seconds=20))] if job % 2 else []
        result = "FAILURE" if back % 4 == 1 else "SUCCESS"
        world.add_jenkins_build(name, started_at=at, result=result, stages=stages, log="x\nERROR: no\n")


def command(folder: Path, *given: str, database: str = "b.db") -> list[str]:
    options = ["--config", str(folder / "collectors.yaml"), "--database", f"sqlite:///{folder / database}"]
    return [sys.executable, "-P", "-m", "collector", "backfill", "--source", "ci", *given, *options]


def run(folder: Path, *given: str, database: str = "b.db") -> subprocess.CompletedProcess[str]:
    told = command(folder, *given, database=database)
    return subprocess.run(told, capture_output=True, text=True, timeout=120, env=ENVIRON)


def opened(folder: Path, name: str) -> Database:
    database = connect(f"sqlite:///{folder / name}")
    database.migrate()
    return database


def config_with(url: str, backfill: str) -> Config:
    source = {"name": "ci", "provider": "jenkins", "url": url, "user": "bot", "token": "${JK}", "backfill": backfill}
    return Config.model_validate({"sources": [source]})


def polled(database: Database, url: str, backfill: str) -> None:
    """All that polls read, with this backfill."""
    config = config_with(url, backfill)
    reader = make_reader(config.sources[0], config, ENVIRON, clock=lambda: START)  # type: ignore[arg-type]
    for _ in range(2):
        stored(database, reader.poll(SourceMemory(database, "ci"), START), Context("ci"))
    reader.close()


def stored(database: Database, batches: Iterator[Batch], context: Context) -> None:
    for batch in batches:
        assert batch.trouble is None
        ingest.record(database, batch, context, START)


def judged(evaluator: Evaluator) -> None:
    while evaluator.slice(START):
        pass
    evaluator.tick(START)


def counted(database: Database, what: str) -> int:
    with database.reading():
        return int(sql(f"SELECT count(*) FROM {what}").fetchone()[0])


def test_the_rows_are_those_of_a_longer_poll_and_no_alert_is_told(tmp_path: Path, jenkins: JenkinsServer) -> None:
    database = opened(tmp_path, "b.db")
    polled(database, jenkins.base_url, "7d")
    evaluator = Evaluator(database, config_of())
    evaluator.begin(START)
    judged(evaluator)
    alerts = [counted(database, what) for what in ALERTING]
    config = config_with(jenkins.base_url, "7d")
    past = make_past(config.sources[0], config, ENVIRON, clock=lambda: START)  # type: ignore[arg-type]
    batches = past.backfill(SourceMemory(database, "ci"), START - timedelta(days=60), START)
    stored(database, batches, Context("ci", history=True))
    past.close()
    judged(evaluator)
    assert [counted(database, what) for what in ALERTING] == alerts
    assert counted(database, "builds") == JOBS * BUILDS
    assert counted(database, "backfilled") == JOBS * (BUILDS - 7)
    mine = dump(database)
    database.close()
    longer = opened(tmp_path, "longer.db")
    polled(longer, jenkins.base_url, "60d")
    whole = dump(longer)
    longer.close()
    assert mine == whole


def test_what_is_news_is_told_though_a_backfill_met_it_before_the_next_poll(
    tmp_path: Path, jenkins: JenkinsServer
) -> None:
    database = opened(tmp_path, "b.db")
    polled(database, jenkins.base_url, "7d")
    with database.writing():
        sources.save_state(
            "ci", provider="jenkins", instance=jenkins.instance, last_success_at=START - timedelta(minutes=5)
        )
    evaluator = Evaluator(database, config_of())
    evaluator.begin(START)
    judged(evaluator)
    alerts = counted(database, "notifications")
    at = START - timedelta(minutes=4)
    assert isinstance(jenkins.world, ScriptedWorld)
    jenkins.world.add_jenkins_job("tools/young", cls=FREESTYLE)
    for name, result in (("tools/job-0", "SUCCESS"), ("tools/young", "FAILURE")):
        jenkins.world.add_jenkins_build(name, result=result, started_at=at, duration_seconds=20)
    config = config_with(jenkins.base_url, "7d")
    past = make_past(config.sources[0], config, ENVIRON, clock=lambda: START)  # type: ignore[arg-type]
    batches = past.backfill(SourceMemory(database, "ci"), START - timedelta(days=60), START)
    stored(database, batches, Context("ci", history=True))
    past.close()
    judged(evaluator)
    assert counted(database, "notifications") == alerts + 2
    database.close()


def test_killed_and_started_again_it_ends_whole_and_then_has_nothing_to_read(
    tmp_path: Path, jenkins: JenkinsServer
) -> None:
    (tmp_path / "collectors.yaml").write_text(CONFIG.format(url=jenkins.base_url))
    database = opened(tmp_path, "b.db")
    process = subprocess.Popen(
        command(tmp_path, "--since", "90d"), env=ENVIRON, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    give_up_at = time.monotonic() + 60
    while counted(database, "builds") < 60 and process.poll() is None and time.monotonic() < give_up_at:
        time.sleep(0.01)
    process.kill()
    process.wait()
    told = run(tmp_path, "--since", "90d")
    assert (told.returncode, told.stdout.splitlines()[-1]) == (0, "done"), told.stdout + told.stderr
    assert f"ci: jobs {JOBS}/{JOBS}, " in told.stdout
    assert " builds listed, 0 left to look at, " in told.stdout
    assert (counted(database, "builds"), counted(database, "backfilled")) == (JOBS * BUILDS, JOBS * BUILDS)
    jenkins.journal.clear()
    again = run(tmp_path, "--since", "90d")
    assert (again.returncode, [entry.path for entry in jenkins.journal.entries()]) == (0, ["/api/json"])
    assert f"ci: jobs {JOBS}/{JOBS}, 0 lists, 0 builds listed, 0 left to look at, 1 requests" in again.stdout
    database.close()


def test_a_controller_that_refuses_is_told_with_exit_code_1(tmp_path: Path, jenkins: JenkinsServer) -> None:
    (tmp_path / "collectors.yaml").write_text(CONFIG.format(url=jenkins.base_url))
    opened(tmp_path, "b.db").close()
    jenkins.misbehave(Fault("*", status=401))
    told = run(tmp_path, "--since", "90d")
    assert told.returncode == 1
    assert "answered 401; user or token is wrong or was revoked" in told.stderr


def test_a_job_that_cannot_be_read_is_named_and_the_rest_is_read(tmp_path: Path, jenkins: JenkinsServer) -> None:
    (tmp_path / "collectors.yaml").write_text(CONFIG.format(url=jenkins.base_url))
    database = opened(tmp_path, "b.db")
    jenkins.misbehave(Fault("/job/tools/job/job-2/api/json", status=403))
    told = run(tmp_path, "--since", "90d")
    assert (told.returncode, "could not be read: tools/job-2: " in told.stderr) == (1, True)
    assert counted(database, "builds") == (JOBS - 1) * BUILDS
    jenkins.clear_faults()
    assert run(tmp_path, "--since", "90d").returncode == 0
    assert counted(database, "builds") == JOBS * BUILDS
    database.close()


def test_it_works_beside_a_collector_and_the_controller_sees_two_requests_at_a_time(
    tmp_path: Path, jenkins: JenkinsServer
) -> None:
    jenkins.misbehave(Fault("*", delay_seconds=0.01))
    with Product(tmp_path, config=CONFIG.format(url=jenkins.base_url), env=ENVIRON) as product:
        told = run(tmp_path, "--since", "90d", database=product.database.name)
        assert told.returncode == 0, told.stdout + told.stderr
        give_up_at = time.monotonic() + 30
        while builds_of(product) < JOBS * BUILDS and time.monotonic() < give_up_at:
            time.sleep(0.5)
        assert builds_of(product) == JOBS * BUILDS
        source = httpx.get(f"{product.url}/sources").json()["sources"][0]
        assert (source["state"], source["last_error"]) == ("ok", None)
    assert jenkins.journal.most_in_flight == 2


def backfilling(folder: Path, url: str) -> subprocess.Popen[str]:
    (folder / "collectors.yaml").write_text(CONFIG.format(url=url))
    return subprocess.Popen(
        command(folder, "--since", "90d"), env=ENVIRON, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def interrupted(process: subprocess.Popen[str]) -> tuple[int, str, float]:
    """The exit code, the last line, and how long it took to leave after Ctrl-C, while it read a migrated database."""
    assert process.stdout is not None
    first = process.stdout.readline()
    assert "reading what began since" in first, first
    time.sleep(0.5)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate(timeout=30)
    return process.returncode, told.splitlines()[-1], time.monotonic() - begun


def test_ctrl_c_ends_the_wait_for_a_slot_at_once(tmp_path: Path, jenkins: JenkinsServer) -> None:
    opened(tmp_path, "b.db").close()
    shared = shared_folder(f"sqlite:///{tmp_path / 'b.db'}")
    assert shared is not None
    held = Slots(shared, jenkins.instance).take(2.0, lambda: True)
    code, last, seconds = interrupted(backfilling(tmp_path, jenkins.base_url))
    held.release()
    assert (code, last) == (0, "stopped; the same command goes on from here")
    assert seconds < 3
    assert jenkins.journal.entries() == []


def test_ctrl_c_does_not_wait_for_an_answer_that_does_not_come(tmp_path: Path, jenkins: JenkinsServer) -> None:
    opened(tmp_path, "b.db").close()
    jenkins.misbehave(Fault("*", delay_seconds=20))
    code, last, seconds = interrupted(backfilling(tmp_path, jenkins.base_url))
    assert (code, last) == (0, "stopped; the same command goes on from here")
    assert seconds < 3


def builds_of(product: Product) -> int:
    return sum(httpx.get(f"{product.url}/metrics/summary", params={"window": "90d"}).json()["counts"].values())


def test_the_time_left_is_told_by_what_a_job_took_so_far(
    capsys: pytest.CaptureFixture[str], jenkins: JenkinsServer
) -> None:
    config, seconds = config_with(jenkins.base_url, "7d"), [0.0]
    past = make_past(config.sources[0], config, ENVIRON)  # type: ignore[arg-type]
    shown = Shown(past, "ci", monotonic=lambda: seconds[0])
    past.counts.repos, past.counts.done = 100, 40
    shown.line()
    seconds[0], past.counts.done = 60.0, 60
    shown.line()
    past.close()
    first, second = capsys.readouterr().out.splitlines()
    assert " left" not in first.replace("left to look at", "")
    assert second.endswith("about 0:02:00 left")


def test_progress_counts_jobs_lists_and_builds() -> None:
    counts = BackfillCounts(("jobs", "lists", "builds"), 20, 5, 5, 6, 400, 12, 130, "shop/web")
    assert progress_line(counts, None, timedelta(minutes=3)) == (
        "jobs 5/20, 6 lists, 400 builds listed, 12 left to look at, 130 requests, about 0:03:00 left (at shop/web)"
    )
