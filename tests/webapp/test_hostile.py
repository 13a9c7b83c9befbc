"""Hostile bodies, correctly signed or plainly posted: an answer of 2xx or 4xx each time, and the pages still render."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.webapp.conftest import MakeWeb
from tests.webapp.harness import Web, jenkins_event, plain, run_event

SECRET = "right"
CONFIG = {"sources": [{"name": "acme", "provider": "github", "webhook_secrets": ["${SECRET}"]}]}

SHAPES: list[bytes] = [
    b"", b"[]", b'"x"', b"1", b"null", b"true", b"{}", b'{"a":' * 50_000, b"[" * 100_000, b"\xef\xbb\xbf{}",
    b"\xff\xfe\x00", b'{"workflow_run": null}', b'{"workflow_run": []}', b'{"workflow_run": {}}',
    b'{"action": "completed", "workflow_run": {"id": 1}}', b'{"action": 1, "workflow_run": {"id": "x"}}',
    b'{"__proto__": {"a": 1}, "constructor": 1}', b'{"id": ' + b"9" * 5000 + b"}",
    b'{"workflow_run": {"head_branch": "\\ud800"}}', b'{"a": NaN}', b"{'a': 1}", b'{"a": 1} trailing',
]  # fmt: skip

RUN_FIELDS: list[dict[str, Any]] = [
    {"id": 2**63}, {"id": -1}, {"id": "x"}, {"id": None}, {"id": 1.5}, {"id": True}, {"run_attempt": 0},
    {"run_attempt": -1}, {"run_attempt": 2**31}, {"run_attempt": "2"}, {"head_branch": {"a": 1}},
    {"head_branch": None}, {"head_branch": "x" * 5_000_000}, {"head_branch": "\u202e\u0000evil"},
    {"head_branch": "refs/heads/-rf"}, {"head_branch": "$(id)`id`;id"}, {"head_branch": "m\u0430in "},
    {"conclusion": "startup_failure"}, {"conclusion": "stale"}, {"conclusion": "neutral"},
    {"conclusion": "action_required"}, {"conclusion": "never heard of"}, {"conclusion": None}, {"conclusion": 7},
    {"status": "COMPLETED"}, {"status": None}, {"html_url": "javascript:alert(1)"}, {"html_url": "//evil"},
    {"html_url": "data:text/html,x"}, {"html_url": "https://github.com/" + "x" * 8192}, {"html_url": None},
    {"created_at": "2024-06-30T23:59:60Z"}, {"run_started_at": "9999-12-31T23:59:59Z"},
    {"updated_at": "2024-02-30T00:00:00Z"}, {"updated_at": "2024-02-20T00:00:00+99:99"},
    {"run_started_at": "2024-02-20T00:00:00"}, {"run_started_at": 1e308}, {"updated_at": "2106-02-07T06:28:16Z"},
    {"updated_at": "2020-01-01T00:00:00Z"}, {"name": "<script>alert(1)</script>"}, {"name": "{{7*7}}${7*7}%s%n"},
    {"name": ""}, {"name": "a\r\nBcc: x"}, {"name": "\x1b]0;pwn\x07"}, {"actor": None},
    {"actor": {"login": "x" * 9999}},
    {"head_commit": None}, {"head_commit": {"message": "m" * 1_000_000}}, {"repository": None},
    {"head_repository": None}, {"workflow_id": None}, {"workflow_id": "x"}, {"path": 7}, {"event": ["push"]},
]  # fmt: skip

BUILD_FIELDS: list[dict[str, Any]] = [
    {"duration": -1}, {"duration": "x"}, {"duration": 1e308}, {"duration": 2**70}, {"timestamp": 1769853600},
    {"timestamp": -62135596800001}, {"timestamp": 253402300800000}, {"timestamp": "inf"}, {"timestamp": None},
    {"number": 0}, {"number": -1}, {"number": 2**63}, {"number": "18"}, {"number": 1.5}, {"number": None},
    {"phase": "DONE"}, {"phase": None}, {"status": None}, {"status": "BROKEN"}, {"status": 1},
    {"full_url": "javascript:alert(1)"}, {"full_url": "https://jenkins.acme.com"}, {"full_url": None, "url": None},
    {"full_url": None}, {"url": "../../etc/passwd"}, {"scm": None}, {"scm": {"branch": {"a": 1}}}, {"scm": []},
    {"full_url": "https://jenkins.acme.com/" + "job/a/" * 500 + "18/"}, {"full_url": "https://[::1/job/a/1/"},
    {"full_url": "https://jenkins.acme.com/job/%00/18/"}, {"full_url": "https://jenkins.acme.com/job/%ff/18/"},
]  # fmt: skip


@pytest.fixture
def signed(make_web: MakeWeb) -> Web:
    return make_web(config=CONFIG, environ={"SECRET": SECRET})


PAGES = ("/builds/latest", "/builds?window=3650d", "/metrics/summary?window=3650d", "/pipelines", "/series", "/filters")


def no_number(name: str) -> None:
    pytest.fail(f"{name} is no JSON")


def renders(web: Web) -> None:
    """Whatever was taken, every page of the API is valid JSON and no error."""
    for path in PAGES:
        response = web.get(path)
        assert response.status_code == 200, (path, response.get_data(as_text=True)[:500])
        json.loads(response.get_data(), parse_constant=no_number)


@pytest.mark.parametrize("body", SHAPES, ids=range(len(SHAPES)))
def test_no_shape_of_a_body_is_a_server_error(signed: Web, make_web: MakeWeb, body: bytes) -> None:
    for event in ("workflow_run", "workflow_job", "ping"):
        assert signed.github(event, body, SECRET).status_code in (202, 400, 422), event
    web = make_web()
    for provider in ("github", "jenkins", "woodpecker"):
        response = web.client.post(f"/ingest/{provider}", data=body, content_type="application/json")
        assert response.status_code in (400, 422), provider
    renders(signed)


@pytest.mark.parametrize("changes", RUN_FIELDS, ids=range(len(RUN_FIELDS)))
def test_no_field_of_a_run_is_a_server_error(signed: Web, changes: dict[str, Any]) -> None:
    response = signed.github("workflow_run", run_event(**changes), SECRET)
    assert response.status_code in (200, 201, 202, 422)
    if response.status_code == 422:
        assert response.get_json()["error"]["field"]
        assert signed.json("/builds/latest")["builds"] == []
    renders(signed)


@pytest.mark.parametrize("changes", BUILD_FIELDS, ids=range(len(BUILD_FIELDS)))
def test_no_field_of_a_jenkins_build_is_a_server_error(web: Web, changes: dict[str, Any]) -> None:
    assert web.post("jenkins", jenkins_event(**changes)).status_code in (200, 201, 202, 422)
    renders(web)


def test_a_replayed_body_under_another_event_or_delivery_changes_nothing(signed: Web) -> None:
    body = run_event()
    assert signed.github("workflow_run", body, SECRET, **{"X-GitHub-Delivery": "1"}).status_code == 201
    assert signed.github("workflow_run", body, SECRET, **{"X-GitHub-Delivery": "' --" * 1000}).status_code == 200
    assert signed.github("workflow_job", body, SECRET).status_code == 422
    assert signed.github("ping", body, SECRET).status_code == 422
    assert len(signed.json("/builds/latest")["builds"]) == 1


def test_a_body_of_twenty_five_mebibytes_is_taken(signed: Web) -> None:
    body = json.dumps(run_event())
    padded = (body[:-1] + ', "padding": "' + "x" * (25 * 1024 * 1024 - len(body) - 15) + '"}').encode()
    assert len(padded) == 25 * 1024 * 1024
    assert signed.github("workflow_run", padded, SECRET).status_code == 201
    assert signed.github("workflow_run", padded + b" ", SECRET).status_code == 413


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
@given(data=st.data())
def test_signed_bodies_with_anything_anywhere_are_answered(signed: Web, data: st.DataObject) -> None:
    body = run_event()
    place: Any = body
    while isinstance(place, dict) and place:
        name = data.draw(st.sampled_from(sorted(place)))
        if not isinstance(place[name], dict) or data.draw(st.booleans()):
            place[name] = data.draw(JSON)
            break
        place = place[name]
    assert signed.github("workflow_run", json.dumps(body).encode(), SECRET).status_code < 500


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None)
@given(name=st.sampled_from(sorted(plain())), value=JSON)
def test_plain_bodies_with_anything_anywhere_are_answered(web: Web, name: str, value: Any) -> None:
    response = web.client.post(
        "/ingest/woodpecker", data=json.dumps({**plain(), name: value}).encode(), content_type="application/json"
    )
    assert response.status_code < 500
    assert web.get("/builds/latest").status_code == 200
