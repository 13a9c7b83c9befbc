"""Slots of a controller, shared by gates that know nothing of each other but a folder, as those of two processes do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from collector.providers.jenkins import gate, slots
from collector.providers.jenkins.gate import Gate, gate_of
from collector.providers.jenkins.slots import MOST_REST_SECONDS, STANDS_STILL_SECONDS, Held, Slots

SLOW = 2.0
HOLDER = """
import sys, time
from pathlib import Path
from collector.providers.jenkins.slots import Slots
held = Slots(Path(sys.argv[1]), "ci").take(2.0, lambda: True)
print(len(held.slots), flush=True)
time.sleep(60)
"""


QUEUED = """
slots = Slots(Path(sys.argv[1]), "ci")
slots.take(2.0, lambda: False).release()
turn = slots._turn()
turn.__enter__()
"""


def always() -> bool:
    return True


def never() -> bool:
    return False


class Waiting:
    """Somebody who waits for a slot in a thread; ``held`` once it came."""

    def __init__(self, of: Slots, alone: Callable[[], bool] = never) -> None:
        self.held: Held | None = None
        self.came = threading.Event()
        threading.Thread(target=self._wait, args=(of, alone), daemon=True).start()

    def _wait(self, of: Slots, alone: Callable[[], bool]) -> None:
        self.held = of.take(SLOW, alone)
        self.came.set()


class Crowd:
    """Counts who is at it at one time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = self.most = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        yield
        with self._lock:
            self._now -= 1


def test_two_slots_are_all_there_are_for_two_processes(tmp_path: Path) -> None:
    here, there = Slots(tmp_path / "s", "ci"), Slots(tmp_path / "s", "ci")
    first, second = here.take(SLOW, never), there.take(SLOW, never)
    third = Waiting(here)
    assert not third.came.wait(0.1)
    second.release()
    assert third.came.wait(5)
    assert [len(held.slots) for held in (first, second, third.held or Held())] == [1, 1, 1]


def test_each_controller_has_slots_of_its_own(tmp_path: Path) -> None:
    Slots(tmp_path / "s", "ci").take(SLOW, always)
    assert Waiting(Slots(tmp_path / "s", "other")).came.wait(5)


def test_who_asks_alone_waits_for_both_slots_and_then_has_them(tmp_path: Path) -> None:
    here, there = Slots(tmp_path / "s", "ci"), Slots(tmp_path / "s", "ci")
    held = here.take(SLOW, never)
    alone = Waiting(there, always)
    assert not alone.came.wait(0.1)
    held.release()
    assert alone.came.wait(5)
    assert alone.held is not None
    assert len(alone.held.slots) == 2
    last = Waiting(here)
    assert not last.came.wait(0.1)
    alone.held.release()
    assert last.came.wait(5)


def test_a_slot_whose_process_was_killed_is_free(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path / "s")], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "2\n"
    waiting = Waiting(Slots(tmp_path / "s", "ci"))
    assert not waiting.came.wait(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert waiting.came.wait(5)


@contextmanager
def stopped(folder: Path, program: str) -> Iterator[None]:
    """A process that stands still after its first line, as by Ctrl-Z."""
    command = [sys.executable, "-c", program, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            process.kill()


def test_a_process_that_stands_still_is_waited_for_no_longer_than_a_request_lasts(tmp_path: Path) -> None:
    later = [0.0]
    with stopped(tmp_path / "s", HOLDER), capture_logs() as lines:
        one = Slots(tmp_path / "s", "ci", clock=lambda: time.time() + later[0])
        waiting = Waiting(one)
        assert not waiting.came.wait(0.3)
        later[0] = STANDS_STILL_SECONDS
        assert waiting.came.wait(5)
        one.take(SLOW, always).release()
    (said,) = lines
    assert "stands still" in said["event"]


def test_a_process_that_stands_still_in_the_queue_holds_nobody_up_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "STANDS_STILL_SECONDS", 0.5)
    queued = HOLDER.replace('held = Slots(Path(sys.argv[1]), "ci").take(2.0, lambda: True)', QUEUED)
    with stopped(tmp_path / "s", queued.replace("len(held.slots)", "2")):
        waiting = Waiting(Slots(tmp_path / "s", "ci"))
        assert not waiting.came.wait(0.3)
        assert waiting.came.wait(5)


def test_nothing_is_asked_while_anothers_answer_is_slow_in_coming(tmp_path: Path) -> None:
    clock = [1_000_000.0]
    here, there = (Slots(tmp_path / "s", "ci", clock=lambda: clock[0]) for _ in range(2))
    held = here.take(SLOW, never)
    clock[0] += SLOW + 0.1
    waiting = Waiting(there)
    assert not waiting.came.wait(0.1)
    held.release()
    assert waiting.came.wait(5)


def test_a_pause_that_another_process_told_is_waited_out(tmp_path: Path) -> None:
    clock = [1_000_000.0]
    here, there = (Slots(tmp_path / "s", "ci", clock=lambda: clock[0]) for _ in range(2))
    here.take(SLOW, never).release()
    here.rest(8.0)
    waiting = Waiting(there)
    clock[0] += 7.9
    assert not waiting.came.wait(0.2)
    clock[0] += 0.2
    assert waiting.came.wait(5)
    assert waiting.held is not None
    assert (waiting.held.rested, len(waiting.held.slots)) == (True, 2)


def test_a_pause_told_before_the_clock_was_set_back_is_none(tmp_path: Path) -> None:
    clock = [1_000_000.0]
    one = Slots(tmp_path / "s", "ci", clock=lambda: clock[0])
    one.take(SLOW, never).release()
    one.rest(8.0)
    clock[0] -= MOST_REST_SECONDS
    assert Waiting(one).came.wait(5)


def test_a_folder_that_cannot_be_used_is_said_once_and_holds_nothing_up(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("a file, and no folder")
    one = Slots(tmp_path / "s", "ci")
    with capture_logs() as lines:
        for _ in range(5):
            one.take(SLOW, always).release()
            one.rest(8.0)
    (said,) = lines
    assert said["controller"] == "ci"
    assert {"error", "done", "advice"} <= set(said)


def test_gates_of_two_processes_let_two_through_together_and_each_gets_its_turns(tmp_path: Path) -> None:
    crowd, ends_at = Crowd(), time.monotonic() + 1.0
    turns = {"collector": 0, "backfill": 0}

    def ask(name: str, one: Gate) -> None:
        while time.monotonic() < ends_at:
            with one.turn() as turn, crowd.one():
                time.sleep(0.005)
                turn.took(0.005, 0)
            turns[name] += 1

    threads = []
    for name in turns:
        one = Gate("ci", slots=Slots(tmp_path / "s", "ci"))
        threads += [threading.Thread(target=ask, args=(name, one), daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert crowd.most == 2
    assert min(turns.values()) > sum(turns.values()) / 4, turns


def test_a_gate_asks_one_thing_at_a_time_once_another_process_had_a_slow_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "SLOW_SECONDS", 0.15)
    slow, other = (Gate("ci", slots=Slots(tmp_path / "s", "ci")) for _ in range(2))
    with slow.turn() as turn:
        turn.took(0.2, 0)
    begun = time.monotonic()
    with other.turn() as turn:
        waited = time.monotonic() - begun
        turn.took(0.01, 0)
    assert 0.2 < waited < 5
    assert other.at_once == 1
    for _ in range(gate.QUICK_AGAIN - 1):
        with other.turn() as turn:
            turn.took(0.01, 0)
    assert other.at_once == 2


def test_a_turn_waits_for_its_slot_before_its_time_counts(tmp_path: Path) -> None:
    one = Gate("ci", slots=Slots(tmp_path / "s", "ci"))
    held = Slots(tmp_path / "s", "ci").take(SLOW, always)
    threading.Timer(0.3, held.release).start()
    begun = time.monotonic()
    with one.turn() as turn:
        assert turn.begun - begun >= 0.25
    assert one.pause_seconds == 0


def test_a_request_that_fails_gives_its_slot_back(tmp_path: Path) -> None:
    one, before = Gate("ci", slots=Slots(tmp_path / "s", "ci")), len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        with pytest.raises(TimeoutError), one.turn():
            raise TimeoutError
    assert len(os.listdir("/proc/self/fd")) == before


def test_processes_that_share_a_folder_share_a_gate_and_those_of_another_do_not(tmp_path: Path) -> None:
    assert gate_of("slots.example", tmp_path) is gate_of("slots.example", tmp_path)
    assert gate_of("slots.example", tmp_path) is not gate_of("slots.example", tmp_path / "other")
