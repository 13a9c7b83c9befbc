"""Reads values out of a provider's JSON object: every surprise is a MappingError that names the value's path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from collector.domain.errors import MappingError
from collector.domain.times import parse_instant

NAME_LIMIT = 512
URL_LIMIT = 2048
ID_LIMIT = 2**63
_FORBIDDEN: dict[int, None] = dict.fromkeys([0, *range(0xD800, 0xE000)])


@dataclass(frozen=True, slots=True)
class Fields:
    """One JSON object and the path it stands at (``workflow_run.repository``); nothing in it is trusted."""

    values: Mapping[str, object]
    path: str

    @classmethod
    def of(cls, raw: object, path: str) -> Fields:
        """Raises MappingError when ``raw`` is no JSON object."""
        if not isinstance(raw, dict):
            raise MappingError(path, f"must be an object, not {kind_of(raw)}")
        return cls(raw, path)

    def at(self, name: str) -> str:
        return f"{self.path}.{name}"

    def child(self, name: str) -> Fields | None:
        """The object under ``name``; None when it is absent or null."""
        raw = self.values.get(name)
        return None if raw is None else Fields.of(raw, self.at(name))

    def items(self, name: str) -> list[object]:
        """The list under ``name``; empty when it is absent or null."""
        raw = self.values.get(name)
        if raw is None:
            return []
        if not isinstance(raw, list):
            raise MappingError(self.at(name), f"must be a list, not {kind_of(raw)}")
        return raw

    def text(self, name: str, *, limit: int = NAME_LIMIT) -> str | None:
        """Text of at most ``limit`` characters that can be stored; None when absent, null or empty."""
        raw = self.values.get(name)
        if raw is None or raw == "":
            return None
        if not isinstance(raw, str):
            raise MappingError(self.at(name), f"must be text, not {kind_of(raw)}")
        if len(raw) > limit:
            raise MappingError(self.at(name), f"must have at most {limit} characters, it has {len(raw)}")
        if storable(raw) != raw:
            raise MappingError(self.at(name), "must be Unicode text without NUL and without lone surrogates")
        return raw

    def need_text(self, name: str) -> str:
        found = self.text(name)
        if found is None:
            raise MappingError(self.at(name), "is missing; it must be text")
        return found

    def shown_text(self, name: str, *, limit: int = NAME_LIMIT) -> str | None:
        """Text that is only shown: its first line, what cannot be stored left out, cut at ``limit``."""
        raw = self.values.get(name)
        if raw is None:
            return None
        if not isinstance(raw, str):
            raise MappingError(self.at(name), f"must be text, not {kind_of(raw)}")
        lines = storable(raw[: limit * 16]).strip().splitlines()
        return lines[0][:limit] if lines else None

    def integer(self, name: str, *, least: int = 0, below: int = ID_LIMIT) -> int | None:
        """A whole number in [least, below); None when absent or null."""
        raw = self.values.get(name)
        if raw is None:
            return None
        if isinstance(raw, bool) or not isinstance(raw, int):
            raise MappingError(self.at(name), f"must be a whole number, not {kind_of(raw)}")
        if not least <= raw < below:
            raise MappingError(self.at(name), f"must be at least {least} and below {below}")
        return raw

    def need_id(self, name: str) -> str:
        """A positive id as text."""
        found = self.integer(name, least=1)
        if found is None:
            raise MappingError(self.at(name), "is missing; it must be a whole number above 0")
        return str(found)

    def instant(self, name: str) -> datetime | None:
        """An RFC 3339 time with its zone as aware UTC; None when absent or null."""
        raw = self.values.get(name)
        if raw is None:
            return None
        try:
            return parse_instant(raw)
        except ValueError as exc:
            raise MappingError(self.at(name), str(exc)) from exc

    def need_instant(self, name: str) -> datetime:
        found = self.instant(name)
        if found is None:
            raise MappingError(self.at(name), "is missing; write a time as RFC 3339 with its zone")
        return found

    def web_url(self, name: str) -> str | None:
        """An http(s) address with a host; anything else is dropped, because it would become a link."""
        raw = self.values.get(name)
        return raw if isinstance(raw, str) and is_web_url(raw) else None


def is_web_url(text: str) -> bool:
    """Whether ``text`` may become a link: http(s), a host, a port that can be, no blanks or control characters."""
    if len(text) > URL_LIMIT or not text.isprintable() or " " in text or "\\" in text:
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def storable(text: str) -> str:
    """``text`` without NUL and lone surrogates, which no database takes."""
    return text.translate(_FORBIDDEN)


def kind_of(raw: object) -> str:
    """What JSON calls a value: said in errors instead of the value itself, which may be long or secret."""
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(raw), "a number")
