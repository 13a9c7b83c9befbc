"""A Jenkins on loopback that serves recorded builds and stages as they came, below the jobs that they are of.

Its answers are cut by ``tree=`` as Jenkins cuts them (with the evaluator of the demo's Jenkins). Every request is
journalled with what it asked for, and the greatest number under way at once is counted.
"""

from __future__ import annotations

import csv
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from collector.demo.tree import by_tree, parse

Json = dict[str, Any]
FOLDER = "com.cloudbees.hudson.plugins.folder.Folder"
MULTIBRANCH = "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject"
BRANCH = "org.jenkinsci.plugins.workflow.job.WorkflowJob"
FREESTYLE = "hudson.model.FreeStyleProject"
ANSWER_SECONDS = 0.005


@dataclass
class RecordedJob:
    """A job with its recorded builds by number, and their stages by wfapi."""

    path: tuple[str, ...]
    """Names as they come, on the way from the root: ``%2F`` stays."""
    kinds: tuple[str, ...]
    builds: dict[int, Json] = field(default_factory=dict)
    stages: dict[int, list[Json]] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        return "/".join(unquote(name) for name in self.path)


def read_recorded_jobs(folder: Path) -> dict[str, RecordedJob]:
    """By full name: OPNFV's and Node's freestyle and matrix jobs, Zowe's branch, DevLake's multibranch with stages."""
    jobs: dict[str, RecordedJob] = {}

    def job(path: tuple[str, ...], kinds: tuple[str, ...]) -> RecordedJob:
        made = RecordedJob(path, kinds)
        return jobs.setdefault(made.full_name, made)

    for name in ("jenkins_job_builds.json", "jenkins_workflow_job_builds.json"):
        raw = json.loads((folder / "perceval" / name).read_text())
        for build in raw["builds"]:
            path = tuple(urlsplit(build["url"]).path.split("/job/", 1)[1].strip("/").split("/job/"))
            *names, last = (*path[:-1], path[-1].rsplit("/", 1)[0])
            kinds = (MULTIBRANCH, BRANCH) if names else (FREESTYLE,)
            job((*names, last), kinds).builds[build["number"]] = build
    for file in sorted((folder / "node-core-utils").rglob("citgm*.json")):
        build = json.loads(file.read_text())
        job(("node", build["url"].split("/job/")[1].split("/")[0]), (FOLDER, "hudson.matrix.MatrixProject")).builds[
            build["number"]
        ] = build
    _read_devlake(folder / "devlake", job)
    return jobs


def _read_devlake(folder: Path, job: Any) -> None:
    kinds = (FOLDER, MULTIBRANCH, BRANCH)
    for row in _rows(folder / "_raw_jenkins_api_builds_multibranch.csv"):
        name, build = json.loads(row["input"])["Name"], json.loads(row["data"])
        job(("github_org", "devlake-jenkins", name), kinds).builds[build["number"]] = build
    for row in _rows(folder / "_raw_jenkins_api_stages_multibranch.csv"):
        told, stage = json.loads(row["input"]), json.loads(row["data"])
        name = told["JobPath"].rstrip("/").rsplit("/", 1)[1]
        stages = job(("github_org", "devlake-jenkins", name), kinds).stages
        stages.setdefault(int(told["Number"]), []).append(stage)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


class JenkinsReplay:
    """Serves recorded jobs on a loopback port. ``journal``: path and query of each request, in order."""

    def __init__(self, jobs: dict[str, RecordedJob]) -> None:
        self.jobs = jobs
        self.journal: list[str] = []
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()
        replay = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                replay._answer(self)

            def log_message(self, format: str, *args: object) -> None:
                """Silent: the journal tells."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        with self._lock:
            self.journal.append(handler.path)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        time.sleep(ANSWER_SECONDS)  # long enough for requests to overlap, if they would
        value = self._find(urlsplit(handler.path).path, parse_qs(urlsplit(handler.path).query))
        with self._lock:
            self._at_once -= 1
        body = json.dumps(value if value is not None else {}).encode()
        handler.send_response(200 if value is not None else 404)
        handler.send_header("Content-Type", "application/json;charset=utf-8")
        handler.send_header("X-Jenkins", "2.479.1")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def _find(self, path: str, query: dict[str, list[str]]) -> object | None:
        rest = path.strip("/")
        segments = rest.removeprefix("job/").split("/job/") if path.startswith("/job/") else []
        if segments:
            last, _, rest = segments[-1].partition("/")
            segments = [*segments[:-1], last]
        bean = self._bean(tuple(segments))
        if bean is None:
            return None
        number, _, tail = rest.partition("/")
        if number.isdigit():
            return self._build(bean, int(number), tail, query)
        if rest != "api/json" or "tree" not in query:
            return None
        cut: object = by_tree(bean, parse(query["tree"][0]))
        return cut

    def _build(self, bean: Json, number: int, tail: str, query: dict[str, list[str]]) -> object | None:
        job: RecordedJob | None = bean.get("recorded")
        if job is None or number not in job.builds:
            return None
        if tail == "wfapi/describe" and number in job.stages:
            build = job.builds[number]
            times = {"startTimeMillis": build["timestamp"], "durationMillis": build["duration"]}
            return {"id": str(number), "name": f"#{number}", "status": "SUCCESS", **times, "stages": job.stages[number]}
        if tail == "api/json" and "tree" in query:
            cut: object = by_tree(job.builds[number], parse(query["tree"][0]))
            return cut
        return None

    def _bean(self, way: tuple[str, ...]) -> Json | None:
        """The folder or job at ``way``, with everything below it."""
        below = [
            job for job in self.jobs.values() if tuple(map(unquote, job.path[: len(way)])) == tuple(map(unquote, way))
        ]
        if not below:
            return None
        exact = next((job for job in below if len(job.path) == len(way)), None)
        kind = below[0].kinds[len(way) - 1] if way else "hudson.model.Hudson"
        bean: Json = {"_class": kind, "url": self._url(below[0].path[: len(way)])}
        if way:
            name = below[0].path[len(way) - 1]
            bean |= {"name": name, "displayName": unquote(name), "color": "blue"}
            bean["fullName"] = "/".join(below[0].path[: len(way)])
        if exact is None:
            names = dict.fromkeys(job.path[len(way)] for job in below)
            bean["jobs"] = [self._bean((*way, name)) for name in names]
            return bean
        builds = [exact.builds[number] for number in sorted(exact.builds, reverse=True)]
        numbered = {"builds": builds, "allBuilds": builds, "lastBuild": builds[0], "inQueue": False}
        return bean | numbered | {"recorded": exact}

    def _url(self, way: tuple[str, ...]) -> str:
        return self.url + "/" + "".join(f"job/{name}/" for name in way)
