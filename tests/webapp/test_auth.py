from __future__ import annotations

import base64
import re
import time

import pytest
from flask import Flask
from structlog.testing import capture_logs
from werkzeug.routing import Rule

from tests.webapp.conftest import MakeWeb
from tests.webapp.harness import Web, plain
from webapp.auth import GATE, SESSION_DAYS, policy_of
from webapp.pages import safe_target
from webapp.throttle import Gate

PASSWORD = "pässw:rd"
PUBLIC = {"/healthz", "/readyz", "/login", "/logout", "/page.css"}
INGEST = {"/ingest/<provider:provider>"}
UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "x" * 22 + "==",
}


def basic(password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"any:{password}".encode()).decode()}


@pytest.fixture
def locked(make_web: MakeWeb) -> Web:
    return make_web(password=PASSWORD)


def log_in(web: Web, password: str = PASSWORD, target: str = "/") -> int:
    return web.client.post("/login", data={"password": password, "next": target}).status_code


def address(rule: Rule) -> str:
    return re.sub(r"<[^>]+>", "1", rule.rule.replace("<provider:provider>", "github").replace("<int:build_id>", "1"))


def cells(app: Flask) -> list[tuple[Rule, str]]:
    """Every (route, method) of the app."""
    return [
        (rule, method) for rule in app.url_map.iter_rules() for method in sorted((rule.methods or set()) - {"OPTIONS"})
    ]


def test_every_route_declares_who_may_use_it(web: Web) -> None:
    undeclared = [rule.rule for rule in web.app.url_map.iter_rules() if policy_of(web.app, rule.endpoint) is None]
    assert set(undeclared) <= {"/never/<path:filename>"}


def test_a_route_that_declares_nothing_is_open_to_nobody(web: Web) -> None:
    web.app.add_url_rule("/forgotten", view_func=lambda: "secret")
    assert web.get("/forgotten").status_code == 403
    assert web.get("/never/page.css").status_code == 403


def test_nothing_but_probes_posting_and_the_log_in_page_answers_without_the_password(locked: Web) -> None:
    open_ones = set()
    for rule, method in cells(locked.app):
        headers = UPGRADE if rule.websocket else {}
        response = locked.client.open(address(rule), method=method, headers=headers)
        if response.status_code not in (401, 403):
            open_ones.add(rule.rule)
    assert open_ones == PUBLIC | INGEST


@pytest.mark.parametrize(
    "headers", [{}, basic(""), basic("wrong"), basic(PASSWORD + "x"), {"Authorization": "Basic !"}]
)
def test_every_other_cell_refuses_wrong_credentials_and_takes_right_ones(
    make_web: MakeWeb, headers: dict[str, str]
) -> None:
    web = make_web(password=PASSWORD)
    for number, (rule, method) in enumerate(cells(web.app)):
        if rule.rule in PUBLIC | INGEST or rule.rule.startswith("/never"):
            continue
        upgrade = UPGRADE if rule.websocket else {}
        elsewhere = {"REMOTE_ADDR": f"10.0.0.{number}"}
        refused = web.client.open(address(rule), method=method, headers={**upgrade, **headers}, environ_base=elsewhere)
        assert refused.status_code == 401, (rule.rule, method)
        if method != "HEAD":
            assert refused.get_json()["error"]["code"] == "unauthorized"
        taken = web.client.open(address(rule), method=method, headers={**upgrade, **basic(PASSWORD)})
        assert taken.status_code not in (401, 403), (rule.rule, method)


def test_posting_has_nothing_to_do_with_the_password(locked: Web) -> None:
    assert locked.post().status_code == 201
    assert locked.post(headers=basic("wrong")).status_code == 200


def test_the_form_gives_a_cookie_that_opens_everything_until_logging_out(locked: Web) -> None:
    assert log_in(locked, target="/ui/grid?repo=a") == 303
    cookie = locked.client.get_cookie("cihealth_session")
    assert cookie is not None
    assert cookie.http_only
    assert (cookie.same_site, cookie.secure) == ("Lax", False)
    assert locked.get("/builds").status_code == 200
    assert locked.client.post("/logout").status_code == 303
    assert locked.get("/builds").status_code == 401


def test_behind_https_the_cookie_is_secure_and_strict_transport_is_told(make_web: MakeWeb) -> None:
    web = make_web(password=PASSWORD, public_url="https://ci-health.acme.com/ci")
    headers = {"Host": "ci-health.acme.com", "Origin": "https://ci-health.acme.com"}
    response = web.client.post("/ci/login", data={"password": PASSWORD, "next": "/ui/"}, headers=headers)
    assert response.headers["Location"] == "/ci/ui/"
    assert "Secure" in response.headers["Set-Cookie"]
    assert "Strict-Transport-Security" in response.headers
    stripped = web.client.post("/login", data={"password": PASSWORD, "next": "/ui/"}, headers=headers)
    assert stripped.headers["Location"] == "/ci/ui/"


def test_a_wrong_password_shows_the_form_again_and_ten_make_everybody_there_wait(locked: Web) -> None:
    for _ in range(10):
        assert log_in(locked, "wrong") == 401
    assert log_in(locked, "wrong") == 429
    assert log_in(locked) == 429
    refused = locked.get("/builds", headers=basic(PASSWORD))
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 61
    elsewhere = locked.get("/builds", headers=basic(PASSWORD), environ_base={"REMOTE_ADDR": "10.0.0.9"})
    assert elsewhere.status_code == 200


def test_who_has_to_wait_is_told_how_long_and_is_let_in_then(locked: Web) -> None:
    seconds = [0.0]
    locked.app.extensions[GATE] = Gate(lambda: seconds[0])
    for _ in range(11):
        log_in(locked, "wrong")
    refused = locked.client.post("/login", data={"password": PASSWORD})
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "4")
    assert "Too many wrong passwords; try again in 4 s." in refused.get_data(as_text=True)
    seconds[0] = 4.0
    assert log_in(locked) == 303


def test_people_behind_a_trusted_proxy_do_not_wait_for_each_other(make_web: MakeWeb) -> None:
    web = make_web(password=PASSWORD, proxies=("127.0.0.0/8",))
    for _ in range(10):
        web.get("/builds", headers={**basic("wrong"), "X-Forwarded-For": "203.0.113.9"})
    assert web.get("/builds", headers={**basic(PASSWORD), "X-Forwarded-For": "203.0.113.9"}).status_code == 429
    assert web.get("/builds", headers={**basic(PASSWORD), "X-Forwarded-For": "203.0.113.10"}).status_code == 200
    assert web.get("/builds", headers=basic(PASSWORD)).status_code == 200


def test_a_proxy_that_is_not_named_is_told_of_in_the_log(locked: Web) -> None:
    with capture_logs() as lines:
        locked.get("/builds", headers={**basic("wrong"), "X-Forwarded-For": "203.0.113.9"})
        locked.get("/builds", headers=basic("wrong"))
    assert ["trusted_proxies" in line["advice"] for line in lines] == [True, False]


def test_a_forwarded_address_is_not_believed(locked: Web) -> None:
    for number in range(10):
        locked.get("/builds", headers={**basic("wrong"), "X-Forwarded-For": f"10.0.0.{number}"})
    assert locked.get("/builds", headers={**basic("wrong"), "X-Forwarded-For": "10.1.1.1"}).status_code == 429


def test_a_session_ends_with_its_time_and_with_a_new_password(
    make_web: MakeWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = make_web(password="old")
    assert log_in(old, "old") == 303
    cookie = old.client.get_cookie("cihealth_session")
    assert cookie is not None
    new = make_web(password="new")
    new.client.set_cookie("cihealth_session", cookie.value)
    assert new.get("/builds").status_code == 401
    later = time.time() + SESSION_DAYS * 86400 + 5
    monkeypatch.setattr(time, "time", lambda: later)
    assert old.get("/builds").status_code == 401


@pytest.mark.parametrize("value", ["", "x", "e30.x.y", "eyJpc3N1ZWRfYXQiOjk5OTk5OTk5OTl9.aXy.abc"])
def test_a_forged_cookie_opens_nothing(locked: Web, value: str) -> None:
    locked.client.set_cookie("cihealth_session", value)
    assert locked.get("/builds").status_code == 401


def test_people_are_led_to_the_form_programs_are_told_and_pages_get_no_dialog(locked: Web) -> None:
    page = locked.get("/ui/build/7?x=1", headers={"Accept": "text/html,*/*"})
    assert (page.status_code, page.headers["Location"]) == (303, "/login?next=%2Fui%2Fbuild%2F7%3Fx%3D1")
    assert locked.get("/builds").headers["WWW-Authenticate"].startswith("Basic")
    called = locked.get("/builds", headers={"Sec-Fetch-Mode": "cors"})
    assert not called.headers["WWW-Authenticate"].startswith("Basic")
    form = locked.get("/login?next=/ui/build/7").get_data(as_text=True)
    assert 'name="next" value="/ui/build/7"' in form


@pytest.mark.parametrize(
    "target", ["//evil.com", "https://evil.com", "/\\evil.com", "\\\\evil", "javascript:x", "/a\nb", ""]
)
def test_logging_in_leads_to_this_server_only(target: str) -> None:
    assert safe_target(target) == "/"


def test_the_form_repeats_nothing_unescaped(locked: Web) -> None:
    form = locked.get("/login?next=/%22%3E%3Cscript%3E").get_data(as_text=True)
    assert "<script>" not in form


def test_a_foreign_name_sees_nothing_but_probes(web: Web, locked: Web) -> None:
    foreign = {"Host": "evil.com"}
    for path in ("/", "/builds", "/openapi.json", "/login", "/assets/x.js"):
        assert web.get(path, headers=foreign).status_code == 403, path
    for path in ("/healthz", "/readyz"):
        assert web.get(path, headers=foreign).status_code in (200, 503)
    assert locked.get("/builds", headers={**foreign, **basic(PASSWORD)}).status_code == 403
    assert locked.get("/builds", headers={"Host": "10.0.0.7:8000", **basic(PASSWORD)}).status_code == 200
    assert locked.get("/builds", headers={"Host": "10.0.0.7:8000"}).status_code == 403


def test_a_page_of_another_site_can_neither_log_in_nor_out(locked: Web) -> None:
    headers = {"Origin": "https://evil.com"}
    assert locked.client.post("/login", data={"password": PASSWORD}, headers=headers).status_code == 403
    assert locked.client.post("/logout", headers=headers).status_code == 403
    assert locked.get("/healthz", headers=headers).status_code == 200


def test_insecure_takes_any_name_and_any_reader(make_web: MakeWeb) -> None:
    web = make_web(any_host=True)
    assert web.get("/builds", headers={"Host": "build-box.lan"}).status_code == 200
    assert web.post(headers={"Host": "build-box.lan"}, body=plain()).status_code == 201
