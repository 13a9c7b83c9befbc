"""``cihealth test-alert``: through the real notifier, and with exit codes that a script can use."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from collector.cli import cli
from tests.collector.alerting.standins import Answer, http_standin

CONFIG = """\
receivers:
  - {{name: paper, file: {{path: told.txt}}}}
  - {{name: nowhere, file: {{path: no/such/folder.txt}}}}
  - {{name: hook, webhook: {{url: "{url}", secret: "${{HOOK_SECRET}}"}}}}
"""


def run(folder: Path, name: str, *, url: str = "http://127.0.0.1:1", env: dict[str, str] | None = None) -> Result:
    config = folder / "collectors.yaml"
    config.write_text(CONFIG.format(url=url))
    config.chmod(0o600)
    return CliRunner().invoke(cli, ["test-alert", name, "--config", str(config)], env=env)


def test_a_sample_that_was_taken_ends_with_0(tmp_path: Path) -> None:
    result = run(tmp_path, "paper")
    assert (result.exit_code, result.stdout) == (0, "paper (file) took the sample: look for it there\n")
    assert "This is a test of CI Health's alerts; nothing failed" in (tmp_path / "told.txt").read_text()


def test_a_sample_that_was_not_taken_ends_with_1_and_says_why(tmp_path: Path) -> None:
    result = run(tmp_path, "nowhere")
    assert result.exit_code == 1
    assert "No such file or directory" in result.stderr
    assert "check that its folder exists" in result.stderr


@pytest.mark.parametrize(
    ("name", "words"), [("papr", "there are: paper, nowhere, hook"), ("hook", "HOOK_SECRET is not set")]
)
def test_a_wrong_name_or_a_missing_secret_ends_with_2(tmp_path: Path, name: str, words: str) -> None:
    result = run(tmp_path, name)
    assert result.exit_code == 2
    assert words in result.stderr


def test_only_the_receiver_that_is_tried_needs_its_secret(tmp_path: Path) -> None:
    with http_standin(Answer(204, "")) as hook:
        result = run(tmp_path, "hook", url=hook.url, env={"HOOK_SECRET": "s3cret-value"})
    assert result.exit_code == 0
    assert hook.asked[0].headers["X-Hub-Signature-256"].startswith("sha256=")
    assert "s3cret-value" not in result.output
