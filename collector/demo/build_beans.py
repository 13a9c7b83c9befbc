"""Jenkins' builds as its REST answers show them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import unquote

from collector.demo.plans import FREESTYLE, MATRIX, PIPELINE, Build, Item, build_status
from collector.demo.shown import Shown, millis
from collector.demo.tree import Bean

_BUILD_CLASS = {
    PIPELINE: "org.jenkinsci.plugins.workflow.job.WorkflowRun",
    FREESTYLE: "hudson.model.FreeStyleBuild",
    MATRIX: "hudson.matrix.MatrixBuild",
}


class BuildBean(Bean):
    brief: ClassVar[Sequence[str]] = ("number", "url")

    def __init__(self, shown: Shown, item: Item, build: Build) -> None:
        self.shown, self.item, self.build = shown, item, build
        self.done = build_status(build, shown.now) == "done"

    @property
    def kind(self) -> str:
        return _BUILD_CLASS[self.item.cls]

    @property
    def url(self) -> str:
        return f"{self.shown.url(self.item.full_name)}{self.build.number}/"

    def actions(self) -> list[dict[str, Any]]:
        """Causes, then what Git knows, among the empty objects that real answers are full of."""
        build = self.build
        cause: dict[str, Any] = {"_class": build.cause_class, "shortDescription": build.cause}
        if build.upstream is not None:
            job, number = build.upstream
            cause |= {"upstreamBuild": number, "upstreamProject": job, "upstreamUrl": self.shown.path(job)}
        if "UserId" in build.cause_class and build.author is not None:
            cause |= {"userId": build.author.login, "userName": build.author.name}
        rows: list[dict[str, Any]] = [{"_class": "hudson.model.CauseAction", "causes": [cause]}, {}]
        if self.item.cls == PIPELINE and self.item.remote:
            rows += [{"_class": "jenkins.scm.api.SCMRevisionAction"}, self._library()]
        if build.sha is not None and self.item.remote:
            rows.append(self._build_data(build.sha, build.branch or unquote(self.item.name), self.item.remote))
        return [*rows, {}, {"_class": "org.jenkinsci.plugins.displayurlapi.actions.RunDisplayAction"}]

    def _library(self) -> dict[str, Any]:
        """The shared library's BuildData comes first and is not the job's own."""
        sha = "d2040eb52fbb16ae0c59dc478a359df09cf818a5"[::-1]
        return self._build_data(sha, "master", "https://git.acme.example/platform/jenkins-library.git")

    def _build_data(self, sha: str, branch: str, remote: str) -> dict[str, Any]:
        revision = {"SHA1": sha, "branch": [{"SHA1": sha, "name": branch}]}
        known = {"_class": "hudson.plugins.git.util.Build", "buildNumber": self.build.number, "buildResult": None,
                 "marked": revision, "revision": revision}  # fmt: skip
        return {
            "_class": "hudson.plugins.git.util.BuildData", "buildsByBranchName": {branch: known},
            "lastBuiltRevision": revision, "remoteUrls": [remote], "scmName": "",
        }  # fmt: skip

    def changes(self) -> list[dict[str, Any]]:
        build = self.build
        if build.sha is None or build.message is None or build.author is None:
            return []
        author = {"absoluteUrl": f"{self.shown.root_url}/user/{build.author.login}", "fullName": build.author.name}
        item = {
            "_class": "hudson.plugins.git.GitChangeSet", "affectedPaths": ["src/main.py"], "commitId": build.sha,
            "timestamp": millis(build.queued_at), "author": author, "authorEmail": f"{build.author.login}@acme.example",
            "comment": build.message + "\n", "id": build.sha, "msg": build.message.splitlines()[0],
        }  # fmt: skip
        return [{"_class": "hudson.plugins.git.GitChangeSetList", "items": [item], "kind": "git"}]

    def neighbour(self, step: int) -> dict[str, Any] | None:
        builds = self.shown.started(self.item.full_name)
        place = next(i for i, build in enumerate(builds) if build.number == self.build.number) + step
        if not 0 <= place < len(builds):
            return None
        number = builds[place].number
        return {"number": number, "url": f"{self.shown.url(self.item.full_name)}{number}/"}

    def cells(self) -> list[Bean]:
        return [CellBean(self, *cell) for cell in self.build.cells]

    def estimate(self) -> int:
        ended = [b.duration_ms for b in self.shown.started(self.item.full_name)[:12] if b.duration_ms]
        return sum(ended) // len(ended) if ended else -1

    properties: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        "actions": actions,
        "artifacts": lambda self: [],
        "building": lambda self: not self.done,
        "description": lambda self: None,
        "displayName": lambda self: f"#{self.build.number}",
        "duration": lambda self: self.build.duration_ms if self.done else 0,
        "estimatedDuration": estimate,
        "executor": lambda self: None if self.done else {},
        "fullDisplayName": lambda self: f"{self.shown.display(self.item.full_name)} #{self.build.number}",
        "id": lambda self: str(self.build.number),
        "inProgress": lambda self: not self.done,
        "keepLog": lambda self: False,
        "number": lambda self: self.build.number,
        "queueId": lambda self: self.build.queue_id,
        "result": lambda self: self.build.result if self.done else None,
        "timestamp": lambda self: millis(self.build.starts_at),
        "url": lambda self: self.url,
        "culprits": lambda self: [],
        "nextBuild": lambda self: self.neighbour(-1),
        "previousBuild": lambda self: self.neighbour(1),
    }


class PipelineBuildBean(BuildBean):
    properties: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        **BuildBean.properties,
        "changeSets": lambda self: self.changes(),
    }


class FreestyleBuildBean(BuildBean):
    properties: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        **BuildBean.properties,
        "builtOn": lambda self: self.build.node,
        "changeSet": lambda self: (self.changes() or [{"_class": "hudson.scm.EmptyChangeLogSet", "items": []}])[0],
    }


class MatrixBuildBean(FreestyleBuildBean):
    properties: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        **FreestyleBuildBean.properties,
        "runs": lambda self: self.cells(),
    }


class CellBean(Bean):
    """A matrix' cell: a build of its own, of the parent's number unless it is a stale one."""

    cls = "hudson.matrix.MatrixRun"
    brief: ClassVar[Sequence[str]] = ("number", "url")

    def __init__(self, parent: BuildBean, value: str, number: int, result: str) -> None:
        self.parent, self.value, self.number, self.result = parent, value, number, result

    properties: ClassVar[Mapping[str, Callable[[Any], Any]]] = {
        "building": lambda self: not self.parent.done,
        "duration": lambda self: self.parent.build.duration_ms * 4 // 5 if self.parent.done else 0,
        "fullDisplayName": lambda self: f"{self.parent.item.display_name} » {self.value} #{self.number}",
        "number": lambda self: self.number,
        "result": lambda self: self.result if self.parent.done else None,
        "timestamp": lambda self: millis(self.parent.build.starts_at),
        "url": lambda self: f"{self.parent.shown.cell_url(self.parent.item.full_name, self.value)}{self.number}/",
    }


_BEANS: Mapping[str, type[BuildBean]] = {
    PIPELINE: PipelineBuildBean, FREESTYLE: FreestyleBuildBean, MATRIX: MatrixBuildBean,
}  # fmt: skip


def build_bean(shown: Shown, item: Item, build: Build) -> BuildBean:
    return _BEANS[item.cls](shown, item, build)
