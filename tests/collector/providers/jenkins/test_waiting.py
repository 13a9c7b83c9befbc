"""FORMATS, section 3.4: items of the queue are no builds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from collector.domain.errors import MappingError
from collector.providers.jenkins.waiting import map_queue, merge_queue
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
    assert map_queue({"items": [item(143)]}) == {143: NOW}


def test_a_cancelled_item_never_becomes_a_build() -> None:
    assert map_queue({"items": [item(143, _class="hudson.model.Queue$LeftItem", cancelled=True)]}) == {}


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
    assert map_queue({"items": [item(143, task=task)]}) == {}


def test_a_malformed_item_does_not_cost_the_others() -> None:
    assert map_queue({"items": [item(1, inQueueSince="now"), "x", item(2)]}) == {2: NOW}


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
