"""JSON answers: written once here, so that instants, ETags and 304 are the same everywhere."""

from __future__ import annotations

import gzip
import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Response, request

from collector.domain.times import to_api

WORTH_ZIPPING_BYTES = 1400
"""What fits one packet anyway gains nothing."""
QUICK = 3


def dumps(value: Any) -> str:
    """Compact JSON; instants as RFC 3339 UTC. Raises ValueError for NaN, which is no JSON."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_default)


def _default(value: object) -> object:
    if isinstance(value, datetime):
        return to_api(value)
    raise TypeError(f"{type(value).__name__} has no place in an answer")


def answer(value: Any, status: int = 200) -> Response:
    """``value`` as JSON; a GET that asks with the same ETag again gets 304 and no body."""
    return answer_text(dumps(value), status)


def answer_text(text: str, status: int = 200) -> Response:
    """``answer`` for JSON that is written already; zipped for a client that takes gzip, where that gains anything."""
    body = text.encode()
    zipped = len(body) >= WORTH_ZIPPING_BYTES and request.accept_encodings["gzip"] > 0
    response = Response(gzip.compress(body, QUICK, mtime=0) if zipped else body, status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Vary"] = "Accept-Encoding"
    if zipped:
        response.headers["Content-Encoding"] = "gzip"
    return _conditional(response) if status == 200 else response


def file_response(path: Path, mimetype: str) -> Response:
    """A small file, read whole."""
    return _conditional(Response(path.read_bytes(), mimetype=mimetype))


def _conditional(response: Response) -> Response:
    if request.method == "GET":
        response.set_etag(hashlib.blake2b(response.get_data(), digest_size=12).hexdigest())
        response.make_conditional(request.environ)
    return response
