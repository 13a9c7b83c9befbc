"""Where the secrets of a config stand, and who needs each: in the typed config, and in a file as it was written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from config.model import Config
from config.problems import Path as Path_
from config.secrets import Need, Secret, SecretError, SecretUse

_FILES = frozenset({"token_file", "private_key_file"})
_INGEST = frozenset({"ingest_tokens", "webhook_secrets", "webhook_tokens"})


def secret_uses(config: Config) -> Iterator[SecretUse]:
    """Every secret of the config, in the order of its keys."""
    yield from _typed(config, ())


def written_uses(value: object, folder: Path) -> Iterator[SecretUse]:
    """Every secret of a file's plain values, also within entries that are wrong otherwise; relative to ``folder``."""
    yield from _written(value, folder, (), _secret_keys(Config))


def known_values(config: Config, environ: Mapping[str, str]) -> frozenset[str]:
    """The secrets that this process can have, to be masked in logs; those it cannot resolve it cannot show either."""
    found: set[str] = set()
    for use in secret_uses(config):
        with suppress(SecretError):
            found.add(use.resolve(environ))
    return frozenset(found)


def _need(path: Path_) -> Need:
    if not _INGEST.isdisjoint(path):
        return Need.INGEST
    return Need.RECEIVERS if path[0] == "receivers" else Need.SOURCES


def _typed(value: object, path: Path_) -> Iterator[SecretUse]:
    if isinstance(value, Secret):
        yield SecretUse(path, _need(path), value)
    elif isinstance(value, str) and path[-1] in _FILES:
        yield SecretUse(path, _need(path), Path(value))
    elif isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            yield from _typed(getattr(value, name), (*path, field.alias or name))
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _typed(item, (*path, index))


def _written(value: object, folder: Path, path: Path_, keys: frozenset[str]) -> Iterator[SecretUse]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _written(item, folder, (*path, key), keys)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _written(item, folder, (*path, index), keys)
    elif isinstance(value, str):
        key = next((part for part in reversed(path) if isinstance(part, str)), "")
        if key in _FILES and "${" not in value and "\0" not in value:
            yield SecretUse(path, _need(path), folder / value)
        elif key in keys:
            yield from _parsed(value, path)


def _parsed(text: str, path: Path_) -> Iterator[SecretUse]:
    try:
        yield SecretUse(path, _need(path), Secret(text))
    except ValueError:
        return  # the types refuse it, with its line


def _secret_keys(annotation: Any) -> frozenset[str]:
    """The keys whose values are secrets, wherever in the config."""
    found: set[str] = set()
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            if _holds_secret(field.annotation):
                found.add(field.alias or name)
            found |= _secret_keys(field.annotation)
    for part in get_args(annotation):
        found |= _secret_keys(part)
    return frozenset(found)


def _holds_secret(annotation: Any) -> bool:
    return annotation is Secret or any(_holds_secret(part) for part in get_args(annotation))
