"""What thousands of open sockets cost: how late an event reaches the last one, and whether a POST waits for them.

    python -m bench.sockets [--sockets 5000] [--events 20]

The clients are raw sockets in this process, read with epoll, so that the client side stays cheap. Figures: the POST's
latency without and with the sockets, the time from the POST to the last socket (median, p95), memory of the server's
processes, a resume after a gap of 300 builds, and the same with a client that never reads and 8 MiB behind it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import selectors
import socket
import statistics
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path

from bench.ingest import body
from tests.product import Product

HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Frames:
    """Text frames out of a byte stream, as a server sends them (unmasked, unfragmented)."""

    def __init__(self) -> None:
        self._bytes = b""

    def feed(self, more: bytes) -> list[bytes]:
        self._bytes += more
        found = []
        while (frame := self._next()) is not None:
            found.append(frame)
        return found

    def _next(self) -> bytes | None:
        data = self._bytes
        if len(data) < 2:
            return None
        length, at = data[1] & 0x7F, 2
        if length == 126:
            length, at = int.from_bytes(data[2:4], "big"), 4
        elif length == 127:
            length, at = int.from_bytes(data[2:10], "big"), 10
        if len(data) < at + length:
            return None
        self._bytes = data[at + length :]
        return data[at : at + length]


class Sockets:
    """Many open /ws connections in one epoll."""

    def __init__(self, port: int, count: int) -> None:
        self._selector = selectors.DefaultSelector()
        self._frames: dict[socket.socket, Frames] = {}
        for _ in range(count):
            one = connect(port)
            one.setblocking(False)
            self._frames[one] = Frames()
            self._selector.register(one, selectors.EVENT_READ)
        self.count = count

    def until_all_saw(self, seq: int, seconds: float = 30) -> float:
        """Reads until each socket got a frame with at least ``seq``; the instant of the last (perf_counter)."""
        waiting = set(self._frames)
        give_up_at = time.perf_counter() + seconds
        last = time.perf_counter()
        while waiting:
            if time.perf_counter() > give_up_at:
                raise SystemExit(f"{len(waiting)} of {self.count} sockets did not get the event in {seconds} s")
            for key, _ in self._selector.select(0.5):
                one = key.fileobj
                assert isinstance(one, socket.socket)
                for frame in self._frames[one].feed(one.recv(1 << 20)):
                    if json.loads(frame).get("seq", -1) >= seq:
                        waiting.discard(one)
                        last = time.perf_counter()
        return last

    def close(self) -> None:
        for one in self._frames:
            one.close()
        self._selector.close()


def connect(port: int, path: str = "/ws") -> socket.socket:
    """An open /ws, its 101 read; what follows (hello …) is still to be read."""
    one = socket.create_connection(("127.0.0.1", port), timeout=20)
    one.sendall(HANDSHAKE.format(path=path, port=port).encode())
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        byte = one.recv(1)
        if not byte:
            raise SystemExit(f"the server closed the connection: {answer!r}")
        answer += byte
    if b" 101 " not in answer.split(b"\r\n", 1)[0]:
        raise SystemExit(f"no upgrade: {answer!r}")
    return one


def post(port: int, number: int) -> float:
    """POSTs one build on a new connection; seconds until its answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    started = time.perf_counter()
    connection.request("POST", "/ingest/github", body(number), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    if answer.status >= 300:
        raise SystemExit(f"POST answered {answer.status}")
    return time.perf_counter() - started


def head(port: int) -> int:
    one = connect(port)
    frames = Frames()
    while True:
        for frame in frames.feed(one.recv(4096)):
            one.close()
            return int(json.loads(frame)["seq"])


def memory_mib(product: Product) -> float:
    pages = [Path(f"/proc/{pid}/statm").read_text().split()[1] for pid in product.descendants()]
    return sum(int(count) for count in pages) * os.sysconf("SC_PAGE_SIZE") / 2**20


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def say(name: str, seconds: list[float]) -> None:
    print(f"{name}: median {statistics.median(seconds) * 1000:.0f} ms, p95 {quantile(seconds, 0.95) * 1000:.0f} ms")


def events(product: Product, sockets: Sockets, count: int, first: int) -> tuple[list[float], list[float]]:
    """POSTs builds one by one; latencies of the answers and of the last socket."""
    answered, reached = [], []
    seq = head(product.port)
    for number in range(first, first + count):
        started = time.perf_counter()
        answered.append(post(product.port, number))
        seq += 1
        reached.append(sockets.until_all_saw(seq) - started)
    return answered, reached


def resume(product: Product, gap: int) -> None:
    """Leaves at a seq, misses ``gap`` builds, comes back with since=: every one of them must come."""
    since = head(product.port)
    for number in range(2_000_000, 2_000_000 + gap):
        post(product.port, number)
    one = connect(product.port, f"/ws?since={since}")
    frames, got, seq = Frames(), set(), since
    while seq < since + gap:
        for frame in frames.feed(one.recv(1 << 20)):
            event = json.loads(frame)
            seq = event.get("seq", seq) if event["event"] == "build_ingested" else seq
            got |= {build["external_id"] for build in event.get("builds", [])}
    one.close()
    print(f"resume after {gap} builds: {len(got)} of {gap} came")


def with_a_client_that_never_reads(product: Product, count: int) -> None:
    """One client with tiny buffers never reads while 8 MiB of events go by; twenty others must not notice."""
    sockets = Sockets(product.port, 20)
    lazy = socket.socket()
    lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    lazy.connect(("127.0.0.1", product.port))
    lazy.sendall(HANDSHAKE.format(path="/ws", port=product.port).encode())
    before = memory_mib(product)
    pushed, seq = 0, head(product.port)
    number = 3_000_000
    while pushed < 8 * 2**20:
        for _ in range(20):
            number, pushed, seq = number + 1, pushed + post_large(product.port, number), seq + 1
        sockets.until_all_saw(seq)
    answered, reached = events(product, sockets, count, 4_000_000)
    say(f"POST with {sockets.count} sockets and one that never reads", answered)
    say("event to the last of the others", reached)
    print(f"memory {before:.0f} -> {memory_mib(product):.0f} MiB after 8 MiB of events")
    lazy.close()
    sockets.close()


def post_large(port: int, number: int) -> int:
    """A build with long names; the bytes that its frame has at least."""
    long = {"message": "m" * 500, "branch": f"b{number}" + "x" * 400, "actor": "a" * 500, "event": "e" * 500}
    large = json.dumps(json.loads(body(number)) | long)
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", "/ingest/github", large, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    if answer.status >= 300:
        raise SystemExit(f"POST answered {answer.status}")
    return len(large)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sockets", type=int, default=5000)
    parser.add_argument("--events", type=int, default=20)
    given = parser.parse_args()
    soft = given.sockets * 2 + 1000
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, max(soft, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    with tempfile.TemporaryDirectory() as folder, Product(Path(folder)) as product:
        post(product.port, 0)
        say("POST without sockets", [post(product.port, number) for number in range(1, given.events + 1)])
        empty = memory_mib(product)
        started = time.perf_counter()
        sockets = Sockets(product.port, given.sockets)
        print(f"{given.sockets} sockets open in {time.perf_counter() - started:.1f} s")
        held = memory_mib(product)
        print(f"memory {empty:.0f} -> {held:.0f} MiB, {(held - empty) * 1024 / given.sockets:.0f} KiB a socket")
        answered, reached = events(product, sockets, given.events, 10_000)
        say(f"POST with {given.sockets} sockets", answered)
        say("event to the last socket", reached)
        resume(product, 300)
        sockets.close()
        with_a_client_that_never_reads(product, given.events)


if __name__ == "__main__":
    main()
