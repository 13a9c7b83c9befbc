"""kill -9 of the collector and of web at random instants, while builds fail and recover and every sink is slow and
fails a third of the time: every alert is told at least once, in order, and the last word is true.

A small run by default; CIHEALTH_CHAOS_ALERT_BUILDS=5000 and CIHEALTH_CHAOS_ALERT_KILLS=200 make it the large one.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.chaos.alerts import (
    CLIENTS,
    LIVES,
    MARK_FIRST,
    Collector,
    Pusher,
    Sinks,
    Verdict,
    builds_of,
    drained,
    judged,
    sinks,
    told_by_hook,
    told_by_mail,
    told_by_slack,
)
from tests.chaos.test_kill import Pace
from tests.product import Product

BUILDS = int(os.environ.get("CIHEALTH_CHAOS_ALERT_BUILDS", "180"))
KILLS = int(os.environ.get("CIHEALTH_CHAOS_ALERT_KILLS", "6"))
PIPELINES = BUILDS * len(LIVES) // builds_of(len(LIVES))
LONGEST_LIFE_SECONDS = 4.0
DRAIN_SECONDS = 240.0


@dataclass(frozen=True)
class Run:
    """What came of it. ``kills``: of the collector."""

    kills: int
    pushed: int
    states: dict[str, int]
    collector_output: str


def run_with_kills(folder: Path, made: Sinks, chance: random.Random, *, kills: int, program: str | None = None) -> Run:
    """Pushes all builds while the collector (and every third time web) is killed, half of the times in mid-message."""
    product = Product(folder, config=made.config, command=("web",)).start(wait=False)
    with stopped_at_the_end(product):
        wait_served(product)
        collector, pace = Collector(product, program), Pace()
        share = PIPELINES // CLIENTS
        pushers = [Pusher(product.url, range(n * share, (n + 1) * share), pace) for n in range(CLIENTS)]
        try:
            for pusher in pushers:
                pusher.start()
            for kill in range(kills):
                collector.wait_at_work(kill + 1)
                pace.allow(-(-share * (kill + 1) // kills))
                wait_for_instant(made, chance, in_a_message=kill % 2 == 0)
                collector.kill_and_start_again()
                if kill % 3 == 2:
                    restart(product)
            for pusher in pushers:
                pusher.join(300)
            states = drained(product.database, DRAIN_SECONDS)
        finally:
            code = collector.stop()
    assert code in (0, -signal.SIGTERM), collector.output[-3000:]  # TERM may come before it listens for it
    assert [pusher.error for pusher in pushers] == [None] * CLIENTS
    return Run(kills, sum(pusher.pushed for pusher in pushers), states, collector.output)


def wait_for_instant(made: Sinks, chance: random.Random, *, in_a_message: bool) -> None:
    """A random instant of a collector that is at work; ``in_a_message``: while a sink is being told something."""
    time.sleep(chance.uniform(0.0, LONGEST_LIFE_SECONDS))
    if in_a_message:
        chance.choice([made.slack, made.hook]).busy.wait(LONGEST_LIFE_SECONDS)
        time.sleep(chance.uniform(0.0, 0.05))


def restart(product: Product) -> None:
    """kill -9 of web, with all its processes."""
    assert product.process is not None
    for pid in [product.process.pid, *product.descendants()]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    product.process.wait()
    product.start(wait=False)
    wait_served(product)


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


def test_every_alert_is_told_in_order_and_the_last_word_is_true_through_kills(tmp_path: Path) -> None:
    chance = random.Random(20260301)
    pipelines = PIPELINES // CLIENTS * CLIENTS
    with sinks(chance) as made:
        run = run_with_kills(tmp_path, made, chance, kills=KILLS)
        by_hook, by_slack, by_mail = (
            judged(told, pipelines) for told in (told_by_hook(made), told_by_slack(made), told_by_mail(made))
        )
        messages = (len(made.hook.accepted), len(made.slack.accepted), len(made.smtp.received))
        failed, ambiguous = made.failed, made.ambiguous
    print(f"{run.pushed} builds, {run.kills} kills, messages {messages}, {failed} failed, {ambiguous} ambiguous")
    print(f"duplicates: hook {by_hook.duplicates}, slack {by_slack.duplicates}, mail {by_mail.duplicates}")
    assert run.kills, "a run without a kill proves nothing"
    assert failed, "sinks that never fail prove nothing"
    assert run.pushed == builds_of(pipelines)
    assert set(run.states) <= {"sent", "dropped"}, run.states
    assert_true(by_hook)
    assert_true(by_mail)
    assert by_slack.disordered == frozenset()
    most = max(by_hook.duplicates, by_slack.duplicates, by_mail.duplicates)
    assert most <= run.kills + ambiguous, "of one receiver a kill can cut one message off from its mark"


def assert_true(verdict: Verdict) -> None:
    assert verdict.lost == frozenset()
    assert verdict.untrue == frozenset()
    assert verdict.disordered == frozenset()


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
        run = run_with_kills(folder, made, chance, kills=max(4, KILLS // 10), program=MARK_FIRST)
        found = [judged(told, PIPELINES // CLIENTS * CLIENTS) for told in (told_by_hook(made), told_by_mail(made))]
    assert run.kills
    wrong = sum(len(verdict.lost) + len(verdict.untrue) for verdict in found)
    print(f"{run.kills} kills: {wrong} words lost or untrue")
    return wrong
