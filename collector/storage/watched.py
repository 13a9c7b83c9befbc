"""When each polled repo and job was added: what had ended before is history, which notifies nobody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from collector.domain.model import BuildWord, JobWord, PlainWord, RepoWord, RunWord, Word, WorkflowWord
from collector.domain.names import watch_key
from collector.storage.selecting import marks
from collector.storage.tables import instant, sql, text


def keys_of(words: Iterable[Word]) -> set[str]:
    """Everything that a poll's words show to be watched."""
    return {key for word in words if (key := _key(word)) is not None}


def _key(word: Word) -> str | None:
    match word:
        case RunWord() | JobWord() | PlainWord():
            return _of_build(word)
        case WorkflowWord():
            return watch_key(word.provider, word.instance, word.repo, word.external_id)
        case RepoWord():
            return None if word.provider == "jenkins" else watch_key(word.provider, word.instance, word.name, None)
    return None


def _of_build(word: BuildWord) -> str | None:
    key, pipeline = word.key, word.pipeline.external_id
    if key.provider == "jenkins" and pipeline is None:
        return None
    return watch_key(key.provider, key.instance, key.repo, pipeline)


def note(keys: Sequence[str], source: str, now: datetime) -> None:
    """Remembers since when each is watched; what is remembered already stays.

    What a source shows for the first time was added after its last successful poll; before there was one, now.
    """
    since = _polled_at(source) or text(now)
    for key in keys:
        sql("INSERT INTO watched (key, since) VALUES (?, ?) ON CONFLICT DO NOTHING", (key, since))


def since(keys: Sequence[str]) -> datetime | None:
    """When the first of the keys was added; None: nothing polls them."""
    return instant(sql(f"SELECT min(since) FROM watched WHERE key IN ({marks(keys)})", list(keys)).fetchone()[0])


def would_be_since(key: str, source: str | None) -> datetime | None:
    """When it was added, or what ``note`` would take for that moment; None: the source was never polled."""
    return since([key]) or instant(_polled_at(source))


def _polled_at(source: str | None) -> str | None:
    row = sql("SELECT last_success_at FROM sources WHERE name = ?", (source,)).fetchone()
    return row[0] if row else None


def forget(keys: Sequence[str]) -> None:
    """They are watched no more: should they come back, they are added anew."""
    for key in keys:
        sql("DELETE FROM watched WHERE key = ?", (key,))
