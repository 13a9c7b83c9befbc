"""check-config --connect against the demo's servers: what is seen, what is missing by name, what polling costs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from collector import connect
from collector.cli import cli
from collector.connect import Tried
from collector.demo.faults import LOGIN_PAGE, Fault, html_for_json, server_errors
from collector.demo.github import GithubServer
from collector.demo.jenkins import JenkinsServer
from collector.demo.plans import FREESTYLE
from collector.demo.script import ScriptedWorld
from collector.providers.base import PLAN_MARK
from collector.providers.github import connect as github_connect
from collector.providers.registry import make_reader
from config.model import Config, GithubSource, JenkinsSource
from tests.collector.providers.github.memory import FakeMemory

TOKENS = {"GH": "gh-secret-token", "JK": "jk-secret-token"}


@pytest.fixture
def world() -> ScriptedWorld:
    made = ScriptedWorld(now=datetime.now(UTC).replace(microsecond=0))
    repo = made.add_repo("acme/web")
    made.add_run(repo.full_name)
    for name in ("platform/nightly", "platform/old"):
        made.add_jenkins_job(name, cls=FREESTYLE)
        made.add_jenkins_build(name)
    made.disable_jenkins_job("platform/old")
    return made


@pytest.fixture
def jenkins(world: ScriptedWorld) -> Iterator[JenkinsServer]:
    with JenkinsServer(world, users={"ci-health": TOKENS["JK"]}) as server:
        yield server


@pytest.fixture
def github(world: ScriptedWorld) -> Iterator[GithubServer]:
    with GithubServer(world, tokens={TOKENS["GH"]}) as server:
        yield server


def try_jenkins(server: JenkinsServer, environ: dict[str, str] = TOKENS, **keys: Any) -> Tried:
    source = JenkinsSource(
        **{"provider": "jenkins", "name": "j", "url": server.base_url, "user": "ci-health", "token": "${JK}", **keys}
    )
    (tried,) = connect.try_sources(Config(sources=(source,)), environ)
    return tried


def try_github(server: GithubServer, environ: dict[str, str] = TOKENS, **keys: Any) -> Tried:
    given = {"provider": "github", "name": "g", "url": server.api_url, "token": "${GH}", "repos": ("acme/web",), **keys}
    (tried,) = connect.try_sources(Config(sources=(GithubSource(**given),)), environ)
    return tried


def said(tried: Tried, kind: str) -> list[str]:
    return [f"{one.text} | {one.advice}" for one in tried.findings if one.kind == kind]


def test_a_controller_that_can_be_read_says_as_whom_what_and_at_what_cost(jenkins: JenkinsServer) -> None:
    tried = try_jenkins(jenkins)
    assert tried.ok
    seen = "\n".join(said(tried, "sees"))
    assert "Jenkins 2.528.1, as ci-health" in seen
    assert "2 of 2 jobs are watched, 2 pipelines, 1 of the jobs disabled" in seen
    assert "the queue, where 0 items wait" in seen
    (cost,) = said(tried, "cost")
    assert cost.startswith("60 requests an hour while nothing builds (1 for the list of 2 jobs, every 60 s)")
    (webhook,) = said(tried, "webhook")
    assert "Notification plugin is there" in webhook


def test_what_it_asks_of_a_controller_is_ranged_and_bounded(jenkins: JenkinsServer) -> None:
    try_jenkins(jenkins)
    asked = jenkins.journal.entries("*/api/json")
    assert len(asked) <= 6
    assert all("tree" in entry.request.query for entry in asked)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault(status=401), "make a new API token"),
        (Fault(status=403), "Overall/Read and Job/Read"),
        (html_for_json(times=None), "login page"),
        (Fault(drop=True), "no answer"),
    ],
)
def test_a_controller_that_refuses_is_not_as_meant_and_says_what_to_do(
    jenkins: JenkinsServer, fault: Fault, says: str
) -> None:
    jenkins.misbehave(fault)
    tried = try_jenkins(jenkins)
    assert not tried.ok
    (told,) = said(tried, "missing")
    assert says in told


def test_a_folder_that_is_not_there_is_missing_while_the_others_are_seen(jenkins: JenkinsServer) -> None:
    tried = try_jenkins(jenkins, folders=("platform", "gone"))
    (told,) = said(tried, "missing")
    assert "/job/gone/" in told
    assert "deleted or renamed, or the user may not see it" in told


def test_a_source_whose_globs_take_nothing_says_so(jenkins: JenkinsServer) -> None:
    (told,) = said(try_jenkins(jenkins, jobs=("web*",)), "missing")
    assert "no job to watch among the 2" in told


def test_a_user_that_the_controller_does_not_know_is_missing(jenkins: JenkinsServer) -> None:
    jenkins.misbehave(Fault("/me/*", status=404))
    (told,) = said(try_jenkins(jenkins), "missing")
    assert "does not know the user ci-health" in told


def test_plugins_that_may_not_be_seen_or_are_not_there_are_noted(jenkins: JenkinsServer) -> None:
    jenkins.misbehave(Fault("/pluginManager/*", status=403, times=1))
    tried = try_jenkins(jenkins)
    assert tried.ok
    assert "Overall/SystemRead" in said(tried, "note")[0]
    jenkins.misbehave(Fault("/pluginManager/*", body=b'{"plugins": []}'))
    tried = try_jenkins(jenkins)
    assert "pipeline-rest-api is not there" in said(tried, "note")[0]
    assert "Notification plugin is not there" in said(tried, "webhook")[0]


def test_a_controller_behind_another_name_says_which_alias_it_has(world: ScriptedWorld) -> None:
    with JenkinsServer(world, root_url="https://ci.acme.com") as server:
        (note,) = said(try_jenkins(server, user=None, token=None), "note")
        assert "calls itself https://ci.acme.com" in note
        assert not said(try_jenkins(server, user=None, token=None, aliases=("https://ci.acme.com",)), "note")


def test_a_github_that_can_be_read_says_as_whom_what_and_at_what_cost(github: GithubServer) -> None:
    tried = try_github(github)
    assert tried.ok
    seen = "\n".join(said(tried, "sees"))
    assert "as a token" in seen
    assert "the runs of 1 of 1 repos" in seen
    (cost,) = said(tried, "cost")
    assert cost.startswith("70 requests an hour, 0 of them charged while nothing changes; 250 if every poll")
    (webhook,) = said(tried, "webhook")
    assert "Webhooks: read" in webhook


def test_without_credentials_every_request_is_charged_and_the_interval_is_what_that_allows(
    github: GithubServer,
) -> None:
    (cost,) = said(try_github(github, token=None), "cost")
    assert "54 requests an hour, all charged; each repo is read about every 78 s" in cost


def test_the_cost_is_that_of_the_plan_that_polls_go_by(github: GithubServer, world: ScriptedWorld) -> None:
    names = [f"acme/r{number}" for number in range(3)]
    for name in names:
        world.add_repo(name)
    (cost,) = said(try_github(github, repos=names), "cost")
    given: dict[str, Any] = {"provider": "github", "name": "g", "url": github.api_url, "token": "${GH}", "repos": names}
    reader = make_reader(GithubSource(**given), Config(), TOKENS)
    plan = next(mark for batch in reader.poll(FakeMemory(), datetime.now(UTC)) if (mark := batch.marks.get(PLAN_MARK)))
    reader.close()
    now, worst = json.loads(plan)["now"], json.loads(plan)["worst"]
    assert cost.startswith(f"{now} requests an hour, 0 of them charged while nothing changes; {worst} if every poll")


def test_what_a_token_cannot_hold_to_the_interval_is_said_to_wait() -> None:
    told = github_connect._cost(2_000, timedelta(seconds=60), None, datetime.now(UTC), anonymous=False)
    assert told.text.startswith("36000 requests an hour")
    assert told.text.endswith("140000 would be needed for every repo each interval: quiet ones wait")


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault("*/repos/acme/web", status=404, body=b'{"message":"Not Found"}'), "acme/web"),
        (
            Fault(
                "*/actions/runs", status=403, body=b'{"message":"Resource not accessible by personal access token"}',
                headers={"X-Accepted-GitHub-Permissions": "actions=read"},
            ),
            "permission actions=read",
        ),
        (Fault("*/actions/runs", status=403, body=b"{}"), "permission Actions: read"),
    ],
)  # fmt: skip
def test_a_permission_that_is_missing_is_named(github: GithubServer, fault: Fault, says: str) -> None:
    github.misbehave(fault)
    tried = try_github(github)
    assert not tried.ok
    (told,) = said(tried, "missing")
    assert says in told
    assert "the runs of 0 of 1 repos" in said(tried, "sees")[1]


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault(status=401, body=b'{"message":"Bad credentials"}'), "Bad credentials"),
        (server_errors(status=502, times=100), "502"),
        (Fault(body=LOGIN_PAGE, headers={"Content-Type": "text/html"}), "not JSON"),
        (Fault(drop=True), "no answer"),
    ],
)
def test_a_github_that_cannot_be_asked_is_not_as_meant(github: GithubServer, fault: Fault, says: str) -> None:
    github.misbehave(fault)
    tried = try_github(github)
    assert not tried.ok
    assert says in said(tried, "missing")[0]


def a_hook(url: str = "https://ci-health.acme.com/ingest/github", **keys: Any) -> dict[str, Any]:
    return {"active": True, "events": ["*"], "config": {"url": url}, "last_response": {"code": 200}, **keys}


@pytest.mark.parametrize(
    ("hooks", "says"),
    [
        ([a_hook()], "active; last answer: 200"),
        ([a_hook(active=False)], "switched off"),
        ([a_hook(events=["push", "workflow_run"])], "without the events workflow_job"),
        ([a_hook("https://elsewhere.example/x")], "none that points here"),
        ([], "none that points here"),
    ],
)
def test_the_webhooks_state_is_told_where_it_can_be_read(
    github: GithubServer, hooks: list[dict[str, Any]], says: str
) -> None:
    github.misbehave(Fault("*/hooks", status=200, body=json.dumps(hooks).encode()))
    (told,) = said(try_github(github), "webhook")
    assert says in told


def test_a_secret_that_cannot_be_had_is_missing_and_the_next_source_is_tried(jenkins: JenkinsServer) -> None:
    keys: dict[str, Any] = {"provider": "jenkins", "url": jenkins.base_url, "user": "ci-health"}
    told = [keys | {"name": name, "token": token} for name, token in (("a", "${NOT_THERE}"), ("b", "${JK}"))]
    config = Config(sources=tuple(JenkinsSource(**one) for one in told))
    first, second = connect.try_sources(config, TOKENS)
    assert "NOT_THERE" in said(first, "missing")[0]
    assert second.ok


def run(folder: Path, config: str, *options: str) -> Result:
    file = folder / "collectors.yaml"
    file.write_text(config)
    return CliRunner().invoke(cli, ["check-config", "--config", str(file), *options], env=TOKENS)


def test_the_command_ends_with_0_when_all_can_be_read_1_when_not_and_2_for_a_wrong_config(
    jenkins: JenkinsServer, tmp_path: Path
) -> None:
    keys = f"name: j, provider: jenkins, url: '{jenkins.base_url}', user: ci-health, token: '${{JK}}'"
    config = f"sources: [{{{keys}}}]\n"
    ended = run(tmp_path, config, "--connect")
    assert ended.exit_code == 0, ended.output
    assert f"source j (jenkins, {jenkins.instance}): can be read" in ended.output
    assert "  cost: 60 requests an hour" in ended.output
    jenkins.misbehave(Fault(status=401))
    ended = run(tmp_path, config, "--connect")
    assert ended.exit_code == 1
    assert "NOT AS MEANT" in ended.output
    assert "; do: user or token is wrong" in ended.output
    jenkins.journal.clear()
    assert run(tmp_path, config).exit_code == 0
    assert run(tmp_path, "sources: [{name: j, provider: jenkins}]\n", "--connect").exit_code == 2
    assert jenkins.journal.count() == 0, "nothing is asked without --connect, or with a wrong config"


def test_no_secret_is_in_what_is_said(jenkins: JenkinsServer, github: GithubServer) -> None:
    for tried in (try_jenkins(jenkins), try_github(github)):
        assert "secret" not in "\n".join(connect.lines(tried))
