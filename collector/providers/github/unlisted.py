"""Unfinished builds that no list shows: each is asked for by its id, until it has ended or GitHub has it no more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import structlog

from collector.domain.errors import BadAnswer, MappingError, NotFound
from collector.domain.model import RunWord
from collector.domain.times import to_api
from collector.providers.base import GONE, GONE_AFTER, Batch, EtagEntry, GivenUp, KnownBuild, Memory
from collector.providers.github.api import Fetched, GithubApi
from collector.providers.github.details import Details
from collector.providers.github.mapping import run_word
from collector.providers.github.repo import Repo, known_of, needs_details

MAX_BY_ID = 100
_log = structlog.get_logger(__name__)


class Unlisted:
    """Those of one repo; kept as long as its source is read, so that what is missing is asked for once more later."""

    def __init__(self, api: GithubApi, repo: Repo) -> None:
        self._api, self._repo = api, repo
        self._missing_since: dict[str, datetime] = {}
        """Runs that are not there, by when that was first seen."""

    def read(self, hidden: Sequence[KnownBuild], memory: Memory, details: Details, now: datetime) -> Iterator[Batch]:
        """What GitHub says of each, at most MAX_BY_ID a poll. Raises SourceError."""
        by_run = {one.key.external_id: one for one in hidden}
        self._missing_since = {run: at for run, at in self._missing_since.items() if run in by_run}
        for known in [one for one in by_run.values() if self._to_ask(one, memory, now)][:MAX_BY_ID]:
            try:
                yield from self._by_id(known.key.external_id, memory, details)
            except NotFound:
                since = self._missing_since.setdefault(known.key.external_id, now)
                if now - since >= GONE_AFTER:
                    yield self._given_up(known, now)

    def _to_ask(self, known: KnownBuild, memory: Memory, now: datetime) -> bool:
        run_id = known.key.external_id
        since = self._missing_since.get(run_id)
        if since is not None and now - since < GONE_AFTER:
            return False
        return run_id.isascii() and run_id.isdigit() and not memory.mark(self._mark(run_id))

    def _mark(self, run_id: str) -> str:
        return self._repo.mark("gone") + f"/{run_id}"

    def _given_up(self, known: KnownBuild, now: datetime) -> Batch:
        """Nobody will tell its end: it would go on for ever, and be asked for at every poll."""
        _log.warning(
            "an unfinished build is gone from GitHub; it ends as skipped (gone) and is not asked for again",
            source=self._repo.source.name,
            repo=self._repo.configured,
            run=known.key.external_id,
            advice="nothing to do; should GitHub show the run again, its own word counts",
        )
        return Batch(marks={self._mark(known.key.external_id): to_api(now)}, given_up=(GivenUp(known.key, GONE),))

    def _by_id(self, run_id: str, memory: Memory, details: Details) -> Iterator[Batch]:
        """Raises NotFound."""
        try:
            fetched = self._api.changed(f"{self._repo.base}/actions/runs/{run_id}", memory)
            word = run_word(fetched.body, self._repo.place) if fetched else None
        except MappingError as exc:
            raise BadAnswer(f"run {run_id} of {self._repo.configured} is not as GitHub's API promises: {exc}") from exc
        self._missing_since.pop(run_id, None)
        if fetched is not None and word is not None:
            yield from self._tell(word, etags(fetched), memory, details)

    @staticmethod
    def _tell(word: RunWord, entries: tuple[EtagEntry, ...], memory: Memory, details: Details) -> Iterator[Batch]:
        known = known_of(memory, (word,)).get(word.key.folded)
        yield Batch(words=(word,))
        if needs_details(word, known):
            yield from details.read(word, known)
        if details.complete:
            yield Batch(words=(word,), etags=entries)


def etags(fetched: Fetched) -> tuple[EtagEntry, ...]:
    return (fetched.etag,) if fetched.etag else ()
