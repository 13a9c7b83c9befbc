"""How far each job was read, and which of its builds owe details: in memory, and as marks that outlive a restart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from collector.domain.model import BuildKey
from collector.domain.times import to_api
from collector.providers.base import KnownBuild, Memory
from collector.providers.jenkins import owed
from collector.providers.jenkins.builds import Read
from collector.providers.jenkins.details import Want
from collector.providers.jenkins.jobs import Job
from collector.providers.jenkins.listing import Listed
from collector.providers.jenkins.mapping import MappedBuild

MOST_OWED = 5000
"""Builds whose details are remembered as owed (some KiB each). What others owe is in their jobs' marks until there is
room."""
ANOTHER_BUILD_AFTER = timedelta(minutes=1)


class Progresses:
    """What a reader remembers between its polls; marks make it last."""

    def __init__(self) -> None:
        self._reads: dict[str, Read | None] = {}
        self._gone: dict[BuildKey, str] = {}
        self._wants: dict[BuildKey, Want] = {}
        self._owed: Counter[str] = Counter()
        self._postponed: dict[str, None] = {}
        """Jobs whose builds' debts are in their marks alone."""
        self._recalled = False

    def read_of(self, memory: Memory, full_name: str) -> Read | None:
        """How far the job was read; None: never whole."""
        if full_name not in self._reads:
            self._reads[full_name] = Read.of(memory.mark(f"read:{full_name}"))
        return self._reads[full_name]

    def recall(self, memory: Memory) -> None:
        """What an earlier reader was told and did not come to: once, before all else."""
        if not self._recalled:
            self._postponed |= {
                name.removeprefix(owed.MARK): None for name, text in memory.marks_starting(owed.MARK).items() if text
            }
            self._recalled = True

    def was_read(self, memory: Memory, job: Job, read: Read, wants: Iterable[Want]) -> dict[str, str]:
        """Remembers it, with the details that the job's builds owe. The marks to store."""
        name, wanted = job.full_name, list(wants)
        self._reads[name] = read
        marks = {f"read:{name}": read.text()}
        if not wanted:
            return marks
        owing = [*self._owing(memory, job), *(want.build for want in wanted)]
        if name in self._postponed or (self._wants and len(self._wants) + len(wanted) > MOST_OWED):
            self._postponed[name] = None
        else:
            self._want_all(wanted)
        return {**marks, owed.mark_of(job): owed.to_text(owing)}

    def _owing(self, memory: Memory, job: Job) -> list[MappedBuild]:
        """Builds of the job that owe details already."""
        if job.full_name in self._postponed:
            return owed.from_text(memory.mark(owed.mark_of(job)), job)
        if not self._owed[job.full_name]:
            return []
        return [want.build for want in self._wants.values() if want.job.full_name == job.full_name]

    def owes(self, job: Job, wants: Sequence[Want]) -> dict[str, str]:
        """Remembers what a postponed job's builds owe, however many. The marks to store."""
        self._want_all(wants)
        return {} if wants else {owed.mark_of(job): ""}

    def taken_up(self, listed: Container[str], least: int) -> Iterator[str]:
        """Of the jobs whose builds' debts are in their marks alone those that are ``listed``, as long as fewer than
        ``least`` builds are remembered to owe details; each is given once."""
        for full_name in [name for name in self._postponed if name in listed]:
            if len(self._wants) >= least:
                return
            del self._postponed[full_name]
            yield full_name

    def next_owed(self, most: int) -> list[Want]:
        """The details that are to be read next: of the newest builds first."""
        ordered = sorted(self._wants.values(), key=_start, reverse=True)
        return ordered[:most]

    def settled(self, want: Want, again: Want | None = None) -> dict[str, str]:
        """A detail was read, or is tried ``again`` later. The marks to store."""
        name = want.job.full_name
        if self._wants.pop(want.build.run.key.folded, None) is None:
            return {}
        self._owed[name] -= 1
        self._want_all([again] if again is not None else [])
        return {owed.mark_of(want.job): ""} if not self._owed[name] and name not in self._postponed else {}

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

    def _want_all(self, wants: Iterable[Want]) -> None:
        for want in wants:
            key = want.build.run.key.folded
            self._owed[want.job.full_name] += key not in self._wants
            self._wants[key] = want


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
