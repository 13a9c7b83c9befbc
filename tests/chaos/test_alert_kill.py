"""kill -9 of the collector and of web at random instants, while builds fail and recover and every receiver is bad in a
way of its own: every alert is told at least once, in order, and the last word is true.

A small run by default; CIHEALTH_CHAOS_ALERT_BUILDS=5000 and CIHEALTH_CHAOS_ALERT_KILLS=200 make it the large one.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.chaos.alert_sinks import ENV, Sinks, Verdict, sinks, told_of_broken, verdicts
from tests.chaos.alerts import CLIENTS, LIVES, MARK_FIRST, Collector, Pusher, builds_of, drained
from tests.chaos.test_kill import Pace
from tests.product import Product

BUILDS = int(os.environ.get("CIHEALTH_CHAOS_ALERT_BUILDS", "180"))
KILLS = int(os.environ.get("CIHEALTH_CHAOS_ALERT_KILLS", "6"))
PIPELINES = BUILDS * len(LIVES) // builds_of(len(LIVES))
LONGEST_LIFE_SECONDS = 2.5
LONGEST_WAIT_SECONDS = 2.0
LONGEST_REFUSAL_SECONDS = 5.0
DRAIN_SECONDS = 240.0
WEB_EVERY = 3
"""With every third kill of the collector, web is killed, too."""
REVOKED_EVERY, REVOKED_FOR = 5, 2
"""The bot's token is revoked for two of every five lives of the collector; never for the last."""


@dataclass(frozen=True)
class Run:
    """What came of it. ``kills``: of the collector; ``web_kills``: those that took web along."""

    kills: int
    web_kills: int
    pushed: int
    states: dict[str, int]


def run_with_kills(folder: Path, made: Sinks, chance: random.Random, *, kills: int, program: str | None = None) -> Run:
    """Pushes all builds while the collector, and every third time web, is killed."""
    product = Product(folder, config=made.config, command=("web",)).start(wait=False)
    with stopped_at_the_end(product):
        wait_served(product)
        collector, pace = Collector(product, program, ENV), Pace()
        share = PIPELINES // CLIENTS
        pushers = [Pusher(product.url, range(n * share, (n + 1) * share), pace) for n in range(CLIENTS)]
        try:
            for pusher in pushers:
                pusher.start()
            web_kills = 0
            for kill in range(kills):
                made.token.revoked = is_revoked(kill) and kill < kills - 1
                pace.allow(-(-share * (kill + 1) // kills))
                live(collector, made, chance, kill)
                collector.kill_and_start_again()
                if kill % WEB_EVERY == WEB_EVERY - 1:
                    web_kills += 1
                    kill_and_start_again(product)
            made.token.revoked = False
            for pusher in pushers:
                pusher.join(300)
            states = drained(product.database, DRAIN_SECONDS)
        finally:
            code = collector.stop()
    assert code in (0, -signal.SIGTERM), collector.output[-3000:]  # TERM may come before it listens for it
    assert [pusher.error for pusher in pushers] == [None] * CLIENTS
    return Run(kills, web_kills, sum(pusher.pushed for pusher in pushers), states)


def live(collector: Collector, made: Sinks, chance: random.Random, kill: int) -> None:
    """One life of the collector, up to where it is killed: half of the times in mid-message."""
    refused = made.auth_refused
    collector.wait_at_work()
    wait_for_instant(made, chance, in_a_message=kill % 2 == 0)
    if made.token.revoked and not is_revoked(kill + 1):
        wait_until(lambda: made.auth_refused > refused, LONGEST_REFUSAL_SECONDS)


def is_revoked(kill: int) -> bool:
    return kill % REVOKED_EVERY in range(1, 1 + REVOKED_FOR)


def wait_until(holds: Callable[[], bool], seconds: float) -> None:
    """At most so long."""
    give_up_at = time.monotonic() + seconds
    while not holds() and time.monotonic() < give_up_at:
        time.sleep(0.05)


def wait_for_instant(made: Sinks, chance: random.Random, *, in_a_message: bool) -> None:
    """A random instant of a collector that is at work; ``in_a_message``: while a sink is being told something."""
    time.sleep(chance.uniform(0.0, LONGEST_LIFE_SECONDS))
    if in_a_message:
        chance.choice(list(made.by_http.values())).busy.wait(LONGEST_WAIT_SECONDS)
        time.sleep(chance.uniform(0.0, 0.05))


def kill_and_start_again(product: Product) -> None:
    """kill -9 of web, with all its processes, once it serves; it comes back while the collector is killed on."""
    wait_served(product)
    assert product.process is not None
    for pid in [product.process.pid, *product.descendants()]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    product.process.wait()
    product.start(wait=False)


def wait_served(product: Product, seconds: float = 90.0) -> None:
    """Until web answers; it alone is never ready, as it has no collector."""
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        with suppress(httpx.HTTPError):
            if httpx.get(product.url + "/healthz", timeout=2).status_code == 200:
                return
        assert product.process is not None
        assert product.process.poll() is None, product.output[-3000:]
        time.sleep(0.05)
    raise AssertionError(f"web does not answer: {product.output[-3000:]}")


@contextmanager
def stopped_at_the_end(product: Product) -> Iterator[None]:
    try:
        yield
    finally:
        product.stop()


ROUNDS = 4
FAULTY_KILLS = 8


def test_every_alert_is_told_in_order_and_the_last_word_is_true_through_kills(tmp_path: Path) -> None:
    chance = random.Random(20260301)
    pipelines = PIPELINES // CLIENTS * CLIENTS
    with sinks(chance) as made:
        run = run_with_kills(tmp_path, made, chance, kills=KILLS)
        by_receiver = verdicts(made, pipelines)
        failed, unanswered, auth_refused = made.failed, made.unanswered, made.auth_refused
        heard_of_broken = told_of_broken(made.hook)
        threads, begun_threads = made.threads, made.begun_threads
    print(f"{run.pushed} builds, {run.kills} kills, web {run.web_kills}, {failed} failed, {unanswered} left hanging,")
    print(f"{auth_refused} times invalid_auth, notifications {run.states}")
    for name, verdict in by_receiver.items():
        print(f"{name}: {verdict.messages} messages, {verdict.duplicates} duplicates, {verdict.ambiguous} ambiguous")
    assert run.kills, "a run without a kill proves nothing"
    assert failed, "sinks that never fail prove nothing"
    assert unanswered, "a sink that always answers does not hang"
    assert auth_refused, "a token that was always taken does not break its receiver"
    assert heard_of_broken == {"bot"}
    assert threads <= begun_threads
    assert run.pushed == builds_of(pipelines)
    assert set(run.states) <= {"sent", "dropped"}, run.states
    for name, verdict in by_receiver.items():
        assert_true(name, verdict, run.kills)


def assert_true(name: str, verdict: Verdict, kills: int) -> None:
    """What messages only count (many at once, to Slack) may be missing by name, and nothing else."""
    assert len(verdict.lost) <= verdict.counted, (name, verdict)
    assert len(verdict.untrue) <= verdict.counted, (name, verdict)
    assert verdict.disordered == frozenset(), (name, verdict)
    most = kills + verdict.ambiguous
    assert verdict.duplicates <= most, (name, verdict, "a kill can cut one message off from its mark")


def test_the_test_catches_a_delivery_that_marks_before_it_sends(tmp_path: Path) -> None:
    """Otherwise the one above would prove nothing. A few kills may all miss such a fault, so there are some rounds."""
    found = 0
    for seed in range(ROUNDS):
        folder = tmp_path / str(seed)
        folder.mkdir()
        found += words_lost_by_marking_first(folder, random.Random(7 + seed))
        if found:
            break
    assert found > 0


def words_lost_by_marking_first(folder: Path, chance: random.Random) -> int:
    with sinks(chance) as made:
        run = run_with_kills(folder, made, chance, kills=FAULTY_KILLS, program=MARK_FIRST)
        found = verdicts(made, PIPELINES // CLIENTS * CLIENTS)
    assert run.kills
    wrong = sum(len(found[name].lost) + len(found[name].untrue) for name in ("hook", "hanging", "mail"))
    print(f"{run.kills} kills: {wrong} words lost or untrue")
    return wrong
