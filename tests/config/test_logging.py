"""Our own log: no value can forge a line or show a secret."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any, Literal

import pytest
import structlog

from config import logging as ours
from config.settings import Settings


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    ours._secrets.clear()


def configured(log_format: Literal["auto", "text", "json"] = "auto", stream: io.StringIO | None = None) -> io.StringIO:
    out = stream if stream is not None else io.StringIO()
    ours.configure(Settings(log_format=log_format, password="hunter2222"), out)
    return out


def entries(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_lines_are_json_where_nobody_looks_and_readable_on_a_terminal() -> None:
    out = configured()
    structlog.get_logger("collector.poller").warning("source_failed", source="acme", status=502)
    (entry,) = entries(out)
    assert (entry["event"], entry["source"], entry["status"], entry["level"]) == (
        "source_failed",
        "acme",
        502,
        "warning",
    )
    assert entry["logger"] == "collector.poller"
    assert entry["timestamp"].endswith("Z")
    terminal = configured(stream=Terminal())
    structlog.get_logger("x").warning("source_failed")
    assert "\x1b[" in terminal.getvalue()
    assert "source_failed" in terminal.getvalue()


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_value_forges_a_line(log_format: Literal["text", "json"]) -> None:
    out = configured(log_format)
    nasty = "x\r\nERROR forged\u2028\x85\x1b]0;pwn\x07\u202e\ud800"
    structlog.get_logger("x").warning(nasty, repo=nasty, more={nasty: [nasty]})
    logging.getLogger("library").warning("says %s", nasty)
    assert len(out.getvalue().splitlines()) == 2
    assert not any(char in out.getvalue() for char in "\r\x1b\x07\x85\u2028\u202e\ud800")


def test_a_traceback_in_text_starts_no_line_of_its_own() -> None:
    out = configured("text")
    try:
        raise ValueError("bad\n2026-01-01 [error] forged hunter2222 \x1b[31m")
    except ValueError:
        structlog.get_logger("x").exception("failed")
    lines = out.getvalue().splitlines()
    assert all(line.startswith("    | ") for line in lines[1:])
    assert "ValueError: bad" in out.getvalue()
    assert "hunter2222" not in out.getvalue()
    assert "\x1b" not in out.getvalue()


def test_secrets_are_masked_by_value_and_by_shape() -> None:
    out = configured("json")
    ours.register_secrets(["s3cret/value", ""])
    token = "ghp_" + "a1" * 18
    structlog.get_logger("x").info(
        "asked", url="https://x?t=s3cret%2Fvalue", password="hunter2222", nested=(token, b"raw")
    )
    text = out.getvalue()
    assert not [secret for secret in ("s3cret", "hunter2222", token) if secret in text]
    assert entries(out)[0]["nested"] == ["***", "b'raw'"]


def test_libraries_are_heard_when_they_warn_only() -> None:
    out = configured("json")
    logging.getLogger("httpx").info("HTTP Request: GET https://x")
    logging.getLogger("apscheduler.scheduler").info("Added job")
    logging.getLogger("httpx").warning("trouble")
    structlog.get_logger("x").debug("not at this level")
    assert [entry["event"] for entry in entries(out)] == ["trouble"]


def test_a_long_value_is_cut() -> None:
    out = configured("json")
    structlog.get_logger("x").info("long", body="a" * 100_000)
    assert len(out.getvalue()) < 5000
