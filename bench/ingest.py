"""Builds a second that POST /ingest takes (8 clients, plain bodies), beside a bare Flask JSON POST on the same server.

    python -m bench.ingest [--builds 4000] [--clients 8]

Both run under gunicorn with one gevent worker on this machine, one after the other, driven by the same clients in
processes of their own. The bare app parses the JSON and answers; it keeps nothing. Prints one line a figure.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from tests.product import Product, free_port

BARE_APP = """
from flask import Flask, request

app = Flask(__name__)


@app.post("/ingest/github")
def ingest():
    request.get_json()
    return {"status": "stored"}, 201


@app.get("/healthz")
def healthz():
    return {"status": "ok"}
"""


def push(port: int, numbers: range, latencies: multiprocessing.Queue[list[float]]) -> None:
    """One client: a kept-alive connection, one POST after the other. Puts its latencies (seconds) on the queue."""
    connection = HTTPConnection("127.0.0.1", port)
    headers = {"Content-Type": "application/json"}
    taken = []
    for number in numbers:
        started = time.perf_counter()
        connection.request("POST", "/ingest/github", body(number), headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status >= 300:
            raise SystemExit(f"POST answered {answer.status}")
        taken.append(time.perf_counter() - started)
    latencies.put(taken)


def body(number: int) -> str:
    return json.dumps(
        {
            "pipeline": f"pipeline-{number % 20}",
            "repo": f"acme/repo-{number % 10}",
            "branch": "main",
            "status": "failure" if number % 10 == 0 else "success",
            "external_id": f"bench-{number}",
            "started_at": f"2026-03-01T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}Z",
            "duration_seconds": 60 + number % 100,
            "commit": f"{number:040x}",
        }
    )


def measure(name: str, port: int, builds: int, clients: int, first: int = 0) -> float:
    """Requests a second of ``clients`` clients; prints the rate and the latencies."""
    queue: multiprocessing.Queue[list[float]] = multiprocessing.Queue()
    share = builds // clients
    ranges = [range(first + n * share, first + (n + 1) * share) for n in range(clients)]
    workers = [multiprocessing.Process(target=push, args=(port, numbers, queue)) for numbers in ranges]
    started = time.perf_counter()
    for worker in workers:
        worker.start()
    latencies = sorted(latency for _ in workers for latency in queue.get(timeout=120))
    elapsed = time.perf_counter() - started
    for worker in workers:
        worker.join()
    rate = len(latencies) / elapsed
    middle, high = latencies[len(latencies) // 2], latencies[len(latencies) * 95 // 100]
    print(f"{name}: {rate:.0f}/s, median {middle * 1000:.1f} ms, p95 {high * 1000:.1f} ms ({len(latencies)} requests)")
    return rate


@contextmanager
def bare_flask(folder: Path) -> Iterator[int]:
    """The bare app under gunicorn with one gevent worker; yields its port."""
    (folder / "bare.py").write_text(BARE_APP)
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-k", "gevent", "-w", "1", "-b", f"127.0.0.1:{port}", "bare:app"]
    process = subprocess.Popen([*command, "--no-control-socket", "--log-level", "error"], cwd=folder)
    try:
        wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def wait_for(port: int) -> None:
    give_up_at = time.monotonic() + 20
    while time.monotonic() < give_up_at:
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"nothing answers on port {port}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--builds", type=int, default=4000)
    parser.add_argument("--clients", type=int, default=8)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, bare_flask(Path(folder)) as port:
        measure("bare Flask, warming up", port, given.builds // 4, given.clients)
        bare = measure("bare Flask", port, given.builds, given.clients)
    with tempfile.TemporaryDirectory() as folder, Product(Path(folder)) as product:
        measure("ingest, warming up", product.port, given.builds // 4, given.clients, first=1_000_000)
        ours = measure("ingest", product.port, given.builds, given.clients)
        measure("ingest again (nothing changes)", product.port, given.builds, given.clients)
    print(f"ratio: bare Flask takes {bare / ours:.2f} times as many requests a second as durable ingest")


if __name__ == "__main__":
    main()
