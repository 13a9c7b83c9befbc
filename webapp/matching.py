"""Whether a change passes a socket's filter: the rules that storage applies in SQL, for one row in memory."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from collector.domain.filters import DEFAULT_BRANCH, Filters, GroupPatterns


def matches(filters: Filters, build: dict[str, Any], on_default: bool) -> bool:
    """``build`` as GET /builds shows it; ``on_default``: it is what ``@default`` means.

    Values of one word are alternatives; different words must all hold. Repos are told apart without regard to case.
    """
    return (
        _one_of(filters.repo, build["repo"], fold=True)
        and _one_of(filters.pipeline, build["pipeline"])
        and _branch(filters.branch, build["branch"], on_default)
        and _one_of(filters.provider, build["provider"])
        and _one_of(filters.source, build["source"])
        and (not filters.group or any(_in_group(group, build) for group in filters.group))
    )


def groups_of(groups: Sequence[GroupPatterns], pipeline: dict[str, Any]) -> list[str]:
    """Names of the groups that a pipeline, as GET /pipelines shows it, belongs to."""
    return [group.name for group in groups if _in_group(group, pipeline)]


def _one_of(wanted: Sequence[str], value: str | None, *, fold: bool = False) -> bool:
    if not wanted:
        return True
    if value is None:
        return False
    return value.lower() in {one.lower() for one in wanted} if fold else value in wanted


def _branch(wanted: Sequence[str], branch: str | None, on_default: bool) -> bool:
    return _one_of(wanted, branch) or (DEFAULT_BRANCH in wanted and on_default)


def _in_group(group: GroupPatterns, build: dict[str, Any]) -> bool:
    return _any_glob(group.repos, build["repo"]) and _any_glob(group.pipelines, build["pipeline"])


def _any_glob(globs: Sequence[str], name: str) -> bool:
    return any(fnmatchcase(name.lower(), glob.lower()) for glob in globs)
