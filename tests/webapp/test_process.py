"""The real process on loopback: what only gunicorn, gevent and sockets can show."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import websocket

from config.settings import Settings
from tests.webapp.harness import plain
from tests.webapp.process import Served, frame
from webapp.server import CANNOT_LISTEN, listening

CONFIG = """
groups:
  - {name: web-team, repos: ["acme/web*"]}
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    made = Served(tmp_path_factory.mktemp("web"), config=CONFIG).start()
    yield made
    made.stop()


def post(served: Served, **changes: object) -> httpx.Response:
    return httpx.post(f"{served.url}/ingest/github", json=plain(**changes), timeout=10)


def run_url(number: int) -> str:
    return f"https://github.com/acme/web/actions/runs/{number}"


def builds_up_to(listener: websocket.WebSocket, seq: int) -> list[Any]:
    """The builds of all frames until ``seq``; they may come in one frame or several."""
    builds: list[Any] = []
    while True:
        told = frame(listener)
        builds += told["builds"]
        if told["seq"] >= seq:
            return builds


def test_a_socket_says_hello_and_then_every_build_of_either_process_within_a_second(served: Served) -> None:
    listener = served.socket()
    hello = frame(listener)
    assert hello["event"] == "hello"
    started = time.monotonic()
    assert post(served, url=run_url(100)).status_code == 201
    told = frame(listener)
    assert time.monotonic() - started < 1
    assert (told["event"], told["seq"]) == ("build_ingested", hello["seq"] + 1)
    assert told["builds"][0] == httpx.get(f"{served.url}/builds/latest").json()["builds"][0]
    started = time.monotonic()
    seq = served.record(url=run_url(101))
    assert frame(listener)["seq"] == seq
    assert time.monotonic() - started < 1
    listener.close()


def test_a_socket_resumes_where_it_was(served: Served) -> None:
    listener = served.socket()
    seq = frame(listener)["seq"]
    listener.close()
    for number in (200, 201, 202):
        served.record(url=run_url(number))
    again = served.socket(f"?since={seq}")
    assert frame(again) == {"event": "hello", "seq": seq}
    assert len(builds_up_to(again, seq + 3)) == 3
    again.close()


def test_a_seq_from_the_future_resets(served: Served) -> None:
    listener = served.socket("?since=999999999")
    hello, reset = frame(listener), frame(listener)
    assert (hello["event"], reset["event"]) == ("hello", "reset")
    assert hello["seq"] == reset["seq"] < 999999999
    listener.close()


def test_a_socket_hears_what_it_asked_for_only(served: Served) -> None:
    narrow = served.socket("?repo=ACME/API&branch=main")
    of_group = served.socket("?group=web-team")
    frame(narrow), frame(of_group)
    served.record(url=run_url(300))
    served.record(repo="acme/api", url="https://github.com/acme/api/actions/runs/301")
    assert [build["repo"] for build in frame(narrow)["builds"]] == ["acme/api"]
    assert [build["repo"] for build in frame(of_group)["builds"]] == ["acme/web"]
    narrow.close()
    of_group.close()


@pytest.mark.parametrize("query", ["?status=failure", "?q=x", "?colour=red", "?since=x", "?since=-1", "?group=nobody"])
def test_a_wrong_filter_is_refused_before_the_upgrade(served: Served, query: str) -> None:
    with pytest.raises(websocket.WebSocketBadStatusException) as caught:
        served.socket(query)
    assert caught.value.status_code == 422


@pytest.mark.parametrize("origin", ["https://evil.com", "null", "http://127.0.0.1:1", "http://localhost.evil.com"])
def test_a_foreign_page_gets_no_socket(served: Served, origin: str) -> None:
    with pytest.raises(websocket.WebSocketBadStatusException) as caught:
        served.socket(origin=origin)
    assert caught.value.status_code == 403


def test_our_own_page_and_programs_without_an_origin_get_one(served: Served) -> None:
    for kwargs in ({"origin": served.url}, {"suppress_origin": True}):
        listener = served.socket(**kwargs)
        assert frame(listener)["event"] == "hello"
        listener.close()


def how_it_ends(listener: websocket.WebSocket, text: str) -> int | str:
    """The code that the server closes with after ``text``; a reset overtakes it where the text is still on its way."""
    try:
        listener.send(text)
        opcode, data = listener.recv_data()
    except (ConnectionResetError, BrokenPipeError):
        return "reset"
    assert opcode == websocket.ABNF.OPCODE_CLOSE
    return int.from_bytes(data[:2], "big")


def test_what_clients_send_is_ignored_and_too_much_of_it_ends_the_socket(served: Served) -> None:
    listener = served.socket()
    frame(listener)
    listener.send('{"subscribe": "everything"}')
    listener.send_binary(b"\x00\xff")
    listener.ping()
    served.record(url=run_url(400))
    assert frame(listener)["event"] == "build_ingested"
    assert how_it_ends(listener, "x" * 100_000) in (1009, "reset")


def test_a_compressing_client_is_answered_without_compression(served: Served) -> None:
    listener = served.socket(header=["Sec-WebSocket-Extensions: permessage-deflate"])
    assert "sec-websocket-extensions" not in listener.headers
    assert frame(listener)["event"] == "hello"
    listener.close()


def handshake(served: Served, *lines: str) -> bytes:
    fixed = ("GET /ws HTTP/1.1", f"Host: 127.0.0.1:{served.port}", "Upgrade: websocket", "Connection: Upgrade")
    return "\r\n".join((*fixed, *lines, "", "")).encode()


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("Sec-WebSocket-Version: 13",),
        ("Sec-WebSocket-Version: 8", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol: ,,"),
    ],
)
def test_a_broken_handshake_is_a_400_or_still_a_socket_but_never_a_500(served: Served, lines: tuple[str, ...]) -> None:
    status = served.raw(handshake(served, *lines), seconds=2).split(b" ", 2)[1]
    assert status in (b"400", b"101")


@pytest.mark.parametrize(
    "data",
    [
        b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00",
        b"\x81\x05hello",
        b"\xf1\x80\x00\x00\x00\x00",
        b"\x89\xfe\x00\x7e\x00\x00\x00\x00" + b"x" * 126,
        b"\x81\x82\x00\x00\x00\x00\xff\xfe",
        b"\x01\x80\x00\x00\x00\x00" + b"\x00\x80\x00\x00\x00\x00" * 10_000,
    ],
)
def test_hostile_frames_end_their_own_socket_at_most(served: Served, data: bytes) -> None:
    key = ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
    with socket.create_connection(("127.0.0.1", served.port), timeout=2) as plug:
        plug.sendall(handshake(served, *key))
        assert b" 101 " in plug.recv(4096)
        plug.sendall(data)
        time.sleep(0.2)
    listener = served.socket()
    assert frame(listener)["event"] == "hello"
    listener.close()


def test_a_client_that_does_not_read_is_dropped_and_costs_the_others_nothing(served: Served) -> None:
    lazy = socket.create_connection(("127.0.0.1", served.port))
    lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    key = ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
    lazy.sendall(handshake(served, *key))
    quick = served.socket()
    frame(quick)
    jobs = [{"name": "x" * 500, "status": "success"} for _ in range(3)]
    wide = {"message": "m" * 4000, "commit": "c" * 500, "actor": "a" * 500, "event": "e" * 500, "jobs": jobs}
    total, number = 0, 0
    while total < 9 * 1024 * 1024:
        for _ in range(100):
            number += 1
            seq = served.record(url=run_url(10_000 + number), **wide)
        total += len(json.dumps(builds_up_to(quick, seq)))
    deadline = time.monotonic() + 12
    while time.monotonic() < deadline and sockets_dropped(served) == 0:
        time.sleep(0.2)
    assert sockets_dropped(served) == 1
    served.record(url=run_url(9_999))
    assert frame(quick)["event"] == "build_ingested"
    quick.close()
    lazy.close()


def sockets_dropped(served: Served) -> int:
    text = httpx.get(f"{served.url}/metrics").text
    line = next(line for line in text.splitlines() if line.startswith("cihealth_sockets_dropped_total "))
    return int(float(line.split()[1]))


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"POST /ingest/github HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
        (b"POST /ingest/github HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", None),
        (
            (
                b"POST /ingest/github HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
                b"Content-Length: 5\r\n\r\n0\r\n\r\n"
            ),
            b"400",
        ),
        (b"POST /ingest/github HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n", b"501"),
        (b"POST /ingest/github HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST /ingest/github HTTP/1.1\r\nHost: localhost\r\nContent-Length: 26214401\r\n\r\n", None),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nSCRIPT_NAME: /x\r\n\r\n", b"200"),
        (b"GET /builds HTTP/1.1\r\nHost: localhost\r\nScript-Name: /x\r\n\r\n", b"200"),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", b"431"),
        (b"TRACE /ingest/github HTTP/1.1\r\nHost: localhost\r\n\r\n", b"405"),
        (b"GET /builds HTTP/1.1\r\nHost: evil.com\r\n\r\n", b"403"),
        (b"GET /builds HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /builds/\xff HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400"),
        (b"GET /builds/%ff%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", b"404"),
        (b"GET //builds HTTP/1.1\r\nHost: localhost\r\n\r\n", b"200"),
        (b"nonsense\r\n\r\n", b"400"),
    ],
)
def test_hostile_requests_get_an_answer_of_their_own(
    served: Served, request_bytes: bytes, status: bytes | None
) -> None:
    answer = served.raw(request_bytes, seconds=2)
    if status is not None:
        assert answer.split(b" ", 2)[1] == status, answer[:500]
    assert b" 500 " not in answer[:40]
    assert httpx.get(f"{served.url}/healthz").status_code == 200


def test_half_open_requests_do_not_keep_others_from_theirs(served: Served) -> None:
    open_ones = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(100)]
    for plug in open_ones:
        plug.sendall(b"POST /ingest/github HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{")
    started = time.monotonic()
    assert httpx.get(f"{served.url}/builds", timeout=5).status_code == 200
    assert time.monotonic() - started < 2
    for plug in open_ones:
        plug.close()


def test_a_body_over_the_limit_is_told_so_instead_of_cut_off(served: Served) -> None:
    response = httpx.post(f"{served.url}/ingest/github", content=b"x" * (25 * 1024 * 1024 + 1), timeout=30)
    assert response.status_code == 413
    assert response.json()["error"]["code"] == "too_large"


def test_posts_at_once_are_all_stored_once(served: Served) -> None:
    def one(number: int) -> int:
        return post(served, url=run_url(50_000 + number % 40)).status_code

    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(one, range(80)))
    assert sorted(set(statuses)) == [200, 201]
    assert statuses.count(201) == 40


def test_a_lock_held_elsewhere_stalls_neither_reads_nor_probes(served: Served) -> None:
    with ThreadPoolExecutor(1) as pool:
        with served.database.writing():
            waiting = pool.submit(post, served, url=run_url(60_000))
            time.sleep(0.2)
            assert httpx.get(f"{served.url}/builds").status_code == 200
            assert httpx.get(f"{served.url}/healthz").status_code == 200
            assert not waiting.done(), "the reads were answered while the post waits for the lock"
        assert waiting.result(10).status_code == 201


def test_term_ends_it_within_five_seconds_with_sockets_open_and_code_0(tmp_path: Path) -> None:
    made = Served(tmp_path).start()
    listeners = [made.socket() for _ in range(20)]
    for listener in listeners:
        frame(listener)
    assert made.stop() < 5
    assert made.process is not None
    assert made.process.returncode == 0
    for listener in listeners:
        with pytest.raises((websocket.WebSocketConnectionClosedException, OSError, ValueError)):
            frame(listener)
        listener.shutdown()  # type: ignore[no-untyped-call]
    assert "Traceback" not in made.output


def test_it_leaves_when_its_parents_pipe_closes(tmp_path: Path) -> None:
    reading, held = os.pipe()
    made = Served(tmp_path, env={"CIHEALTH_PARENT_FD": str(reading)}).start(pass_fds=(reading,))
    os.close(reading)
    os.close(held)
    assert made.process is not None
    made.process.wait(6)
    made.stop()


def test_a_wrong_configuration_ends_it_with_code_2_and_says_why(tmp_path: Path) -> None:
    made = Served(tmp_path, env={"CIHEALTH_HOST": "0.0.0.0"})
    with pytest.raises(AssertionError, match="no password is set"):
        made.start()
    assert made.process is not None
    assert made.process.returncode == 2
    made.stop()


def test_ctrl_c_ends_it_too(tmp_path: Path) -> None:
    made = Served(tmp_path).start()
    assert made.process is not None
    os.killpg(made.process.pid, signal.SIGINT)
    made.process.wait(6)
    assert made.process.returncode in (0, 130)
    made.stop()


@pytest.mark.parametrize(("supervised", "code"), [(False, 1), (True, CANNOT_LISTEN)])
def test_a_port_that_is_taken_meanwhile_is_told_in_one_sentence(tmp_path: Path, supervised: bool, code: int) -> None:
    reading, writing = os.pipe()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        env = {"CIHEALTH_PORT": port} | ({"CIHEALTH_PARENT_FD": str(reading)} if supervised else {})
        made = Served(tmp_path, env=env)
        with pytest.raises(AssertionError, match="did not start"):
            made.start(pass_fds=(reading,))
    assert made.process is not None
    assert made.process.returncode == code
    (said,) = made.output.splitlines()
    assert f"port {port} on 127.0.0.1 is in use" in said
    os.close(reading)
    os.close(writing)


def test_a_port_that_a_killed_predecessor_leaves_within_moments_is_waited_for() -> None:
    taken = socket.create_server(("127.0.0.1", 0))
    port = taken.getsockname()[1]
    leaving = threading.Timer(0.3, taken.close)
    leaving.start()
    with listening(Settings(port=port)) as ours:
        assert ours.getsockname()[1] == port
    leaving.join()
