from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from collector.demo.github import GithubServer
from collector.demo.jenkins import JenkinsServer
from collector.demo.script import ScriptedWorld

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def world() -> ScriptedWorld:
    return ScriptedWorld(now=NOW)


@pytest.fixture
def github(world: ScriptedWorld) -> Iterator[GithubServer]:
    with GithubServer(world) as server:
        yield server
    assert server.failures == []


@pytest.fixture
def api(github: GithubServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=github.api_url, headers={"Authorization": "Bearer t1"}, trust_env=False) as client:
        yield client


@pytest.fixture
def jenkins(world: ScriptedWorld) -> Iterator[JenkinsServer]:
    with JenkinsServer(world) as server:
        yield server
    assert server.failures == []


@pytest.fixture
def controller(jenkins: JenkinsServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=jenkins.base_url, trust_env=False) as client:
        yield client
