"""The HTTP client against a real server on loopback that lies, dribbles, bombs and points elsewhere."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler

import httpx
import pytest

from collector.domain.errors import BadAnswer, Unreachable
from collector.providers.http import Http, Reply, http_date, origin_of
from collector.providers.tail import get_tail
from tests.collector.providers.loopback import Answer, Server, answer, serving


@contextmanager
def reading(server: Server, attempts: int = 1, token: str = "secret") -> Iterator[Http]:
    http = Http(server.url, headers=lambda: {"Authorization": f"Bearer {token}"}, attempts=attempts)
    try:
        yield http
    finally:
        http.close()


def test_a_body_is_unpacked_and_read_whole() -> None:
    packed = gzip.compress(b'{"a": 1}')
    with serving({"/a": answer(200, packed, Content_Encoding="gzip")}) as server, reading(server) as http:
        assert http.get("a").json() == {"a": 1}


def test_a_304_that_names_a_coding_and_has_no_body_is_an_answer() -> None:
    with serving({"/a": answer(304, Content_Encoding="gzip")}) as server, reading(server) as http:
        assert http.get("a", etag='W/"1"').status == 304
        assert server.asked[0][1]["If-None-Match"] == 'W/"1"'


def test_a_gzip_bomb_is_given_up_at_the_limit_without_being_unpacked_whole() -> None:
    bomb = gzip.compress(b"\0" * 64_000_000)
    with (
        serving({"/a": answer(200, bomb, Content_Encoding="gzip")}) as server,
        reading(server) as http,
        pytest.raises(BadAnswer, match="more than 1024 KiB"),
    ):
        http.get("a", max_bytes=1024 * 1024)


def test_a_body_cut_inside_its_compression_is_no_answer() -> None:
    cut = gzip.compress(b"x" * 10_000)[:-6]
    with (
        serving({"/a": answer(200, cut, Content_Encoding="gzip")}) as server,
        reading(server) as http,
        pytest.raises(Unreachable, match="ends in the middle"),
    ):
        http.get("a")


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip"])
def test_a_coding_that_was_not_asked_for_is_refused(coding: str) -> None:
    with (
        serving({"/a": answer(200, b"x", Content_Encoding=coding)}) as server,
        reading(server) as http,
        pytest.raises(BadAnswer, match="not asked for"),
    ):
        http.get("a")


def test_garbage_that_claims_to_be_gzip_is_a_bad_answer() -> None:
    with (
        serving({"/a": answer(200, b"not gzip", Content_Encoding="gzip")}) as server,
        reading(server) as http,
        pytest.raises(BadAnswer, match="unpacked"),
    ):
        http.get("a")


def test_an_endless_body_is_given_up_at_the_limit() -> None:
    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(b"x" * 65536)

    with serving({"/a": endless}) as server, reading(server) as http, pytest.raises(BadAnswer, match="more than"):
        http.get("a", max_bytes=300_000)


def dribble(first: bytes) -> Answer:
    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(first)
        for _ in range(200):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.05)

    return send


@pytest.mark.parametrize(
    "first",
    [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"],
    ids=["headers", "body"],
)
def test_a_server_that_sends_a_byte_now_and_then_is_left_at_the_total_deadline(first: bytes) -> None:
    with serving({"/a": dribble(first)}) as server, reading(server) as http:
        begun = time.monotonic()
        with pytest.raises(Unreachable, match=r"total deadline|ReadTimeout"):
            http.get("a", deadline_seconds=0.5)
        assert time.monotonic() - begun < 3


def test_a_cut_body_is_tried_again_and_then_unreachable() -> None:
    with serving({"/a": answer(200, b"half", Content_Length="100", Connection="close")}) as server:
        server.answers["/a"] = _closing(server.answers["/a"])
        with reading(server, attempts=2) as http, pytest.raises(Unreachable):
            http.get("a")
        assert len(server.asked) == 2


def _closing(inner: Answer) -> Answer:
    def send(handler: BaseHTTPRequestHandler) -> None:
        inner(handler)
        handler.close_connection = True

    return send


def test_a_5xx_is_tried_again_and_returned_when_it_stays() -> None:
    with serving({"/a": answer(502, b"bad")}) as server, reading(server, attempts=3) as http:
        assert http.get("a").status == 502
        assert len(server.asked) == 3


def test_a_503_that_says_when_to_come_back_is_not_asked_again_at_once() -> None:
    with serving({"/a": answer(503, Retry_After="60")}) as server, reading(server, attempts=3) as http:
        assert http.get("a").status == 503
        assert len(server.asked) == 1


def test_a_refused_connection_is_unreachable_and_says_what_to_check() -> None:
    with serving({}) as server:
        url = server.url
    http = Http(url, attempts=1)
    with pytest.raises(Unreachable, match="no answer from http") as caught:
        http.get("a")
    http.close()
    assert "check the address" in caught.value.advice


@pytest.mark.parametrize("status", [301, 307, 308])
def test_a_renamed_repo_is_followed_on_its_host_with_the_same_credentials_and_question(status: int) -> None:
    answers = {"/old": answer(status, Location="/repositories/1"), "/repositories/1": answer(200, b"[]")}
    with serving(answers) as server, reading(server) as http:
        assert http.get("old?per_page=100", redirects=3).json() == []
        assert server.asked[1][0] == "/repositories/1?per_page=100"
        assert server.asked[1][1]["Authorization"] == "Bearer secret"


def test_redirects_are_returned_unless_asked_for_and_302_always() -> None:
    answers = {"/old": answer(301, Location="/new"), "/found": answer(302, Location="/new")}
    with serving(answers) as server, reading(server) as http:
        assert (http.get("old").status, http.get("found", redirects=3).status) == (301, 302)
        assert http.get("old").location == f"{server.url}/new"


def test_a_redirect_loop_ends() -> None:
    with serving({"/a": answer(301, Location="/a")}) as server, reading(server) as http:
        assert http.get("a", redirects=3).status == 301
        assert len(server.asked) == 4


def test_credentials_never_go_to_another_host_by_redirect_or_address() -> None:
    with serving({"/x": answer(200)}) as other, serving({"/a": answer(301, Location=f"{other.url}/x")}) as server:
        with reading(server) as http:
            with pytest.raises(BadAnswer, match="another host"):
                http.get("a", redirects=3)
            with pytest.raises(BadAnswer, match="another host"):
                http.get(f"{other.url}/x")
        assert other.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "http://127.0.0.1:99999/x",
        "http://[::1/x",
        "http://evil.example@127.0.0.2/x",
        "http:///x",
    ],
)
def test_addresses_elsewhere_or_of_other_kinds_are_refused_before_anything_is_sent(url: str) -> None:
    with serving({}) as server, reading(server) as http:
        with pytest.raises(BadAnswer):
            http.get(url)
        assert server.asked == []


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[NaN]", b"[1, Infinity]", b'{"a":' * 100_000, b"\xff", b'{"a": 1} x']
)
def test_what_is_not_json_is_a_bad_answer_that_names_the_address(body: bytes) -> None:
    reply = Reply(200, httpx.Headers({"Content-Type": "text/html"}), body, "https://h/x")
    with pytest.raises(BadAnswer, match="https://h/x answered 200 with text/html"):
        reply.json()


@pytest.mark.parametrize("etag", ['"é"', "unquoted", '"a"b"', '"' + "x" * 300 + '"'])
def test_an_etag_that_http_does_not_allow_is_not_sent_back(etag: str) -> None:
    assert Reply(200, httpx.Headers([(b"ETag", etag.encode())]), b"", "u").etag is None


def test_the_next_page_is_followed_as_it_is_given() -> None:
    link = '<https://h/repositories/1/runs?page=2>; rel="next", <https://h/x>; rel="last"'
    asked = "https://h/repos/o/r/runs"
    assert Reply(200, httpx.Headers({"Link": link}), b"", asked).next_url == "https://h/repositories/1/runs?page=2"
    assert Reply(200, httpx.Headers(), b"", asked).next_url is None
    assert Reply(200, httpx.Headers([(b"Link", "<é".encode())]), b"", asked).next_url is None


def test_only_the_end_of_a_long_log_is_kept_and_no_credentials_are_sent() -> None:
    log = b"".join(b"line %d\n" % number for number in range(100_000))
    with serving({"/log": answer(200, log)}) as server:
        tail = get_tail(f"{server.url}/log?sig=1", keep_bytes=1000, max_bytes=10_000_000)
        assert (tail.kept, tail.total) == (log[-1000:], len(log))
        assert "Authorization" not in server.asked[0][1]


def test_a_log_beyond_the_limit_is_refused_without_showing_its_signed_address() -> None:
    with serving({"/log": answer(200, b"x" * 100_000)}) as server:
        with pytest.raises(BadAnswer) as caught:
            get_tail(f"{server.url}/log?sig=SECRET", keep_bytes=10, max_bytes=50_000)
        assert "SECRET" not in str(caught.value)


def test_a_log_host_that_is_away_is_unreachable_without_showing_its_signed_address() -> None:
    with serving({}) as server:
        url = server.url
    with pytest.raises(Unreachable) as caught:
        get_tail(f"{url}/log?sig=SECRET", keep_bytes=10, max_bytes=10)
    assert "SECRET" not in str(caught.value)


def test_origins_leave_default_ports_and_case_out() -> None:
    assert origin_of("HTTPS://GitHub.com:443/x") == "https://github.com"


def test_a_name_that_is_not_resolved_is_unreachable_and_says_so() -> None:
    http = Http("http://ci-health.invalid", attempts=1)
    with pytest.raises(Unreachable, match=r"ci-health\.invalid is not resolved") as caught:
        http.get("a")
    http.close()
    assert "DNS" in caught.value.advice


def test_a_resolver_that_hangs_is_left_at_the_total_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    let_go = threading.Event()

    def hang(*_: object, **__: object) -> list[object]:
        let_go.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    http = Http("http://slow.example", attempts=1)
    begun = time.monotonic()
    with pytest.raises(Unreachable, match="is not resolved after"):
        http.get("a", deadline_seconds=0.5)
    assert time.monotonic() - begun < 3
    let_go.set()
    http.close()


def test_the_next_address_of_a_host_is_tried_when_one_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving({"/a": answer(200, b"1")}) as server:
        port = server.server_port
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in ("127.0.0.77", "127.0.0.1")]
        real = socket.getaddrinfo

        def resolve(host: str, *args: object, **keys: object) -> object:
            return found if host == "two.example" else real(host, *args, **keys)  # type: ignore[arg-type]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        http = Http(f"http://two.example:{port}", attempts=1)
        assert http.get("a").json() == 1
        http.close()


def test_a_server_that_speaks_no_tls_is_unreachable_and_says_what_to_check() -> None:
    with serving({}) as server:
        http = Http(server.url.replace("http:", "https:"), attempts=1)
        with pytest.raises(Unreachable) as caught:
            http.get("a", deadline_seconds=5)
        http.close()
    assert "https or http" in caught.value.advice


@pytest.mark.parametrize(("ahead", "told"), [(0, 0.0), (3, 0.0), (-7200, -7200.0), (90, 90.0)])
def test_how_far_the_servers_clock_is_ahead_is_told_by_its_date(ahead: int, told: float) -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def dated(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response_only(200)
        handler.send_header("Date", format_datetime(now + timedelta(seconds=ahead), usegmt=True))
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with serving({"/a": dated}) as server:
        http = Http(server.url, clock=lambda: now)
        assert http.clock_offset_seconds is None
        reply = http.get("a")
        http.close()
    assert http.clock_offset_seconds == told
    assert 0 < reply.seconds < 5


@pytest.mark.parametrize("text", [None, "", "yesterday", "Sun, 01 Mar 2026 12:00:00", "Sun, 99 Mar 99999 12:00:00 GMT"])
def test_what_is_no_http_date_is_none(text: str | None) -> None:
    assert http_date(text) is None
