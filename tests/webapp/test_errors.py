from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from collector import ingest
from collector.storage.errors import Unavailable
from tests.webapp.harness import Web, plain


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/builds/", 404, "not_found"),
        ("GET", "/ingest/..;/admin", 404, "not_found"),
        ("GET", "/ingest/github", 405, "method_not_allowed"),
        ("PUT", "/ingest/github", 405, "method_not_allowed"),
        ("TRACE", "/ingest/github", 405, "method_not_allowed"),
        ("POST", "/builds", 405, "method_not_allowed"),
        ("DELETE", "/builds/1", 405, "method_not_allowed"),
        ("GET", "/ws", 400, "bad_request"),
        ("GET", "/builds?x=1", 422, "invalid"),
    ],
)
def test_refusals_have_one_shape(web: Web, method: str, path: str, status: int, code: str) -> None:
    response = web.client.open(path, method=method)
    assert response.status_code == status
    error = response.get_json()["error"]
    assert error["code"] == code
    assert error["message"]
    assert response.mimetype == "application/json"


def test_405_says_which_methods_there_are(web: Web) -> None:
    assert "POST" in web.get("/ingest/github").headers["Allow"]
    assert web.client.options("/ingest/github").status_code == 200


def test_head_answers_as_get_does_without_a_body(web: Web) -> None:
    response = web.client.head("/builds")
    assert (response.status_code, response.get_data()) == (200, b"")


@pytest.fixture
def broken(web: Web, monkeypatch: pytest.MonkeyPatch) -> Web:
    """An app whose disk is full."""

    @contextmanager
    def unavailable() -> Iterator[None]:
        raise Unavailable("database or disk is full")
        yield

    monkeypatch.setattr(web.database, "reading", unavailable)
    monkeypatch.setattr(web.database, "writing", unavailable)
    return web


def test_a_database_that_cannot_be_used_is_a_503_that_says_when_to_try_again(broken: Web) -> None:
    for response in (broken.post(), broken.get("/builds"), broken.get("/metrics/summary"), broken.get("/sources")):
        assert response.status_code == 503
        assert response.get_json()["error"]["code"] == "unavailable"
        assert int(response.headers["Retry-After"]) > 0
    assert broken.get("/healthz").status_code == 200


def test_what_nobody_foresaw_is_a_500_without_any_detail_and_the_next_post_works(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ingest.record

    def slip(*args: Any, **kwargs: Any) -> Any:
        raise KeyError("secret detail")

    monkeypatch.setattr(ingest, "record", slip)
    response = web.post(body=plain())
    assert response.status_code == 500
    assert response.get_json()["error"]["code"] == "internal"
    assert "secret detail" not in response.get_data(as_text=True)
    monkeypatch.setattr(ingest, "record", real)
    assert web.post(body=plain()).status_code == 201
