"""Silences: for a while nobody is told of the alerts that a silence matches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from collector.domain.alert_states import Line
from collector.domain.filters import GroupPatterns
from collector.domain.routing import Subject, any_glob, in_group

MATCHERS = ("repo", "pipeline", "branch", "group", "rule", "severity")


@dataclass(frozen=True, slots=True)
class Silence:
    """``matchers``: one of MATCHERS to a glob; all must hold. In force in [starts_at, ends_at), until ``ended_at``."""

    id: int
    matchers: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime
    author: str
    reason: str
    created_at: datetime
    ended_at: datetime | None = None

    def in_force(self, now: datetime) -> bool:
        return self.ended_at is None and self.starts_at <= now < self.ends_at

    def takes(self, rule: str, severity: str, line: Line, groups: Sequence[GroupPatterns]) -> bool:
        return all(
            _holds(name, glob, rule, severity, line, groups) for name, glob in self.matchers.items()
        )  # fmt: skip


def silence_of(
    silences: Iterable[Silence], rule: str, severity: str, line: Line, groups: Sequence[GroupPatterns], now: datetime
) -> Silence | None:
    """The silence in force that takes the alert, the longest of several."""
    found = [one for one in silences if one.in_force(now) and one.takes(rule, severity, line, groups)]
    return max(found, key=lambda one: (one.ends_at, one.id), default=None)


def exactly(text: str) -> str:
    """A glob that matches the text alone.

    >>> exactly("a[1]*")
    'a[[]1][*]'
    """
    return "".join(f"[{char}]" if char in "*?[" else char for char in text)


def _holds(
    name: str, glob: str, rule: str, severity: str, line: Line, groups: Sequence[GroupPatterns]
) -> bool:  # fmt: skip
    if name == "group":
        subject = Subject(line.repo, line.pipeline, line.branch or None, False, severity)
        return any(any_glob((glob,), group.name) and in_group(group, subject) for group in groups)
    if name == "branch":
        return fnmatchcase(line.branch, glob)
    value = {"repo": line.repo, "pipeline": line.pipeline, "rule": rule, "severity": severity}[name]
    return any_glob((glob,), value)
