"""What becomes of GitHub's repos, workflows and runs as they come, change and go: rows and the API's answers."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from collector.demo.faults import Fault
from tests.acceptance.collecting import ENVIRON, START, Collecting

UNTIMED: Any = {"verify_exp": False, "verify_iat": False}
DAY = 24 * 60


def ids(collecting: Collecting, **query: Any) -> set[str]:
    return {external_id for external_id, _ in collecting.builds(**query)}


def test_an_old_run_that_is_run_again_for_a_moment_is_found_within_a_day(collecting: Collecting) -> None:
    old = collecting.world.add_run("acme/web", created_at=START - timedelta(days=20), conclusion="failure")
    for number in range(110):
        collecting.world.add_run("acme/web", created_at=START - timedelta(hours=1 + number))
    collecting.start(collecting.acme(backfill="30d"))
    collecting.poll(times=2)
    assert collecting.build(old.id)["status"] == "failure"
    collecting.world.rerun(old.id)
    collecting.world.finish_run(old.id)
    collecting.poll(times=3)
    assert (str(old.id), 2) not in collecting.builds()
    collecting.poll(minutes=DAY)
    assert collecting.build(old.id, 2)["status"] == "success"
    assert [one["status"] for one in collecting.get(f"/builds/{collecting.build(old.id, 2)['id']}")["attempts"]] == [
        "failure", "success",
    ]  # fmt: skip


def test_a_run_that_was_deleted_while_it_ran_does_not_run_for_ever(collecting: Collecting) -> None:
    run = collecting.world.add_run("acme/web", status="in_progress")
    collecting.world.add_job(run.id, "slow", status="queued")
    collecting.start(collecting.acme())
    collecting.poll(times=3)
    assert [item["build_id"] for item in collecting.get("/waiting")["items"]] == [collecting.build(run.id)["id"]]
    collecting.poll(minutes=31)
    assert [(rule, state) for rule, _, state, _ in collecting.alerts()] == [("stuck", "firing")]
    collecting.world.delete_run(run.id)
    collecting.poll(minutes=6, times=4)
    ended = collecting.build(run.id)
    assert (ended["status"], ended["conclusion"], ended["completed_at"]) == ("skipped", "gone", None)
    assert {job["status"] for job in collecting.get(f"/builds/{ended['id']}")["jobs"]} == {"skipped"}
    assert collecting.get("/waiting")["items"] == []
    assert [state for _, _, state, _ in collecting.alerts()] == ["resolved"]
    collecting.github.journal.clear()
    collecting.poll(minutes=11, times=3)
    assert collecting.github.journal.count(f"*/actions/runs/{run.id}") == 0


def test_runs_that_appear_and_vanish_while_a_list_is_paged_cost_no_other(collecting: Collecting) -> None:
    runs = [
        collecting.world.add_run("acme/web", created_at=START - timedelta(minutes=number), jobs=())
        for number in range(230)
    ]
    collecting.start(collecting.acme())
    answered = collecting.github.answer

    def moving(request: Any) -> Any:
        told = answered(request)
        if request.path.endswith("/actions/runs") and request.query.get("page") == "2":
            collecting.world.add_run("acme/web", jobs=())
            if collecting.world.ledger.run(runs[5].id):
                collecting.world.delete_run(runs[5].id)
        return told

    collecting.github.answer = moving  # type: ignore[method-assign]
    collecting.poll(times=2)
    assert {str(run.id) for run in runs} - {str(runs[5].id)} <= stored_ids(collecting)


def stored_ids(collecting: Collecting) -> set[str]:
    found: set[str] = set()
    cursor: str | None = None
    while True:
        page = collecting.get("/builds", limit=200, window="90d", **({"cursor": cursor} if cursor else {}))
        found |= {build["external_id"] for build in page["builds"]}
        cursor = page["next"]
        if cursor is None:
            return found


@pytest.mark.parametrize("new_name", ["acme/webshop", "umbrella/web"])
def test_a_repo_that_is_renamed_or_transferred_keeps_its_history_under_its_new_name(
    collecting: Collecting, new_name: str
) -> None:
    first = collecting.world.add_run("acme/web", conclusion="failure")
    hooks = {"webhook_secrets": ["${HOOK}"]}
    collecting.start(collecting.acme(**hooks))
    collecting.poll(times=2)
    pipeline = collecting.pipelines()["acme/web CI"]["id"]
    collecting.world.rename_repo("acme/web", new_name)
    second = collecting.world.add_run(new_name, conclusion="failure")
    collecting.poll(times=2)
    assert {(one["repo"], one["status"]) for one in collecting.builds().values()} == {(new_name, "failure")}
    assert ids(collecting) == {str(first.id), str(second.id)}
    assert [(one["id"], one["repo"], one["streak"]) for one in collecting.pipelines().values()] == [
        (pipeline, new_name, 2)
    ]
    assert collecting.source("acme")["last_error"] is None
    third = collecting.world.add_run(new_name)
    collecting.poll()
    assert collecting.build(third.id)["repo"] == new_name
    collecting.poll(minutes=6, times=2)
    assert collecting.pipelines()[f"{new_name} CI"]["state"] == "active", "it is watched on"


def test_a_repo_that_the_config_drops_goes_quiet_and_keeps_its_rows(collecting: Collecting) -> None:
    run = collecting.world.add_run("acme/old", status="in_progress")
    collecting.world.add_job(run.id, "slow", status="queued")
    collecting.world.add_run("acme/web")
    collecting.start(collecting.acme(repos=["acme/web", "acme/old"]))
    collecting.poll(times=2)
    red = collecting.world.add_run("acme/old", workflow="Nightly", conclusion="failure")
    collecting.poll(minutes=31)
    firing = {(rule, name) for rule, name, state, _ in collecting.alerts() if state == "firing"}
    assert firing == {("stuck", "CI"), ("broken", "Nightly")}
    collecting.start(collecting.acme())
    collecting.github.journal.clear()
    collecting.poll(times=2)
    assert {state for _, _, state, _ in collecting.alerts()} == {"firing"}, "another source may take it up"
    collecting.poll(minutes=3, times=3)
    assert {state for _, _, state, _ in collecting.alerts()} == {"resolved"}
    assert collecting.notified().count("closed") == 1
    assert (collecting.build(run.id)["status"], collecting.build(run.id)["conclusion"]) == ("skipped", "unwatched")
    assert collecting.build(red.id)["status"] == "failure"
    assert collecting.get("/waiting")["items"] == []
    assert [collecting.pipelines()[f"acme/old {name}"]["state"] for name in ("CI", "Nightly")] == ["unwatched"] * 2
    collecting.poll(minutes=3 * DAY)
    silent = {(rule, name) for rule, name, state, _ in collecting.alerts() if (rule, state) == ("silent", "firing")}
    assert silent == {("silent", "CI")}, "that of acme/web, which is watched"
    assert collecting.github.journal.count("*/repos/acme/old*") == 0


def test_what_is_added_to_the_config_notifies_nobody_of_its_past_and_of_what_breaks_from_then_on(
    collecting: Collecting,
) -> None:
    collecting.world.add_run("acme/web")
    collecting.start(collecting.acme())
    collecting.poll(times=2)
    collecting.world.add_run("acme/api", conclusion="failure", created_at=START - timedelta(hours=2))
    collecting.start(collecting.acme(repos=["acme/web", "acme/api"]))
    collecting.poll(times=2)
    assert (collecting.pipelines()["acme/api CI"]["status"], collecting.notified()) == ("failure", [])
    collecting.world.add_run("acme/api", workflow="Deploy", conclusion="failure")
    collecting.poll(times=2)
    assert collecting.notified() == ["failing"]


def test_what_was_dropped_and_comes_back_is_read_on_and_its_builds_are_what_they_are(collecting: Collecting) -> None:
    run = collecting.world.add_run("acme/web", status="in_progress")
    collecting.world.add_run("acme/api")
    both = collecting.acme(repos=["acme/web", "acme/api"])
    collecting.start(both)
    collecting.poll(times=2)
    collecting.start(collecting.acme(repos=["acme/api"]))
    collecting.poll(minutes=3, times=4)
    assert collecting.build(run.id)["conclusion"] == "unwatched"
    collecting.world.finish_run(run.id, "failure")
    collecting.poll()
    collecting.start(both)
    collecting.poll(times=2)
    assert collecting.build(run.id)["status"] == "failure"
    assert collecting.pipelines()["acme/web CI"]["state"] == "active"
    assert collecting.notified() == [], "it broke while nobody watched"


@pytest.mark.parametrize("ends", [True, False])
def test_a_build_that_no_list_shows_is_asked_for_when_its_repo_comes_back(collecting: Collecting, ends: bool) -> None:
    run = collecting.world.add_run("acme/web", status="in_progress")
    collecting.world.add_run("acme/api")
    both = collecting.acme(repos=["acme/web", "acme/api"])
    collecting.start(both)
    collecting.poll(times=2)
    collecting.start(collecting.acme(repos=["acme/api"]))
    collecting.poll(minutes=3, times=4)
    assert collecting.build(run.id)["conclusion"] == "unwatched"
    if ends:
        collecting.world.finish_run(run.id, "success")
    for _ in range(101):
        collecting.world.add_run("acme/web")
    collecting.start(both)
    collecting.poll(times=2)
    build = collecting.get(f"/builds/{stored_id(collecting, run.id)}")
    assert (build["status"], build["conclusion"]) == (("success", "success") if ends else ("in_progress", None))
    assert {job["status"] for job in build["jobs"]} == {"success" if ends else "in_progress"}
    stuck = [alert[0] for alert in collecting.alerts()]
    assert stuck == ([] if ends else ["stuck"]), "what runs for longer than usual is stuck once it is known to run"


def stored_id(collecting: Collecting, run: int) -> int:
    found = collecting.get("/builds", limit=200, window="90d", status=["success", "in_progress", "skipped"])["builds"]
    return next(int(one["id"]) for one in found if one["external_id"] == str(run))


def test_a_source_that_changes_its_name_leaves_nothing(collecting: Collecting) -> None:
    run = collecting.world.add_run("acme/web", status="in_progress")
    collecting.start(collecting.acme())
    collecting.poll(times=2)
    collecting.start(collecting.acme(name="github"))
    collecting.poll(minutes=4, times=4)
    assert collecting.build(run.id)["status"] == "in_progress"
    assert collecting.pipelines()["acme/web CI"]["state"] == "active"


def test_disabled_and_deleted_workflows_say_so_and_end_their_alerts(collecting: Collecting) -> None:
    for name in ("CI", "Nightly", "Lint"):
        collecting.world.add_run("acme/web", workflow=name, conclusion="failure", created_at=START)
    collecting.start(collecting.acme())
    collecting.world.add_run("acme/web", workflow="CI", conclusion="failure")
    collecting.poll(times=2)
    workflow = collecting.world.workflow("acme/web", "Nightly")
    collecting.world.advance(61 * 60)
    collecting.world.change_workflow(workflow.id, state="disabled_manually")
    lint = collecting.world.workflow("acme/web", "Lint")
    del collecting.world.ledger._workflows[lint.id]
    hide_runs_of(collecting, lint.id)
    collecting.poll(minutes=61)
    states = {name: one["state"] for name, one in collecting.pipelines().items()}
    assert states == {
        "acme/web CI": "active", "acme/web Nightly": "disabled_manually", "acme/web Lint": "deleted",
    }  # fmt: skip
    collecting.world.change_workflow(workflow.id, state="active")
    collecting.poll(minutes=61)
    assert collecting.pipelines()["acme/web Nightly"]["state"] == "active"


def hide_runs_of(collecting: Collecting, workflow_id: int) -> None:
    """A deleted workflow's runs stay on GitHub; the stand-in draws them with their workflow, which is gone here."""
    runs = collecting.world.ledger.runs_until(collecting.world.repo("acme/web").id, collecting.world.clock())
    for run in [one for one in runs if one.workflow_id == workflow_id]:
        collecting.world.delete_run(run.id)


def test_repos_of_an_organisation_join_and_leave_by_themselves(collecting: Collecting) -> None:
    web = collecting.world.add_run("acme/web")
    docs = collecting.world.add_run("acme/docs", status="in_progress")
    collecting.start(collecting.acme(repos=[], orgs=["acme"]))
    collecting.poll(times=2)
    assert ids(collecting) == {str(web.id), str(docs.id)}
    new = collecting.world.add_run("acme/new", conclusion="failure")
    collecting.world.rename_repo("acme/docs", "umbrella/docs")
    collecting.poll(minutes=61)
    assert collecting.build(new.id)["status"] == "failure"
    collecting.poll(minutes=3, times=3)
    assert collecting.build(docs.id)["conclusion"] == "unwatched"
    states = {name: one["state"] for name, one in collecting.pipelines().items()}
    assert [states[f"acme/{name} CI"] for name in ("web", "docs", "new")] == ["active", "unwatched", "active"]


def test_a_glob_on_a_workflows_name_takes_its_runs_whatever_they_call_themselves(collecting: Collecting) -> None:
    collecting.world.add_workflow("acme/web", "Deploy", path=".github/workflows/x.yml")
    ours = collecting.world.add_run("acme/web", workflow="Deploy", name="Ship 4.2 by @octo")
    collecting.world.add_run("acme/web", workflow="Lint", name="Deploy nothing")
    collecting.start(collecting.acme(workflows=["Deploy"]))
    collecting.poll(times=2)
    assert ids(collecting) == {str(ours.id)}
    assert collecting.build(ours.id)["pipeline"] == "Deploy"


def test_queued_jobs_say_for_which_label_they_wait(collecting: Collecting) -> None:
    run = collecting.world.add_run("acme/web", status="queued", jobs=())
    collecting.world.add_job(run.id, "train", status="queued", labels=("self-hosted", "gpu"))
    collecting.start(collecting.acme())
    collecting.poll(times=4)
    (item,) = collecting.get("/waiting")["items"]
    assert (item["kind"], item["job"], item["labels"], item["repo"]) == (
        "job", "train", ["self-hosted", "gpu"], "acme/web",
    )  # fmt: skip


def test_an_apps_installation_is_read_with_tokens_that_are_renewed_and_costs_nothing_while_nothing_changes(
    collecting: Collecting, tmp_path: Path
) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    file = tmp_path / "app.pem"
    pem = serialization.PrivateFormat.TraditionalOpenSSL
    file.write_bytes(key.private_bytes(serialization.Encoding.PEM, pem, serialization.NoEncryption()))
    run = collecting.world.add_run("acme/web")
    collecting.start(collecting.acme(app={"id": 12, "installation_id": 5, "private_key_file": str(file)}))
    collecting.poll(times=3)
    assert collecting.build(run.id)["status"] == "success"
    (made,) = collecting.github.journal.entries("*/access_tokens")
    sent = made.request.headers["authorization"].removeprefix("Bearer ")
    claims = jwt.decode(sent, key.public_key(), algorithms=["RS256"], options=UNTIMED)
    assert claims["iss"] == "12"
    collecting.poll(minutes=61)
    assert collecting.github.journal.count("*/access_tokens") == 2
    collecting.github.misbehave(Fault("*/actions/runs", status=401, body=b'{"message":"Bad credentials"}', times=1))
    another = collecting.world.add_run("acme/web")
    collecting.poll()
    assert collecting.github.journal.count("*/access_tokens") == 3
    assert collecting.build(another.id)["status"] == "success"
    assert collecting.source("acme")["last_error"] is None


def test_an_enterprise_server_is_one_instance_and_may_tell_no_limits(collecting: Collecting) -> None:
    for name in ("Limit", "Remaining", "Reset", "Used", "Resource"):
        collecting.github.misbehave(Fault("*", headers={f"X-RateLimit-{name}": ""}))
    run = collecting.world.add_run("acme/web", conclusion="failure")
    collecting.start(collecting.acme())
    collecting.poll(times=3)
    assert collecting.github.api_url.endswith("/api/v3")
    assert collecting.build(run.id)["instance"] == collecting.github.instance
    source = collecting.source("acme")
    assert (source["state"], source["last_error"], source["budget"]) == ("ok", None, None)


def test_a_webhook_of_a_renamed_repo_is_taken_before_any_poll_knows_its_name(collecting: Collecting) -> None:
    collecting.world.add_run("acme/web")
    collecting.start(collecting.acme(webhook_secrets=["${HOOK}"]))
    collecting.poll(times=2)
    collecting.world.rename_repo("acme/web", "acme/webshop")
    run = collecting.world.add_run("acme/webshop", status="in_progress")
    collecting.world.advance(1)
    told = httpx.get(
        f"{collecting.github.api_url}/repos/acme/webshop/actions/runs/{run.id}",
        headers={"Authorization": f"Bearer {ENVIRON['GH']}"},
    ).json()
    body = {"action": "in_progress", "workflow_run": told, "repository": told["repository"]}
    assert collecting.web.github("workflow_run", body, ENVIRON["HOOK"]).status_code == 201
    assert {build["repo"] for build in collecting.builds().values()} == {"acme/webshop"}
    collecting.world.finish_run(run.id)
    collecting.poll(minutes=6)
    assert collecting.build(run.id)["status"] == "success"
