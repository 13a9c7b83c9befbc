"""What an hour's worth of builds, 100 a second, leaves behind in the memory of pages that stay open.

    python -m bench.dashboard_hour [--frames 3600] [--pause 0.05]

Each frame tells 100 builds, as the product's do. They come to the overview and to the wall over a socket of this
program's own, faster than in life; everything else is asked of a real ``cihealth run`` on loopback. Prints the heap
after garbage collection (MiB), the document's nodes and the listeners at each quarter, and what heap snapshots
before and after hold.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from playwright.sync_api import Browser, CDPSession, Page, WebSocketRoute

from bench.dashboard import SOON, browsing, filled

A_FRAME = 100
QUARTERS = 4
WARM_UP = 20
SETTLE_MILLISECONDS = 4000
"""Longer than a page takes to ask for what it was told of."""
DETACHED = 2
PAGES = {"overview": ("/?branch=*", "tr[data-build]"), "wall": ("/ui/wall", ".tile")}


class Feed:
    """The page's socket: tells made-up builds, half of them beginnings and half ends of what began."""

    def __init__(self, page: Page, template: dict[str, Any]) -> None:
        self._template = template
        self._seq = 0
        self._route: WebSocketRoute | None = None
        page.route_web_socket(lambda url: "/ws" in url, self._connected)

    def _connected(self, route: WebSocketRoute) -> None:
        self._route = route
        route.send(json.dumps({"event": "hello", "seq": self._seq}))

    def tell(self) -> None:
        assert self._route is not None
        self._seq += A_FRAME
        builds = [self._build(self._seq + number) for number in range(A_FRAME)]
        self._route.send(json.dumps({"event": "build_ingested", "seq": self._seq, "builds": builds}))

    def _build(self, number: int) -> dict[str, Any]:
        status = "in_progress" if number % 2 == 0 else "failure" if number % 12 == 1 else "success"
        told = {"id": 10_000_000 + number // 2, "status": status, "started_at": datetime.now(UTC).isoformat()}
        return {**self._template, **told, "commit": f"{number:040x}", "external_id": str(number // 2)}


@dataclass(frozen=True)
class Memory:
    heap_bytes: int
    nodes: int
    listeners: int

    def __str__(self) -> str:
        return f"{self.heap_bytes / 2**20:.1f} MiB, {self.nodes:,} nodes, {self.listeners:,} listeners"


@contextmanager
def session_of(page: Page) -> Iterator[CDPSession]:
    session = page.context.new_cdp_session(page)
    yield session
    session.detach()


def memory(page: Page) -> Memory:
    with session_of(page) as session:
        session.send("HeapProfiler.collectGarbage")
        told = session.send("Memory.getDOMCounters")
        used = session.send("Runtime.getHeapUsage")["usedSize"]
        return Memory(int(used), int(told["nodes"]), int(told["jsEventListeners"]))


def snapshot(page: Page) -> str:
    """Objects and bytes of a heap snapshot, and how many parts of the document are kept though they left it."""
    parts: list[str] = []
    with session_of(page) as session:
        session.on("HeapProfiler.addHeapSnapshotChunk", lambda told: parts.append(told["chunk"]))
        session.send("HeapProfiler.takeHeapSnapshot", {"reportProgress": False})
    told = json.loads("".join(parts))
    fields: list[str] = told["snapshot"]["meta"]["node_fields"]
    values: list[int] = told["nodes"]
    sizes = values[fields.index("self_size") :: len(fields)]
    detached = values[fields.index("detachedness") :: len(fields)]
    return (
        f"{len(sizes):,} objects, {sum(sizes) / 2**20:.1f} MiB, {detached.count(DETACHED):,} detached nodes"
    )


def tell(page: Page, feed: Feed, frames: int, pause_seconds: float) -> None:
    for _ in range(frames):
        feed.tell()
        page.wait_for_timeout(1000 * pause_seconds)
    page.wait_for_timeout(SETTLE_MILLISECONDS)


def hour(browser: Browser, url: str, name: str, frames: int, pause_seconds: float) -> None:
    path, there = PAGES[name]
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    feed = Feed(page, httpx.get(url + "/builds", params={"limit": 1}).json()["builds"][0])
    page.goto(url + path)
    page.wait_for_selector(there, timeout=SOON)
    tell(page, feed, frames // WARM_UP, pause_seconds)
    print(f"{name}, warm: {memory(page)}; snapshot: {snapshot(page)}", flush=True)
    for quarter in range(1, QUARTERS + 1):
        tell(page, feed, frames // QUARTERS, pause_seconds)
        print(f"{name}, after {quarter * frames * A_FRAME // QUARTERS:,} builds: {memory(page)}", flush=True)
    print(f"{name}, then: snapshot: {snapshot(page)}", flush=True)
    page.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--frames", type=int, default=400)
    parser.add_argument("--pause", type=float, default=0.05)
    given = parser.parse_args()
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")
    with filled(10_000, timedelta(days=6)) as (product, _), browsing() as browser:
        for name in PAGES:
            hour(browser, product.url, name, given.frames, given.pause)


if __name__ == "__main__":
    main()
