"""A GitHub and a Jenkins on loopback, what collects from them, and the API over the same database; time stands still
until a test moves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from collector.alerting.evaluator import Evaluator
from collector.demo.github import GithubServer
from collector.demo.jenkins import JenkinsServer
from collector.demo.script import ScriptedWorld
from collector.poller import Outcome, Poller, SourceJob
from collector.providers.registry import make_reader
from collector.recording import Recorder
from collector.storage.memory import SourceMemory
from config.model import Config
from tests.webapp.harness import Web

Json = dict[str, Any]
START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ENVIRON = {"GH": "gh-token", "JK": "jk-token", "HOOK": "hook-secret"}
RULES: Json = {
    "receivers": [{"name": "team", "stdout": {}}],
    "rules": [
        {"name": "broken", "when": "failure"},
        {"name": "stuck", "when": "stuck", "running_for": "30m"},
        {"name": "silent", "when": "stale", "no_build_for": "2d"},
    ],
}


@dataclass
class Collecting:
    """``start`` as a collector with these sources starts, ``poll`` as time goes on, ``get`` as a client asks."""

    folder: Path
    world: ScriptedWorld
    github: GithubServer
    jenkins: JenkinsServer
    environ: Mapping[str, str] = field(default_factory=lambda: ENVIRON)

    def __post_init__(self) -> None:
        self.web = Web(self.folder)
        self.config = Config()
        self.pollers: list[Poller] = []
        self.recorder = Recorder(self.web.database)
        self.evaluator = Evaluator(self.web.database, self.config)

    def acme(self, **keys: Any) -> Json:
        """The GitHub source ``acme``."""
        given = {"name": "acme", "provider": "github", "url": self.github.api_url, "repos": ["acme/web"], **keys}
        return given if "app" in given else {"token": "${GH}", **given}

    def ci(self, **keys: Any) -> Json:
        """The Jenkins source ``ci``."""
        return {
            "name": "ci", "provider": "jenkins", "url": self.jenkins.base_url, "user": "ci-health", "token": "${JK}",
            **keys,
        }  # fmt: skip

    def start(self, *sources: Json, **more: Any) -> None:
        """Anew, with these sources and the rules."""
        self.close()
        given = {"sources": list(sources), **RULES, **more}
        self.web = Web(self.folder, config=given, environ=self.environ)
        self.config = Config.model_validate(given)
        self.recorder = Recorder(self.web.database)
        self.pollers = [self._poller(name) for name in (one["name"] for one in sources)]
        self.evaluator = Evaluator(self.web.database, self.config)
        self.evaluator.begin(self.world.clock())
        self.recorder.leave_all_but([one["name"] for one in sources], self.world.clock())

    def _poller(self, name: str) -> Poller:
        source = self.config.source_named(name)
        assert source is not None
        reader = make_reader(source, self.config, self.environ, clock=self.world.clock)
        job = SourceJob(name, source.provider, self.config.interval_of(source), reader, source.default_branch)
        return Poller(job, self.recorder, SourceMemory(self.web.database, name), clock=self.world.clock)

    def poll(self, *, minutes: float = 1, times: int = 1) -> list[Outcome]:
        """So many polls of every source, each so long after the last; alerts are looked at in between."""
        outcomes = []
        for _ in range(times):
            self.world.advance(minutes * 60)
            now = self.web.clock.now = self.world.clock()
            outcomes = [poller.poll() for poller in self.pollers]
            self.recorder.let_go(now)
            while self.evaluator.slice(now):
                pass
            self.evaluator.tick(now)
        return outcomes

    def get(self, path: str, **query: Any) -> Json:
        """What the API answers at the present moment."""
        self.web.clock.now = self.world.clock()
        answer: Json = self.web.json(path, query_string=query)
        return answer

    def builds(self, **query: Any) -> dict[tuple[str, int], Json]:
        """By external id and attempt, those of 90 days."""
        found = self.get("/builds", limit=200, window="90d", **query)["builds"]
        return {(build["external_id"], build["attempt"]): build for build in found}

    def build(self, external_id: object, attempt: int = 1) -> Json:
        return self.builds()[str(external_id), attempt]

    def pipelines(self) -> dict[str, Json]:
        """By repo and name."""
        return {f"{one['repo']} {one['pipeline']}": one for one in self.get("/pipelines")["pipelines"]}

    def alerts(self) -> list[tuple[str, str, str, str]]:
        """(rule, pipeline, state, reason) of all there were."""
        told = self.get("/alerts", limit=100)["alerts"]
        return sorted((one["rule"], one["pipeline"], one["state"], one["reason"]) for one in told)

    def notified(self) -> list[str]:
        """The kinds of notifications of each alert."""
        told = self.get("/alerts", limit=100)["alerts"]
        return sorted(note["kind"] for one in told for note in one["notifications"])

    def source(self, name: str) -> Json:
        found: Json = next(one for one in self.get("/sources")["sources"] if one["name"] == name)
        return found

    def close(self) -> None:
        for poller in self.pollers:
            poller.close()
        self.pollers = []
        self.web.close()
