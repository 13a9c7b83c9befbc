"""Text on its way into the database."""

from __future__ import annotations


def clean(value: str) -> str:
    """The text without what no engine keeps: NUL, and halves of surrogate pairs (shown as ``?``)."""
    if "\0" in value:
        value = value.replace("\0", "")
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def clean_or_none(value: str | None) -> str | None:
    return None if value is None else clean(value)
