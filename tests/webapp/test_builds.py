from __future__ import annotations

import gzip
import json
from datetime import timedelta

import pytest

from tests.webapp.conftest import MakeWeb
from tests.webapp.harness import NOW, Web, jenkins_event, plain, run_event


def fill(web: Web, count: int) -> None:
    for number in range(count):
        started_at = (NOW - timedelta(minutes=number)).isoformat().replace("+00:00", "Z")
        body = plain(started_at=started_at, completed_at=None, url=f"https://github.com/acme/web/actions/runs/{number}")
        assert web.post(body=body).status_code == 201


def test_a_build_has_the_seeds_columns_and_ours(web: Web) -> None:
    web.github("workflow_run", run_event())
    (build,) = web.json("/builds")["builds"]
    expected = {
        "pipeline": "CI", "repo": "acme/web", "branch": "main", "status": "success", "provider": "github",
        "started_at": "2026-01-31T10:00:00Z", "duration_seconds": 300.0, "instance": "github.com", "attempt": 1,
        "external_id": "4711", "conclusion": "success", "commit": "c0ffee" + "0" * 34, "message": "Fix it",
        "actor": "octocat", "event": "push", "url": "https://github.com/acme/web/actions/runs/4711", "source": None,
        "completed_at": "2026-01-31T10:05:00Z",
    }  # fmt: skip
    assert {name: build[name] for name in expected} == expected


def test_pages_follow_each_other_without_a_gap(web: Web) -> None:
    fill(web, 7)
    seen: list[str] = []
    cursor = ""
    while True:
        page = web.json(f"/builds?limit=3{cursor}")
        seen += [build["external_id"] for build in page["builds"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == [str(number) for number in range(7)]
    assert [build["external_id"] for build in web.json("/builds?sort=started_at&limit=1")["builds"]] == ["6"]


def test_the_latest_are_fifty_of_all_times_and_have_no_next(web: Web) -> None:
    web.post(body=plain(started_at="2020-01-01T00:00:00Z", completed_at=None, url=None))
    assert len(web.json("/builds/latest")["builds"]) == 1
    assert web.json("/builds")["builds"] == []
    assert len(web.json("/builds?window=3650d")["builds"]) == 1
    fill(web, 52)
    page = web.json("/builds/latest")
    assert (len(page["builds"]), page["next"]) == (50, None)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("repo=acme/web", 2),
        ("repo=ACME/Web", 2),
        ("repo=acme/web&repo=acme/api", 3),
        ("repo=acme/api&branch=main", 0),
        ("branch=main&branch=topic", 3),
        ("branch=@default", 2),
        ("status=failure", 1),
        ("status=failure&status=success", 3),
        ("provider=jenkins", 0),
        ("q=EPLO", 1),
        ("pipeline=CI", 2),
        ("group=web-team", 2),
        ("window=30m", 0),
        ("window=2h", 3),
        ("since=2026-01-31T11:00:00Z", 3),
        ("since=2026-01-31T11:00:01Z", 0),
        ("until=2026-01-31T11:00:00Z", 0),
        ("since=2026-01-31T12:30:00%2B01:30&until=2026-01-31T11:00:01Z", 3),
    ],
)
def test_filters_narrow_the_list(make_web: MakeWeb, query: str, count: int) -> None:
    web = make_web(config={"groups": [{"name": "web-team", "repos": ["acme/web*"]}]})
    web.post(body=plain())
    web.post(body=plain(url="https://github.com/acme/web/actions/runs/18", pipeline="Deploy", status="failure"))
    api = "https://github.com/acme/api/actions/runs/1"
    web.post(body=plain(url=api, repo="acme/api", branch="topic"))
    assert len(web.json(f"/builds?{query}")["builds"]) == count


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("colour=red", "colour"),
        ("status=broken", "status"),
        ("window=7", "window"),
        ("window=0d", "window"),
        ("window=3651d", "window"),
        ("window=7d&since=2026-01-01T00:00:00Z", "window"),
        ("window=7d&window=1d", "window"),
        ("since=yesterday", "since"),
        ("since=2026-01-01T00:00:00", "since"),
        ("since=2026-01-31T12:30:00+01:30", "since"),
        ("since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", "since"),
        ("since=1980-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", "since"),
        ("since=%27;drop%20table%20builds", "since"),
        ("until=9999-12-31T23:59:59Z", "until"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("limit=1&limit=2", "limit"),
        ("sort=words", "sort"),
        ("sort=--started_at", "sort"),
        ("sort=started_at;drop", "sort"),
        ("cursor=x", "cursor"),
        ("cursor=%ff", "cursor"),
        ("cursor=W10", "cursor"),
        ("group=nobody", "group"),
        ("repo=", "repo"),
        ("repo=%00", "repo"),
        ("q=" + "x" * 513, "q"),
        ("&".join(["repo=a"] * 101), "repo"),
    ],
)
def test_a_wrong_parameter_is_refused_by_its_name(web: Web, query: str, field: str) -> None:
    response = web.get(f"/builds?{query}")
    assert response.status_code == 422, response.get_data(as_text=True)
    error = response.get_json()["error"]
    assert (error["code"], error["field"]) == ("invalid", field)


def test_a_misspelt_window_or_sort_is_told_how_it_is_written(web: Web) -> None:
    assert "30m, 24h, 7d, 2w" in web.get("/builds?window=1y").get_json()["error"]["message"]
    assert "one of actor, attempt" in web.get("/builds?sort=colour").get_json()["error"]["message"]


def test_a_cursor_of_another_order_is_refused(web: Web) -> None:
    fill(web, 3)
    cursor = web.json("/builds?limit=1")["next"]
    assert web.get(f"/builds?sort=status&cursor={cursor}").status_code == 422


def test_one_build_has_its_jobs_and_the_attempts_of_its_run(web: Web) -> None:
    web.github("workflow_run", run_event(conclusion="failure"))
    again = {"run_attempt": 2, "run_started_at": "2026-01-31T11:00:00Z", "updated_at": "2026-01-31T11:05:00Z"}
    web.github("workflow_run", run_event(**again))
    jobs = [{"name": "unit", "status": "failure", "started_at": "2026-01-31T11:00:00Z"}]
    web.post("woodpecker", plain(jobs=jobs, url=None, external_id="a"))
    by_provider = {(b["provider"], b["attempt"]): b["id"] for b in web.json("/builds")["builds"]}
    second = web.json(f"/builds/{by_provider['github', 2]}")
    assert [(one["attempt"], one["status"]) for one in second["attempts"]] == [(1, "failure"), (2, "success")]
    assert [job["name"] for job in web.json(f"/builds/{by_provider['woodpecker', 1]}")["jobs"]] == ["unit"]


@pytest.mark.parametrize(
    "path", ["/builds/999", "/builds/0", f"/builds/{2**63}", f"/builds/{10**400}", "/builds/x", "/builds/-1"]
)
def test_an_unknown_build_is_a_404(web: Web, path: str) -> None:
    response = web.get(path)
    assert response.status_code == 404
    assert response.get_json()["error"]["code"] == "not_found"


def test_an_unchanged_answer_is_an_empty_304(web: Web) -> None:
    web.post()
    first = web.get("/builds")
    again = web.get("/builds", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.get_data()) == (304, b"")
    web.post("woodpecker")
    assert web.get("/builds", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_long_answers_are_zipped_for_those_who_take_it(web: Web) -> None:
    assert "Content-Encoding" not in web.get("/builds", headers={"Accept-Encoding": "gzip"}).headers
    fill(web, 20)
    whole = web.get("/builds")
    zipped = web.get("/builds", headers={"Accept-Encoding": "br, gzip"})
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(zipped.get_data())) == whole.get_json()
    assert len(zipped.get_data()) * 4 < len(whole.get_data())
    assert whole.headers["ETag"] != zipped.headers["ETag"]
    for seen, takes in ((whole, "identity"), (zipped, "gzip")):
        assert "Accept-Encoding" in seen.headers["Vary"]
        again = web.get("/builds", headers={"Accept-Encoding": takes, "If-None-Match": seen.headers["ETag"]})
        assert (again.status_code, again.get_data()) == (304, b"")
    assert "Content-Encoding" not in web.get("/builds", headers={"Accept-Encoding": "gzip;q=0"}).headers


def test_figures_pipelines_and_series_speak_of_the_same_builds(web: Web) -> None:
    web.post(body=plain())
    web.post(body=plain(url="https://github.com/acme/web/actions/runs/18", status="failure"))
    summary = web.json("/metrics/summary?window=7d")
    assert (summary["window"], summary["success_rate"], summary["failure_rate"]) == ("7d", 50.0, 50.0)
    assert summary["last_status_by_pipeline"].keys() == {"CI"}
    assert summary["counts"]["success"] == 1
    assert [one["pipeline"] for one in web.json("/pipelines")["pipelines"]] == ["CI"]
    series = web.json("/series?metric=duration&pipelines=3")
    assert (series["total_builds"], series["total_pipelines"]) == (2, 1)


def test_figures_of_nothing_are_null_and_not_zero(web: Web) -> None:
    summary = web.json("/metrics/summary")
    assert (summary["success_rate"], summary["failure_rate"], summary["avg_build_time"]) == (None, None, None)
    assert summary["last_status_by_pipeline"] == {}
    assert summary["window"] == "7d"


def test_sources_are_listed_as_configured_before_any_poll(make_web: MakeWeb) -> None:
    web = make_web(
        config={"sources": [{"name": "acme", "provider": "github", "repos": ["acme/web"], "interval": "30s"}]}
    )
    (source,) = web.json("/sources")["sources"]
    told = (source["name"], source["provider"], source["instance"], source["state"], source["interval_seconds"])
    assert told == ("acme", "github", "github.com", "new", 30.0)


def test_filter_menus_offer_what_is_kept_and_configured(make_web: MakeWeb) -> None:
    config = {
        "sources": [{"name": "acme", "provider": "github", "repos": ["acme/web"]}],
        "groups": [{"name": "web-team", "repos": ["acme/web*"]}],
    }
    web = make_web(config=config)
    web.post()
    web.post("jenkins", jenkins_event())
    found = web.json("/filters")
    assert (found["repos"], found["providers"]) == (["acme/web", "platform"], ["github", "jenkins"])
    assert (found["sources"], found["groups"]) == (["acme"], ["web-team"])
    assert found["statuses"] == ["queued", "in_progress", "success", "failure", "cancelled", "skipped"]
    assert (found["branches"][0], found["cut"]) == ("main", [])
    assert web.json("/filters?q=NONE-SUCH")["branches"] == []
    assert web.get("/filters?part=x").status_code == 422


def test_meta_says_what_kind_of_server_this_is(make_web: MakeWeb) -> None:
    web = make_web(demo=True, public_url="https://ci-health.acme.com", password="x")
    headers = {"Authorization": "Basic OngK", "Host": "ci-health.acme.com"}
    assert web.get("/api/meta", headers=headers).status_code == 401
    meta = web.json("/api/meta", headers={"Authorization": "Basic Ong=", "Host": "ci-health.acme.com"})
    assert (meta["version"], meta["demo"], meta["sources_configured"]) == ("1.2.3", True, False)
    assert meta["public_url"] == "https://ci-health.acme.com"
