"""What builds and jobs told, as batches that are stored in one transaction each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from collector.domain.model import Word
from collector.providers.base import Batch, Progress
from collector.providers.jenkins.mapping import MappedBuild

WORDS_A_BATCH = 400


def words_of(builds: Iterable[MappedBuild]) -> list[Word]:
    return list(chain.from_iterable((build.run, *build.cells) for build in builds))


def told(words: Sequence[Word], progress: Progress | None = None) -> Iterator[Batch]:
    """Nothing for no words."""
    for start in range(0, len(words), WORDS_A_BATCH):
        yield Batch(words=words[start : start + WORDS_A_BATCH], progress=progress)
