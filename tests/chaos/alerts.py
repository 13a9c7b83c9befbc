"""What the alert chaos tests need beside their receivers: a collector that is killed and started again, and clients
that push builds that fail and recover."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import httpx

from tests.chaos.test_kill import Pace
from tests.product import ROOT, Product

CLIENTS = 4
LIVES = (("failure",), ("failure", "success"), ("success", "failure"), ("success", "failure", "failure", "success"))
"""Histories of pipelines; each has one alert, and a last word."""
MARK_FIRST = """
import sys
from collector.alerting.delivery import Delivery
from collector.alerting.notifiers.base import NotSent
from collector.storage.tables import sql

def mark_first(self, items, planned, *, plain):
    rows = [row for item in items for row in item.rows]
    message = self._composed(items)
    self._receiving.sent(items, message.alert_ids, message.id, None, planned.due_at)
    try:
        self._target.notifier.send(message, (), plain=plain)
    except NotSent:
        with self._database.writing():
            for row in rows:
                sql("UPDATE notifications SET state = 'pending' WHERE id = ?", (row,))
        raise

Delivery._sent = mark_first
from collector.__main__ import main
sys.exit(main())
"""
"""The fault that the test must catch: a row counts as sent before the receiver said yes."""


class Collector:
    """``collect`` as the supervisor starts it: of one owner, so that the next one need not wait for the lease."""

    def __init__(self, product: Product, program: str | None = None, env: Mapping[str, str] | None = None) -> None:
        start = ["-c", program] if program else ["-m", "collector"]
        database = f"sqlite:///{product.database}"
        config = str(product.folder / "collectors.yaml")
        self._argv = [sys.executable, "-P", *start, "collect", "--config", config, "--database", database]
        self._env = {**os.environ, "CIHEALTH_LEASE_OWNER": "chaos", "CIHEALTH_LOG_FORMAT": "json", **(env or {})}
        self._log = product.folder / "collector.txt"
        self._log_begins = 0
        self.process = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            self._log_begins = log.tell()
            return subprocess.Popen(
                self._argv, env=self._env, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )

    def kill_and_start_again(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process = self._started()

    def wait_at_work(self, seconds: float = 90.0) -> None:
        """Until the one that was started last has come to work."""
        give_up_at = time.monotonic() + seconds
        while b"the collector is at work" not in (said := self._said()):
            assert time.monotonic() < give_up_at, said[-3000:]
            assert self.process.poll() is None, said[-3000:]
            time.sleep(0.02)

    def _said(self) -> bytes:
        with self._log.open("rb") as log:
            log.seek(self._log_begins)
            return log.read()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    @property
    def output(self) -> str:
        return self._log.read_text(errors="replace")


@dataclass
class Pusher(threading.Thread):
    """Pushes the lives of its pipelines, each build until it is acknowledged, as far as the pace allows."""

    url: str
    numbers: range
    pace: Pace
    pushed: int = 0
    error: BaseException | None = None

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        try:
            with httpx.Client(timeout=5) as http:
                for place, number in enumerate(self.numbers):
                    self.pace.wait(place)
                    self._live(http, number)
        except BaseException as exc:
            self.error = exc
            raise

    def _live(self, http: httpx.Client, number: int) -> None:
        life = LIVES[number % len(LIVES)]
        began_at = datetime.now(UTC) - timedelta(minutes=5)
        for place, status in enumerate(life):
            at = began_at + timedelta(seconds=30 * place)
            body = {
                "pipeline": f"p{number}", "repo": "acme/web", "branch": "main", "status": status,
                "external_id": f"{number}-{place}", "started_at": at.isoformat(),
                "completed_at": (at + timedelta(seconds=20)).isoformat(),
            }  # fmt: skip
            self._push(http, body)

    def _push(self, http: httpx.Client, body: dict[str, str]) -> None:
        give_up_at = time.monotonic() + 120
        while time.monotonic() < give_up_at:
            with contextlib.suppress(httpx.HTTPError):
                if http.post(self.url + "/ingest/github", json=body).is_success:
                    self.pushed += 1
                    return
            time.sleep(0.1)
        raise AssertionError(f"{body} was not taken within 120 s")


def builds_of(pipelines: int) -> int:
    return sum(len(LIVES[number % len(LIVES)]) for number in range(pipelines))


def last_word(number: int) -> str:
    return LIVES[number % len(LIVES)][-1]


def drained(database: Path, seconds: float) -> dict[str, int]:
    """Waits until every change was judged and nothing is pending; notifications by state."""
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        connection = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            behind = connection.execute(
                "SELECT (SELECT seq FROM feed) - (SELECT seq FROM cursors WHERE name = 'alerting')"
            ).fetchall()[0][0]
            counts = connection.execute("SELECT state, count(*) FROM notifications GROUP BY state").fetchall()
            states = {str(state): int(number or 0) for state, number in counts}
        finally:
            connection.close()
        if behind == 0 and states and not states.get("pending"):
            return states
        time.sleep(0.2)
    raise AssertionError(f"not drained after {seconds} s: {states}, {behind} changes behind")
