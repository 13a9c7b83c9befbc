"""What a reader meets in these tests: a memory that merges as storage does, and builders of Jenkins' objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import UTC, datetime
from typing import Any

from collector.domain.merge import BuildState, given_up, settle, told
from collector.domain.model import BuildKey, BuildRow, JobWord, LogSnippet, PlainWord, RunWord
from collector.domain.projection import project
from collector.providers.base import Batch, DetailRead, GivenUp, KnownBuild

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class FakeMemory:
    """Takes batches as storage would, and answers a reader from them."""

    def __init__(self) -> None:
        self.states: dict[BuildKey, list[BuildState]] = {}
        self.marks: dict[str, str] = {}
        self.details: dict[BuildKey, DetailRead] = {}
        self.logs: dict[BuildKey, LogSnippet] = {}
        self.watched: set[str] = set()
        self.left: dict[str, str] = {}

    def take(self, batch: Batch) -> None:
        for word in batch.words:
            if isinstance(word, RunWord | JobWord | PlainWord):
                key = word.key.folded
                self.states[key] = settle([*self.states.get(key, []), told(word)])
        if batch.watching is not None:
            self.watched = (self.watched | set(batch.watching.joined)) - batch.watching.left.keys()
            self.left |= batch.watching.left
        for one in batch.given_up:
            self._give_up(one)
        for detail in batch.details:
            self.details[detail.key.folded] = detail
        for log in batch.logs:
            self.logs[log.key.folded] = log
        self.marks.update(batch.marks)

    def _give_up(self, one: GivenUp) -> None:
        states = self.states[one.key.folded]
        state = next(state for state in states if project(state).started_at == one.build_started_at)
        self.states[one.key.folded] = settle([*states, given_up(state, one.reason)])

    def rows(self) -> dict[str, BuildRow]:
        """The newest build of each external id."""
        return {key.external_id: project(states[-1]) for key, states in self.states.items()}

    def etag(self, key: str) -> str | None:
        return None

    def mark(self, name: str) -> str | None:
        return self.marks.get(name)

    def marks_starting(self, prefix: str) -> Mapping[str, str]:
        return {name: text for name, text in self.marks.items() if name.startswith(prefix)}

    def known(self, keys: Sequence[BuildKey]) -> Mapping[BuildKey, KnownBuild]:
        found = [key.folded for key in keys if key.folded in self.states]
        return {key: self._known(key, self.states[key][-1]) for key in found}

    def unfinished(self, provider: str, instance: str, repo: str | None = None) -> Sequence[KnownBuild]:
        own = [key for key in self.states if (key.provider, key.instance) == (provider, instance)]
        builds = [self._known(key, state) for key in own for state in self.states[key]]
        return [one for one in builds if not one.status.finished]

    def watching(self) -> Set[str]:
        return self.watched

    def _known(self, key: BuildKey, state: BuildState) -> KnownBuild:
        row, detail = project(state), self.details.get(key)
        return KnownBuild(
            key=key,
            status=row.status,
            run_known=row.run_known,
            updated_at=None,
            started_at=row.started_at,
            detail_at=detail.updated_at if detail else None,
            log_read=bool(detail and detail.log_read),
        )


def ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def a_build(number: int = 7, **changes: Any) -> dict[str, Any]:
    """A finished Pipeline build as ``builds[…]`` tells it; ``changes`` replace its fields, None keeps null."""
    return {
        "_class": "org.jenkinsci.plugins.workflow.job.WorkflowRun",
        "actions": [],
        "building": False,
        "duration": 60_000,
        "estimatedDuration": 99_000,
        "number": number,
        "queueId": number + 1000,
        "result": "SUCCESS",
        "timestamp": ms(NOW),
        "url": f"https://jenkins.acme.com/job/web/{number}/",
        **changes,
    }


def git_data(sha: str, branch: str, *remotes: str) -> dict[str, Any]:
    return {
        "_class": "hudson.plugins.git.util.BuildData",
        "lastBuiltRevision": {"SHA1": sha, "branch": [{"SHA1": sha, "name": branch}]},
        "remoteUrls": list(remotes),
    }


def causes(*each: Mapping[str, Any]) -> dict[str, Any]:
    return {"_class": "hudson.model.CauseAction", "causes": list(each)}
