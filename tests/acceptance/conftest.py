"""The program that the webhook tests post to: one for each of their modules, and the recorded deliveries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.demo.github import GithubServer
from collector.demo.jenkins import JenkinsServer
from collector.demo.script import ScriptedWorld
from tests.acceptance.collecting import ENVIRON, START, Collecting
from tests.acceptance.deliveries import Delivery, recorded_github
from tests.acceptance.jenkins_replay import JenkinsReplay
from tests.acceptance.running import HOSTS, SECRETS, Running
from tests.product import Product


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    jenkins, other = JenkinsReplay({}), JenkinsReplay({})
    config = f"""
sources:
  - {{name: all, provider: github, webhook_secrets: ["${{SECRET_OLD}}", "${{SECRET_NEW}}"]}}
  - name: picky
    provider: github
    include: [octo-org/*, gsmet/*]
    exclude: [gsmet/secret*]
    workflows: [CI, "te*.yml"]
    branches: ["@default", "release/*"]
    webhook_secrets: ["${{SECRET_PICKY}}"]
  - name: enterprise
    provider: github
    url: https://ghe.acme.com/api/v3
    webhook_secrets: ["${{SECRET_GHE}}"]
  - name: build-server
    provider: jenkins
    url: {jenkins.url}
    aliases: [{", ".join(HOSTS)}]
    webhook_tokens: ["${{TOKEN_OLD}}", "${{TOKEN_NEW}}"]
  - name: other-server
    provider: jenkins
    url: {other.url}
    folders: [tools]
    webhook_tokens: ["${{TOKEN_OTHER}}"]
"""
    with Product(tmp_path_factory.mktemp("product"), config=config, env=SECRETS) as product:
        yield Running(product, jenkins)
    jenkins.close()
    other.close()


@pytest.fixture(scope="module")
def deliveries() -> dict[str, Delivery]:
    return {one.name: one for one in recorded_github()}


@pytest.fixture(scope="module")
def run(deliveries: dict[str, Delivery]) -> Delivery:
    """A completed run of workflow CI on gsmet/quarkus-bot-java-playground's main."""
    return deliveries["hub4j/workflow_run.json"]


@pytest.fixture(scope="module")
def job(deliveries: dict[str, Delivery]) -> Delivery:
    return deliveries["hub4j/workflow_job.json"]


@pytest.fixture
def collecting(tmp_path: Path) -> Iterator[Collecting]:
    world = ScriptedWorld(now=START)
    users = {"ci-health": ENVIRON["JK"]}
    with GithubServer(world, enterprise=True) as github, JenkinsServer(world, users=users) as jenkins:
        made = Collecting(tmp_path, world, github, jenkins)
        yield made
        made.close()
        assert (github.failures, jenkins.failures) == ([], [])
