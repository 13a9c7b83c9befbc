from __future__ import annotations

import gevent
import pytest

from webapp.reuse import LONGEST_SECONDS, MOST_KEPT, Reuse


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


class Work:
    """Takes ``cost_seconds`` of the clock, and counts."""

    def __init__(self, clock: Clock, cost_seconds: float) -> None:
        self._clock, self._cost_seconds, self.done = clock, cost_seconds, 0

    def __call__(self) -> str:
        self._clock.seconds += self._cost_seconds
        self.done += 1
        return f"answer {self.done}"


def test_cheap_answers_are_worked_out_each_time() -> None:
    clock = Clock()
    work, reuse = Work(clock, 0.01), Reuse(clock)
    assert [reuse.answer("a", work) for _ in range(3)] == ["answer 1", "answer 2", "answer 3"]


def test_dear_answers_are_reused_for_a_while_that_ends_before_they_are_two_seconds_old() -> None:
    clock = Clock()
    work, reuse = Work(clock, 0.5), Reuse(clock)
    started = clock.seconds
    assert reuse.answer("a", work) == "answer 1"
    assert reuse.answer("b", Work(clock, 0.0)) == "answer 1"
    clock.seconds = started + LONGEST_SECONDS - 0.01
    assert reuse.answer("a", work) == "answer 1"
    clock.seconds = started + LONGEST_SECONDS
    assert reuse.answer("a", work) == "answer 2"


def test_who_asks_while_a_dear_answer_is_worked_out_shares_it() -> None:
    clock = Clock()
    reuse = Reuse(clock)
    reuse.answer("a", Work(clock, 0.5))
    clock.seconds += 5
    done = []

    def slow() -> str:
        gevent.sleep(0.05)
        clock.seconds += 0.5
        done.append(1)
        return "shared"

    asking = [gevent.spawn(reuse.answer, "a", slow) for _ in range(10)]
    gevent.joinall(asking)
    assert [one.value for one in asking] == ["shared"] * 10
    assert len(done) == 1


def test_errors_reach_everybody_who_waited_and_are_not_kept() -> None:
    clock = Clock()
    work, reuse = Work(clock, 0.5), Reuse(clock)
    reuse.answer("a", work)
    clock.seconds += 5

    def fail() -> str:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        reuse.answer("a", fail)
    assert reuse.answer("a", work) == "answer 2"


def test_it_keeps_a_bounded_number_of_answers() -> None:
    clock = Clock()
    reuse = Reuse(clock)
    for number in range(MOST_KEPT + 20):
        reuse.answer(str(number), Work(clock, 0.06))
    assert len(reuse._kept) == MOST_KEPT
