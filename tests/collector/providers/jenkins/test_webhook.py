"""FORMATS, section 4: the Notification plugin's messages, and whose they are."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest

from collector.domain.errors import MappingError
from collector.domain.merge import settle, told
from collector.domain.model import RunWord, Status
from collector.domain.projection import project
from collector.providers.base import NotForUs
from collector.providers.jenkins.controllers import instance_for
from collector.providers.jenkins.jobs import Rules, job_of
from collector.providers.jenkins.mapping import map_build
from collector.providers.jenkins.webhook import Context, Pushed, is_native, parse, verify
from config.model import JenkinsSource
from tests.collector.providers.jenkins.fakes import NOW, a_build, ms

SHA = "c6d86dc654b12425e706bcf951adfe5a8627a517"


def source(name: str = "j", url: str = "https://jenkins.acme.com", **keys: Any) -> JenkinsSource:
    return JenkinsSource(provider="jenkins", name=name, url=url, **keys)


def message(phase: str = "COMPLETED", status: str | None = "SUCCESS", **build: Any) -> dict[str, Any]:
    """A message about build 18 of ``platform/web``; None leaves a field out."""
    told = {
        "full_url": "https://jenkins.acme.com/job/platform/job/web/18/",
        "number": 18,
        "queue_id": 33,
        "phase": phase,
        "status": status,
        "url": "job/platform/job/web/18/",
        "scm": {"url": "https://github.com/acme/web.git", "branch": "origin/main", "commit": SHA},
        "artifacts": {},
        **build,
    }
    return {
        "name": "web",
        "url": "job/web/",
        "build": {name: value for name, value in told.items() if value is not None},
    }


def pushed(body: dict[str, Any], **context: Any) -> Pushed:
    found = parse(body, context=Context(**{"sources": (source(),), **context}))
    assert isinstance(found, Pushed)
    return found


def run(body: dict[str, Any], **context: Any) -> RunWord:
    (word,) = pushed(body, **context).batch.words
    assert isinstance(word, RunWord)
    return word


def test_a_finished_build_is_told_with_its_commit_and_branch() -> None:
    word = run(message())
    assert (word.status, word.conclusion, word.commit, word.branch) == (Status.SUCCESS, "SUCCESS", SHA, "main")
    assert (word.key.instance, word.key.external_id, word.told_by) == ("jenkins.acme.com", "platform/web#18", "push")


def test_the_job_comes_from_the_builds_url_and_never_from_the_name() -> None:
    body = message(full_url="https://jenkins.acme.com/job/platform/job/web/job/feat%252Fx/18/", url=None)
    word = run({**body, "name": "feat%2Fx"})
    assert word.key.external_id == "platform/web/feat/x#18"
    assert (word.pipeline.external_id, word.branch) == ("platform/web", "feat/x")


def test_a_matrix_cells_own_message_says_nothing_of_the_build_it_belongs_to() -> None:
    url = "https://jenkins.acme.com/job/m/os=linux,jdk=17/18/"
    found = parse(message(full_url=url, url="job/m/os=linux,jdk=17/18/"), context=Context(sources=(source(),)))
    assert isinstance(found, NotForUs)
    assert "cell" in found.reason


def test_the_timestamp_of_queued_is_the_entry_into_the_queue() -> None:
    word = run(message("QUEUED", None, timestamp=ms(NOW), duration=0))
    assert (word.status, word.created_at, word.started_at) == (Status.QUEUED, NOW, None)


def test_the_timestamp_of_started_is_the_start_and_its_status_may_be_of_the_previous_build() -> None:
    word = run(message("STARTED", "FAILURE", timestamp=ms(NOW), duration=0))
    assert (word.status, word.conclusion, word.started_at) == (Status.IN_PROGRESS, None, NOW)
    assert (word.created_at, word.duration_seconds) == (None, None)


def test_the_timestamp_of_completed_is_the_end_so_the_start_is_a_duration_before_it() -> None:
    word = run(message(timestamp=ms(NOW), duration=90_000))
    assert (word.started_at, word.duration_seconds) == (NOW - timedelta(seconds=90), 90.0)


def test_the_timestamp_of_finalized_is_the_time_of_sending_and_tells_no_start() -> None:
    word = run(message("FINALIZED", timestamp=ms(NOW), duration=90_000))
    assert (word.status, word.started_at, word.duration_seconds) == (Status.SUCCESS, None, 90.0)


def test_old_versions_tell_neither_timestamp_nor_duration() -> None:
    for phase in ("QUEUED", "STARTED", "COMPLETED", "FINALIZED"):
        word = run(message(phase))
        assert (word.created_at, word.started_at, word.duration_seconds) == (None, None, None)


def test_completed_and_finalized_are_words_of_one_build_and_agree_with_the_poll() -> None:
    polled = a_build(18, timestamp=ms(NOW), duration=90_000, url="https://jenkins.acme.com/job/platform/job/web/18/")
    job = job_of(Rules.of(source()), ("platform", "web"), multibranch=False)
    words = [
        run(message("QUEUED", None, timestamp=ms(NOW) - 5000)),
        run(message("STARTED", None, timestamp=ms(NOW))),
        run(message(timestamp=ms(NOW) + 90_000, duration=90_000)),
        run(message("FINALIZED", timestamp=ms(NOW) + 91_000, duration=90_000)),
        map_build(polled, job).run,
    ]
    for order in (words, words[::-1]):
        (build,) = settle([told(word) for word in order])
        row = project(build)
        assert (row.status, row.started_at, row.duration_seconds, row.queue_seconds) == (Status.SUCCESS, NOW, 90.0, 5.0)


def test_a_relative_url_is_enough_where_jenkins_does_not_know_its_own() -> None:
    word = run(message(full_url=None))
    assert word.key.external_id == "platform/web#18"
    assert word.url == "https://jenkins.acme.com/job/platform/job/web/18/"


def test_without_full_url_and_with_several_controllers_only_the_token_tells_which() -> None:
    two = (source(), source("other", "https://ci.acme.com"))
    found = parse(message(full_url=None), context=Context(sources=two))
    assert isinstance(found, NotForUs)
    assert "full_url" in found.reason
    assert run(message(full_url=None), sources=two, signed=two[1]).key.instance == "ci.acme.com"


def test_subversion_tells_a_commit_of_one_digit_and_no_branch() -> None:
    word = run(message(scm={"url": "https://svn.acme.com/web", "commit": "4"}))
    assert (word.commit, word.branch) == ("4", None)


def test_a_build_without_scm_is_told_too() -> None:
    assert run(message(scm=None)).commit is None


@pytest.mark.parametrize(
    ("url", "external_id"),
    [
        ("https://jenkins.acme.com/job/web/job/PR-2/1/", "web"),
        ("https://jenkins.acme.com/job/web/job/main/1/", "web"),
        ("https://jenkins.acme.com/job/tools/job/nightly/1/", "tools/nightly"),
    ],
)
def test_a_branch_job_is_recognised_by_its_name(url: str, external_id: str) -> None:
    assert run(message(full_url=url)).pipeline.external_id == external_id


def test_what_is_known_of_a_project_goes_before_what_its_name_looks_like() -> None:
    body = message(full_url="https://jenkins.acme.com/job/web/job/nightly/1/")
    assert run(body, is_multibranch=lambda name: name == "web").pipeline.external_id == "web"
    assert run(body, is_multibranch=lambda name: name == "web").branch == "nightly"
    main = message(full_url="https://jenkins.acme.com/job/folder/job/main/1/")
    assert run(main, is_multibranch=lambda _: False).pipeline.external_id == "folder/main"


def test_an_alias_and_the_controllers_own_root_are_the_sources_instance() -> None:
    known = source(aliases=("http://jenkins.internal:8080/ci",))
    sources, roots = (known,), {"j": "http://localhost:8080"}
    for url in (
        "http://jenkins.internal:8080/ci/job/x/1/",
        "http://localhost:8080/job/x/1/",
        "https://JENKINS.acme.com/job/x/1/",
    ):
        assert instance_for(url, sources, None, roots) == "jenkins.acme.com"
        assert instance_for(url, sources, known, roots) == "jenkins.acme.com"


def test_a_token_speaks_for_its_own_controller_only_and_the_answer_says_what_would_help() -> None:
    found = parse(message(full_url="http://localhost:8080/job/x/1/"), context=Context((source(),), signed=source()))
    assert isinstance(found, NotForUs)
    assert "add http://localhost:8080 to the aliases of j" in found.reason


def test_a_token_does_not_speak_for_the_controller_of_another_source() -> None:
    two = (source(), source("other", "https://ci.acme.com"))
    assert isinstance(parse(message(), context=Context(two, signed=two[1])), NotForUs)
    assert pushed(message(), sources=two).source == two[0]


def test_without_sources_a_controller_is_the_one_its_build_says() -> None:
    found = pushed(message(full_url="http://localhost:8080/jenkins/job/test/18/"), sources=())
    assert found.source is None
    assert found.batch.words[0].key.instance == "localhost:8080/jenkins"  # type: ignore[union-attr]


def test_a_sources_selection_and_rules_hold_for_pushes() -> None:
    chosen = source(
        folders=("platform",), branches=("main",), unstable="success", repo_map={"platform/web": "acme/web"}
    )
    word = run(message(status="UNSTABLE"), sources=(chosen,))
    assert (word.status, word.key.repo) == (Status.SUCCESS, "acme/web")
    for body in (
        message(full_url="https://jenkins.acme.com/job/other/1/"),
        message(scm={"url": "x", "branch": "origin/dev", "commit": SHA}),
    ):
        assert isinstance(parse(body, context=Context((chosen,))), NotForUs)


def test_the_log_of_a_failed_build_is_kept_masked_and_that_of_a_passed_one_is_not() -> None:
    log = "compile\nERROR: no rule to make target ghp_" + "a" * 36
    (snippet,) = pushed(message(status="FAILURE", log=log)).batch.logs
    assert snippet.error_line is not None
    assert snippet.error_line.startswith("ERROR: no rule")
    assert "ghp_aaa" not in snippet.text
    assert pushed(message(log=log)).batch.logs == ()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"phase": "EXPLODED"}, "body.build.phase"),
        ({"status": None}, "body.build.status"),
        ({"status": {}}, "body.build.status"),
        ({"number": 0}, "body.build.number"),
        ({"number": 2**63}, "body.build.number"),
        ({"duration": -1, "timestamp": ms(NOW)}, "body.build.duration"),
        ({"duration": float("inf")}, "body.build.duration"),
        ({"timestamp": 1_711_277_551}, "body.build.timestamp"),
        ({"timestamp": float("nan")}, "body.build.timestamp"),
        ({"timestamp": 253_402_300_800_000}, "body.build.timestamp"),
        ({"timestamp": -62_135_596_800_001}, "body.build.timestamp"),
        ({"full_url": "javascript:alert(1)"}, "body.build.full_url"),
        ({"full_url": None, "url": None}, "body.build.url"),
        ({"full_url": None, "url": "nothing/here"}, "body.build.url"),
        ({"scm": "x"}, "body.build.scm"),
        ({"scm": {"branch": "\ud800"}}, "body.build.scm.branch"),
        ({"scm": {"branch": {}}}, "body.build.scm.branch"),
        ({"scm": {"branch": "b" * 513}}, "body.build.scm.branch"),
    ],
)
def test_a_malformed_message_is_refused_and_names_the_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(MappingError) as error:
        parse(message(**changes), context=Context((source(),)))
    assert error.value.field == field


@pytest.mark.parametrize("body", [[], "x", 1, None, {}, {"build": None}, {"build": []}])
def test_what_is_no_message_is_refused(body: object) -> None:
    with pytest.raises(MappingError):
        parse(body, context=Context())


def test_other_plugins_messages_are_understood_and_not_for_us() -> None:
    for body in (
        {"ciUrl": "http://h/", "jobName": "x", "entryTime": 1_469_455_391_674},
        {"startTime": 1_469_453_903, "endTime": 0, "buildUrl": "aUrl"},
        {"jobName": "test", "result": "SUCCESS", "eventId": "f", "url": "http://h/job/test/32/", "timestamp": 1},
    ):
        assert is_native(body)
        assert isinstance(parse(body, context=Context()), NotForUs)


def test_a_plain_body_is_not_taken_for_a_plugins_message() -> None:
    assert is_native(message())
    assert not is_native({"pipeline": "web", "repo": "a/b", "branch": "main", "status": "success"})
    assert not is_native([message()])


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


TOKENS = ("first", "sécond", "thi:rd")


@pytest.mark.parametrize(
    ("header", "place"),
    [
        ("Bearer first", 0),
        ("bearer first", 0),
        ("Bearer " + "sécond".encode().decode("latin-1"), 1),
        (basic("", "first"), 0),
        (basic("any", "sécond"), 1),
        (basic("any", "thi:rd"), 2),
        ("Bearer firs", None),
        ("Bearer ", None),
        ("Bearer", None),
        ("first", None),
        ("Digest first", None),
        ("Basic !!!", None),
        ("Basic é", None),
        (basic("first", ""), None),
        ("Bearer " + "a" * 9000, None),
        ("Bearer \ud800", None),
        ("", None),
        (None, None),
    ],
)
def test_a_token_comes_as_bearer_or_as_the_password_of_basic(header: str | None, place: int | None) -> None:
    assert verify(TOKENS, header) == place


def test_an_empty_token_opens_nothing() -> None:
    assert verify(("",), "Bearer ") is None
    assert verify((), "Bearer x") is None
