"""The supervisor with real processes: small programs that write down what happens to them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collector import supervisor
from collector.supervisor import Program, Supervisor

OBEDIENT = """
import os, pathlib, signal, sys, threading
pathlib.Path(sys.argv[1]).open("a").write(f"{os.getpid()}\\n")
def watch():
    os.read(int(os.environ["CIHEALTH_PARENT_FD"]), 1)
    os._exit(3)
threading.Thread(target=watch, daemon=True).start()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
signal.pause()
"""
DEAF = """
import os, pathlib, signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
worker = subprocess.Popen([sys.executable, "-c", "import signal; signal.signal(15, signal.SIG_IGN); signal.pause()"])
pathlib.Path(sys.argv[1]).open("a").write(f"{os.getpid()}\\n{worker.pid}\\n")
signal.pause()
"""
DOOMED = "import pathlib, sys; pathlib.Path(sys.argv[1]).open('a').write('x\\n'); sys.exit(int(sys.argv[2]))"

ALONE = """
import os, sys
from collector.supervisor import Program, Supervisor
sys.exit(Supervisor([Program("one", (sys.executable, "-c", sys.argv[1], sys.argv[2]), dict(os.environ))]).run())
"""


def program(code: str, journal: Path, *arguments: str) -> Program:
    return Program(journal.name, (sys.executable, "-c", code, str(journal), *arguments), dict(os.environ))


def lines(journal: Path) -> list[str]:
    return journal.read_text().split() if journal.exists() else []


def alive(pid: int) -> bool:
    """Zombies count as gone: whoever adopted them may not have reaped them yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    give_up_at = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up_at, "it did not happen in time"
        time.sleep(0.02)


def in_background(told: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=told, daemon=True)
    thread.start()
    return thread


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Callable[[str, Path], subprocess.Popen[bytes]]]:
    """Starts a supervisor of one program in a process of its own."""
    started: list[subprocess.Popen[bytes]] = []

    def start(code: str, journal: Path) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([sys.executable, "-c", ALONE, code, str(journal)]))
        wait_until(lambda: bool(lines(journal)))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_the_main_process_alone_ends_all_with_zero(
    tmp_path: Path, alone: Callable[[str, Path], subprocess.Popen[bytes]], number: int
) -> None:
    journal = tmp_path / "one"
    process = alone(OBEDIENT, journal)
    told_at = time.monotonic()
    process.send_signal(number)
    assert process.wait(10) == 0
    assert time.monotonic() - told_at < 5
    assert not alive(int(lines(journal)[0]))


def test_a_killed_supervisor_leaves_no_orphan(
    tmp_path: Path, alone: Callable[[str, Path], subprocess.Popen[bytes]]
) -> None:
    journal = tmp_path / "one"
    process = alone(OBEDIENT, journal)
    process.kill()
    process.wait()
    wait_until(lambda: not alive(int(lines(journal)[0])), 5)


def test_a_program_that_ignores_term_is_killed_with_its_workers_within_five_seconds(
    tmp_path: Path, alone: Callable[[str, Path], subprocess.Popen[bytes]]
) -> None:
    journal = tmp_path / "one"
    process = alone(DEAF, journal)
    wait_until(lambda: len(lines(journal)) == 2)
    told_at = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert time.monotonic() - told_at < 5
    wait_until(lambda: not any(alive(int(pid)) for pid in lines(journal)), 2)


def test_a_killed_program_is_started_again_and_the_other_is_left_alone(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"

    def murder() -> None:
        wait_until(lambda: bool(lines(one)) and bool(lines(two)))
        os.kill(int(lines(one)[0]), signal.SIGKILL)
        wait_until(lambda: len(lines(one)) == 2)
        os.kill(os.getpid(), signal.SIGTERM)

    murderer = in_background(murder)
    assert Supervisor([program(OBEDIENT, one), program(OBEDIENT, two)]).run() == 0
    murderer.join(5)
    assert len(lines(one)) == 2
    assert len(lines(two)) == 1


def test_three_failed_starts_end_everything_with_one(tmp_path: Path) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    began_at = time.monotonic()
    assert Supervisor([program(OBEDIENT, good), program(DOOMED, bad, "1")]).run() == 1
    assert len(lines(bad)) == 3
    assert time.monotonic() - began_at >= 3, "it waits one second, then two, between the starts"
    assert not alive(int(lines(good)[0]))


def test_a_refused_configuration_is_not_tried_again(tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    assert Supervisor([program(DOOMED, bad, "2")]).run() == 2
    assert len(lines(bad)) == 1


def test_a_program_whose_port_is_taken_is_not_tried_again(tmp_path: Path) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    assert Supervisor([program(OBEDIENT, good), program(DOOMED, bad, str(supervisor.CANNOT_LISTEN))]).run() == 1
    assert len(lines(bad)) == 1
    assert not any(alive(int(pid)) for pid in lines(good))


def test_the_wait_before_a_start_doubles_up_to_a_minute_and_begins_anew_after_a_steady_run(tmp_path: Path) -> None:
    child = supervisor.Child(program(DOOMED, tmp_path / "bad", "1"))
    read_end, write_end = os.pipe()
    now, waits = 0.0, []
    for _ in range(8):
        child.start(read_end, now)
        waits.append(_reaped_start(child, now) - now)
        now = child.start_at
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert child.failed_starts == 8
    child.start(read_end, now)
    later = now + supervisor.STEADY_SECONDS
    assert _reaped_start(child, later) - later == 1
    assert child.failed_starts == 0
    os.close(read_end)
    os.close(write_end)


def _reaped_start(child: supervisor.Child, now: float) -> float:
    wait_until(lambda: child.reap(now) is not None)
    return child.start_at


def test_a_child_that_is_killed_from_outside_has_not_failed_to_start(tmp_path: Path) -> None:
    journal = tmp_path / "one"
    child = supervisor.Child(program(OBEDIENT, journal))
    read_end, write_end = os.pipe()
    child.start(read_end, 0.0)
    wait_until(lambda: bool(lines(journal)))
    os.kill(int(lines(journal)[0]), signal.SIGKILL)
    _reaped_start(child, 0.0)
    assert child.failed_starts == 0
    os.close(read_end)
    os.close(write_end)
