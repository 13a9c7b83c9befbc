"""Storage as a reader sees it, in memory: batches are told to it as ingest would store them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

from collector.domain.merge import BuildState, given_up, join, told
from collector.domain.model import BuildKey, JobWord, LogSnippet, PlainWord, RunWord, Word
from collector.domain.projection import project
from collector.providers.base import Batch, DetailRead, KnownBuild, Trouble


class FakeMemory:
    """Implements ``providers.base.Memory`` over merged words."""

    def __init__(self) -> None:
        self.etags: dict[str, str] = {}
        self.marks: dict[str, str] = {}
        self.states: dict[BuildKey, BuildState] = {}
        self.details: dict[BuildKey, DetailRead] = {}
        self.words: list[Word] = []
        self.logs: list[LogSnippet] = []
        self.troubles: list[Trouble] = []
        self.batches: list[Batch] = []
        self.watched: set[str] = set()
        self.left: dict[str, str] = {}

    def etag(self, key: str) -> str | None:
        return self.etags.get(key)

    def mark(self, name: str) -> str | None:
        return self.marks.get(name)

    def marks_starting(self, prefix: str) -> Mapping[str, str]:
        return {name: text for name, text in self.marks.items() if name.startswith(prefix)}

    def known(self, keys: Sequence[BuildKey]) -> Mapping[BuildKey, KnownBuild]:
        return {key.folded: self._known(key.folded) for key in keys if key.folded in self.states}

    def unfinished(self, provider: str, instance: str, repo: str | None = None) -> Sequence[KnownBuild]:
        found = [self._known(key) for key in self.states]
        return [
            one
            for one in found
            if not one.status.finished
            and (one.key.provider, one.key.instance) == (provider, instance)
            and (repo is None or one.key.repo == repo.lower())
        ]

    def watching(self) -> Set[str]:
        return self.watched

    def _known(self, key: BuildKey) -> KnownBuild:
        state = self.states[key]
        row, detail = project(state), self.details.get(key)
        return KnownBuild(
            key=key,
            status=row.status,
            run_known=row.run_known,
            updated_at=state.core.updated_at if state.core else None,
            started_at=row.started_at,
            detail_at=detail.updated_at if detail else None,
            log_read=any(one.log_read for one in (detail,) if one),
        )

    def take_word(self, word: Word) -> None:
        if isinstance(word, RunWord | JobWord | PlainWord):
            key, state = word.key.folded, told(word)
            self.states[key] = join(self.states[key], state) if key in self.states else state

    def store(self, batch: Batch) -> Batch:
        assert len(batch.words) <= 500
        for word in batch.words:
            self.take_word(word)
        for one in batch.given_up:
            key = one.key.folded
            self.states[key] = join(self.states[key], given_up(self.states[key], one.reason))
        if batch.watching is not None:
            self.watched = (self.watched | set(batch.watching.joined)) - batch.watching.left.keys()
            self.left |= batch.watching.left
        self.words += batch.words
        self.logs += batch.logs
        self.etags |= {one.key: one.etag for one in batch.etags}
        self.details |= {one.key.folded: one for one in batch.details}
        self.marks |= batch.marks
        self.troubles += [batch.trouble] if batch.trouble else []
        self.batches.append(batch)
        return batch

    def take(self, batches: Iterable[Batch]) -> list[Batch]:
        """Stores each batch before the next is asked for, as the poller does."""
        return [self.store(batch) for batch in batches]
