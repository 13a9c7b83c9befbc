from __future__ import annotations

from collector.storage.failure_marks import MOST_MARKS, Failure, failure_marks
from tests.builders import later


def failures(count: int, step_seconds: float = 60) -> list[Failure]:
    return [(n, later(n * step_seconds).isoformat(), float(n)) for n in range(count)]


def test_few_failures_are_marked_one_by_one() -> None:
    marks = failure_marks(failures(MOST_MARKS))

    assert [mark["build_id"] for mark in marks] == list(range(MOST_MARKS))
    assert {mark["n"] for mark in marks} == {1}


def test_of_very_many_none_is_left_out_and_few_marks_are_drawn() -> None:
    marks = failure_marks(failures(8000))

    assert sum(mark["n"] for mark in marks) == 8000
    assert len(marks) <= MOST_MARKS
    assert marks[-1]["build_id"] == 7999
    assert [mark["at"] for mark in marks] == sorted(mark["at"] for mark in marks)


def test_very_many_at_one_instant_are_one_mark() -> None:
    (mark,) = failure_marks(failures(MOST_MARKS + 1, step_seconds=0))

    assert mark["n"] == MOST_MARKS + 1


def test_none_are_none() -> None:
    assert failure_marks([]) == []
