"""What one entry says about another: unique names, references. Works on what was written, valid or not."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from config.problems import Path, Problem, key_path
from config.yamltree import Tree

_NAMED = ("sources", "groups", "receivers", "rules")
_REFERENCES = (("to", "receivers"), ("groups", "groups"))


def cross_problems(tree: Tree, file: str) -> Iterator[Problem]:
    """Names that are there twice, and names in rules and routes that nothing has."""
    for section in _NAMED:
        yield from _doubles(tree, section, file)
    for entries in ("routes", "rules"):
        for index, entry in _entries(tree, entries):
            for key, section in _REFERENCES:
                yield from _dangling(tree, (entries, index, key), entry.get(key), section, file)


def _entries(tree: Tree, section: str) -> Iterator[tuple[int, dict[str, object]]]:
    entries = tree.value.get(section) if isinstance(tree.value, dict) else None
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict):
            yield index, entry


def _names(tree: Tree, section: str) -> list[str]:
    return [name for _, entry in _entries(tree, section) if isinstance(name := entry.get("name"), str)]


def _doubles(tree: Tree, section: str, file: str) -> Iterator[Problem]:
    lines: dict[str, int | None] = {}
    for index, entry in _entries(tree, section):
        path: Path = (section, index, "name")
        name = entry.get("name")
        if isinstance(name, str) and name in lines:
            message = f'"{name}" is the name of another of the {section} too (line {lines[name]}); names are unique'
            yield Problem(file, tree.line_of(path), key_path(path), message)
        elif isinstance(name, str):
            lines[name] = tree.line_of(path)


def _dangling(tree: Tree, path: Path, given: object, section: str, file: str) -> Iterator[Problem]:
    known = _names(tree, section)
    for index, name in enumerate(given if isinstance(given, list) else []):
        if isinstance(name, str) and "${" not in name and name not in known:
            inner = (*path, index)
            close = difflib.get_close_matches(name, known, n=1)
            right = f"did you mean {close[0]}?" if close else f"there are: {', '.join(known) or 'none'}"
            message = f'no entry of {section} is called "{name}"; {right}'
            yield Problem(file, tree.line_of(inner), key_path(inner), message)
