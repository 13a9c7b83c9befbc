"""Logs of failed builds: one pushed with a plain body, one read from the provider, which is shown first."""

from __future__ import annotations

from dataclasses import dataclass

from collector.domain.logs import snippet
from collector.domain.model import LogSnippet
from collector.storage.tables import sql
from collector.storage.texts import clean, clean_or_none

PUSHED = "pushed"
READ = "read"
EXCERPT_CHARS = 400
_COLUMNS = "kind, text, error_line, job_name, step_name"


@dataclass(frozen=True, slots=True)
class LogRow:
    kind: str
    text: str
    error_line: str | None
    job_name: str | None
    step_name: str | None

    @property
    def precedence(self) -> tuple[bool, int, str, str, str]:
        """Among logs read of one build the one that says most wins, whichever came first."""
        return self.job_name is not None, len(self.text), self.text, self.error_line or "", self.step_name or ""

    @property
    def excerpt(self) -> str:
        """A few lines from the first error on, else the end."""
        at = self.text.find(self.error_line) if self.error_line else -1
        return self.text[at : at + EXCERPT_CHARS] if at >= 0 else self.text[-EXCERPT_CHARS:]


def of_build(build_id: int) -> LogRow | None:
    """The log that is shown; None when there is none or retention has taken it."""
    row = sql(f"SELECT {_COLUMNS} FROM logs WHERE build_id = ? ORDER BY kind DESC LIMIT 1", (build_id,)).fetchone()
    return LogRow(*row) if row else None


def put_pushed(build_id: int, text: str) -> bool:
    """Keeps the log that came with the winning plain body. True when that is new."""
    text = clean(text)
    if _get(build_id, PUSHED) and _get(build_id, PUSHED).text == text:  # type: ignore[union-attr]
        return False
    _put(build_id, LogRow(PUSHED, text, clean_or_none(snippet(text, step=None)[1]), None, None))
    return True


def put_read(build_id: int, told: LogSnippet) -> bool:
    """Keeps what was read from the provider. True when it is new and says more than what is kept."""
    row = LogRow(
        READ, clean(told.text), clean_or_none(told.error_line), clean_or_none(told.job_name),
        clean_or_none(told.step_name),
    )  # fmt: skip
    kept = _get(build_id, READ)
    if kept and kept.precedence >= row.precedence:
        return False
    _put(build_id, row)
    return True


def move(loser_id: int, winner_id: int, *, pushed: bool) -> None:
    """Two rows were found to be one build: the better read log stays, and the loser's pushed one where it ``pushed``
    the winning body."""
    mine, theirs = _get(winner_id, READ), _get(loser_id, READ)
    if theirs and (mine is None or theirs.precedence > mine.precedence):
        _put(winner_id, theirs)
    log = _get(loser_id, PUSHED)
    if log and pushed:
        _put(winner_id, log)


def _get(build_id: int, kind: str) -> LogRow | None:
    row = sql(f"SELECT {_COLUMNS} FROM logs WHERE build_id = ? AND kind = ?", (build_id, kind)).fetchone()
    return LogRow(*row) if row else None


def _put(build_id: int, row: LogRow) -> None:
    sql(
        "INSERT INTO logs (build_id, kind, text, error_line, job_name, step_name) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (build_id, kind) DO UPDATE SET text = excluded.text, error_line = excluded.error_line,"
        " job_name = excluded.job_name, step_name = excluded.step_name",
        (build_id, row.kind, row.text, row.error_line, row.job_name, row.step_name),
    )
