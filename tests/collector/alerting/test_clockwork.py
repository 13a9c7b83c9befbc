"""What time alone brings: builds that hang, pipelines that stopped, sources that cannot be read, sliding windows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import structlog.testing

from collector.alerting.clocks import REAL_CLOCKS
from collector.alerting.evaluator import Evaluator
from collector.alerting.watcher import Watcher
from collector.domain.alert_states import State
from collector.domain.model import BuildKey, JobWord, PipelineRef, Status, WorkflowWord
from collector.ingest import Context
from collector.providers.base import Batch
from collector.recording import Recorder
from collector.storage import sources
from tests.builders import job_word, later
from tests.collector.alerting.conftest import MakeRig
from tests.collector.alerting.rig import Rig, build, config_of, failed, passed

STUCK = "receivers: [{name: t, stdout: {}}]\nrules: [{name: hangs, when: stuck, running_for: 2h, queued_for: 30m}]"
STALE = """
sources: [{name: acme, provider: github, repos: [acme/web], interval: 5m}]
receivers: [{name: t, stdout: {}}]
rules: [{name: silent, when: stale}]
"""


def test_a_build_that_hangs_opens_an_alert_and_its_end_closes_it(make_rig: MakeRig) -> None:
    rig = make_rig(STUCK)
    rig.told(build(1, Status.IN_PROGRESS, later()), build(2, Status.QUEUED, later(minutes=50), workflow=8))
    rig.now = later(minutes=79)
    rig.tick()
    assert rig.alerts() == []
    rig.tick(minutes=1)
    assert [(one.line.pipeline, one.reason) for one in rig.alerts()] == [("CI 8", "queued_too_long")]
    rig.tick(minutes=40)
    assert sorted((one.line.pipeline, one.reason) for one in rig.alerts()) == [
        ("CI 7", "running_too_long"), ("CI 8", "queued_too_long"),
    ]  # fmt: skip
    rig.told(passed(1, later(), minutes=140), build(2, Status.CANCELLED, later(minutes=50), workflow=8))
    rig.tick(seconds=5)
    assert set(rig.states()) == {State.RESOLVED}
    assert sorted(rig.kinds()) == ["failing", "failing", "fixed", "fixed"]


def test_a_build_may_hang_by_what_is_usual_for_its_pipeline(make_rig: MakeRig) -> None:
    rig = make_rig(STUCK)
    rig.told(*(passed(run, later(minutes=10 * run), minutes=5) for run in range(1, 22)))
    at = later(hours=5)
    rig.told(build(99, Status.IN_PROGRESS, at))
    rig.now = at
    rig.tick(minutes=14)
    assert rig.alerts() == []
    rig.tick(minutes=1)
    assert rig.the_alert().text == "A build runs for 15 min; 99 % end within 5 min."


def test_a_wait_may_be_too_long_by_what_is_usual_for_its_pipeline(make_rig: MakeRig) -> None:
    rig = make_rig(STUCK)
    rig.told(*(passed(run, later(minutes=10 * run), created_at=later(minutes=10 * run - 4)) for run in range(1, 22)))
    rig.told(*(job_of(run, waited_seconds=240) for run in range(1, 22)))
    at = later(hours=5)
    rig.told(build(99, Status.QUEUED, at))
    rig.now = at
    rig.tick(minutes=11)
    assert rig.alerts() == []
    rig.tick(minutes=1)
    assert rig.the_alert().text == "A build waits for 12 min; 99 % wait no longer than 4 min."


def job_of(run: int, *, waited_seconds: float) -> JobWord:
    at = later(minutes=10 * run)
    return job_word(
        BuildKey("github", "github.com", "acme/web", str(run), 1), str(run), repo_external_id=None,
        created_at=at - timedelta(seconds=waited_seconds), started_at=at, completed_at=at + timedelta(minutes=1),
    )  # fmt: skip


def test_an_alert_of_a_pipeline_known_by_name_goes_on_when_its_identity_is_told(make_rig: MakeRig) -> None:
    """Jobs tell the name alone; the run tells the workflow, and the row of the name is no more."""
    rig = make_rig(STUCK[:-1] + ", {name: silent, when: stale, no_build_for: 1d}]")
    run = build(5, Status.IN_PROGRESS, later(), pipeline=PipelineRef("9", "Nightly"))
    rig.told(
        job_word(run.key, "50", status=Status.IN_PROGRESS, completed_at=None, pipeline=PipelineRef(name="Nightly"),
                 branch="main", repo_external_id=None)
    )  # fmt: skip
    rig.now = later(hours=23)
    rig.tick()
    rig.tick(hours=2)
    by_name = {one.line.pipeline_id for one in rig.alerts()}
    rig.told(run)
    rig.tick(minutes=2)
    assert [(one.rule, one.state, one.line.branch) for one in rig.alerts()] == [
        ("hangs", State.FIRING, "main"), ("silent", State.FIRING, ""),
    ]  # fmt: skip
    (identified,) = {one.line.pipeline_id for one in rig.alerts()}
    assert identified not in by_name
    assert rig.kinds() == ["failing", "failing"], "nobody is told twice"
    rig.told(replace(run, status=Status.SUCCESS, conclusion="success", updated_at=rig.now), passed(6, rig.now))
    rig.tell(passed(7, rig.now, pipeline=PipelineRef("9", "Nightly")))
    rig.look()
    rig.tick(minutes=2)
    assert [(one.rule, one.state) for one in rig.alerts()] == [("hangs", State.RESOLVED), ("silent", State.RESOLVED)]
    assert sorted(rig.kinds()) == ["failing", "failing", "fixed", "fixed"]


def test_an_alert_of_a_source_that_is_configured_no_more_ends(make_rig: MakeRig) -> None:
    rig = make_rig(STALE)
    with rig.database.writing():
        sources.save_state("acme", provider="github", last_success_at=rig.now, last_error="refused", polls=1)
    rig.tick(minutes=16)
    assert rig.states() == [State.FIRING]
    rig.start(config_of(STALE.replace("name: acme,", "name: other,")))
    rig.tick(minutes=2)
    assert (rig.states(), rig.the_alert().reason, rig.kinds()) == (
        [State.RESOLVED], "source_gone", ["failing", "closed"],
    )  # fmt: skip


def test_a_rule_that_looks_at_a_pipeline_no_more_lets_go_of_what_hung_there(make_rig: MakeRig) -> None:
    rig = make_rig(STUCK)
    rig.told(build(1, Status.IN_PROGRESS, later()))
    rig.tick(hours=2)
    assert rig.states() == [State.FIRING]
    rig.start(config_of(STUCK.replace("when: stuck,", "when: stuck, repos: [other/*],")))
    rig.tick(minutes=1)
    assert rig.states() == [State.RESOLVED]


def test_a_pipeline_that_stopped_is_told_once_until_it_runs_again(make_rig: MakeRig) -> None:
    rig = make_rig(STALE)
    rig.told(*(passed(day, later(days=day), event="schedule") for day in range(6)))
    rig.tick(days=1)
    assert rig.alerts() == []
    rig.tick(hours=8)
    rig.tick(hours=8)
    assert (rig.the_alert().reason, rig.the_alert().line.branch, rig.kinds()) == ("not_run", "", ["failing"])
    rig.told(passed(9, rig.now, event="schedule"))
    rig.tick(minutes=2)
    assert (rig.states(), rig.kinds()) == ([State.RESOLVED], ["failing", "fixed"])


def test_a_schedule_is_learnt_however_many_other_builds_came_between(make_rig: MakeRig) -> None:
    rig = make_rig(STALE)
    for day in range(6):
        rig.told(passed(day, later(days=day), event="schedule"))
        rig.told(*(passed(1000 + 50 * day + push, later(days=day, minutes=1 + push)) for push in range(50)))
    rig.tick(days=1)
    assert rig.alerts() == []
    rig.tick(hours=8)
    assert (rig.the_alert().reason, rig.kinds()) == ("not_run", ["failing"])


def test_a_schedule_that_was_taken_away_is_missed_by_nobody(make_rig: MakeRig) -> None:
    rig = make_rig(STALE)
    rig.told(*(passed(day, later(days=day), event="schedule") for day in range(6)))
    rig.told(passed(50, later(days=9)))
    rig.now = later(days=30)
    rig.tick()
    assert rig.alerts() == []


def test_what_had_stopped_long_ago_is_shown_and_told_to_nobody(make_rig: MakeRig) -> None:
    rig = make_rig(STALE)
    rig.tell(*(passed(day, later(days=day), event="schedule") for day in range(6)))
    rig.look()
    rig.tick(days=90)
    assert (rig.states(), rig.kinds()) == ([State.FIRING], [])


def test_a_source_that_cannot_be_read_is_told_and_its_return_too(make_rig: MakeRig) -> None:
    rig = make_rig(STALE)
    with rig.database.writing():
        sources.save_state("acme", provider="github", last_success_at=rig.now, last_error="refused", polls=1)
    rig.tick(minutes=14)
    assert rig.alerts() == []
    rig.tick(minutes=1)
    assert (rig.the_alert().line.pipeline, rig.the_alert().reason) == ("acme", "source_unread")
    rig.tick(minutes=2)
    with rig.database.writing():
        sources.save_state("acme", last_success_at=rig.now, last_error=None)
    rig.tick(minutes=1)
    assert (rig.states(), rig.kinds()) == ([State.RESOLVED], ["failing", "fixed"])


def test_a_window_slides_on_although_no_build_comes(make_rig: MakeRig) -> None:
    rig = make_rig("""
        receivers: [{name: t, stdout: {}}]
        rules: [{name: rate, when: success_rate, below: 90, window: 1d}]
        """)
    rig.told(*(failed(run, later(minutes=run)) for run in range(1, 6)))
    assert (rig.states(), rig.the_alert().reason) == ([State.FIRING], "rate_too_low")
    rig.tick(hours=25)
    assert (rig.states(), rig.the_alert().reason, rig.kinds()) == ([State.RESOLVED], "no_builds", ["failing", "closed"])


def test_a_pipeline_that_was_switched_off_while_red_is_closed_not_fixed(rig: Rig) -> None:
    rig.told(failed(1, later()))
    off = WorkflowWord("github", "github.com", "acme/web", "7", "CI", state="disabled_manually", updated_at=rig.now)
    rig.tell(off)
    rig.tick(minutes=2)
    assert (rig.states(), rig.kinds()) == ([State.RESOLVED], ["failing", "closed"])
    rig.told(failed(1, later(), message="told once more"))
    assert len(rig.alerts()) == 1
    rig.told(failed(2, rig.now + timedelta(minutes=5)))
    rig.tick(minutes=2)
    assert rig.states() == [State.RESOLVED, State.FIRING], "it runs again, whatever was said of it"


def test_first_seen_repos_and_jobs_are_added_when_their_source_was_last_read(rig: Rig) -> None:
    recorder = Recorder(rig.database)
    recorder.record(Batch(words=(failed(1, later(minutes=-30)),)), Context("acme"), rig.now)
    recorder.keep_state("acme", last_success_at=later(minutes=5))
    rig.now = later(minutes=20)
    late_repo = (failed(2, later(minutes=1), repo="acme/api"), failed(3, later(minutes=8), repo="acme/api", workflow=9))
    recorder.record(Batch(words=late_repo), Context("acme"), rig.now)
    rig.look()
    assert rig.states() == [State.FIRING] * 3
    assert [facts.pipeline for facts in rig.facts()] == ["CI 9"]


def wait_for(done: Callable[[], bool], seconds: float = 10) -> float:
    begun = time.monotonic()
    while not done():
        assert time.monotonic() - begun < seconds
        time.sleep(0.01)
    return time.monotonic() - begun


def test_the_watcher_looks_as_soon_as_somebody_committed(rig: Rig) -> None:
    rig.now = datetime.now(UTC)
    watcher = Watcher(rig.evaluator, rig.database, REAL_CLOCKS)
    watcher.start()
    try:
        rig.tell(failed(1, rig.now))
        wait_for(lambda: rig.kinds() == ["failing"])
    finally:
        assert watcher.stop(5)
    rig.tell(failed(2, rig.now, workflow=8))
    time.sleep(0.2)
    assert rig.kinds() == ["failing"]


def test_the_watcher_outlives_trouble_and_loses_nothing(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    look = rig.evaluator.slice

    def failing_at_first(now: datetime) -> bool:
        calls.append(1)
        if len(calls) == 1:
            raise OSError("no space left on device")
        return look(now)

    monkeypatch.setattr(rig.evaluator, "slice", failing_at_first)
    rig.now = datetime.now(UTC)
    rig.tell(failed(1, rig.now))
    watcher = Watcher(rig.evaluator, rig.database, REAL_CLOCKS)
    with structlog.testing.capture_logs() as logs:
        watcher.start()
        try:
            wait_for(lambda: rig.kinds() == ["failing"])
        finally:
            watcher.stop(5)
    assert [entry["done"] for entry in logs if entry["log_level"] == "error"] == ["nothing is lost, it is tried again"]


def test_one_line_that_cannot_be_judged_keeps_no_other_from_it(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    evaluator: Evaluator = rig.evaluator
    judge = evaluator._judge.judge

    def failing_for_one(key: object, *rest: object) -> None:
        judge(key, *rest)  # type: ignore[arg-type]
        if key == (1, "main"):
            raise KeyError("a slip")

    monkeypatch.setattr(evaluator._judge, "judge", failing_for_one)
    rig.tell(failed(1, later()), failed(2, later(), workflow=8))
    with structlog.testing.capture_logs() as logs:
        rig.look()
    assert [one.line.pipeline for one in rig.alerts()] == ["CI 8"], "what the slip left half done is undone"
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["a line could not be judged"]
