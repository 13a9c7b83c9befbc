"""A world that changes while it is polled, its webhooks shuffled, doubled and a third of them lost: in the end storage
holds the world's truth, every attempt and every job, in a real database through the one write path."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from collector import ingest
from collector.ingest import Context
from collector.providers.base import Batch, SourceReader
from collector.providers.github import client
from collector.providers.github.webhook import parse
from collector.storage import database as storage
from collector.storage.database import Database, connect
from collector.storage.memory import SourceMemory
from collector.storage.tables import sql
from tests.collector.providers.github.objects import Json, job, run
from tests.collector.providers.github.test_client import stamp
from tests.collector.providers.github.world import GithubWorld

Truth = dict[tuple[str, int], tuple[str, str | None, tuple[tuple[str, str], ...]]]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """That does not wait for the disk to have each of its thousands of commits: no power goes here."""
    monkeypatch.setitem(storage._PRAGMAS, "synchronous", "off")
    database = connect(f"sqlite:///{tmp_path / 'changing.db'}")
    database.migrate()
    yield database
    database.close()


class Changing:
    """Runs that begin, go on, end and are run again by chance; each change sends a webhook that may get lost."""

    def __init__(self, seed: int) -> None:
        self.world = GithubWorld()
        self.world.page_cap = 10
        self.chance = random.Random(seed)
        self.on_the_way: list[tuple[datetime, str, Json]] = []
        self.next_id = 1

    def step(self, *, quiet: bool = False) -> None:
        """What happens within a minute; ``quiet``: nothing new, what goes on ends."""
        for _ in range(0 if quiet else self.chance.randint(0, 3)):
            self._begin(self.next_id, 1)
            self.next_id += 1
        for run_id, attempts in list(self.world.runs.items()):
            attempt = max(attempts)
            if attempts[attempt]["status"] != "completed":
                if quiet or self.chance.random() < 0.4:
                    self._go_on(run_id, attempt)
            elif not quiet and self.chance.random() < 0.01:
                self._begin(run_id, attempt + 1)

    def _begin(self, run_id: int, attempt: int) -> None:
        now = stamp(self.world.now)
        first = self.world.runs.get(run_id, {}).get(1)
        more = {"created_at": first["created_at"] if first else now, "run_started_at": now, "updated_at": now}
        made = run(run_id, run_attempt=attempt, status="queued", conclusion=None, **more)
        jobs = [self._job(run_id, attempt, number, "queued") for number in range(self.chance.randint(1, 3))]
        self.world.add(made, jobs)
        self._send(run_id, attempt)

    def _job(self, run_id: int, attempt: int, number: int, status: str, conclusion: str | None = None) -> Json:
        ended = stamp(self.world.now) if status == "completed" else None
        job_id = run_id * 1000 + attempt * 10 + number
        return job(job_id, run_id, run_attempt=attempt, name=f"job {number}", status=status, conclusion=conclusion,
                   completed_at=ended)  # fmt: skip

    def _go_on(self, run_id: int, attempt: int) -> None:
        told = self.world.runs[run_id][attempt]
        status = "in_progress" if told["status"] == "queued" else "completed"
        ends = [self.chance.choice(("success", "success", "failure", "cancelled")) for _ in self._jobs(run_id, attempt)]
        worst = next((end for end in ("failure", "cancelled") if end in ends), "success")
        over = status == "completed"
        self.world.jobs[run_id, attempt] = [
            self._job(run_id, attempt, number, status, end if over else None) for number, end in enumerate(ends)
        ]
        self.world.runs[run_id][attempt] = {
            **told, "status": status, "conclusion": worst if over else None, "updated_at": stamp(self.world.now),
        }  # fmt: skip
        self._send(run_id, attempt)

    def _jobs(self, run_id: int, attempt: int) -> list[Json]:
        return self.world.jobs[run_id, attempt]

    def _send(self, run_id: int, attempt: int) -> None:
        told = self.world.runs[run_id][attempt]
        bodies = [("workflow_run", told), *(("workflow_job", one) for one in self._jobs(run_id, attempt))]
        for event, body in bodies:
            if self.chance.random() < 1 / 3:
                continue
            delivery = {"action": body["status"], event: body, "repository": told["repository"]}
            for _ in range(self.chance.choice((1, 1, 2))):
                late = timedelta(seconds=self.chance.expovariate(1 / 90))
                self.on_the_way.append((self.world.now + late, event, delivery))

    def arrived(self) -> list[tuple[str, Json]]:
        now = self.world.now
        here = [one for one in self.on_the_way if one[0] <= now]
        self.on_the_way = [one for one in self.on_the_way if one[0] > now]
        self.chance.shuffle(here)
        return [(event, body) for _, event, body in here]

    @property
    def truth(self) -> Truth:
        return {
            (str(run_id), attempt): (
                "success" if told["conclusion"] == "success" else told["conclusion"] or told["status"],
                told["conclusion"],
                tuple(sorted((str(one["id"]), one["conclusion"]) for one in self._jobs(run_id, attempt))),
            )
            for run_id, attempts in self.world.runs.items()
            for attempt, told in attempts.items()
        }


def stored(database: Database) -> Truth:
    with database.reading():
        jobs: dict[int, list[tuple[str, str]]] = {}
        for build_id, job_id, status in sql("SELECT build_id, job_id, status FROM jobs"):
            jobs.setdefault(build_id, []).append((job_id, status))
        rows = sql("SELECT id, external_id, attempt, status, conclusion FROM builds").fetchall()
    return {(row[1], row[2]): (row[3], row[4], tuple(sorted(jobs.get(row[0], ())))) for row in rows}


@pytest.mark.parametrize("seed", range(2))
def test_in_the_end_rows_are_the_worlds_truth(database: Database, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "has_secondary_limit", lambda instance: False)  # an hour passes in seconds here
    changing = Changing(seed)
    world, memory = changing.world, SourceMemory(database, "acme")
    reader = world.reader()

    def minute(reader: SourceReader | None, *, quiet: bool = False) -> None:
        changing.step(quiet=quiet)
        for event, body in changing.arrived():
            words = parse(event, body)
            assert isinstance(words, tuple)
            marks = {"pushed:acme/web": stamp(world.now)}
            ingest.record(database, Batch(words=words, marks=marks), Context("acme"), world.now)
        if reader is not None:
            for batch in reader.poll(memory, world.now):
                ingest.record(database, batch, Context("acme"), world.now)
        world.now += MINUTE

    world.limit = world.remaining = 1_000_000
    for number in range(60):
        away = 20 <= number < 30
        minute(None if away else reader)
        if number == 40:
            reader = world.reader()
    for _ in range(15):
        minute(reader, quiet=True)
    world.now += timedelta(days=1)
    minute(reader, quiet=True)
    assert max(attempt for _, attempt in changing.truth) >= 2
    assert len(changing.truth) > 50
    assert stored(database) == changing.truth
