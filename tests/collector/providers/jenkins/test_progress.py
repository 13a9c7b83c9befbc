"""What a reader remembers of builds between its polls, and for how long."""

from __future__ import annotations

from collector.domain.model import Status
from collector.providers.base import Batch, KnownBuild
from collector.providers.jenkins.progress import Progresses
from tests.builders import NOON, jenkins_key
from tests.collector.providers.jenkins.fakes import FakeMemory


def running(number: int) -> KnownBuild:
    return KnownBuild(jenkins_key(number), Status.IN_PROGRESS, True, None, NOON, None, False)


class CountingMemory(FakeMemory):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def mark(self, name: str) -> str | None:
        self.asked.append(name)
        return super().mark(name)


def test_a_gone_build_is_known_from_memory_as_long_as_it_is_unfinished_and_from_its_mark_for_ever() -> None:
    progresses, memory = Progresses(), CountingMemory()
    memory.take(Batch(marks=progresses.gone(running(1))))
    for _ in range(2):
        progresses.keep([running(1), running(2)])
        assert (progresses.is_gone(memory, running(1)), progresses.is_gone(memory, running(2))) == (True, False)
    assert memory.asked == ["gone:platform/web#2"]
    progresses.keep([])
    assert progresses.is_gone(memory, running(1))
    assert memory.asked == ["gone:platform/web#2", "gone:platform/web#1"], "those that ended are forgotten"
