"""A real browser (the system's chromium) for the dashboard's tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.watching import GROUPS, fill
from tests.product import Product

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str | None:
    """Where the browser is: CIHEALTH_CHROMIUM, or chromium on the PATH."""
    return os.environ.get("CIHEALTH_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        pytest.fail("no chromium: make test installs it, or set CIHEALTH_CHROMIUM to one")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield running
        running.close()


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The program with two groups and ``fill``'s builds, for one file of tests."""
    with Product(tmp_path_factory.mktemp("product"), config=GROUPS) as running:
        fill(running)
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page at laptop width whose console errors, warnings and failed scripts end the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda told: complaints.append(told.text) if told.type in ("error", "warning") else None)
    yield opened
    context.close()
    expected = (
        "WebSocket connection",
        "net::ERR_CONNECTION_REFUSED",
        "ERR_INTERNET_DISCONNECTED",
        "503",
        "ERR_EMPTY_RESPONSE",
        "ERR_CONNECTION",
    )
    assert [text for text in complaints if not any(known in text for known in expected)] == []
