"""Config files as somebody would write them, and what loading them says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from config.load import EVERYTHING, Loaded, load
from config.problems import ConfigErrors, Problem
from config.secrets import Need


def write(folder: Path, text: str | bytes, mode: int = 0o600) -> Path:
    path = folder / "collectors.yaml"
    path.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
    path.chmod(mode)
    return path


def loaded(
    folder: Path, text: str | bytes, environ: Mapping[str, str] | None = None, need: frozenset[Need] = EVERYTHING
) -> Loaded:
    return load(write(folder, text), environ or {}, need=need)


def problems(
    folder: Path, text: str | bytes, environ: Mapping[str, str] | None = None, need: frozenset[Need] = EVERYTHING
) -> list[Problem]:
    """What is wrong; fails when nothing is."""
    try:
        told = loaded(folder, text, environ, need)
    except ConfigErrors as exc:
        assert str(exc)
        return list(exc.problems)
    raise AssertionError(f"nothing was refused: {told}")


def told(folder: Path, text: str | bytes, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Key path to message."""
    return {problem.key_path: problem.message for problem in problems(folder, text, environ)}


def rule(keys: str) -> str:
    """A file with one rule."""
    return f"rules:\n  - {{name: r, {keys}}}\n"


def source(keys: str) -> str:
    """A file with one GitHub source."""
    return f"sources:\n  - {{name: s, provider: github, {keys}}}\n"
