"""What measuring a large GitHub needs: ``bench.github_world`` as a process, and a reader whose clock is the bench's."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

import httpx

from collector import ingest
from collector.domain.errors import Waiting
from collector.providers.base import Batch
from collector.providers.github.api import GithubApi
from collector.providers.github.client import GithubReader, selection_text
from collector.providers.github.credentials import Token
from collector.providers.github.grants import Grant, Grants, Pace
from collector.providers.http import Http
from collector.providers.wire import guarded_transport
from collector.storage.database import Database, connect
from collector.storage.memory import SourceMemory
from collector.storage.tables import sql
from config.model import GithubSource

ROOT = Path(__file__).resolve().parent.parent
DAY = 86_400
TOKEN = {"BENCH_TOKEN": "t0ken"}
INTERVAL = timedelta(seconds=60)


@contextmanager
def github(**given: float) -> Iterator[str]:
    """The address of a ``bench.github_world`` with these options."""
    options = [part for name, value in given.items() for part in (f"--{name}", str(value))]
    command = [sys.executable, "-m", "bench.github_world", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


def counts(url: str) -> dict[str, int]:
    found: dict[str, int] = json.loads(_steer(f"{url}/_counts"))
    return found


def _steer(url: str) -> bytes:
    """Without httpx, whose every new client reads the certificates: that would count as CPU of ours."""
    with urlopen(url) as answer:
        body: bytes = answer.read()
    return body


def source_of(url: str, repos: int, interval: str = "60s") -> GithubSource:
    names = [f"acme/r{number}" for number in range(repos)]
    given = {"name": "acme", "provider": "github", "url": url, "token": "${BENCH_TOKEN}", "repos": names}
    return GithubSource.model_validate({**given, "interval": interval})


def stored(database: Database) -> dict[str, int]:
    with database.reading():
        asked = {
            "builds": "SELECT count(*) FROM builds",
            "re-runs": "SELECT count(*) FROM builds WHERE attempt > 1",
            "jobs": "SELECT count(*) FROM jobs",
            "without jobs": "SELECT count(*) FROM builds WHERE NOT has_jobs",
        }
        return {name: int(sql(text).fetchone()[0]) for name, text in asked.items()}


class Clock:
    """The bench's: it goes on with each request, and while the reader waits for its pace."""

    def __init__(self, now: float, latency_seconds: float) -> None:
        self.now, self._latency_seconds = now, latency_seconds

    def at(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def tell(self, request: httpx.Request) -> None:
        """The world takes its time from the request."""
        self.now += self._latency_seconds
        request.headers["X-Bench-Now"] = f"{self.now:.3f}"


class Telling(httpx.BaseTransport):
    """The real transport; each request tells the time."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._inner, self._clock = guarded_transport(url, 1), clock

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._clock.tell(request)
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()


class Paced(Grants):
    """One grant, as GitHub's own service has it: 600 requests a minute of the bench's clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.grant = Grant(Pace(clock.monotonic, clock.sleep))

    def of(self, *key: str, paced: bool) -> Grant:
        return self.grant


class Cycle:
    """A reader of ``repos`` repos on a clock of the bench's, over a database of its own."""

    def __init__(
        self, folder: Path, url: str, repos: int, now: float, backfill: timedelta, *, latency_seconds: float = 0.0
    ) -> None:
        self.url, self.clock = url, Clock(now, latency_seconds)
        self.database = connect(f"sqlite:///{folder}/bench.db")
        self.database.migrate()
        self.grants = Paced(self.clock)
        self.reader = self._reader(source_of(url, repos), backfill)
        self.memory = SourceMemory(self.database, "acme")
        self.on_batch: Callable[[Batch, datetime], None] = lambda batch, at: None
        self.waited: list[Waiting] = []

    def _reader(self, source: GithubSource, backfill: timedelta) -> GithubReader:
        http = Http(self.url, transport=Telling(self.url, self.clock), clock=self.clock.at)
        credentials = Token(lambda: "t0ken")
        api = GithubApi(http, credentials, selection=selection_text(source), clock=self.clock.at, source="acme",
                        paced=True, grants=self.grants)  # fmt: skip
        return GithubReader(source, api, http, credentials, interval=INTERVAL, backfill=backfill, transport=None,
                            clock=self.clock.at)  # fmt: skip

    def poll(self) -> None:
        """One poll; the clock is then where the next one begins: a minute later, or when GitHub lets us."""
        begun = self.clock.now
        next_at = begun + INTERVAL.total_seconds()
        try:
            for batch in self.reader.poll(self.memory, self.clock.at()):
                ingest.record(self.database, batch, ingest.Context("acme"), self.clock.at())
                self.on_batch(batch, self.clock.at())
        except Waiting as waiting:
            self.waited.append(waiting)
            next_at = max(next_at, waiting.until.timestamp())
        self.clock.now = max(self.clock.now, next_at)

    def poll_until(self, end: float) -> None:
        while self.clock.now < end:
            self.poll()

    def close(self) -> None:
        self.reader.close()
        self.database.close()
