"""Starting and stopping the demo: both servers, the webhooks, and a collectors.yaml that names them.

``cihealth demo`` calls ``start_demo``, runs the real product on what it returns, and calls ``stop``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import Any, Self

import yaml

from collector.demo.catalog import ORG, REPO_MAP, TEAMS
from collector.demo.folder import ALERTS_FILE, CONFIG_FILE, DATABASE_FILE, FIRST_LINE, clear_folder
from collector.demo.github import GithubServer
from collector.demo.jenkins import JenkinsServer
from collector.demo.webhooks import Weather, WebhookSender
from collector.demo.world import DemoWorld

_GITHUB_LIMIT = 15_000
"""What GitHub Enterprise Cloud grants: a first read of 90 days never meets it."""
_NAMES = {
    "token": "CIHEALTH_DEMO_GITHUB_TOKEN",
    "secret": "CIHEALTH_DEMO_WEBHOOK_SECRET",
    "jenkins": "CIHEALTH_DEMO_JENKINS_TOKEN",
    "notify": "CIHEALTH_DEMO_JENKINS_WEBHOOK_TOKEN",
}


@dataclass(frozen=True, slots=True)
class DemoServers:
    """A running demo. ``config_path`` and ``database_url`` are what the product is started with.

    ``environment`` holds the secrets that the config names, and CIHEALTH_DEMO=1 by which the dashboard says that it
    is a demo: the product's processes need it.
    """

    config_path: Path
    database_url: str
    world: DemoWorld
    github: GithubServer
    jenkins: JenkinsServer
    webhooks: WebhookSender
    environment: Mapping[str, str]

    def stop(self) -> None:
        """Ends servers and webhooks within a second. Harmless when repeated."""
        self.webhooks.stop()
        self.github.stop()
        self.jenkins.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()


def start_demo(
    folder: Path,
    *,
    product_url: str,
    seed: int = 7,
    now: datetime | None = None,
    days: int = 90,
    backfill: str = "",
    weather: Weather | None = None,
) -> DemoServers:
    """Starts the demo's GitHub and Jenkins on 127.0.0.1 at free ports and writes ``folder``/collectors.yaml.

    ``product_url`` is where webhooks go, e.g. ``http://127.0.0.1:8000``; it need not answer yet. The world ends at
    ``now`` (the present) after ``days`` days, and ``backfill`` (all of them) is what the product reads. The database
    in ``folder`` is the demo's own: one of an earlier demo is deleted, because its builds would have other ports.
    Raises OSError when the folder cannot be written, ForeignFolder when it holds what is not a demo's.
    """
    clear_folder(folder)
    secrets = {name: token_hex(20) for name in _NAMES}
    world = DemoWorld(seed, now, days)
    github = GithubServer(world, tokens={secrets["token"]}, enterprise=True, limit=_GITHUB_LIMIT).start()
    jenkins = JenkinsServer(world, users={"ci-health": secrets["jenkins"]}).start()
    config = folder / CONFIG_FILE
    config.write_text(_config(github, jenkins, backfill or f"{days}d"), encoding="utf-8")
    webhooks = WebhookSender(
        world, product_url, github=github, github_secret=secrets["secret"], jenkins=jenkins,
        jenkins_token=secrets["notify"], weather=weather, seed=seed,
    ).start()  # fmt: skip
    environment = {_NAMES[name]: value for name, value in secrets.items()} | {"CIHEALTH_DEMO": "1"}
    database_url = f"sqlite:///{(folder / DATABASE_FILE).resolve()}"
    return DemoServers(config, database_url, world, github, jenkins, webhooks, environment)


def _config(github: GithubServer, jenkins: JenkinsServer, backfill: str) -> str:
    """The demo's collectors.yaml: secrets are names of the environment, not values."""
    named = {name: f"${{{variable}}}" for name, variable in _NAMES.items()}
    content: dict[str, Any] = {
        "defaults": {"interval": "5s", "backfill": backfill},
        "sources": [
            {
                "name": "demo-github", "provider": "github", "url": github.api_url, "token": named["token"],
                "orgs": [ORG], "webhook_secrets": [named["secret"]],
            },
            {
                "name": "demo-jenkins", "provider": "jenkins", "url": jenkins.base_url, "user": "ci-health",
                "token": named["jenkins"], "repo_map": dict(REPO_MAP), "webhook_tokens": [named["notify"]],
            },
        ],
        "groups": [{"name": name, "repos": list(repos), "pipelines": ["*"]} for name, repos in TEAMS.items()],
        "receivers": [{"name": "demo-file", "file": {"path": ALERTS_FILE}, "group_wait": "5s"}],
        "rules": [
            {"name": "broken", "when": "failure", "branches": ["@default"], "severity": "critical", "remind": "6h"},
            {"name": "flaky", "when": "flaky", "commits": 3, "window": "7d", "severity": "info"},
        ],
    }  # fmt: skip
    return FIRST_LINE + yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
