"""``run``: starts the web app and the collector as programs of their own, keeps them alive, takes them down.

Every program is the leader of a process group and holds the read end of a pipe that only we write to: when we go,
however we go, it reads the end of the file and leaves. Its number is in the environment as CIHEALTH_PARENT_FD.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import FrameType

import structlog

log = structlog.get_logger(__name__)

PARENT_FD = "CIHEALTH_PARENT_FD"
FIRST_DELAY_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 60.0
STEADY_SECONDS = 20.0
"""A program that lived this long had started well."""
FAILED_STARTS = 3
STOP_SECONDS = 3.5
TICK_SECONDS = 0.1
WRONG_CONFIG = 2
CANNOT_LISTEN = 5
"""How the web app says that its port is another program's; gunicorn has meanings of its own for 3 and 4."""


@dataclass(frozen=True, slots=True)
class Program:
    """What to start: ``argv`` with the whole of ``env`` as its environment."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]


def python_program(name: str, module: str, *arguments: str, env: Mapping[str, str]) -> Program:
    """A module run by this same interpreter, with its safe path: the working folder must not shadow our packages."""
    return Program(name, (sys.executable, "-P", "-m", module, *arguments), env)


class Child:
    """One program and what became of it: started, died, to be started again at ``start_at`` (monotonic seconds)."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.start_at = 0.0
        self.failed_starts = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._delay_seconds = FIRST_DELAY_SECONDS

    @property
    def running(self) -> bool:
        return self._process is not None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self, parent_fd: int, now: float) -> None:
        """Raises OSError when the program cannot be started at all."""
        self._process = subprocess.Popen(
            self.program.argv,
            env={**self.program.env, PARENT_FD: str(parent_fd)},
            pass_fds=(parent_fd,),
            stdin=subprocess.DEVNULL,
            process_group=0,
        )
        self._started_at = now

    def reap(self, now: float) -> int | None:
        """The exit code (negative: the signal) if it just died; plans the next start. None: alive, or not running."""
        code = self._process.poll() if self._process else None
        if self._process is None or code is None:
            return None
        self.signal_group(signal.SIGKILL)
        self._process = None
        of_itself = code not in (0, -signal.SIGKILL, -signal.SIGTERM)
        if now - self._started_at >= STEADY_SECONDS or not of_itself:
            self.failed_starts, self._delay_seconds = 0, FIRST_DELAY_SECONDS
        self.failed_starts += of_itself and now - self._started_at < STEADY_SECONDS
        self.start_at = now + self._delay_seconds
        self._delay_seconds = min(self._delay_seconds * 2, LONGEST_DELAY_SECONDS)
        return code

    def signal(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def signal_group(self, number: int) -> None:
        """Reaches what the program started, too: workers of a dead server would hold its port."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)


class Supervisor:
    """Runs programs until it is told to stop or one of them cannot be started. Used in the main thread."""

    def __init__(self, programs: Sequence[Program]) -> None:
        self._children = [Child(program) for program in programs]
        self._signals: list[int] = []

    def run(self) -> int:
        """0: told to stop. 1: a program failed to start FAILED_STARTS times, or could not listen. 2: one refused the
        config."""
        previous = {
            number: signal.signal(number, self._told) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        }
        parent_fd, held_open = os.pipe()
        try:
            return self._loop(parent_fd)
        finally:
            self._stop()
            os.close(held_open)
            os.close(parent_fd)
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _told(self, number: int, _frame: FrameType | None) -> None:
        self._signals.append(number)

    def _loop(self, parent_fd: int) -> int:
        while not self._signals:
            now = time.monotonic()
            for child in self._children:
                verdict = self._tend(child, parent_fd, now)
                if verdict is not None:
                    return verdict
            time.sleep(TICK_SECONDS)
        log.info("stopping", signal=signal.Signals(self._signals[0]).name)
        return 0

    def _tend(self, child: Child, parent_fd: int, now: float) -> int | None:
        """Starts what is due, notices what died. An exit code when the whole must end."""
        if not child.running and now >= child.start_at:
            child.start(parent_fd, now)
            return None
        code = child.reap(now)
        return None if code is None else self._died(child, code, now)

    def _died(self, child: Child, code: int, now: float) -> int | None:
        name, how = child.program.name, _how_it_ended(code)
        if code == WRONG_CONFIG:
            log.error("a program refused its configuration; everything stops", program=name, advice="see above")
            return WRONG_CONFIG
        if code == CANNOT_LISTEN:
            log.error(
                "a program cannot listen where it was told to; everything stops", program=name, advice="see above"
            )
            return 1
        if child.failed_starts >= FAILED_STARTS:
            advice = f"see its lines above, or start it alone: cihealth {name}"
            log.error("a program failed to start; everything stops", program=name, ended=how, advice=advice)
            return 1
        seconds = round(child.start_at - now, 1)
        log.warning("a program died; it is started again", program=name, ended=how, in_seconds=seconds)
        return None

    def _stop(self) -> None:
        """TERM to each, KILL to what is left of their groups after STOP_SECONDS or a second signal."""
        heard = len(self._signals)
        for child in self._children:
            child.signal(signal.SIGTERM)
        give_up_at = time.monotonic() + STOP_SECONDS
        while self._alive() and time.monotonic() < give_up_at and len(self._signals) == heard:
            time.sleep(TICK_SECONDS / 2)
        for child in self._alive():
            log.warning("a program did not stop in time; it is killed", program=child.program.name)
            child.signal_group(signal.SIGKILL)
        while self._alive():
            time.sleep(TICK_SECONDS / 2)

    def _alive(self) -> list[Child]:
        now = time.monotonic()
        for child in self._children:
            child.reap(now)
        return [child for child in self._children if child.running]


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
