from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import gevent
import pytest
from flask import Flask, Request
from werkzeug.test import EnvironBuilder

from webapp import body
from webapp.body import MAX_BODY_BYTES, parse_json, read_body
from webapp.errors import Refused


def request_with(data: bytes = b"", environ: Mapping[str, Any] | None = None, **told: str) -> Request:
    made = EnvironBuilder(method="POST", data=data).get_environ()
    made.update({**(environ or {}), **told})
    return Flask(__name__).request_class(made)


def refused(call: Any, *args: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        call(*args)
    return caught.value


def test_a_body_is_read_whole() -> None:
    assert read_body(request_with(b'{"a": 1}')) == b'{"a": 1}'
    assert read_body(request_with(b"")) == b""


def test_a_body_of_exactly_the_limit_is_taken_and_one_byte_more_is_not() -> None:
    assert len(read_body(request_with(b"x" * MAX_BODY_BYTES))) == MAX_BODY_BYTES
    assert refused(read_body, request_with(b"x" * (MAX_BODY_BYTES + 1))).status == 413


def test_a_body_without_a_told_length_is_bounded_too() -> None:
    endless = request_with(environ={"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": io.BytesIO(b"x" * 30_000_000)})
    endless.environ.pop("CONTENT_LENGTH", None)
    assert refused(read_body, endless).status == 413


def test_a_compressed_body_is_refused_whatever_it_unpacks_to() -> None:
    assert refused(read_body, request_with(b"\x1f\x8b", HTTP_CONTENT_ENCODING="gzip")).status == 415
    assert read_body(request_with(b"{}", HTTP_CONTENT_ENCODING="identity")) == b"{}"


def test_a_body_that_ends_early_is_refused() -> None:
    assert refused(read_body, request_with(b"abc", CONTENT_LENGTH="10")).status == 400


def test_a_body_that_comes_too_slowly_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Dripping:
        def read(self, size: int) -> bytes:
            gevent.sleep(0.05)
            return b"x"

    monkeypatch.setattr(body, "BODY_SECONDS", 0.2)
    assert refused(read_body, request_with(environ={"wsgi.input": Dripping(), "CONTENT_LENGTH": "1000"})).status == 408


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"{} trailing",
        b"\xff\xfe{}",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": "\\ud800"}',
        b'{"\\udfff": 1}',
        b'{"a": ' + b"1" * 5000 + b"}",
        b'{"a":' * 50_000,
        ('{"a":' * 32 + "[1]" + "}" * 32).encode(),
    ],
)
def test_what_is_no_plain_json_is_refused_with_400(raw: bytes) -> None:
    assert refused(parse_json, raw).status == 400


@pytest.mark.parametrize("value", ["x", 1, [], None, True, {"a": [{"b": "\u00e9\U0001f600"}]}])
def test_any_json_value_is_read_as_it_is(value: object) -> None:
    assert parse_json(json.dumps(value).encode()) == value
    assert parse_json(b"\xef\xbb\xbf" + json.dumps(value).encode()) == value


def test_thirty_two_levels_are_fine() -> None:
    assert parse_json(b"[" * 32 + b"1" + b"]" * 32) is not None
    assert refused(parse_json, b"[" * 33 + b"1" + b"]" * 33).status == 400


def test_a_hundred_thousand_keys_are_read() -> None:
    wide = {f"key{number}": number for number in range(100_000)}
    assert parse_json(json.dumps(wide).encode()) == wide
