"""The product's own readers poll the demo's servers, and end up with exactly the builds of the world."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest

from collector.demo.plans import attempt_status
from collector.demo.run import DemoServers, start_demo
from collector.domain.filters import Filters
from collector.poller import Outcome, Poller, SourceJob
from collector.providers.registry import make_reader
from collector.recording import Recorder
from collector.storage import builds
from collector.storage.database import Database, connect
from collector.storage.memory import SourceMemory
from config.load import EVERYTHING, load

DAYS = 2
STATUSES = {
    "success": "success", "failure": "failure", "cancelled": "cancelled", "skipped": "skipped",
    "startup_failure": "failure", "timed_out": "failure", "SUCCESS": "success", "FAILURE": "failure",
    "UNSTABLE": "failure", "ABORTED": "cancelled", "NOT_BUILT": "skipped",
}  # fmt: skip


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[DemoServers]:
    with start_demo(tmp_path, product_url="http://127.0.0.1:9", days=DAYS) as started:
        yield started


@pytest.fixture
def database(demo: DemoServers) -> Iterator[Database]:
    database = connect(demo.database_url)
    database.migrate()
    yield database
    database.close()


@contextmanager
def poller(demo: DemoServers, database: Database, place: int) -> Iterator[Poller]:
    config = load(demo.config_path, demo.environment, need=EVERYTHING).config
    source = config.sources[place]
    reader = make_reader(source, config, demo.environment)
    job = SourceJob(source.name, source.provider, config.interval_of(source), reader, source.default_branch)
    made = Poller(job, Recorder(database), SourceMemory(database, source.name))
    yield made
    made.close()


def stored(database: Database, provider: str) -> dict[tuple[str, int], tuple[str, float | None]]:
    """(external id, attempt) → (status, duration) of every build kept."""
    found: dict[tuple[str, int], tuple[str, float | None]] = {}
    cursor: str | None = None
    with database.reading():
        while True:
            page = builds.page(Filters(provider=(provider,)), cursor=cursor, limit=200)
            for row in page.builds:
                found[(row["external_id"], row["attempt"])] = (row["status"], row["duration_seconds"])
            cursor = page.next
            if cursor is None:
                return found


def test_github_is_read_whole(demo: DemoServers, database: Database) -> None:
    with poller(demo, database, 0) as github:
        # Lists come with the first poll; details may need more of them, as the reader minds its pace.
        outcomes: list[Outcome] = [github.poll() for _ in range(3)]
    assert [outcome.error for outcome in outcomes] == [None] * 3
    kept, view = stored(database, "github"), demo.world.at(demo.world.anchor)
    since = demo.world.anchor - timedelta(days=DAYS, minutes=-2)
    compared = 0
    for run in (run for repo in view.repos() for run in view.runs(repo.id) if run.created_at > since):
        for attempt in run.attempts:
            if attempt_status(attempt, demo.world.anchor) == "completed":
                assert kept[(str(run.id), attempt.number)][0] == STATUSES[attempt.conclusion]
                compared += 1
    assert compared > 40
    assert demo.github.failures == []


def test_jenkins_is_read_whole_with_ranged_requests_two_at_a_time(demo: DemoServers, database: Database) -> None:
    with poller(demo, database, 1) as jenkins:
        outcome: Outcome = jenkins.poll()
    assert outcome.error is None
    kept, view = stored(database, "jenkins"), demo.world.at(demo.world.anchor)
    since = demo.world.anchor - timedelta(days=DAYS, minutes=-2)
    compared = 0
    for build in (build for item in view.items() for build in view.builds(item.full_name)):
        if build.queued_at > since and build.ends_at is not None and build.ends_at <= demo.world.anchor:
            status, duration_seconds = kept[(f"{unquote(build.job)}#{build.number}", 1)]
            assert status == STATUSES[build.result]
            assert duration_seconds == pytest.approx(build.duration_ms / 1000)
            compared += 1
    assert compared > 60
    asked = demo.jenkins.journal.entries("/job/*/api/json")
    assert asked
    assert all("{" in entry.request.query["tree"] for entry in asked)
    assert demo.jenkins.journal.most_in_flight <= 2
    assert demo.jenkins.failures == []
