"""Silences as kept: who asked for them, why, and until when."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from collector.domain.silencing import MATCHERS, Silence
from collector.domain.times import to_api
from collector.storage.errors import BadSilence
from collector.storage.tables import instant, sql, text
from collector.storage.texts import clean

LONGEST = timedelta(days=30)
MOST_CHARS = 512
_COLUMNS = "id, matchers, starts_at, ends_at, author, reason, created_at, ended_at"


def add(
    matchers: Mapping[str, str], starts_at: datetime, ends_at: datetime, author: str, reason: str, now: datetime
) -> Silence:
    """A new silence. Raises BadSilence, naming the field: no matcher, an unknown one, a wrong time, no author."""
    _refuse(matchers, starts_at, ends_at, author, reason, now)
    kept = json.dumps({name: clean(glob) for name, glob in matchers.items()}, sort_keys=True, ensure_ascii=False)
    row = sql(
        "INSERT INTO silences (matchers, starts_at, ends_at, author, reason, created_at) VALUES (?, ?, ?, ?, ?, ?)"
        f" RETURNING {_COLUMNS}",
        (kept, text(starts_at), text(ends_at), clean(author), clean(reason), text(now)),
    ).fetchone()
    return _silence(row)


def end(silence_id: int, now: datetime) -> Silence | None:
    """Ends a silence early; None when there is none of that id that is not over yet."""
    row = sql(
        f"UPDATE silences SET ended_at = ? WHERE id = ? AND ended_at IS NULL AND ends_at > ? RETURNING {_COLUMNS}",
        (text(now), silence_id, text(now)),
    ).fetchone()
    return _silence(row) if row else None


def get(silence_id: int) -> Silence | None:
    row = sql(f"SELECT {_COLUMNS} FROM silences WHERE id = ?", (silence_id,)).fetchone()
    return _silence(row) if row else None


def current(now: datetime) -> list[Silence]:
    """Those that are in force, or will be, soonest to end first."""
    rows = sql(
        f"SELECT {_COLUMNS} FROM silences WHERE ended_at IS NULL AND ends_at > ? ORDER BY ends_at, id", (text(now),)
    )
    return [_silence(row) for row in rows]


def recent(limit: int = 100) -> list[Silence]:
    """The newest, over or not."""
    return [_silence(row) for row in sql(f"SELECT {_COLUMNS} FROM silences ORDER BY id DESC LIMIT ?", (limit,))]


def shown(silence: Silence, now: datetime) -> dict[str, Any]:
    """As the API shows it."""
    return {
        "id": silence.id,
        "matchers": dict(silence.matchers),
        "starts_at": to_api(silence.starts_at),
        "ends_at": to_api(silence.ends_at),
        "author": silence.author,
        "reason": silence.reason,
        "created_at": to_api(silence.created_at),
        "ended_at": to_api(silence.ended_at) if silence.ended_at else None,
        "in_force": silence.in_force(now),
    }


def _refuse(
    matchers: Mapping[str, str], starts_at: datetime, ends_at: datetime, author: str, reason: str, now: datetime
) -> None:
    if not matchers:
        raise BadSilence("matchers", f"is empty; give at least one of {', '.join(MATCHERS)}")
    for name, glob in matchers.items():
        if name not in MATCHERS:
            raise BadSilence("matchers", f"has {name[:40]!r}; matchers are {', '.join(MATCHERS)}")
        if not glob or len(glob) > MOST_CHARS:
            raise BadSilence(f"matchers.{name}", f"must be a glob of 1 to {MOST_CHARS} characters")
    if ends_at <= max(starts_at, now):
        raise BadSilence("ends_at", "must lie after starts_at and after now")
    if ends_at - starts_at > LONGEST:
        raise BadSilence("ends_at", f"is too far; a silence lasts at most {LONGEST.days} days")
    if not author.strip() or len(author) > MOST_CHARS:
        raise BadSilence("author", f"must say who asks for it, in 1 to {MOST_CHARS} characters")
    if len(reason) > MOST_CHARS:
        raise BadSilence("reason", f"is too long; the most is {MOST_CHARS} characters")


def _silence(row: tuple[Any, ...]) -> Silence:
    silence_id, matchers, starts_at, ends_at, author, reason, created_at, ended_at = row
    return Silence(
        silence_id, json.loads(matchers), _at(starts_at), _at(ends_at), author, reason, _at(created_at),
        instant(ended_at),
    )  # fmt: skip


def _at(value: str) -> datetime:
    return datetime.fromisoformat(value)
