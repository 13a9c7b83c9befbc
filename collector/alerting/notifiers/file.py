"""A file that messages are appended to, or standard output: for trying, and for what reads files."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from collector.alerting.messages.model import Limits, Message
from collector.alerting.notifiers.base import Broken, TryLater
from collector.alerting.rendering import text

LIMITS = Limits(cards=50, briefs=1000)
PLAINER_CHARS = 4000


class File:
    """Text ends with an empty line, JSON is one object a line. Each message is on the disk before it counts as sent."""

    limits = LIMITS

    def __init__(self, path: Path, form: str = "text") -> None:
        self._path, self._form = path, form

    def send(self, message: Message, conversations: Sequence[str], *, plain: bool = False) -> str | None:
        try:
            with self._path.open("ab") as file:
                file.write(encoded(message, self._form, plain))
                file.flush()
                os.fsync(file.fileno())
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError) as exc:
            advice = "check that its folder exists and that this program may write there"
            raise Broken(f"{self._path} cannot be written ({exc.strerror})", advice=advice) from exc
        except OSError as exc:
            raise TryLater(f"{self._path} cannot be written just now ({exc.strerror})") from exc
        return None

    def close(self) -> None:
        """The file is open only while it is written."""


class Stdout:
    """The standard output of the collector."""

    limits = LIMITS

    def __init__(self, form: str = "text") -> None:
        self._form = form

    def send(self, message: Message, conversations: Sequence[str], *, plain: bool = False) -> str | None:
        try:
            sys.stdout.write(encoded(message, self._form, plain).decode(sys.stdout.encoding or "utf-8", "replace"))
            sys.stdout.flush()
        except (OSError, ValueError) as exc:
            advice = "start the program with its standard output going somewhere"
            raise Broken(f"standard output cannot be written ({exc})", advice=advice) from exc
        return None

    def close(self) -> None:
        """Standard output is not ours to close."""


def encoded(message: Message, form: str, plain: bool) -> bytes:
    if form == "json":
        return json.dumps(message.body, ensure_ascii=plain).encode("utf-8", "replace") + b"\n"
    said = text.plainer(message, PLAINER_CHARS) if plain else text.rendered(message)
    return f"{said.rstrip()}\n\n".encode("utf-8", "replace")
