"""The webhooks that the demo's GitHub and Jenkins send as builds go on, some lost and some late, as in life."""

from __future__ import annotations

import base64
import heapq
import itertools
import json
import threading
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import httpx
import structlog

from collector.demo import homes, rendering
from collector.demo.github import GithubServer, sign
from collector.demo.jenkins import JenkinsServer
from collector.demo.plans import (
    Build,
    Item,
    Run,
    Workflow,
    attempt_status,
    build_status,
    job_status,
    visible_jobs,
)
from collector.demo.shown import Shown, millis
from collector.demo.view import View, World

log = structlog.get_logger(__name__)

_ACTIONS = {"queued": "requested", "in_progress": "in_progress", "completed": "completed"}
_LOOK_BACK = timedelta(minutes=2)
_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook: where below the product's address, with what; ``event`` names it in counts and tests."""

    path: str
    event: str
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Weather:
    """How reliable deliveries are: shares of 1 that are lost, and that come ``late_seconds`` (from, to) late."""

    lost: float = 0.15
    late: float = 0.1
    late_seconds: tuple[float, float] = (5.0, 25.0)


class WebhookSender:
    """Watches ``world`` and POSTs what changes to ``product_url``/ingest/…, from one thread of its own.

    What was there at the start is history and told to nobody. A delivery is tried once, with a time-out, as GitHub
    and Jenkins do: what gets lost is for the poll to find. ``counts`` tells sent, refused, failed, lost and late.
    """

    def __init__(
        self,
        world: World,
        product_url: str,
        *,
        github: GithubServer | None = None,
        github_secret: str = "",
        jenkins: JenkinsServer | None = None,
        jenkins_token: str = "",
        weather: Weather | None = None,
        seed: int = 7,
        every_seconds: float = 0.5,
        timeout_seconds: float = 3.0,
    ) -> None:
        self._world, self._base = world, product_url.rstrip("/")
        self._github, self._secret = github, github_secret
        self._jenkins, self._token = jenkins, jenkins_token
        self._weather = weather if weather is not None else Weather()
        self._rng = Random(f"{seed}/webhooks")
        self._every_seconds = every_seconds
        self._client = httpx.Client(timeout=timeout_seconds, trust_env=False)
        self._seen: dict[tuple[str, str | int, int], str] = {}
        self._waiting: list[tuple[datetime, int, Delivery]] = []
        self._order = itertools.count()
        self._stopping = threading.Event()
        self._reachable = False  # until it answers once: the demo is up before the product is
        self.counts: Counter[str] = Counter()
        self.answers: deque[tuple[str, int]] = deque(maxlen=_KEPT)
        """The newest (event, HTTP status) pairs."""
        self._thread = threading.Thread(target=self._loop, name="demo-webhooks", daemon=True)

    def start(self) -> WebhookSender:
        for _ in self._news(self._world.at(self._world.clock())):
            pass
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ends within half a second; a delivery under way is left to its time-out."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(0.5)
        self._client.close()

    def _loop(self) -> None:
        while not self._stopping.wait(self._every_seconds):
            self.tick()

    def tick(self) -> None:
        """Looks once: queues what is new, sends what is due."""
        now = self._world.clock()
        for delivery in self._news(self._world.at(now)):
            self._queue(delivery, now)
        while self._waiting and self._waiting[0][0] <= now and not self._stopping.is_set():
            self._send(heapq.heappop(self._waiting)[2])

    def _queue(self, delivery: Delivery, now: datetime) -> None:
        draw = self._rng.random()
        if draw < self._weather.lost:
            self.counts["lost"] += 1
            return
        late = draw < self._weather.lost + self._weather.late
        self.counts["late"] += late
        delay = timedelta(seconds=self._rng.uniform(*self._weather.late_seconds)) if late else timedelta(0)
        heapq.heappush(self._waiting, (now + delay, next(self._order), delivery))

    def _send(self, delivery: Delivery) -> None:
        try:
            answer = self._client.post(self._base + delivery.path, content=delivery.body, headers=delivery.headers)
        except (httpx.HTTPError, RuntimeError) as exc:
            self._failed(exc)
            return
        self._reachable = True
        self.answers.append((delivery.event, answer.status_code))
        self.counts["sent" if answer.is_success else "refused"] += 1

    def _failed(self, exc: Exception) -> None:
        self.counts["failed"] += 1
        if self._reachable and not self._stopping.is_set():
            log.warning(
                "demo webhook not delivered",
                to=self._base,
                why=f"{type(exc).__name__}: {exc}",
                then="it is dropped, as GitHub and Jenkins do; polling finds the build",
                do="start the web part of CI Health, or give the demo its address",
            )
        self._reachable = False

    def _changed(self, kind: str, name: str | int, part: int, state: str) -> bool:
        """Whether the state is news; remembers it."""
        key = (kind, name, part)
        known = self._seen.get(key)
        self._seen[key] = state
        return known != state

    def _news(self, view: View) -> Iterator[Delivery]:
        since = view.now - _LOOK_BACK
        if self._github is not None:
            yield from self._github_news(self._github, view, since)
        if self._jenkins is not None:
            yield from self._jenkins_news(self._jenkins, view, since)

    def _github_news(self, server: GithubServer, view: View, since: datetime) -> Iterator[Delivery]:
        repos = {repo.id: repo for repo in view.repos()}
        for run in sorted(view.recent_runs(since), key=lambda run: (run.created_at, run.id)):
            repo = repos[run.repo_id]
            item = next(w for w in view.workflows(repo.id) if w.id == run.workflow_id)
            common = {
                "repository": homes.full_repo(server.addresses, repo, view.now),
                "organization": homes.organization(server.addresses, repo.owner),
                "sender": homes.user(server.addresses, run.attempt_at(view.now).actor),
            }
            yield from self._run_news(server, view, run, item, common)
            yield from self._job_news(server, view, run, item, common)

    def _run_news(
        self, server: GithubServer, view: View, run: Run, item: Workflow, common: dict[str, Any]
    ) -> Iterator[Delivery]:
        attempt = run.attempt_at(view.now)
        status = attempt_status(attempt, view.now)
        if not self._changed("run", run.id, attempt.number, status):
            return
        repo = next(r for r in view.repos() if r.id == run.repo_id)
        told = rendering.run(server.addresses, repo, item, run, attempt, view.now)
        workflow = rendering.workflow(server.addresses, repo, item)
        body = {"action": _ACTIONS.get(status, "requested"), "workflow_run": told, "workflow": workflow, **common}
        yield self._github_delivery("workflow_run", body)

    def _job_news(
        self, server: GithubServer, view: View, run: Run, item: Workflow, common: dict[str, Any]
    ) -> Iterator[Delivery]:
        attempt = run.attempt_at(view.now)
        repo = next(r for r in view.repos() if r.id == run.repo_id)
        for job in visible_jobs(attempt, view.now):
            status = job_status(job, view.now)
            if job.carried_over or not self._changed("job", job.id, attempt.number, status):
                continue
            told = rendering.job(server.addresses, repo, item, run, attempt.number, job, view.now)
            yield self._github_delivery("workflow_job", {"action": status, "workflow_job": told, **common})

    def _github_delivery(self, event: str, body: dict[str, Any]) -> Delivery:
        raw = json.dumps(body, separators=(",", ":")).encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/demo",
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": str(UUID(int=self._rng.getrandbits(128), version=4)),
            "X-GitHub-Hook-ID": "417",
        }
        if self._secret:
            headers["X-Hub-Signature-256"] = sign(self._secret, raw)
        return Delivery("/ingest/github", event, raw, headers)

    def _jenkins_news(self, server: JenkinsServer, view: View, since: datetime) -> Iterator[Delivery]:
        shown = Shown(view, server.root_url, double_encoded=False)
        for build in sorted(view.recent_builds(since), key=lambda build: (build.queued_at, build.number)):
            status = build_status(build, view.now)
            item = shown.items.get(build.job)
            if item is None or not self._changed("build", build.job, build.queue_id, status):
                continue
            # The plugin speaks when a build starts (of its queueing too, then) and twice when it ends.
            phases = {"building": ("QUEUED", "STARTED"), "done": ("COMPLETED", "FINALIZED")}.get(status, ())
            for phase in phases:
                yield self._jenkins_delivery(phase, notification(shown, item, build, phase))

    def _jenkins_delivery(self, phase: str, body: dict[str, Any]) -> Delivery:
        headers = {"Content-Type": "application/json; charset=UTF-8", "User-Agent": "Java/17"}
        if self._token:
            headers["Authorization"] = basic("jenkins", self._token)
        return Delivery("/ingest/jenkins", phase, json.dumps(body).encode(), headers)


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def notification(shown: Shown, item: Item, build: Build, phase: str) -> dict[str, Any]:
    """A body of Jenkins' Notification plugin; what ``timestamp`` means hangs on the phase."""
    start, end = build.starts_at or build.queued_at, build.ends_at or shown.now
    at = {"QUEUED": build.queued_at, "STARTED": start, "COMPLETED": end}.get(phase, shown.now)
    path = shown.path(item.full_name)
    told: dict[str, Any] = {
        "full_url": f"{shown.root_url}/{path}{build.number}/",
        "number": build.number,
        "queue_id": build.queue_id,
        "timestamp": millis(at),
        "duration": build.duration_ms if phase in ("COMPLETED", "FINALIZED") else 0,
        "phase": phase,
        "url": f"{path}{build.number}/",
        "scm": {"url": item.remote, "branch": f"origin/{build.branch}", "commit": build.sha} if item.remote else {},
        "log": "",
        "artifacts": {},
    }
    if phase in ("COMPLETED", "FINALIZED"):
        told["status"] = build.result
    return {"name": item.name, "display_name": item.display_name, "url": path, "build": told}
