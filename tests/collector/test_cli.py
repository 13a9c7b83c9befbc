"""The command line: exit codes and words, by click's runner where nothing is started, else as real programs."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import click
import httpx
import pytest
import structlog
from click.testing import CliRunner, Result

from collector.cli import cli, shown
from collector.storage.migrations import MIGRATIONS
from tests.product import Product, free_port

SOURCE = "sources:\n  - {name: acme, provider: github, repos: [acme/web], token: '${ACME_TOKEN}'}\n"
PUSH_ONLY = "ingest_tokens: ['${CIHEALTH_TEST_INGEST}']\n"
LEASE_SECONDS = 15.0
"""How long a dead collector's lease may still hold the next one up."""
BUILD = {
    "pipeline": "ci",
    "repo": "acme/web",
    "branch": "main",
    "status": "success",
    "started_at": "2026-03-01T12:00:00Z",
}


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Commands set up logging for their process; here that process is the tests' own."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder and an environment without words for us."""
    for name in [name for name in os.environ if name.startswith("CIHEALTH_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    give_up_at = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up_at, "it did not happen in time"
        time.sleep(0.05)


@pytest.mark.parametrize(
    "arguments",
    [
        ("unknown",),
        ("run", "--port", "http"),
        ("run", "--port", "65536"),
        ("web", "--host", "no host"),
        ("migrate", "--database", "mysql://x"),
        ("collect", "--port", "1"),
        ("run", "extra"),
    ],
)
def test_wrong_use_ends_with_two(arguments: tuple[str, ...]) -> None:
    ended = invoke(*arguments)
    assert ended.exit_code == 2
    assert "Error" in ended.output


@pytest.mark.parametrize("command", ["run", "web", "collect", "migrate", "check-config"])
@pytest.mark.parametrize("url", ["postgresql://ci:hunter2@db/ci", "mysql://x", "sqlite:////no/such/folder/ci.db"])
def test_a_database_that_can_never_work_is_wrong_use(monkeypatch: pytest.MonkeyPatch, command: str, url: str) -> None:
    asked = invoke(command, "--database", url)
    monkeypatch.setenv("CIHEALTH_DATABASE", url)
    for ended in (asked, invoke(command)):
        assert ended.exit_code == 2
        assert "sqlite:///" in ended.output or "no/such/folder" in ended.output
        assert "hunter2" not in ended.output


def test_a_misspelt_variable_draws_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIHEALTH_DATABSE", "sqlite:///x.db")
    ended = invoke("check-config")
    assert ended.exit_code == 0
    assert "warning: environment: CIHEALTH_DATABSE" in ended.output
    assert "did you mean CIHEALTH_DATABASE?" in ended.output


def test_every_command_takes_a_config_and_a_database() -> None:
    groups = [command for command in cli.commands.values() if isinstance(command, click.Group)]
    alone = {name: command for name, command in cli.commands.items() if command not in groups}
    for name, command in [*alone.items(), *(one for group in groups for one in group.commands.items())]:
        options = {option for parameter in command.params for option in parameter.opts}
        assert {"--config", "--database"} <= options, name
        assert ({"--host", "--port", "--insecure"} <= options) == (name in ("run", "web", "demo", "check-config")), name


@pytest.mark.parametrize("command", ["run", "web", "collect", "check-config"])
def test_every_problem_of_the_config_is_told_with_its_place_and_the_exit_code_is_two(place: Path, command: str) -> None:
    (place / "collectors.yaml").write_text(
        "sources:\n  - {name: a, provider: github, repoes: [x/y]}\n  - {name: b, provider: travis}\n"
    )
    ended = invoke(command)
    assert ended.exit_code == 2
    assert "collectors.yaml:2: " in ended.output
    assert "collectors.yaml:3: " in ended.output
    assert not list(place.glob("*.db*")), "nothing was begun"


def test_a_config_that_is_named_must_be_there() -> None:
    ended = invoke("collect", "--once", "--config", "other.yaml")
    assert ended.exit_code == 2
    assert "other.yaml: does not exist" in ended.output


def test_a_missing_secret_stops_the_collector_and_not_the_web_app(place: Path) -> None:
    (place / "collectors.yaml").write_text(SOURCE)
    ended = invoke("collect", "--once")
    assert ended.exit_code == 2
    assert "ACME_TOKEN" in ended.output
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        refused = invoke("web", "--port", str(taken.getsockname()[1]))
    assert refused.exit_code == 1, "it came as far as the port"


def test_check_config_says_what_would_be_watched(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_TOKEN", "x")
    (place / "collectors.yaml").write_text(SOURCE)
    ended = invoke("check-config")
    assert ended.exit_code == 0
    assert "acme" in ended.output


@pytest.mark.parametrize("command", ["run", "web", "check-config"])
def test_beyond_this_machine_a_password_is_needed(command: str) -> None:
    ended = invoke(command, "--host", "0.0.0.0")
    assert ended.exit_code == 2
    assert "CIHEALTH_PASSWORD" in ended.output
    assert invoke("check-config", "--host", "0.0.0.0", "--insecure").exit_code == 0


@pytest.mark.parametrize("command", ["run", "web", "demo"])
def test_a_port_in_use_is_named_and_ends_with_one(command: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        ended = invoke(command, "--port", port)
    assert ended.exit_code == 1
    assert f"port {port} on 127.0.0.1 is in use" in ended.output


def test_a_demo_leaves_a_folder_with_somebodys_own_config_alone(place: Path) -> None:
    (place / "collectors.yaml").write_text(SOURCE)
    ended = invoke("demo", "--folder", ".")
    assert ended.exit_code == 2
    assert "collectors.yaml" in ended.output
    assert "another folder" in ended.output
    assert (place / "collectors.yaml").read_text() == SOURCE


def test_a_host_of_another_machine_is_refused_in_words() -> None:
    ended = invoke("run", "--host", "192.0.2.1", "--insecure")
    assert ended.exit_code == 1
    assert "192.0.2.1" in ended.output
    assert "--host" in ended.output


def test_migrate_says_the_version_and_may_be_repeated(place: Path) -> None:
    first, again = invoke("migrate"), invoke("migrate")
    assert first.exit_code == again.exit_code == 0
    assert again.output == f"sqlite:///cihealth.db: schema version {len(MIGRATIONS)}\n"
    assert first.output.endswith(again.output)
    assert (place / "cihealth.db").exists()


def test_the_schema_is_json() -> None:
    ended = invoke("schema")
    assert ended.exit_code == 0
    assert "sources" in json.loads(ended.output)["properties"]


def test_a_password_in_a_database_url_is_not_shown() -> None:
    assert shown("postgresql://ci:secret@db/health") == "postgresql://db/health"
    assert shown("sqlite:///cihealth.db") == "sqlite:///cihealth.db"


def test_a_foreign_config_package_is_refused_with_both_paths(place: Path) -> None:
    foreign = place / "config"
    foreign.mkdir()
    (foreign / "__init__.py").write_text("raise RuntimeError('must not be run')")
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "collector", "migrate"],
        env={**os.environ, "PYTHONPATH": str(place)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert str(foreign) in ended.stderr
    assert "ours is" in ended.stderr


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    env = {"CIHEALTH_TEST_INGEST": "s3cr3t-of-ingest", "ACME_TOKEN": "s3cr3t-of-the-api"}
    config = PUSH_ONLY + SOURCE.replace("repos", "interval: 600s, url: 'http://127.0.0.1:9', repos")
    with Product(tmp_path_factory.mktemp("run"), config=config, env=env) as product:
        yield product


def post(product: Product, name: str) -> int:
    headers = {"Authorization": "Bearer s3cr3t-of-ingest"}
    try:
        body = {**BUILD, "external_id": name}
        return httpx.post(product.url + "/ingest/my-ci", json=body, headers=headers, timeout=5).status_code
    except httpx.HTTPError:
        return 0


def test_run_serves_and_collects_and_the_web_app_does_not_see_api_secrets(running: Product) -> None:
    assert post(running, "one") in (200, 201)
    environments = {kind: Path(f"/proc/{pid}/environ").read_bytes() for pid, kind in running.descendants().items()}
    assert set(environments) == {"web", "collect"}
    assert b"s3cr3t-of-the-api" not in environments["web"]
    assert b"s3cr3t-of-ingest" in environments["web"]
    assert b"s3cr3t-of-the-api" in environments["collect"]


@pytest.mark.parametrize("kind", ["web", "collect"])
def test_a_killed_program_comes_back_and_nothing_is_lost(running: Product, kind: str) -> None:
    assert post(running, f"before {kind}") in (200, 201)
    victims = [pid for pid, found in running.descendants().items() if found == kind]
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not any(alive(pid) for pid in victims))
    running.wait_ready()
    wait_until(lambda: kind in running.descendants().values())
    assert post(running, f"after {kind}") in (200, 201)
    stored = {build["external_id"] for build in _builds(running)}
    assert {f"before {kind}", f"after {kind}"} <= stored


def _builds(product: Product) -> list[dict[str, object]]:
    found: list[dict[str, object]] = httpx.get(product.url + "/builds", params={"window": "3650d"}).json()["builds"]
    return found


def test_a_second_collector_beside_run_names_it(running: Product, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "collector", "collect", "--database", f"sqlite:///{running.database}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 1
    assert running.process is not None
    assert f"process {running.process.pid}" in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run_ends_with_zero_within_five_seconds_when_only_the_main_process_is_told(tmp_path: Path, number: int) -> None:
    product = Product(tmp_path).start()
    below = list(product.descendants())
    assert len(below) >= 2
    told_at = time.monotonic()
    assert product.stop(number) == 0, product.output
    assert time.monotonic() - told_at < 5
    assert not any(alive(pid) for pid in below)


def test_a_killed_run_leaves_no_orphan_and_the_next_one_starts_at_once(tmp_path: Path) -> None:
    began_at = time.monotonic()
    product = Product(tmp_path).start()
    first_seconds = time.monotonic() - began_at
    below = list(product.descendants())
    product.stop(signal.SIGKILL)
    wait_until(lambda: not any(alive(pid) for pid in below), 5)
    began_at = time.monotonic()
    with product:
        assert time.monotonic() - began_at < 2 * first_seconds + LEASE_SECONDS


def test_a_second_run_on_another_port_serves_the_same_builds(tmp_path: Path) -> None:
    with Product(tmp_path) as first:
        assert httpx.post(first.url + "/ingest/my-ci", json=BUILD).status_code in (200, 201)
        second = Product(tmp_path, port=free_port())
        second._config.write_text("sources: []\n")
        with second:
            assert len(_builds(second)) == 1
        first.wait_ready()


def test_make_run_s_way_in_starts_the_demo_while_no_source_is_named(tmp_path: Path) -> None:
    product = Product(tmp_path, command=("run", "--or-demo"))
    with product:
        assert "made up" in product.output
        names = {source["name"] for source in httpx.get(product.url + "/sources").json()["sources"]}
        assert names == {"demo-github", "demo-jenkins"}
    assert not product.database.exists(), "the demo has a database of its own"
