"""What the filter menus offer, as far as builds are kept. Run inside ``database.reading()``."""

from __future__ import annotations

from collector.storage.tables import sql
from collector.storage.texts import clean

MOST_VALUES = 500
RECENT_BUILDS = 5_000
"""The builds among which branches are looked for first: their branches are the recent ones."""
_NEWEST = "(SELECT max(sorted_at) FROM builds WHERE branch = value) DESC, value"


def filter_values(part: str = "") -> dict[str, list[str]]:
    """Repos, pipelines, branches, providers and sources, at most 500 each; ``cut`` names those of which there are more.

    Default branches come first, then the others by their newest build; all else by name. ``part``: only repos,
    pipelines and branches that it is a part of, whatever the case.
    """
    found = {
        "repos": _named("repos", "repo_id", part),
        "pipelines": _named("pipelines", "pipeline_id", part),
        "branches": _branches_with(part) if part else _branches(),
        "providers": _values(_distinct("provider")),
        "sources": _values(_distinct("source")),
    }
    kept = {name: values[:MOST_VALUES] for name, values in found.items()}
    return kept | {"cut": [name for name, values in found.items() if len(values) > MOST_VALUES]}


def _named(table: str, column: str, part: str) -> list[str]:
    rows = sql(
        f"SELECT DISTINCT name FROM {table} WHERE id IN (SELECT {column} FROM builds) AND instr(name_key, ?)"
        f" ORDER BY lower(name), name LIMIT {MOST_VALUES + 1}",
        (clean(part).casefold() if table == "pipelines" else clean(part).lower(),),
    )
    return [row[0] for row in rows]


def _branches() -> list[str]:
    """Default branches, then those of the newest builds, then others; more than MOST_VALUES tell of a cut."""
    recent = sql(f"SELECT branch FROM builds WHERE branch IS NOT NULL ORDER BY sorted_at DESC LIMIT {RECENT_BUILDS}")
    known = dict.fromkeys([*_defaults(), *(row[0] for row in recent)])
    if len(known) <= MOST_VALUES:
        some = f"SELECT value FROM ({_distinct('branch')} LIMIT {MOST_VALUES + 1}) ORDER BY {_NEWEST}"
        known |= dict.fromkeys(row[0] for row in sql(some))
    return list(known)


def _branches_with(part: str) -> list[str]:
    part = clean(part).lower()
    defaults = [branch for branch in _defaults() if part in branch.lower()]
    found = sql(
        f"SELECT value FROM ({_distinct('branch')}) WHERE instr(lower(value), ?) ORDER BY {_NEWEST}"
        f" LIMIT {MOST_VALUES + 1}",
        (part,),
    )
    return list(dict.fromkeys([*defaults, *(row[0] for row in found)]))


def _defaults() -> list[str]:
    """Default branches that have builds, of the most repos first."""
    rows = sql(
        "SELECT default_branch FROM repos r WHERE EXISTS (SELECT 1 FROM builds b WHERE b.branch = r.default_branch)"
        " GROUP BY 1 ORDER BY count(*) DESC, 1"
    )
    return [row[0] for row in rows]


def _values(query: str) -> list[str]:
    return sorted((row[0] for row in sql(f"SELECT * FROM ({query}) LIMIT {MOST_VALUES + 1}")), key=str.lower)


def _distinct(column: str) -> str:
    """The column's few values by hopping through its index: DISTINCT would walk all of it."""
    return (
        f"WITH RECURSIVE hop (value) AS (SELECT min({column}) FROM builds UNION ALL"
        f" SELECT (SELECT min({column}) FROM builds WHERE {column} > value) FROM hop WHERE value IS NOT NULL)"
        " SELECT value FROM hop WHERE value IS NOT NULL"
    )
