"""GitHub's query words for lists of runs: status, created, branch, event and their like, and pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import ge, gt, le, lt
from typing import TypeVar

from collector.demo.plans import Run, attempt_status

MOST_RESULTS = 1000
"""A filtered search reaches no further, whatever its total_count says."""
SEARCH_WORDS = ("actor", "branch", "check_suite_id", "created", "event", "head_sha", "status")
T = TypeVar("T")
_RUN_STATUSES = ("completed", "in_progress", "queued", "requested", "waiting", "pending")


class BadQuery(ValueError):
    """A query GitHub refuses with 422."""


@dataclass(frozen=True, slots=True)
class Page:
    """``number`` counts from 1; ``size`` is at most 100, 30 unless told."""

    number: int
    size: int
    capped: bool = False

    def cut(self, rows: Sequence[T]) -> Sequence[T]:
        reach = rows[:MOST_RESULTS] if self.capped else rows
        return reach[(self.number - 1) * self.size : self.number * self.size]

    def last(self, total: int) -> int:
        reach = min(total, MOST_RESULTS) if self.capped else total
        return max((reach + self.size - 1) // self.size, 1)


def _number(text: str, least: int, most: int, otherwise: int) -> int:
    return min(max(int(text), least), most) if text.isdigit() else otherwise


def page_of(query: Mapping[str, str], *, capped: bool = False) -> Page:
    """GitHub forgives: what is no number counts as not said."""
    return Page(
        _number(query.get("page", ""), 1, 10**6, 1), _number(query.get("per_page", ""), 1, 100, 30), capped
    )  # fmt: skip


def _instant(text: str, *, end: bool) -> datetime:
    """An instant, or a date (its last second when it closes a range)."""
    try:
        value = datetime.fromisoformat(text)
    except ValueError as exc:
        raise BadQuery(f"created: {text!r} is no ISO 8601 instant") from exc
    if len(text) == 10 and end:
        value += timedelta(days=1) - timedelta(seconds=1)
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value


def created_range(text: str) -> Callable[[datetime], bool]:
    """GitHub's search syntax for dates: ``>=X``, ``>X``, ``<=X``, ``<X``, ``A..B``, ``A..*``, ``*..B``, ``X``."""
    if ".." in text:
        first, _, last = text.partition("..")
        since = None if first == "*" else _instant(first, end=False)
        until = None if last == "*" else _instant(last, end=True)
        return lambda at: (since is None or at >= since) and (until is None or at <= until)
    for sign, compare in ((">=", le), ("<=", ge), (">", lt), ("<", gt)):
        if text.startswith(sign):
            return partial(compare, _instant(text.removeprefix(sign), end=sign in ("<=", ">")))
    start, end = _instant(text, end=False), _instant(text, end=True)
    return lambda at: start <= at <= end


def _has_status(run: Run, word: str, now: datetime) -> bool:
    attempt = run.attempt_at(now)
    status = attempt_status(attempt, now)
    if word in _RUN_STATUSES:
        return status == word
    return status == "completed" and attempt.conclusion == word


_WORDS: dict[str, Callable[[Run], str]] = {
    "branch": lambda run: run.branch,
    "event": lambda run: run.event,
    "head_sha": lambda run: run.sha,
    "actor": lambda run: run.actor.login,
}


def _is(told: Callable[[Run], str], wanted: str, run: Run) -> bool:
    return told(run) == wanted


def selected(runs: Sequence[Run], query: Mapping[str, str], now: datetime) -> Sequence[Run]:
    """The runs that the query's words leave, in their order. Raises BadQuery."""
    tests: list[Callable[[Run], bool]] = []
    if word := query.get("created"):
        within = created_range(word)
        tests.append(lambda run: within(run.created_at.replace(microsecond=0)))
    if word := query.get("status"):
        wanted = word
        tests.append(lambda run: _has_status(run, wanted, now))
    for name, told in _WORDS.items():
        if name in query:
            tests.append(partial(_is, told, query[name]))
    return [run for run in runs if all(test(run) for test in tests)] if tests else runs
