"""kill -9 of web and of collect at random instants while clients push builds: nothing acknowledged is lost or doubled.

A small run by default; ``make chaos`` sets CIHEALTH_CHAOS_BUILDS=5000 and CIHEALTH_CHAOS_KILLS=100.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import apsw
import httpx

from tests.product import Product

BUILDS = int(os.environ.get("CIHEALTH_CHAOS_BUILDS", "600"))
KILLS = int(os.environ.get("CIHEALTH_CHAOS_KILLS", "8"))
CLIENTS = 8
GIVE_UP_SECONDS = 60.0 + 8.0 * KILLS


class Pace:
    """Lets the clients push a part of the builds a kill, so that every kill falls into traffic."""

    def __init__(self) -> None:
        self._allowed = 0
        self._changed = threading.Condition()

    def allow(self, share: int) -> None:
        with self._changed:
            self._allowed = share
            self._changed.notify_all()

    def wait(self, place: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: place < self._allowed, timeout=GIVE_UP_SECONDS)


class Client(threading.Thread):
    """Pushes its share of the builds, each again and again until it is acknowledged; journals what was."""

    def __init__(self, url: str, numbers: range, pace: Pace) -> None:
        super().__init__(daemon=True)
        self.url, self.numbers, self.pace = url, numbers, pace
        self.acknowledged: list[str] = []
        self.repeats = 0
        self.unexpected: Counter[int] = Counter()

    def run(self) -> None:
        with httpx.Client(timeout=5) as http:
            for place, number in enumerate(self.numbers):
                self.pace.wait(place)
                self._push(http, number)

    def _push(self, http: httpx.Client, number: int) -> None:
        name = f"run-{number}"
        body = {
            "pipeline": f"p{number % 7}",
            "repo": "acme/web",
            "branch": "main",
            "status": "success",
            "external_id": name,
            "started_at": "2026-03-01T12:00:00Z",
            "completed_at": "2026-03-01T12:01:00Z",
        }
        give_up_at = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < give_up_at:
            with suppress(httpx.HTTPError):
                answer = http.post(self.url + "/ingest/github", json=body)
                if answer.is_success:
                    self.acknowledged.append(name)
                    return
                self.unexpected[answer.status_code] += 1
            self.repeats += 1
            time.sleep(0.1)


def kill_at_random(product: Product, pace: Pace, share: int, chance: random.Random) -> Counter[str]:
    """Kills one process of the program while builds come in, waits until it serves again, and so on."""
    killed: Counter[str] = Counter()
    for kill in range(KILLS):
        wanted = "collect" if kill % 3 == 2 else "web"
        pace.allow(share * (kill + 1) // KILLS)
        time.sleep(chance.uniform(0.0, 0.05))
        killed[kill_one(product, wanted, chance)] += 1
        wait_until_served(product.url)
    pace.allow(share)
    return killed


def kill_one(product: Product, wanted: str, chance: random.Random) -> str:
    """Kills a process of the kind; waits for one while the last that was killed is started anew."""
    give_up_at = time.monotonic() + 90
    while time.monotonic() < give_up_at:
        pids = [pid for pid, kind in product.descendants().items() if kind == wanted]
        with suppress(ProcessLookupError, IndexError):
            os.kill(chance.choice(pids), signal.SIGKILL)
            return wanted
        time.sleep(0.02)
    raise AssertionError(f"the program did not start {wanted} again within 90 s")


def wait_until_served(url: str) -> None:
    give_up_at = time.monotonic() + 90
    while time.monotonic() < give_up_at:
        with suppress(httpx.HTTPError):
            if httpx.get(url + "/healthz", timeout=2).status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError("the program did not come back within 90 s")


def stored_builds(url: str) -> Counter[str]:
    """External ids of all builds, by the pages of GET /builds."""
    found: Counter[str] = Counter()
    cursor: str | None = None
    while True:
        place = {"cursor": cursor} if cursor else {}
        page = httpx.get(url + "/builds", params={"limit": 200, "since": "2001-01-01T00:00:00Z", **place}).json()
        found.update(build["external_id"] for build in page["builds"])
        cursor = page["next"]
        if cursor is None:
            return found


def test_every_acknowledged_build_is_there_exactly_once_after_kills(tmp_path: Path) -> None:
    chance = random.Random(20260301)
    product = Product(tmp_path)
    with product:
        share, pace = BUILDS // CLIENTS, Pace()
        clients = [Client(product.url, range(n * share, (n + 1) * share), pace) for n in range(CLIENTS)]
        for client in clients:
            client.start()
        killed = kill_at_random(product, pace, share, chance)
        for client in clients:
            client.join(GIVE_UP_SECONDS)
        product.wait_ready()
        stored = stored_builds(product.url)
    acknowledged = {name for client in clients for name in client.acknowledged}
    repeats = sum(client.repeats for client in clients)
    print(f"acknowledged {len(acknowledged)}, kills {dict(killed)}, repeats {repeats}")
    assert killed.total() == KILLS
    assert repeats, "no request was cut by a kill: kill while more is in flight"
    assert len(acknowledged) == share * CLIENTS
    assert stored == Counter(acknowledged)
    assert_sound(product.database, builds=len(acknowledged))


def assert_sound(database: Path, *, builds: int) -> None:
    connection = apsw.Connection(str(database))
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("SELECT count(*) FROM builds").fetchall() == [(builds,)]
        count, least, most = connection.execute("SELECT count(*), min(seq), max(seq) FROM changes").fetchall()[0]
        assert (count, least, most) == (builds, 1, builds), "one change a build, dense from 1"
    finally:
        connection.close()
