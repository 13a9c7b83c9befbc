"""Jobs of builds that succeeded, put off while the budget does not last: the build itself is told at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from collector.domain.model import BuildKey, RunWord, Status
from collector.providers.base import Batch, Memory
from collector.providers.github.api import GithubApi
from collector.providers.github.details import Details
from collector.providers.github.plan import OWED_BELOW, PAID_FROM
from collector.providers.github.repo import known_of

MAX_OWED = 1_000
"""Of one repo; what is beyond, or forgotten by a restart, is read by the day's sweep."""
MAX_PAID = 20
"""A poll; other repos want to be read, too."""


class Owed:
    """Those of one repo; kept as long as its source is read."""

    def __init__(self, api: GithubApi) -> None:
        self._api = api
        self._words: dict[BuildKey, RunWord] = {}

    def __len__(self) -> int:
        return len(self._words)

    def __contains__(self, word: RunWord) -> bool:
        return self._words.get(word.key) == word

    def put_off(self, words: Sequence[RunWord]) -> list[RunWord]:
        """Those of finished ``words`` to read at once; a failed build's jobs tell what broke and never wait."""
        now: list[RunWord] = []
        for word in words:
            self._words.pop(word.key, None)
            if word.status is Status.FAILURE or self._api.ease >= OWED_BELOW or len(self._words) >= MAX_OWED:
                now.append(word)
            else:
                self._words[word.key] = word
        return now

    def pay(self, memory: Memory, details: Details) -> Iterator[Batch]:
        """The oldest ones, while more is left than polls need. Raises SourceError as ``Details.read`` does."""
        for key, word in list(self._words.items())[:MAX_PAID]:
            if self._api.ease < PAID_FROM:
                return
            known = known_of(memory, (word,)).get(key.folded)
            if known is not None and known.updated_at == word.updated_at:
                with self._api.beside():
                    yield from details.read(word, known)
                if not details.complete:
                    return
            self._words.pop(key, None)
