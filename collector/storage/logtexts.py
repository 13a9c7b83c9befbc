"""Logs of failed builds: those pushed with plain bodies, and one read from the provider, which is shown first."""

from __future__ import annotations

from dataclasses import dataclass, replace

from collector.domain.logs import snippet
from collector.domain.merge import BuildState, LogText, whole
from collector.domain.model import LogSnippet
from collector.storage.tables import sql
from collector.storage.texts import clean, clean_or_none

PUSHED = "pushed"
STARTLESS = "startless"
"""Pushed with a body without a start (see BuildState.startless)."""
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


def shown(build_id: int, state: BuildState) -> LogRow | None:
    """The log that is shown; None when there is none or retention has taken it."""
    read = _get(build_id, READ)
    log = whole(state).log
    if read or log is None:
        return read
    startless = state.startless is not None and state.startless.log == log
    return _get(build_id, STARTLESS if startless else PUSHED)


def with_texts(build_id: int, state: BuildState) -> BuildState:
    """The state with the texts of its logs, which are kept apart from it."""
    if state.log is None and (state.startless is None or state.startless.log is None):
        return state
    texts = dict(sql("SELECT kind, text FROM logs WHERE build_id = ? AND kind <> ?", (build_id, READ)).fetchall())
    state = replace(state, log=_with_text(state.log, texts.get(PUSHED)))
    if state.startless is None:
        return state
    return replace(state, startless=replace(state.startless, log=_with_text(state.startless.log, texts.get(STARTLESS))))


def write_pushed(build_id: int, old: BuildState | None, new: BuildState) -> bool:
    """Makes the kept pushed logs those of the new state. True when any differs."""
    before, after = _texts(old), _texts(new)
    for kind in before.keys() - after.keys():
        sql("DELETE FROM logs WHERE build_id = ? AND kind = ?", (build_id, kind))
    for kind, text in after.items():
        if before.get(kind) != text:
            _put(build_id, LogRow(kind, text, clean_or_none(snippet(text, step=None)[1]), None, None))
    return before != after


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


def move_read(loser_id: int, winner_id: int) -> None:
    """Two rows were found to be one build: the better read log stays."""
    mine, theirs = _get(winner_id, READ), _get(loser_id, READ)
    if theirs and (mine is None or theirs.precedence > mine.precedence):
        _put(winner_id, theirs)


def _texts(state: BuildState | None) -> dict[str, str]:
    logs = {PUSHED: state.log, STARTLESS: state.startless.log if state.startless else None} if state else {}
    return {kind: clean(log.text) for kind, log in logs.items() if log and log.text}


def _with_text(log: LogText | None, text: str | None) -> LogText | None:
    return log and replace(log, text=text)


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
