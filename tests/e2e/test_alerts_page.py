"""The alerts page in a real browser: what fires shows by itself, and can be acknowledged and silenced."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.product import ROOT, Product

SOON = 15_000
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
CONFIG = """
receivers:
  - {name: notes, file: {path: "%s/told.txt"}, group_wait: 1s, group_interval: 1s}
  - {name: attic, file: {path: "%s/no-such-folder/told.txt"}, group_wait: 1s, group_interval: 1s}
rules:
  - {name: broken, when: failure, severity: critical}
"""


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    with Product(tmp_path, config=CONFIG % (tmp_path, tmp_path)) as running:
        yield running


class Pushed:
    """Builds of one pipeline, each a second after the one before."""

    def __init__(self, product: Product) -> None:
        self._url = product.url + "/ingest/woodpecker"
        self._at = datetime.now(UTC) - timedelta(minutes=1)

    def __call__(self, status: str, pipeline: str = "deploy") -> None:
        self._at += timedelta(seconds=1)
        body: dict[str, Any] = {
            "pipeline": pipeline, "repo": "acme/web", "branch": "main", "status": status, "commit": "c0ffee1",
            "actor": "mira", "started_at": self._at.isoformat(), "duration_seconds": 1,
        }  # fmt: skip
        httpx.post(self._url, json=body).raise_for_status()


@pytest.fixture
def push(product: Product) -> Pushed:
    return Pushed(product)


def section(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def badge(page: Page) -> Locator:
    return page.get_by_role("navigation", name="Pages").get_by_role("link", name="Alerts")


def violations(page: Page) -> list[str]:
    """The page's policy allows no injected script: axe comes in through the debugger, as an evaluation."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run()")["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found]


def test_an_alert_opens_is_told_and_resolves_without_a_reload(page: Page, product: Product, push: Pushed) -> None:
    page.goto(product.url + "/ui/alerts")
    expect(section(page, "Firing")).to_contain_text("Nothing is firing.", timeout=SOON)
    page.evaluate("window.notReloaded = true")
    push("failure")
    firing = section(page, "Firing").get_by_role("listitem").filter(has_text="acme/web deploy").first
    expect(firing).to_contain_text("critical", timeout=SOON)
    expect(firing).to_contain_text("rule broken failure_streak")
    expect(firing).to_contain_text("first bad commit c0ffee1 by mira")
    expect(badge(page)).to_contain_text("1 firing", timeout=SOON)
    expect(firing).to_contain_text("notes: failing", timeout=SOON)
    firing.get_by_role("button", name="History").click()
    history = page.get_by_role("list", name="History")
    expect(history).to_contain_text("ok → firing", timeout=SOON)
    expect(history).to_contain_text("sent notes: failing", timeout=SOON)
    push("success")
    expect(section(page, "Firing")).to_contain_text("Nothing is firing.", timeout=SOON)
    expect(section(page, "Resolved")).to_contain_text("acme/web deploy", timeout=SOON)
    expect(section(page, "Resolved")).to_contain_text("notes: fixed", timeout=SOON)
    assert page.evaluate("window.notReloaded") is True


def test_acknowledging_and_silencing_take_two_clicks_and_are_kept(page: Page, product: Product, push: Pushed) -> None:
    push("failure")
    push("failure", pipeline="nightly")
    page.goto(product.url + "/ui/alerts")
    page.get_by_role("button", name="Acknowledge acme/web deploy main").click(timeout=SOON)
    page.get_by_label("Your name").fill("jon")
    page.get_by_role("button", name="Acknowledge", exact=True).click()
    expect(section(page, "Acknowledged")).to_contain_text("acknowledged by jon", timeout=SOON)
    page.get_by_role("button", name="Silence acme/web nightly main").click()
    page.get_by_role("button", name="4 hours").click()
    expect(section(page, "Silenced")).to_contain_text("silenced by jon", timeout=SOON)
    expect(section(page, "Silences")).to_contain_text("pipeline: nightly", timeout=SOON)
    page.reload()
    expect(section(page, "Acknowledged")).to_contain_text("acme/web deploy", timeout=SOON)
    page.get_by_role("button", name="Take back acme/web deploy main").click()
    expect(section(page, "Firing")).to_contain_text("acme/web deploy", timeout=SOON)
    page.get_by_role("button", name="End the silence of").click()
    expect(section(page, "Silences")).to_contain_text("Nothing is silenced.", timeout=SOON)
    expect(section(page, "Firing")).to_contain_text("acme/web nightly", timeout=SOON)


def test_a_broken_receiver_comes_first_and_everybody_can_read_the_page(
    browser: Browser, page: Page, product: Product, push: Pushed
) -> None:
    push("failure")
    page.goto(product.url)
    page.get_by_role("link", name="1 alert firing →").click(timeout=2 * SOON)
    expect(section(page, "Firing")).to_contain_text("acme/web deploy", timeout=SOON)
    assert page.url.endswith("/ui/alerts?state=firing")
    rows = section(page, "Receivers").get_by_role("listitem")
    expect(rows.first).to_contain_text("attic", timeout=2 * SOON)
    expect(rows.first).to_contain_text("broken", timeout=2 * SOON)
    expect(rows.first).to_contain_text("cannot be written")
    expect(rows.nth(1)).to_contain_text("notes")
    for width, scheme in ((1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")):
        assert trouble_for_a_reader(browser, product.url + "/ui/alerts", width, scheme) == []


def trouble_for_a_reader(browser: Browser, url: str, width: int, scheme: Any) -> list[str]:
    """With everything open that can be opened: what axe finds, and sideways scroll."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.goto(url)
    row = section(page, "Firing").get_by_role("listitem").first
    row.get_by_role("button", name="History").click(timeout=SOON)
    expect(page.get_by_role("list", name="History")).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Add a silence").click()
    row.get_by_role("button", name="Silence").click()
    expect(page.get_by_role("button", name="4 hours")).to_be_visible(timeout=SOON)
    sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    found = violations(page) + ([f"{sideways} px of sideways scroll at {width}"] if sideways > 0 else [])
    context.close()
    return found
