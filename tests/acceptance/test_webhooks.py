"""The real program takes the webhooks that GitHub and Jenkins sent: what is stored is what the recordings say."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from tests.acceptance.deliveries import (
    CLIENT,
    OTHERS,
    STORED,
    Delivery,
    Json,
    changed,
    fresh,
    jenkins_life,
    post_jenkins,
    recorded_jenkins,
    sign,
)
from tests.acceptance.polling import RECORDINGS, all_builds, instant
from tests.acceptance.running import HOSTS, SECRETS, Running, stored

pytestmark = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings are not on this machine")


def told_builds(deliveries: dict[str, Delivery]) -> dict[tuple[str, int], list[Delivery]]:
    """The recorded deliveries by the run and attempt that they tell of: anonymised ones use ids again."""
    found: dict[tuple[str, int], list[Delivery]] = {}
    for one in deliveries.values():
        if one.event in STORED:
            told = one.body[one.event]
            run_id = told["run_id"] if one.event == "workflow_job" else told["id"]
            found.setdefault((str(run_id), told.get("run_attempt") or 1), []).append(one)
    return found


# As they came


def test_every_recorded_delivery_is_stored_or_answered_with_a_reason(
    running: Running, deliveries: dict[str, Delivery]
) -> None:
    assert {one.event for one in deliveries.values()} == {*STORED, *OTHERS}
    for name, one in deliveries.items():
        head = running.head
        answer = one.post(running.product, SECRETS["SECRET_NEW"])
        if one.event in STORED:
            assert answer.status_code in (200, 201), (name, answer.text)
            assert answer.json()["stored"], name
        else:
            assert (answer.status_code, answer.json()["stored"]) == (202, False), (name, answer.text)
            assert answer.json()["reason"], name
            assert running.head == head, name
    github = {key for key, build in all_builds(running.product).items() if build["provider"] == "github"}
    assert github >= set(told_builds(deliveries))


def test_a_recorded_run_is_stored_with_what_it_says(running: Running, deliveries: dict[str, Delivery]) -> None:
    for one in deliveries.values():
        if one.event != "workflow_run" or one.body["action"] != "completed":
            continue
        one.post(running.product, SECRETS["SECRET_OLD"])
        body = one.body
        told = body["workflow_run"]
        build = stored(running.product, str(told["id"]), told.get("run_attempt") or 1)
        started = instant(told.get("run_started_at") or told["created_at"])
        ended = instant(told["updated_at"])
        assert started
        assert ended
        assert build["status"] == build["conclusion"] == told["conclusion"] == "success"
        assert (build["repo"], build["instance"]) == (body["repository"]["full_name"], "github.com")
        assert build["pipeline"] == body["workflow"]["name"]
        assert (build["branch"], build["commit"]) == (told["head_branch"], told["head_sha"])
        assert (build["event"], build["url"]) == (told["event"], told["html_url"])
        assert (instant(build["started_at"]), instant(build["completed_at"])) == (started, ended)
        assert build["duration_seconds"] == (ended - started).total_seconds()
        assert instant(build["created_at"]) == instant(told["created_at"])
        assert (build["source"], build["provider"]) == ("all", "github")


def test_a_recorded_job_of_an_unknown_run_makes_an_unfinished_build(
    running: Running, deliveries: dict[str, Delivery]
) -> None:
    builds = {key: found for key, found in told_builds(deliveries).items() if found[0].event == "workflow_job"}
    assert builds
    for key, found in builds.items():
        for one in found:
            one.post(running.product, SECRETS["SECRET_OLD"])
        build = stored(running.product, *key)
        jobs = [one.body["workflow_job"] for one in found]
        waiting = all(told["status"] in ("queued", "waiting") for told in jobs)
        assert build["status"] == ("queued" if waiting else "in_progress")
        assert build["repo"] == found[0].body["repository"]["full_name"]
        assert (build["conclusion"], build["duration_seconds"], build["completed_at"]) == (None, None, None)
        check_jobs(build, jobs)


def check_jobs(build: Json, told: list[Json]) -> None:
    """Of deliveries with one job id the one that is furthest on counts."""
    ranks = {"completed": 2, "in_progress": 1}
    furthest = {one["id"]: one for one in sorted(told, key=lambda one: ranks.get(one["status"], 0))}
    assert {shown["id"] for shown in build["jobs"]} == {str(job_id) for job_id in furthest}
    for shown in build["jobs"]:
        one = furthest[int(shown["id"])]
        assert (shown["name"], shown["conclusion"]) == (one["name"], one["conclusion"])
        assert [step["name"] for step in shown["steps"]] == [step["name"] for step in one["steps"]]
        if one["status"] in ("queued", "waiting"):
            assert (shown["status"], shown["started_at"], shown["queue_seconds"]) == ("queued", None, None)
        else:
            assert instant(shown["started_at"]) == instant(one["started_at"])


def test_every_recorded_jenkins_message_is_stored_or_answered_with_a_reason(running: Running) -> None:
    for name, body in recorded_jenkins():
        head = running.head
        answer = post_jenkins(running.product, body, SECRETS["TOKEN_OLD"])
        if not name.startswith("notification-plugin"):
            assert (answer.status_code, answer.json()["stored"]) == (202, False), (name, answer.text)
            assert "Notification plugin" in answer.json()["reason"]
            assert running.head == head, name
            continue
        assert answer.status_code in (200, 201), (name, answer.text)
        told = body["build"]
        build = stored(running.product, f"{body['name']}#{told['number']}")
        assert (build["status"], build["conclusion"]) == ("success", told["status"])
        assert (build["branch"], build["commit"]) == (told["scm"]["branch"][len("origin/") :], told["scm"]["commit"])
        assert (build["started_at"], build["duration_seconds"]) == (None, None), "old plugins tell no times"
        assert build["instance"] == running.jenkins.url.removeprefix("http://")
        assert build["source"] == "build-server"


@pytest.mark.parametrize("form", [False, True])
@pytest.mark.parametrize("secret", ["SECRET_OLD", "SECRET_NEW"])
def test_either_secret_of_a_rotation_and_either_encoding_is_right(
    running: Running, run: Delivery, form: bool, secret: str
) -> None:
    place = 10 + 2 * form + (secret == "SECRET_OLD")
    mine = fresh(run, place)
    assert mine.post(running.product, SECRETS[secret], form=form).status_code == 201
    assert stored(running.product, str(mine.body["workflow_run"]["id"]))["repo"].endswith(f"-{place}")


@pytest.mark.parametrize("basic", [False, True])
@pytest.mark.parametrize("token", ["TOKEN_OLD", "TOKEN_NEW"])
def test_either_token_of_a_rotation_is_right_as_bearer_and_as_password(
    running: Running, basic: bool, token: str
) -> None:
    number = 900 + 2 * basic + (token == "TOKEN_OLD")
    body = jenkins_life(number, host=HOSTS[0])[2]
    assert post_jenkins(running.product, body, SECRETS[token], basic=basic).status_code == 201


# Refused


@pytest.mark.parametrize("form", [False, True])
def test_what_is_not_signed_right_is_refused_and_not_stored(running: Running, run: Delivery, form: bool) -> None:
    head, mine = running.head, fresh(run, 20)
    right = sign(SECRETS["SECRET_OLD"], mine.raw)
    wrong = ["", sign("guess", mine.raw), sign("", mine.raw), right.upper(), "sha256=" + right[7:].upper(), right[:-1]]
    wrong += [right[7:], "sha256=", "sha1=" + "0" * 40, sign(SECRETS["SECRET_OLD"], mine.raw + b" ")]
    if form:
        wrong.append(right)  # of the JSON, not of the bytes that were sent
    for signature in wrong:
        answer = mine.post(running.product, "", signature=signature, form=form)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized"), signature
    assert running.head == head


@pytest.mark.parametrize("token", [None, "", "guess", "JENKINS-OLD", "jenkins-old ish", "github-old"])
def test_a_wrong_token_is_refused_and_nothing_is_stored(running: Running, token: str | None) -> None:
    head, body = running.head, jenkins_life(800, host=HOSTS[0])[2]
    for basic in (False, True):
        assert post_jenkins(running.product, body, token, basic=basic).status_code == 401
    assert running.head == head


def test_a_body_that_is_not_one_whole_json_text_is_refused(running: Running, deliveries: dict[str, Delivery]) -> None:
    head = running.head
    for one in deliveries.values():
        for raw in (one.raw + b"\nand more", one.raw + one.raw, one.raw[: len(one.raw) // 2], one.raw.rstrip()[:-1]):
            broken = replace(one, raw=raw)
            for form in (False, True):
                answer = broken.post(running.product, SECRETS["SECRET_OLD"], form=form)
                assert answer.status_code == 400, (one.name, raw[-20:], answer.text)
    for _, body in recorded_jenkins():
        cut = httpx.Request("POST", "http://x", json=body).content[:-1]
        headers = {"Authorization": f"Bearer {SECRETS['TOKEN_OLD']}", "Content-Type": "application/json"}
        for raw in (cut, cut + b"} more"):
            answer = CLIENT.post(running.product.url + "/ingest/jenkins", content=raw, headers=headers)
            assert answer.status_code == 400
    assert running.head == head


def test_a_body_under_another_events_header_stores_nothing(running: Running, deliveries: dict[str, Delivery]) -> None:
    head = running.head
    for one in deliveries.values():
        mine = fresh(one, 21) if one.event in STORED else one
        for event in {*STORED, *OTHERS, "zzz"} - {one.event}:
            answer = replace(mine, event=event).post(running.product, SECRETS["SECRET_OLD"])
            assert answer.status_code in (202, 400, 422), (one.name, event, answer.text)
    assert running.head == head


# Not for us


def test_a_secret_stores_nothing_of_another_instance(running: Running, run: Delivery, job: Delivery) -> None:
    head = running.head
    for one in (fresh(run, 22), fresh(job, 22)):
        abroad = replace(one, raw=one.raw.replace(b"https://github.com/", b"https://ghe.acme.com/"))
        for mine, secret in ((one, "SECRET_GHE"), (abroad, "SECRET_OLD"), (abroad, "SECRET_PICKY")):
            answer = mine.post(running.product, SECRETS[secret])
            assert answer.status_code == 202, answer.text
            assert "speaks for" in answer.json()["reason"]
    assert running.head == head
    assert abroad.post(running.product, SECRETS["SECRET_GHE"]).status_code == 201


def test_a_token_stores_nothing_of_another_controller_or_folder(running: Running) -> None:
    head = running.head
    body = jenkins_life(801, host=HOSTS[0])[2]
    assert post_jenkins(running.product, body, SECRETS["TOKEN_OTHER"]).status_code == 202
    elsewhere = jenkins_life(801, host="http://elsewhere:8080")[2]
    assert post_jenkins(running.product, elsewhere, SECRETS["TOKEN_OTHER"]).status_code == 202
    assert running.head == head


def test_a_secret_stores_nothing_of_a_repo_that_its_source_does_not_select(running: Running, run: Delivery) -> None:
    head, mine = running.head, fresh(run, 23)
    for owner in (b"gsmet/secret", b"stranger/"):
        other = replace(mine, raw=mine.raw.replace(b"gsmet/", owner))
        answer = other.post(running.product, SECRETS["SECRET_PICKY"])
        assert answer.status_code == 202, answer.text
        assert "does not watch the repo" in answer.json()["reason"]
    assert running.head == head


@pytest.mark.parametrize(
    ("branch", "default", "status"),
    [("main", "main", 201), ("release/2", "main", 201), ("topic", "main", 202), ("main", "trunk", 202)],
)
def test_a_sources_branches_hold_for_pushes(
    running: Running, run: Delivery, branch: str, default: str, status: int
) -> None:
    place = {"main main": 30, "release/2 main": 31, "topic main": 32, "main trunk": 33}[f"{branch} {default}"]
    mine = changed(fresh(run, place), head_branch=branch)
    body = mine.raw.replace(b'"default_branch": "main"', f'"default_branch": "{default}"'.encode())
    head = running.head
    answer = replace(mine, raw=body).post(running.product, SECRETS["SECRET_PICKY"])
    assert answer.status_code == status, answer.text
    assert (running.head == head) == (status == 202)


def test_a_sources_workflows_hold_for_pushes(
    running: Running, run: Delivery, job: Delivery, deliveries: dict[str, Delivery]
) -> None:
    by_file = fresh(deliveries["octokit/api.github.com/workflow_run/completed.payload.json"], 34)
    by_file = changed(by_file, head_branch="release/1")  # its run has no name, its workflow is called test
    assert by_file.post(running.product, SECRETS["SECRET_PICKY"]).status_code == 201
    named = changed(fresh(job, 34), workflow_name="CI", head_branch="main")
    assert named.post(running.product, SECRETS["SECRET_PICKY"]).status_code == 201
    head = running.head
    other = changed(fresh(job, 35), workflow_name="Deploy", head_branch="main")
    renamed = fresh(run, 35).raw.replace(b'"name": "CI"', b'"name": "Deploy"')
    for one in (other, replace(run, raw=renamed)):
        answer = one.post(running.product, SECRETS["SECRET_PICKY"])
        assert answer.status_code == 202, answer.text
        assert "does not watch the workflow Deploy" in answer.json()["reason"]
    assert running.head == head
