"""The document against the routes, against real answers, and as a source of requests that nobody thought of."""

from __future__ import annotations

import re
from typing import Any, cast

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core import NotSet
from schemathesis.core.result import Ok

from collector.providers.base import PLAN_MARK, Budget, Progress
from collector.storage import marks
from collector.storage.sources import save_state
from tests.webapp.conftest import MakeWeb
from tests.webapp.harness import NOW, Web, jenkins_event, plain, run_event

HIDDEN = ("/ui", "/assets", "/login", "/logout", "/docs", "/openapi.json", "/page.css", "/ws", "/never")
CONFIG = {
    "sources": [
        {"name": "acme", "provider": "github", "repos": ["acme/web"]},
        {"name": "box", "provider": "jenkins", "url": "https://jenkins.acme.com"},
    ],
    "groups": [{"name": "web-team", "repos": ["acme/web*"]}],
}


@pytest.fixture
def filled(make_web: MakeWeb) -> Web:
    web = make_web(config=CONFIG)
    web.github("workflow_run", run_event(conclusion="failure"))
    web.github("workflow_run", run_event(id=4712, status="in_progress", conclusion=None))
    web.post("jenkins", jenkins_event())
    web.post("woodpecker", plain(jobs=[{"name": "unit", "status": "success"}]))
    return web


def document(web: Web) -> dict[str, Any]:
    found = web.json("/openapi.json")
    assert isinstance(found, dict)
    return found


def test_the_document_names_every_route_of_the_api_and_no_other(web: Web) -> None:
    told = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method)
        for rule in web.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.rule.startswith(HIDDEN) and rule.rule != "/"
    }
    paths = document(web)["paths"]
    assert {(path, method.upper()) for path, item in paths.items() for method in item if method != "parameters"} == told


def test_every_reference_leads_somewhere_and_every_operation_says_what_it_refuses(web: Web) -> None:
    spec = document(web)
    names = set(spec["components"]["schemas"])
    for found in re.findall(r"'\$ref': '#/components/schemas/([^']+)'", str(spec)):
        assert found in names
    for path, item in spec["paths"].items():
        for operation in item.values():
            assert operation["summary"]
            assert any(status.startswith("2") for status in operation["responses"]), path
            if path not in ("/healthz", "/readyz"):
                assert {"401", "403", "422", "503"} <= set(operation["responses"]), path


@pytest.mark.parametrize(
    "path",
    ["/builds", "/builds/latest", "/builds/{id}", "/metrics/summary", "/pipelines", "/series", "/sources", "/filters",
     "/api/meta", "/healthz", "/readyz", "/builds?colour=red", "/builds/999"],
)  # fmt: skip
def test_answers_are_what_the_document_says(filled: Web, path: str) -> None:
    spec = document(filled)
    some_id = filled.json("/builds/latest")["builds"][0]["id"]
    response = filled.get(path.replace("{id}", str(some_id)))
    template = re.sub(r"/builds/(\{id\}|999)$", "/builds/{build_id}", path.split("?")[0])
    answers = spec["paths"][template]["get"]["responses"]
    schema = answers[str(response.status_code)]["content"]["application/json"]["schema"]
    jsonschema_rs.validate({**schema, "components": spec["components"]}, response.get_json())


ANSWERED = (
    "/builds", "/builds/latest", "/builds/{build_id}", "/builds/{build_id}/context", "/metrics/summary", "/pipelines",
    "/pipelines/{pipeline_id}", "/series", "/sources", "/filters", "/grid", "/waiting", "/alerts", "/receivers",
    "/silences", "/api/meta", "/healthz", "/readyz",
)  # fmt: skip


@pytest.mark.parametrize("path", ANSWERED)
def test_every_field_that_is_answered_is_described(well_known: Web, path: str) -> None:
    spec = document(well_known)
    build = well_known.json("/builds/latest")["builds"][0]
    response = well_known.get(path.format(build_id=build["id"], pipeline_id=build["pipeline_id"]))
    answers = spec["paths"][path]["get"]["responses"]
    schema = answers[str(response.status_code)]["content"]["application/json"]["schema"]
    jsonschema_rs.validate(sealed({**schema, "components": spec["components"]}), response.get_json())


def sealed(schema: Any) -> Any:
    """The schema without leave to answer more than it names."""
    if isinstance(schema, list):
        return [sealed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: sealed(value) for name, value in schema.items()}
    return {**closed, "additionalProperties": False} if schema.get("additionalProperties") is True else closed


@pytest.fixture
def well_known(filled: Web) -> Web:
    """With all that a source's state may hold."""
    known = {"provider": "github", "instance": "github.com", "last_error": "no answer", "last_advice": "see its status"}
    instants = ("first_poll_at", "last_poll_at", "last_error_at", "circuit_opened_at", "next_poll_at", "waiting_until")
    with filled.database.writing():
        save_state(
            "acme", **known, **dict.fromkeys(instants, NOW), failures=3, clock_offset_seconds=1.5,
            budget=Budget(5000, 12, NOW), progress=Progress("acme/web", 2, 5, 340),
        )  # fmt: skip
        marks.put("acme", PLAN_MARK, '{"now": 86, "worst": 266}')
    return filled


def test_answers_to_posts_are_what_the_document_says(filled: Web) -> None:
    spec = document(filled)
    for response in (filled.post(body=plain(url=None)), filled.post(body=plain(url=None)), filled.post(body={"a": 1})):
        answers = spec["paths"]["/ingest/{provider}"]["post"]["responses"]
        schema = answers[str(response.status_code)]["content"]["application/json"]["schema"]
        jsonschema_rs.validate({**schema, "components": spec["components"]}, response.get_json())


def test_the_reading_page_shows_every_operation_and_shape(web: Web) -> None:
    html = web.get("/docs").get_data(as_text=True)
    spec = document(web)
    for path in spec["paths"]:
        assert path in html
    for name in spec["components"]["schemas"]:
        assert f'id="{name}"' in html


def sent(body: object) -> dict[str, Any]:
    return {} if isinstance(body, NotSet) else {"json": body}


def test_requests_made_up_from_the_document_are_never_server_errors(filled: Web) -> None:
    schema = schemathesis.openapi.from_dict(document(filled))
    operations = [cast(Ok[Any], result).ok() for result in schema.get_all_operations()]
    assert len(operations) >= 11
    for operation in operations:

        @settings(
            max_examples=25, deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            response = filled.client.open(
                case.formatted_path, method=case.method, query_string=case.query or {}, **sent(case.body)
            )
            assert response.status_code < 500 or (case.path == "/readyz" and response.status_code == 503)

        ask()
