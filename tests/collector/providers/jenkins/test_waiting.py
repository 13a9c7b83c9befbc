"""FORMATS, section 3.4: items of the queue are no builds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from collector.domain.errors import MappingError
from collector.providers.jenkins.jobs import Job, Rules, job_of
from collector.providers.jenkins.waiting import Queue, label_of, map_queue, merge_queue
from tests.collector.providers.jenkins.fakes import NOW, ms


def item(identity: int, **changes: Any) -> dict[str, Any]:
    task = {"_class": "hudson.model.FreeStyleProject", "name": "web", "url": "https://h/job/web/"}
    return {
        "_class": "hudson.model.Queue$BlockedItem",
        "id": identity,
        "inQueueSince": ms(NOW),
        "task": task,
        **changes,
    }


def test_an_items_entry_is_kept_under_its_id() -> None:
    assert map_queue({"items": [item(143)]}).entered_at == {143: NOW}


def test_a_cancelled_item_never_becomes_a_build() -> None:
    assert map_queue({"items": [item(143, _class="hudson.model.Queue$LeftItem", cancelled=True)]}) == Queue()


@pytest.mark.parametrize(
    "task",
    [
        {"_class": "org.jenkinsci.plugins.workflow.support.steps.ExecutorStepExecution$PlaceholderTask", "url": "x"},
        {"name": None},
        {},
        None,
    ],
)
def test_a_placeholder_waits_for_an_agent_inside_a_build(task: dict[str, Any] | None) -> None:
    assert map_queue({"items": [item(143, task=task)]}) == Queue()


def test_a_malformed_item_does_not_cost_the_others() -> None:
    assert map_queue({"items": [item(1, inQueueSince="now"), "x", item(2)]}).entered_at == {2: NOW}


def test_a_queue_that_is_no_list_is_refused() -> None:
    with pytest.raises(MappingError):
        map_queue({"items": "x"})


def test_only_so_many_items_are_remembered_the_newest() -> None:
    known = dict.fromkeys(range(5), NOW)
    assert merge_queue(known, {7: NOW + timedelta(seconds=1)}, limit=3) == {
        3: NOW,
        4: NOW,
        7: NOW + timedelta(seconds=1),
    }


RULES = Rules("h", "https://h", {"web": "acme/web"})
MATRIX = "hudson.matrix.MatrixConfiguration"
PLACEHOLDER = "org.jenkinsci.plugins.workflow.support.steps.ExecutorStepExecution$PlaceholderTask"


def watched(*names: str) -> dict[str, Job]:
    jobs = [job_of(RULES, tuple(name.split("/")), multibranch="/" in name) for name in names]
    return {job.full_name: job for job in jobs}


def a_task(url: str, kind: str = "hudson.model.FreeStyleProject") -> dict[str, Any]:
    return {"_class": kind, "name": "x", "url": url}


def test_what_waits_is_told_with_its_pipeline_since_when_and_for_which_label() -> None:
    why = "Waiting for next available executor on ‘linux && x64’"
    queue = map_queue(
        {"items": [item(7, task=a_task("https://h/job/web/job/feat%252Fx/"), why=why)]}, watched("web/feat%2Fx")
    )
    (waits,) = queue.items
    assert (waits.external_id, waits.repo, waits.pipeline, waits.branch) == ("7", "acme/web", "web", "feat/x")
    assert (waits.since, waits.why, waits.label, waits.build_external_id) == (NOW, why, "linux && x64", None)
    assert waits.url == "https://h/job/web/job/feat%2Fx/"


def test_what_waits_for_a_job_that_is_not_watched_is_left_out() -> None:
    raw = {"items": [item(7, task=a_task("https://h/job/other/"))]}
    assert map_queue(raw, watched("web"), nameless_of="h").items == ()


def test_a_cell_of_a_matrix_waits_inside_its_build_and_is_no_build_of_its_own() -> None:
    raw = {"items": [item(7, task=a_task("https://h/job/m/os=linux/", MATRIX))]}
    queue = map_queue(raw, watched("m"))
    assert [(one.pipeline_external_id, one.job) for one in queue.items] == [("m", "os=linux")]
    assert queue.entered_at == {}


def test_a_stage_that_waits_for_an_agent_names_its_build_where_the_queue_does() -> None:
    raw = {
        "items": [
            item(7, task=a_task("https://h/job/web/12/", PLACEHOLDER), why="There are no nodes with the label ‘arm64’")
        ]
    }
    queue = map_queue(raw, watched("web"))
    assert [(one.build_external_id, one.label) for one in queue.items] == [("web#12", "arm64")]
    assert queue.entered_at == {}


def test_an_item_that_names_no_job_is_kept_only_for_a_source_that_watches_all() -> None:
    raw = {"items": [item(7, task={"_class": PLACEHOLDER}, why="Waiting for ‘gpu’")]}
    assert map_queue(raw, watched("web")).items == ()
    (waits,) = map_queue(raw, watched("web"), nameless_of="h").items
    assert (waits.instance, waits.repo, waits.pipeline, waits.label) == ("h", None, None, "gpu")


@pytest.mark.parametrize(
    ("why", "label"),
    [
        ("Waiting for next available executor on ‘linux’", "linux"),
        ("There are no nodes with the label ‘arm64’", "arm64"),
        ("All nodes of label ‘mac’ are offline", "mac"),
        ("‘Jenkins’ doesn’t have label ‘windows’", "windows"),
        ("‘agent-3’ is offline", "agent-3"),
        ("Waiting for next available executor", None),
        ("Build #9 is already in progress (ETA:15 sec)", None),
        ("In the quiet period. Expires in 4.8 sec", None),
        ("Upstream project ‘web’ is already building.", None),
        (None, None),
    ],
)
def test_the_label_is_read_from_the_reason(why: str | None, label: str | None) -> None:
    assert label_of(why) == label
