"""Jenkins' ``tree=`` and ``depth=``: which properties of its beans an answer shows.

As in Stapler's NamedPathPruner: ``jobs[name,builds[number]{0,5}]``; ``*`` is every property; unknown names are left
out without a word; a property without brackets shows its beans empty but for ``_class``; ``{a,b}`` is [a, b) of a
list, either side may be missing, ``{n}`` is the n-th alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

_TOKEN = re.compile(r"\s*([A-Za-z0-9_*$\-]+|[\[\],]|\{\d*(?:,\d*)?\})\s*")


class BadTree(ValueError):
    """The expression cannot be read; Jenkins answers 500 to it."""


@dataclass(slots=True)
class Tree:
    """What is asked below one property; ``part`` bounds a list."""

    children: dict[str, Tree] = field(default_factory=dict)
    part: slice | None = None


class Bean:
    """An exported Jenkins object. Properties are computed when asked for, so that wide answers stay cheap."""

    cls: ClassVar[str] = ""
    properties: ClassVar[Mapping[str, Callable[[Any], Any]]] = {}
    brief: ClassVar[Sequence[str]] = ()
    """What is shown where the depth is used up."""
    hidden: ClassVar[frozenset[str]] = frozenset()
    """Shown only when ``tree`` names it."""

    @property
    def kind(self) -> str:
        return self.cls

    def exported(self) -> Mapping[str, Callable[[Any], Any]]:
        """The properties by name; each computes its value from the bean."""
        return self.properties


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise BadTree(f"Malformed tree expression: {text!r} at {at}")
        tokens.append(match[1])
        at = match.end()
    return tokens


def _part(token: str) -> slice:
    first, comma, last = token[1:-1].partition(",")
    if not comma:
        return slice(int(first), int(first) + 1)
    return slice(int(first) if first else None, int(last) if last else None)


def parse(text: str) -> Tree:
    """The expression as a tree. Raises BadTree."""
    tokens = _tokens(text)
    tree, rest = _names(tokens)
    if rest:
        raise BadTree(f"Malformed tree expression: {''.join(rest)!r} is left over")
    return tree


def _names(tokens: list[str]) -> tuple[Tree, list[str]]:
    tree = Tree()
    while tokens:
        name, tokens = tokens[0], tokens[1:]
        if not re.fullmatch(r"[A-Za-z0-9_*$\-]+", name):
            raise BadTree(f"Malformed tree expression: a name is wanted, not {name!r}")
        child = Tree()
        if tokens and tokens[0] == "[":
            child, tokens = _names(tokens[1:])
            if not tokens or tokens[0] != "]":
                raise BadTree("Malformed tree expression: ] is missing")
            tokens = tokens[1:]
        if tokens and tokens[0].startswith("{"):
            child.part, tokens = _part(tokens[0]), tokens[1:]
        tree.children[name] = child
        if not tokens or tokens[0] != ",":
            break
        tokens = tokens[1:]
    return tree, tokens


def by_tree(value: Any, tree: Tree) -> Any:
    """What ``tree`` leaves of a bean, a plain object, a list or a scalar."""
    if isinstance(value, Bean):
        exported, all_ = value.exported(), "*" in tree.children
        names = [n for n in exported if n in tree.children or (all_ and n not in value.hidden)]
        shown = {n: by_tree(exported[n](value), _child(tree, n)) for n in names}
        return {"_class": value.kind, **shown} if value.kind else shown
    if isinstance(value, dict):
        return {
            n: each if n == "_class" else by_tree(each, _child(tree, n))
            for n, each in value.items()
            if n == "_class" or n in tree.children or "*" in tree.children
        }
    if isinstance(value, list):
        return [by_tree(each, tree) for each in (value if tree.part is None else value[tree.part])]
    return value


def _child(tree: Tree, name: str) -> Tree:
    return tree.children.get(name) or tree.children["*"]


def by_depth(value: Any, depth: int) -> Any:
    """The answer without ``tree``: beans nested deeper than ``depth`` show their brief properties only."""
    if isinstance(value, Bean):
        exported = value.exported()
        names = [n for n in exported if n not in value.hidden] if depth >= 0 else list(value.brief)
        shown = {n: by_depth(exported[n](value), depth - 1) for n in names if n in exported}
        return {"_class": value.kind, **shown} if value.kind else shown
    if isinstance(value, dict):
        return {name: by_depth(each, depth) for name, each in value.items()}
    if isinstance(value, list):
        return [by_depth(each, depth) for each in value]
    return value
