"""A simulated year of the rules other than ``failure``: random builds, words late, twice and in any order.

Two installations live through it: one is told each word once, the other all of them shuffled and some again.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from collector.domain.alert_states import BAD_NEWS, OK, UNTOLD, Alert, State
from collector.domain.model import RunWord, Status
from collector.storage import alerts, notifications
from tests.collector.alerting.oracles import BY_THE_CLOCK, CLOSED, EITHER, OPEN, ORACLES, RULES, known
from tests.collector.alerting.rig import Rig, build, config_of

LINES = (7, 8)
UNFINISHED = (Status.QUEUED, Status.IN_PROGRESS)
ENDS = (Status.SUCCESS, Status.SUCCESS, Status.FAILURE, Status.CANCELLED)
DAY = timedelta(days=1)


class Ending(NamedTuple):
    """A build that ends, and how long after it another begins."""

    status: Status
    minutes: int
    commit: int
    pause_minutes: int


BUILDS = st.builds(
    Ending, st.sampled_from(ENDS), st.sampled_from((5, 9, 40)), st.integers(1, 4), st.sampled_from((1, 30, 200))
)


@dataclass(frozen=True)
class Looked:
    """What there was at the evaluator's last look. ``touched``: lines of which a word had come since the one before."""

    at: datetime
    arrived: tuple[RunWord, ...]
    touched: frozenset[int]


def line_of(word: RunWord) -> int:
    return int(word.pipeline.external_id or 0)


def name_of(workflow: int) -> str:
    return f"CI {workflow}"


class YearOfRules(RuleBasedStateMachine):
    """Builds begin, hang and end; people acknowledge and silence; clocks jump; the collector dies and starts."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(prefix="cihealth-year-")
        folders = [Path(self._folder.name) / name for name in ("once", "shuffled")]
        for folder in folders:
            folder.mkdir()
        self.once, self.shuffled = (Rig(folder, config_of(RULES)) for folder in folders)
        self.now = self.once.now
        self.runs = 0
        self.running: list[RunWord] = []
        self.waiting: list[RunWord] = []
        self.batch: list[RunWord] = []
        self.arrived: list[RunWord] = []
        self.late: set[int] = set()
        self.looked: Looked | None = None

    @property
    def rigs(self) -> tuple[Rig, Rig]:
        return self.once, self.shuffled

    @rule(workflow=st.sampled_from(LINES), some=st.lists(BUILDS, min_size=1, max_size=8), seed=st.integers(0, 1000))
    def some_builds_end(self, workflow: int, some: list[Ending], seed: int) -> None:
        self._end(workflow, some)
        if seed % 4:
            self.all_words_are_sent()
            self.the_evaluator_looks(seed)

    @rule(workflow=st.sampled_from(LINES), then=st.lists(st.sampled_from((5, 9, 40)), max_size=3))
    def a_pipeline_takes_longer_for_a_while(self, workflow: int, then: list[int]) -> None:
        for minutes in ((5, 5, 5, 5, 40, 40), then):
            self._end(workflow, [Ending(Status.SUCCESS, length, 1, 30) for length in minutes])
            self.all_words_are_sent()
            self.the_evaluator_looks(len(then))

    def _end(self, workflow: int, some: Iterable[Ending]) -> None:
        for one in some:
            begun = self._begun(workflow, Status.IN_PROGRESS, one.commit)
            self._pass(timedelta(minutes=one.minutes))
            self.waiting += [begun, self._ended(begun, one.status)]
            self._pass(timedelta(minutes=one.pause_minutes))

    @rule(workflow=st.sampled_from(LINES), status=st.sampled_from(UNFINISHED))
    def a_build_begins(self, workflow: int, status: Status) -> None:
        self.running.append(self._begun(workflow, status, 9))
        self.waiting.append(self.running[-1])

    @precondition(lambda self: self.running)
    @rule(data=st.data(), status=st.sampled_from(ENDS))
    def one_that_had_begun_ends(self, data: st.DataObject, status: Status) -> None:
        begun = data.draw(st.sampled_from(self.running))
        self.running.remove(begun)
        self.waiting.append(self._ended(begun, status))

    def _begun(self, workflow: int, status: Status, commit: int) -> RunWord:
        self.runs += 1
        at = self.now + timedelta(microseconds=self.runs)  # no two start at once: ids, which would decide, are not ours
        return build(self.runs, status, at, workflow=workflow, commit=f"c{commit}")

    def _ended(self, begun: RunWord, status: Status) -> RunWord:
        assert begun.started_at is not None
        ended_at = max(self.now, begun.started_at + timedelta(minutes=1))
        return replace(begun, status=status, conclusion=status.value, updated_at=ended_at)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def a_word_is_sent(self, data: st.DataObject) -> None:
        word = data.draw(st.sampled_from(self.waiting))
        self.waiting.remove(word)
        self.batch.append(word)

    @rule()
    def all_words_are_sent(self) -> None:
        self.batch += self.waiting
        self.waiting = []

    @rule(seed=st.integers(0, 1000))
    def the_evaluator_looks(self, seed: int) -> None:
        """What was sent comes to both, then each looks at it and, a minute later, at the clock."""
        self._tell(random.Random(seed))
        for rig in self.rigs:
            rig.look()
        self.looked = Looked(self.now, tuple(self.arrived), frozenset(line_of(word) for word in self.batch))
        self.batch = []
        self._pass(timedelta(seconds=61))
        for rig in self.rigs:
            rig.tick()

    def _tell(self, chance: random.Random) -> None:
        again = chance.sample(self.arrived, min(3, len(self.arrived)))
        others = [*self.batch, *chance.sample(self.batch, len(self.batch) // 2), *again]
        chance.shuffle(others)
        for word in self.batch:
            self.once.tell(word)
        for word in others:
            self.shuffled.tell(word)
        self.arrived += self.batch
        self.late |= {line_of(word) for word in self.batch if self.now - (word.updated_at or self.now) > DAY}

    @rule(hours=st.sampled_from((1, 7, 26, 80, -24)))
    def time_passes_or_jumps_back(self, hours: int) -> None:
        self._pass(timedelta(hours=hours))

    @rule(hours=st.sampled_from((1, -1, 30, -30)))
    def the_clock_is_set(self, hours: int) -> None:
        self._pass(timedelta(hours=hours))
        for rig in self.rigs:
            rig.evaluator.clock_set(timedelta(hours=hours))

    def _pass(self, length: timedelta) -> None:
        self.now += length
        for rig in self.rigs:
            rig.now = self.now

    @rule()
    def the_collector_starts_anew(self) -> None:
        for rig in self.rigs:
            rig.start()

    @precondition(lambda self: self._open())
    @rule(data=st.data(), silences=st.booleans())
    def somebody_acknowledges_or_silences(self, data: st.DataObject, silences: bool) -> None:
        chosen = data.draw(st.sampled_from(self._open()))
        for rig in self.rigs:
            (mine,) = [one for one in rig.alerts() if one.open and place(one) == place(chosen)]
            with rig.database.writing():
                if silences and mine.state is not State.SILENCED:
                    alerts.silence(mine.id, "mira", "upgrade", timedelta(hours=6), self.now)
                elif mine.state in (State.FIRING, State.SILENCED):
                    alerts.acknowledge(mine.id, "mira", "", self.now)

    def _open(self) -> list[Alert]:
        return [one for one in self.once.alerts() if one.open]

    @invariant()
    def no_rule_has_two_open_alerts_of_one_line(self) -> None:
        for rig in self.rigs:
            opened = [place(one) for one in rig.alerts() if one.open]
            assert len(opened) == len(set(opened))

    @invariant()
    def alerts_stand_as_their_rules_say(self) -> None:
        looked = self.looked
        if looked is None:
            return
        opened = {(one.rule, one.line.pipeline) for one in self._open()}
        at_tick = looked.at + timedelta(seconds=61)
        for workflow, (name, oracle) in ((line, each) for line in LINES for each in ORACLES.items()):
            builds = known(word for word in looked.arrived if line_of(word) == workflow)
            said = oracle(builds, at_tick)
            is_open = (name, name_of(workflow)) in opened
            opens = name in BY_THE_CLOCK or (workflow in looked.touched and oracle(builds, looked.at) == OPEN)
            assert not (said == CLOSED and is_open), f"{name} stays open over {name_of(workflow)}"
            assert not (said == OPEN and opens and not is_open), f"{name} is lost over {name_of(workflow)}"
            assert said in (OPEN, CLOSED, EITHER)

    @invariant()
    def shuffled_and_repeated_words_end_the_same(self) -> None:
        assert [*told_of(self.once)] == [*told_of(self.shuffled)]

    @invariant()
    def whoever_fired_was_told_unless_it_was_history(self) -> None:
        for alert in self.once.alerts():
            if alert.fired_at is None or self._has_bad_news(alert):
                continue
            assert alert.evidence.get(UNTOLD), f"{alert} was told to nobody"
            stale = alert.rule == "silent" and alert.opened_at - alert.since > DAY
            assert stale or any(name_of(line) == alert.line.pipeline for line in self.late), f"{alert} is no history"

    def _has_bad_news(self, alert: Alert) -> bool:
        with self.once.database.reading():
            return bool(notifications.told(alert.id, BAD_NEWS))

    @invariant()
    def every_transition_is_kept_in_its_order(self) -> None:
        for alert in self.once.alerts():
            with self.once.database.reading():
                moves = alerts.transitions(alert.id)
            assert [move.number for move in moves] == list(range(1, alert.transition + 1))
            assert (moves[0].from_state, moves[-1].to_state) == (OK, alert.state)
            assert all(one.to_state == following.from_state for one, following in pairwise(moves))
            assert all(move.reason for move in moves)

    def teardown(self) -> None:
        for rig in self.rigs:
            rig.close()
        self._folder.cleanup()


def place(alert: Alert) -> tuple[str, str, str]:
    return alert.rule, alert.line.pipeline, alert.line.branch


def told_of(rig: Rig) -> Iterator[tuple[object, ...]]:
    """All that an installation says of its alerts, but for the ids that it gave them."""
    kinds: dict[int, list[tuple[str, int]]] = {}
    for one in rig.outbox():
        kinds.setdefault(one.alert_id or 0, []).append((one.kind, one.transition))
    for alert in sorted(rig.alerts(), key=lambda one: (place(one), one.opened_at, one.id)):
        yield (
            place(alert), alert.state, alert.since, alert.opened_at, alert.resolved_at, alert.reason, alert.text,
            alert.streak, alert.transition, kinds.get(alert.id),
        )  # fmt: skip


TestYearOfRules = YearOfRules.TestCase
TestYearOfRules.settings = settings(
    max_examples=25, stateful_step_count=40, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
