"""Reading a request's body within bounds: size, time, nesting, and only plain JSON."""

from __future__ import annotations

import json
from typing import Any

import gevent
from flask import Request

from webapp.errors import Refused

MAX_BODY_BYTES = 25 * 1024 * 1024
MAX_DEPTH = 32
BODY_SECONDS = 30.0
_DRAIN_SECONDS = 5.0
_CHUNK = 256 * 1024


def read_body(request: Request) -> bytes:
    """The whole body. Raises Refused: 413 (over 25 MiB), 408 (slower than 30 s), 415 (Content-Encoding), 400 (cut)."""
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        drain(request)
        raise Refused(415, "Content-Encoding: send the body as it is, uncompressed", field="Content-Encoding")
    length = request.content_length
    if length is not None and length > MAX_BODY_BYTES:
        drain(request)
        raise Refused(413, "the body is larger than 25 MiB")
    body = _read_bounded(request)
    if length is not None and len(body) < length:
        raise Refused(400, f"the body ended after {len(body)} of {length} bytes", headers={"Connection": "close"})
    return body


def _read_bounded(request: Request) -> bytes:
    source = request.environ["wsgi.input"]
    left = request.content_length if request.content_length is not None else MAX_BODY_BYTES + 1
    if request.content_length is None and "HTTP_TRANSFER_ENCODING" not in request.environ:
        return b""
    chunks: list[bytes] = []
    try:
        with gevent.Timeout(BODY_SECONDS):
            while left > 0 and (chunk := source.read(min(left, _CHUNK))):
                chunks.append(chunk)
                left -= len(chunk)
    except gevent.Timeout as exc:
        raise Refused(
            408, f"the body did not arrive within {BODY_SECONDS:.0f} seconds", headers={"Connection": "close"}
        ) from exc
    if request.content_length is None and left <= 0:
        raise Refused(413, "the body is larger than 25 MiB", headers={"Connection": "close"})
    return b"".join(chunks)


def drain(request: Request) -> None:
    """Read and forget what the client still sends, for a while: closing at once would cut our answer off, too."""
    left = min(request.content_length or 0, 4 * MAX_BODY_BYTES)
    with gevent.Timeout(_DRAIN_SECONDS, False):
        while left > 0 and (chunk := request.environ["wsgi.input"].read(min(left, _CHUNK))):
            left -= len(chunk)


def parse_json(body: bytes) -> Any:
    """The JSON value of a body. Raises Refused(400) for no JSON, NaN, too deep, lone surrogates or endless digits."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise Refused(400, "the body is not UTF-8") from exc
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except RecursionError as exc:
        raise Refused(400, f"the JSON is nested deeper than {MAX_DEPTH} levels") from exc
    except ValueError as exc:
        raise Refused(400, f"the body is not JSON: {str(exc)[:200]}") from exc
    _check(value)
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _check(value: Any) -> None:
    """Depth by levels, without recursion; and no text that UTF-8 cannot hold."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return
    raise Refused(400, f"the JSON is nested deeper than {MAX_DEPTH} levels")


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value.values(), *value.keys()]
    if isinstance(value, list):
        return value
    if isinstance(value, str) and _has_surrogate(value):
        raise Refused(400, "a text of the body holds half of a surrogate pair, which is no character")
    return []


def _has_surrogate(text: str) -> bool:
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
