"""How soon a single failure reaches a receiver that was quiet: by webhook, and by poll of GitHub and of Jenkins.

    python -m bench.alert_latency [--samples 10] [--quiet 31] [--interval 10]

``cihealth run`` as a user starts it, with the default grouping. What it tells are a webhook, a Slack webhook and an
SMTP server on loopback; what it polls are the demo's GitHub and Jenkins. Each sample fails another pipeline after all
its receivers were quiet for ``--quiet`` seconds (``group_wait`` is 30 s). By webhook the time runs from just before the
POST until the receiver has the message; by poll from the end of the build at its provider, at some instant between two
polls.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx

from collector.demo.github import GithubServer
from collector.demo.jenkins import JenkinsServer
from collector.demo.script import ScriptedWorld
from tests.collector.alerting.standins import Answer, HttpStandIn, SmtpStandIn
from tests.product import Product

PUSHED_WITHIN_SECONDS = 2.0
GIVE_UP_SECONDS = 120.0
REPOS = {"push": "acme/pushed", "github": "acme/web", "jenkins": "platform"}


class Arrivals:
    """When each message of one receiver came, and what it said."""

    def __init__(self) -> None:
        self._came = threading.Condition()
        self._texts: list[tuple[float, str]] = []

    def add(self, text: str) -> None:
        with self._came:
            self._texts.append((time.monotonic(), text))
            self._came.notify_all()

    def of(self, pipeline: str) -> float:
        """When the first message that names the pipeline came, by the monotonic clock; waits for it."""
        give_up_at = time.monotonic() + GIVE_UP_SECONDS
        with self._came:
            while True:
                if found := [at for at, text in self._texts if pipeline in text]:
                    return found[0]
                assert self._came.wait(give_up_at - time.monotonic()), f"{pipeline} was not told"


@dataclass
class Way:
    """One way from a failure to its receivers. ``fail`` makes the pipeline of a name fail."""

    name: str
    fail: Callable[[str], None]
    told: Mapping[str, Arrivals]
    spread_seconds: float = 0.0
    """The failure falls at some instant of a span of so many seconds, as a build ends whenever it does."""
    took: dict[str, list[float]] = field(default_factory=dict)

    def measure(self, samples: int, quiet_seconds: float) -> None:
        chance = random.Random(self.name)
        for number in range(samples):
            time.sleep(quiet_seconds + chance.uniform(0, self.spread_seconds))
            pipeline = f"{self.name}-{number:02d}"
            began_at = time.monotonic()
            self.fail(pipeline)
            for receiver, arrivals in self.told.items():
                self.took.setdefault(receiver, []).append(arrivals.of(pipeline) - began_at)


@contextmanager
def http_receiver(arrivals: Arrivals) -> Iterator[str]:
    def decide(_path: str, raw: bytes) -> Answer:
        arrivals.add(raw.decode())
        return Answer()

    standin = HttpStandIn(decide)
    try:
        yield standin.url
    finally:
        standin.close()


@contextmanager
def mail_receiver(arrivals: Arrivals) -> Iterator[int]:
    standin = Mailbox(arrivals)
    try:
        yield standin.port
    finally:
        standin.close()


class Mailbox(SmtpStandIn):
    """Notes when a mail was taken, as it was taken."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        super().__init__()

    async def handle_DATA(self, *given: object) -> str:
        said = await super().handle_DATA(*given)  # type: ignore[arg-type]
        self._arrivals.add(self.received[-1].part("plain"))
        return said


def receivers_of(stack: ExitStack, told: Mapping[str, Arrivals]) -> list[dict[str, object]]:
    hooks = {name: stack.enter_context(http_receiver(told[name])) for name in told if name != "mail"}
    port = stack.enter_context(mail_receiver(told["mail"]))
    mail = {"from": "ci@acme.com", "to": ["team@acme.com"], "host": "127.0.0.1", "port": port, "tls": "none"}
    found: list[dict[str, object]] = [
        {"name": "slack", "slack": {"webhook_url": hooks.pop("slack")}},
        {"name": "mail", "email": mail},
    ]
    return found + [{"name": name, "webhook": {"url": url}} for name, url in hooks.items()]


def rules_of(paths: dict[str, list[str]]) -> list[dict[str, object]]:
    return [{"name": name, "when": "failure", "repos": [REPOS[name]], "to": to} for name, to in paths.items()]


def pushing(product: Product) -> Callable[[str], None]:
    def push(pipeline: str) -> None:
        now = datetime.now(UTC).isoformat()
        body = {"pipeline": pipeline, "repo": REPOS["push"], "branch": "main", "started_at": now, "completed_at": now}
        httpx.post(product.url + "/ingest/my-ci", json={**body, "status": "failure"}).raise_for_status()

    return push


def wait_read(product: Product) -> None:
    give_up_at = time.monotonic() + GIVE_UP_SECONDS
    while not all(one["last_success_at"] for one in httpx.get(product.url + "/sources").json()["sources"]):
        assert time.monotonic() < give_up_at, product.output[-3000:]
        time.sleep(0.1)


def config_of(stack: ExitStack, world: ScriptedWorld, told: Mapping[str, Arrivals], interval_seconds: float) -> str:
    """The configuration, for providers and receivers that live as long as ``stack``."""
    github = stack.enter_context(GithubServer(world, tokens={"t0ken"}, limit=1_000_000))
    jenkins = stack.enter_context(JenkinsServer(world, users={"ci-health": "t0ken"}))
    token = {"token": "${TOKEN}"}
    config = {
        "defaults": {"interval": f"{interval_seconds:g}s", "backfill": "1d"},
        "sources": [
            {"name": "gh", "provider": "github", "url": github.api_url, "repos": [REPOS["github"]], **token},
            {"name": "jk", "provider": "jenkins", "url": jenkins.base_url, "user": "ci-health", **token},
        ],
        "receivers": receivers_of(stack, told),
        "rules": rules_of({"push": ["slack", "mail", "webhook"], "github": ["of-github"], "jenkins": ["of-jenkins"]}),
    }
    return json.dumps(config)  # JSON is YAML, too


def ways(product: Product, world: ScriptedWorld, told: Mapping[str, Arrivals], interval_seconds: float) -> list[Way]:
    def fails_on_github(pipeline: str) -> None:
        world.add_run(REPOS["github"], workflow=pipeline, conclusion="failure", duration_seconds=20)

    def fails_on_jenkins(pipeline: str) -> None:
        world.add_jenkins_build(f"platform/{pipeline}", result="FAILURE", duration_seconds=20)

    return [
        Way("push", pushing(product), {name: told[name] for name in ("webhook", "slack", "mail")}),
        Way("github", fails_on_github, {"webhook": told["of-github"]}, interval_seconds),
        Way("jenkins", fails_on_jenkins, {"webhook": told["of-jenkins"]}, interval_seconds),
    ]


def measured(folder: Path, samples: int, quiet_seconds: float, interval_seconds: float) -> list[Way]:
    world = ScriptedWorld()
    told = {name: Arrivals() for name in ("slack", "mail", "webhook", "of-github", "of-jenkins")}
    world.add_run(REPOS["github"], workflow="first", duration_seconds=20)
    for number in range(samples):
        world.add_jenkins_job(f"platform/jenkins-{number:02d}")
        world.add_jenkins_build(f"platform/jenkins-{number:02d}", duration_seconds=20)
    with ExitStack() as stack:
        config = config_of(stack, world, told, interval_seconds)
        product = stack.enter_context(Product(folder, config=config, env={"TOKEN": "t0ken"}))
        wait_read(product)
        found = ways(product, world, told, interval_seconds)
        with ThreadPoolExecutor(len(found)) as pool:
            for done in [pool.submit(way.measure, samples, quiet_seconds) for way in found]:
                done.result()
    return found


def too_slow(way: Way, interval_seconds: float) -> bool:
    """Prints how long its messages took; whether the median is over what is promised."""
    within = PUSHED_WITHIN_SECONDS + (0.0 if way.name == "push" else interval_seconds)
    for receiver, took in way.took.items():
        figures = f"median {statistics.median(took):6.2f} s, worst {max(took):6.2f} s"
        print(f"  {way.name:8} to {receiver:8} {figures} ({within:g} s promised)")
    return any(statistics.median(took) > within for took in way.took.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=10)
    parser.add_argument("--quiet", type=float, default=31.0)
    parser.add_argument("--interval", type=float, default=10.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measured(Path(folder), given.samples, given.quiet, given.interval)
    print(f"{given.samples} pipelines each, receivers quiet for {given.quiet:g} s, polled every {given.interval:g} s")
    slow = [way.name for way in found if too_slow(way, given.interval)]
    if slow:
        raise SystemExit(f"slower than promised: {', '.join(slow)}")


if __name__ == "__main__":
    main()
