"""What the wording of a notification needs, fixed when it was made: a message does not depend on later rows.

Kept as JSON in a notification's row. ``from_json`` reads what an older or newer program wrote: what is missing has a
default, what is unknown is left out, so that no row can stop being sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, TypeVar

from collector.domain.times import EPOCH, to_text

STRIP_LENGTH = 10


@dataclass(frozen=True, slots=True)
class BuildFacts:
    """One build that an alert speaks of. ``failing_step``: ``job › step``; ``error_line``: the first that says what
    failed, cleaned and masked."""

    id: int = 0
    number: str = ""
    """The provider's own: a run's id, ``job#7``."""
    status: str = ""
    conclusion: str | None = None
    url: str | None = None
    commit: str | None = None
    message: str | None = None
    actor: str | None = None
    event: str | None = None
    started_at: datetime | None = None
    failing_step: str | None = None
    error_line: str | None = None


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """An alert as it was when the notification was made. Instants are aware UTC."""

    alert_id: int = 0
    rule: str = ""
    when: str = "failure"
    """The rule's kind."""
    severity: str = "warning"
    provider: str = ""
    instance: str = ""
    repo: str = ""
    pipeline: str = ""
    pipeline_id: int = 0
    branch: str = ""
    state: str = "firing"
    reason: str = ""
    """Named, as ``failure_streak``."""
    text: str = ""
    """One plain sentence."""
    since: datetime = EPOCH
    resolved_at: datetime | None = None
    streak: int = 0
    strip: tuple[str, ...] = ()
    """The last statuses before and with this one, oldest first, at most STRIP_LENGTH."""
    flaky: bool | None = None
    """True: the same commit failed and passed before; False: it did not; None: not known."""
    flapping: bool = False
    first_bad: BuildFacts | None = None
    last: BuildFacts | None = None
    """The newest build that decided the state: the last red one, or the green one that closed it."""
    last_good: BuildFacts | None = None


_T = TypeVar("_T", BuildFacts, AlertFacts)
_BUILDS = ("first_bad", "last", "last_good")
_INSTANTS = ("since", "resolved_at", "started_at")


def to_json(facts: AlertFacts) -> str:
    return json.dumps(_shallow(facts), default=_plain, ensure_ascii=False, separators=(",", ":"))


def from_json(text: str) -> AlertFacts:
    """The facts, whatever of them can be read."""
    return from_mapping(_object(text))


def from_mapping(given: Mapping[str, Any]) -> AlertFacts:
    builds = {name: _made(BuildFacts, given[name]) for name in _BUILDS if isinstance(given.get(name), Mapping)}
    facts = _made(AlertFacts, {name: value for name, value in given.items() if name not in _BUILDS})
    values = {field.name: getattr(facts, field.name) for field in fields(AlertFacts)}
    return AlertFacts(**{**values, **builds})


def _object(text: str) -> Mapping[str, Any]:
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return given if isinstance(given, dict) else {}


def _made(kind: type[_T], given: Mapping[str, Any]) -> _T:
    defaults = {field.name: field.default for field in fields(kind)}
    values = {name: _value(name, given[name], default) for name, default in defaults.items() if name in given}
    return kind(**values)


def _value(name: str, value: Any, default: Any) -> Any:
    """The value, if it is of its field's kind, else the field's default."""
    if name in _INSTANTS:
        return _instant(value) or default
    if name == "strip":
        return tuple(str(item) for item in value)[-STRIP_LENGTH:] if isinstance(value, list | tuple) else ()
    if isinstance(default, bool) or name == "flaky":
        return value if isinstance(value, bool) else default
    if isinstance(default, int):
        return value if isinstance(value, int) and not isinstance(value, bool) else default
    return value if isinstance(value, str) else default


def _instant(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    try:
        read = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def _shallow(facts: AlertFacts | BuildFacts) -> dict[str, Any]:
    """As ``asdict``, which copies every text first; there may be hundreds of these in one transaction."""
    return {one.name: getattr(facts, one.name) for one in fields(facts)}


def _plain(value: object) -> str | dict[str, Any]:
    if isinstance(value, datetime):
        return to_text(value)
    if isinstance(value, BuildFacts):
        return _shallow(value)
    raise TypeError(f"{type(value).__name__} is not kept in a payload")
