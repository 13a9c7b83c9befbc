"""When two failures are the same: their error lines, without what differs from build to build. Pure."""

from __future__ import annotations

import re

_HEX = re.compile(r"\b(?:0x)?(?=[0-9a-f]*\d)[0-9a-f]{7,}\b", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_BLANKS = re.compile(r"\s+")
SHAPE_CHARS = 240


def shape(error_line: str) -> str:
    """The line with every number as N and every long hexadecimal word as X; blanks count once.

    >>> shape("Timeout 30000 ms exceeded at 0xdeadbeef12 (3.5 s)")
    'Timeout N ms exceeded at X (N s)'
    """
    without_hex = _HEX.sub("X", error_line[: 4 * SHAPE_CHARS])
    return _BLANKS.sub(" ", _NUMBER.sub("N", without_hex)).strip()[:SHAPE_CHARS]
