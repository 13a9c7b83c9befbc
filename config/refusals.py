"""pydantic's errors as problems: the key path and line of the file, and words that say what would be right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Any, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from config.entry import Entry
from config.problems import Path, Problem, key_path
from config.yamltree import Spot, Tree, Unquoted

Loc = tuple[str | int, ...]
"""A place as pydantic tells it: a path with the tags of unions in it."""
DISCRIMINATORS = ("provider", "when")
_SHAPES = {
    "tuple_type": "must be a list: [a, b], or one - item a line",
    "list_type": "must be a list: [a, b], or one - item a line",
    "dict_type": "must be a mapping: {key: value}, or one key: value a line",
    "model_type": "must be a mapping: {key: value}, or one key: value a line",
    "model_attributes_type": "must be a mapping: {key: value}, or one key: value a line",
    "int_type": "must be a whole number without quotes",
    "float_type": "must be a number without quotes",
}


def problems_of(error: ValidationError, root: type[Entry], tree: Tree, file: str) -> Iterator[Problem]:
    """What ``root`` refused of ``tree``'s value, in the file's places; some may be told twice."""
    refused = error.errors(include_url=False)
    yield from _misfits(root, [details["loc"] for details in refused], tree, file)
    for details in refused:
        path, models, found = _walk(root, details["loc"])
        if details["type"].startswith("union_tag"):
            path += (details["ctx"]["discriminator"].strip("'"),)
        message = _message(details, models, found, tree.spots.get(path))
        yield Problem(file, tree.line_of(path), key_path(path), message)


def _misfits(root: type[Entry], refused: Iterable[Loc], tree: Tree, file: str) -> Iterator[Problem]:
    """How the keys of the entries around what was refused fit together, which pydantic does not look at then."""
    told: set[Path] = set()
    for loc in (whole[:length] for whole in refused for length in range(len(whole) + 1)):
        path, models = _at(root, loc)
        written = _written(tree.value, path)
        if path not in told and len(models) == 1 and isinstance(written, dict):
            told.add(path)
            given = {key: value for key, value in written.items() if value is not None}
            for message in models[0].misfits(given):
                yield Problem(file, tree.line_of(path), key_path(path), message)


def _at(root: type[Entry], loc: Loc) -> tuple[Path, list[type[Entry]]]:
    """The place, and what an entry there may be."""
    path, models, found = _walk(root, loc)
    if path and found is not None and loc[-1] == path[-1]:  # its last part is no tag: what the field holds
        models = list(_models(found.annotation))
    return path, models


def _written(value: object, path: Path) -> object:
    for part in path:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value


def _walk(root: Any, loc: tuple[str | int, ...]) -> tuple[Path, list[type[Entry]], FieldInfo | None]:
    """The place without pydantic's union tags; the models its last key belongs to; that key's field."""
    models, parents, found = list(_models(root)), list(_models(root)), None
    keys: list[str | int] = []
    for part in loc:
        tagged = [model for model in models if part in _tags(model)] if isinstance(part, str) else []
        if tagged and not any(_field(model, part) for model in tagged):
            models = parents = tagged
            continue
        keys.append(part)
        if isinstance(part, str):
            parents = models
            found = next((field for model in models if (field := _field(model, part))), None)
            models = list(_models(found.annotation)) if found else []
    return tuple(keys), parents, found


def _models(annotation: Any) -> Iterator[type[Entry]]:
    if isinstance(annotation, type) and issubclass(annotation, Entry):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _tags(model: type[Entry]) -> tuple[object, ...]:
    """The values of the literal that tells a union's members apart."""
    fields = [model.model_fields[key] for key in DISCRIMINATORS if key in model.model_fields]
    return tuple(tag for field in fields for tag in get_args(field.annotation))


def _field(model: type[Entry], key: object) -> FieldInfo | None:
    return next((found for name, found in model.model_fields.items() if key == (found.alias or name)), None)


def _message(details: ErrorDetails, models: list[type[Entry]], found: FieldInfo | None, spot: Spot | None) -> str:
    kind, given = details["type"], details["input"]
    context = details.get("ctx", {})
    if kind == "missing":
        return f"is missing; add it{f': {found.description}' if found and found.description else ''}"
    if kind == "extra_forbidden":
        return _unknown_key(str(details["loc"][-1]), models)
    if kind == "string_type":
        return _unquoted(given, spot)
    if kind == "literal_error":
        return f"must be {context['expected']}{_was(given, spot)}"
    if kind.startswith("union_tag"):
        kinds = [str(tag) for model in _models(found.annotation if found else None) for tag in _tags(model)]
        return _wrong_kind(context["discriminator"].strip("'"), kinds, given, spot)
    if kind == "value_error":
        return str(context.get("error", details["msg"]))
    return _SHAPES.get(kind) or details["msg"].replace("Input should", "must").replace("String should", "must")


def _wrong_kind(key: str, kinds: list[str], entry: object, spot: Spot | None) -> str:
    one = f"one of {', '.join(kinds)}"
    given = entry.get(key) if isinstance(entry, dict) else None
    return f"is missing; add it: {one}" if given is None else f"must be {one}{_was(given, spot)}"


def _was(given: object, spot: Spot | None) -> str:
    if spot and spot.read_as:
        return f"; {spot.text} is read as {spot.read_as}, put it in quotes"
    return f', not "{given[:40]}"' if isinstance(given, str) and "$" not in given else ""


def _unquoted(given: object, spot: Spot | None) -> str:
    if spot is not None and spot.text is not None:
        return f'must be text, and YAML reads {spot.text[:80]} as {spot.read_as}; put it in quotes: "{spot.text[:80]}"'
    if isinstance(given, Unquoted):
        return f'must be text; put it in quotes: "{given.text}"'
    return "must be text, not a list or mapping"


def _unknown_key(key: str, models: list[type[Entry]]) -> str:
    known = sorted({found.alias or name for model in models for name, found in model.model_fields.items()})
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    if close:
        return f"is no known key; did you mean {close[0]}?"
    return f"is no known key; the keys here are {', '.join(known)}"
