"""GET /pipelines, /pipelines/<id> and /builds/<id>/context over HTTP."""

from __future__ import annotations

import pytest

from tests.webapp.conftest import MakeWeb
from tests.webapp.harness import Web, plain, run_event

OTHER = {"workflow_id": 100, "path": ".github/workflows/other.yml", "id": 5000}


@pytest.fixture
def namesakes(web: Web) -> list[int]:
    """Ids of two pipelines of one repo and name; the second failed."""
    web.github("workflow_run", run_event())
    second = run_event(**OTHER, conclusion="failure")
    second["workflow"] = {**second["workflow"], "id": 100, "path": OTHER["path"]}
    web.github("workflow_run", second)
    told = {one["file"]: one["id"] for one in web.json("/pipelines")["pipelines"]}
    return [told[".github/workflows/ci.yml"], told[".github/workflows/other.yml"]]


@pytest.mark.parametrize("path", ["/builds", "/pipelines", "/metrics/summary", "/series"])
def test_a_pipeline_id_tells_namesakes_apart_everywhere(web: Web, namesakes: list[int], path: str) -> None:
    both = web.json(path)
    told = web.json(f"{path}?pipeline_id={namesakes[1]}")

    assert told != both
    assert told == web.json(f"{path}?pipeline_id={namesakes[1]}&pipeline=CI")
    assert web.json(f"{path}?pipeline_id={namesakes[0]}&pipeline_id={namesakes[1]}").keys() == both.keys()


def test_a_list_by_pipeline_id_holds_its_builds_alone(web: Web, namesakes: list[int]) -> None:
    (build,) = web.json(f"/builds?pipeline_id={namesakes[1]}")["builds"]

    assert (build["pipeline_id"], build["status"]) == (namesakes[1], "failure")
    assert web.json("/builds?pipeline_id=999")["builds"] == []


@pytest.mark.parametrize("value", ["x", "-1", "1.5", "", str(2**63)])
def test_what_is_no_pipeline_id_is_refused(web: Web, value: str) -> None:
    response = web.get(f"/builds?pipeline_id={value}")

    assert response.status_code == 422
    assert response.get_json()["error"]["field"] == "pipeline_id"


def test_one_pipeline_has_a_page(web: Web, namesakes: list[int]) -> None:
    told = web.json(f"/pipelines/{namesakes[1]}?window=24h&branch=@default")

    assert (told["pipeline"], told["status"], told["outlook"]) == ("CI", "failure", "never_green")
    assert told["figures"]["window"] == "24h"
    assert [one["status"] for one in told["builds"]] == ["failure"]
    assert told["default_branch"] == "main"


@pytest.mark.parametrize("path", ["/pipelines/999", f"/pipelines/{2**63}", "/builds/999/context"])
def test_what_is_not_there_is_404(web: Web, path: str) -> None:
    response = web.get(path)

    assert (response.status_code, response.get_json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize("query", ["windw=7d", "window=7d&since=2026-01-01T00:00:00Z", "branch=", "q=x"])
def test_wrong_parameters_of_a_page_are_refused(web: Web, namesakes: list[int], query: str) -> None:
    assert web.get(f"/pipelines/{namesakes[0]}?{query}").status_code == 422


def test_pipelines_say_which_groups_they_belong_to(make_web: MakeWeb) -> None:
    groups = [{"name": "web-team", "repos": ["acme/web*"]}, {"name": "release", "repos": ["*"], "pipelines": ["rel*"]}]
    web = make_web(config={"groups": groups})
    web.post(body=plain(pipeline="release", url=None))
    web.post(body=plain(pipeline="ci", repo="acme/api", url=None))

    told = {one["pipeline"]: one["groups"] for one in web.json("/pipelines")["pipelines"]}
    assert told == {"release": ["web-team", "release"], "ci": []}


def test_a_build_says_what_stands_around_it(web: Web) -> None:
    web.github("workflow_run", run_event())
    web.github("workflow_run", run_event(id=4712, run_started_at="2026-01-31T11:00:00Z", conclusion="failure"))
    failed = web.json("/builds?status=failure")["builds"][0]
    told = web.json(f"/builds/{failed['id']}/context")

    assert told["before"]["status"] == "success"
    assert told["same_commit"] == {"success": 1, "failure": 1, "passed_build_id": None}
    assert [one["status"] for one in told["history"]] == ["success", "failure"]
