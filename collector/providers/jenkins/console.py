"""A failed build's console as it is kept."""

from __future__ import annotations

from collector.domain.logs import snippet

_LAST_WORDS = "Finished: "


def excerpt(raw: bytes | str) -> tuple[str, str | None]:
    """What is kept of a console, and the line that says what failed (``domain.logs.snippet``).

    ``Finished: FAILURE``, Jenkins' own last line, says nothing that the status does not: None then.
    """
    text, error_line = snippet(raw, step=None)
    return text, None if error_line and error_line.startswith(_LAST_WORDS) else error_line
