"""check-config: everything that is wrong, or what would be watched; and the schema, the example, the shadow."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest

from config.check import check, lines
from config.durations import format_duration, parse_duration
from config.load import EVERYTHING, load
from config.schema import SCHEMA_PATH, rendered, schema
from config.shadow import shadow_refusal
from config.yamltree import read
from tests.config.files import write
from tests.config.test_load import FULL, SECRETS

ROOT = Path(__file__).parents[2]


def test_a_right_config_is_told_by_what_it_watches(tmp_path: Path) -> None:
    report = check(write(tmp_path, FULL), {**SECRETS, "CIHEALTH_PASSWORD": "x"})
    text = "\n".join(lines(report))
    assert report.ok
    assert "source acme (github, github.com): acme/web, acme/api; as token; every 1m, 1w back" in text
    assert "source build-server (jenkins, jenkins.acme.com): platform; as ci-health; every 2m" in text
    assert "rule broken (failure): branches @default; tells ci-channel, ci-mail" in text


def test_environment_and_file_are_told_together(tmp_path: Path) -> None:
    report = check(write(tmp_path, FULL), {"CIHEALTH_PORT": "x"})
    assert not report.ok
    assert {problem.file for problem in report.problems} == {"environment", str(tmp_path / "collectors.yaml")}
    told = list(lines(report))
    assert told[-1] == f"{len(SECRETS) + 1} errors; nothing would start"
    assert all(line.startswith("error: ") for line in told[:-1])


def test_an_open_door_is_an_error_of_the_check_too() -> None:
    (problem,) = check(None, {"CIHEALTH_HOST": "0.0.0.0"}).problems
    assert "listening on 0.0.0.0 is open beyond this machine" in problem.message
    assert check(None, {"CIHEALTH_HOST": "0.0.0.0", "CIHEALTH_INSECURE": "1"}).ok


def test_a_public_url_warns_where_no_password_is_set_as_it_may_be_where_the_web_app_runs(tmp_path: Path) -> None:
    path = write(tmp_path, "public_url: https://ci.acme.com")
    report = check(path, {})
    assert report.ok
    assert "public_url https://ci.acme.com is beyond this machine" in report.warnings[-1].message
    assert not check(path, {"CIHEALTH_INSECURE": "1"}).warnings
    assert check(None, {"CIHEALTH_CONFIG": str(path), "CIHEALTH_PASSWORD": "x"}).path == path


def test_the_schema_that_is_shipped_is_that_of_the_types() -> None:
    assert SCHEMA_PATH.read_text(encoding="utf-8") == rendered(), "run: python -m config.schema"


def as_json(path: Path) -> object:
    return json.loads(json.dumps(read(path.read_text(encoding="utf-8"), str(path)).value))


def test_the_schema_takes_what_loading_takes_and_refuses_typos(tmp_path: Path) -> None:
    validator = jsonschema.Draft202012Validator(schema())
    validator.check_schema(schema())
    assert list(validator.iter_errors(as_json(write(tmp_path, FULL)))) == []
    assert list(validator.iter_errors({"sources": None})) == []
    assert list(validator.iter_errors({"sorces": []}))
    assert list(validator.iter_errors({"sources": [{"name": "x", "provider": "github", "recipents": 1}]}))
    assert list(validator.iter_errors({"defaults": {"interval": "5 minutes"}}))
    assert list(validator.iter_errors({"rules": [{"name": "x", "when": "failure", "remind": "sometimes"}]}))


def uncommented(text: str) -> str:
    """The example file as somebody makes it who takes every example."""
    text = text.replace("sources: []\n", "")
    return re.sub(r"^# (?=(?:[a-z_]+:| ))", "", text, flags=re.MULTILINE)


def test_the_shipped_file_is_valid_as_it_is_and_with_every_example_taken(tmp_path: Path) -> None:
    shipped = (ROOT / "collectors.yaml").read_text(encoding="utf-8")
    first = shipped.splitlines()[0]
    assert (ROOT / first.removeprefix("# yaml-language-server: $schema=")).resolve() == SCHEMA_PATH
    empty = load(ROOT / "collectors.yaml", {}, need=EVERYTHING)
    assert empty.config.sources == ()
    assert empty.warnings == ()
    (tmp_path / "all").mkdir()
    path = write(tmp_path / "all", uncommented(shipped))
    taken = load(path, SECRETS, need=EVERYTHING)
    assert taken.warnings == ()
    assert len(taken.config.sources) == 2
    assert {rule.when for rule in taken.config.rules} >= {
        "failure",
        "success_rate",
        "slower",
        "stuck",
        "stale",
        "flaky",
    }
    assert taken.config.public_url
    assert "@default" in taken.config.rules[0].branches


def test_a_package_of_the_same_name_is_told_with_both_places(tmp_path: Path) -> None:
    ours = tmp_path / "app"
    theirs = tmp_path / "other" / "config" / "__init__.py"
    for folder in (ours / "collector", ours / "config", theirs.parent):
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
    mine = ours / "config" / "__init__.py"
    assert shadow_refusal("config", str(mine), ours / "collector") is None
    refusal = shadow_refusal("config", str(theirs), ours / "collector")
    assert refusal is not None
    assert str(theirs) in refusal
    assert str(mine) in refusal
    assert shadow_refusal("config", None, ours / "collector") is not None


@pytest.mark.parametrize("text", ["30s", "5m", "6h", "14d", "2w", "90m", "3650d", "0s"])
def test_durations_are_read_and_written(text: str) -> None:
    assert parse_duration(format_duration(parse_duration(text))) == parse_duration(text)


@pytest.mark.parametrize(
    "text", ["", "5", "m", "5 m", "5min", "-5m", "1.5h", "3651d", "999999w", "٥m", "5m\n", 5, None, True]
)
def test_what_is_no_duration_says_how_it_is_written(text: object) -> None:
    with pytest.raises(ValueError, match=r"30s|longest"):
        parse_duration(text)
