"""YAML text to plain values with the line of each: no tags, no aliases, no duplicate keys, bounded depth.

YAML 1.1 reads ``no`` as false and ``1.10`` as 1.1. Here only true/false, decimal numbers and text are values;
whatever else YAML would turn into something is kept as ``Unquoted``, which no field accepts but every error names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from config.problems import Path, Problem, key_path

MAX_DEPTH = 16
NOTHING = "nothing"
_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?P<fraction>\.[0-9]{1,17})?")
_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVER: Any = yaml.resolver.Resolver()
_NAMES = {"bool": "true or false", "int": "a number", "float": "a number", "null": NOTHING, "timestamp": "a date"}


@dataclass(frozen=True, slots=True)
class Unquoted:
    """A plain scalar that YAML does not read as the text it looks like."""

    text: str
    read_as: str


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a value stands. ``text`` and ``read_as``: an unquoted scalar as written and what YAML makes of it."""

    line: int
    text: str | None = None
    read_as: str | None = None


@dataclass
class Tree:
    """``value`` is made of dicts, lists, str, bool, int, float and Unquoted; None for an empty file."""

    value: object = None
    spots: dict[Path, Spot] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line_of(self, path: Path) -> int | None:
        """The line of the value at ``path``, or of the nearest thing around it."""
        while path and path not in self.spots:
            path = path[:-1]
        spot = self.spots.get(path)
        return spot.line if spot else None


class _Refused(Exception):
    """Nothing after this can be understood."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def read(text: str, file: str) -> Tree:
    """The tree of one document. What is wrong is in ``problems``; then ``value`` may be incomplete."""
    tree = Tree()
    try:
        _Builder(text, file, tree).build()
    except _Refused as refused:
        tree.problems.append(refused.problem)
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        tree.problems.append(Problem(file, mark.line + 1 if mark else None, "", _syntax(exc, text, mark)))
    except yaml.YAMLError as exc:
        position = getattr(exc, "position", None)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) and position >= 0 else None
        tree.problems.append(Problem(file, line, "", "is no YAML: it holds a control character; remove it"))
    return tree


def _syntax(exc: yaml.MarkedYAMLError, text: str, mark: yaml.Mark | None) -> str:
    lines = text.splitlines()
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "is indented with a tab; YAML wants spaces"
    if "alias" in f"{exc.context}" or "cannot start any token" in f"{exc.problem}":
        return 'holds a text that must be in quotes, as it starts with a character that means something in YAML: "*"'
    said = "; ".join(part for part in (exc.context, exc.problem) if part)
    return f"is no YAML ({said}); check indentation, brackets and quotes here"


class _Builder:
    """One pass over the parser's events. Depth is counted, so its own recursion is bounded."""

    def __init__(self, text: str, file: str, tree: Tree) -> None:
        self._file, self._tree = file, tree
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=_LOADER)

    def build(self) -> None:
        next(self._events)
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            return
        self._tree.value = self._node(next(self._events), ())
        next(self._events)
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise self._refusal(event, (), "a second document starts here (---); write one document only")

    def _refusal(self, event: yaml.Event, path: Path, message: str) -> _Refused:
        return _Refused(Problem(self._file, _line(event), key_path(path), message))

    def _check(self, event: yaml.Event, path: Path) -> None:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise self._refusal(event, path, "anchors and aliases (&, *) are not allowed; quote it or write it out")
        if getattr(event, "tag", None) is not None:
            raise self._refusal(event, path, "tags (!) are not allowed; quote the text if it starts with !")
        if len(path) > MAX_DEPTH:
            raise self._refusal(event, path[:3], f"is nested more than {MAX_DEPTH} deep; check the brackets")

    def _node(self, event: yaml.Event, path: Path) -> object:
        self._check(event, path)
        self._tree.spots.setdefault(path, Spot(_line(event)))
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path)
        return self._sequence(path) if isinstance(event, yaml.SequenceStartEvent) else self._mapping(path)

    def _scalar(self, event: yaml.ScalarEvent, path: Path) -> object:
        tag = _tag(event)
        if tag == "str":
            return event.value
        read_as = _NAMES.get(tag, "something else")
        self._tree.spots[path] = Spot(_line(event), event.value, read_as)
        if tag == "null":
            return None
        return _value(event.value, tag, read_as)

    def _sequence(self, path: Path) -> list[object]:
        items: list[object] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items))))
        return items

    def _mapping(self, path: Path) -> dict[str, object]:
        entries: dict[str, object] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event, path)
            line = _line(event)
            inner = (*path, key)
            if key in entries:
                first = self._tree.spots[inner].line
                message = f"is there twice, here and in line {first}; keep one of them"
                self._tree.problems.append(Problem(self._file, line, key_path(inner), message))
                inner = (*path, f"{key} (line {line})")
                self._node(next(self._events), inner)
                continue
            self._tree.spots[inner] = Spot(line)
            entries[key] = self._node(next(self._events), inner)
        return entries

    def _key(self, event: yaml.Event, path: Path) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise self._refusal(event, path, "a key must be text, no list or mapping; quote values that hold { or [")
        self._check(event, path)
        if _tag(event) != "str":
            message = f'the key {event.value or "(nothing)"} is not text for YAML; put it in quotes: "{event.value}"'
            self._tree.problems.append(Problem(self._file, _line(event), key_path(path), message))
        return event.value


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _tag(event: yaml.ScalarEvent) -> str:
    """What YAML 1.1 takes the scalar for: str, bool, int, float, null, timestamp, merge, value."""
    full: str = _RESOLVER.resolve(yaml.ScalarNode, event.value, event.implicit)
    return full.rpartition(":")[2]


def _value(text: str, tag: str, read_as: str) -> object:
    if tag == "bool" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    match = _PLAIN_NUMBER.fullmatch(text) if tag in ("int", "float") else None
    if match is None:
        return Unquoted(text[:80], read_as)
    return float(text) if match["fraction"] else int(text)
