"""The one write path: what polls and pushes told becomes rows and changes, in one transaction a batch.

Any order and any repetition of words ends in the same rows; a word that changes nothing makes no change.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from collector.domain.model import BuildWord, JobWord, PlainWord, RunWord
from collector.providers.base import DELETED, GONE, UNWATCHED, Batch, GivenUp
from collector.storage import backfilled, etags, marks, waiting, watching
from collector.storage.database import Database
from collector.storage.filing import Filing


@dataclass(frozen=True)
class Context:
    """What the receiver of the words knows beside them.

    ``source``: the source's name, shown as a build's ``source``; etags, marks and what waits need one.
    ``default_branch``: the source's ``default_branch:``, for repos whose provider tells none.
    ``history``: the words were asked for as history: builds that they bring, finished, notify nobody.
    """

    source: str | None
    default_branch: str | None = None
    history: bool = False


@dataclass(frozen=True)
class Ingested:
    """What a batch did. ``builds``: how many it told of; ``changed``: ids of those whose stored row, jobs or log
    differ now, ``created`` among them; ``seq``: the head of the feed after it."""

    builds: int
    changed: tuple[int, ...]
    created: tuple[int, ...]
    seq: int


def record(database: Database, batch: Batch, context: Context, now: datetime) -> Ingested:
    """Stores all of the batch or, on any error, nothing of it. Opens its own transaction.

    Raises storage.errors.Unavailable (nothing was stored; trying again may help) and ValueError (etags, marks or
    what waits without a source).
    """
    if context.source is None and (batch.etags or batch.marks or batch.waiting is not None or batch.watching):
        raise ValueError("etags, marks, what waits and what is watched belong to a source; the context names none")
    with database.writing():
        filing = Filing(context.source, context.default_branch, now)
        filing.learn(batch.words)
        for one in watching.ended_unseen(batch.watching.joined if batch.watching else ()):
            filing.resume(GivenUp(one.key, one.reason, one.started_at))
        builds = filing.file(_build_words(batch))
        for log in batch.logs:
            filing.attach(log)
        for detail in batch.details:
            filing.note(detail)
        for lost in batch.given_up:
            filing.give_up(lost)
        seq = filing.close()
        if context.history:
            backfilled.note(list(filing.created), context.source, now)
        if context.source is not None:
            _remember(context.source, batch, now)
    return Ingested(builds, tuple(filing.changed), tuple(filing.created), seq)


def _build_words(batch: Batch) -> list[BuildWord]:
    return [word for word in batch.words if isinstance(word, (RunWord, JobWord, PlainWord))]


def _remember(source: str, batch: Batch, now: datetime) -> None:
    for entry in batch.etags:
        etags.put(source, entry.key, entry.etag, now)
    for name, text in batch.marks.items():
        marks.put(source, name, text)
    if batch.waiting is not None:
        waiting.replace(source, batch.waiting, now)
    if batch.watching is not None:
        watching.change(source, batch.watching, now)


def let_go(database: Database, now: datetime, held: Collection[str] = ()) -> Sequence[str]:
    """Lets what no source watches any more go quiet, some at a time; what that was, by ``domain.names.watch_key``.

    ``held``: what the keys begin with that stay as they are, as a source may yet take them up.
    Opens its own transaction. Raises storage.errors.Unavailable.
    """
    with database.reading():
        if not watching.due(now, held):
            return ()
    with database.writing():
        found = watching.due(now, held)
        filing = Filing(None, None, now)
        for one in watching.let_go(found):
            conclusion = GONE if one.reason == DELETED else UNWATCHED
            filing.give_up(GivenUp(one.key, conclusion, one.started_at))
        filing.close()
    return [left.key for left in found]
