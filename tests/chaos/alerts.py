"""What the alert chaos tests need: the web app and a collector that are killed and started again, clients that push
builds, and a checker that reads what slow and failing sinks took."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import httpx

from tests.chaos.test_kill import Pace
from tests.collector.alerting.standins import HttpStandIn, SmtpStandIn, faulty_slack
from tests.product import ROOT, Product

CLIENTS = 4
LIVES = (("failure",), ("failure", "success"), ("success", "failure"), ("success", "failure", "failure", "success"))
"""Histories of pipelines; each has one alert, and a last word."""
OPENING = ("failing", "again", "reminder", "flapping")
ENDING = ("fixed", "failed_and_fixed")
CONFIG = """\
receivers:
  - {{name: slack, group_wait: 1s, group_interval: 1s, slack: {{webhook_url: "{slack}/services/x"}}}}
  - {{name: mail, group_wait: 1s, group_interval: 1s,
      email: {{from: ci@acme.com, to: [team@acme.com], host: 127.0.0.1, port: {smtp}, tls: none}}}}
  - {{name: hook, group_wait: 1s, group_interval: 1s, webhook: {{url: "{hook}/hook"}}}}
rules:
  - {{name: broken, when: failure}}
"""
MARK_FIRST = """
import sys
from collector.alerting.delivery import Delivery
from collector.alerting.notifiers.base import NotSent
from collector.storage.tables import sql

def mark_first(self, items, planned, *, plain):
    rows = [row for item in items for row in item.rows]
    message = self._composed(items)
    self._mark(items, message, None, planned)
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


@dataclass
class Sinks:
    """Slack, SMTP and a generic webhook: 50 to 300 ms slow, failing a third of the time."""

    slack: HttpStandIn
    hook: HttpStandIn
    smtp: SmtpStandIn

    @property
    def config(self) -> str:
        return CONFIG.format(slack=self.slack.url, hook=self.hook.url, smtp=self.smtp.port)

    @property
    def ambiguous(self) -> int:
        """Messages that were taken though the sender could not know."""
        return sum(asked.answer.taken for sink in (self.slack, self.hook) for asked in sink.asked)

    @property
    def failed(self) -> int:
        refused = sum(not asked.accepted for sink in (self.slack, self.hook) for asked in sink.asked)
        return refused + self.smtp.asked - len(self.smtp.received)


@contextmanager
def sinks(chance: random.Random) -> Iterator[Sinks]:
    def delay() -> float:
        return chance.uniform(0.05, 0.3)

    def said() -> str:
        return chance.choice(["451 try again", "421 busy"]) if chance.random() < 1 / 3 else "250 OK"

    made = Sinks(
        HttpStandIn(faulty_slack(chance), delay),
        HttpStandIn(faulty_slack(chance), delay),
        SmtpStandIn(said, delay=delay),
    )
    try:
        yield made
    finally:
        for sink in (made.slack, made.hook, made.smtp):
            sink.close()


class Collector:
    """``collect`` as the supervisor starts it: of one owner, so that the next one need not wait for the lease."""

    def __init__(self, product: Product, program: str | None = None) -> None:
        start = ["-c", program] if program else ["-m", "collector"]
        database = f"sqlite:///{product.database}"
        config = str(product.folder / "collectors.yaml")
        self._argv = [sys.executable, "-P", *start, "collect", "--config", config, "--database", database]
        self._env = {**os.environ, "CIHEALTH_LEASE_OWNER": "chaos", "CIHEALTH_LOG_FORMAT": "json"}
        self._log = product.folder / "collector.txt"
        self.process = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(
                self._argv, env=self._env, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )

    def kill_and_start_again(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process = self._started()

    def wait_at_work(self, times: int, seconds: float = 90.0) -> None:
        """Until it has come to work so many times in all."""
        give_up_at = time.monotonic() + seconds
        while self.output.count("the collector is at work") < times:
            assert time.monotonic() < give_up_at, self.output[-3000:]
            assert self.process.poll() is None, self.output[-3000:]
            time.sleep(0.05)

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
            states = dict(connection.execute("SELECT state, count(*) FROM notifications GROUP BY state").fetchall())
        finally:
            connection.close()
        if behind == 0 and states and not states.get("pending"):
            return states
        time.sleep(0.2)
    raise AssertionError(f"not drained after {seconds} s: {states}, {behind} changes behind")


@dataclass(frozen=True)
class Verdict:
    """``lost``: pipelines whose failure no message told; ``untrue``: whose last word is another than told last;
    ``disordered``: told as failing after it was told as fixed; ``duplicates``: messages that only repeat."""

    lost: frozenset[str]
    untrue: frozenset[str]
    disordered: frozenset[str]
    duplicates: int


def judged(messages: list[list[tuple[str, str]]], pipelines: int) -> Verdict:
    """``messages``: of each, in the order they were taken, what it says: (pipeline, kind)."""
    heard: dict[str, list[str]] = {}
    duplicates = 0
    for message in messages:
        repeated = [kind in heard.get(name, ()) for name, kind in message]
        duplicates += any(repeated)
        for name, kind in message:
            heard.setdefault(name, []).append(kind)
    names = {f"p{number}": last_word(number) for number in range(pipelines)}
    untrue = {name for name, kinds in heard.items() if (kinds[-1] in ENDING) != (names[name] == "success")}
    return Verdict(
        lost=frozenset(names.keys() - heard.keys()),
        untrue=frozenset(untrue),
        disordered=frozenset(name for name, kinds in heard.items() if _is_disordered(kinds)),
        duplicates=duplicates,
    )


def _is_disordered(kinds: list[str]) -> bool:
    ended = next((place for place, kind in enumerate(kinds) if kind in ENDING), len(kinds))
    return any(kind in OPENING for kind in kinds[ended:]) or kinds[0] == "fixed"


def told_by_hook(sinks: Sinks) -> list[list[tuple[str, str]]]:
    return [[(alert["pipeline"], alert["kind"]) for alert in asked.json["alerts"]] for asked in sinks.hook.accepted]


_TITLE = re.compile(r"acme/web › (p\d+) on main (.*)")
_KINDS = (("failed and was fixed", "failed_and_fixed"), ("is fixed", "fixed"), ("failed again", "again"))


def told_by_slack(sinks: Sinks) -> list[list[tuple[str, str]]]:
    texts = []
    for asked in sinks.slack.accepted:
        blocks = asked.json.get("blocks", [])
        texts.append("\n".join(block["text"]["text"] for block in blocks if "text" in block))
    return [_told(text) for text in texts]


def told_by_mail(sinks: Sinks) -> list[list[tuple[str, str]]]:
    return [_told(received.part("plain")) for received in sinks.smtp.received]


def _told(text: str) -> list[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for name, said in _TITLE.findall(text):
        kind = next((kind for words, kind in _KINDS if said.startswith(words)), "failing")
        found[name, kind] += 1
    return list(found)


def counted(text_messages: list[str]) -> int:
    """How many alerts messages count beside those they name."""
    return sum(int(number) for text in text_messages for number in re.findall(r"… and (\d+) more alert", text))
