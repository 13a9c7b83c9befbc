"""What the dashboard costs a browser: long tables and charts, and builds that keep arriving.

    python -m bench.dashboard table [--builds 10000] [--points 100000]
    python -m bench.dashboard stream [--rate 100] [--seconds 60]
    python -m bench.dashboard lighthouse [--builds 10000]

The system's chromium looks at a real ``cihealth run`` on loopback. Long tasks are those of the page's main thread in
chromium's own trace: by the clock, and by the CPU time that they had (the rest a busy machine gave to others). Prints
one line a figure. ``make bench`` runs ``table`` and a short ``stream``.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from collector import ingest
from collector.domain.model import BuildKey, PipelineRef, RunWord, Status
from collector.ingest import Context
from collector.providers.base import Batch
from collector.storage.database import Database, connect
from tests.e2e.conftest import ARGUMENTS, chromium
from tests.product import ROOT, Product

BATCH = 400
PIPELINES = 24
STATUSES = (Status.SUCCESS,) * 11 + (Status.FAILURE,)
CATEGORIES = ["disabled-by-default-devtools.timeline", "toplevel", "__metadata"]
SOON = 60_000


def word(number: int, started_at: datetime, status: Status, chance: random.Random) -> RunWord:
    """A finished run of one of 24 pipelines of 8 repos on main."""
    pipeline = number % PIPELINES
    repo = f"acme/service-{pipeline % 8}"
    length = chance.uniform(60, 900)
    return RunWord(
        key=BuildKey("github", "github.com", repo, str(number)),
        pipeline=PipelineRef(str(pipeline), f"workflow-{pipeline // 8}", f".github/workflows/{pipeline // 8}.yml"),
        status=status,
        conclusion=status.value if status.finished else None,
        created_at=started_at - timedelta(seconds=8),
        started_at=started_at,
        updated_at=started_at + timedelta(seconds=length),
        branch="main",
        commit=f"{chance.getrandbits(160):040x}",
        message="Measure it",
        actor=f"person-{number % 30}",
        event="push",
        url=f"https://github.com/{repo}/actions/runs/{number}",
        default_branch="main",
    )


def fill(database: Database, count: int, over: timedelta) -> None:
    """``count`` builds that started within ``over`` before now, evenly."""
    chance, now = random.Random(7), datetime.now(UTC)
    for start in range(0, count, BATCH):
        numbers = range(start, min(start + BATCH, count))
        words = [word(n, now - over * (1 - n / count), chance.choice(STATUSES), chance) for n in numbers]
        ingest.record(database, Batch(words=words), Context("acme"), now)


@contextmanager
def filled(builds: int, over: timedelta) -> Iterator[tuple[Product, Database]]:
    """The program over a database with so many builds, and that database for more of them."""
    with tempfile.TemporaryDirectory() as folder:
        database = connect(f"sqlite:///{folder}/cihealth.db")
        database.migrate()
        fill(database, builds, over)
        with Product(Path(folder)) as product:
            yield product, database
        database.close()


@contextmanager
def browsing() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=[*ARGUMENTS, "--js-flags=--expose-gc"])
        yield browser
        browser.close()


@dataclass(frozen=True)
class Tasks:
    """Milliseconds of the main thread's tasks while something was done, by the clock and by CPU."""

    wall: Sequence[float]
    cpu: Sequence[float]

    def __str__(self) -> str:
        return (
            f"longest task {max(self.wall, default=0):.0f} ms ({max(self.cpu, default=0):.0f} ms of CPU),"
            f" over 50 ms: {sum(one > 50 for one in self.wall)} ({sum(one > 50 for one in self.cpu)} by CPU),"
            f" over 100 ms: {sum(one > 100 for one in self.wall)} ({sum(one > 100 for one in self.cpu)} by CPU)"
        )


def tasks_of(trace: bytes) -> Tasks:
    """The tasks of the page's main thread: the renderer thread that did most."""
    events: list[dict[str, Any]] = json.loads(trace)["traceEvents"]
    mains = {
        (e["pid"], e["tid"]) for e in events if e["name"] == "thread_name" and e["args"]["name"] == "CrRendererMain"
    }
    tasks = [e for e in events if e["name"] == "RunTask" and (e["pid"], e["tid"]) in mains and "dur" in e]
    busiest = Counter[tuple[int, int]]()
    for task in tasks:
        busiest[task["pid"], task["tid"]] += task["dur"]
    main = busiest.most_common(1)[0][0]
    own = [task for task in tasks if (task["pid"], task["tid"]) == main]
    return Tasks([task["dur"] / 1000 for task in own], [task.get("tdur", task["dur"]) / 1000 for task in own])


@contextmanager
def traced(browser: Browser, page: Page, what: str) -> Iterator[None]:
    browser.start_tracing(page=page, categories=CATEGORIES)
    yield
    print(f"{what}: {tasks_of(browser.stop_tracing())}", flush=True)


def load_all(page: Page, rows: int) -> None:
    """Presses "Load more" until so many rows are in the table."""
    table = page.get_by_role("table", name="Latest builds")
    more = page.get_by_role("button", name="Load more")
    while int(table.get_attribute("aria-rowcount") or 0) <= rows and more.count():
        before = table.get_attribute("aria-rowcount")
        more.click()
        page.wait_for_function(
            "before => document.querySelector('table[aria-rowcount]').getAttribute('aria-rowcount') !== before",
            arg=before, timeout=SOON,
        )  # fmt: skip
    print(f"rows in the table: {int(table.get_attribute('aria-rowcount') or 1) - 1}")


def scroll(page: Page, wheels: int = 80) -> None:
    page.mouse.move(700, 600)
    for _ in range(wheels):
        page.mouse.wheel(0, 1500)
        page.wait_for_timeout(25)
    page.evaluate("scrollTo(0, document.body.scrollHeight / 2)")
    page.wait_for_timeout(300)


def hover_chart(page: Page) -> None:
    box = page.locator(".chart .u-over").bounding_box()
    assert box is not None
    for step in range(120):
        page.mouse.move(box["x"] + box["width"] * step / 120, box["y"] + 60 + step)
        page.wait_for_timeout(16)
    page.mouse.move(box["x"] + 200, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 400, box["y"] + 100, steps=8)
    page.mouse.up()
    page.wait_for_timeout(400)


def table(builds: int, points: int) -> None:
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")
    with filled(builds, timedelta(days=6)) as (product, _), browsing() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{product.url}/?branch=*")
        page.wait_for_selector("tr[data-build]", timeout=SOON)
        load_all(page, builds)
        with traced(browser, page, f"scrolling {builds} builds"):
            scroll(page)
        page.evaluate("scrollTo(0, 0)")
        with traced(browser, page, f"sorting {builds} builds"):
            page.get_by_role("button", name="Duration").click()
            page.wait_for_timeout(1500)
    with filled(points, timedelta(days=80)) as (product, _), browsing() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        with traced(browser, page, f"drawing the chart of {points} builds, with the page"):
            page.goto(f"{product.url}/?branch=*&window=90d")
            page.wait_for_selector(".chart .u-over", timeout=SOON)
            page.wait_for_timeout(500)
        drawn = page.evaluate("fetch('/series?window=90d&pipelines=20').then((r) => r.json())")["series"]
        failures = sum(mark["n"] for line in drawn for mark in line["failures"])
        print(f"failures behind the chart's marks (20 busiest): {failures}")
        with traced(browser, page, f"hovering over and zooming the chart of {points} builds"):
            hover_chart(page)


class Writer(threading.Thread):
    """Tells so many builds a second: half begin, half end what began."""

    def __init__(self, database: Database, rate: int, seconds: int, first: int) -> None:
        super().__init__()
        self._database, self._rate, self._seconds, self._first = database, rate, seconds, first
        self.told = 0

    def run(self) -> None:
        chance, begun = random.Random(3), time.monotonic()
        part = max(1, self._rate // 20)
        while (passed := time.monotonic() - begun) < self._seconds:
            if self.told >= passed * self._rate:
                time.sleep(0.01)
                continue
            now = datetime.now(UTC)
            numbers = [self._first + (self.told + n) // 2 for n in range(part)]
            statuses = [
                Status.IN_PROGRESS if (self.told + n) % 2 == 0 else chance.choice(STATUSES) for n in range(part)
            ]
            words = [word(n, now, status, chance) for n, status in zip(numbers, statuses, strict=True)]
            ingest.record(self._database, Batch(words=words), Context("acme"), now)
            self.told += part


def heap_bytes(page: Page) -> int:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used = int(session.send("Runtime.getHeapUsage")["usedSize"])
    session.detach()
    return used


def stream(rate: int, seconds: int) -> None:
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")
    with filled(10_000, timedelta(days=6)) as (product, database), browsing() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        asked: Counter[tuple[str, int]] = Counter()
        page.on("request", lambda told: asked.update([(told.url.split("?")[0], int(time.monotonic()))]))
        page.goto(f"{product.url}/?branch=*")
        page.wait_for_selector("tr[data-build]", timeout=SOON)
        page.wait_for_timeout(2000)
        asked.clear()
        before = heap_bytes(page)
        writer = Writer(database, rate, seconds, 1_000_000)
        with traced(browser, page, f"{rate} builds a second for {seconds} s"):
            writer.start()
            while writer.is_alive():
                page.wait_for_timeout(500)
            page.wait_for_timeout(3000)
        print(f"builds told: {writer.told}")
        print(f"the page's heap: {before / 2**20:.1f} MiB before, {heap_bytes(page) / 2**20:.1f} MiB after")
        worst, most = max(((url, count) for (url, _), count in asked.items()), key=lambda one: one[1], default=("", 0))
        print(f"refetches of one thing within a second: {most} at most ({worst.removeprefix(product.url)})")
        print(f"requests in all: {sum(asked.values())}")
        page.get_by_role("button", name="new").or_(page.locator("tr[data-build]").first).first.wait_for(timeout=SOON)


def lighthouse(builds: int) -> None:
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")
    with filled(builds, timedelta(days=6)) as (product, _):
        script = ROOT / "frontend" / "bench" / "lighthouse.mjs"
        subprocess.run(["node", str(script), f"{product.url}/?branch=*"], check=True, cwd=script.parent.parent)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", nargs="?", choices=("table", "stream", "lighthouse"))
    for name, default in (("builds", 10_000), ("points", 100_000), ("rate", 100), ("seconds", 60)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    if given.what in (None, "table"):
        table(given.builds, given.points)
    if given.what in (None, "stream"):
        stream(given.rate, given.seconds if given.what else 15)
    if given.what == "lighthouse":
        lighthouse(given.builds)


if __name__ == "__main__":
    main()
