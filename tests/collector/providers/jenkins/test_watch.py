"""What a Jenkins source watches: jobs come, are disabled and enabled, are taken out of the config, are deleted."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta

import pytest

from collector.demo.faults import Fault
from collector.domain.model import WorkflowWord
from collector.providers.base import Batch, Watching
from tests.collector.providers.jenkins.rig import FREESTYLE, Rig, rig


@pytest.fixture
def jenkins() -> Iterator[Rig]:
    with rig() as made:
        made.world.add_jenkins_job("platform/nightly", cls=FREESTYLE)
        made.world.add_branch("acme/web", "main")
        yield made


def names(made: Rig, keys: object = None) -> set[str]:
    told = made.memory.watched if keys is None else keys
    assert isinstance(told, set | dict)
    return {key.rsplit("|", 1)[1] for key in told}


def told_of(batches: list[Batch]) -> list[Batch]:
    return [batch for batch in batches if batch.watching is not None]


def test_what_is_watched_is_told_once_and_again_when_it_changes(jenkins: Rig) -> None:
    jenkins.poll()
    assert names(jenkins) == {"platform/nightly", "acme/web"}
    assert told_of(jenkins.poll()) == []
    jenkins.reader = jenkins.another_reader()
    assert told_of(jenkins.poll()) == [Batch(watching=Watching())], "a collector that begins knows that it was read"
    assert told_of(jenkins.poll()) == []
    jenkins.world.add_jenkins_job("platform/new", cls=FREESTYLE)
    jenkins.poll()
    assert names(jenkins) == {"platform/nightly", "platform/new", "acme/web"}


def test_a_job_that_was_deleted_is_left_as_deleted_also_while_nobody_polled(jenkins: Rig) -> None:
    jenkins.poll()
    jenkins.world.delete_jenkins_job("platform/nightly")
    jenkins.reader = jenkins.another_reader()
    jenkins.poll()
    assert (names(jenkins), list(jenkins.memory.left.values())) == ({"acme/web"}, ["deleted"])


def test_a_project_whose_branches_are_all_gone_is_still_there(jenkins: Rig) -> None:
    jenkins.poll()
    jenkins.world.delete_jenkins_job("acme/web/main")
    jenkins.poll()
    assert (names(jenkins), jenkins.memory.left) == ({"platform/nightly", "acme/web"}, {})
    jenkins.world.delete_jenkins_job("acme/web")
    jenkins.poll()
    assert names(jenkins, jenkins.memory.left) == {"acme/web"}


def test_what_the_config_takes_out_is_left_as_unwatched(jenkins: Rig) -> None:
    jenkins.poll()
    jenkins.reader = jenkins.another_reader(folders=["acme"])
    jenkins.poll()
    assert (names(jenkins), list(jenkins.memory.left.values())) == ({"acme/web"}, ["unwatched"])
    jenkins.reader = jenkins.another_reader(exclude=["acme/*"])
    jenkins.poll()
    assert (names(jenkins), list(jenkins.memory.left.values())) == ({"platform/nightly"}, ["unwatched"] * 2)


def test_a_folder_that_cannot_be_read_for_once_leaves_nothing() -> None:
    with rig(folders=["platform", "tools"]) as jenkins:
        jenkins.world.add_jenkins_job("platform/web", cls=FREESTYLE)
        jenkins.world.add_jenkins_job("tools/lint", cls=FREESTYLE)
        jenkins.poll()
        jenkins.server.misbehave(Fault("/job/platform/api/json", status=404))
        jenkins.poll()
        assert (names(jenkins), jenkins.memory.left) == ({"platform/web", "tools/lint"}, {})


def test_a_job_that_is_disabled_and_enabled_again_says_so_each_time_later_than_before(jenkins: Rig) -> None:
    words: list[WorkflowWord] = []
    for change in (lambda: None, lambda: jenkins.world.disable_jenkins_job("platform/nightly")):
        change()
        words += told_words(jenkins.poll())
        jenkins.world.advance(60)
    jenkins.world.delete_jenkins_job("platform/nightly")
    jenkins.world.add_jenkins_job("platform/nightly", cls=FREESTYLE)
    words += told_words(jenkins.poll())
    assert [word.state for word in words] == ["active", "disabled", "active"]
    ats = [word.updated_at for word in words if word.updated_at]
    assert [later - one for one, later in itertools.pairwise(ats)] == [timedelta(minutes=1)] * 2


def told_words(batches: list[Batch]) -> list[WorkflowWord]:
    words = [word for batch in batches for word in batch.words if isinstance(word, WorkflowWord)]
    return [word for word in words if word.external_id == "platform/nightly"]
