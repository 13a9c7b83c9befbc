"""A GitHub at httpx's transport: answers from its runs and jobs, with ETags, pages and budget; counts requests."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from collector.providers.base import SourceReader
from collector.providers.github.client import make_reader
from config.model import Config, GithubSource
from tests.collector.providers.github.memory import FakeMemory
from tests.collector.providers.github.objects import API, Json, repository

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
Answer = Callable[[httpx.Request], httpx.Response]


class GithubWorld:
    """Repos with runs (by id, one object an attempt), jobs (by run and attempt), workflows; misbehaves on demand."""

    def __init__(self) -> None:
        self.repos: dict[str, Json] = {"acme/web": repository("acme/web", default_branch="main")}
        self.runs: dict[int, dict[int, Json]] = {}
        self.jobs: dict[tuple[int, int], list[Json]] = {}
        self.workflows: list[Json] = []
        self.logs: dict[str, bytes] = {}
        self.faults: dict[str, Answer] = {}
        self.journal: list[tuple[str, int]] = []
        self.requests: list[httpx.Request] = []
        self.page_cap = 100
        self.limit, self.remaining = 5000, 5000
        self.attempt_jobs = True
        self.tells_limits = True
        self.extra = 0
        """So many runs more than there are does a list's count promise."""
        self.before: Callable[[str], None] = lambda path: None
        """What happens in the world just before a request is answered."""
        self.now = NOW

    def add(self, run: Json, jobs: list[Json] | None = None) -> None:
        attempt = run.get("run_attempt", 1)
        self.runs.setdefault(run["id"], {})[attempt] = run
        if jobs is not None:
            self.jobs[run["id"], attempt] = jobs

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._handle)

    def asked(self) -> list[tuple[str, int]]:
        """The journal since the last call: (path with query, status)."""
        journal, self.journal = self.journal, []
        return journal

    def reader(self, config: Config | None = None, **source: Any) -> SourceReader:
        return self.reader_over(self.transport, config, **source)

    def reader_over(self, transport: httpx.BaseTransport, config: Config | None = None, **source: Any) -> SourceReader:
        """Readers over one transport are of one process: those with the same token share what it is granted."""
        made = GithubSource.model_validate(
            {"name": "acme", "provider": "github", "token": "t0ken", "repos": ["acme/web"], **source}
        )
        return make_reader(made, config or Config(), {}, transport=transport, clock=lambda: self.now)

    def poll(self, reader: SourceReader, memory: FakeMemory, later: timedelta = timedelta(minutes=1)) -> None:
        memory.take(reader.poll(memory, self.now))
        self.now += later

    def _handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = request.url.raw_path.decode()
        self.before(path)
        fault = next((answer for pattern, answer in self.faults.items() if re.search(pattern, path)), None)
        response = fault(request) if fault else self._answer(request)
        self.journal.append((path, response.status_code))
        return response

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "logs.example":
            assert "Authorization" not in request.headers
            log = self.logs.get(request.url.path.strip("/"))
            return httpx.Response(404) if log is None else httpx.Response(200, content=log)
        if matched := re.fullmatch(r"/repos/[^/]+/[^/]+/actions/jobs/(\d+)/logs", request.url.path):
            return httpx.Response(302, headers={"Location": f"https://logs.example/{matched[1]}?sig=s"})
        body = self._find(request)
        if body is None:
            return httpx.Response(404, json={"message": "Not Found"}, headers=self._limits(charge=True))
        return self._with_etag(request, body)

    def _with_etag(self, request: httpx.Request, body: object) -> httpx.Response:
        etag = hashlib.sha256(json.dumps(body).encode()).hexdigest()
        sent = request.headers.get("If-None-Match", "").removeprefix("W/")
        if sent == f'"{etag}"':
            return httpx.Response(304, headers={"ETag": f'"{etag}"', **self._limits(charge=False)})
        headers = {"ETag": f'W/"{etag}"', **self._limits(charge=True)}
        if isinstance(body, dict) and (link := body.pop("_next", None)):
            headers["Link"] = f'<{link}>; rel="next", <{link}>; rel="last"'
        return httpx.Response(200, json=body, headers=headers)

    def _limits(self, *, charge: bool) -> dict[str, str]:
        self.remaining -= charge
        date = {"Date": self.now.strftime("%a, %d %b %Y %H:%M:%S GMT")}
        if not self.tells_limits:
            return date
        return {
            **date,
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(int(self.now.timestamp()) + 1800),
            "X-RateLimit-Resource": "core",
        }

    def _find(self, request: httpx.Request) -> object | None:
        matched = re.fullmatch(r"/(?:repos/([^/]+/[^/]+)|repositories/(\d+))(?:/actions/(.*))?", request.url.path)
        if matched is None:
            return None
        by_id = {str(repo["id"]): name for name, repo in self.repos.items()}
        name, rest = matched[1] or by_id.get(matched[2], ""), matched[3]
        if name not in self.repos:
            return None
        if rest is None:
            return self.repos[name]
        if rest == "workflows":
            return {"total_count": len(self.workflows), "workflows": self.workflows}
        return self._find_runs(name, rest, request)

    def _find_runs(self, name: str, rest: str, request: httpx.Request) -> object | None:
        if rest == "runs":
            return self._list(name, request)
        matched = re.fullmatch(r"runs/(\d+)(?:/attempts/(\d+))?(/jobs)?", rest)
        attempts = self.runs.get(int(matched[1])) if matched else None
        if matched is None or attempts is None:
            return None
        attempt = int(matched[2] or max(attempts))
        if not matched[3]:
            return attempts.get(attempt)
        if matched[2] and not self.attempt_jobs:
            return None
        jobs = self.jobs.get((int(matched[1]), attempt), [])
        return {"total_count": len(jobs), "jobs": jobs}

    def _list(self, name: str, request: httpx.Request) -> Json:
        query = dict(request.url.params)
        newest = [attempts[max(attempts)] for attempts in self.runs.values()]
        runs = [run for run in newest if run["repository"]["full_name"] == name and self._matches(run, query)]
        runs.sort(key=lambda run: (run["created_at"], run["id"]), reverse=True)
        reachable = runs[: 10 * self.page_cap] if "created" in query else runs
        page, size = int(query.get("page", "1")), min(self.page_cap, int(query.get("per_page", "30")))
        shown = reachable[(page - 1) * size : page * size]
        answer: Json = {"total_count": len(runs) + self.extra, "workflow_runs": shown}
        if page * size < len(reachable):
            following = httpx.QueryParams({**query, "page": str(page + 1)})
            answer["_next"] = f"{API}/repositories/{self.repos[name]['id']}/actions/runs?{following}"
        return answer

    @staticmethod
    def _matches(run: Json, query: dict[str, str]) -> bool:
        if "status" in query and query["status"] not in (run["status"], run["conclusion"]):
            return False
        created = query.get("created", "")
        if created.startswith(">="):
            return bool(run["created_at"] >= created[2:])
        if ".." in created:
            since, until = created.split("..")
            return bool(since <= run["created_at"] <= until)
        return True
