"""How far each job was read: in memory at once, as a mark only when the builds and what they need are stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from collector.domain.model import BuildKey
from collector.domain.times import to_api
from collector.providers.base import KnownBuild, Memory
from collector.providers.jenkins.builds import Read
from collector.providers.jenkins.details import Want

ANOTHER_BUILD_AFTER = timedelta(minutes=1)


class Progresses:
    """What a reader remembers between its polls; marks make it last."""

    def __init__(self) -> None:
        self._reads: dict[str, Read | None] = {}
        self._gone: dict[BuildKey, str] = {}
        self._wants: dict[BuildKey, Want] = {}
        self._owed: Counter[str] = Counter()

    def read_of(self, memory: Memory, full_name: str) -> Read | None:
        """How far the job was read; None: never whole."""
        if full_name not in self._reads:
            self._reads[full_name] = Read.of(memory.mark(f"read:{full_name}"))
        return self._reads[full_name]

    def was_read(self, full_name: str, read: Read, wants: Iterable[Want]) -> dict[str, str]:
        """Remembers it. The marks to store: none while details are owed, so that a restart reads the job again."""
        self._reads[full_name] = read
        for want in wants:
            self._want(want)
        return self._marks(full_name)

    def owed(self, most: int) -> list[Want]:
        """The details that are to be read next: of the newest builds first."""
        ordered = sorted(self._wants.values(), key=_start, reverse=True)
        return ordered[:most]

    def settled(self, want: Want, again: Want | None = None) -> dict[str, str]:
        """A detail was read, or is tried ``again`` later. The marks to store."""
        if self._wants.pop(want.build.run.key.folded, None) is not None:
            self._owed[want.job.full_name] -= 1
        if again is not None:
            self._want(again)
        return self._marks(want.job.full_name)

    def is_gone(self, memory: Memory, known: KnownBuild) -> bool:
        """Whether the controller said that it has no such build any more."""
        key = known.key.folded
        if key not in self._gone:
            self._gone[key] = memory.mark(f"gone:{key.external_id}") or "-"
        return self._gone[key] == _started(known)

    def gone(self, known: KnownBuild) -> dict[str, str]:
        """Remembers it, for this build and no other of its number. The marks to store."""
        self._gone[known.key.folded] = _started(known)
        return {f"gone:{known.key.external_id}": _started(known)}

    def _want(self, want: Want) -> None:
        key = want.build.run.key.folded
        self._owed[want.job.full_name] += key not in self._wants
        self._wants[key] = want

    def _marks(self, full_name: str) -> dict[str, str]:
        read = self._reads.get(full_name)
        if read is None or self._owed[full_name] > 0:
            return {}
        return {f"read:{full_name}": read.text()}


def is_another(known: KnownBuild, started_at: datetime | None) -> bool:
    """Whether a build of the same number is another one: the job was deleted and made again."""
    if known.started_at is None or started_at is None:
        return False
    return abs(started_at - known.started_at) > ANOTHER_BUILD_AFTER


def _started(known: KnownBuild) -> str:
    return to_api(known.started_at) if known.started_at else "unstarted"


def _start(want: Want) -> float:
    started_at = want.build.run.started_at
    return started_at.timestamp() if started_at else 0.0
