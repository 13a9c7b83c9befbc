from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from collector.demo.faults import Answer, Fault, Request
from collector.demo.github import GithubServer, sign
from collector.demo.jenkins import JenkinsServer
from collector.demo.script import ScriptedWorld
from collector.demo.server import LoopbackServer
from collector.demo.webhooks import Weather, WebhookSender

FAIR = Weather(lost=0.0, late=0.0)


class Product(LoopbackServer):
    """Takes webhooks as the product does, and remembers them."""

    def answer(self, request: Request) -> Answer:
        return Answer(200, {"Content-Type": "application/json"}, b"{}")

    def got(self, path: str = "*") -> list[tuple[Request, Any]]:
        return [(entry.request, json.loads(entry.request.body)) for entry in self.journal.entries(path)]


@pytest.fixture
def product(world: ScriptedWorld) -> Iterator[Product]:
    with Product(world.clock) as server:
        yield server


@pytest.fixture
def sender(
    world: ScriptedWorld, product: Product, github: GithubServer, jenkins: JenkinsServer
) -> Iterator[WebhookSender]:
    world.add_run("acme/web", jobs=())
    sender = WebhookSender(
        world, product.url, github=github, github_secret="s3cret", jenkins=jenkins, jenkins_token="t0ken",
        weather=FAIR, every_seconds=60,
    )  # fmt: skip
    sender.start()
    yield sender
    sender.stop()


def test_what_was_there_before_is_told_to_nobody(sender: WebhookSender, product: Product) -> None:
    sender.tick()
    assert product.got() == []


def test_a_run_and_its_jobs_are_told_as_they_go_on_and_signed(
    sender: WebhookSender, product: Product, world: ScriptedWorld
) -> None:
    run = world.add_run("acme/web", status="queued", jobs=("unit",))
    sender.tick()
    world.advance(5)
    world.start_run(run.id)
    sender.tick()
    world.advance(60)
    world.finish_run(run.id, "failure")
    sender.tick()
    sender.tick()
    told = [
        (request.headers["x-github-event"], body["action"], body[request.headers["x-github-event"]]["status"])
        for request, body in product.got("/ingest/github")
    ]
    assert told == [
        ("workflow_run", "requested", "queued"), ("workflow_job", "queued", "queued"),
        ("workflow_run", "in_progress", "in_progress"), ("workflow_job", "in_progress", "in_progress"),
        ("workflow_run", "completed", "completed"), ("workflow_job", "completed", "completed"),
    ]  # fmt: skip
    for request, body in product.got("/ingest/github"):
        assert request.headers["x-hub-signature-256"] == sign("s3cret", request.body)
        assert body["repository"]["default_branch"] == "main"
    assert len({request.headers["x-github-delivery"] for request, _ in product.got()}) == 6


def test_a_rerun_is_told_as_the_next_attempt_without_what_was_carried_over(
    sender: WebhookSender, product: Product, world: ScriptedWorld
) -> None:
    run = world.add_run("acme/web", conclusion="failure", jobs=("unit", "lint"))
    sender.tick()
    product.journal.clear()
    world.advance(60)
    world.rerun(run.id, failed_only=True)
    sender.tick()
    bodies = [body for _, body in product.got()]
    assert [body["workflow_run"]["run_attempt"] for body in bodies if "workflow_run" in body] == [2]
    assert [body["workflow_job"]["name"] for body in bodies if "workflow_job" in body] == ["unit"]


def test_jenkins_tells_its_phases_with_the_token_as_basic_password(
    sender: WebhookSender, product: Product, world: ScriptedWorld
) -> None:
    world.add_branch("platform/api", "feature/x")
    name = "platform/api/feature%2Fx"
    build = world.add_jenkins_build(name, status="queued")
    sender.tick()
    world.advance(4)
    world.start_jenkins_build(name, build.number)
    sender.tick()
    world.advance(30)
    world.finish_jenkins_build(name, build.number, "UNSTABLE")
    sender.tick()
    got = product.got("/ingest/jenkins")
    phases = [(body["build"]["phase"], body["build"].get("status"), body["build"]["duration"]) for _, body in got]
    assert phases == [
        ("QUEUED", None, 0), ("STARTED", None, 0), ("COMPLETED", "UNSTABLE", 30_000), ("FINALIZED", "UNSTABLE", 30_000),
    ]  # fmt: skip
    queued, started, completed = (body["build"]["timestamp"] for _, body in got[:3])
    assert (started - queued, completed - started) == (4_000, 30_000)
    assert got[0][1]["name"] == "feature%2Fx"
    assert got[0][1]["build"]["url"] == "job/platform/job/api/job/feature%2Fx/1/"
    password = base64.b64decode(got[0][0].headers["authorization"].removeprefix("Basic ")).decode()
    assert password == "jenkins:t0ken"


def test_some_are_lost_and_some_late(world: ScriptedWorld, product: Product, github: GithubServer) -> None:
    sender = WebhookSender(
        world, product.url, github=github, weather=Weather(0.3, 0.3, (10.0, 10.0)), every_seconds=60
    ).start()  # fmt: skip
    for _ in range(60):
        world.add_run("acme/web", jobs=())
    sender.tick()
    at_once = product.journal.count()
    world.advance(11)
    sender.tick()
    sender.stop()
    counts = sender.counts
    assert (counts["lost"], counts["late"]) != (0, 0)
    assert at_once == 60 - counts["lost"] - counts["late"]
    assert product.journal.count() == counts["sent"] == 60 - counts["lost"]


def test_a_product_that_does_not_answer_costs_nothing_but_the_delivery(
    world: ScriptedWorld, product: Product, github: GithubServer
) -> None:
    sender = WebhookSender(
        world, product.url, github=github, weather=FAIR, timeout_seconds=0.2, every_seconds=60
    ).start()  # fmt: skip
    product.misbehave(Fault(method="POST", delay_seconds=1, times=1))
    world.add_run("acme/web", jobs=())
    world.add_run("acme/web", jobs=())
    sender.tick()
    assert (sender.counts["failed"], sender.counts["sent"]) == (1, 1)
    product.stop()
    world.add_run("acme/web", jobs=())
    sender.tick()
    start = time.monotonic()
    sender.stop()
    assert time.monotonic() - start < 1
    assert sender.counts["failed"] == 2


def test_it_sends_by_itself(world: ScriptedWorld, product: Product, github: GithubServer) -> None:
    sender = WebhookSender(world, product.url, github=github, weather=FAIR, every_seconds=0.02).start()
    world.add_run("acme/web", jobs=())
    deadline = time.monotonic() + 5
    while product.journal.count() == 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    sender.stop()
    assert list(sender.answers) == [("workflow_run", 200)]
    assert httpx.post(product.url).status_code == 200
