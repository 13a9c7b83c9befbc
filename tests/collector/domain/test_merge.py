"""Rows are a pure function of the set of words: any order, any repetition, the same rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from collector.domain.merge import BuildState, fold_jobs, given_up, join, settle, told
from collector.domain.model import BuildKey, BuildRow, BuildWord, JobWord, PipelineRef, PlainWord, RunWord, Status
from collector.domain.projection import job_rows, project
from collector.domain.state_json import from_json, job_from_json, job_to_json, to_json
from tests.collector.domain.strategies import GITHUB, JENKINS, NOON, job_words, run_words, words

keys = st.sampled_from([GITHUB, JENKINS])
histories = keys.flatmap(lambda key: st.lists(words(key), min_size=1, max_size=8))


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def rows(builds: list[BuildState]) -> list[object]:
    return [(project(build), job_rows(build)) for build in builds]


def told_one_by_one(history: list[BuildWord]) -> list[BuildState]:
    builds: list[BuildState] = []
    for word in history:
        builds = settle([*builds, told(word)])
    return builds


@given(st.data(), keys)
def test_join_is_commutative_associative_and_idempotent(data: st.DataObject, key: BuildKey) -> None:
    a, b, c = (told(data.draw(words(key))) for _ in range(3))
    assert join(a, b) == join(b, a)
    assert join(join(a, b), c) == join(a, join(b, c))
    assert join(a, a) == a


@given(histories, st.randoms(use_true_random=False))
def test_any_order_and_repetition_of_a_history_ends_in_the_same_rows(history: list[BuildWord], chance: Random) -> None:
    shuffled = [*history, *history[: len(history) // 2]]
    chance.shuffle(shuffled)
    assert told_one_by_one(shuffled) == told_one_by_one(history)
    assert rows(told_one_by_one(shuffled)) == rows(settle([told(word) for word in history]))


@given(histories)
def test_a_state_survives_being_stored_between_any_two_words(history: list[BuildWord]) -> None:
    builds: list[BuildState] = []
    for word in history:
        builds = settle([*(stored_and_loaded(build) for build in builds), told(word)])
    assert rows(builds) == rows(told_one_by_one(history))


def stored_and_loaded(state: BuildState) -> BuildState:
    loaded = from_json(to_json(state), state.key)
    startless = loaded.startless and replace(loaded.startless, jobs=_jobs(state.startless))
    return replace(loaded, jobs=_jobs(state), startless=startless)


def _jobs(state: BuildState | None) -> dict[str, JobWord]:
    assert state is not None
    return {job_id: job_from_json(job_to_json(job), job.key) for job_id, job in state.jobs.items()}


@given(st.lists(job_words(GITHUB), min_size=1, max_size=5), histories.filter(lambda h: h[0].key == GITHUB))
def test_pruned_jobs_leave_their_builds_row_as_it_was(jobs: list[JobWord], history: list[BuildWord]) -> None:
    whole = settle([told(word) for word in [*jobs, *history]])[0]
    before, after = project(whole), project(fold_jobs(whole))
    if whole.core:
        assert after == before
        assert project(join(fold_jobs(whole), told(history[0]))) == before


def test_an_outdated_word_about_a_pruned_job_adds_nothing() -> None:
    outdated, last = job("1", Status.IN_PROGRESS, 0, 5, None), job("1", Status.SKIPPED, 0, 5, 5)
    whole = settle([told(run(Status.SUCCESS, 60)), told(outdated), told(last)])[0]
    pruned = stored_and_loaded(fold_jobs(whole))
    assert project(whole).queue_seconds is None
    assert project(join(pruned, told(outdated))) == project(whole)


def run(status: Status, at: float, **more: object) -> RunWord:
    told_of = {"key": GITHUB, "pipeline": PipelineRef("7", "ci"), "updated_at": later(at), "started_at": NOON}
    return RunWord(**{**told_of, "status": status, **more})  # type: ignore[arg-type]


def job(job_id: str, status: Status, created: float, started: float, ended: float | None, **more: object) -> JobWord:
    times = {"created_at": later(created), "started_at": later(started)}
    ended_at = None if ended is None else later(ended)
    told_of = {"key": GITHUB, "job_id": job_id, "name": job_id, "runner": "r1", "completed_at": ended_at, **times}
    return JobWord(**{**told_of, "status": status, **more})  # type: ignore[arg-type]


def row(*history: BuildWord) -> BuildRow:
    builds = settle([told(word) for word in history])
    assert len(builds) == 1
    return project(builds[0])


def test_the_run_word_with_the_greatest_updated_at_and_then_rank_wins() -> None:
    queued, running = run(Status.QUEUED, 10), run(Status.IN_PROGRESS, 10)
    cancelled, again = run(Status.CANCELLED, 20, conclusion="cancelled"), run(Status.IN_PROGRESS, 30)
    assert row(running, queued).status is Status.IN_PROGRESS
    assert row(cancelled, running).status is Status.CANCELLED
    went_on = row(again, cancelled, queued)
    assert (went_on.status, went_on.conclusion, went_on.completed_at) == (Status.IN_PROGRESS, None, None)


def test_a_github_duration_runs_to_the_last_jobs_end_and_without_jobs_to_the_first_finished_word() -> None:
    seen_first, bumped = run(Status.SUCCESS, 100), run(Status.SUCCESS, 9_000_000)
    assert row(bumped, seen_first).duration_seconds == 100
    jobs = [job("a", Status.SUCCESS, 0, 5, 60), job("b", Status.SUCCESS, 0, 6, 90)]
    assert row(bumped, *jobs).duration_seconds == 90
    assert row(bumped, *jobs).completed_at == later(90)


def test_a_job_never_decides_its_runs_status() -> None:
    done = job("a", Status.SUCCESS, 0, 5, 60)
    assert row(done).status is Status.IN_PROGRESS
    assert row(done).run_known is False
    assert row(job("a", Status.QUEUED, 0, 0, None, runner=None)).status is Status.QUEUED
    assert row(done, run(Status.FAILURE, 70)).status is Status.FAILURE


def test_queue_time_is_that_of_the_first_job_that_ran_here() -> None:
    carried = job("a", Status.SUCCESS, 500, 5, 60)
    skipped = job("s", Status.SKIPPED, 0, 0, 0, runner=None)
    slow, first = job("b", Status.SUCCESS, 500, 530, 560), job("c", Status.SUCCESS, 500, 512, 580)
    known = row(run(Status.SUCCESS, 600), carried, skipped, slow, first)
    assert known.queue_seconds == 12
    alone = row(run(Status.SUCCESS, 600), carried)
    assert alone.queue_seconds is None


def test_a_job_that_no_runner_took_waited_for_none_whatever_its_times_say() -> None:
    times = (0, 12, 60)
    for job_status in (Status.QUEUED, Status.SKIPPED, Status.CANCELLED):
        known = settle([told(run(Status.CANCELLED, 600)), told(job("a", job_status, *times, runner=None))])[0]
        assert project(known).queue_seconds is None, job_status
        assert job_rows(known)[0].queue_seconds is None, job_status
    assert row(run(Status.CANCELLED, 600), job("a", Status.CANCELLED, *times)).queue_seconds == 12


def test_of_a_jobs_words_the_furthest_on_wins_then_the_latest_end() -> None:
    stale = job("a", Status.IN_PROGRESS, 0, 5, 900)
    done, corrected = job("a", Status.FAILURE, 0, 5, 60), job("a", Status.SUCCESS, 0, 5, 70)
    for history in ((stale, done), (done, stale)):
        assert job_rows(settle([told(word) for word in history])[0])[0].status is Status.FAILURE
    for history in ((done, corrected), (corrected, done)):
        assert job_rows(settle([told(word) for word in history])[0])[0].status is Status.SUCCESS


def test_all_jobs_carried_over_do_not_end_a_run_before_it_started() -> None:
    carried = job("a", Status.SUCCESS, 500, -60, -5)
    assert row(run(Status.SUCCESS, 40), carried).duration_seconds == 40


def test_a_plain_word_fills_only_what_no_provider_told() -> None:
    plain = PlainWord(
        GITHUB,
        PipelineRef(name="other"),
        Status.SUCCESS,
        NOON,
        later(9),
        branch="x",
        commit="abc",
        logs="boom",
    )
    both = row(plain, run(Status.FAILURE, 70, branch="main"))
    assert (both.status, both.branch, both.commit) == (Status.FAILURE, "main", "abc")
    assert both.duration_seconds == 70
    running = row(plain, run(Status.IN_PROGRESS, 70))
    assert (running.completed_at, running.duration_seconds) == (None, None)


def test_among_plain_words_the_latest_start_then_rank_then_end_wins() -> None:
    def plain(status: Status, started: float, ended: float | None = None) -> PlainWord:
        end = None if ended is None else later(ended)
        return PlainWord(GITHUB, PipelineRef(name="ci"), status, later(started), end)

    assert row(plain(Status.SUCCESS, 0, 5), plain(Status.QUEUED, 1)).status is Status.QUEUED
    assert row(plain(Status.SUCCESS, 0, 5), plain(Status.IN_PROGRESS, 0)).status is Status.SUCCESS
    assert row(plain(Status.SUCCESS, 0, 5), plain(Status.FAILURE, 0, 6)).status is Status.FAILURE


def jenkins(status: Status, started: float | None, **more: object) -> RunWord:
    start = None if started is None else later(started)
    return RunWord(JENKINS, PipelineRef("platform/web"), status, started_at=start, **more)  # type: ignore[arg-type]


def test_a_jenkins_number_used_again_is_another_build_and_a_startless_word_belongs_to_the_newest() -> None:
    old, new = jenkins(Status.SUCCESS, 0, duration_seconds=5.0), jenkins(Status.IN_PROGRESS, 86_400)
    finalized = jenkins(Status.FAILURE, None)
    for history in ([old, finalized, new], [finalized, new, old], [new, old, finalized]):
        builds = told_one_by_one(list(history))
        assert [project(build).status for build in builds] == [Status.SUCCESS, Status.FAILURE]
        assert [project(build).started_at for build in builds] == [NOON, later(86_400)]


def test_starts_within_a_minute_are_one_build() -> None:
    started, told_by_poll = jenkins(Status.IN_PROGRESS, 0), jenkins(Status.SUCCESS, 58, duration_seconds=5.0)
    assert row(started, told_by_poll).duration_seconds == 5
    assert len(settle([told(started), told(jenkins(Status.SUCCESS, 61))])) == 2


def test_jenkins_queue_time_is_from_entry_to_start() -> None:
    queued, done = jenkins(Status.QUEUED, None, created_at=later(-7)), jenkins(Status.SUCCESS, 0, duration_seconds=5.0)
    assert row(queued, done).queue_seconds == 7
    assert row(queued, done).completed_at == later(5)


@given(histories, st.lists(st.integers(0, 7), min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_giving_a_build_up_is_one_more_thing_told_in_any_order_and_repetition(
    history: list[BuildWord], places: list[int], chance: Random
) -> None:
    states = [told(word) for word in history]
    lost = [given_up(build, "gone") for place in places for build in settle(states[: place + 1])]
    shuffled = [*states, *lost, *lost]
    chance.shuffle(shuffled)
    builds: list[BuildState] = []
    for state in shuffled:
        builds = settle([*builds, state])
    assert builds == settle([*states, *lost])


@given(keys.flatmap(lambda key: st.lists(run_words(key) | job_words(key), min_size=1, max_size=6)))
def test_a_build_that_is_given_up_has_ended_with_all_its_jobs(history: list[RunWord | JobWord]) -> None:
    build = settle([told(word) for word in history])[-1]
    (ended,) = settle([build, given_up(build, "gone")])[-1:]
    assert project(ended).status.finished
    assert all(job.status.finished for job in job_rows(ended))
    assert stored_and_loaded(ended) == ended


def test_a_build_that_was_given_up_is_what_its_own_last_word_says() -> None:
    going = run(Status.IN_PROGRESS, 10)
    lost = given_up(told(going), "gone")
    assert (project(join(told(going), lost)).status, project(join(told(going), lost)).conclusion) == (
        Status.SKIPPED,
        "gone",
    )
    ended = told(run(Status.SUCCESS, 10))
    for states in ([told(going), lost, ended], [ended, lost, told(going)]):
        (build,) = settle(states)
        assert (project(build).status, project(build).duration_seconds) == (Status.SUCCESS, 10.0)
    (again,) = settle([told(going), lost, told(run(Status.IN_PROGRESS, 20))])
    assert project(again).status is Status.IN_PROGRESS
