"""A simulated year of random histories: whatever comes in whatever order, alerts stand as the builds stand."""

from __future__ import annotations

import random
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from collector.domain.alert_states import BAD_NEWS, Alert, State
from collector.domain.model import RunWord, Status
from collector.storage import alerts, notifications
from tests.builders import later
from tests.collector.alerting.rig import Rig, build, config_of

FOR_A_YEAR = """
receivers: [{name: team, stdout: {}}]
rules: [{name: broken, when: failure, remind: 6h}]
"""
ENDS = (Status.SUCCESS, Status.FAILURE, Status.FAILURE, Status.CANCELLED, Status.SKIPPED)
LINES = (7, 8)
DAY = timedelta(hours=24)


def conclusive(words: list[RunWord], workflow: int) -> list[RunWord]:
    """Those that decide how the line stands, oldest first."""
    mine = {word.key: word for word in words if word.pipeline.external_id == str(workflow) and word.status.conclusive}
    return sorted(mine.values(), key=lambda word: (word.started_at, word.key.attempt, int(word.key.external_id)))


def streak_of(ordered: list[RunWord]) -> list[RunWord]:
    """The failures since the last success."""
    greens = [place for place, word in enumerate(ordered) if word.status is Status.SUCCESS]
    return ordered[greens[-1] + 1 :] if greens else ordered


class Year(RuleBasedStateMachine):
    """Builds end, their words come late, twice and in any order; people acknowledge; the collector dies and starts."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(prefix="cihealth-year-")
        self.rig = Rig(Path(self._folder.name), config_of(FOR_A_YEAR))
        self.waiting: list[RunWord] = []
        self.arrived: list[RunWord] = []
        self.runs = 0
        self.looked = True

    @rule(workflow=st.sampled_from(LINES), status=st.sampled_from(ENDS), minutes=st.integers(1, 600))
    def a_build_ends(self, workflow: int, status: Status, minutes: int) -> None:
        self.runs += 1
        self.waiting.append(build(self.runs, status, self.rig.now, workflow=workflow))
        self.rig.now += timedelta(minutes=minutes)

    @precondition(lambda self: self.arrived)
    @rule(data=st.data(), status=st.sampled_from(ENDS))
    def one_is_run_again(self, data: st.DataObject, status: Status) -> None:
        old = data.draw(st.sampled_from(self.arrived))
        if any(word.key.external_id == old.key.external_id and word.key.attempt == 2 for word in self.waiting):
            return
        if old.key.attempt == 1 and not self._known(old, 2):
            workflow = int(old.pipeline.external_id or 0)
            self.waiting.append(build(int(old.key.external_id), status, self.rig.now, attempt=2, workflow=workflow))
            self.rig.now += timedelta(minutes=2)

    def _known(self, old: RunWord, attempt: int) -> bool:
        return any(one.key.external_id == old.key.external_id and one.key.attempt == attempt for one in self.arrived)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def a_word_comes(self, data: st.DataObject) -> None:
        word = data.draw(st.sampled_from(self.waiting))
        self.waiting.remove(word)
        self._tell(word)

    @precondition(lambda self: self.arrived)
    @rule(data=st.data())
    def a_word_comes_again(self, data: st.DataObject) -> None:
        self._tell(data.draw(st.sampled_from(self.arrived)))

    def _tell(self, word: RunWord) -> None:
        self.rig.tell(word)
        self.arrived.append(word)
        self.looked = False

    @rule()
    def the_evaluator_looks(self) -> None:
        self.rig.look()
        self.looked = True

    @rule(days=st.sampled_from((-1, 0, 1, 9)))
    def time_passes_or_jumps_back(self, days: int) -> None:
        self.rig.tick(days=days)

    @rule()
    def the_collector_starts_anew(self) -> None:
        self.rig.start()

    @precondition(lambda self: any(alert.state is State.FIRING for alert in self.rig.alerts()))
    @rule()
    def somebody_acknowledges(self) -> None:
        firing = next(alert for alert in self.rig.alerts() if alert.state is State.FIRING)
        with self.rig.database.writing():
            alerts.acknowledge(firing.id, "mira", "", self.rig.now)

    @invariant()
    def alerts_stand_as_the_builds_stand(self) -> None:
        if not self.looked:
            return
        kept = self.rig.alerts()
        for workflow in LINES:
            mine = [alert for alert in kept if alert.line.pipeline == f"CI {workflow}" and alert.open]
            red = streak_of(conclusive(self.arrived, workflow))
            assert len(mine) == bool(red), "one alert over a red line, none over a green one"
            if red:
                assert (mine[0].since, mine[0].streak) == (red[0].started_at, len(red))

    @invariant()
    def fixed_never_goes_before_failing(self) -> None:
        told: dict[int, list[str]] = {}
        for one in self.rig.outbox():
            told.setdefault(one.alert_id or 0, []).append(one.kind)
        assert all(kinds[0] in BAD_NEWS for kinds in told.values())
        assert all(kinds.count("failing") <= 1 for kinds in told.values())
        assert all("fixed" not in kinds[:-1] or "flapping" in kinds[-1] for kinds in told.values())

    def teardown(self) -> None:
        self.rig.close()
        self._folder.cleanup()


TestYear = Year.TestCase
TestYear.settings = settings(
    max_examples=25, stateful_step_count=40, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2])
def test_over_a_year_every_outage_opens_one_alert_and_every_mending_ends_it(tmp_path: Path, seed: int) -> None:
    """Words in their order, each looked at: one alert an outage, each told unless the line flapped."""
    chance, rig, at = random.Random(seed), Rig(tmp_path, config_of(FOR_A_YEAR)), later()
    outages: list[tuple[datetime, datetime | None]] = []
    red = False
    for run in range(1, 400):
        at += timedelta(hours=chance.uniform(2, 40))
        failing = chance.random() < (0.6 if red else 0.12)
        rig.told(build(run, Status.FAILURE if failing else Status.SUCCESS, at))
        if failing and not red:
            outages.append((at, None))
        elif red and not failing:
            outages[-1] = (outages[-1][0], at + timedelta(minutes=1))
        red = failing
        if run % 20 == 0:
            rig.tick(seconds=1)
    assert at - later() > timedelta(days=300)
    kept = rig.alerts()
    assert [(one.since, one.resolved_at) for one in kept] == outages
    assert len(outages) > 20
    assert _untold(rig, kept) == []
    rig.close()


def _untold(rig: Rig, kept: list[Alert]) -> list[int]:
    """Alerts that nobody was told of although their line did not flap."""
    with rig.database.reading():
        quiet = [one for one in kept if not notifications.told(one.id, BAD_NEWS)]
        flapped = {one.id for one in quiet if any(move.reason in ("flapping", "flapping_over") for move in _moves(one))}
    return [one.id for one in quiet if one.id not in flapped and not _line_flapped(rig, one)]


def _moves(alert: Alert) -> list[alerts.Transition]:
    return alerts.transitions(alert.id)


def _line_flapped(rig: Rig, alert: Alert) -> bool:
    """Whether the last word on flapping before the alert was that it began."""
    said = [
        move.reason
        for one in rig.alerts()
        if one.id < alert.id
        for move in _moves_of(rig, one)
        if move.reason in ("flapping", "flapping_over")
    ]
    return bool(said) and said[-1] == "flapping"


def _moves_of(rig: Rig, alert: Alert) -> list[alerts.Transition]:
    with rig.database.reading():
        return alerts.transitions(alert.id)
