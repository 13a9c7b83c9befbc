"""A Jenkins on loopback: folders, multibranch projects, freestyle and matrix jobs over a world, with ``tree=``."""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Callable, Mapping
from html import escape
from typing import Any
from urllib.parse import unquote, urlsplit

from collector.demo.blobs import html_page
from collector.demo.build_beans import CellBean, build_bean
from collector.demo.faults import Answer, Request
from collector.demo.item_beans import ItemBean, RootBean, queue_item
from collector.demo.plans import PIPELINE, Build, Item, build_status
from collector.demo.server import LoopbackServer
from collector.demo.shown import Shown, millis
from collector.demo.texts import build_log
from collector.demo.tree import BadTree, by_depth, by_tree, parse
from collector.demo.view import World
from collector.demo.wfapi import describe

VERSION = "2.528.1"
_PLUGINS = ("workflow-aggregator", "pipeline-rest-api", "git", "matrix-project", "notification", "cloudbees-folder")


class JenkinsServer(LoopbackServer):
    """Jenkins over ``world``; ``root_url`` is what it calls itself, its own address unless told (aliases!).

    ``users``: name → API token; then a request without credentials is 403, with wrong ones 401. None: open.
    ``prefix``: the path it lives below, e.g. ``/ci``. ``double_encoded``: see ``Shown``; both spellings are answered.
    """

    def __init__(
        self,
        world: World,
        *,
        users: Mapping[str, str] | None = None,
        prefix: str = "",
        root_url: str | None = None,
        double_encoded: bool = False,
        port: int = 0,
    ) -> None:
        super().__init__(world.clock, port)
        self.world = world
        self._users = None if users is None else dict(users)
        self._prefix = prefix.rstrip("/")
        self._double_encoded = double_encoded
        self.root_url = (root_url or self.base_url).rstrip("/")

    @property
    def base_url(self) -> str:
        """What a source's ``url:`` names."""
        return self.url + self._prefix

    @property
    def instance(self) -> str:
        """The controller as builds name it: host[:port][/path] of the root it calls itself."""
        parts = urlsplit(self.root_url)
        return f"{parts.netloc}{parts.path}"

    def answer(self, request: Request) -> Answer:
        denied = self._denied(request)
        if denied is not None:
            return denied
        if not request.path.startswith(self._prefix + "/"):
            return self._page("Not Found", 404)
        view = self.world.at(self.clock())
        shown = Shown(view, self.root_url, double_encoded=self._double_encoded)
        return self._at(shown, request, request.path[len(self._prefix) :])

    def _denied(self, request: Request) -> Answer | None:
        if self._users is None:
            return None
        scheme, _, value = (request.auth or "").partition(" ")
        if scheme.lower() != "basic":
            return self._page("Authentication required", 403)
        try:
            name, _, token = base64.b64decode(value).decode().partition(":")
        except ValueError:
            return self._page("Invalid password/token for user", 401)
        right = self._users.get(name, "")
        if right and hmac.compare_digest(right.encode(), token.encode()):
            return None
        return self._page("Invalid password/token for user: " + name, 401)

    def _page(self, title: str, status: int = 200) -> Answer:
        page = html_page(title, "<p>This is the made-up Jenkins of the CI Health demo.</p>", status)
        return Answer(status, {**page.headers, "X-Jenkins": VERSION}, page.body, charged=False)

    def _json(self, value: Any, headers: Mapping[str, str] | None = None) -> Answer:
        told = {"Content-Type": "application/json;charset=utf-8", "X-Jenkins": VERSION, **(headers or {})}
        return Answer(200, told, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())

    def _api(self, value: Any, request: Request) -> Answer:
        """A bean through ``tree=``, else through ``depth=`` (0 unless told)."""
        if "tree" in request.query:
            try:
                return self._json(by_tree(value, parse(request.query["tree"])))
            except BadTree as exc:
                return self._page(str(exc), 500)
        depth = request.query.get("depth", "0")
        return self._json(by_depth(value, int(depth) if depth.isdigit() else 0))

    def _at(self, shown: Shown, request: Request, path: str) -> Answer:
        fixed = _FIXED.get(path.removesuffix("/"))
        if fixed is not None:
            return self._api(fixed(shown), request)
        if path in ("/", "/login"):
            return self._page("The demo's Jenkins")
        left = re.fullmatch(r"/queue/item/(\d+)/api/json", path)
        if left is not None:
            return self._left(shown, request, int(left[1]))
        item, rest = _resolve(shown, path)
        return self._page("Not Found", 404) if item is None else self._item(shown, request, item, rest)

    def _left(self, shown: Shown, request: Request, queue_id: int) -> Answer:
        """A queue item by its id: still waiting, or left with the build that came of it."""
        for item in shown.items.values():
            for build in shown.view.builds(item.full_name):
                if build.queue_id == queue_id:
                    return self._api(_queued(shown, item, build), request)
        return self._page("Not Found", 404)

    def _item(self, shown: Shown, request: Request, item: Item, rest: list[str]) -> Answer:
        match rest:
            case []:
                return self._page(item.display_name)
            case ["api", "json"]:
                return self._api(ItemBean(shown, item), request)
            case ["wfapi", "runs"] if item.cls == PIPELINE:
                runs = shown.started(item.full_name)[:10]
                return self._json([describe(shown, item, build) for build in runs])
            case [cell, number, "api", "json"] if number.isdigit() and unquote(cell) in item.axis:
                return self._cell(shown, request, item, unquote(cell), int(number))
            case [number, *below]:
                build = _numbered(shown, item, number)
                if build is not None:
                    return self._build(shown, request, item, build, below)
        return self._page("Not Found", 404)

    def _cell(self, shown: Shown, request: Request, item: Item, value: str, number: int) -> Answer:
        for build in shown.started(item.full_name):
            for told, cell_number, result in build.cells:
                if (told, cell_number) == (value, number):
                    return self._api(CellBean(build_bean(shown, item, build), value, number, result), request)
        return self._page("Not Found", 404)

    def _build(self, shown: Shown, request: Request, item: Item, build: Build, below: list[str]) -> Answer:
        match below:
            case [] | [""]:
                return self._page(f"{shown.display(item.full_name)} #{build.number}: {escape(build.result)}")
            case ["api", "json"]:
                return self._api(build_bean(shown, item, build), request)
            case ["wfapi", "describe"] | ["wfapi"] if item.cls == PIPELINE:
                return self._json(describe(shown, item, build))
            case ["consoleText"]:
                return self._text(shown, build, 0)
            case ["logText", "progressiveText"]:
                start = request.query.get("start", "0")
                return self._text(shown, build, int(start) if start.isdigit() else 0)
        return self._page("Not Found", 404)

    def _text(self, shown: Shown, build: Build, start: int) -> Answer:
        text = build_log(build, build.stages, shown.now).encode()
        headers = {"Content-Type": "text/plain;charset=utf-8", "X-Jenkins": VERSION, "X-Text-Size": str(len(text))}
        if build_status(build, shown.now) != "done":
            headers["X-More-Data"] = "true"
        return Answer(200, headers, text[start:] if start <= len(text) else text)


def _resolve(shown: Shown, path: str) -> tuple[Item | None, list[str]]:
    """The item that a path names, and what follows it; views in between say nothing."""
    parts = [part for part in path.split("/") if part]
    name, place = "", 0
    while place < len(parts):
        if parts[place] == "view" and place + 1 < len(parts):
            place += 2
            continue
        if parts[place] != "job" or place + 1 >= len(parts):
            break
        tried = [f"{name}/{word}".lstrip("/") for word in (unquote(parts[place + 1]), parts[place + 1])]
        found = next((each for each in tried if each in shown.items), None)
        if found is None:
            return None, []
        name, place = found, place + 2
    return shown.items.get(name), parts[place:]


_PERMALINKS: Mapping[str, Callable[[Build], bool]] = {
    "lastBuild": lambda build: True,
    "lastFailedBuild": lambda build: build.result == "FAILURE",
    "lastSuccessfulBuild": lambda build: build.result in ("SUCCESS", "UNSTABLE"),
    "lastCompletedBuild": lambda build: True,
}


def _numbered(shown: Shown, item: Item, word: str) -> Build | None:
    builds = shown.started(item.full_name)
    if word.isdigit():
        return next((build for build in builds if build.number == int(word)), None)
    test = _PERMALINKS.get(word)
    done = [b for b in builds if word == "lastBuild" or build_status(b, shown.now) == "done"]
    return None if test is None else next((build for build in done if test(build)), None)


def _queued(shown: Shown, item: Item, build: Build) -> dict[str, Any]:
    told = queue_item(shown, ItemBean(shown, item), build)
    if build_status(build, shown.now) == "queued":
        return told
    executable = {"number": build.number, "url": f"{shown.url(item.full_name)}{build.number}/"}
    return told | {
        "_class": "hudson.model.Queue$LeftItem", "buildable": False, "stuck": False, "why": None,
        "cancelled": False, "executable": executable,
    }  # fmt: skip


def _queue(shown: Shown) -> dict[str, Any]:
    """What waits: jobs for an executor, and stages inside running builds for an agent (these name no job)."""
    rows: list[dict[str, Any]] = []
    for build in sorted(shown.view.recent_builds(shown.now), key=lambda b: b.queued_at, reverse=True):
        item = shown.items.get(build.job)
        if item is None:
            continue
        if build_status(build, shown.now) == "queued":
            rows.append(_queued(shown, item, build))
        rows += [_placeholder(shown, item, build, i) for i in range(len(build.stages)) if _waits(shown, build, i)]
    return {"_class": "hudson.model.Queue", "discoverableItems": [], "items": rows}


def _waits(shown: Shown, build: Build, place: int) -> bool:
    stage = build.stages[place]
    waited = (shown.now - stage.starts_at).total_seconds()
    return 0 <= waited < stage.agent_wait_seconds and build_status(build, shown.now) == "building"


def _placeholder(shown: Shown, item: Item, build: Build, place: int) -> dict[str, Any]:
    stage = build.stages[place]
    waiting_for = f"‘{stage.label}’" if stage.label else "next available executor"
    return {
        "_class": "hudson.model.Queue$BuildableItem",
        "actions": [{}],
        "blocked": False,
        "buildable": True,
        "id": build.queue_id * 100 + place,
        "inQueueSince": millis(stage.starts_at),
        "params": "",
        "stuck": False,
        "task": {"_class": "org.jenkinsci.plugins.workflow.support.steps.ExecutorStepExecution$PlaceholderTask"},
        "url": f"queue/item/{build.queue_id * 100 + place}/",
        "why": f"Waiting for {waiting_for}",
        "buildableStartMilliseconds": millis(stage.starts_at),
        "pending": False,
    }


def _who(shown: Shown) -> dict[str, Any]:
    return {"_class": "hudson.security.WhoAmI", "anonymous": False, "authenticated": True,
            "authorities": ["authenticated"], "name": "ci-health"}  # fmt: skip


def _plugins(shown: Shown) -> dict[str, Any]:
    rows = [{"active": True, "enabled": True, "shortName": name, "longName": name, "version": "1.0"}
            for name in _PLUGINS]  # fmt: skip
    return {"_class": "hudson.LocalPluginManager", "plugins": rows}


def _computers(shown: Shown) -> dict[str, Any]:
    return {"_class": "hudson.model.ComputerSet", "busyExecutors": 1, "computer": [
        {"_class": "hudson.model.Hudson$MasterComputer", "displayName": "Built-In Node", "idle": True,
         "numExecutors": 0, "offline": False}], "displayName": "Nodes", "totalExecutors": 8}  # fmt: skip


_FIXED: Mapping[str, Callable[[Shown], Any]] = {
    "/api/json": RootBean,
    "/queue/api/json": _queue,
    "/whoAmI/api/json": _who,
    "/me/api/json": lambda shown: {"_class": "hudson.model.User", "fullName": "CI Health", "id": "ci-health"},
    "/pluginManager/api/json": _plugins,
    "/computer/api/json": _computers,
}
