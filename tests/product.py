"""The real program, started as a user starts it, on loopback and in a folder of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import httpx

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 120.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Product:
    """``cihealth run`` (or another command) with its database and config in ``folder``; a context manager.

    The output goes to ``folder/output.txt``; ``output`` reads it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        config: str = "sources: []\n",
        command: tuple[str, ...] = ("run",),
        env: Mapping[str, str] | None = None,
        port: int | None = None,
    ) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.database = folder / "cihealth.db"
        self._config = folder / "collectors.yaml"
        self._config.write_text(config)
        self._command = command
        self._env = {**os.environ, "CIHEALTH_LOG_FORMAT": "json", **(env or {})}
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def arguments(self) -> list[str]:
        database = f"sqlite:///{self.database}"
        listens = ["--host", "127.0.0.1", "--port", str(self.port)] if self._command[0] in ("run", "web") else []
        given = [*self._command, "--config", str(self._config), "--database", database, *listens]
        return [sys.executable, "-P", "-m", "collector", *given]

    @property
    def output(self) -> str:
        return (self.folder / "output.txt").read_text(errors="replace")

    def start(self, *, wait: bool = True) -> Product:
        with (self.folder / "output.txt").open("ab") as output:
            self.process = subprocess.Popen(
                self.arguments,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=self._env,
                cwd=ROOT,
            )
        if wait:
            try:
                self.wait_ready()
            except BaseException:
                self.process.kill()
                self.process.wait()
                raise
        return self

    def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        """Until /readyz says 200. Raises AssertionError with the program's output when it does not."""
        give_up_at = time.monotonic() + seconds
        while time.monotonic() < give_up_at:
            try:
                if httpx.get(self.url + "/readyz", timeout=2).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            assert self.process is not None
            assert self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.output[-4000:]}"
            time.sleep(0.05)
        raise AssertionError(f"not ready after {seconds} s:\n{self.output[-4000:]}")

    def descendants(self) -> dict[int, str]:
        """Process ids below the main process and what each is: ``web`` or ``collect`` (by its command line)."""
        assert self.process is not None
        found: dict[int, str] = {}
        waiting = [self.process.pid]
        while waiting:
            for child in _children(waiting.pop()):
                line = _command_line(child)
                found[child] = "web" if "webapp" in line else "collect" if "collect" in line.split() else line
                waiting.append(child)
        return found

    def stop(self, number: int = signal.SIGTERM, seconds: float = 10.0) -> int:
        """Sends the signal to the main process alone and waits. Returns the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def __enter__(self) -> Product:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.process is not None and self.process.poll() is None:
            self.stop()


def _children(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
