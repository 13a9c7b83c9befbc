"""The plain body: what is right becomes a word, everything else is refused by its field."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.domain.model import PlainWord, Status
from collector.providers.plain import LOG_BYTES, PlainError, parse

BODY: dict[str, Any] = {
    "pipeline": "CI",
    "repo": "acme/Web",
    "branch": "refs/heads/main",
    "status": "success",
    "started_at": "2026-03-01T10:00:00+01:00",
}


def word(provider: str = "gitlab", instance: str | None = None, **changes: Any) -> PlainWord:
    return parse(provider, {**BODY, **changes}, default_instance=instance)


def refusal(provider: str = "gitlab", **changes: Any) -> PlainError:
    with pytest.raises(PlainError) as caught:
        word(provider, **changes)
    assert caught.value.message
    return caught.value


def test_the_smallest_body_is_a_word() -> None:
    told = word()
    assert (told.pipeline.name, told.key.repo, told.branch, told.status) == ("CI", "acme/Web", "main", Status.SUCCESS)
    assert told.started_at == datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    assert (told.key.provider, told.key.instance, told.key.attempt) == ("gitlab", "", 1)
    assert (told.completed_at, told.duration_seconds, told.url, told.logs, told.jobs) == (None, None, None, None, ())


def test_everything_that_a_body_may_say_is_kept() -> None:
    told = word(
        status="failure",
        completed_at="2026-03-01T09:05:00Z",
        duration_seconds=300,
        url="https://gitlab.acme.com/acme/web/-/jobs/1",
        logs="making\nerror: broke",
        external_id="job-1",
        attempt=2,
        commit="abc123",
        message="Fix it\n\nreally",
        actor="alice",
        event="push",
        jobs=[{"name": "test", "status": "failure", "started_at": "2026-03-01T09:00:00Z", "completed_at": None}],
        something_new={"is": "left alone"},
    )
    assert told.completed_at == datetime(2026, 3, 1, 9, 5, tzinfo=UTC)
    assert (told.duration_seconds, told.commit, told.message, told.actor) == (300.0, "abc123", "Fix it really", "alice")
    assert (told.key.instance, told.key.external_id, told.key.attempt) == ("gitlab.acme.com", "job-1", 2)
    assert told.logs == "making\nerror: broke"
    assert [(job.name, job.status) for job in told.jobs] == [("test", Status.FAILURE)]


@pytest.mark.parametrize(
    ("url", "instance", "external_id", "attempt"),
    [
        ("https://GitHub.com/acme/web/actions/runs/123", "github.com", "123", 1),
        ("https://github.com/acme/web/actions/runs/123/attempts/3", "github.com", "123", 3),
        ("https://github.com/acme/web/actions/runs/123/job/9?pr=1#step", "github.com", "123", 1),
        ("https://ghe.acme.com:8443/acme/web/actions/runs/5", "ghe.acme.com:8443", "5", 1),
    ],
)
def test_a_github_runs_url_tells_its_key(url: str, instance: str, external_id: str, attempt: int) -> None:
    key = word("github", instance="elsewhere", url=url).key
    assert (key.instance, key.external_id, key.attempt) == (instance, external_id, attempt)


@pytest.mark.parametrize(
    ("url", "instance", "external_id"),
    [
        ("https://Jenkins.acme.com/job/web/12/", "jenkins.acme.com", "web#12"),
        ("http://j:8080/ci/job/a/job/b/12/console", "j:8080/ci", "a/b#12"),
        ("https://j/view/all/job/a/7", "j", "a#7"),
        ("https://j/job/web/job/feat%252Fx/3/", "j", "web/feat/x#3"),
    ],
)
def test_a_jenkins_builds_url_tells_its_key(url: str, instance: str, external_id: str) -> None:
    key = word("jenkins", url=url).key
    assert (key.instance, key.external_id, key.attempt) == (instance, external_id, 1)


def test_an_attempt_that_is_told_wins_and_belongs_to_the_id_that_is_told() -> None:
    url = "https://github.com/acme/web/actions/runs/123/attempts/3"
    assert word("github", url=url, attempt=2).key.attempt == 2
    assert word("github", url=url, external_id=123).key.attempt == 3
    assert word("github", url=url, external_id="other").key.attempt == 1


def test_without_id_and_url_the_key_is_a_digest_of_what_tells_builds_apart() -> None:
    key = word().key
    assert key.external_id.startswith("plain:")
    assert key == word(status="failure", completed_at="2026-03-01T10:00:00Z", commit="x").key
    assert key == word(started_at="2026-03-01T09:00:00Z", branch="main").key
    assert key.external_id == word(repo="ACME/web").key.external_id
    others = [word(pipeline="x"), word(repo="acme/x"), word(branch="x"), word(started_at="2026-03-01T10:00:01+01:00")]
    assert len({key.external_id, *(other.key.external_id for other in others)}) == 5


def test_an_instance_without_a_url_is_the_default_or_the_providers_own() -> None:
    assert word("github").key.instance == "github.com"
    assert word("github", instance="ghe.acme.com").key.instance == "ghe.acme.com"
    assert word("jenkins").key.instance == ""
    assert word("jenkins", url="https://j/job/web/").key.instance == "j"


@pytest.mark.parametrize("body", [None, [], "x", 1, True, [BODY]])
def test_a_body_is_an_object(body: object) -> None:
    with pytest.raises(PlainError) as caught:
        parse("gitlab", body, default_instance=None)
    assert caught.value.field == "body"


@pytest.mark.parametrize("field", ["pipeline", "repo", "status", "started_at"])
def test_what_is_needed_and_missing_is_named(field: str) -> None:
    assert refusal("gitlab", **{field: None}).field == field
    assert refusal("gitlab", **{field: ""}).field == field
    with pytest.raises(PlainError) as caught:
        parse("x", {name: value for name, value in BODY.items() if name != field}, default_instance=None)
    assert caught.value.field == field


NAMES = ("pipeline", "repo", "branch", "commit", "actor", "event", "external_id")
WRONG: dict[str, list[Any]] = {
    "status": ["ok", "SUCCESS", "timed_out", 1, True, [], {}],
    "started_at": [
        "2026-03-01T10:00:00",
        "2026-03-01",
        "2024-06-30T23:59:60Z",
        "9999-12-31T23:59:59Z",
        "2024-02-30T00:00:00Z",
        "2026-03-01T00:00:00+99:99",
        "'; drop table",
        1772355600,
        True,
        float("inf"),
        {},
    ],
    "completed_at": ["2026-03-01T08:58:59Z", "yesterday", 5],
    "duration_seconds": [-1, -0.1, float("nan"), float("inf"), 2**63, 10**400, "5", True, [], 1e12],
    "url": [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil",
        "/x",
        "ftp://x",
        "http://",
        "https://u:p@x/",
        "https://x/\n",
        "https://x/ y",
        "https://x:0/",
        "https://x:99999/",
        "https://[::1",
        "https://x/" + "a" * 8192,
        "https://x/\ud800",
        'https://x/"><script>',
        5,
        True,
    ],
    **{name: ["x" * 513, "a\x00b", "a\ud800b", [], {}, True, 1.5] for name in NAMES},
    "message": [5, {}],
    "logs": [5, ["line"]],
    "attempt": [0, -1, 2**31, 2**63, "1", True, 1.0],
    "jobs": [{}, "x", 1, [1] * 1001],
}
WRONG["external_id"] += [-1, 2**63, 10**400]
REFUSED = [(field, value) for field, values in WRONG.items() for value in values]


@pytest.mark.parametrize(("field", "value"), REFUSED, ids=lambda value: repr(value)[:30])
def test_what_is_wrong_is_refused_by_its_field(field: str, value: Any) -> None:
    assert refusal("gitlab", **{field: value}).field == field


@pytest.mark.parametrize(
    ("job", "field"),
    [
        (1, "jobs[1]"),
        ({"status": "success"}, "jobs[1].name"),
        ({"name": "x", "status": "ok"}, "jobs[1].status"),
        ({"name": "x", "status": "success", "started_at": "now"}, "jobs[1].started_at"),
        (
            {
                "name": "x",
                "status": "success",
                "started_at": "2026-03-01T10:00:00Z",
                "completed_at": "2026-03-01T09:00:00Z",
            },
            "jobs[1].completed_at",
        ),
    ],
)
def test_a_wrong_job_is_named_by_its_place(job: object, field: str) -> None:
    assert refusal(jobs=[{"name": "a", "status": "success"}, job]).field == field


def test_clocks_may_differ_by_less_than_a_minute() -> None:
    assert word(completed_at="2026-03-01T08:59:30Z").completed_at is not None


def test_nulls_are_as_good_as_nothing() -> None:
    optional = (
        "branch",
        "completed_at",
        "duration_seconds",
        "url",
        "logs",
        "external_id",
        "attempt",
        "commit",
        "message",
        "jobs",
    )
    assert word("gitlab", None, **dict.fromkeys(optional)) == word(branch=None)


def test_a_name_that_nobody_can_see_is_no_name() -> None:
    assert refusal(pipeline="\u202e\u200b ").field == "pipeline"
    assert word(pipeline="a\u202eb\x1b[31m").pipeline.name == "ab"


def test_a_long_log_is_cut_and_a_long_message_too() -> None:
    told = word(logs="token=hunter2 \n" * 200_000, message="m" * 10_000)
    assert told.logs is not None
    assert len(told.logs.encode()) <= LOG_BYTES
    assert "hunter2" not in told.logs
    assert told.message is not None
    assert len(told.message) == 4096


def test_known_secrets_are_masked_in_the_log() -> None:
    told = parse("x", {**BODY, "logs": "says s3cret-of-acme"}, default_instance=None, known=["s3cret-of-acme"])
    assert told.logs == "says ***"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys((*BODY, *NAMES, "completed_at", "duration_seconds", "url", "logs", "jobs"), JSON),
    )
)
def test_any_body_is_a_word_or_a_refusal(changes: dict[str, Any]) -> None:
    try:
        told = parse("gitlab", {**BODY, **changes}, default_instance=None)
    except PlainError as exc:
        assert exc.field
        return
    assert told.key.external_id
    json.dumps([told.branch, told.key.repo, told.logs, told.message], ensure_ascii=False).encode("utf-8")


@pytest.mark.parametrize("status", ["waiting", "requested", "pending"])
def test_other_words_for_queued_are_queued(status: str) -> None:
    assert word(status=status).status is Status.QUEUED
