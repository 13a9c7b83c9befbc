"""What a socket is told when an alert changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from webapp.answers import dumps
from webapp.wire import text_frame

if TYPE_CHECKING:
    from webapp.live import Change, Wanted


@dataclass(frozen=True, slots=True)
class AlertChange:
    """``alert`` as GET /alerts shows it; ``about`` is what a socket's filter looks at."""

    alert: dict[str, Any]
    about: Change


class AlertFeed(Protocol):
    """Changed alerts as the hub tells them; they have no seq."""

    def changed(self, *, told: bool) -> list[AlertChange]:
        """What changed since the last call, none when nobody is told; may block and may raise Unavailable."""


def alert_frames(changes: Sequence[AlertChange], wanted: Wanted) -> list[bytes]:
    """A frame for each alert that passes the filter."""
    return [
        text_frame(dumps({"event": "alert_changed", "alert": change.alert}))
        for change in changes
        if wanted(change.about)
    ]
