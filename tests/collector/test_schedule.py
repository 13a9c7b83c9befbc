"""Works and ticks in real threads, with short times."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from structlog.testing import capture_logs

from collector import schedule
from collector.schedule import Schedule, Tick, Work


@contextmanager
def running(*works: Work, ticks: tuple[Tick, ...] = ()) -> Iterator[Schedule]:
    running = Schedule(works, ticks)
    running.start()
    try:
        yield running
    finally:
        running.stop()


class Counted:
    """A work that counts its runs, and how many of them were at work at once."""

    def __init__(self, again_in_seconds: float, lasts_seconds: float = 0.0) -> None:
        self.again_in_seconds, self.lasts_seconds = again_in_seconds, lasts_seconds
        self.runs = self.at_once = self.most_at_once = 0
        self.ran = threading.Semaphore(0)

    def __call__(self) -> float:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(self.lasts_seconds)
        self.at_once -= 1
        self.runs += 1
        self.ran.release()
        return self.again_in_seconds


def test_works_are_done_again_when_they_said_and_not_before() -> None:
    soon, late = Counted(0.0), Counted(3600.0)
    with running(Work("soon", soon), Work("late", late)):
        for _ in range(3):
            assert soon.ran.acquire(timeout=5)
        assert late.ran.acquire(timeout=5)
    assert soon.runs >= 3
    assert late.runs == 1


def test_a_work_that_outlasts_its_interval_is_never_done_twice_at_once() -> None:
    slow = Counted(0.0, lasts_seconds=schedule.ENQUEUE_SECONDS * 3)
    with running(Work("slow", slow), Work("idle", Counted(3600.0)), Work("spare", Counted(3600.0))):
        for _ in range(2):
            assert slow.ran.acquire(timeout=5)
    assert slow.most_at_once == 1


def test_a_work_that_hangs_delays_neither_the_others_nor_the_end() -> None:
    let_go = threading.Event()
    quick = Counted(0.0)

    def hang() -> float:
        let_go.wait(30)
        return 0.0

    with running(Work("hung", hang), Work("quick", quick)):
        for _ in range(3):
            assert quick.ran.acquire(timeout=5)
        stopping_at = time.monotonic()
    assert time.monotonic() - stopping_at < 1
    let_go.set()


def test_works_that_hang_and_take_every_thread_delay_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "THREADS", 2)
    monkeypatch.setattr(schedule, "PATIENCE_SECONDS", 0.1)
    let_go = threading.Event()
    quick = Counted(0.0)

    def hang() -> float:
        let_go.wait(30)
        return 3600.0

    with running(*(Work(f"hung {n}", hang) for n in range(6)), Work("quick", quick)):
        for _ in range(3):
            assert quick.ran.acquire(timeout=5)
        alive = {thread.name for thread in threading.enumerate() if thread.name.startswith("work-")}
        assert len(alive) <= 7, "a thread a work at most"
    let_go.set()


def test_a_work_that_raises_is_logged_by_name_and_its_thread_lives_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "AFTER_SLIP_SECONDS", 0.0)
    runs = threading.Semaphore(0)

    def raises() -> float:
        runs.release()
        raise ValueError("slip")

    with capture_logs() as lines, running(Work("clumsy", raises)):
        assert runs.acquire(timeout=5)
        assert runs.acquire(timeout=5), "it is tried again by the one thread there is"
    assert {line["work"] for line in lines} == {"clumsy"}


def test_nothing_is_begun_after_the_end() -> None:
    counted = Counted(0.0)
    with running(Work("work", counted)):
        assert counted.ran.acquire(timeout=5)
    time.sleep(schedule.ENQUEUE_SECONDS)
    runs = counted.runs
    time.sleep(schedule.ENQUEUE_SECONDS * 3)
    assert counted.runs == runs


def test_a_first_time_can_be_put_off() -> None:
    counted = Counted(3600.0)
    with running(Work("later", counted, first_in_seconds=3600.0), Work("now", Counted(3600.0))):
        time.sleep(schedule.ENQUEUE_SECONDS * 3)
    assert counted.runs == 0


def test_ticks_go_on_while_every_thread_is_taken_and_after_one_raised() -> None:
    ticked = threading.Semaphore(0)
    let_go = threading.Event()

    def tick() -> None:
        ticked.release()
        raise ValueError("slip")

    def hang() -> float:
        let_go.wait(30)
        return 0.0

    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    with running(Work("hung", hang), ticks=(Tick("lease", tick, 0.1),)):
        for _ in range(3):
            assert ticked.acquire(timeout=5)
    let_go.set()
