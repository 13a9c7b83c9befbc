"""Our own log: readable lines with colours on a terminal, one JSON object a line otherwise. Both by structlog.

No value can forge a line (control characters are escaped) or show a secret: known shapes and registered values are
masked, in messages, values and tracebacks alike. The libraries' own logging goes the same way.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from collector.domain.masking import mask
from config.settings import Settings

VALUE_CHARS = 4000
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_QUIET = ("httpx", "httpcore", "apscheduler", "urllib3", "github", "hpack")
"""Libraries whose INFO is chatter: a line for every request."""
_secrets: set[str] = set()


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Sets up structlog and the standard library's logging for this process; without ``stream`` on standard error."""
    out = stream if stream is not None else sys.stderr
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not out.isatty())
    if settings.password:
        register_secrets([settings.password])
    level = logging.getLevelName(settings.log_level.upper())
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_shared(),
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(as_json, out)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    # A tick that is still running is left out on purpose (max_instances=1): no news for an operator.
    logging.getLogger("apscheduler.scheduler").setLevel(max(level, logging.ERROR))


def register_secrets(values: Iterable[str]) -> None:
    """Values that no log line of this process may show from now on."""
    _secrets.update(value for value in values if value)


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]


def _rendering(as_json: bool, out: TextIO) -> list[Processor]:
    """Made safe last, after everything that adds text."""
    if as_json:
        return [tame, structlog.processors.JSONRenderer(ensure_ascii=False)]
    return [tame, _indented, structlog.dev.ConsoleRenderer(colors=out.isatty())]


def tame(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Every text of the event masked, escaped and bounded; tracebacks keep their lines."""
    return {_safe(key): _tamed(value, lines=key in ("exception", "stack")) for key, value in event.items()}


def _tamed(value: object, *, lines: bool = False, depth: int = 0) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth < 4 and isinstance(value, Mapping):
        return {_safe(str(key)): _tamed(item, depth=depth + 1) for key, item in value.items()}
    if depth < 4 and isinstance(value, list | tuple | set | frozenset):
        return [_tamed(item, depth=depth + 1) for item in value]
    text = value if isinstance(value, str) else str(value)
    if lines:
        return "\n".join(_CONTROL.sub(_escaped, line) for line in mask(text[-16000:], _secrets).split("\n"))
    return _safe(text)


def _safe(text: str) -> str:
    cut = text if len(text) <= VALUE_CHARS else f"{text[:VALUE_CHARS]}…"
    return _CONTROL.sub(_escaped, mask(cut, _secrets))


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()


def _indented(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Lines of a traceback never start where a log line starts."""
    for key in ("exception", "stack"):
        if isinstance(event.get(key), str):
            event[key] = "\n".join(f"    | {line}" for line in event[key].split("\n"))
    return event
