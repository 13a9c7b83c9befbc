"""The gate by a clock that the test moves, and before a controller that answers slowly."""

from __future__ import annotations

import threading
import time

import pytest
from structlog.testing import capture_logs

from collector.demo.faults import Fault
from collector.providers.jenkins import gate
from collector.providers.jenkins.gate import Gate, gate_of
from tests.collector.providers.jenkins.rig import FREESTYLE, rig


class Monotonic:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Monotonic:
    return Monotonic()


def answered(one: Gate, clock: Monotonic, seconds: float, size: int = 0) -> None:
    """A request that takes so long, once the gate lets it through."""
    clock.now += one.pause_seconds
    with one.turn() as turn:
        clock.now += seconds
        turn.took(seconds, size)


def test_a_slow_answer_is_followed_by_a_pause_of_twice_its_length_and_one_request_at_a_time(clock: Monotonic) -> None:
    one = Gate("ci", clock)
    with capture_logs() as lines:
        answered(one, clock, 4.0)
        answered(one, clock, 4.0)
    assert one.pause_seconds == 8.0
    assert one.at_once == 1
    (said,) = lines
    assert (said["controller"], said["seconds"]) == ("ci", 4.0)
    assert {"done", "advice"} <= set(said)


def test_the_pause_is_bounded(clock: Monotonic) -> None:
    one = Gate("ci", clock)
    answered(one, clock, 300.0)
    assert one.pause_seconds == gate.LONGEST_PAUSE_SECONDS


def test_two_at_a_time_come_back_after_five_quick_answers_in_a_row(clock: Monotonic) -> None:
    one = Gate("ci", clock)
    answered(one, clock, 4.0)
    for seconds in (0.1, 0.1, 0.1, 0.1, 3.0, 0.1, 0.1, 0.1, 0.1):
        answered(one, clock, seconds)
        assert one.at_once == 1
    answered(one, clock, 0.1)
    assert one.at_once == 2


@pytest.mark.parametrize(("seconds", "mib", "slow"), [(1.9, 0, False), (2.1, 0, True), (4.5, 3, False), (5.1, 3, True)])
def test_a_long_answer_may_take_longer(clock: Monotonic, seconds: float, mib: int, slow: bool) -> None:
    one = Gate("ci", clock)
    answered(one, clock, seconds, mib * 2**20)
    assert (one.pause_seconds > 0) is slow


def test_a_request_that_never_ended_counts_with_its_whole_time(clock: Monotonic) -> None:
    one = Gate("ci", clock)

    def ask() -> None:
        with one.turn():
            clock.now += 30.0
            raise TimeoutError

    with pytest.raises(TimeoutError):
        ask()
    assert one.pause_seconds == gate.LONGEST_PAUSE_SECONDS


def test_nothing_is_asked_while_an_answer_is_slow_in_coming() -> None:
    one, began = Gate("ci", time.monotonic), threading.Event()

    def ask() -> None:
        with one.turn():
            began.set()

    with one.turn() as under_way:
        under_way.begun -= gate.SLOW_SECONDS + 0.1
        second = threading.Thread(target=ask, daemon=True)
        second.start()
        assert not began.wait(0.3)
        under_way.took(0.1, 0)
    assert began.wait(5)
    second.join(5)


def test_all_sources_of_a_controller_share_its_gate() -> None:
    assert gate_of("shared.example") is gate_of("shared.example")
    assert gate_of("shared.example") is not gate_of("other.example")


@pytest.fixture
def quick_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "SLOW_SECONDS", 0.15)
    monkeypatch.setattr(gate, "PAUSE_FACTOR", 1.0)


def test_a_controller_that_answers_slowly_is_read_whole_one_thing_at_a_time(quick_pauses: None) -> None:
    with rig() as made:
        for number in range(6):
            made.world.add_jenkins_job(f"j{number}", cls=FREESTYLE)
            made.world.add_jenkins_build(f"j{number}")
        made.server.misbehave(Fault("/job/*", delay_seconds=0.2))
        begun = time.monotonic()
        made.poll()
        assert len(made.memory.rows()) == 6
        assert not made.troubles
        assert time.monotonic() - begun > 1.4, "two at first, then four one by one, each with a pause as long as itself"
        assert gate_of(made.server.instance).at_once == 1
