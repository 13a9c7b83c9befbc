"""The web process as it runs: gunicorn on loopback, on a database of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import websocket

from collector import ingest
from collector.ingest import Context
from collector.providers import plain as plain_bodies
from collector.providers.base import Batch
from collector.storage.database import Database, connect
from tests.webapp.harness import NOW, plain

ROOT = Path(__file__).resolve().parent.parent.parent
READY_SECONDS = 120.0


class Served:
    """``python -P -m webapp``; ``start`` it, ``stop`` it. ``database`` is this process's own way to the same file."""

    def __init__(self, folder: Path, *, config: str = "", env: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        url = f"sqlite:///{folder / 'ci.db'}"
        self.database: Database = connect(url)
        self.database.migrate()
        (folder / "collectors.yaml").write_text(config)
        self._env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CIHEALTH_")},
            "PYTHONPATH": str(ROOT),
            "CIHEALTH_DATABASE": url,
            "CIHEALTH_CONFIG": str(folder / "collectors.yaml"),
            "CIHEALTH_PORT": "0",
            **(env or {}),
        }
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None
        self._sockets: list[websocket.WebSocket] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        return (self.folder / "output.txt").read_text(errors="replace")

    def start(self, pass_fds: tuple[int, ...] = ()) -> Served:
        with (self.folder / "output.txt").open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "webapp"],
                stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                env=self._env, cwd=self.folder, pass_fds=pass_fds, process_group=0,
            )  # fmt: skip
        give_up_at = time.monotonic() + READY_SECONDS
        while time.monotonic() < give_up_at and self.process.poll() is None:
            self.port = self._told_port()
            if self.port and self._answers():
                return self
            time.sleep(0.05)
        raise AssertionError(f"the web process did not start:\n{self.output}")

    def _told_port(self) -> int:
        line = next((line for line in self.output.splitlines() if "listens on" in line), "")
        return int(line.rpartition(":")[2]) if line else 0

    def _answers(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(self.url + "/healthz", timeout=1).status_code == 200
        return False

    def stop(self, seconds: float = 8.0) -> float:
        """TERM; returns how long it took. The exit code is in ``process.returncode``."""
        assert self.process is not None
        started = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(seconds)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        for one in self._sockets:
            one.shutdown()  # type: ignore[no-untyped-call]
        self.database.close()
        return time.monotonic() - started

    def socket(self, query: str = "", **kwargs: Any) -> websocket.WebSocket:
        """An open /ws whose hello is still to be read."""
        made: websocket.WebSocket = websocket.create_connection(
            f"ws://127.0.0.1:{self.port}/ws{query}", timeout=10, **kwargs
        )
        self._sockets.append(made)
        return made

    def raw(self, data: bytes, *, seconds: float = 10.0) -> bytes:
        """What the server answers to these bytes until it closes or goes silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as plug:
            plug.sendall(data)
            answer = b""
            with contextlib.suppress(TimeoutError, ConnectionResetError):
                while part := plug.recv(65536):
                    answer += part
                    if _complete(answer):
                        break
            return answer

    def record(self, **changes: Any) -> int:
        """Store a build as another process does (the collector); returns the feed's head."""
        word = plain_bodies.parse("github", plain(**changes), default_instance=None)
        return ingest.record(self.database, Batch(words=(word,)), Context(None), NOW).seq


def _complete(answer: bytes) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    told = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return bool(told) and len(body) >= int(told[0].split(b":")[1])


def frame(of: websocket.WebSocket) -> dict[str, Any]:
    found = json.loads(of.recv())
    assert isinstance(found, dict)
    return found
