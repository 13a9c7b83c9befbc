"""Which receivers an alert goes to when its rule names none: the first route that takes it, and those after a
``continue``. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from collector.domain.filters import DEFAULT_BRANCH, GroupPatterns

ALL = ("*",)


@dataclass(frozen=True, slots=True)
class Subject:
    """What an alert is about. ``branch`` is None where the pipeline has none; ``is_default``: it is the repo's
    default branch, or the pipeline has no branches."""

    repo: str
    pipeline: str
    branch: str | None
    is_default: bool
    severity: str


@dataclass(frozen=True, slots=True)
class RoutePatterns:
    """It takes an alert when all its patterns do. ``groups`` empty: whatever the group; so with ``severities``."""

    to: tuple[str, ...]
    repos: tuple[str, ...] = ALL
    pipelines: tuple[str, ...] = ALL
    branches: tuple[str, ...] = ALL
    groups: tuple[GroupPatterns, ...] = ()
    severities: tuple[str, ...] = ()
    goes_on: bool = False
    """Whether the routes after it are asked too when it takes the alert."""

    def takes(self, subject: Subject) -> bool:
        return (
            any_glob(self.repos, subject.repo)
            and any_glob(self.pipelines, subject.pipeline)
            and takes_branch(self.branches, subject)
            and (not self.groups or any(in_group(group, subject) for group in self.groups))
            and (not self.severities or subject.severity in self.severities)
        )


def routed(routes: Sequence[RoutePatterns], subject: Subject) -> frozenset[str]:
    """Names of receivers; empty when no route takes it."""
    told: set[str] = set()
    for route in routes:
        if route.takes(subject):
            told.update(route.to)
            if not route.goes_on:
                break
    return frozenset(told)


def in_group(group: GroupPatterns, subject: Subject) -> bool:
    return any_glob(group.repos, subject.repo) and any_glob(group.pipelines, subject.pipeline)


def takes_branch(globs: Iterable[str], subject: Subject) -> bool:
    """A glob also takes what has no branch."""
    if subject.branch is None:
        return True
    return any(subject.is_default if glob == DEFAULT_BRANCH else fnmatchcase(subject.branch, glob) for glob in globs)


def any_glob(globs: Iterable[str], name: str) -> bool:
    """Without regard to case, as filters of the same words are."""
    folded = name.lower()
    return any(fnmatchcase(folded, glob.lower()) for glob in globs)
