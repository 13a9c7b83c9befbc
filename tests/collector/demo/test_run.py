from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import yaml

from collector.demo.folder import CONFIG_FILE, FIRST_LINE, ForeignFolder
from collector.demo.run import start_demo

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def test_a_demo_starts_writes_its_config_and_stops_within_a_second(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    demo = start_demo(folder, product_url="http://127.0.0.1:9", now=NOW, days=2)
    config = yaml.safe_load(demo.config_path.read_text(encoding="utf-8"))
    github, jenkins = config["sources"]
    assert demo.config_path == folder / CONFIG_FILE
    assert demo.database_url == f"sqlite:///{folder / 'cihealth-demo.db'}"
    assert (github["url"], jenkins["url"]) == (demo.github.api_url, demo.jenkins.base_url)
    assert {group["name"] for group in config["groups"]} == {"web-team", "platform-team", "mobile-team", "data-team"}
    start = time.monotonic()
    demo.stop()
    demo.stop()
    assert time.monotonic() - start < 1
    assert demo.github.failures == demo.jenkins.failures == []


def test_its_config_names_secrets_that_the_environment_holds_and_both_servers_ask_for(tmp_path: Path) -> None:
    with start_demo(tmp_path, product_url="http://127.0.0.1:9", now=NOW, days=1) as demo:
        text = demo.config_path.read_text(encoding="utf-8")
        sources = yaml.safe_load(text)["sources"]
        token = demo.environment[sources[0]["token"].strip("${}")]
        password = demo.environment[sources[1]["token"].strip("${}")]
        repos = httpx.get(f"{demo.github.api_url}/orgs/acme/repos", headers={"Authorization": f"Bearer {token}"})
        jobs = httpx.get(f"{demo.jenkins.base_url}/api/json?tree=jobs[name]", auth=("ci-health", password))
        refused = httpx.get(f"{demo.github.api_url}/user", headers={"Authorization": "Bearer nonsense"})
    assert len(repos.json()) == 6
    assert {job["name"] for job in jobs.json()["jobs"]} >= {"platform", "data", "legacy-billing"}
    assert refused.status_code == 401
    assert demo.environment["CIHEALTH_DEMO"] == "1"
    assert not any(value in text for name, value in demo.environment.items() if name != "CIHEALTH_DEMO")


def test_each_demo_begins_anew(tmp_path: Path) -> None:
    (tmp_path / CONFIG_FILE).write_text(FIRST_LINE + "sources: []\n")
    (tmp_path / "cihealth-demo.db").write_text("an earlier demo's")
    (tmp_path / "alerts.txt").write_text("an earlier demo's")
    (tmp_path / "mine.db").write_text("mine")
    start_demo(tmp_path, product_url="http://127.0.0.1:9", now=NOW, days=1).stop()
    assert not (tmp_path / "cihealth-demo.db").exists()
    assert not (tmp_path / "alerts.txt").exists()
    assert (tmp_path / "mine.db").read_text() == "mine"


@pytest.mark.parametrize("name", [CONFIG_FILE, "cihealth-demo.db", "cihealth-demo.db-wal"])
def test_a_folder_with_a_file_that_no_demo_wrote_is_left_as_it_is(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("sources: []\n")
    with pytest.raises(ForeignFolder, match=f"{name}.*another folder"):
        start_demo(tmp_path, product_url="http://127.0.0.1:9", now=NOW, days=1)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [(name, "sources: []\n")]


def test_a_config_that_is_a_link_is_not_written_through(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(FIRST_LINE)
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / CONFIG_FILE).symlink_to(mine)
    with pytest.raises(ForeignFolder):
        start_demo(tmp_path / "demo", product_url="http://127.0.0.1:9", now=NOW, days=1)
    assert mine.read_text() == FIRST_LINE


def test_the_products_own_loader_finds_nothing_wrong_with_the_config(tmp_path: Path) -> None:
    from config.load import EVERYTHING, load

    with start_demo(tmp_path, product_url="http://127.0.0.1:9", now=NOW, days=1) as demo:
        loaded = load(demo.config_path, demo.environment, need=EVERYTHING)
    assert [source.name for source in loaded.config.sources] == ["demo-github", "demo-jenkins"]
    assert list(loaded.warnings) == []
    assert [(rule.name, rule.when) for rule in loaded.config.rules] == [("broken", "failure"), ("flaky", "flaky")]
    (receiver,) = loaded.config.receivers
    assert receiver.file is not None
    assert receiver.file.path == str(tmp_path / "alerts.txt")
