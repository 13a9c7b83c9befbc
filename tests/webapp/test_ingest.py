from __future__ import annotations

import base64
from urllib.parse import quote

import pytest

from collector.storage import marks
from tests.webapp.conftest import MakeWeb
from tests.webapp.harness import Web, jenkins_event, plain, run_event, signature

SECRETS = {
    "sources": [
        {"name": "acme", "provider": "github", "repos": ["acme/web"], "webhook_secrets": ["${OLD}", "${NEW}"]},
        {
            "name": "box",
            "provider": "jenkins",
            "url": "https://jenkins.acme.com",
            "folders": ["platform"],
            "webhook_tokens": ["${JENKINS}"],
        },
    ]
}
ENVIRON = {"OLD": "old secret", "NEW": "new secret", "JENKINS": "jenkins token", "ALL": "for all"}


@pytest.fixture
def guarded(make_web: MakeWeb) -> Web:
    return make_web(config=SECRETS, environ=ENVIRON)


def test_a_plain_body_is_stored_and_told_apart_from_one_that_is_known(web: Web) -> None:
    first, again, later = web.post(), web.post(), web.post(body=plain(status="failure", completed_at=None))
    assert (first.status_code, again.status_code) == (201, 200)
    assert later.status_code == 200
    told = first.get_json()
    assert (told["stored"], told["created"], told["changed"], told["reason"]) == (True, 1, 1, None)
    assert again.get_json()["changed"] == 0


def test_any_provider_name_may_push_and_only_names_are_addresses(web: Web) -> None:
    assert web.post("woodpecker").status_code == 201
    for name in ("Woodpecker", "1st", "a" * 33, "a_b", "-a", "a/b", "%2e%2e"):
        assert web.post(name).status_code == 404, name


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"status": "broken"}, "status"),
        ({"status": None}, "status"),
        ({"pipeline": None}, "pipeline"),
        ({"pipeline": "x" * 513}, "pipeline"),
        ({"repo": 7}, "repo"),
        ({"branch": {"a": 1}}, "branch"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"url": "//evil"}, "url"),
        ({"url": "https://h/" + "x" * 8192}, "url"),
        ({"duration_seconds": -1}, "duration_seconds"),
        ({"duration_seconds": 10**400}, "duration_seconds"),
        ({"started_at": None}, "started_at"),
        ({"started_at": "2026-01-31T11:00:00"}, "started_at"),
        ({"started_at": "2024-06-30T23:59:60Z"}, "started_at"),
        ({"started_at": "9999-12-31T23:59:59Z"}, "started_at"),
        ({"started_at": "2024-02-30T00:00:00Z"}, "started_at"),
        ({"started_at": "2024-02-20T00:00:00+99:99"}, "started_at"),
        ({"completed_at": "2026-01-30T11:00:00Z"}, "completed_at"),
        ({"attempt": 0}, "attempt"),
        ({"attempt": 2**31}, "attempt"),
        ({"jobs": [{"name": "a", "status": "nope"}]}, "jobs[0].status"),
    ],
)
def test_a_wrong_field_is_refused_by_its_name_and_nothing_is_stored(
    web: Web, changes: dict[str, object], field: str
) -> None:
    response = web.post(body=plain(**changes))
    assert response.status_code == 422
    error = response.get_json()["error"]
    assert (error["code"], error["field"]) == ("invalid", field)
    assert field in error["message"]
    assert web.json("/builds/latest")["builds"] == []


def test_curls_idea_of_a_content_type_is_taken_but_not_every_type(web: Web) -> None:
    raw = b'{"pipeline":"CI","repo":"a/b","status":"queued","started_at":"2026-01-31T11:00:00Z"}'
    for kind in (
        "application/json; charset=utf-8",
        "application/x-www-form-urlencoded",
        "text/plain",
        "application/ld+json",
    ):
        assert web.client.post("/ingest/tekton", data=raw, content_type=kind).status_code in (200, 201), kind
    for kind in ("multipart/form-data; boundary=x", "application/xml", "image/png"):
        assert web.client.post("/ingest/tekton", data=raw, content_type=kind).status_code == 415, kind


def test_a_native_delivery_needs_the_right_signature_of_either_secret(guarded: Web) -> None:
    assert guarded.github("workflow_run", run_event()).status_code == 401
    assert guarded.github("workflow_run", run_event(), "wrong").status_code == 401
    assert guarded.github("workflow_run", run_event(), "old secret").status_code == 201
    assert guarded.github("workflow_run", run_event(), "new secret").status_code == 200
    (build,) = guarded.json("/builds/latest")["builds"]
    assert (build["repo"], build["pipeline"], build["status"], build["source"]) == ("acme/web", "CI", "success", "acme")


def test_a_delivery_notes_for_the_collector_that_webhooks_of_its_repo_arrive(guarded: Web) -> None:
    assert guarded.github("workflow_run", run_event(), "new secret").status_code == 201
    with guarded.database.reading():
        assert marks.get("acme", "pushed:acme/web") is not None


def test_a_form_encoded_delivery_is_signed_over_the_form(guarded: Web) -> None:
    import json

    raw = b"payload=" + quote(json.dumps(run_event())).encode()
    headers = {"X-GitHub-Event": "workflow_run", "X-Hub-Signature-256": signature("new secret", raw)}
    response = guarded.client.post(
        "/ingest/github", data=raw, headers=headers, content_type="application/x-www-form-urlencoded"
    )
    assert response.status_code == 201


def test_what_is_understood_but_not_for_us_is_answered_202_with_the_reason(guarded: Web) -> None:
    cases: tuple[tuple[str, dict[str, str]], ...] = (
        ("ping", {"zen": "x"}),
        ("push", {"ref": "refs/heads/main"}),
        ("zzz", {}),
    )
    for event, body in cases:
        response = guarded.github(event, body, "new secret")
        assert response.status_code == 202, event
        assert response.get_json()["reason"]
    other = run_event()
    for place in (other["repository"], other["workflow_run"]["repository"], other["workflow_run"]["head_repository"]):
        place["full_name"] = "acme/other"
    response = guarded.github("workflow_run", other, "new secret")
    assert response.status_code == 202
    assert "acme/other" in response.get_json()["reason"]
    assert guarded.json("/builds/latest")["builds"] == []


def test_jenkins_sends_its_token_as_the_password_of_basic(guarded: Web) -> None:
    basic = base64.b64encode(b"any:jenkins token").decode()
    response = guarded.post("jenkins", jenkins_event(), headers={"Authorization": f"Basic {basic}"})
    assert response.status_code == 201
    (build,) = guarded.json("/builds/latest")["builds"]
    assert (build["provider"], build["status"], build["branch"], build["source"]) == (
        "jenkins",
        "failure",
        "main",
        "box",
    )
    assert guarded.post("jenkins", jenkins_event()).status_code == 401
    wrong = base64.b64encode(b"any:wrong").decode()
    assert guarded.post("jenkins", jenkins_event(), headers={"Authorization": f"Basic {wrong}"}).status_code == 401


def test_a_jenkins_push_from_outside_the_sources_folders_is_not_for_us(guarded: Web) -> None:
    outside = jenkins_event(full_url="https://jenkins.acme.com/job/tools/18/", url="job/tools/18/")
    response = guarded.post("jenkins", outside, headers={"Authorization": "Bearer jenkins token"})
    assert response.status_code == 202
    assert "tools" in response.get_json()["reason"]


def test_plain_bodies_need_the_secret_too_and_keep_to_its_source(guarded: Web) -> None:
    bearer = {"Authorization": "Bearer new secret"}
    assert guarded.post().status_code == 401
    assert guarded.post(headers=bearer).status_code == 201
    assert guarded.post(body=plain(repo="acme/other", url=None), headers=bearer).status_code == 202
    assert guarded.post("woodpecker").status_code == 201


def test_once_there_are_ingest_tokens_every_provider_needs_one(make_web: MakeWeb) -> None:
    web = make_web(config={"ingest_tokens": ["${ALL}"]}, environ=ENVIRON)
    assert web.post("woodpecker").status_code == 401
    assert web.post("woodpecker", headers={"Authorization": "Bearer for all"}).status_code == 201
    assert web.post("github", run_event(), headers={"Authorization": "Bearer for all"}).status_code == 422
    native = {"Authorization": "Bearer for all", "X-GitHub-Event": "workflow_run"}
    assert web.post("github", run_event(), headers=native).status_code == 201


def test_without_secrets_posting_is_closed_beyond_loopback(make_web: MakeWeb) -> None:
    web = make_web(posting_open=False)
    response = web.post()
    assert response.status_code == 403
    assert "ingest_tokens" in response.get_json()["error"]["message"]


def test_a_foreign_name_or_page_cannot_post_where_posting_is_open(web: Web) -> None:
    assert web.post(headers={"Host": "evil.com"}).status_code == 403
    assert web.post(headers={"Origin": "https://evil.com"}).status_code == 403
    assert web.post(headers={"Origin": "http://localhost"}).status_code == 201


def test_a_post_that_proves_itself_may_use_any_name_but_no_page_of_another_site(guarded: Web) -> None:
    bearer = {"Authorization": "Bearer new secret"}
    assert guarded.post(headers={**bearer, "Host": "ci-health.internal:8000"}).status_code == 201
    assert guarded.post(headers={**bearer, "Origin": "https://evil.com"}).status_code == 403


def test_keys_that_mean_nothing_are_stored_without_and_named(web: Web) -> None:
    jobs = [
        {"name": "unit", "status": "success", "runner": "r1"},
        {"name": "lint", "status": "success", "runner": "r2"},
    ]
    first = web.post(body=plain(brunch="main", jobs=jobs, **{"\x1b[31mred": 1}))
    assert first.status_code == 201
    assert sorted(first.get_json()["ignored"]) == ["brunch", "jobs[].runner", "red"]
    again = web.post(body=plain(brunch="main", jobs=jobs))
    assert (again.status_code, again.get_json()["ignored"]) == (200, ["brunch", "jobs[].runner"])
    assert "ignored" not in web.post(body=plain()).get_json()


def test_of_very_many_keys_that_mean_nothing_some_are_named(web: Web) -> None:
    told = web.post(body=plain(**{f"x{n}" * 200: n for n in range(500)})).get_json()["ignored"]
    assert len(told) == 20
    assert max(len(key) for key in told) <= 100


def test_an_unknown_parameter_is_refused(web: Web) -> None:
    response = web.client.post("/ingest/github?dry_run=1", json=plain())
    assert response.status_code == 422
    assert response.get_json()["error"]["field"] == "dry_run"


def test_ingests_are_counted_by_outcome(web: Web) -> None:
    web.post()
    web.post(body=plain(status="x"))
    web.post("woodpecker")
    text = web.get("/metrics").get_data(as_text=True)
    assert 'cihealth_ingests_total{outcome="stored",provider="github"} 1.0' in text
    assert 'cihealth_ingests_total{outcome="refused",provider="github"} 1.0' in text
    assert 'cihealth_ingests_total{outcome="stored",provider="other"} 1.0' in text
