"""Every fault at once, each in a source of its own, against the running program with two healthy neighbours.

For each fault of ``faulty.FAULTS`` and each provider there is a server that misbehaves in that way, all in one
program with a healthy GitHub and a healthy Jenkins. Asserted: the neighbours stay fresh, nothing is asked before it
may be, no token goes elsewhere, each error is in plain words with advice, and each source is read again by itself.
``CIHEALTH_FAULT_SECONDS`` lengthens the time that the faults last (12 s); with it the test also takes longer.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from collector.demo.faults import Answer, Request
from collector.demo.github import GithubServer
from collector.demo.jenkins import JenkinsServer
from collector.demo.plans import FREESTYLE
from collector.demo.script import ScriptedWorld
from collector.demo.server import LoopbackServer
from tests.acceptance.faulty import FAULTS, Faulty, Provider
from tests.product import Product

INTERVAL_SECONDS = 2.0
LASTS_SECONDS = float(os.environ.get("CIHEALTH_FAULT_SECONDS", "12"))
FRESH_SECONDS = 10.0
TOKEN = "a-token-that-stays-with-its-host"


class Elsewhere(LoopbackServer):
    """Another host: whatever comes here came by a redirect or a link."""

    def answer(self, request: Request) -> Answer:
        return Answer(200, {"Content-Type": "application/json"}, b"{}")


@dataclass
class Source:
    """One source: its server, its world, and what was seen of it."""

    name: str
    provider: Provider
    world: ScriptedWorld
    server: GithubServer | JenkinsServer
    faulty: Faulty | None = None
    states: set[str] = field(default_factory=set)
    errors: set[str] = field(default_factory=set)
    offsets: set[float | None] = field(default_factory=set)
    circuits: set[str] = field(default_factory=set)
    oldest_seconds: float = 0.0
    """The greatest age of its data while the faults lasted."""
    recovered_seconds: float | None = None

    def config(self) -> dict[str, Any]:
        if isinstance(self.server, GithubServer):
            where: dict[str, Any] = {"url": self.server.api_url, "repos": [f"acme/{self.name}"], "token": "${FAULTY}"}
        else:
            where = {"url": self.server.base_url, "user": "ci-health", "token": "${FAULTY}"}
        return {"name": self.name, "provider": self.provider, **where}

    def build(self) -> None:
        """Something new happened there."""
        if self.provider == "github":
            self.world.add_run(f"acme/{self.name}", duration_seconds=1)
        else:
            self.world.add_jenkins_build(self.name, duration_seconds=1)

    def see(self, shown: dict[str, Any], now: datetime) -> None:
        self.states.add(shown["state"])
        self.errors |= {shown["last_error"]} if shown["last_error"] else set()
        self.offsets.add(shown["clock_offset_seconds"])
        self.circuits.add(shown["circuit"]["state"])
        age = now - datetime.fromisoformat(shown["last_success_at"])
        self.oldest_seconds = max(self.oldest_seconds, age.total_seconds())


class Rig:
    """All sources and the program that reads them."""

    def __init__(self, product: Product, sources: list[Source], elsewhere: Elsewhere) -> None:
        self.product, self.sources, self.elsewhere = product, sources, elsewhere
        self.by_name = {source.name: source for source in sources}
        self.neighbours = [source for source in sources if source.faulty is None]
        self.sick = [source for source in sources if source.faulty is not None]
        self.begun_at = datetime.now(UTC)
        self.seen_seconds: dict[str, float] = {}

    def shown(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = httpx.get(self.product.url + "/sources", timeout=30).json()["sources"]
        return found

    def counts(self) -> dict[str, int]:
        """Builds by source."""
        counted: dict[str, int] = dict.fromkeys(self.by_name, 0)
        cursor: str | None = None
        while True:
            query = {"limit": "200", "since": "2001-01-01T00:00:00Z"} | ({"cursor": cursor} if cursor else {})
            page = httpx.get(self.product.url + "/builds", params=query, timeout=30).json()
            for build in page["builds"]:
                counted[build["source"]] += 1
            cursor = page["next"]
            if cursor is None:
                return counted

    def wait_read(self, seconds: float = 90) -> None:
        give_up_at = time.monotonic() + seconds
        while not all(one["state"] == "ok" for one in self.shown()):
            assert time.monotonic() < give_up_at, [one for one in self.shown() if one["state"] != "ok"]
            time.sleep(0.3)

    def suffer(self) -> None:
        """The faults begin, last, and are looked at all the while; everybody gets a new build meanwhile."""
        before = self.counts()
        self.begun_at = datetime.now(UTC)
        for source in self.sick:
            assert source.faulty is not None
            source.server.journal.clear()
            source.server.misbehave(source.faulty.fault(self.begun_at, self.elsewhere.url))
        for source in self.sources:
            source.build()
        begun = time.monotonic()
        while time.monotonic() - begun < LASTS_SECONDS:
            for one in self.shown():
                self.by_name[one["name"]].see(one, datetime.now(UTC))
            counted = self.counts() if len(self.seen_seconds) < len(self.neighbours) else before
            for source in self.neighbours:
                if counted[source.name] > before[source.name]:
                    self.seen_seconds.setdefault(source.name, time.monotonic() - begun)
            time.sleep(0.2)

    def recover(self, seconds: float = 80) -> None:
        """The faults end, something new happens everywhere, and is waited for."""
        before = self.counts()
        for source in self.sick:
            source.server.clear_faults()
            source.build()
        begun = time.monotonic()
        while any(source.recovered_seconds is None for source in self.sick):
            passed = time.monotonic() - begun
            if passed > seconds:
                return
            counted, shown = self.counts(), {one["name"]: one for one in self.shown()}
            for source in self.sick:
                is_back = counted[source.name] > before[source.name] and shown[source.name]["last_error"] is None
                if is_back and source.recovered_seconds is None:
                    source.recovered_seconds = passed
            time.sleep(0.3)

    def line_of(self, source: Source) -> dict[str, Any]:
        """The log's line about the source's trouble."""
        lines = [json.loads(line) for line in self.product.output.splitlines() if line.startswith("{")]
        told = [
            one for one in lines if one.get("source") == source.name and "could not be read" in str(one.get("event"))
        ]
        assert told, f"the log says nothing of {source.name}"
        return dict(told[0])


def made(stack: ExitStack, name: str, provider: Provider, faulty: Faulty | None = None) -> Source:
    world = ScriptedWorld()
    if provider == "github":
        world.add_repo(f"acme/{name}")
        server: GithubServer | JenkinsServer = GithubServer(world, tokens={TOKEN}, enterprise=True, limit=100_000)
    else:
        world.add_jenkins_job(name, cls=FREESTYLE)
        server = JenkinsServer(world, users={"ci-health": TOKEN})
    stack.enter_context(server)
    source = Source(name, provider, world, server, faulty)
    source.build()
    return source


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with ExitStack() as stack:
        elsewhere = stack.enter_context(Elsewhere(lambda: datetime.now(UTC)))
        sources = [made(stack, "healthy-github", "github"), made(stack, "healthy-jenkins", "jenkins")]
        for place, faulty in enumerate(FAULTS):
            sources += [made(stack, f"{one}-{place}", one, faulty) for one in faulty.providers()]
        told = {
            "defaults": {"interval": f"{INTERVAL_SECONDS:g}s", "backfill": "1d"},
            "sources": [source.config() for source in sources],
        }
        # JSON is YAML, too.
        product = Product(tmp_path_factory.mktemp("faults"), config=json.dumps(told), env={"FAULTY": TOKEN})
        rig = Rig(stack.enter_context(product), sources, elsewhere)
        rig.wait_read()
        rig.suffer()
        rig.recover()
        yield rig
        for source in sources:
            assert not source.server.failures


CASES = [(provider, place) for place, faulty in enumerate(FAULTS) for provider in faulty.providers()]
WAITING = [case for case in CASES if FAULTS[case[1]].wait_seconds is not None]


def _title(case: tuple[str, int]) -> str:
    return f"{case[0]}: {FAULTS[case[1]].name}"


def _of(rig: Rig, case: tuple[str, int]) -> Source:
    return rig.by_name[f"{case[0]}-{case[1]}"]


@pytest.fixture(params=CASES, ids=_title)
def sick(request: pytest.FixtureRequest, rig: Rig) -> Source:
    return _of(rig, request.param)


@pytest.fixture(params=WAITING, ids=_title)
def told_to_wait(request: pytest.FixtureRequest, rig: Rig) -> Source:
    return _of(rig, request.param)


def test_the_neighbours_stay_fresh_and_see_what_is_new(rig: Rig) -> None:
    for source in rig.neighbours:
        assert source.states <= {"ok"}, source.errors
        assert source.oldest_seconds < FRESH_SECONDS
        assert rig.seen_seconds[source.name] < FRESH_SECONDS


def test_a_fault_is_told_in_plain_words_as_what_it_is(rig: Rig, sick: Source) -> None:
    assert sick.faulty is not None
    assert sick.states <= sick.faulty.states | {"ok"}, (sick.states, sick.errors)
    assert not any("inside CI Health" in error for error in sick.errors), sick.errors
    assert not any("Traceback" in error or TOKEN in error for error in sick.errors)
    if sick.faulty.says is None:
        assert not sick.errors
    elif sick.faulty.says:
        assert any(sick.faulty.says in error for error in sick.errors), sick.errors
    if sick.faulty.wait_seconds is not None:
        assert "waiting" in sick.states
    if "ok" not in sick.faulty.states:
        line = rig.line_of(sick)
        assert all(line[key] for key in ("error", "done", "in_seconds", "advice")), line


def test_nothing_is_asked_before_it_may_be(told_to_wait: Source) -> None:
    faulty, journal = told_to_wait.faulty, told_to_wait.server.journal
    assert faulty is not None
    assert faulty.wait_seconds is not None
    first = next(entry for entry in journal.entries() if entry.fault is not None)
    allowed_at = first.at + timedelta(seconds=faulty.wait_seconds)
    assert [entry.path for entry in journal.entries() if first.at < entry.at < allowed_at] == []


def test_the_source_is_read_again_by_itself(sick: Source) -> None:
    assert sick.faulty is not None
    assert sick.recovered_seconds is not None, sick.errors
    assert sick.recovered_seconds < sick.faulty.within_seconds


def test_no_token_and_no_request_goes_to_another_host(rig: Rig) -> None:
    assert rig.elsewhere.journal.count() == 0


def test_a_clock_that_differs_is_shown(rig: Rig) -> None:
    late = [source for source in rig.sick if source.faulty and "clock" in source.faulty.name]
    assert len(late) == 2
    for source in late:
        assert any(offset is not None and -3700 < offset < -3500 for offset in source.offsets), source.offsets


def test_circuits_open_for_what_keeps_failing_alone(rig: Rig) -> None:
    opened = {source.name for source in rig.sources if "open" in source.circuits}
    assert opened
    assert not opened & {source.name for source in rig.neighbours}
    assert not opened & {_of(rig, case).name for case in WAITING}


def test_the_figures_are_told(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        f"{source.name}: oldest {source.oldest_seconds:.1f} s, a new build after {rig.seen_seconds[source.name]:.1f} s"
        for source in rig.neighbours
    ]
    for source in rig.sick:
        assert source.faulty is not None
        told = f"{source.provider:8}{source.faulty.name:34}{', '.join(sorted(source.states)):26}"
        lines.append(f"{told}{source.recovered_seconds or -1:6.1f} s")
    assert len(lines) == len(CASES) + 2
    with capsys.disabled():
        print("", *lines, sep="\n")
