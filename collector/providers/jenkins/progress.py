"""How far each job was read: in memory at once, as a mark only when the builds and what they need are stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from collector.domain.model import BuildKey
from collector.domain.times import to_api
from collector.providers.base import KnownBuild, Memory
from collector.providers.jenkins.builds import Read
from collector.providers.jenkins.details import Want
from collector.providers.jenkins.listing import Listed

MOST_OWED = 5000
"""Builds whose details are remembered as owed (some KiB each). Jobs beyond are read again when there is room."""
ANOTHER_BUILD_AFTER = timedelta(minutes=1)


class Progresses:
    """What a reader remembers between its polls; marks make it last."""

    def __init__(self) -> None:
        self._reads: dict[str, Read | None] = {}
        self._gone: dict[BuildKey, str] = {}
        self._wants: dict[BuildKey, Want] = {}
        self._owed: Counter[str] = Counter()
        self._postponed: dict[str, None] = {}

    def read_of(self, memory: Memory, full_name: str) -> Read | None:
        """How far the job was read; None: never whole."""
        if full_name not in self._reads:
            self._reads[full_name] = Read.of(memory.mark(f"read:{full_name}"))
        return self._reads[full_name]

    def was_read(self, full_name: str, read: Read, wants: Iterable[Want]) -> dict[str, str]:
        """Remembers it. The marks to store: none while details are owed, so that a restart reads the job again."""
        self._reads[full_name] = read
        return self.owes(full_name, wants)

    def owes(self, full_name: str, wants: Iterable[Want]) -> dict[str, str]:
        """Remembers what details the job's builds owe, or that there was no room for them. The marks to store."""
        wanted = list(wants)
        if wanted and self._wants and len(self._wants) + len(wanted) > MOST_OWED:
            self.postpone(full_name)
        else:
            for want in wanted:
                self._want(want)
        return self._marks(full_name)

    def postpone(self, full_name: str) -> None:
        """The job's builds are read again before their details are."""
        self._postponed[full_name] = None

    def taken_up(self, least: int) -> Iterator[str]:
        """Postponed jobs, as long as fewer than ``least`` builds owe details; each is given once."""
        for full_name in list(self._postponed):
            if len(self._wants) >= least:
                return
            del self._postponed[full_name]
            yield full_name

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

    def keep(self, unfinished: Iterable[KnownBuild]) -> None:
        """Forgets what is known of all but these: they have ended meanwhile."""
        keys = {known.key.folded for known in unfinished}
        self._gone = {key: started for key, started in self._gone.items() if key in keys}

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
        if read is None or self._owed[full_name] > 0 or full_name in self._postponed:
            return {}
        return {f"read:{full_name}": read.text()}


def is_another(known: KnownBuild, started_at: datetime | None) -> bool:
    """Whether a build of the same number is another one: the job was deleted and made again."""
    if known.started_at is None or started_at is None:
        return False
    return abs(started_at - known.started_at) > ANOTHER_BUILD_AFTER


def place_of(known: KnownBuild, by_name: Mapping[str, Listed]) -> tuple[Listed, int] | None:
    """Where to ask for a known build; None when its job is not read here, or kept under another repo by now."""
    name, _, number = known.key.external_id.rpartition("#")
    listed = by_name.get(name)
    if listed is None or not number.isdecimal() or listed.job.key(int(number)).folded != known.key.folded:
        return None
    return listed, int(number)


def _started(known: KnownBuild) -> str:
    return to_api(known.started_at) if known.started_at else "unstarted"


def _start(want: Want) -> float:
    started_at = want.build.run.started_at
    return started_at.timestamp() if started_at else 0.0
