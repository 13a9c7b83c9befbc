"""Secrets out of text that others wrote: by their known shapes, and by exact value.

Every pattern runs in time linear in the text: repeats are bounded, or consume what they looked at (a run that turns
out to be no secret is put back as it was, and is not looked at again).
"""

from __future__ import annotations

import base64
import binascii
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote, quote_plus

MASK = "***"
SHORTEST_KNOWN = 4
"""Known values below this length are left alone: masking them would blank ordinary text and hide nothing."""

_TOKEN = re.compile(
    r"gh[pousr]_[A-Za-z0-9]{30,255}"
    r"|github_pat_[A-Za-z0-9_]{20,255}"
    r"|gl(?:pat|dt|rt|cbt|ptt|ft|soat)-[A-Za-z0-9_.-]{20,255}"
    r"|(?:AKIA|ASIA)[A-Z0-9]{16}"
    r"|xox[a-z]-[A-Za-z0-9-]{10,255}|xapp-[A-Za-z0-9-]{10,255}"
    r"|npm_[A-Za-z0-9]{36}|pypi-AgE[A-Za-z0-9_-]{20,255}|AIza[A-Za-z0-9_-]{35}|sk-[A-Za-z0-9_-]{20,255}"
)
_WORD = re.compile(r"[A-Za-z0-9_-]*")
_SPLIT_TOKEN = re.compile(
    r"gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{82}|(?:AKIA|ASIA)[A-Z0-9]{16}|glpat-[A-Za-z0-9_-]{20}"
)
"""Tokens of fixed length: their end is known even when a line break runs through them."""

_SLACK_URL = re.compile(r"(hooks\.slack(?:-gov)?\.com/)[A-Za-z0-9/+_=-]{1,512}")
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]{8,}+(\.[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]*+)?")
_USERINFO = re.compile(r"://(?:[^\s/@:\"']{0,255}:[^\s/@\"']{1,512}|[^\s/@:\"']{16,255})@")
_AUTHORIZATION = re.compile(r"(authorization[\"']?[ \t]{0,8}[:=][ \t]{0,8}[\"']?)[^\r\n\"']{1,4096}", re.IGNORECASE)
_BEARER = re.compile(r"(bearer[ \t]{1,8})[A-Za-z0-9._~+/=-]{8,4096}", re.IGNORECASE)
_KEYS = r"(?:passw(?:or)?d|passwd|pwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)"
_VALUE = r"(?:\"[^\"\n]{1,512}\"|'[^'\n]{1,512}'|(?![$*<{])[^\s\"'&,;]{3,4096})"
_PAIR = re.compile(rf"({_KEYS}[\w-]{{0,32}}[\"']?[ \t]{{0,4}}(?:=>?|:=)[ \t]{{0,4}}){_VALUE}", re.IGNORECASE)
_COLON_PAIR = re.compile(
    r"((?:passw(?:or)?d|passphrase|secret|api[_-]?key|_token|[\"']token)[\w-]{0,32}[\"']?[ \t]{0,4}:[ \t]{1,4})"
    + _VALUE,
    re.IGNORECASE,
)
_FLAG = re.compile(rf"(--{_KEYS}[ \t]{{1,4}}){_VALUE}", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{24,}+={0,2}")
_PEM_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z0-9 ]{0,20}-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z0-9 ]{0,20}-----")
_PEM_LINE = re.compile(
    r"[^A-Za-z0-9+/=]{0,40}"
    r"(?:[A-Za-z0-9+/=]{8,}+|(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset): .{0,200}|)"
    r"[^A-Za-z0-9+/=]{0,8}"
)


def mask(text: str, known: Iterable[str] = ()) -> str:
    """``text`` with every secret replaced by ``***``; lines stay lines.

    ``known`` are exact values (a source's token, a receiver's secret): found as they are, URL-encoded, in base64
    (also as part of what was encoded), and broken over two lines.
    """
    text = _mask_split(_mask_pem(text), tuple(known))
    text = _SLACK_URL.sub(rf"\1{MASK}", text)
    text = _TOKEN.sub(MASK, text)
    text = _JWT.sub(lambda match: MASK if match[1] else match[0], text)
    text = _USERINFO.sub(f"://{MASK}@", text)
    text = _BASE64.sub(_mask_base64, text)
    for pattern in (_AUTHORIZATION, _BEARER, _FLAG, _PAIR, _COLON_PAIR):
        text = pattern.sub(rf"\1{MASK}", text)
    return text


def _mask_base64(match: re.Match[str]) -> str:
    """A run of base64 that encodes a token is a token."""
    run = match[0].rstrip("=")[:8192].replace("-", "+").replace("_", "/")
    try:
        decoded = base64.b64decode(run[: len(run) // 4 * 4]).decode("latin-1")
    except (binascii.Error, ValueError):
        return match[0]
    return MASK if _TOKEN.search(decoded) or _SLACK_URL.search(decoded) or _PEM_BEGIN.search(decoded) else match[0]


def spellings(value: str) -> Iterator[str]:
    """How a known value can look: as it is, URL-encoded, in base64 at each of the three places it can start at."""
    if len(value) < SHORTEST_KNOWN:
        return
    yield value
    yield quote(value, safe="")
    yield quote_plus(value)
    yield value.replace("\\", "\\\\").replace('"', '\\"')
    raw = value.encode("utf-8", "surrogatepass")
    for shift in range(3) if len(raw) >= 8 else ():
        encoded = base64.b64encode(b"\0" * shift + raw)
        whole = (shift + len(raw)) // 3 * 4
        core = encoded[(0, 2, 3)[shift] : whole].decode()
        yield core
        yield core.replace("+", "-").replace("/", "_")


def _mask_split(text: str, known: Sequence[str]) -> str:
    """Masks known values, and tokens of fixed length that a line break runs through; the breaks stay."""
    joined = text.replace("\n", "")
    # A break stands before the character of the joined text at its place.
    places = [match.start() - index for index, match in enumerate(re.finditer("\n", text))]
    parts: list[str] = []
    done = 0
    for start, end in sorted([*_known_spans(joined, known), *_split_spans(joined, places)]):
        if end > done:
            start = max(start, done)
            breaks = bisect_left(places, end) - bisect_right(places, start)
            parts += [_original(text, places, done, start), MASK, "\n" * breaks]
            done = end
    return "".join(parts) + _original(text, places, done, len(joined)) if parts else text


def _original(text: str, places: list[int], start: int, end: int) -> str:
    """What stands in the text for [start, end) of the joined one, with the breaks at both its edges."""
    return text[start + bisect_left(places, start) : end + bisect_right(places, end)]


def _known_spans(joined: str, known: Sequence[str]) -> Iterator[tuple[int, int]]:
    for spelling in {spelling for value in known for spelling in spellings(value.replace("\n", ""))}:
        start = joined.find(spelling)
        while start >= 0:
            yield start, start + len(spelling)
            start = joined.find(spelling, start + len(spelling))


def _split_spans(joined: str, places: list[int]) -> Iterator[tuple[int, int]]:
    for match in _SPLIT_TOKEN.finditer(joined):
        start, end = match.span()
        if bisect_left(places, end) > bisect_right(places, start):
            next_break = places[index] if (index := bisect_left(places, end)) < len(places) else len(joined)
            rest = _WORD.match(joined, end, next_break)
            yield start, rest.end() if rest else end


def _mask_pem(text: str) -> str:
    """Private keys over many lines; also one whose begin or end was cut off."""
    if "PRIVATE KEY" not in text:
        return text
    lines = text.split("\n")
    out: list[str] = []
    inside = False
    for line in lines:
        inside = _pem_line(line, inside, out)
    return "\n".join(out)


def _pem_line(line: str, inside: bool, out: list[str]) -> bool:
    """Appends the masked line; returns whether a key goes on after it."""
    begin, end = _PEM_BEGIN.search(line), _PEM_END.search(line)
    if begin:
        rest = line[end.end() :] if end and end.start() > begin.start() else ""
        out.append(f"{line[: begin.start()]}{MASK}{rest}")
        return not rest and end is None
    if end:
        if not inside:
            _mask_back(out)
        out.append(MASK + line[end.end() :])
        return False
    if inside and _PEM_LINE.fullmatch(line):
        out.append(MASK)
        return True
    out.append(line)
    return False


def _mask_back(out: list[str]) -> None:
    """The end of a key whose begin was cut off: the lines before it are the key."""
    index = len(out) - 1
    while index >= 0 and out[index] not in ("", MASK) and _PEM_LINE.fullmatch(out[index]):
        out[index] = MASK
        index -= 1
