"""Organisations and Apps, through PyGithub against a real server on loopback."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from collector.domain.errors import BadAnswer, NotAllowed, NotFound, SourceError, Unreachable, Waiting
from collector.domain.model import RunWord
from collector.providers.github.client import make_reader
from collector.providers.github.limits import BadCredentials
from collector.providers.github.pygithub import AppCredentials, repos_of
from config.model import Config, GithubSource
from tests.collector.providers.github.memory import FakeMemory
from tests.collector.providers.github.objects import Json, repository, run
from tests.collector.providers.loopback import Answer, Server, answer, serving

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def clock() -> datetime:
    return NOW


def as_json(value: object, status: int = 200, **headers: str) -> Answer:
    return answer(status, json.dumps(value).encode(), Content_Type="application/json", **headers)


def limits(remaining: int = 4000) -> dict[str, str]:
    return {
        "X_RateLimit_Limit": "5000",
        "X_RateLimit_Remaining": str(remaining),
        "X_RateLimit_Reset": str(int(NOW.timestamp()) + 900),
    }


def listed(*names: str, **more: Any) -> list[Json]:
    return [repository(name, number + 1, archived=False, disabled=False, **more) for number, name in enumerate(names)]


def reader_of(server: Server, **more: Any) -> Any:
    source = GithubSource.model_validate(
        {"name": "acme", "provider": "github", "url": server.url, "token": "t0ken", "orgs": ["acme"], **more}
    )
    return make_reader(source, Config(), {}, clock=clock)


def not_found(handler: BaseHTTPRequestHandler) -> None:
    as_json({"message": "Not Found"}, 404)(handler)


def paged(pages: list[list[Json]]) -> Answer:
    def send(handler: BaseHTTPRequestHandler) -> None:
        number = int(parse_qs(urlsplit(handler.path).query).get("page", ["1"])[0])
        host = handler.headers["Host"]
        more = number < len(pages)
        link = f'<http://{host}/orgs/acme/repos?type=all&per_page=100&page={number + 1}>; rel="next"'
        headers = limits() | ({"Link": link} if more else {})
        as_json(pages[number - 1], 200, **headers)(handler)

    return send


def test_the_repos_of_an_organisation_are_listed_page_by_page_with_the_token_and_the_budget() -> None:
    pages = [listed("acme/web", "acme/api"), listed("acme/docs")]
    with serving({"/orgs/acme/repos": paged(pages)}) as server:
        names, budget = repos_of(["acme"], server.url, "t0ken", is_app=False, clock=clock)
        assert names == ["acme/api", "acme/docs", "acme/web"]
        assert len(server.asked) == 2
        assert {headers["Authorization"] for _, headers in server.asked} == {"token t0ken"}
        assert budget is not None
        assert (budget.limit, budget.remaining, budget.reset_at) == (5000, 4000, NOW + timedelta(seconds=900))


def test_archived_and_disabled_repos_have_no_builds_to_come() -> None:
    repos = [*listed("acme/web"), repository("acme/old", 8, archived=True), repository("acme/off", 9, disabled=True)]
    with serving({"/orgs/acme/repos": as_json(repos)}) as server:
        assert repos_of(["acme"], server.url, None, is_app=False, clock=clock)[0] == ["acme/web"]
        assert "Authorization" not in server.asked[0][1]


def test_an_org_may_be_a_user() -> None:
    answers = {"/orgs/ann/repos": not_found, "/users/ann/repos": as_json(listed("ann/dotfiles"))}
    with serving(answers) as server:
        assert repos_of(["ann"], server.url, "t", is_app=False, clock=clock)[0] == ["ann/dotfiles"]


def test_an_apps_repos_are_those_of_its_installation() -> None:
    body = {"total_count": 2, "repositories": listed("acme/web", "eve/web")}
    with serving({"/installation/repositories": as_json(body)}) as server:
        assert repos_of(["Acme"], server.url, "t", is_app=True, clock=clock)[0] == ["acme/web"]


@pytest.mark.parametrize(
    ("told", "error"),
    [
        (as_json({"message": "Bad credentials"}, 401), BadCredentials),
        (as_json({"message": "Not Found"}, 404), NotFound),
        (as_json({"message": "Resource not accessible"}, 403), NotAllowed),
        (as_json({"message": "API rate limit exceeded"}, 403, **limits(0)), Waiting),
        (as_json({"message": "secondary rate limit"}, 403, Retry_After="30"), Waiting),
        (as_json({"message": "slow down"}, 429, Retry_After="30"), Waiting),
        (as_json({"message": "oops"}, 502), Unreachable),
    ],
)
def test_what_goes_wrong_is_our_error_at_once_without_sleeping(told: Answer, error: type[SourceError]) -> None:
    with serving({"/orgs/acme/repos": told, "/users/acme/repos": not_found}) as server:
        with pytest.raises(error, match=r"acme|wait|slow|limit|credentials|502"):
            repos_of(["acme"], server.url, "t", is_app=False, clock=clock)
        assert len(server.asked) <= 2


def test_a_host_that_is_away_is_unreachable() -> None:
    with serving({}) as server:
        url = server.url
    with pytest.raises(Unreachable, match="the list of repos of acme"):
        repos_of(["acme"], url, "t", is_app=False, clock=clock)


def test_a_list_that_goes_round_in_circles_ends() -> None:
    def again(handler: BaseHTTPRequestHandler) -> None:
        link = f'<http://{handler.headers["Host"]}/orgs/acme/repos?page=2>; rel="next"'
        as_json(listed(*(f"acme/r{number}" for number in range(50))), Link=link)(handler)

    with serving({"/orgs/acme/repos": again}) as server:
        with pytest.raises(BadAnswer, match="no end"):
            repos_of(["acme"], server.url, "t", is_app=False, clock=clock)
        assert len(server.asked) == 6


def test_a_next_page_on_another_host_is_not_followed() -> None:
    with serving({"/orgs/acme/repos": as_json([])}) as other:
        link = f'<{other.url.replace("127.0.0.1", "127.0.0.2")}/orgs/acme/repos?page=2>; rel="next"'
        told = as_json(listed("acme/web"), Link=link)
        with serving({"/orgs/acme/repos": told}) as server, pytest.raises(BadAnswer):
            repos_of(["acme"], server.url, "t", is_app=False, clock=clock)
        assert other.asked == []


def world(names: list[str]) -> dict[str, Answer]:
    answers: dict[str, Answer] = {"/orgs/acme/repos": as_json(listed(*names), 200, **limits())}
    for name in names:
        runs = [run(100, repository=repository(name), head_repository=repository(name))]
        empty = as_json({"total_count": 0, "workflows": []})
        answers |= {
            f"/repos/{name}": as_json(repository(name, default_branch="main")),
            f"/repos/{name}/actions/workflows": empty,
            f"/repos/{name}/actions/runs": as_json({"total_count": 1, "workflow_runs": runs}),
            f"/repos/{name}/actions/runs/100/attempts/1/jobs": as_json({"total_count": 0, "jobs": []}),
        }
    return answers


def test_an_organisation_is_polled_as_include_and_exclude_say() -> None:
    with serving(world(["acme/web", "acme/web-old", "acme/docs"])) as server:
        reader, memory = reader_of(server, include=["acme/web*"], exclude=["*-old"]), FakeMemory()
        memory.take(reader.poll(memory, NOW))
        reader.close()
        assert {word.key.repo for word in memory.words if isinstance(word, RunWord)} == {"acme/web"}


def test_the_list_of_an_organisation_is_kept_when_it_cannot_be_read_for_once() -> None:
    with serving(world(["acme/web"])) as server:
        reader, memory = reader_of(server), FakeMemory()
        memory.take(reader.poll(memory, NOW))
        server.answers["/orgs/acme/repos"] = as_json({"message": "oops"}, 502)
        server.asked.clear()
        memory.take(reader.poll(memory, NOW + timedelta(hours=2)))
        reader.close()
        assert [trouble.target for trouble in memory.troubles] == ["acme"]
        assert any("/repos/acme/web/actions/runs" in path for path, _ in server.asked)


def watched(memory: FakeMemory) -> set[str]:
    return {key.rsplit("|", 1)[1] for key in memory.watched if key.count("|") == 2}


def test_new_repos_of_an_organisation_join_by_themselves_and_archived_ones_are_left() -> None:
    with serving(world(["acme/web", "acme/docs"])) as server:
        reader, memory = reader_of(server), FakeMemory()
        for minutes in (0, 1):
            memory.take(reader.poll(memory, NOW + timedelta(minutes=minutes)))
        assert watched(memory) == {"acme/web", "acme/docs"}
        server.answers |= world(["acme/web", "acme/new"])
        repos = listed("acme/web", "acme/docs", "acme/new")
        repos[1]["archived"] = True
        server.answers["/orgs/acme/repos"] = as_json(repos)
        memory.take(reader.poll(memory, NOW + timedelta(minutes=61)))
        assert watched(memory) == {"acme/web", "acme/new"}
        assert {key: why for key, why in memory.left.items() if "github.com" in key} == {
            "github|github.com|acme/docs": "unwatched"
        }
        server.asked.clear()
        memory.take(reader.poll(memory, NOW + timedelta(minutes=62)))
        reader.close()
        assert not any("/repos/acme/docs" in path for path, _ in server.asked)
        assert any("/repos/acme/new/actions/runs" in path for path, _ in server.asked)


def test_a_list_that_cannot_be_read_at_first_leaves_nothing_and_is_asked_for_again_soon() -> None:
    with serving(world(["acme/web", "acme/docs"])) as server:
        memory = FakeMemory()
        first = reader_of(server, repos=["acme/web"])
        memory.take(first.poll(memory, NOW))
        good = server.answers["/orgs/acme/repos"]
        server.answers["/orgs/acme/repos"] = as_json({"message": "oops"}, 502)
        second = reader_of(server, repos=["acme/web"])
        memory.take(second.poll(memory, NOW + timedelta(minutes=1)))
        assert (watched(memory), memory.left) == ({"acme/web", "acme/docs"}, {})
        server.answers["/orgs/acme/repos"] = good
        server.asked.clear()
        memory.take(second.poll(memory, NOW + timedelta(minutes=7)))
        assert any("/repos/acme/docs" in path for path, _ in server.asked)
        for reader in (first, second):
            reader.close()


def test_an_organisation_that_cannot_be_listed_at_first_is_an_error_of_the_source() -> None:
    with serving({"/orgs/acme/repos": not_found, "/users/acme/repos": not_found}) as server:
        reader, memory = reader_of(server), FakeMemory()
        with pytest.raises(NotFound, match="the list of repos of acme"):
            memory.take(reader.poll(memory, NOW))
        reader.close()


@pytest.fixture(scope="module")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return pem.decode()


def granting(tokens: list[str], **permissions: str) -> Answer:
    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.rfile.read(int(handler.headers["Content-Length"]))
        expires = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        body = {"token": tokens.pop(0), "expires_at": expires, "permissions": permissions}
        as_json(body, 201)(handler)

    return send


def granting_on_its_clock(tokens: list[str], ahead: timedelta) -> Answer:
    """As GitHub does: a JWT from the future or the past is refused; both answers tell the server's ``Date``."""

    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.rfile.read(int(handler.headers["Content-Length"]))
        now = datetime.now(UTC) + ahead
        claims = jwt.decode(handler.headers["Authorization"].removeprefix("Bearer "), options=UNCHECKED)
        good = claims["iat"] <= now.timestamp() < claims["exp"] <= now.timestamp() + 600
        told: Json = {"message": "'Issued at' claim ('iat') must be an Integer representing the time"}
        if good:
            expires = (now + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
            told = {"token": tokens.pop(0), "expires_at": expires, "permissions": {"actions": "read"}}
        body = json.dumps(told).encode()
        handler.send_response_only(201 if good else 401)
        for name, value in (("Date", format_datetime(now, usegmt=True)), ("Content-Length", str(len(body)))):
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return send


UNCHECKED: Any = {"verify_signature": False, "verify_exp": False, "verify_iat": False}


TOKENS = "/app/installations/5/access_tokens"


def test_an_apps_token_is_made_with_its_key_kept_and_renewed_in_time(private_key: str) -> None:
    now = [NOW]
    with serving({TOKENS: granting(["first", "second"], actions="read")}) as server:
        app = AppCredentials(server.url, 12, 5, private_key, lambda: now[0])
        assert server.asked == []
        assert app.headers() == {"Authorization": "Bearer first"}
        now[0] += timedelta(minutes=50)
        assert app.headers() == {"Authorization": "Bearer first"}
        now[0] += timedelta(minutes=6)
        assert app.headers() == {"Authorization": "Bearer second"}
        assert app.identity == "app:12:5"
        sent = server.asked[0][1]["Authorization"].removeprefix("Bearer ")
        assert jwt.decode(sent, options={"verify_signature": False})["iss"] == "12"


@pytest.mark.parametrize("ahead", [timedelta(days=-2), timedelta(minutes=-9), timedelta(0), timedelta(hours=5)])
def test_an_apps_token_is_made_and_renewed_on_githubs_clock_however_far_it_is_off(
    private_key: str, ahead: timedelta
) -> None:
    now = [NOW]
    with serving({TOKENS: granting_on_its_clock(["first", "second"], ahead)}) as server:
        app = AppCredentials(server.url, 12, 5, private_key, lambda: now[0])
        assert app.headers() == {"Authorization": "Bearer first"}
        assert len(server.asked) == (1 if ahead == timedelta(0) else 2)
        server.asked.clear()
        now[0] += timedelta(minutes=54)
        assert app.headers() == {"Authorization": "Bearer first"}
        now[0] += timedelta(minutes=2)
        assert app.headers() == {"Authorization": "Bearer second"}
        assert len(server.asked) == 1, "the clock was learnt"


def test_a_refused_app_is_asked_for_once_where_the_clocks_agree(private_key: str) -> None:
    with serving({TOKENS: as_json({"message": "Bad credentials"}, 401)}) as server:
        with pytest.raises(BadCredentials):
            AppCredentials(server.url, 12, 5, private_key, clock).headers()
        assert len(server.asked) == 1


def test_a_revoked_token_of_an_app_is_made_anew(private_key: str) -> None:
    with serving({TOKENS: granting(["first", "second"], actions="write")}) as server:
        app = AppCredentials(server.url, 12, 5, private_key, clock)
        assert not app.renew()
        app.headers()
        assert app.renew()
        assert app.headers() == {"Authorization": "Bearer second"}


def test_an_app_that_may_not_read_actions_is_told_what_to_grant(private_key: str) -> None:
    with serving({TOKENS: granting(["first"], metadata="read")}) as server:
        app = AppCredentials(server.url, 12, 5, private_key, clock)
        with pytest.raises(NotAllowed, match="may not read Actions") as caught:
            app.headers()
        assert "Actions: read" in caught.value.advice


@pytest.mark.parametrize("key", ["not a key", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----"])
def test_a_key_that_is_none_is_told_without_showing_it(key: str) -> None:
    app = AppCredentials("http://127.0.0.1:9", 12, 5, key, clock)
    with pytest.raises(NotAllowed, match="private key cannot be used") as caught:
        app.headers()
    assert key not in str(caught.value)


def test_an_apps_source_is_polled_with_its_token(private_key: str, tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text(private_key)
    answers = world(["acme/web"])
    answers |= {
        TOKENS: granting(["apptoken"], actions="read"),
        "/installation/repositories": as_json({"total_count": 1, "repositories": listed("acme/web")}),
    }
    app = {"id": 12, "installation_id": 5, "private_key_file": str(file)}
    with serving(answers) as server:
        reader, memory = reader_of(server, token=None, app=app), FakeMemory()
        memory.take(reader.poll(memory, NOW))
        reader.close()
        assert {word.key.repo for word in memory.words if isinstance(word, RunWord)} == {"acme/web"}
        used = {headers["Authorization"] for path, headers in server.asked if path.startswith("/repos/")}
        assert used == {"Bearer apptoken"}
