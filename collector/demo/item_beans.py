"""Jenkins' root, folders, projects and jobs as its REST answers show them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any, ClassVar

from collector.demo.build_beans import build_bean
from collector.demo.plans import FOLDER, FREESTYLE, MATRIX, MULTIBRANCH, PIPELINE, Build, Item, build_status
from collector.demo.shown import Shown, millis
from collector.demo.tree import Bean

_COLORS = {"SUCCESS": "blue", "FAILURE": "red", "UNSTABLE": "yellow", "ABORTED": "aborted", "NOT_BUILT": "notbuilt"}
MOST_BUILDS = 100
"""``builds`` shows no more; ``allBuilds`` shows all."""


class ItemBean(Bean):
    """A folder, a multibranch project or a job; which properties it has follows from its class."""

    brief: ClassVar[Sequence[str]] = ("name", "url", "color")
    hidden: ClassVar[frozenset[str]] = frozenset({"allBuilds"})

    def __init__(self, shown: Shown, item: Item) -> None:
        self.shown, self.item = shown, item

    @property
    def kind(self) -> str:
        return self.item.cls

    def exported(self) -> Mapping[str, Callable[[Any], Any]]:
        return _PROPERTIES[self.item.cls]

    @cached_property
    def started(self) -> list[Build]:
        return self.shown.started(self.item.full_name)

    def builds(self) -> list[Bean]:
        return [build_bean(self.shown, self.item, build) for build in self.started]

    def last(self, test: Callable[[Build], bool]) -> Bean | None:
        found = next((build for build in self.started if test(build)), None)
        return None if found is None else build_bean(self.shown, self.item, found)

    def done(self, build: Build) -> bool:
        return build_status(build, self.shown.now) == "done"

    def with_result(self, *results: str) -> Bean | None:
        return self.last(lambda build: self.done(build) and build.result in results)

    def color(self) -> str:
        if self.item.disabled:
            return "disabled"
        ended = next((build for build in self.started if self.done(build)), None)
        base = "notbuilt" if ended is None else _COLORS.get(ended.result, "notbuilt")
        running = bool(self.started) and not self.done(self.started[0])
        return f"{base}_anime" if running else base

    def scm(self) -> dict[str, Any]:
        if self.item.remote is None:
            return {"_class": "hudson.scm.NullSCM"}
        return {"_class": "hudson.plugins.git.GitSCM", "userRemoteConfigs": [{"url": self.item.remote}]}

    def task(self) -> dict[str, Any]:
        url = self.shown.url(self.item.full_name)
        return {"_class": self.kind, "name": self.item.name, "url": url, "color": self.color()}

    def queue_item(self) -> dict[str, Any] | None:
        waiting = [b for b in self.shown.view.builds(self.item.full_name) if self._waits(b)]
        return queue_item(self.shown, self, waiting[-1]) if waiting else None

    def _waits(self, build: Build) -> bool:
        return build_status(build, self.shown.now) == "queued"

    def health(self) -> list[dict[str, Any]]:
        ended = [build for build in self.started if self.done(build)][:5]
        bad = sum(build.result == "FAILURE" for build in ended)
        told = f"{bad} out of the last {len(ended)} builds failed." if bad else "No recent builds failed."
        score = 100 - 20 * bad
        return [{"description": f"Build stability: {told}", "iconUrl": "health-80plus.png", "score": score}]


def _beans(shown: Shown, full_name: str) -> list[ItemBean]:
    return [ItemBean(shown, item) for item in shown.children(full_name)]


def queue_item(shown: Shown, bean: ItemBean, build: Build) -> dict[str, Any]:
    """A job's place in the queue, as ``queue/api/json`` and the job's ``queueItem`` show it."""
    blocked = "already in progress" in build.why
    return {
        "_class": "hudson.model.Queue$BlockedItem" if blocked else "hudson.model.Queue$BuildableItem",
        "actions": [{"_class": "hudson.model.CauseAction", "causes": [
            {"_class": build.cause_class, "shortDescription": build.cause}]}],
        "blocked": blocked,
        "buildable": not blocked,
        "id": build.queue_id,
        "inQueueSince": millis(build.queued_at),
        "params": "",
        "stuck": shown.now - build.queued_at > timedelta(minutes=10),
        "task": bean.task(),
        "url": f"queue/item/{build.queue_id}/",
        "why": build.why,
        "buildableStartMilliseconds": millis(build.queued_at),
        "pending": False,
    }  # fmt: skip


_NAMED: Mapping[str, Callable[[Any], Any]] = {
    "actions": lambda self: [],
    "description": lambda self: None,
    "displayName": lambda self: self.item.display_name,
    "displayNameOrNull": lambda self: self.item.display_name if "%" in self.item.name else None,
    "fullDisplayName": lambda self: self.shown.display(self.item.full_name),
    "fullName": lambda self: self.item.full_name,
    "name": lambda self: self.item.name,
    "url": lambda self: self.shown.url(self.item.full_name),
    "healthReport": lambda self: self.health(),
}
_FOLDER: Mapping[str, Callable[[Any], Any]] = {
    **_NAMED,
    "jobs": lambda self: _beans(self.shown, self.item.full_name),
    "primaryView": lambda self: {"_class": "hudson.model.AllView", "name": "All", "url": self.exported()["url"](self)},
    "views": lambda self: [self.exported()["primaryView"](self)],
}
_JOB: Mapping[str, Callable[[Any], Any]] = {
    **_NAMED,
    "buildable": lambda self: not self.item.disabled,
    "builds": lambda self: self.builds()[:MOST_BUILDS],
    "allBuilds": lambda self: self.builds(),
    "color": lambda self: self.color(),
    "firstBuild": lambda self: self.builds()[-1] if self.started else None,
    "inQueue": lambda self: self.queue_item() is not None,
    "keepDependencies": lambda self: False,
    "lastBuild": lambda self: self.last(lambda build: True),
    "lastCompletedBuild": lambda self: self.last(self.done),
    "lastFailedBuild": lambda self: self.with_result("FAILURE"),
    "lastStableBuild": lambda self: self.with_result("SUCCESS"),
    "lastSuccessfulBuild": lambda self: self.with_result("SUCCESS", "UNSTABLE"),
    "lastUnstableBuild": lambda self: self.with_result("UNSTABLE"),
    "lastUnsuccessfulBuild": lambda self: self.with_result("FAILURE", "UNSTABLE", "ABORTED", "NOT_BUILT"),
    "nextBuildNumber": lambda self: self.started[0].number + 1 if self.started else 1,
    "property": lambda self: [],
    "queueItem": lambda self: self.queue_item(),
    "concurrentBuild": lambda self: self.item.cls == PIPELINE,
}
_PROJECT: Mapping[str, Callable[[Any], Any]] = {
    **_JOB,
    "disabled": lambda self: self.item.disabled,
    "downstreamProjects": lambda self: [],
    "scm": lambda self: self.scm(),
    "upstreamProjects": lambda self: [],
}
_PROPERTIES: Mapping[str, Mapping[str, Callable[[Any], Any]]] = {
    FOLDER: _FOLDER,
    MULTIBRANCH: {**_FOLDER, "sources": lambda self: [{}]},
    PIPELINE: {**_JOB, "resumeBlocked": lambda self: False},
    FREESTYLE: _PROJECT,
    MATRIX: {
        **_PROJECT,
        "activeConfigurations": lambda self: [
            {"_class": "hudson.matrix.MatrixConfiguration", "name": value, "color": self.color(),
             "url": self.shown.cell_url(self.item.full_name, value)}
            for value in self.item.axis
        ],
    },
}  # fmt: skip


class RootBean(Bean):
    cls = "hudson.model.Hudson"

    def __init__(self, shown: Shown) -> None:
        self.shown = shown

    properties: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        "assignedLabels": lambda self: [{"name": "built-in"}],
        "mode": lambda self: "NORMAL",
        "nodeDescription": lambda self: "the Jenkins controller's built-in node",
        "nodeName": lambda self: "",
        "numExecutors": lambda self: 0,
        "description": lambda self: None,
        "jobs": lambda self: _beans(self.shown, ""),
        "overallLoad": lambda self: {},
        "primaryView": lambda self: {"_class": "hudson.model.AllView", "name": "all", "url": self.shown.root_url + "/"},
        "quietDownReason": lambda self: None,
        "quietingDown": lambda self: False,
        "slaveAgentPort": lambda self: -1,
        "unlabeledLoad": lambda self: {"_class": "jenkins.model.UnlabeledLoadStatistics"},
        "url": lambda self: self.shown.root_url + "/",
        "useCrumbs": lambda self: True,
        "useSecurity": lambda self: True,
        "views": lambda self: [self.exported()["primaryView"](self)],
    }
