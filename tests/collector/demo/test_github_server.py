from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from collector.demo.github import GithubServer
from collector.demo.plans import Step
from collector.demo.script import ScriptedWorld
from tests.collector.demo.conftest import NOW

RUNS = "/repos/acme/web/actions/runs"


def test_a_304_is_told_in_the_strong_form_and_costs_nothing(
    api: httpx.Client, world: ScriptedWorld, github: GithubServer
) -> None:
    world.add_run("acme/web")
    first = api.get(RUNS)
    again = api.get(RUNS, headers={"If-None-Match": first.headers["ETag"]})
    assert first.headers["ETag"].startswith('W/"')
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"].removeprefix("W/")
    assert again.headers["X-RateLimit-Remaining"] == first.headers["X-RateLimit-Remaining"] == "4999"
    assert github.journal.charged == 1


def test_an_etag_of_another_token_or_an_older_state_brings_the_whole_answer(
    api: httpx.Client, world: ScriptedWorld
) -> None:
    run = world.add_run("acme/web", status="in_progress")
    etag = api.get(RUNS).headers["ETag"]
    other = api.get(RUNS, headers={"If-None-Match": etag, "Authorization": "token t2"})
    world.advance(5)
    world.finish_run(run.id, "failure")
    changed = api.get(RUNS, headers={"If-None-Match": etag})
    assert (other.status_code, changed.status_code) == (200, 200)
    assert changed.json()["workflow_runs"][0]["conclusion"] == "failure"


def test_next_pages_point_to_the_repository_by_its_id_and_the_last_has_none(
    api: httpx.Client, world: ScriptedWorld
) -> None:
    repo = world.add_repo("acme/web")
    for i in range(7):
        world.add_run("acme/web", created_at=NOW - timedelta(hours=i + 1))
    answer, seen, pages = api.get(RUNS, params={"per_page": 3}), [], 0
    assert f"/repositories/{repo.id}/actions/runs?" in answer.links["next"]["url"]
    while True:
        pages += 1
        seen += [run["created_at"] for run in answer.json()["workflow_runs"]]
        assert answer.json()["total_count"] == 7
        if "next" not in answer.links:
            break
        answer = api.get(answer.links["next"]["url"])
    assert (pages, len(seen)) == (3, 7)
    assert seen == sorted(seen, reverse=True)
    assert set(answer.links) == {"prev", "first"}
    assert "Link" not in api.get(RUNS, params={"per_page": 100}).headers


@pytest.mark.parametrize(
    ("created", "hours"),
    [
        (">=2026-11-24T07:00:00Z", [1, 2]),
        (">2026-11-24T07:00:00Z", [1]),
        ("<=2026-11-24T07:00:00Z", [2, 3, 26]),
        ("<2026-11-24T07:00:00Z", [3, 26]),
        ("2026-11-24T06:00:00Z..2026-11-24T07:00:00Z", [2, 3]),
        ("*..2026-11-24T06:00:00Z", [3, 26]),
        ("2026-11-24T07:30:00Z..*", [1]),
        ("2026-11-23", [26]),
        ("2026-11-23..2026-11-23", [26]),
        (">2026-11-23", [1, 2, 3]),
        (">=2026-11-24T08:00:00+01:00", [1, 2]),
    ],
)
def test_created_selects_as_githubs_search_does(
    api: httpx.Client, world: ScriptedWorld, created: str, hours: list[int]
) -> None:
    runs = {world.add_run("acme/web", created_at=NOW - timedelta(hours=h)).id: h for h in (1, 2, 3, 26)}
    found = api.get(RUNS, params={"created": created}).json()
    assert [runs[run["id"]] for run in found["workflow_runs"]] == hours
    assert found["total_count"] == len(hours)


def test_a_created_that_is_no_date_is_refused(api: httpx.Client, world: ScriptedWorld) -> None:
    world.add_repo("acme/web")
    answer = api.get(RUNS, params={"created": ">=yesterday"})
    assert answer.status_code == 422
    assert "yesterday" in answer.json()["message"]


def test_status_means_status_or_conclusion_and_other_words_select_too(api: httpx.Client, world: ScriptedWorld) -> None:
    world.add_run("acme/web", conclusion="failure", branch="feat/x", event="pull_request", actor="ines")
    world.add_run("acme/web", status="queued")
    world.add_run("acme/web", status="in_progress", workflow="Deploy")

    def count(path: str = RUNS, **params: str) -> int:
        return int(api.get(path, params=params).json()["total_count"])

    assert count(status="failure") == count(status="completed") == count(status="queued") == 1
    assert count(branch="feat/x") == count(event="pull_request") == count(actor="ines") == 1
    assert count(status="success") == 0
    deploy = world.workflow("acme/web", "Deploy")
    assert count(f"/repos/acme/web/actions/workflows/{deploy.id}/runs") == 1
    assert count("/repos/acme/web/actions/workflows/deploy.yml/runs") == 1


def test_a_filtered_list_ends_after_a_thousand_but_an_open_one_does_not(
    api: httpx.Client, world: ScriptedWorld
) -> None:
    for i in range(1010):
        world.add_run("acme/web", created_at=NOW - timedelta(minutes=i + 1), jobs=())
    page = {"per_page": 100, "page": 11}
    filtered = api.get(RUNS, params={**page, "created": ">=2020-01-01"}).json()
    open_ = api.get(RUNS, params=page).json()
    assert (len(filtered["workflow_runs"]), filtered["total_count"]) == (0, 1010)
    assert len(open_["workflow_runs"]) == 10
    tenth = api.get(RUNS, params={"per_page": 100, "page": 10, "created": ">=2020-01-01"})
    assert "next" not in tenth.links


def test_a_wrong_token_is_401_and_none_is_anonymous_with_60_an_hour(world: ScriptedWorld) -> None:
    world.add_repo("acme/web")
    with GithubServer(world, tokens={"right"}) as server:
        wrong = httpx.get(f"{server.api_url}/repos/acme/web", headers={"Authorization": "Bearer wrong"})
        right = httpx.get(f"{server.api_url}/repos/acme/web", headers={"Authorization": "token right"})
        anonymous = httpx.get(f"{server.api_url}/repos/acme/web")
    assert (wrong.status_code, wrong.json()["message"]) == (401, "Bad credentials")
    assert right.headers["X-RateLimit-Limit"] == "5000"
    assert (anonymous.status_code, anonymous.headers["X-RateLimit-Limit"]) == (200, "60")


def test_a_used_up_quota_is_403_until_its_reset(
    api: httpx.Client, world: ScriptedWorld, github: GithubServer
) -> None:
    world.add_repo("acme/web")
    github.set_remaining("t1", 1)
    last, refused = api.get("/repos/acme/web"), api.get("/repos/acme/web")
    assert (last.status_code, last.headers["X-RateLimit-Remaining"]) == (200, "0")
    assert (refused.status_code, refused.headers["X-RateLimit-Remaining"]) == (403, "0")
    assert int(refused.headers["X-RateLimit-Reset"]) == int((NOW + timedelta(hours=1)).timestamp())
    assert api.get("/rate_limit").json()["resources"]["core"]["remaining"] == 0
    world.advance(3601)
    assert api.get("/repos/acme/web").status_code == 200


def test_a_renamed_repo_answers_its_old_name_with_a_301_to_its_id(api: httpx.Client, world: ScriptedWorld) -> None:
    repo = world.add_repo("acme/web")
    world.add_run("acme/web")
    world.rename_repo("acme/web", "acme/site")
    moved = api.get(RUNS, params={"per_page": 5})
    assert moved.status_code == 301
    assert moved.headers["Location"].endswith(f"/repositories/{repo.id}/actions/runs?per_page=5")
    followed = api.get(moved.headers["Location"]).json()["workflow_runs"]
    assert followed[0]["repository"]["full_name"] == "acme/site"
    assert api.get("/repos/acme/site").json()["id"] == repo.id


def test_a_log_is_a_302_to_another_host_that_refuses_credentials_and_expires(
    api: httpx.Client, world: ScriptedWorld, github: GithubServer
) -> None:
    run = world.add_run("acme/web", conclusion="failure")
    job = run.attempts[0].jobs[0].id
    answer = api.get(f"/repos/acme/web/actions/jobs/{job}/logs")
    target = answer.headers["Location"]
    assert answer.status_code == 302
    assert not target.startswith(github.url)
    text = httpx.get(target).text
    assert "##[error]Process completed with exit code 1." in text
    assert "\x1b[31m" in text
    assert httpx.get(target, headers={"Authorization": "Bearer t1"}).status_code == 400
    assert httpx.get(target.replace("sig=", "sig=0")).status_code == 403
    world.advance(61)
    assert httpx.get(target).status_code == 403


def test_an_unfinished_job_has_no_log_and_a_deleted_run_is_gone(api: httpx.Client, world: ScriptedWorld) -> None:
    run = world.add_run("acme/web", status="in_progress")
    assert api.get(f"/repos/acme/web/actions/jobs/{run.attempts[0].jobs[0].id}/logs").status_code == 404
    world.delete_run(run.id)
    assert api.get(f"{RUNS}/{run.id}").status_code == 404


def test_a_rerun_of_failed_jobs_carries_the_others_over(api: httpx.Client, world: ScriptedWorld) -> None:
    run = world.add_run("acme/web", conclusion="failure", jobs=("unit", "lint"))
    world.advance(300)
    world.rerun(run.id, failed_only=True)
    told = api.get(f"{RUNS}/{run.id}").json()
    first = api.get(f"{RUNS}/{run.id}/attempts/1").json()
    assert (told["run_attempt"], told["status"], told["conclusion"]) == (2, "in_progress", None)
    assert (first["run_attempt"], first["conclusion"]) == (1, "failure")
    assert told["created_at"] == first["created_at"] == "2026-11-24T08:59:00Z"
    assert told["run_started_at"] == "2026-11-24T09:05:00Z"
    jobs = {job["name"]: job for job in api.get(f"{RUNS}/{run.id}/jobs").json()["jobs"]}
    assert jobs["unit"]["status"] == "in_progress"
    assert (jobs["lint"]["created_at"] > jobs["lint"]["started_at"], jobs["lint"]["runner_name"]) == (True, "")
    everything = api.get(f"{RUNS}/{run.id}/jobs", params={"filter": "all"}).json()
    assert everything["total_count"] == 4
    assert {job["run_attempt"] for job in api.get(f"{RUNS}/{run.id}/attempts/1/jobs").json()["jobs"]} == {1}
    world.finish_run(run.id)
    assert api.get(f"{RUNS}/{run.id}").json()["conclusion"] == "success"


def test_a_waiting_job_has_no_runner_and_tells_its_birth_as_its_start(api: httpx.Client, world: ScriptedWorld) -> None:
    run = world.add_run("acme/web", status="queued", jobs=())
    world.add_job(run.id, "ios", status="queued", labels=("self-hosted", "ios"))
    world.add_job(
        run.id, "unit", status="in_progress", steps=[Step("Set up job", 1, NOW, NOW), Step("Run", 4, NOW, None)]
    )
    ios, unit = api.get(f"{RUNS}/{run.id}/jobs").json()["jobs"]
    assert (ios["status"], ios["runner_name"], ios["started_at"]) == ("queued", None, ios["created_at"])
    assert ios["labels"] == ["self-hosted", "ios"]
    assert [(s["status"], s["number"]) for s in unit["steps"]] == [("completed", 1), ("in_progress", 4)]


def test_an_app_gets_an_installation_token_for_its_jwt(world: ScriptedWorld) -> None:
    world.add_repo("acme/web")
    with GithubServer(world, tokens=set()) as server:
        path = f"{server.api_url}/app/installations/7/access_tokens"
        refused = httpx.post(path, headers={"Authorization": "Bearer nothing"})
        token = httpx.post(path, headers={"Authorization": "Bearer a.b.c"}).json()["token"]
        repos = httpx.get(
            f"{server.api_url}/installation/repositories", headers={"Authorization": f"Bearer {token}"}
        ).json()
    assert refused.status_code == 401
    assert [repo["full_name"] for repo in repos["repositories"]] == ["acme/web"]


def test_an_organisations_repos_are_paged_and_a_foreign_one_is_404(api: httpx.Client, world: ScriptedWorld) -> None:
    for name in ("acme/a", "acme/b", "acme/c", "other/d"):
        world.add_repo(name)
    first = api.get("/orgs/acme/repos", params={"per_page": 2})
    rest = api.get(first.links["next"]["url"]).json()
    assert [repo["full_name"] for repo in [*first.json(), *rest]] == ["acme/a", "acme/b", "acme/c"]
    assert first.json()[0]["default_branch"] == "main"
    assert api.get("/orgs/nobody/repos").status_code == 404


def test_on_an_enterprise_server_pages_share_the_apis_host(world: ScriptedWorld) -> None:
    run = world.add_run("acme/web", message="Fix <b>it</b>")
    with GithubServer(world, enterprise=True) as server:
        told = httpx.get(f"{server.api_url}/repos/acme/web/actions/runs/{run.id}").json()
        page = httpx.get(told["html_url"])
    assert server.api_url == f"{server.url}/api/v3"
    assert told["html_url"].startswith(f"http://{server.instance}/acme/web/")
    assert page.status_code == 200
    assert "Fix &lt;b&gt;it&lt;/b&gt;" in page.text


def test_elsewhere_html_url_has_a_host_of_its_own(
    api: httpx.Client, world: ScriptedWorld, github: GithubServer
) -> None:
    run = world.add_run("acme/web")
    told = api.get(f"{RUNS}/{run.id}").json()
    assert told["html_url"].startswith(f"http://{github.instance}/")
    assert github.instance not in github.api_url
    assert httpx.get(told["html_url"]).status_code == 200
