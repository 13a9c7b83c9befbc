"""Jobs of builds that go on: they begin, end and wait while their run's own word stays as it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from collector.domain.model import Status
from collector.providers.base import Batch, KnownBuild
from collector.providers.github.api import GithubApi
from collector.providers.github.details import Details
from collector.providers.github.plan import PLENTY

JOBS_EVERY = timedelta(minutes=5)
"""How old the jobs of a build that goes on may be: they tell what waits, and for which label."""
QUEUED_FOR = timedelta(minutes=1)
"""Most runs are queued for seconds: what waits is worth a request once it has waited so long."""
SPARED = 0.25
"""Part of the budget that is left to what cannot wait: these jobs are read once more when their build is over."""
MAX_RUNNING = 10

_Turn = tuple[str, int, Status]


class Running:
    """Those of one repo; kept as long as its source is read."""

    def __init__(self, api: GithubApi) -> None:
        self._api = api
        self._due_at: dict[_Turn, datetime] = {}

    def read(self, builds: Sequence[KnownBuild], details: Details, now: datetime) -> Iterator[Batch]:
        """Once when a build is first seen to go on, then every five minutes, while the budget has plenty."""
        by_turn = {_turn(one): one for one in builds if one.run_known}
        self._due_at = {turn: self._due_at.get(turn) or _first_at(one, now) for turn, one in by_turn.items()}
        for turn in [turn for turn, at in self._due_at.items() if at <= now][:MAX_RUNNING]:
            if self._api.ease < PLENTY or not self._api.spendable(SPARED):
                return
            self._due_at[turn] = now + JOBS_EVERY
            with self._api.beside():
                yield from details.again(by_turn[turn])


def _turn(build: KnownBuild) -> _Turn:
    return build.key.external_id, build.key.attempt, build.status


def _first_at(build: KnownBuild, now: datetime) -> datetime:
    return now + QUEUED_FOR if build.status is Status.QUEUED else now
