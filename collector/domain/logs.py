"""What is kept of a failed build's log: the part that says what failed, cleaned, masked and bounded. Pure.

Also ``clean_text``: text that others wrote, made fit for one line of a dashboard, a mail or our own log.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from collector.domain.masking import mask
from collector.domain.times import to_text

WINDOW_BYTES = 256 * 1024
"""Of a longer log only the end is looked at: a build stops soon after what failed it."""
WINDOW_LINES = 20_000
LINE_CHARS = 2000
_OVERLAP = 512
_CONSOLE_NOTE = re.compile(r"\x1b\[8mha:[^\x1b\n]*\x1b\[0m")
_ESCAPE = re.compile(
    r"(?:\x1b\]|\x9d)[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)"  # OSC: titles, links
    r"|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c\n]*(?:\x1b\\|\x9c)"  # DCS, SOS, PM, APC
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|\x1b[ -/]*[0-~]"
)
_BREAKS = re.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_UNSEEN = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_BROKEN = re.compile(r"[\ud800-\udfff\ufffd]+")
_BLANKS = re.compile(r"\s+")
_TIMESTAMP = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\.\d+Z ?")
_MARKER = "##[error]"
_SCRIPT = "##[group]Run "
_SAYS_NOTHING = re.compile(r"Process completed with exit code \d+|The operation was canceled")
_ECHOED = re.compile(r"##\[|\[command\]|\s*\+ |::|\[Pipeline\]")
_ERROR = re.compile(
    r"\b(?:error|errors|fatal|exception|failed|failure|failures|panic|traceback|cannot|segmentation fault)\b"
    r"|[a-z](?:Error|Exception)\b|\bE   |\bFAIL\b|✗|✖",
    re.IGNORECASE,
)
_NO_ERROR = re.compile(
    r"\b(?:0|no) (?:errors?|failures?|failed)\b|\b(?:errors?|failures?|failed)[:=] ?0\b", re.IGNORECASE
)
_GAP_BYTES = 64
_LEFT_OUT = "… {} lines left out …"


@dataclass(frozen=True, slots=True)
class FailingStep:
    """The step (GitHub) that failed, by its times: a job's log holds all its steps one after the other."""

    name: str
    started_at: datetime | None = None
    completed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    at: str | None
    """To the second, as GitHub writes it before each line; None where it writes none."""


def clean_text(text: str, limit: int) -> str:
    """One line of at most ``limit`` characters: no escapes, controls, bidi controls or lone surrogates.

    >>> clean_text("a\\x1b[31mb\\r\\nc", 10), clean_text("abcdef", 4)
    ('ab c', 'abc…')
    """
    line = _BLANKS.sub(" ", _printable(text[: limit * 8 + 1024])).strip()
    return line if len(line) <= limit else line[: max(limit - 1, 0)].rstrip("\u200d ") + "…"


def clean_block(text: str, max_bytes: int, known: Iterable[str] = ()) -> str:
    """A pushed log text as it may be kept: cleaned and masked; of a longer one the end, in whole lines."""
    lines = _window(text, known, 4 * max_bytes)
    return _joined(lines, [_tail(lines, 0, len(lines), max_bytes - _GAP_BYTES)], max_bytes)


def snippet(
    raw: bytes | str, step: FailingStep | None = None, max_bytes: int = 16384, *, known: Iterable[str] = ()
) -> tuple[str, str | None]:
    """The part of a failed build's log that is kept, and the first line that says what failed (None: none does).

    Kept are the lines around the first error, the end of the failing step and the end of the log, at most
    ``max_bytes`` of UTF-8 with every gap named. ``known`` are exact secrets to mask (see ``masking.mask``).
    """
    lines = _window(raw, known)
    first, end = _step_range(lines, step)
    error = _error_at(lines, first, end)
    ranges = []
    if error is not None:
        ranges.append(_head(lines, max(first, error - 5), min(end, error + 25), max_bytes // 4))
    ranges.append(_tail(lines, first, end, max_bytes // 2))
    ranges.append(_tail(lines, end, len(lines), max_bytes // 8))
    error_line = None if error is None else clean_text(_bare(lines[error].text), 500)
    return _joined(lines, ranges, max_bytes), error_line


def _printable(text: str) -> str:
    """No escapes, no unseen characters; every kind of line break is a line feed."""
    text = _ESCAPE.sub("", _CONSOLE_NOTE.sub("", text))
    return _BROKEN.sub("\ufffd", _UNSEEN.sub("", _BREAKS.sub("\n", text)))


def _window(raw: bytes | str, known: Iterable[str], size: int = WINDOW_BYTES) -> list[_Line]:
    """The lines of the log's end, cleaned and masked. What a cut runs through is left out, lest half a secret stays."""
    tail = raw[-size:]
    text = tail.decode("utf-8", "replace") if isinstance(tail, bytes) else tail
    if len(raw) > len(tail):
        start = text.find("\n", 0, size // 4) + 1
        text = text[start or _OVERLAP :]
    lines = [_line(line) for line in _printable(text).split("\n")[-WINDOW_LINES:]]
    masked = mask("\n".join(line.text for line in lines), known).split("\n")
    return [_Line(clean, line.at) for line, clean in zip(lines, masked, strict=True)]


def _line(text: str) -> _Line:
    match = _TIMESTAMP.match(text)
    return _Line(text[match.end() :], match[1]) if match else _Line(text, None)


def _step_range(lines: Sequence[_Line], step: FailingStep | None) -> tuple[int, int]:
    """[first, end) of the step's lines by their times; all lines when they tell no times or none is the step's."""
    if step is None or step.started_at is None:
        return 0, len(lines)
    since = to_text(step.started_at)[:19]
    until = to_text(step.completed_at)[:19] if step.completed_at else "9999"
    inside = [index for index, line in enumerate(lines) if line.at is not None and since <= line.at <= until]
    return (inside[0], inside[-1] + 1) if inside else (0, len(lines))


def _error_at(lines: Sequence[_Line], first: int, end: int) -> int | None:
    """The first marked error that says something, else the first line with an error's words, else any mark."""
    marked = [index for index in range(first, end) if lines[index].text.startswith(_MARKER)]
    telling = (index for index in marked if not _SAYS_NOTHING.match(_bare(lines[index].text)))
    for found in (telling, _worded(lines, first, end), iter(marked)):
        if (index := next(found, None)) is not None:
            return index
    return None


def _worded(lines: Sequence[_Line], first: int, end: int) -> Iterator[int]:
    """Lines that speak of an error; a step's script, echoed by GitHub before it runs, does not count."""
    script = False
    for index in range(first, end):
        text = lines[index].text[:LINE_CHARS]
        script = text.startswith(_SCRIPT) or (script and not text.startswith("##[endgroup]"))
        if not script and not _ECHOED.match(text) and _ERROR.search(text) and not _NO_ERROR.search(text):
            yield index


def _bare(text: str) -> str:
    return text.removeprefix(_MARKER).strip()


def _size(line: _Line) -> int:
    return len(line.text[:LINE_CHARS].encode()) + 1


def _head(lines: Sequence[_Line], first: int, end: int, max_bytes: int) -> range:
    """As many whole lines from ``first`` on as fit, at least one."""
    size, stop = 0, first
    while stop < end and (size + _size(lines[stop]) <= max_bytes or stop == first):
        size += _size(lines[stop])
        stop += 1
    return range(first, stop)


def _tail(lines: Sequence[_Line], first: int, end: int, max_bytes: int) -> range:
    """As many whole lines before ``end`` as fit, at least one."""
    size, start = 0, end
    while start > first and (size + _size(lines[start - 1]) <= max_bytes or start == end):
        start -= 1
        size += _size(lines[start])
    return range(start, end)


def _joined(lines: Sequence[_Line], ranges: Iterable[range], max_bytes: int) -> str:
    kept = sorted({index for part in ranges for index in part})
    out: list[str] = []
    before = -1
    for index in kept:
        if index > before + 1:
            out.append(_LEFT_OUT.format(index - before - 1))
        text = lines[index].text
        out.append(text if len(text) <= LINE_CHARS else text[:LINE_CHARS] + "…")
        before = index
    if kept and before < len(lines) - 1:
        out.append(_LEFT_OUT.format(len(lines) - 1 - before))
    return "\n".join(out).strip("\n").encode()[:max_bytes].decode("utf-8", "ignore")
