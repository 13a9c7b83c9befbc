"""The dashboard in a real browser: builds arrive by push and by poll, and it survives a restart of the program."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from collector.demo.github import GithubServer
from collector.demo.script import ScriptedWorld
from tests.product import Product

SOON = 15_000


@pytest.fixture
def world() -> ScriptedWorld:
    return ScriptedWorld()


@pytest.fixture
def product(tmp_path: Path, world: ScriptedWorld) -> Iterator[Product]:
    world.add_run("acme/web", workflow="first-one", branch="main")
    with GithubServer(world) as github:
        source = f"name: acme, provider: github, url: '{github.api_url}', token: any, repos: [acme/web], interval: 1s"
        config = f"sources:\n  - {{{source}}}\n"
        with Product(tmp_path, config=config) as running:
            yield running


def push(product: Product, pipeline: str, status: str = "success") -> None:
    body = {
        "pipeline": pipeline,
        "repo": "acme/api",
        "branch": "main",
        "status": status,
        "started_at": datetime.now(UTC).isoformat(),
        "duration_seconds": 12,
    }
    httpx.post(product.url + "/ingest/github", json=body).raise_for_status()


def latest(page: Page, pipeline: str) -> Locator:
    return page.get_by_role("region", name="Latest builds").get_by_text(pipeline, exact=True).first


def test_builds_pushed_and_polled_appear_without_reload(page: Page, product: Product, world: ScriptedWorld) -> None:
    page.goto(product.url)
    expect(latest(page, "first-one")).to_be_visible(timeout=SOON)
    page.evaluate("window.notReloaded = true")
    push(product, "pushed-one")
    expect(latest(page, "pushed-one")).to_be_visible(timeout=SOON)
    world.add_run("acme/web", workflow="polled-one", branch="main", conclusion="failure")
    expect(latest(page, "polled-one")).to_be_visible(timeout=SOON)
    assert page.evaluate("window.notReloaded") is True


def test_the_pill_and_the_data_follow_a_stop_and_a_start(page: Page, product: Product) -> None:
    page.goto(product.url)
    pill = page.get_by_role("banner").get_by_role("status")
    expect(pill).to_have_text("live", timeout=SOON)
    page.evaluate("window.notReloaded = true")
    assert product.stop() == 0
    expect(pill).not_to_have_text("live", timeout=SOON)
    product.start()
    push(product, "while-away")
    expect(pill).to_have_text("live", timeout=2 * SOON)
    expect(latest(page, "while-away")).to_be_visible(timeout=SOON)
    assert page.evaluate("window.notReloaded") is True
