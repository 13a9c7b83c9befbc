"""Webhooks of a repo that was renamed or transferred while the config still has its old name."""

from __future__ import annotations

from typing import Any

import pytest

from collector.storage import marks
from tests.webapp.conftest import MakeWeb
from tests.webapp.harness import Web, plain, repository, run_event

SECRET = "s3cret"


def config(**source: Any) -> dict[str, Any]:
    return {"sources": [{"name": "acme", "provider": "github", "webhook_secrets": ["${HOOK}"], **source}]}


def made(make_web: MakeWeb, **source: Any) -> Web:
    return make_web(config=config(**source), environ={"HOOK": SECRET})


def told(name: str, repo_id: int = 1, **run: Any) -> dict[str, Any]:
    """A delivery of the repo of that id under the name that it has now."""
    repo = {**repository(), "id": repo_id, "full_name": name, "html_url": f"https://github.com/{name}"}
    url = f"https://github.com/{name}/actions/runs/{run.get('id', 4711)}"
    return {
        **run_event(repository=repo, head_repository=repo, html_url=url, **run), "repository": repo,
    }  # fmt: skip


LATER: dict[str, Any] = {"id": 4712, "created_at": "2026-01-31T11:00:00Z", "run_started_at": "2026-01-31T11:00:00Z",
         "updated_at": "2026-01-31T11:05:00Z"}  # fmt: skip


@pytest.mark.parametrize("name", ["acme/webshop", "umbrella/web"])
def test_a_repo_is_taken_under_its_new_name_and_its_builds_bear_it(make_web: MakeWeb, name: str) -> None:
    web = made(make_web, repos=["Acme/Web"])
    assert web.github("workflow_run", told("acme/web"), SECRET).status_code == 201
    assert web.github("workflow_run", told(name, **LATER), SECRET).status_code == 201
    builds = web.json("/builds/latest")["builds"]
    assert [(build["repo"], build["source"]) for build in builds] == [(name, "acme")] * 2
    (pipeline,) = web.json("/pipelines")["pipelines"]
    assert (pipeline["repo"], pipeline["streak"]) == (name, 2)
    with web.database.reading():
        assert marks.get("acme", f"pushed:{name}") is not None


@pytest.mark.parametrize(("old", "new"), [("acme/zebra", "acme/ant"), ("acme/ant", "acme/zebra")])
@pytest.mark.parametrize("late", [False, True])
def test_of_two_names_of_one_instant_the_later_runs_holds(make_web: MakeWeb, old: str, new: str, late: bool) -> None:
    web = made(make_web)
    deliveries = [told(old, id=4711), told(old, id=4710), told(new, id=4712)]
    for body in reversed(deliveries) if late else deliveries:
        assert web.github("workflow_run", body, SECRET).status_code == 201
    assert {build["repo"] for build in web.json("/builds/latest")["builds"]} == {new}
    assert len(web.json("/builds/latest")["builds"]) == 3


def test_a_job_of_it_is_taken_too(make_web: MakeWeb) -> None:
    web = made(make_web, repos=["acme/web"])
    web.github("workflow_run", told("acme/web"), SECRET)
    repo = told("acme/webshop")["repository"]
    url = "https://github.com/acme/webshop/actions/runs/4711/job/9"
    job = {
        "id": 9, "run_id": 4711, "name": "unit", "status": "completed", "conclusion": "success", "html_url": url,
        "workflow_name": "CI", "started_at": "2026-01-31T10:01:00Z", "completed_at": "2026-01-31T10:04:00Z",
    }  # fmt: skip
    body = {"action": "completed", "workflow_job": job, "repository": repo}
    assert web.github("workflow_job", body, SECRET).status_code == 200


def test_another_repo_is_not_taken_for_it(make_web: MakeWeb) -> None:
    web = made(make_web, repos=["acme/web"])
    web.github("workflow_run", told("acme/web"), SECRET)
    refused = web.github("workflow_run", told("acme/webshop", 2), SECRET)
    assert (refused.status_code, "does not watch the repo acme/webshop" in refused.get_json()["reason"]) == (202, True)


def test_once_another_repo_has_the_old_name_the_config_means_that_one(make_web: MakeWeb) -> None:
    web = made(make_web, repos=["acme/web"])
    web.github("workflow_run", told("acme/web"), SECRET)
    web.github("workflow_run", told("acme/webshop", **LATER), SECRET)
    newest: dict[str, Any] = {**LATER, "id": 4713, "updated_at": "2026-01-31T11:30:00Z"}
    assert web.github("workflow_run", told("acme/web", 2, **newest), SECRET).status_code == 201
    after: dict[str, Any] = {**LATER, "id": 4714, "updated_at": "2026-01-31T11:40:00Z"}
    assert web.github("workflow_run", told("acme/webshop", **after), SECRET).status_code == 202


def test_a_repo_that_left_its_organisation_or_is_excluded_is_not_the_sources(make_web: MakeWeb) -> None:
    web = made(make_web, orgs=["acme"])
    web.github("workflow_run", told("acme/web"), SECRET)
    assert web.github("workflow_run", told("umbrella/web", **LATER), SECRET).status_code == 202
    assert web.github("workflow_run", told("acme/webshop", **LATER), SECRET).status_code == 201


def test_its_workflows_and_branches_still_hold(make_web: MakeWeb) -> None:
    web = made(make_web, repos=["acme/web"], branches=["main"])
    web.github("workflow_run", told("acme/web"), SECRET)
    assert web.github("workflow_run", told("acme/webshop", head_branch="topic", **LATER), SECRET).status_code == 202


def repo_event(action: str, name: str, repo_id: int = 1, updated_at: str = "2026-01-31T12:00:00Z") -> dict[str, Any]:
    repo = {**repository(), "id": repo_id, "full_name": name, "html_url": f"https://github.com/{name}"}
    return {"action": action, "changes": {}, "repository": {**repo, "updated_at": updated_at}}


@pytest.mark.parametrize(("action", "name"), [("renamed", "acme/webshop"), ("transferred", "umbrella/web")])
@pytest.mark.parametrize("signed", [True, False])
def test_the_event_of_the_rename_itself_renames_at_once(
    make_web: MakeWeb, action: str, name: str, signed: bool
) -> None:
    web = made(make_web, repos=["acme/web"]) if signed else make_web()
    secret = SECRET if signed else None
    web.github("workflow_run", told("acme/web"), secret)
    answer = web.github("repository", repo_event(action, name), secret)
    assert (answer.status_code, len(answer.get_json()["ids"])) == (200, 1)
    assert web.json("/builds/latest")["builds"][0]["repo"] == name
    assert web.json("/pipelines")["pipelines"][0]["repo"] == name


def test_a_late_delivery_of_it_does_not_bring_the_old_name_back(make_web: MakeWeb) -> None:
    web = made(make_web, repos=["acme/web"])
    web.github("workflow_run", told("acme/web"), SECRET)
    web.github("repository", repo_event("renamed", "acme/shop", updated_at="2026-01-31T13:00:00Z"), SECRET)
    web.github("repository", repo_event("renamed", "acme/webshop"), SECRET)
    assert web.json("/builds/latest")["builds"][0]["repo"] == "acme/shop"


def test_repos_that_nobody_knows_and_what_else_becomes_of_one_are_not_for_us(make_web: MakeWeb) -> None:
    web = make_web()
    assert web.github("repository", repo_event("renamed", "acme/unknown", 9)).status_code == 202
    assert web.github("repository", repo_event("archived", "acme/web")).status_code == 202
    assert made(make_web, repos=["acme/api"]).github(
        "repository", repo_event("renamed", "acme/web"), SECRET
    ).status_code == 202  # fmt: skip


def test_a_run_is_not_taken_for_an_event_of_its_repo(make_web: MakeWeb) -> None:
    web = make_web()
    assert web.github("repository", {**told("acme/web"), "action": "renamed"}).status_code == 422


def test_a_plain_body_is_taken_under_the_new_name_too(make_web: MakeWeb) -> None:
    web = made(make_web, repos=["acme/web"])
    bearer = {"Authorization": f"Bearer {SECRET}"}
    body = plain(repo="acme/webshop", url=None, external_id="deploy-1")
    web.github("workflow_run", told("acme/web"), SECRET)
    assert web.post(body=body, headers=bearer).status_code == 202
    web.github("repository", repo_event("renamed", "acme/webshop"), SECRET)
    assert web.post(body=body, headers=bearer).status_code == 201
    assert web.post(body={**body, "repo": "acme/another"}, headers=bearer).status_code == 202
    assert {build["repo"] for build in web.json("/builds/latest")["builds"]} == {"acme/webshop"}
