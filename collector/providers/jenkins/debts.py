"""Reading the details of builds: of those that go on at once, of those that have ended so many a poll."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from collector.domain.errors import SourceError
from collector.domain.model import BuildKey
from collector.providers.base import Batch, KnownBuild, Memory, Trouble
from collector.providers.jenkins import owed
from collector.providers.jenkins.ahead import ahead
from collector.providers.jenkins.api import Api
from collector.providers.jenkins.details import Detail, Want, read_detail, want_of
from collector.providers.jenkins.jobs import Job
from collector.providers.jenkins.mapping import MappedBuild
from collector.providers.jenkins.progress import Progresses

DETAILS_A_POLL = 400
KNOWN_AT_ONCE = 400
NO_STAGES_FOR = timedelta(hours=1)
"""Stages are asked for again then, where the controller knew none."""


class Debts:
    """Of one source; kept as long as it is read."""

    def __init__(self, api: Api, progresses: Progresses) -> None:
        self._api, self._progresses = api, progresses
        self._no_stages_until: datetime | None = None

    def stages_are_known(self, known: bool | None, now: datetime) -> None:
        """Whether the controller can tell stages; None: it does not say, so they are asked for."""
        self._no_stages_until = now + NO_STAGES_FOR if known is False else None

    def wants(self, job: Job, found: Sequence[MappedBuild], memory: Memory, now: datetime) -> list[Want]:
        """What is still to be read of these builds of a job."""
        stages = self._no_stages_until is None or now >= self._no_stages_until
        possible = [build for build in found if want_of(job, build, None, stages=stages)]
        known: dict[BuildKey, KnownBuild] = {}
        for start in range(0, len(possible), KNOWN_AT_ONCE):
            known.update(memory.known([build.run.key.folded for build in possible[start : start + KNOWN_AT_ONCE]]))
        wants = (want_of(job, build, known.get(build.run.key.folded), stages=stages) for build in possible)
        return [want for want in wants if want is not None]

    def read(self, wants: Sequence[Want], now: datetime) -> Iterator[Batch]:
        """Raises SourceError when the controller as a whole does not answer."""
        for want, outcome in ahead(lambda one: read_detail(self._api, one), wants):
            if isinstance(outcome, SourceError):
                again = want.again() if want.build.run.status.finished else None
                trouble = Trouble(want.build.run.key.external_id, outcome)
                yield Batch(trouble=trouble, marks=self._progresses.settled(want, again))
            else:
                yield self._told(want, outcome, now)

    def pay(self, jobs: Iterable[Job], memory: Memory, now: datetime) -> Iterator[Batch]:
        """The details that finished builds still owe; those beyond a poll's share wait for the next."""
        by_name = {job.full_name: job for job in jobs}
        for name in self._progresses.taken_up(by_name, DETAILS_A_POLL):
            yield from self._owe_again(by_name[name], memory, now)
        yield from self.read(self._progresses.next_owed(DETAILS_A_POLL), now)

    def _owe_again(self, job: Job, memory: Memory, now: datetime) -> Iterator[Batch]:
        """What a job's builds owe by its mark, less what was read since."""
        wants = self.wants(job, owed.from_text(memory.mark(owed.mark_of(job)), job), memory, now)
        if marks := self._progresses.owes(job, wants):
            yield Batch(marks=marks)

    def _told(self, want: Want, detail: Detail, now: datetime) -> Batch:
        if detail.stages_missing:
            self._no_stages_until = now + NO_STAGES_FOR
        return Batch(
            words=detail.words,
            logs=detail.logs,
            details=(detail.read,) if detail.read else (),
            marks=self._progresses.settled(want),
        )
