"""A controller on loopback, a reader for it, and the memory between polls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from collector.demo.jenkins import JenkinsServer
from collector.demo.script import ScriptedWorld
from collector.providers.base import Batch, Trouble
from collector.providers.jenkins.client import JenkinsReader, make_reader
from config.model import Config, JenkinsSource
from tests.collector.providers.jenkins.fakes import FakeMemory

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
FREESTYLE = "hudson.model.FreeStyleProject"
TIMER: dict[str, Any] = {"cause": "Started by timer", "cause_class": "hudson.triggers.TimerTrigger$TimerTriggerCause"}


class Rig:
    """``world`` is moved by a test, ``poll`` reads it into ``memory``."""

    def __init__(self, world: ScriptedWorld, server: JenkinsServer, keys: Mapping[str, Any]) -> None:
        self.world, self.server, self.memory = world, server, FakeMemory()
        self.keys = {"provider": "jenkins", "name": "build-server", "url": server.base_url, **keys}
        self.troubles: list[Trouble] = []
        self._readers: list[JenkinsReader] = []
        self.reader = self.another_reader()

    def another_reader(self, environ: Mapping[str, str] | None = None, **keys: Any) -> JenkinsReader:
        """As after a restart; only the memory is the same."""
        source = JenkinsSource(**{**self.keys, **keys})
        self._readers.append(make_reader(source, Config(sources=(source,)), environ or {}, clock=self.world.clock))
        return self._readers[-1]

    def close(self) -> None:
        for reader in self._readers:
            reader.close()

    def poll(self, until: Callable[[Batch], bool] = lambda _: False) -> list[Batch]:
        """One poll, stored; stopped like a killed collector after the batch that ``until`` names."""
        batches: list[Batch] = []
        for batch in self.reader.poll(self.memory, self.world.clock()):
            self.memory.take(batch)
            batches.append(batch)
            if batch.trouble:
                self.troubles.append(batch.trouble)
            if until(batch):
                break
        return batches

    def asked(self) -> list[str]:
        """The paths asked for since the last time."""
        paths = [entry.path for entry in self.server.journal.entries()]
        self.server.journal.clear()
        return paths

    def asked_after_poll(self) -> list[str]:
        self.asked()
        self.poll()
        return self.asked()


@contextmanager
def rig(server_keys: Mapping[str, Any] | None = None, **source_keys: Any) -> Iterator[Rig]:
    world = ScriptedWorld(now=START)
    with JenkinsServer(world, **(server_keys or {})) as server:
        made = Rig(world, server, source_keys)
        try:
            yield made
        finally:
            made.close()
        assert not server.failures
