"""Webhooks: whose they are and what they tell. The header that names the event is not signed."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from collector.domain.errors import MappingError
from collector.domain.model import JobWord, PipelineRef, RepoWord, RunWord, Status, WorkflowWord
from collector.providers.base import NotForUs
from collector.providers.github.webhook import form_payload, parse, verify
from tests.collector.providers.github.objects import Json, job, repository, run, workflow

SECRET = b"It's a Secret to Everybody"


def sign(body: bytes, secret: bytes = SECRET) -> str:
    return "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


def delivery(event: str, thing: Json, action: str = "completed", **more: Any) -> Json:
    return {"action": action, event: thing, "repository": repository(default_branch="main"), "sender": {}, **more}


class TestVerify:
    def test_the_known_vector_of_githubs_documentation_is_right(self) -> None:
        told = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        assert verify([SECRET], b"Hello, World!", told) == 0

    def test_the_index_of_the_secret_that_signed_is_told(self) -> None:
        assert verify([b"new", b"old"], b"x", sign(b"x", b"old")) == 1
        assert verify([b"new", b"old", b"new"], b"x", sign(b"x", b"new")) == 0

    @pytest.mark.parametrize(
        "header",
        [
            None,
            "",
            "sha256=",
            "sha256=" + "0" * 64,
            sign(b"x").upper(),
            "sha256=" + sign(b"x")[7:].upper(),
            sign(b"x")[:-1],
            sign(b"x") + "0",
            sign(b"x")[7:],
            "sha1=" + "0" * 40,
            " " + sign(b"x"),
            sign(b"x") + " ",
            sign(b"x")[:-1] + "é",
            sign(b"x")[:-1] + "\udcff",
            "x" * 10_240,
            sign(b"y"),
        ],
    )
    def test_every_other_header_is_refused_without_raising(self, header: str | None) -> None:
        assert verify([SECRET], b"x", header) is None

    def test_an_empty_secret_signs_nothing_and_no_secret_lets_nobody_in(self) -> None:
        assert verify([b""], b"x", sign(b"x", b"")) is None
        assert verify([b"", SECRET], b"x", sign(b"x")) == 1
        assert verify([], b"x", sign(b"x")) is None

    def test_the_signature_is_over_the_raw_bytes(self) -> None:
        body = b'{"a":  1}'
        assert verify([SECRET], json.dumps(json.loads(body)).encode(), sign(body)) is None


class TestForm:
    def test_the_payload_of_a_form_is_its_json(self) -> None:
        raw = urlencode({"payload": json.dumps({"zen": "é & ="})}).encode()
        assert json.loads(form_payload(raw)) == {"zen": "é & ="}

    @pytest.mark.parametrize(
        "raw",
        [b"", b"x", b"a=1", b"payload=1&payload=2", b"&".join([b"a=1"] * 20_000), b"payload=\xff", b"payload=%ff"],
    )
    def test_any_other_form_is_refused_naming_the_field(self, raw: bytes) -> None:
        with pytest.raises(MappingError, match="payload"):
            form_payload(raw)


class TestParse:
    def test_a_run_tells_of_its_repo_its_workflow_and_itself(self) -> None:
        told = parse("workflow_run", delivery("workflow_run", run(), workflow=workflow()))
        assert isinstance(told, tuple)
        repo, pipeline, word = told
        assert isinstance(repo, RepoWord)
        assert isinstance(pipeline, WorkflowWord)
        assert isinstance(word, RunWord)
        assert (repo.name, repo.default_branch, repo.seen_at) == ("acme/web", "main", word.updated_at)
        assert (pipeline.name, pipeline.repo, pipeline.repo_external_id) == ("CI", "acme/web", "7")
        assert (word.key.external_id, word.told_by) == ("100", "push")

    def test_the_workflow_may_be_null(self) -> None:
        told = parse("workflow_run", delivery("workflow_run", run(), workflow=None))
        assert isinstance(told, tuple)
        assert [type(word) for word in told] == [RepoWord, RunWord]

    def test_a_run_without_a_name_or_path_has_those_of_its_workflow(self) -> None:
        bare = run(name="", path=...)
        told = parse("workflow_run", delivery("workflow_run", bare, workflow=workflow(name="Nightly")))
        assert isinstance(told, tuple)
        assert isinstance(told[-1], RunWord)
        assert told[-1].pipeline == PipelineRef("55", "Nightly", ".github/workflows/ci.yml")

    def test_another_workflow_lends_a_run_nothing(self) -> None:
        told = parse("workflow_run", delivery("workflow_run", run(name=""), workflow=workflow(56, name="Nightly")))
        assert isinstance(told, tuple)
        assert isinstance(told[-1], RunWord)
        assert told[-1].pipeline.name is None

    @pytest.mark.parametrize("other", ["deployment_status", "deployment", "workflow_job_run", "check_run"])
    def test_events_that_carry_a_run_beside_their_own_object_are_no_word_about_it(self, other: str) -> None:
        body = delivery("workflow_run", run(status="waiting", conclusion=None), "requested", **{other: {"id": 1}})
        with pytest.raises(MappingError, match="no other"):
            parse("workflow_run", body)

    def test_a_job_may_carry_the_deployment_that_it_waits_for(self) -> None:
        told = parse("workflow_job", delivery("workflow_job", job(status="waiting"), deployment={"id": 1}))
        assert isinstance(told, tuple)
        assert isinstance(told[-1], JobWord)

    def test_requested_may_come_completed_with_action_required(self) -> None:
        told = parse("workflow_run", delivery("workflow_run", run(conclusion="action_required"), "requested"))
        assert isinstance(told, tuple)
        word = told[-1]
        assert isinstance(word, RunWord)
        assert (word.status, word.conclusion) == (Status.SKIPPED, "action_required")

    def test_a_queued_job_may_be_waiting(self) -> None:
        waiting = job(status="waiting", conclusion=None, completed_at=None, created_at=..., workflow_name=...)
        told = parse("workflow_job", delivery("workflow_job", waiting, "queued"))
        assert isinstance(told, tuple)
        word = told[-1]
        assert isinstance(word, JobWord)
        assert (word.status, word.repo_external_id) == (Status.QUEUED, "7")

    def test_a_jobs_repo_is_that_of_the_envelope(self) -> None:
        told = parse("workflow_job", delivery("workflow_job", job(run_url="https://api.github.com/repos/x/y/z")))
        assert isinstance(told, tuple)
        assert isinstance(told[-1], JobWord)
        assert told[-1].key.repo == "acme/web"

    def test_ping_is_not_for_us(self) -> None:
        assert parse("ping", {"zen": "x", "hook_id": 1, "hook": {}}) == NotForUs("ping")

    @pytest.mark.parametrize("event", ["push", "check_run", "deployment_status", "zzz", "", "x" * 9999, "a\nb"])
    def test_every_other_event_is_not_for_us_with_the_reason(self, event: str) -> None:
        told = parse(event, {"workflow_run": run()})
        assert isinstance(told, NotForUs)
        assert "workflow_run and workflow_job" in told.reason
        assert len(told.reason) < 200
        assert told.reason.isprintable()

    @pytest.mark.parametrize("event", ["workflow_run", "workflow_job", "ping"])
    def test_a_body_under_another_events_name_is_refused(self, event: str) -> None:
        for other in {"workflow_run", "workflow_job"} - {event}:
            thing = run() if other == "workflow_run" else job()
            with pytest.raises(MappingError, match="X-GitHub-Event says"):
                parse(event, delivery(other, thing))

    def test_a_run_of_another_repo_than_its_envelope_is_refused(self) -> None:
        body = delivery("workflow_run", run(repository=repository("eve/web", 9)))
        with pytest.raises(MappingError, match=r"repository\.full_name: says acme/web, but the run is of eve/web"):
            parse("workflow_run", body)

    @pytest.mark.parametrize("body", [None, [], "x", 1, {}, {"workflow_run": None}, {"workflow_run": []}])
    @pytest.mark.parametrize("event", ["workflow_run", "workflow_job"])
    def test_a_body_without_the_object_is_refused_naming_it(self, event: str, body: object) -> None:
        with pytest.raises(MappingError):
            parse(event, body)

    def test_a_delivery_without_an_action_is_refused(self) -> None:
        with pytest.raises(MappingError, match="action"):
            parse("workflow_run", delivery("workflow_run", run()) | {"action": None})

    @pytest.mark.parametrize(
        "repo", [7, [], {}, {"id": 1}, {"full_name": "x", "id": 1}, {"full_name": "a/b", "id": "1"}]
    )
    def test_a_malformed_repository_is_refused(self, repo: object) -> None:
        with pytest.raises(MappingError, match="repository"):
            parse("workflow_run", delivery("workflow_run", run()) | {"repository": repo})

    def test_an_organisations_hook_may_ping_without_a_repository(self) -> None:
        assert isinstance(parse("ping", {"zen": "x", "organization": {}}), NotForUs)
