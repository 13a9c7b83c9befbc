"""GET /grid and GET /waiting over HTTP."""

from __future__ import annotations

import pytest

from tests.webapp.conftest import MakeWeb
from tests.webapp.harness import Web, plain, run_event


def test_the_grid_is_of_a_repos_default_branch_unless_another_is_named(web: Web) -> None:
    web.github("workflow_run", run_event())
    web.github("workflow_run", run_event(id=4712, head_branch="topic", head_sha="a" * 40))
    told = web.json("/grid?repo=acme/web")

    assert (told["repo"], told["branches"]) == ("acme/web", ["@default"])
    assert [row["commit"] for row in told["commits"]] == ["c0ffee" + "0" * 34]
    assert told["commits"][0]["actor"] == "octocat"
    assert [row["commit"] for row in web.json("/grid?repo=acme/web&branch=topic")["commits"]] == ["a" * 40]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/grid", "repo"),
        ("/grid?repo=", "repo"),
        ("/grid?repo=a&before=yesterday", "before"),
        ("/grid?repo=a&limit=0", "limit"),
        ("/grid?repo=a&window=7d", "window"),
        ("/waiting?branch=main", "branch"),
        ("/waiting?group=nobody", "group"),
    ],
)
def test_wrong_parameters_are_refused_by_name(web: Web, path: str, field: str) -> None:
    response = web.get(path)

    assert response.status_code == 422
    assert response.get_json()["error"]["field"] == field


def test_what_waits_is_told_with_its_wait(make_web: MakeWeb) -> None:
    web = make_web(config={"groups": [{"name": "web-team", "repos": ["acme/web*"]}]})
    web.post(body=plain(status="queued", started_at="2026-01-31T11:00:00Z", completed_at=None))
    told = web.json("/waiting?group=web-team")

    assert [(one["kind"], one["pipeline"], one["waiting_seconds"]) for one in told["items"]] == [
        ("build", "CI", 3600.0)
    ]
    assert (told["total"], told["as_of"]) == (1, "2026-01-31T12:00:00Z")
