"""From words to alerts and notifications: what opens, what closes, who is told, and what is only corrected."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from collector.alerting.evaluator import CURSOR
from collector.domain.alert_states import State
from collector.domain.model import PipelineRef, Status
from collector.storage import alerts, cursors, lines
from collector.storage.tables import sql
from tests.builders import later, plain_key, plain_word
from tests.collector.alerting.conftest import MakeRig
from tests.collector.alerting.rig import Rig, build, failed, passed

AFTER_THREE = """
receivers: [{name: team, stdout: {}}]
rules: [{name: broken, when: failure, after: 3, passes: 2}]
"""
EACH = "receivers: [{name: team, stdout: {}}]"


def test_a_failure_opens_an_alert_and_a_success_closes_it(rig: Rig) -> None:
    rig.told(passed(1, later()), failed(2, later(minutes=5)))
    alert = rig.the_alert()
    assert (alert.state, alert.since, alert.streak, alert.reason) == ("firing", later(minutes=5), 1, "failure_streak")
    assert rig.kinds() == ["failing"]
    rig.told(passed(3, later(minutes=10)))
    assert rig.the_alert().state is State.RESOLVED
    assert rig.the_alert().resolved_at == later(minutes=11)
    assert rig.kinds() == ["failing", "fixed"]


def test_a_notification_says_all_that_its_wording_needs(rig: Rig) -> None:
    rig.told(passed(1, later()), failed(2, later(minutes=5), commit="c1", actor="mira", message="Mend the till"))
    (facts,) = rig.facts()
    assert (facts.repo, facts.pipeline, facts.branch, facts.when) == ("acme/web", "CI 7", "main", "failure")
    assert facts.first_bad is not None
    assert (facts.first_bad.actor, facts.first_bad.message, facts.first_bad.number) == ("mira", "Mend the till", "2")
    assert facts.last_good is not None
    assert facts.last_good.number == "1"
    assert facts.strip == ("success", "failure")
    assert facts.flaky is True, "the same commit passed before"
    assert facts.text == "The last build failed."


def test_one_alert_stays_open_over_further_failures_and_is_told_once(rig: Rig) -> None:
    rig.told(*(failed(run, later(minutes=run)) for run in range(1, 6)))
    assert (rig.the_alert().streak, rig.the_alert().since) == (5, later(minutes=1))
    assert rig.kinds() == ["failing"]


def test_without_rules_each_failure_is_told_to_all_receivers(make_rig: MakeRig) -> None:
    rig = make_rig("receivers: [{name: a, stdout: {}}, {name: b, stdout: {}}]")
    rig.told(failed(1, later()), failed(2, later(minutes=5)), passed(3, later(minutes=10)))
    assert rig.kinds("a") == rig.kinds("b") == ["failing", "again", "fixed"]


def test_cancelled_skipped_and_unfinished_builds_change_nothing(rig: Rig) -> None:
    rig.told(failed(1, later()))
    for run, status in enumerate((Status.CANCELLED, Status.SKIPPED, Status.QUEUED, Status.IN_PROGRESS), start=2):
        rig.told(build(run, status, later(minutes=run)))
    assert (rig.states(), rig.kinds()) == ([State.FIRING], ["failing"])


def test_a_rerun_that_passes_closes(rig: Rig) -> None:
    rig.told(failed(1, later()), passed(1, later(minutes=5), attempt=2))
    assert rig.states() == [State.RESOLVED]
    assert rig.facts()[-1].flaky is True


def test_opening_and_closing_thresholds_differ(make_rig: MakeRig) -> None:
    rig = make_rig(AFTER_THREE)
    rig.told(failed(1, later(minutes=1)), failed(2, later(minutes=2)))
    assert rig.alerts() == []
    rig.told(failed(3, later(minutes=3)))
    assert (rig.the_alert().since, rig.the_alert().streak) == (later(minutes=1), 3)
    rig.told(passed(4, later(minutes=4)))
    assert rig.states() == [State.FIRING]
    rig.told(passed(5, later(minutes=5)))
    assert rig.states() == [State.RESOLVED]


def test_failed_and_fixed_between_two_looks_is_told_as_both(rig: Rig) -> None:
    rig.tell(failed(1, later()), passed(2, later(minutes=5)))
    rig.now = later(minutes=6)
    rig.look()
    assert (rig.states(), rig.kinds()) == ([State.RESOLVED], ["failing", "fixed"])


def test_a_late_word_corrects_since_and_streak_in_silence(rig: Rig) -> None:
    rig.told(failed(2, later(minutes=10)), failed(3, later(minutes=20)))
    rig.told(failed(1, later(minutes=5)))
    assert (rig.the_alert().since, rig.the_alert().streak) == (later(minutes=5), 3)
    rig.told(passed(4, later(minutes=15)))
    assert (rig.the_alert().since, rig.the_alert().streak) == (later(minutes=20), 1)
    assert rig.kinds() == ["failing"]


def test_a_late_failure_under_a_newer_success_changes_nothing(rig: Rig) -> None:
    rig.told(passed(2, later(minutes=10)), failed(1, later()))
    assert (rig.alerts(), rig.kinds()) == ([], [])


def test_a_late_failure_that_completes_a_streak_is_told(make_rig: MakeRig) -> None:
    rig = make_rig(AFTER_THREE)
    rig.told(failed(1, later(minutes=1)), failed(3, later(minutes=3)), failed(2, later(minutes=2)))
    assert (rig.states(), rig.kinds()) == ([State.FIRING], ["failing"])


def test_a_log_that_comes_after_the_mending_tells_nothing(rig: Rig) -> None:
    rig.told(failed(1, later()), passed(2, later(minutes=5)), failed(1, later(), message="told once more"))
    assert (rig.states(), rig.kinds()) == ([State.RESOLVED], ["failing", "fixed"])


def test_what_was_pushed_a_day_late_notifies_nobody_but_sets_the_state(rig: Rig) -> None:
    rig.now = later(days=3)
    rig.told(failed(1, later()))
    assert (rig.states(), rig.kinds()) == ([State.FIRING], [])
    rig.told(failed(2, later(days=3)))
    assert rig.kinds() == [], "the state did not change"
    rig.told(passed(3, later(days=3, minutes=5)))
    assert (rig.states(), rig.kinds()) == ([State.RESOLVED], [])
    rig.told(failed(4, later(days=3, minutes=9)))
    assert rig.kinds() == ["failing"]


def test_what_came_late_but_within_a_day_says_so(rig: Rig) -> None:
    rig.now = later(hours=3)
    rig.told(failed(1, later()))
    assert [(one.kind, one.late) for one in rig.outbox()] == [("failing", True)]


def test_a_collector_that_was_down_for_days_tells_what_was_pushed_meanwhile(rig: Rig) -> None:
    rig.now = later(minutes=1)
    rig.tell(failed(1, later()))
    rig.now = later(days=3)
    rig.start()
    rig.look()
    assert [(one.kind, one.late) for one in rig.outbox()] == [("failing", True)]


def test_polled_builds_that_ended_before_their_repo_was_added_notify_nobody(rig: Rig) -> None:
    with rig.database.writing():
        sql("INSERT INTO watched (key, since) VALUES ('github|github.com|acme/web', '2026-03-01T12:00:00.000000Z')")
    rig.now = later(minutes=30)
    rig.tell(failed(1, later(minutes=-30)), source="acme")
    rig.look()
    assert (rig.states(), rig.kinds()) == ([State.FIRING], [])
    rig.now = later(days=9)
    rig.tell(failed(2, later(minutes=-30), workflow=8), failed(3, later(minutes=5), workflow=9), source="acme")
    rig.look()
    assert [fact.pipeline for fact in rig.facts()] == ["CI 9"], "live however late: it ended after the repo was added"


def test_rules_look_at_their_own_builds_only(make_rig: MakeRig) -> None:
    rig = make_rig("""
        receivers: [{name: team, stdout: {}}, {name: ops, stdout: {}}]
        groups: [{name: web, repos: ["acme/web*"]}]
        rules:
          - {name: main, when: failure, branches: ["@default"], groups: [web], to: [team]}
          - {name: nightly, when: failure, events: [schedule], repos: ["acme/*"], to: [ops], severity: critical}
        """)
    rig.told(failed(1, later(), branch="topic", default_branch="main"))
    rig.told(failed(2, later(), repo="acme/api", default_branch="main"))
    assert rig.alerts() == []
    rig.told(failed(3, later(), default_branch="main"), failed(4, later(), repo="acme/api", event="schedule"))
    assert [(one.rule, one.line.repo, one.severity) for one in rig.alerts()] == [
        ("main", "acme/web", "warning"), ("nightly", "acme/api", "critical"),
    ]  # fmt: skip
    assert (rig.kinds("team"), rig.kinds("ops")) == (["failing"], ["failing"])


def test_a_build_without_a_branch_is_of_every_branch(make_rig: MakeRig) -> None:
    rig = make_rig("""
        receivers: [{name: team, stdout: {}}]
        rules: [{name: r, when: failure, branches: [release]}]
        """)
    rig.told(plain_word(plain_key("1"), status=Status.FAILURE, branch=None))
    assert (rig.the_alert().line.branch, rig.kinds()) == ("", ["failing"])


def test_fixed_goes_only_where_failing_went(make_rig: MakeRig) -> None:
    rig = make_rig("""
        receivers: [{name: team, stdout: {}}, {name: ops, stdout: {}}]
        rules: [{name: r, when: failure, to: [team]}]
        """)
    rig.told(failed(1, later()))
    both = rig.config.model_copy(update={"rules": (rig.config.rules[0].model_copy(update={"to": ()}),)})
    rig.start(both)
    rig.told(passed(2, later(minutes=5)))
    assert (rig.kinds("team"), rig.kinds("ops")) == (["failing", "fixed"], [])


def test_for_holds_an_alert_back_until_it_has_lasted(make_rig: MakeRig) -> None:
    rig = make_rig("receivers: [{name: team, stdout: {}}]\nrules: [{name: r, when: failure, for: 10m}]")
    rig.told(failed(1, later()))
    rig.tick(minutes=9)
    assert (rig.states(), rig.kinds()) == ([State.PENDING], [])
    rig.tick(minutes=1)
    assert (rig.states(), rig.kinds()) == ([State.FIRING], ["failing"])
    rig.told(passed(2, rig.now), failed(3, rig.now + timedelta(minutes=2)), passed(4, rig.now + timedelta(minutes=5)))
    assert (rig.states(), rig.kinds()) == ([State.RESOLVED, State.RESOLVED], ["failing", "fixed"])


def test_reminders_go_while_it_lasts_until_it_is_acknowledged(make_rig: MakeRig) -> None:
    rig = make_rig("receivers: [{name: team, stdout: {}}]\nrules: [{name: r, when: failure, remind: 6h}]")
    rig.told(failed(1, later()))
    rig.tick(hours=5)
    assert rig.kinds() == ["failing"]
    rig.tick(hours=1)
    rig.tick(seconds=1)
    assert rig.kinds() == ["failing", "reminder"]
    with rig.database.writing():
        alerts.acknowledge(1, "mira", "on it", rig.now)
    rig.tick(hours=7)
    rig.told(failed(2, rig.now))
    assert (rig.states(), rig.kinds()) == ([State.ACKNOWLEDGED], ["failing", "reminder"])
    rig.told(passed(3, rig.now))
    assert rig.kinds() == ["failing", "reminder", "fixed"]


def test_a_new_rule_sets_the_state_in_silence_and_a_removed_one_ends_its_alerts(make_rig: MakeRig) -> None:
    rig = make_rig("receivers: [{name: team, stdout: {}}]\nrules: [{name: old, when: failure}]")
    rig.told(failed(1, later()))
    new = make_rig("receivers: [{name: team, stdout: {}}]\nrules: [{name: new, when: failure}]").config
    rig.start(new)
    assert [(one.rule, one.state) for one in rig.alerts()] == [("old", State.RESOLVED), ("new", State.FIRING)]
    assert rig.kinds() == ["failing", "closed"]
    rig.start(new)
    assert len(rig.alerts()) == 2


def test_a_flapping_line_is_told_once_summed_up_hourly_and_its_end_is_told(rig: Rig) -> None:
    run = 0
    for run in range(1, 25):
        rig.told((failed if run % 2 else passed)(run, later(minutes=10 * run)))
    kinds = rig.kinds()
    assert kinds.count("flapping") == 1
    assert kinds.index("flapping") == len(kinds) - 1, "after that every change is silent"
    rig.tick(hours=1)
    rig.tick(hours=1)
    assert rig.kinds().count("flapping") == 2, "one sum: nothing happened in the second hour"
    rig.tick(hours=-24)
    rig.tick(hours=24)
    assert rig.kinds().count("flapping") == 2, "nor does a clock that was set bring one"
    at = rig.now
    for more in range(1, 22):
        rig.told(failed(run + more, at + timedelta(minutes=10 * more)))
    assert rig.kinds()[-1] == "flapping_over"
    assert rig.facts()[-1].state == "firing"
    rig.told(passed(99, at + timedelta(minutes=400)))
    assert rig.kinds()[-1] == "fixed"
    assert not [one for one in rig.alerts()[:-1] if one.flapping]


def test_five_hundred_failures_at_once_open_five_hundred_alerts(rig: Rig) -> None:
    rig.tell(*(failed(run, later(), workflow=run) for run in range(1, 501)))
    rig.now = later(minutes=1)
    rig.look()
    assert rig.states() == [State.FIRING] * 500
    assert rig.kinds() == ["failing"] * 500


def test_a_build_whose_pipeline_was_mistaken_takes_its_alert_along(rig: Rig) -> None:
    rig.told(plain_word(plain_key("1"), status=Status.FAILURE, branch="topic"))
    rig.told(plain_word(plain_key("1"), status=Status.FAILURE, branch="main", completed_at=later(minutes=2)))
    assert (rig.the_alert().state, rig.the_alert().line.branch) == (State.FIRING, "main")
    assert rig.kinds() == ["failing"]


def test_a_plain_pipeline_that_turns_out_to_be_the_providers_takes_its_alert_along(rig: Rig) -> None:
    first = failed(1, later())
    rig.told(plain_word(first.key, pipeline=PipelineRef(name="CI 7"), status=Status.FAILURE))
    with rig.database.writing():
        alerts.acknowledge(1, "mira", "", rig.now)
    rig.told(first, failed(2, later(minutes=5)))
    assert (rig.states(), rig.the_alert().streak, rig.kinds()) == ([State.ACKNOWLEDGED], 2, ["failing"])
    rig.told(passed(3, later(minutes=9)))
    assert (rig.states(), rig.kinds()) == ([State.RESOLVED], ["failing", "fixed"])


def test_an_alert_that_meets_another_of_its_rule_where_its_builds_went_ends_there(rig: Rig) -> None:
    first = failed(1, later())
    rig.told(plain_word(first.key, pipeline=PipelineRef(name="CI 7"), status=Status.FAILURE))
    rig.told(failed(2, later(minutes=5)))
    assert rig.states() == [State.FIRING, State.FIRING]
    rig.told(first)
    assert [(one.state, one.reason, one.streak) for one in rig.alerts()] == [
        (State.RESOLVED, "pipeline_merged", 1), (State.FIRING, "failure_streak", 2),
    ]  # fmt: skip
    assert rig.kinds() == ["failing", "failing", "closed"]


def test_the_order_in_which_words_come_does_not_matter_to_how_it_ends(make_rig: MakeRig) -> None:
    chance = random.Random(7)
    words = [
        build(run, chance.choice((Status.FAILURE, Status.SUCCESS, Status.CANCELLED)), later(minutes=10 * run))
        for run in range(40)
    ]
    ends = []
    for _ in range(4):
        rig = make_rig()
        for word in [*words, *chance.sample(words, 10)]:
            rig.told(word)
        last = [(one.since, one.streak) for one in rig.alerts() if one.open]
        ends.append(last)
        chance.shuffle(words)
    assert all(end == ends[0] for end in ends)


def test_clocks_that_jump_open_nothing_twice(make_rig: MakeRig) -> None:
    rig = make_rig("receivers: [{name: team, stdout: {}}]\nrules: [{name: r, when: failure, for: 5m, remind: 6h}]")
    rig.told(failed(1, later()))
    rig.tick(hours=-30)
    rig.tick(hours=31)
    rig.tick(hours=-2)
    rig.tick(hours=2)
    assert (rig.states(), rig.kinds()) == ([State.FIRING], ["failing"])


def test_a_clock_that_is_set_back_holds_no_alert_back(make_rig: MakeRig) -> None:
    rig = make_rig("receivers: [{name: team, stdout: {}}]\nrules: [{name: r, when: failure, for: 5m, remind: 6h}]")
    rig.told(failed(1, later()))
    rig.tick(hours=-24)
    rig.tick(minutes=4)
    assert rig.states() == [State.PENDING]
    rig.tick(minutes=1)
    assert (rig.states(), rig.kinds()) == ([State.FIRING], ["failing"])
    rig.tick(hours=-24)
    rig.tick(hours=5)
    assert rig.kinds() == ["failing"]
    rig.tick(hours=1)
    assert rig.kinds() == ["failing", "reminder"]


@pytest.mark.parametrize("statement", range(1, 40, 3))
def test_dying_between_two_statements_loses_nothing(rig: Rig, statement: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.tell(passed(1, later()), failed(2, later(minutes=5)), failed(3, later(), workflow=8))
    rig.now = later(minutes=6)
    _die_at(statement, rig, monkeypatch)
    rig.start()
    rig.look()
    assert sorted(one.line.pipeline for one in rig.alerts()) == ["CI 7", "CI 8"]
    assert rig.kinds() == ["failing", "failing"]
    with rig.database.reading():
        assert cursors.get(CURSOR) == 3
        assert lines.judged(lines.LineKey(1, "main")) is not None


class _Died(BaseException):
    """The process is no more."""


def _die_at(statement: int, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = 0
    engine = rig.database._engine
    execute = engine.execute_sql

    def counting(*args: object, **kwargs: object) -> object:
        nonlocal counted
        counted += 1
        if counted == statement:
            raise _Died
        return execute(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(engine, "execute_sql", counting)
        try:
            rig.look()
        except _Died:
            return
    assert counted < statement, "the look had fewer statements than that"
