"""Filters to SQL: a condition over ``builds b`` (nothing else need be joined) and its parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from collector.domain.filters import DEFAULT_BRANCH, Filters, GroupPatterns
from collector.storage import pipelines, repos
from collector.storage.tables import sql, text
from collector.storage.texts import clean

NOBODY = 0
"""The id of no pipeline."""
_ON_DEFAULT = (
    "(b.branch = (SELECT r.default_branch FROM repos r WHERE r.id = b.repo_id)"
    " OR NOT (SELECT p.has_branches FROM pipelines p WHERE p.id = b.pipeline_id))"
)


@dataclass(slots=True)
class Where:
    """Conditions that must all hold; ``text`` is fit to stand behind WHERE."""

    conditions: list[str] = field(default_factory=list)
    params: list[object] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " AND ".join(self.conditions) or "1 = 1"

    def add(self, condition: str, *params: object) -> None:
        self.conditions.append(condition)
        self.params.extend(params)

    def one_of(self, column: str, values: Sequence[object]) -> None:
        if len(values) == 1:
            self.add(f"{column} = ?", values[0])
        elif not values:
            self.add("1 = 0")
        else:
            self.add(f"{column} IN ({marks(values)})", *values)


def marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def where(filters: Filters) -> Where:
    """The condition that a build is among those asked for."""
    found = Where()
    if filters.repo:
        found.one_of("b.repo_id", repos.ids_named(filters.repo))
    if filters.pipeline:
        found.one_of("b.pipeline_id", pipelines.ids_named(filters.pipeline))
    if filters.pipeline_id:
        found.one_of("b.pipeline_id", list(filters.pipeline_id))
    if filters.branch:
        _branches(found, filters.branch)
    for column, values in (("provider", filters.provider), ("source", filters.source), ("status", filters.status)):
        if values:
            found.one_of(f"b.{column}", [clean(value) for value in values])
    if filters.group:
        _groups(found, filters.group)
    if filters.q:
        _parts(found, [clean(part).casefold() for part in filters.q])
    if filters.since:
        found.add("b.sorted_at >= ?", text(filters.since))
    if filters.until:
        found.add("b.sorted_at < ?", text(filters.until))
    return found


def lasting(filters: Filters) -> Filters:
    """The filters without window and status: what decides which pipelines and states are looked at at all."""
    return replace(filters, since=None, until=None, status=())


def whole(filters: Filters) -> Filters:
    """The filters by which pipelines are looked at whole, as their states and outages ask for.

    ``q`` picks the pipelines of the builds that it is a part of, and then leaves out none of their builds; a status
    leaves out none either. A state worked out from some actor's builds alone would be nobody's.
    """
    if not filters.q:
        return replace(filters, status=())
    found = where(lasting(filters))
    rows = sql(f"SELECT DISTINCT b.pipeline_id FROM builds b WHERE {found.text}", found.params)
    picked = tuple(row[0] for row in rows)
    return replace(filters, status=(), q=(), pipeline_id=picked or (NOBODY,))


def _branches(found: Where, branches: Sequence[str]) -> None:
    named = [clean(branch) for branch in branches if branch != DEFAULT_BRANCH]
    if len(named) == len(branches):
        found.one_of("b.branch", named)
    elif named:
        found.add(f"(b.branch IN ({marks(named)}) OR {_ON_DEFAULT})", *named)
    else:
        found.add(_ON_DEFAULT)


def _groups(found: Where, wanted: Sequence[GroupPatterns]) -> None:
    """Globs are matched here, over the names of repos and pipelines, of which there are few."""
    repo_names = sql("SELECT id, name FROM repos").fetchall()
    pipeline_names = sql("SELECT id, name FROM pipelines").fetchall()
    alternatives = []
    for group in wanted:
        in_repos = _matching(repo_names, group.repos)
        alternative = f"b.repo_id IN ({marks(in_repos)})"
        found.params.extend(in_repos)
        if "*" not in group.pipelines:
            in_pipelines = _matching(pipeline_names, group.pipelines)
            alternative += f" AND b.pipeline_id IN ({marks(in_pipelines)})"
            found.params.extend(in_pipelines)
        alternatives.append(f"({alternative})")
    found.conditions.append("(" + " OR ".join(alternatives) + ")")


def _matching(names: Sequence[tuple[int, str]], globs: Sequence[str]) -> list[int]:
    folded = [glob.lower() for glob in globs]
    return [row_id for row_id, name in names if any(fnmatchcase(name.lower(), glob) for glob in folded)]


def _parts(found: Where, parts: Sequence[str]) -> None:
    """Builds of which one of the parts is in pipeline, repo, branch, commit or actor."""
    alternatives = []
    for part in parts:
        in_repos = [i for i, name in sql("SELECT id, name FROM repos") if part in name.casefold()]
        in_pipelines = [row[0] for row in sql("SELECT id FROM pipelines WHERE instr(name_key, ?)", (part,))]
        alternatives.append(
            f"instr(b.search, ?) OR b.repo_id IN ({marks(in_repos)}) OR b.pipeline_id IN ({marks(in_pipelines)})"
        )
        found.params += [part, *in_repos, *in_pipelines]
    found.conditions.append(f"({' OR '.join(alternatives)})")
