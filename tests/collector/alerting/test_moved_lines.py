"""Builds that are found to be another pipeline's, or whose repo got another name: nobody hears of them again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from collector.alerting.evaluator import SLICE
from collector.domain.alert_states import State
from collector.domain.model import PlainWord, RepoWord, Status
from tests.builders import NOON, github_key, plain_word, run_word
from tests.collector.alerting.rig import Rig


def built(statuses: Sequence[Status]) -> list[PlainWord]:
    """Plain bodies of the pipeline "deploy", a minute apart."""
    return [
        plain_word(github_key(f"deploy-{place}"), status=status, started_at=at, completed_at=at + timedelta(seconds=30))
        for place, status in enumerate(statuses)
        for at in (NOON + timedelta(minutes=place),)
    ]


def rename(rig: Rig) -> None:
    rig.now += timedelta(minutes=1)
    rig.tell(RepoWord("github", "github.com", "acme/shop", "100", seen_at=rig.now))
    rig.look()


@pytest.mark.parametrize("before", [3, SLICE + 50])
def test_a_renamed_repo_takes_the_alerts_of_its_plain_pipelines_along(rig: Rig, before: int) -> None:
    rig.now = NOON + timedelta(minutes=before + 1)
    rig.tell(run_word(), *built([*[Status.SUCCESS] * before, Status.FAILURE]))
    rig.look()
    rename(rig)
    assert (rig.the_alert().state, rig.the_alert().line.repo) == (State.FIRING, "acme/shop")
    assert rig.kinds() == ["failing"]


@pytest.mark.parametrize("between", [0, SLICE + 50])
def test_what_failed_and_was_mended_under_the_old_name_is_not_told_under_the_new_one(rig: Rig, between: int) -> None:
    rig.told(run_word())
    for word in built([Status.FAILURE, *[Status.SUCCESS] * between, Status.SUCCESS]):
        rig.now = word.completed_at or rig.now
        rig.told(word)
    assert rig.kinds() == ["failing", "fixed"]
    rename(rig)
    assert (rig.states(), rig.kinds()) == ([State.RESOLVED], ["failing", "fixed"])


def test_what_fails_under_the_new_name_is_told(rig: Rig) -> None:
    first, second = built([Status.SUCCESS, Status.FAILURE])
    rig.told(run_word(), first)
    rig.now += timedelta(minutes=1)
    rig.told(RepoWord("github", "github.com", "acme/shop", "100", seen_at=rig.now), second)
    assert (rig.the_alert().line.repo, rig.kinds()) == ("acme/shop", ["failing"])
