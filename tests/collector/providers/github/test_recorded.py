"""The mapping and the reader against recorded answers and webhooks of GitHub. Skipped where there are none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import httpx
import pytest

from collector.domain.errors import MappingError
from collector.domain.model import JobWord, RunWord, Status
from collector.domain.projection import job_rows, project
from collector.providers.github.client import make_reader
from collector.providers.github.mapping import Place, job_word, repo_word, run_word, workflow_word
from collector.providers.github.webhook import parse
from config.model import Config, GithubSource
from tests.collector.providers.github.memory import FakeMemory
from tests.collector.providers.github.objects import Json

ROOT = Path(__file__).parents[5] / "shared" / "realdata"
RECORDED = (ROOT / "github_rest", ROOT / "bulk")
WEBHOOKS = ROOT / "github_webhooks"
JOBS_TEST = ROOT / "github_rest" / "hub4j" / "GHWorkflowRunTest" / "testJobs"
NOW = datetime(2021, 4, 6, tzinfo=UTC)
pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason="the recordings are not on this machine")


def values_in(path: Path) -> Iterator[object]:
    """The file as JSON, or each line of a PyGithub recording that is JSON."""
    text = path.read_text(errors="replace")
    for candidate in [text] if path.suffix == ".json" else text.splitlines():
        try:
            yield json.loads(candidate)
        except ValueError:
            continue


def objects_in(value: object) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from objects_in(item)


@cache
def recorded() -> list[Json]:
    files = [path for root in RECORDED for path in sorted(root.rglob("*")) if path.suffix in (".json", ".txt")]
    return [found for path in files for value in values_in(path) for found in objects_in(value)]


def runs() -> list[Json]:
    return [
        one for one in recorded() if {"run_number", "workflow_id", "head_sha", "html_url", "jobs_url"} <= one.keys()
    ]


def jobs() -> list[Json]:
    return [one for one in recorded() if {"run_id", "steps", "head_sha"} <= one.keys()]


def test_every_recorded_run_has_its_word() -> None:
    assert len(runs()) > 200
    for raw in runs():
        word = run_word(raw)
        assert word.key.external_id == str(raw["id"])
        assert word.key.attempt == raw.get("run_attempt", 1)
        assert word.key.instance == "github.com"
        assert word.status.finished is (raw["status"] == "completed")
        assert word.conclusion == raw["conclusion"]
        assert word.url == raw["html_url"]
        assert word.started_at is not None
        assert word.pipeline.external_id == str(raw["workflow_id"])


def test_no_recorded_run_of_a_fork_is_on_a_branch_of_ours() -> None:
    forks = [raw for raw in runs() if raw.get("head_repository") and raw.get("repository")]
    forks = [raw for raw in forks if raw["head_repository"]["id"] != raw["repository"]["id"]]
    assert forks
    for raw in forks:
        assert run_word(raw).branch == f"{raw['head_repository']['full_name'].split('/')[0]}:{raw['head_branch']}"


def test_every_recorded_job_has_its_word() -> None:
    assert len(jobs()) > 200
    for raw in jobs():
        word = job_word(raw)
        assert (word.job_id, word.key.external_id) == (str(raw["id"]), str(raw["run_id"]))
        assert len(word.steps) == len(raw["steps"])
        assert word.status.finished is (raw["status"] == "completed")
        if word.status is Status.QUEUED:
            assert word.started_at is None


def test_every_recorded_workflow_and_repo_has_its_word() -> None:
    workflows = [one for one in recorded() if {"badge_url", "state"} <= one.keys()]
    repos = [one for one in recorded() if {"full_name", "default_branch", "id"} <= one.keys()]
    assert workflows
    assert repos
    for raw in workflows:
        assert workflow_word(raw, Place("a/b", "github.com")).external_id == str(raw["id"])
    for raw in repos:
        assert repo_word(raw, Place(instance="github.com")).name == raw["full_name"]


@pytest.mark.skipif(not WEBHOOKS.is_dir(), reason="the recorded webhooks are not on this machine")
def test_every_recorded_webhook_is_words_or_not_for_us() -> None:
    told: list[str] = []
    for path in sorted(WEBHOOKS.rglob("*.json")):
        event = path.stem if path.parent.name == "hub4j" else path.parent.name
        event = "workflow_run" if event.startswith("workflow_run") else event
        body = json.loads(path.read_text())
        outcome = parse(event, body)
        stored = event in ("workflow_run", "workflow_job")
        assert isinstance(outcome, tuple) is stored, path
        if isinstance(outcome, tuple):
            last = outcome[-1]
            assert isinstance(last, RunWord | JobWord)
            assert last.key.repo == body["repository"]["full_name"]
            told.append(event)
    assert {"workflow_run", "workflow_job"} <= set(told)


@pytest.mark.skipif(not WEBHOOKS.is_dir(), reason="the recorded webhooks are not on this machine")
def test_no_recorded_body_passes_for_a_build_under_another_name() -> None:
    for path in sorted(WEBHOOKS.rglob("*.json")):
        body = json.loads(path.read_text())
        for event in ("workflow_run", "workflow_job"):
            if event not in body or "action" not in body:
                with pytest.raises(MappingError):
                    parse(event, body)


def replay(folder: Path) -> httpx.MockTransport:
    """Answers GETs by path from a folder of WireMock recordings: the last recorded answer to each path."""
    answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
    ordered = sorted((folder / "mappings").glob("*.json"), key=lambda path: int(path.name.split("-")[0]))
    for file in ordered:
        mapping = json.loads(file.read_text())
        request, response = mapping["request"], mapping["response"]
        if request["method"] == "GET":
            body = (folder / "__files" / response["bodyFileName"]).read_bytes() if "bodyFileName" in response else b""
            kept = {name: str(response["headers"][name]) for name in response["headers"] if name in KEPT_HEADERS}
            answers[re.sub(r"\?.*", "", request["url"])] = (response["status"], kept, body)

    def handle(request: httpx.Request) -> httpx.Response:
        found = answers.get(request.url.path)
        if found is None:
            return httpx.Response(404, json={"message": "Not Found"})
        status, headers, body = found
        if status == 200 and "ETag" in headers and request.headers.get("If-None-Match") == headers["ETag"]:
            return httpx.Response(304, headers=headers)
        return httpx.Response(status, headers=headers, content=body)

    return httpx.MockTransport(handle)


# Not Link: the pages that it points to were not recorded.
KEPT_HEADERS = {"ETag", "Location", "Date", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}


@pytest.mark.skipif(not JOBS_TEST.is_dir(), reason="the recorded exchange is not on this machine")
def test_a_recorded_exchange_is_read_whole_and_then_costs_nothing() -> None:
    source = GithubSource.model_validate(
        {"name": "x", "provider": "github", "token": "t", "repos": ["hub4j-test-org/GHWorkflowRunTest"]}
    )
    memory = FakeMemory()
    reader = make_reader(source, Config(), {}, transport=replay(JOBS_TEST), clock=lambda: NOW)
    memory.take(reader.poll(memory, NOW))
    (state,) = (state for key, state in memory.states.items() if key.external_id == "719643947")
    row = project(state)
    assert (row.key.repo, row.key.instance) == ("hub4j-test-org/GHWorkflowRunTest", "github.com")
    assert {job.name for job in job_rows(state)} == {"job1", "job2"}
    assert memory.troubles == []
    budget = reader.budget()
    assert budget is not None
    assert budget.limit == 5000
    batches = len(memory.batches)
    memory.take(reader.poll(memory, NOW))
    assert len(memory.batches) == batches
