"""GET /alerts and what is done to one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import jsonschema_rs
import pytest

from collector.domain.alert_states import State
from collector.domain.times import to_api
from collector.storage import receivers
from collector.storage.receivers import ReceiverState
from tests.webapp.alerting import keep, notify, sent
from tests.webapp.conftest import MakeWeb
from tests.webapp.harness import NOW, Web, plain

CONFIG: dict[str, Any] = {
    "groups": [{"name": "web-team", "repos": ["acme/web*"]}, {"name": "release", "pipelines": ["rel*"]}],
    "receivers": [{"name": "ci-channel", "stdout": {}}],
    "rules": [{"name": "broken", "when": "failure", "after": 2, "branches": ["@default"], "to": ["ci-channel"]}],
}


@pytest.fixture
def web(make_web: MakeWeb) -> Web:
    return make_web(config=CONFIG)


def ids(web: Web, query: str = "") -> list[int]:
    return [alert["id"] for alert in web.json(f"/alerts?{query}")["alerts"]]


def test_an_alert_says_what_is_wrong_since_when_by_which_rule_and_who_was_told(web: Web) -> None:
    alert = keep(web)
    sent(web, notify(web, alert))
    notify(web, alert, kind="reminder", number=2)

    (told,) = web.json("/alerts")["alerts"]
    assert {name: told[name] for name in ("rule", "when", "repo", "pipeline", "branch", "state", "reason", "text")} == {
        "rule": "broken", "when": "failure", "repo": "acme/web", "pipeline": "CI", "branch": "main", "state": "firing",
        "reason": "failure_streak", "text": "2 builds in a row failed",
    }  # fmt: skip
    assert (told["since"], told["resolved_at"]) == ("2026-01-31T11:48:00Z", None)
    assert told["strip"] == ["success", "failure", "failure"]
    assert told["evidence"] == {"failures": 2}
    assert told["groups"] == ["web-team"]
    assert [(one["receiver"], one["kind"], one["state"]) for one in told["notifications"]] == [
        ("ci-channel", "failing", "sent"),
        ("ci-channel", "reminder", "pending"),
    ]


def test_a_list_holds_the_newest_notifications_and_says_how_many_there_are(web: Web) -> None:
    alert = keep(web)
    for number in range(1, 26):
        notify(web, alert, kind="again", number=number)

    (told,) = web.json("/alerts")["alerts"]
    assert [one["transition"] for one in told["notifications"]] == list(range(6, 26))
    assert told["notifications_total"] == 25
    assert len(web.json(f"/alerts/{alert}")["notifications"]) == 25


def test_pages_neither_repeat_nor_skip_while_alerts_are_opened(web: Web) -> None:
    kept = [keep(web, branch=f"b{number}") for number in range(5)]
    first = web.json("/alerts?limit=2")
    keep(web, branch="later")
    second = web.json(f"/alerts?limit=2&cursor={first['next']}")
    third = web.json(f"/alerts?limit=2&cursor={second['next']}")

    seen = [alert["id"] for page in (first, second, third) for alert in page["alerts"]]
    assert seen == list(reversed(kept))
    assert third["next"] is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("state=firing", {"main", "api"}),
        ("state=firing&state=resolved", {"main", "api", "old"}),
        ("rule=slow", {"slow"}),
        ("severity=critical", {"api"}),
        ("repo=ACME/api", {"api"}),
        ("pipeline=release", {"slow"}),
        ("pipeline_id=7", {"slow"}),
        ("branch=dev", {"slow"}),
        ("branch=@default", {"main", "api"}),
        ("branch=@default&branch=dev", {"main", "api", "slow"}),
        ("group=web-team", {"main", "old"}),
        ("group=release", {"slow"}),
        ("group=web-team&state=resolved", {"old"}),
        ("provider=jenkins", {"api"}),
        ("state=pending", set()),
    ],
)
def test_filters_narrow_the_list_and_the_counts_beside_it(web: Web, query: str, expected: set[str]) -> None:
    web.post(body=plain())
    names = {
        keep(web): "main",
        keep(web, repo="acme/api", branch="", severity="critical", provider="jenkins", pipeline_id=5): "api",
        keep(web, repo="acme/mobile", pipeline="release", pipeline_id=7, rule="slow", branch="dev",
             state=State.ACKNOWLEDGED): "slow",
        keep(web, branch="gone", state=State.RESOLVED, resolved_at=NOW): "old",
    }  # fmt: skip
    page = web.json(f"/alerts?{query}")

    assert {names[alert["id"]] for alert in page["alerts"]} == expected
    if "state=" not in query:
        assert sum(page["counts"].values()) == len(expected)


def test_counts_are_of_every_state_whatever_state_is_asked_for(web: Web) -> None:
    keep(web)
    keep(web, branch="b", state=State.SILENCED)

    assert web.json("/alerts?state=firing&limit=1")["counts"] == {
        "pending": 0, "firing": 1, "acknowledged": 0, "silenced": 1, "resolved": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "field"),
    [("state=open", "state"), ("colour=red", "colour"), ("limit=0", "limit"), ("group=nobody", "group"),
     ("cursor=nonsense", "cursor"), ("cursor=id-99999999999999999999", "cursor"), ("rule=", "rule")],
)  # fmt: skip
def test_what_is_no_filter_is_refused_by_name(web: Web, query: str, field: str) -> None:
    response = web.get(f"/alerts?{query}")

    assert response.status_code == 422
    assert response.get_json()["error"]["field"] == field


def test_an_alert_about_a_source_is_about_no_pipeline(web: Web) -> None:
    keep(web, pipeline_id=-3, pipeline="build-server", repo="", branch="")
    (told,) = web.json("/alerts")["alerts"]

    assert (told["pipeline_id"], told["source"], told["branch"]) == (None, "build-server", None)


def test_one_alert_tells_its_builds_its_transitions_and_its_rule(web: Web) -> None:
    web.post(body=plain(status="failure", commit="c0ffee", actor="mira"))
    build = web.json("/builds")["builds"][0]["id"]
    alert = keep(web, first_bad_id=build, last_build_id=build)
    told = web.json(f"/alerts/{alert}")

    assert (told["first_bad"]["commit"], told["first_bad"]["actor"]) == ("c0ffee", "mira")
    assert told["last_build"]["build_id"] == build
    assert [(one["from_state"], one["to_state"]) for one in told["transitions"]] == [("ok", "firing")]
    assert told["rule_config"] == CONFIG["rules"][0]
    assert list(told["rule_config"])[:2] == ["name", "when"]


def test_the_alert_of_a_rule_that_is_no_more_is_still_told(web: Web) -> None:
    told = web.json(f"/alerts/{keep(web, rule='removed')}")

    assert (told["rule"], told["when"], told["rule_config"]) == ("removed", None, None)


def test_acknowledging_is_kept_with_who_and_why_and_can_be_taken_back(web: Web) -> None:
    alert = keep(web)
    told = web.client.post(f"/alerts/{alert}/acknowledge", json={"who": "mira", "reason": "looking"}).get_json()
    assert (told["state"], told["who"]) == ("acknowledged", "mira")
    assert told["transitions"][-1] | {"at": ""} == {
        "number": 2, "at": "", "from_state": "firing", "to_state": "acknowledged", "reason": "looking", "who": "mira",
    }  # fmt: skip

    told = web.client.post(f"/alerts/{alert}/unacknowledge", json={"who": "jon"}).get_json()
    assert (told["state"], told["who"]) == ("firing", "jon")
    assert told["transitions"][-1]["reason"] == "acknowledgement_taken_back"


def test_one_that_never_fired_is_pending_again_when_its_acknowledgement_is_taken_back(web: Web) -> None:
    alert = keep(web, state=State.PENDING, fired_at=None)
    web.client.post(f"/alerts/{alert}/acknowledge")

    assert web.client.post(f"/alerts/{alert}/unacknowledge").get_json()["state"] == "pending"


@pytest.mark.parametrize(
    ("state", "path"),
    [(State.RESOLVED, "acknowledge"), (State.ACKNOWLEDGED, "acknowledge"), (State.FIRING, "unacknowledge")],
)
def test_what_does_not_go_with_the_state_is_refused_and_changes_nothing(web: Web, state: State, path: str) -> None:
    alert = keep(web, state=state)
    response = web.client.post(f"/alerts/{alert}/{path}", json={"who": "mira"})

    assert (response.status_code, response.get_json()["error"]["code"]) == (409, "conflict")
    assert web.json(f"/alerts/{alert}")["state"] == state.value


def test_silencing_one_alert_silences_it_and_what_follows_of_its_line(web: Web) -> None:
    alert = keep(web, branch="feature/[x]*")
    told = web.client.post(f"/alerts/{alert}/silence", json={"author": "mira", "duration": "3d"}).get_json()

    assert (told["state"], told["who"]) == ("silenced", "mira")
    (silence,) = web.json("/silences")["silences"]
    assert silence["matchers"]["branch"] == "feature/[[]x][*]"
    assert silence["ends_at"] == "2026-02-03T12:00:00Z"


@pytest.mark.parametrize("path", ["acknowledge", "unacknowledge", "silence"])
@pytest.mark.parametrize("number", [999, 2**63, 2**70])
def test_nothing_is_done_to_an_alert_that_is_not_there(web: Web, path: str, number: int) -> None:
    response = web.client.post(f"/alerts/{number}/{path}", json={"author": "x"} if path == "silence" else {})

    assert (response.status_code, response.get_json()["error"]["code"]) == (404, "not_found")
    assert web.get(f"/alerts/{number}").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [({"who": 7}, "who"), ({"whom": "x"}, "whom"), ({"reason": "x" * 513}, "reason"), ([], None), ("x", None)],
)
def test_a_wrong_body_is_refused_by_field(web: Web, body: object, field: str | None) -> None:
    alert = keep(web)
    response = web.client.post(f"/alerts/{alert}/acknowledge", json=body)

    assert response.status_code == 422
    assert response.get_json()["error"].get("field") == field
    assert web.json(f"/alerts/{alert}")["state"] == "firing"


@pytest.mark.parametrize(
    ("raw", "kind", "status"),
    [(b"who=mira", "application/x-www-form-urlencoded", 415), (b"{", "application/json", 400), (b"{}", None, 415),
     (b'{"who":"' + b"x" * 70_000 + b'"}', "application/json", 413), (b'{"who":"\\ud800"}', "application/json", 400)],
)  # fmt: skip
def test_a_body_that_is_no_small_json_is_refused(web: Web, raw: bytes, kind: str | None, status: int) -> None:
    alert = keep(web)
    response = web.client.post(f"/alerts/{alert}/acknowledge", data=raw, content_type=kind)

    assert response.status_code == status
    assert web.json(f"/alerts/{alert}")["state"] == "firing"


def test_a_page_of_another_site_and_a_stranger_may_do_nothing(make_web: MakeWeb) -> None:
    web = make_web(config=CONFIG, password="s3cret")
    alert = keep(web)
    known = {"Authorization": "Basic OnMzY3JldA=="}

    assert web.client.post(f"/alerts/{alert}/acknowledge", json={}).status_code == 401
    foreign = {**known, "Origin": "https://evil.example"}
    assert web.client.post(f"/alerts/{alert}/acknowledge", json={}, headers=foreign).status_code == 403
    assert web.client.post(f"/alerts/{alert}/acknowledge", json={}, headers=known).status_code == 200


def test_receivers_are_all_configured_ones_with_how_sending_goes(web: Web) -> None:
    (told,) = web.json("/receivers")["receivers"]
    assert (told["name"], told["kind"], told["broken"], told["waiting"], told["oldest_waiting_at"]) == (
        "ci-channel", "stdout", False, 0, None,
    )  # fmt: skip
    notify(web, keep(web))
    notify(web, keep(web, branch="b"), receiver="forgotten")

    (told,) = web.json("/receivers")["receivers"]
    assert (told["waiting"], told["oldest_waiting_at"]) == (1, "2026-01-31T12:00:00Z")


def test_a_receiver_that_takes_nothing_says_since_when_and_what_it_said(web: Web) -> None:
    (told,) = web.json("/receivers")["receivers"]
    assert (told["failures"], told["first_failed_at"], told["error"]) == (0, None, None)
    failing = ReceiverState("ci-channel", error="it refused the connection", failures=9, first_failed_at=NOW)
    with web.database.writing():
        receivers.save(failing)
    (told,) = web.json("/receivers")["receivers"]
    assert (told["broken"], told["failures"], told["error"]) == (False, 9, "it refused the connection")
    assert told["first_failed_at"] == to_api(NOW)


def test_hostile_names_stay_what_they_are(web: Web) -> None:
    name = '<script>alert(1)</script>\u202e"'
    keep(web, pipeline=name, text=name, rule=name)
    (told,) = web.json("/alerts")["alerts"]

    assert (told["pipeline"], told["text"], told["rule"]) == (name, name, name)


def silence(**changes: Any) -> dict[str, Any]:
    return {"matchers": {"repo": "acme/*"}, "author": "mira", "reason": "moving", "duration": "2h", **changes}


def test_a_silence_silences_the_open_alerts_that_it_takes_and_no_other(web: Web) -> None:
    taken, other = keep(web), keep(web, repo="other/web", pipeline_id=9)
    made = web.client.post("/silences", json=silence())

    assert made.status_code == 201
    told = made.get_json()
    assert (told["silenced"], told["in_force"], told["ends_at"]) == ([taken], True, "2026-01-31T14:00:00Z")
    assert ids(web, "state=silenced") == [taken]
    assert ids(web, "state=firing") == [other]


def test_a_silence_by_group_goes_by_the_configuration(web: Web) -> None:
    taken, _ = keep(web), keep(web, repo="acme/api", pipeline_id=9)

    assert web.client.post("/silences", json=silence(matchers={"group": "web-team"})).get_json()["silenced"] == [taken]


def test_a_silence_can_be_ended_early_and_twice(web: Web) -> None:
    made = web.client.post("/silences", json=silence()).get_json()
    web.clock.now = NOW + timedelta(minutes=5)
    ended = web.client.delete(f"/silences/{made['id']}")
    again = web.client.delete(f"/silences/{made['id']}")

    assert ended.get_json()["ended_at"] == again.get_json()["ended_at"] == "2026-01-31T12:05:00Z"
    assert web.json("/silences")["silences"] == []
    assert [one["id"] for one in web.json("/silences?state=all")["silences"]] == [made["id"]]
    assert web.client.delete("/silences/999").status_code == 404
    assert web.client.delete(f"/silences/{2**63}").status_code == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"matchers": {}}, "matchers"),
        ({"matchers": {"colour": "red"}}, "matchers.colour"),
        ({"matchers": {"repo": ""}}, "matchers.repo"),
        ({"matchers": None}, "matchers"),
        ({"author": " "}, "author"),
        ({"duration": "two hours"}, "duration"),
        ({"duration": "31d"}, "duration"),
        ({"duration": "999999w"}, "duration"),
        ({"duration": "0h"}, "duration"),
        ({"duration": None, "ends_at": "9998-12-31T23:59:59Z"}, "ends_at"),
        ({"duration": None, "ends_at": "2026-01-31T11:00:00Z"}, "ends_at"),
        ({"duration": None, "ends_at": "tomorrow"}, "ends_at"),
        ({"starts_at": "2026-01-31T11:00:00"}, "starts_at"),
    ],
)
def test_a_silence_that_cannot_be_is_refused_by_field(web: Web, changes: dict[str, Any], field: str) -> None:
    response = web.client.post("/silences", json=silence(**changes))

    assert response.status_code == 422, response.get_json()
    assert response.get_json()["error"]["field"] == field
    assert web.json("/silences?state=all")["silences"] == []


def test_a_duration_and_an_end_are_not_given_together(web: Web) -> None:
    response = web.client.post("/silences", json=silence(ends_at="2026-02-01T00:00:00Z"))

    assert response.status_code == 422
    assert "not both" in response.get_json()["error"]["message"]


def test_answers_are_what_the_document_says(web: Web) -> None:
    spec = web.json("/openapi.json")
    alert = keep(web)
    notify(web, alert)
    made = web.client.post("/silences", json=silence(matchers={"rule": "other"}))
    number = made.get_json()["id"]
    asked = [
        ("/alerts", "get", web.get("/alerts")),
        ("/alerts/{alert_id}", "get", web.get(f"/alerts/{alert}")),
        ("/alerts/{alert_id}", "get", web.get("/alerts/999")),
        ("/alerts/{alert_id}/acknowledge", "post", web.client.post(f"/alerts/{alert}/acknowledge")),
        ("/alerts/{alert_id}/acknowledge", "post", web.client.post(f"/alerts/{alert}/acknowledge")),
        ("/alerts/{alert_id}/unacknowledge", "post", web.client.post(f"/alerts/{alert}/unacknowledge")),
        ("/alerts/{alert_id}/silence", "post", web.client.post(f"/alerts/{alert}/silence", json={"author": "mira"})),
        ("/silences", "post", made),
        ("/silences", "get", web.get("/silences")),
        ("/silences/{silence_id}", "delete", web.client.delete(f"/silences/{number}")),
        ("/receivers", "get", web.get("/receivers")),
    ]
    assert [response.status_code for _, _, response in asked] == [200, 200, 404, 200, 409, 200, 200, 201, 200, 200, 200]
    for path, method, response in asked:
        answers = spec["paths"][path][method]["responses"]
        schema = answers[str(response.status_code)]["content"]["application/json"]["schema"]
        jsonschema_rs.validate({**schema, "components": spec["components"]}, response.get_json())
