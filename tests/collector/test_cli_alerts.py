"""``cihealth alerts`` and ``cihealth silence``: what is printed, what is kept, what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from collector.cli import cli
from collector.domain.alert_states import Alert, Line, State
from collector.storage import alerts, silences
from collector.storage.database import connect

NOW = datetime(2026, 3, 1, 14, 0, tzinfo=UTC)


@pytest.fixture
def url(tmp_path: Path) -> str:
    (tmp_path / "collectors.yaml").write_text("groups: [{name: web-team, repos: ['acme/web']}]\n")
    url = f"sqlite:///{tmp_path / 'ci.db'}"
    database = connect(url)
    database.migrate()
    database.close()
    return url


def run(url: str, *arguments: str) -> Result:
    folder = Path(url.removeprefix("sqlite:///")).parent
    given = [*arguments, "--config", str(folder / "collectors.yaml"), "--database", url]
    return CliRunner().invoke(cli, given, env={"CIHEALTH_LOG_LEVEL": "error"})


def keep(url: str, repo: str = "acme/web", *, pipeline_id: int = 1, **changes: Any) -> int:
    given: dict[str, Any] = {
        "state": State.FIRING, "text": "The last build failed.", "fired_at": NOW, "who": None, **changes,
    }  # fmt: skip
    line = Line(pipeline_id, "main", "github", "github.com", repo, "ci")
    alert = Alert(
        id=0, rule="broken", severity="warning", line=line, since=NOW, opened_at=NOW, changed_at=NOW,
        reason="failure_streak", **given,
    )  # fmt: skip
    database = connect(url)
    with database.writing():
        kept = alerts.save(alert).id
    database.close()
    return kept


def state_of(url: str, alert: int) -> State:
    database = connect(url)
    with database.reading():
        found = alerts.get(alert).state
    database.close()
    return found


def test_open_alerts_are_printed_one_a_line_and_resolved_ones_when_asked_for(url: str) -> None:
    resolved = keep(url, state=State.RESOLVED, resolved_at=NOW + timedelta(hours=1), text="The last build succeeded.")
    firing = keep(url)
    result = run(url, "alerts")

    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        f"alert {firing} firing since 2026-03-01T14:00:00Z: acme/web ci main: The last build failed. (rule broken)"
    ]
    assert run(url, "alerts", "--state", "resolved").stdout.startswith(f"alert {resolved} resolved since ")


def test_a_line_that_is_cut_off_says_so_and_names_cannot_move_the_cursor(url: str) -> None:
    keep(url, repo="acme/old")
    keep(url, pipeline_id=2, repo="acme/\x1b[2Jevil\nalert 9 firing", state=State.ACKNOWLEDGED, who="mira")
    result = run(url, "alerts", "--limit", "1")

    (line,) = result.stdout.splitlines()
    assert "\x1b" not in line
    assert " acknowledged by mira since " in line
    assert "more than these 1" in result.stderr


def test_a_silence_is_added_listed_and_ended(url: str) -> None:
    taken = keep(url)
    added = run(url, "silence", "add", "--group", "web-team", "--for", "2h", "--author", "mira", "--reason", "upgrade")
    assert (added.exit_code, state_of(url, taken)) == (0, State.SILENCED)
    assert "1 open alerts are silenced" in added.stdout

    listed = run(url, "silence", "list")
    assert "by mira (upgrade): group=web-team" in listed.stdout
    number = listed.stdout.split()[1]
    assert run(url, "silence", "end", number).exit_code == 0
    assert run(url, "silence", "list").stdout == ""
    again = run(url, "silence", "end", number)
    assert (again.exit_code, "there is no silence" in again.stderr) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["silence", "add", "--for", "2h"], 1, "matchers is empty"),
        (["silence", "add", "--repo", "*", "--for", "31d"], 1, "30 days"),
        (["silence", "add", "--repo", "*", "--for", "soon"], 2, "a duration is written"),
        (["alerts", "--state", "open"], 2, "firing"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_kept(url: str, arguments: list[str], code: int, said: str) -> None:
    result = run(url, *arguments)

    assert (result.exit_code, said in result.output) == (code, True), result.output
    database = connect(url)
    with database.reading():
        assert silences.recent() == []
    database.close()
