"""The collector as a program of its own, against the demo's GitHub and Jenkins and against servers that hang."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import apsw
import pytest

from collector import ingest
from collector.daemon import in_words
from collector.demo.run import DemoServers, start_demo
from collector.domain.model import Status
from collector.poller import Outcome
from collector.providers.base import Batch, WaitingItem, Watching
from collector.storage.database import connect
from tests.builders import run_word

NOWHERE = "http://127.0.0.1:9"


class Collector:
    """``cihealth collect`` in ``folder``; ``output`` is what it said."""

    def __init__(self, folder: Path, *arguments: str, config: str | Path, env: dict[str, str], database: str) -> None:
        file = folder / "collectors.yaml"
        if isinstance(config, str):
            file.write_text(config)
        given = ["collect", *arguments, "--config", str(config if isinstance(config, Path) else file)]
        self._output = folder / f"output-{time.monotonic_ns()}.txt"
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "collector", *given, "--database", database],
                env={**os.environ, "CIHEALTH_LOG_FORMAT": "json", **env},
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                pass_fds=[int(env["CIHEALTH_PARENT_FD"])] if "CIHEALTH_PARENT_FD" in env else [],
            )

    @property
    def output(self) -> str:
        return self._output.read_text()

    def wait_for(self, text: str, seconds: float = 30.0) -> None:
        wait_until(lambda: text in self.output or self.process.poll() is not None, seconds)
        assert text in self.output, self.output


def wait_until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    give_up_at = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up_at, "it did not happen in time"
        time.sleep(0.05)


Start = Callable[..., Collector]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Collector] = []

    def collector(
        *arguments: str, config: str | Path = "sources: []\n", env: dict[str, str] | None = None
    ) -> Collector:
        database = f"sqlite:///{tmp_path}/cihealth.db"
        started.append(Collector(tmp_path, *arguments, config=config, env=env or {}, database=database))
        return started[-1]

    yield collector
    for each in started:
        each.process.kill()
        each.process.wait()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServers]:
    with start_demo(tmp_path_factory.mktemp("demo"), product_url=NOWHERE, days=1) as servers:
        yield servers


@pytest.fixture
def silent_server() -> Iterator[str]:
    """Takes connections, reads, and never answers."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        taken: list[socket.socket] = []

        def take() -> None:
            while True:
                try:
                    taken.append(listener.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        for each in taken:
            each.close()


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(apsw.Connection(str(folder / "cihealth.db"))) as connection:
        return [tuple(row) for row in connection.execute(query)]


def hanging(url: str) -> str:
    return f"sources:\n  - {{name: hung, provider: jenkins, url: '{url}'}}\n"


def test_once_reads_every_source_and_says_what_changed(start: Start, tmp_path: Path, demo: DemoServers) -> None:
    env = dict(demo.environment)
    first = start("--once", config=demo.config_path, env=env)
    assert first.process.wait(60) == 0, first.output
    stored: dict[str, int] = dict(rows(tmp_path, "SELECT source, count(*) FROM builds GROUP BY source"))
    assert set(stored) == {"demo-github", "demo-jenkins"}
    for source, count in stored.items():
        assert f"{source}: {count} new builds, 0 changed" in first.output
    again = start("--once", config=demo.config_path, env=env)
    assert again.process.wait(60) == 0
    assert "demo-github: " in again.output
    assert f"demo-github: {stored['demo-github']} new" not in again.output


def test_once_ends_with_one_when_a_source_fails_and_stores_the_others(
    start: Start, tmp_path: Path, demo: DemoServers
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as unused:
        port = unused.getsockname()[1]
    added = f"sources:\n- name: down\n  provider: jenkins\n  url: http://127.0.0.1:{port}\n"
    config = demo.config_path.read_text().replace("sources:\n", added, 1)
    collector = start("--once", config=config, env=dict(demo.environment))
    assert collector.process.wait(60) == 1
    assert "demo-jenkins: " in collector.output
    assert any(line.startswith("down: ") and str(port) in line for line in collector.output.splitlines())
    assert "again" not in collector.output
    [(error,)] = rows(tmp_path, "SELECT last_error FROM sources WHERE name = 'down'")
    assert str(port) in str(error)


def test_once_without_sources_says_so(start: Start) -> None:
    collector = start("--once")
    assert collector.process.wait(20) == 0
    assert "no source is configured" in collector.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_read_that_hangs_does_not_hold_up_the_end(start: Start, silent_server: str, number: int) -> None:
    collector = start(config=hanging(silent_server))
    collector.wait_for("at work")
    time.sleep(0.5)
    told_at = time.monotonic()
    collector.process.send_signal(number)
    assert collector.process.wait(10) == 0, collector.output
    assert time.monotonic() - told_at < 5
    assert "Traceback" not in collector.output


def test_a_source_that_hangs_does_not_delay_the_others(
    start: Start, tmp_path: Path, silent_server: str, demo: DemoServers
) -> None:
    config = demo.config_path.read_text().replace(
        "sources:\n", f"sources:\n- name: hung\n  provider: jenkins\n  url: {silent_server}\n", 1
    )
    start(config=config, env=dict(demo.environment)).wait_for("at work")
    wait_until(
        lambda: len(rows(tmp_path, "SELECT name FROM sources WHERE last_success_at IS NOT NULL")) == 2, seconds=14
    )
    assert rows(tmp_path, "SELECT last_success_at FROM sources WHERE name = 'hung'") == [(None,)]


def test_the_heartbeat_goes_on_while_a_source_hangs(start: Start, tmp_path: Path, silent_server: str) -> None:
    start(config=hanging(silent_server)).wait_for("at work")
    beats = "SELECT beat_at FROM leases"
    first = rows(tmp_path, beats)
    wait_until(lambda: rows(tmp_path, beats) != first, seconds=10)


def test_a_second_collector_leaves_with_one_and_names_the_first(start: Start) -> None:
    first = start()
    first.wait_for("at work")
    second = start()
    assert second.process.wait(20) == 1
    assert f"process {first.process.pid}" in second.output
    assert first.process.poll() is None


def test_one_that_waits_takes_over_when_the_first_is_told_to_stop(start: Start) -> None:
    first = start()
    first.wait_for("at work")
    second = start("--wait")
    second.wait_for("this one waits")
    first.process.terminate()
    assert first.process.wait(10) == 0
    second.wait_for("at work", 5)


def test_the_collector_leaves_when_the_pipe_of_its_parent_closes(start: Start) -> None:
    read_end, write_end = os.pipe()
    collector = start(env={"CIHEALTH_PARENT_FD": str(read_end)})
    os.close(read_end)
    collector.wait_for("at work")
    os.close(write_end)
    assert collector.process.wait(5) == 0
    assert "is gone" in collector.output


def test_what_sources_watched_that_are_configured_no_more_goes_quiet(start: Start, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    item = WaitingItem("1", "jenkins", "ci.acme.com", "platform", "web", now)
    keys = ("github|github.com|acme/web", "github|github.com|acme/api")
    database = connect(f"sqlite:///{tmp_path}/cihealth.db")
    database.migrate()
    told = Batch(words=(run_word(status=Status.IN_PROGRESS),), waiting=(item,), watching=Watching(keys))
    ingest.record(database, told, ingest.Context("dropped"), now - timedelta(hours=1))
    left = Batch(watching=Watching(left={keys[0]: "unwatched"}))
    ingest.record(database, left, ingest.Context("dropped"), now - timedelta(hours=1))
    database.close()
    start()
    wait_until(lambda: rows(tmp_path, "SELECT status, conclusion FROM builds") == [("skipped", "unwatched")])
    assert rows(tmp_path, "SELECT count(*) FROM waiting") == [(0,)]
    assert rows(tmp_path, "SELECT key, left_as FROM watching") == [(keys[1], "unwatched")], "that waits for a while"


def test_an_outcome_is_told_in_one_line() -> None:
    assert in_words(Outcome("acme", 9, 1, 3, None, 60)) == "acme: 1 new build, 3 changed"
    assert in_words(Outcome("acme", 0, 0, 0, "no answer", 60)) == "acme: 0 new builds, 0 changed; no answer"
