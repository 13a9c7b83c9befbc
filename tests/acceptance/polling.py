"""What the acceptance tests ask of the running program, as any client would."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any

import httpx
from websocket import create_connection

from tests.product import ROOT, Product

Json = dict[str, Any]
RECORDINGS = ROOT.parent / "shared" / "realdata"


def get(product: Product, path: str, **query: Any) -> Json:
    answer: Json = httpx.get(product.url + path, params=query).raise_for_status().json()
    return answer


def wait_for_polls(product: Product, polls: int, seconds: float = 90) -> None:
    """Until the first source was read whole: ``polls`` different instants of its last success were seen."""
    seen: set[str] = set()
    give_up_at = time.monotonic() + seconds
    while len(seen) < polls:
        source = get(product, "/sources")["sources"][0]
        if source["last_success_at"]:
            seen.add(source["last_success_at"])
        assert time.monotonic() < give_up_at, f"not read in {seconds} s: {source}\n{product.output[-3000:]}"
        time.sleep(0.1)


def all_builds(product: Product) -> dict[tuple[str, int], Json]:
    """Every stored build by (external id, attempt), by the pages of GET /builds; each once."""
    found: dict[tuple[str, int], Json] = {}
    cursor: str | None = None
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = get(product, "/builds", limit=200, since="2001-01-01T00:00:00Z", **more)
        for build in page["builds"]:
            key = (build["external_id"], build["attempt"])
            assert key not in found, f"{key} is there twice"
            found[key] = build
        cursor = page["next"]
        if cursor is None:
            return found


def feed_head(product: Product) -> int:
    """The seq that a new socket is greeted with."""
    socket = create_connection(product.url.replace("http", "ws") + "/ws", suppress_origin=True)
    try:
        return int(json.loads(socket.recv())["seq"])
    finally:
        socket.close()


def instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
