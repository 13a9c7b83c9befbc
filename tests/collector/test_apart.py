"""Batches that are asked for in a thread apart: the same ones, until told to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from collector.apart import apart
from collector.domain.errors import Unreachable
from collector.providers.base import Batch
from collector.stopping import Stop


class Source:
    """Three batches, then what ``then`` does."""

    def __init__(self, then: BaseException | threading.Event | None = None) -> None:
        self.asked = 0
        self.closed = threading.Event()
        self._then = then

    def batches(self) -> Iterator[Batch]:
        try:
            for name in "abc":
                self.asked += 1
                yield Batch(marks={name: name})
            if isinstance(self._then, BaseException):
                raise self._then
            if self._then is not None:
                self._then.wait(20)
                yield Batch(marks={"late": "late"})
        finally:
            self.closed.set()


def names(batches: Iterator[Batch]) -> list[str]:
    return [name for batch in batches for name in batch.marks]


def test_all_batches_come_in_order() -> None:
    source = Source()
    assert names(apart(source.batches(), Stop())) == ["a", "b", "c"]
    assert source.closed.wait(5)


def test_a_batch_is_asked_for_once_the_one_before_was_taken() -> None:
    source = Source()
    batches = apart(source.batches(), Stop())
    for asked in (1, 2, 3):
        next(batches)
        time.sleep(0.05)
        assert source.asked == asked


def test_what_the_reader_raises_is_raised_here() -> None:
    with pytest.raises(Unreachable, match="gone"):
        names(apart(Source(Unreachable("gone")).batches(), Stop()))


def test_told_to_stop_it_leaves_a_reader_that_waits() -> None:
    waits, stop = threading.Event(), Stop()
    source = Source(waits)
    threading.Timer(0.2, stop.tell).start()
    begun = time.monotonic()
    assert names(apart(source.batches(), stop)) == ["a", "b", "c"]
    assert time.monotonic() - begun < 2
    assert not source.closed.is_set()
    waits.set()
    assert source.closed.wait(5)


def test_left_early_it_closes_the_reader() -> None:
    source = Source()
    batches = apart(source.batches(), Stop())
    next(batches)
    batches.close()  # type: ignore[attr-defined]
    assert source.closed.wait(5)
