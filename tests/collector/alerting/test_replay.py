"""``cihealth rules test`` and ``cihealth silence``, on a database that words were told to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from click.testing import CliRunner, Result

from collector.alerting.replay import replay
from collector.cli import cli
from collector.domain.alert_states import State
from collector.domain.model import Status
from tests.builders import NOON, later
from tests.collector.alerting.conftest import MakeRig
from tests.collector.alerting.rig import Rig, build, config_of, failed, passed

STRICTER = """
receivers: [{name: team, stdout: {}}]
rules:
  - {name: twice, when: failure, after: 2}
  - {name: held, when: failure, for: 30m}
  - {name: hangs, when: stuck, running_for: 2h}
"""


def test_history_is_told_again_to_other_rules_by_its_own_clock(rig: Rig) -> None:
    rig.tell(
        passed(1, later()), failed(2, later(hours=1)), failed(3, later(hours=2)), passed(4, later(hours=3)),
        passed(5, later(hours=5), minutes=180, workflow=8),
    )  # fmt: skip
    said: list[str] = []
    done = replay(rig.database, config_of(STRICTER), NOON, later(days=1), said.append)
    assert said == [
        "2026-03-01T13:31:00Z  FIRING    held: acme/web CI 7 (main): The last build failed.",
        "2026-03-01T14:01:00Z  FIRING    twice: acme/web CI 7 (main): The last 2 builds failed.",
        "2026-03-01T15:01:00Z  resolved  twice: acme/web CI 7 (main): The last build succeeded.",
        "2026-03-01T15:01:00Z  resolved  held: acme/web CI 7 (main): The last build succeeded.",
        "2026-03-01T19:00:00Z  FIRING    hangs: acme/web CI 8 (main): A build runs for 2 h.",
        "2026-03-01T20:10:00Z  resolved  hangs: acme/web CI 8 (main): No build waits or runs for too long.",
    ]
    assert (done.builds, done.fired, done.resolved) == (5, 3, 3)


def test_nothing_is_written_to_the_database_it_reads(rig: Rig) -> None:
    rig.tell(failed(1, later()))
    before = (rig.folder / "alerts.db").read_bytes()
    replay(rig.database, config_of(), NOON, later(days=1), lambda _line: None)
    assert (rig.folder / "alerts.db").read_bytes() == before
    assert (rig.alerts(), rig.outbox()) == ([], [])


def test_replay_fires_what_the_evaluator_fired(make_rig: MakeRig) -> None:
    rig = make_rig()
    statuses = [Status.FAILURE if run % 5 in (1, 2) else Status.SUCCESS for run in range(30)]
    rig.told(*(build(run, status, later(hours=run)) for run, status in enumerate(statuses)))
    said: list[str] = []
    done = replay(rig.database, rig.config, NOON, later(days=3), said.append)
    assert done.fired == len(rig.alerts()) == 6
    assert done.resolved == 6


def invoke(rig: Rig, *args: str) -> Result:
    database = f"sqlite:///{rig.folder / 'alerts.db'}"
    config = rig.folder / "collectors.yaml"
    config.touch()
    return CliRunner().invoke(cli, [*args, "--database", database, "--config", str(config)])


def test_rules_test_prints_a_line_for_each_alert(rig: Rig) -> None:
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
    rig.tell(failed(1, at), passed(2, at + timedelta(hours=1)), failed(3, at - timedelta(days=9), workflow=8))
    file = rig.folder / "edited.yaml"
    file.write_text("receivers: [{name: t, slack: {webhook_url: '${NOT_SET}'}}]\nrules: [{name: r, when: failure}]\n")
    ended = invoke(rig, "rules", "test", str(file), "--since", "7d")
    assert ended.exit_code == 0, ended.output
    lines = ended.stdout.splitlines()
    assert [line.split("  ")[1] for line in lines] == ["FIRING", "resolved"]
    assert "r: acme/web CI 7 (main): The last build failed." in lines[0]
    assert ended.stderr == "2 builds: 1 alerts would have fired, 1 resolved.\n"


def test_rules_test_refuses_a_file_that_is_wrong_or_has_no_rules(rig: Rig) -> None:
    file = rig.folder / "edited.yaml"
    file.write_text("rules: [{name: r, when: failing}]\n")
    assert invoke(rig, "rules", "test", str(file)).exit_code == 2
    file.write_text("sources:\n")
    ended = invoke(rig, "rules", "test", str(file))
    assert (ended.exit_code, "has no rules" in ended.stderr) == (1, True)
    assert invoke(rig, "rules", "test", str(file), "--since", "soon").exit_code == 2


def test_a_silence_is_made_listed_and_ended_from_the_command_line(rig: Rig) -> None:
    rig.told(failed(1, later()))
    made = invoke(rig, "silence", "add", "--repo", "acme/*", "--for", "2h", "--author", "mira", "--reason", "upgrade")
    assert "1 open alerts are silenced by it" in made.stdout, made.output
    assert rig.the_alert().state is State.SILENCED
    assert rig.the_alert().who == "mira"
    assert "by mira (upgrade): repo=acme/*" in invoke(rig, "silence", "list").stdout
    assert invoke(rig, "silence", "end", "1").stdout == "silence 1 has ended\n"
    assert invoke(rig, "silence", "list").stdout == ""
    assert invoke(rig, "silence", "end", "1").exit_code == 1
    assert invoke(rig, "silence", "add", "--for", "2h").exit_code == 1
    assert "30 days" in invoke(rig, "silence", "add", "--rule", "*", "--for", "60d").stderr
