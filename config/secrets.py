"""Secrets: kept as they are written, resolved only by the process that needs them, never shown.

A secret is text in which ``${NAME}`` stands for the environment's NAME, or for what the file named by NAME_FILE
holds; ``$${`` is a plain ``${``. What was put in is not looked through for ``${`` again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from collector.domain.errors import CIHealthError

if TYPE_CHECKING:
    from config.model import Config

MASK = "**********"
MAX_FILE_BYTES = 64 * 1024
_REFERENCE = re.compile(r"(\$)?\$\{([^}]*)(\})?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class SecretError(CIHealthError):
    """A secret cannot be had; says which variable or file, and what would be right. Never holds the secret."""


class Need(StrEnum):
    """Whose secrets a process resolves: the collector reads sources and sends to receivers, the web app takes posts."""

    SOURCES = "sources"
    RECEIVERS = "receivers"
    INGEST = "ingest"


class Secret:
    """The text as written. ``repr``, ``str`` and JSON show only a mask; ``resolve`` gives what it stands for."""

    __slots__ = ("_written",)

    def __init__(self, written: str) -> None:
        """Raises ValueError for an empty text and for a ``${`` that names no variable."""
        if not written.strip():
            raise ValueError("is empty; write ${NAME} and set NAME in the environment")
        self._written = written
        for match in _REFERENCE.finditer(written):
            if not match[1] and not (match[3] and _NAME.fullmatch(match[2])):
                raise ValueError("holds a ${ that names no variable; write ${NAME}, or $${ for a plain ${")

    def names(self) -> frozenset[str]:
        """The variables it refers to, without their _FILE twins; empty for a literal."""
        return frozenset(match[2] for match in _REFERENCE.finditer(self._written) if not match[1])

    @property
    def is_literal(self) -> bool:
        return not self.names()

    def resolve(self, environ: Mapping[str, str]) -> str:
        """The secret itself. Raises SecretError: a variable is missing or empty, its file unreadable."""
        return expand(self._written, environ)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._written == self._written

    def __hash__(self) -> int:
        return hash(self._written)

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    __str__ = __repr__

    @classmethod
    def _validated(cls, value: object) -> Secret:
        if isinstance(value, Secret):
            return value
        if not isinstance(value, str):
            raise ValueError("must be text; put it in quotes, or better write ${NAME}")
        return cls(value)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema()
        masked = core_schema.plain_serializer_function_ser_schema(lambda _: MASK, return_schema=text)
        return core_schema.no_info_plain_validator_function(cls._validated, serialization=masked)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "examples": ["${NAME}"]}


def expand(text: str, environ: Mapping[str, str]) -> str:
    """``text`` with every ``${NAME}`` replaced, once. Raises SecretError naming the variable."""

    def value(match: re.Match[str]) -> str:
        return match[0][1:] if match[1] else read_variable(match[2], environ)

    return _REFERENCE.sub(value, text)


def read_variable(name: str, environ: Mapping[str, str]) -> str:
    """NAME, else what the file named by NAME_FILE holds, without line ends at the end.

    Raises SecretError: neither is set, the value is empty, or the file cannot be read.
    """
    if name in environ:
        value = environ[name].rstrip("\r\n")
        if not value.strip():
            raise SecretError(f"{name} is set but empty; give it its value, or unset it and set {name}_FILE")
        return value
    if environ.get(f"{name}_FILE"):
        try:
            return read_secret_file(Path(environ[f"{name}_FILE"]))
        except SecretError as exc:
            raise SecretError(f"{name}_FILE: {exc}") from exc
    raise SecretError(f"{name} is not set; set {name} in the environment, or {name}_FILE to a file that holds it")


def read_secret_file(path: Path) -> str:
    """The file's text without line ends at the end. Raises SecretError: unreadable, empty, too large, not UTF-8."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else "no usable path"
        raise SecretError(f"{path} cannot be read ({reason}); check that it exists and who may read it") from exc
    if len(raw) > MAX_FILE_BYTES:
        raise SecretError(f"{path} is larger than 64 KiB; it should hold the secret and nothing else")
    try:
        value = raw.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as exc:
        raise SecretError(f"{path} is not UTF-8 text; it should hold the secret and nothing else") from exc
    if not value.strip():
        raise SecretError(f"{path} is empty; it should hold the secret")
    return value


@dataclass(frozen=True, slots=True)
class SecretUse:
    """Where a secret stands in the config: its key path, who needs it, and the secret or the file that holds it."""

    path: tuple[str | int, ...]
    need: Need
    secret: Secret | Path

    def resolve(self, environ: Mapping[str, str]) -> str:
        """Raises SecretError as ``Secret.resolve`` and ``read_secret_file`` do."""
        return read_secret_file(self.secret) if isinstance(self.secret, Path) else self.secret.resolve(environ)


def api_secret_names(config: Config) -> frozenset[str]:
    """The variables (and their _FILE twins) that only the collector needs: the web process runs without them.

    A variable that the web process needs too (an ingest token, a ``${NAME}`` in ordinary text) is not among them.
    """
    from config.secretuses import secret_uses  # it knows the model, which knows Secret

    kept = set(config.text_names)
    api: set[str] = set()
    for use in secret_uses(config):
        if isinstance(use.secret, Secret):
            (kept if use.need is Need.INGEST else api).update(use.secret.names())
    return frozenset(spelling for name in api - kept for spelling in (name, f"{name}_FILE"))
