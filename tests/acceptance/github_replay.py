"""A GitHub on loopback that serves the run, job, workflow and repo objects found in recorded answers, as they came.

It keeps each object's newest version, hands out ETags, answers 304 to If-None-Match, and journals every request.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]


@dataclass
class Recorded:
    """The objects of a folder of recordings, the newest version of each."""

    runs: dict[tuple[int, int], Json] = field(default_factory=dict)
    """By (run id, attempt)."""
    jobs: dict[int, Json] = field(default_factory=dict)
    workflows: dict[int, Json] = field(default_factory=dict)
    repos: dict[str, Json] = field(default_factory=dict)

    @property
    def repo_names(self) -> list[str]:
        return sorted({repo_of(run) for run in self.runs.values()})

    def runs_of(self, repo: str) -> list[Json]:
        """The repo's runs as a list shows them: the newest attempt of each, newest first."""
        newest: dict[int, Json] = {}
        for (run_id, _attempt), run in sorted(self.runs.items()):
            newest[run_id] = run
        mine = [run for run in newest.values() if repo_of(run).lower() == repo.lower()]
        return sorted(mine, key=lambda run: (run["created_at"], run["id"]), reverse=True)

    def jobs_of(self, run_id: int, attempt: int | None) -> list[Json]:
        return [
            job
            for job in self.jobs.values()
            if job["run_id"] == run_id and (attempt is None or job.get("run_attempt", 1) == attempt)
        ]


def repo_of(run: Json) -> str:
    if run.get("repository"):
        return str(run["repository"]["full_name"])
    return re.sub(r".*/repos/([^/]+/[^/]+)/actions/.*", r"\1", str(run["url"]))


def read_recordings(*folders: Path) -> Recorded:
    recorded = Recorded()
    for folder in folders:
        for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix in (".json", ".txt")):
            for answer in _answers(path):
                _collect(answer, recorded)
    return recorded


def _answers(path: Path) -> Iterator[object]:
    """The JSON values of a file: the file itself, or each line of a PyGithub recording that is one."""
    text = path.read_text(errors="replace")
    candidates = [text] if path.suffix == ".json" else [line for line in text.splitlines() if line[:1] in "{["]
    for candidate in candidates:
        try:
            yield json.loads(candidate)
        except ValueError:
            continue


def _collect(value: object, recorded: Recorded) -> None:
    if isinstance(value, list):
        for item in value:
            _collect(item, recorded)
        return
    if not isinstance(value, dict):
        return
    if {"run_number", "workflow_id", "head_sha", "html_url", "jobs_url"} <= value.keys():
        _keep(recorded.runs, (value["id"], value.get("run_attempt") or 1), value)
    elif {"run_id", "steps", "head_sha"} <= value.keys():
        _keep(recorded.jobs, value["id"], value)
    elif {"badge_url", "state"} <= value.keys():
        _keep(recorded.workflows, value["id"], value)
    elif {"full_name", "default_branch"} <= value.keys():
        recorded.repos[value["full_name"].lower()] = value
    for inner in value.values():
        _collect(inner, recorded)


def _keep(kept: dict[Any, Json], key: object, value: Json) -> None:
    """The newest: by updated_at where there is one, else the one that is finished."""

    def order(one: Json) -> tuple[str, bool]:
        return one.get("updated_at") or "", one.get("completed_at") is not None or one.get("status") == "completed"

    if key not in kept or order(value) >= order(kept[key]):
        kept[key] = value


class GithubReplay:
    """Serves ``recorded`` on a loopback port; ``journal`` has (path with query, status) of each request."""

    def __init__(self, recorded: Recorded) -> None:
        self.recorded = recorded
        self.journal: list[tuple[str, int]] = []
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
        parts = urlsplit(handler.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        value = self._find(parts.path, query)
        body = json.dumps(value if value is not None else {"message": "Not Found"}).encode()
        etag = f'"{hashlib.sha256(body).hexdigest()}"'
        status = 404 if value is None else 200
        if status == 200 and handler.headers.get("If-None-Match", "").removeprefix("W/") == etag:
            status, body = 304, b""
        self.journal.append((handler.path, status))
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json; charset=utf-8")
        if status != 404:
            handler.send_header("ETag", "W/" + etag)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def _find(self, path: str, query: dict[str, str]) -> object | None:
        matched = re.fullmatch(r"/repos/([^/]+/[^/]+)(?:/actions/(.*))?", path)
        if not matched:
            return None
        repo, rest = matched.groups()
        if rest is None:
            return self.recorded.repos.get(repo.lower())
        if rest == "workflows":
            workflows = [w for w in self.recorded.workflows.values() if f"/repos/{repo}/".lower() in w["url"].lower()]
            return {"total_count": len(workflows), "workflows": workflows}
        return self._find_runs(repo, rest, query)

    def _find_runs(self, repo: str, rest: str, query: dict[str, str]) -> object | None:
        if rest == "runs":
            runs = self.recorded.runs_of(repo)
            if "status" in query:
                runs = [run for run in runs if query["status"] in (run["status"], run["conclusion"])]
            size, page = int(query.get("per_page", "30")), int(query.get("page", "1"))
            return {"total_count": len(runs), "workflow_runs": runs[(page - 1) * size : page * size]}
        matched = re.fullmatch(r"runs/(\d+)(?:/attempts/(\d+))?(/jobs)?", rest)
        if not matched:
            return None
        run_id, attempt = int(matched[1]), int(matched[2]) if matched[2] else None
        if matched[3]:
            jobs = self.recorded.jobs_of(run_id, attempt)
            return {"total_count": len(jobs), "jobs": jobs}
        if attempt is not None:
            return self.recorded.runs.get((run_id, attempt))
        return next((run for run in self.recorded.runs_of(repo) if run["id"] == run_id), None)
