"""What is wrong with a config, so that somebody can put it right: where, what, and what would be right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from collector.domain.errors import CIHealthError

Path = tuple[str | int, ...]
"""Keys and list places from the top: ``("sources", 0, "repos", 1)``."""


@dataclass(frozen=True, slots=True)
class Problem:
    """``line`` is 1-based, None when it is not about a line; ``key_path`` reads ``sources[0].repos[1]``."""

    file: str
    line: int | None
    key_path: str
    message: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.key_path}: {self.message}" if self.key_path else f"{where}: {self.message}"


class ConfigErrors(CIHealthError):
    """All that is wrong, at once, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Sequence[Problem] = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def key_path(path: Path) -> str:
    """
    >>> key_path(("sources", 0, "repos", 1))
    'sources[0].repos[1]'
    """
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
