"""Alerts of the real program: what a poll finds reaches a quiet receiver within one interval and two seconds."""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from collector.demo.github import GithubServer
from collector.demo.jenkins import JenkinsServer
from collector.demo.script import ScriptedWorld
from tests.collector.alerting.standins import Answer, HttpStandIn, http_standin
from tests.product import Product

INTERVAL_SECONDS = 4.0
FAILURES = 5
JOB = "platform/nightly"


@dataclass(frozen=True)
class Polled:
    """Each of ``fails`` makes a build that has just failed, at its provider."""

    product: Product
    hook: HttpStandIn
    fails: dict[str, Callable[[int], None]]


@pytest.fixture
def polled(tmp_path: Path) -> Iterator[Polled]:
    world = ScriptedWorld()
    with ExitStack() as stack:
        github = stack.enter_context(GithubServer(world, tokens={"t0ken"}, limit=100_000))
        jenkins = stack.enter_context(JenkinsServer(world, users={"ci-health": "t0ken"}))
        hook = stack.enter_context(http_standin(Answer()))

        def fails_on_github(number: int) -> None:
            world.add_run("acme/web", workflow=f"ci-{number}", conclusion="failure", duration_seconds=20)

        def fails_on_jenkins(_number: int) -> None:
            world.add_jenkins_build(JOB, result="FAILURE", duration_seconds=20)

        world.add_run("acme/web", workflow="first", duration_seconds=20)
        world.add_jenkins_job(JOB)
        world.add_jenkins_build(JOB, duration_seconds=20)
        token = {"token": "${TOKEN}"}
        config = {
            "defaults": {"interval": f"{INTERVAL_SECONDS:g}s", "backfill": "1d"},
            "sources": [
                {"name": "gh", "provider": "github", "url": github.api_url, "repos": ["acme/web"], **token},
                {"name": "jk", "provider": "jenkins", "url": jenkins.base_url, "user": "ci-health", **token},
            ],
            "receivers": [{"name": "hook", "webhook": {"url": hook.url}, "group_wait": "1s", "group_interval": "1s"}],
            "rules": [{"name": "broken", "when": "failure", "remind": "each"}],
        }
        product = Product(tmp_path, config=json.dumps(config), env={"TOKEN": "t0ken"})  # JSON is YAML, too
        yield Polled(stack.enter_context(product), hook, {"github": fails_on_github, "jenkins": fails_on_jenkins})


def test_a_polled_failure_is_told_within_one_interval_and_two_seconds(polled: Polled) -> None:
    wait_read(polled.product)
    chance = random.Random(11)
    for provider, fail in polled.fails.items():
        took = [told_after(polled, fail, number, chance) for number in range(FAILURES)]
        print(f"{provider}, read every {INTERVAL_SECONDS:g} s: told after {', '.join(f'{one:.1f} s' for one in took)}")
        assert statistics.median(took) < INTERVAL_SECONDS + 2, took


def wait_read(product: Product) -> None:
    give_up_at = time.monotonic() + 60
    while not all(one["last_success_at"] for one in httpx.get(product.url + "/sources").json()["sources"]):
        assert time.monotonic() < give_up_at, product.output[-3000:]
        time.sleep(0.1)


def told_after(polled: Polled, fail: Callable[[int], None], number: int, chance: random.Random) -> float:
    """Seconds from the build's end, at some instant between two polls, until the receiver had the message."""
    time.sleep(1.5 + chance.uniform(0, INTERVAL_SECONDS))
    known = len(polled.hook.asked)
    began_at = time.monotonic()
    fail(number)
    while len(polled.hook.asked) == known:
        assert time.monotonic() < began_at + 60, polled.product.output[-3000:]
        time.sleep(0.02)
    return polled.hook.asked[known].at - began_at
