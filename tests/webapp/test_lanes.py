"""Reader and writer threads that open their connections at the same moment, under gevent as the web process is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
from gevent import monkey

monkey.patch_all()

import sys
import time

import gevent

from collector.storage.database import Database, connect
from webapp.db import Lanes


def slowly(lock):
    # Holds the lock of an opening connection long enough for the others to meet at it.
    opened = lock.__class__.__enter__

    class Slow:
        def __enter__(self):
            lock.acquire()
            time_sleep(0.05)

        def __exit__(self, *error):
            lock.release()

    return Slow()


time_sleep = monkey.get_original("time", "sleep")
database = connect("sqlite:///" + sys.argv[1])
database.migrate()
for _ in range(5):
    database.close()
    database._engine._lock = slowly(database._engine._lock)
    lanes = Lanes()

    def read():
        with database.reading():
            return 1

    def write():
        with database.writing():
            return 1

    calls = [gevent.spawn(lanes.read, read) for _ in range(4)] + [gevent.spawn(lanes.write, write)]
    done = gevent.joinall(calls, timeout=5)
    assert len(done) == len(calls), "a thread that waits for its turn to connect was never woken"
    lanes.close()
    database = connect("sqlite:///" + sys.argv[1])
print("all came through")
"""


def test_threads_that_open_their_connections_at_once_all_come_through(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "x.db")], capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert "all came through" in ran.stdout
