"""A build that was given up and is asked for again: whatever its provider says next counts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from collector.domain.merge import BuildState, given_up, join, settle, told
from collector.domain.model import JobWord, RunWord, Status
from collector.domain.projection import job_rows, project
from collector.domain.resuming import resumed
from collector.domain.state_json import from_json, to_json
from tests.builders import github_key, jenkins_key, jenkins_word, job_word, later, run_word

UNFINISHED = st.sampled_from([Status.QUEUED, Status.IN_PROGRESS])


def lost(word: RunWord | JobWord, *, times: int = 1) -> BuildState:
    """Told, then given up and resumed so often."""
    state = told(word)
    for _ in range(times):
        again = resumed(settle([state, given_up(state, "unwatched")])[0], "unwatched")
        assert again is not None
        state = again
    return state


@given(UNFINISHED, st.integers(1, 5), st.booleans())
def test_told_the_same_again_it_is_as_it_was(status: Status, times: int, is_github: bool) -> None:
    word = run_word(status=status) if is_github else jenkins_word(status=status, duration_seconds=None)
    state = lost(word, times=times)
    assert not project(state).status.finished
    again = join(state, told(word))
    assert (project(again).status, project(again).conclusion) == (status, None)


@given(UNFINISHED, st.integers(1, 5), st.booleans())
def test_given_up_for_another_reason_it_ends_so(status: Status, times: int, is_github: bool) -> None:
    state = lost(run_word(status=status) if is_github else jenkins_word(status=status), times=times)
    ended = settle([state, given_up(state, "gone")])[0]
    assert (project(ended).status, project(ended).conclusion) == (Status.SKIPPED, "gone")


def test_it_is_resumed_as_what_it_was_given_up_as() -> None:
    for status in (Status.QUEUED, Status.IN_PROGRESS):
        assert project(lost(run_word(status=status))).status is status
        assert project(lost(jenkins_word(status=status))).status is status


def test_what_ended_by_its_providers_word_or_for_another_reason_is_not_resumed() -> None:
    going = told(run_word(status=Status.IN_PROGRESS))
    for state in (told(run_word()), going, join(going, given_up(going, "gone"))):
        assert resumed(state, "unwatched") is None


def test_its_jobs_go_on_too_but_for_those_that_had_ended() -> None:
    key = github_key()
    words = (
        run_word(key, status=Status.IN_PROGRESS),
        job_word(key, "1"),
        job_word(key, "2", status=Status.IN_PROGRESS, completed_at=None),
        job_word(key, "3", status=Status.QUEUED, started_at=None, completed_at=None),
    )
    (going,) = settle([told(word) for word in words])
    (ended,) = settle([going, given_up(going, "unwatched")])
    again = resumed(ended, "unwatched")
    assert again is not None
    assert {job.job_id: job.status for job in job_rows(again)} == {
        "1": Status.SUCCESS, "2": Status.IN_PROGRESS, "3": Status.QUEUED,
    }  # fmt: skip
    assert again.jobs == going.jobs


def test_a_resumed_state_is_stored_and_loaded_as_it_is() -> None:
    for key, word in (
        (github_key(), run_word(status=Status.QUEUED)),
        (jenkins_key(), jenkins_word(status=Status.QUEUED)),
    ):
        state = lost(word)
        assert from_json(to_json(state), key) == state


def test_a_later_word_of_its_end_wins_as_ever() -> None:
    ended = join(lost(run_word(status=Status.IN_PROGRESS)), told(run_word(updated_at=later(90))))
    assert project(ended).status is Status.SUCCESS
