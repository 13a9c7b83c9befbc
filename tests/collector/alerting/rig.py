"""A database, a configuration and an evaluator with a clock of the test's own, and builds as a provider tells them."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from collector import ingest
from collector.alerting.evaluator import Evaluator
from collector.domain import payload
from collector.domain.alert_states import Alert, State
from collector.domain.model import BuildKey, PipelineRef, RunWord, Status, Word
from collector.ingest import Context
from collector.providers.base import Batch
from collector.storage import alerts, notifications
from collector.storage.alerts import of_row
from collector.storage.database import Database, connect
from collector.storage.notifications import Notification
from collector.storage.tables import sql
from config.model import Config
from tests.builders import NOON

RULES = """
receivers: [{name: team, stdout: {}}]
rules: [{name: broken, when: failure}]
"""


def config_of(text: str = RULES) -> Config:
    return Config.model_validate(yaml.safe_load(textwrap.dedent(text)))


def build(run: int, status: Status, at: datetime, *, attempt: int = 1, minutes: float = 1, **fields: Any) -> RunWord:
    """A run of "CI" on main that began at ``at`` and took a minute. ``repo``, ``workflow`` say of what."""
    repo, workflow = fields.pop("repo", "acme/web"), str(fields.pop("workflow", 7))
    ended = at + timedelta(minutes=minutes)
    defaults: Mapping[str, Any] = {
        "pipeline": PipelineRef(workflow, f"CI {workflow}"),
        "created_at": at,
        "started_at": at,
        "updated_at": ended if status.finished else at,
        "conclusion": status.value if status.finished else None,
        "branch": "main",
        "commit": f"c{run}",
        "event": "push",
        "told_by": "push",
        "url": f"https://github.com/{repo}/actions/runs/{run}",
    }
    return RunWord(BuildKey("github", "github.com", repo, str(run), attempt), status=status, **{**defaults, **fields})


def failed(run: int, at: datetime, **fields: Any) -> RunWord:
    return build(run, Status.FAILURE, at, **fields)


def passed(run: int, at: datetime, **fields: Any) -> RunWord:
    return build(run, Status.SUCCESS, at, **fields)


@dataclass(slots=True)
class Rig:
    """``now`` is what everything takes for the time."""

    folder: Path
    config: Config = field(default_factory=config_of)
    now: datetime = NOON
    database: Database = field(init=False)
    evaluator: Evaluator = field(init=False)

    def __post_init__(self) -> None:
        self.database = connect(f"sqlite:///{self.folder / 'alerts.db'}")
        self.database.migrate()
        self.start()

    def start(self, config: Config | None = None) -> None:
        """As a collector that starts anew, perhaps with another configuration."""
        self.config = config or self.config
        self.evaluator = Evaluator(self.database, self.config)
        self.evaluator.begin(self.now)

    def tell(self, *words: Word, source: str | None = None) -> None:
        """Words come in and nobody looks yet."""
        ingest.record(self.database, Batch(words=words), Context(source), self.now)

    def look(self) -> None:
        """The evaluator takes what there is."""
        while self.evaluator.slice(self.now):
            pass

    def told(self, *words: Word) -> None:
        """Words come in one by one, and each is looked at."""
        for word in words:
            if isinstance(word, RunWord) and word.updated_at is not None:
                self.now = max(self.now, word.updated_at)
            self.tell(word)
            self.look()

    def tick(self, **later: float) -> None:
        """The clock moves on by so much, then ticks."""
        self.now += timedelta(**later)
        self.evaluator.tick(self.now)

    def alerts(self) -> list[Alert]:
        with self.database.reading():
            return [of_row(row) for row in sql(f"{alerts.SELECT} ORDER BY id")]

    def states(self) -> list[State]:
        return [alert.state for alert in self.alerts()]

    def the_alert(self) -> Alert:
        (alert,) = self.alerts()
        return alert

    def outbox(self, receiver: str | None = None) -> list[Notification]:
        with self.database.reading():
            names = [receiver] if receiver else [row[0] for row in sql("SELECT DISTINCT receiver FROM notifications")]
            found = [one for name in names for one in notifications.waiting(name)]
        return sorted(found, key=lambda one: one.id)

    def kinds(self, receiver: str | None = None) -> list[str]:
        return [one.kind for one in self.outbox(receiver)]

    def facts(self) -> Sequence[payload.AlertFacts]:
        return [payload.from_json(one.payload) for one in self.outbox()]

    def close(self) -> None:
        self.database.close()
