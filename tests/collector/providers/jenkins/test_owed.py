"""What builds owe, as a mark keeps it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from collector.providers.jenkins import owed
from collector.providers.jenkins.mapping import map_build
from tests.collector.providers.jenkins.fakes import a_build
from tests.collector.providers.jenkins.test_mapping import web


def test_what_reading_details_needs_is_kept() -> None:
    job = web()
    builds = [map_build(a_build(7), job), map_build(a_build(8, result="FAILURE", duration=0), job)]
    kept = [replace(build, queue_id=None) for build in builds]
    assert owed.from_text(owed.to_text(builds), job) == kept


@pytest.mark.parametrize(
    "text", [None, "", "[]", "{", "5", "[5]", "[[1]]", '[[1,true,"x",null,null,null,null,null,null]]']
)
def test_nothing_and_what_is_no_such_mark_owe_nothing(text: str | None) -> None:
    assert owed.from_text(text, web()) == []


def test_no_builds_make_an_empty_mark() -> None:
    assert owed.to_text([]) == ""
