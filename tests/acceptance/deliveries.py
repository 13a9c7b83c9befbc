"""Webhooks as GitHub and Jenkins send them: recorded ones as they came, and whole lives of builds made from them."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from tests.acceptance.polling import RECORDINGS
from tests.product import Product

Json = dict[str, Any]
CLIENT = httpx.Client(timeout=30, trust_env=False)
STORED = ("workflow_run", "workflow_job")
OTHERS = (
    "check_run",
    "check_suite",
    "deployment",
    "deployment_review",
    "deployment_status",
    "ping",
    "pull_request",
    "push",
    "status",
    "workflow_dispatch",
)


def sign(secret: str, raw: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Delivery:
    """One webhook of GitHub: the event that its header says, and its body's bytes."""

    name: str
    event: str
    raw: bytes

    @property
    def body(self) -> Json:
        found: Json = json.loads(self.raw)
        return found

    def post(
        self, product: Product, secret: str, *, signature: str | None = None, form: bool = False, **headers: str
    ) -> httpx.Response:
        """Signed with ``secret``, or with ``signature`` as it is (empty: none)."""
        raw = urlencode({"payload": self.raw.decode()}).encode() if form else self.raw
        kind = "application/x-www-form-urlencoded" if form else "application/json"
        told = sign(secret, raw) if signature is None else signature
        signed = {"X-Hub-Signature-256": told} if told else {}
        sent = {"X-GitHub-Event": self.event, "Content-Type": kind, **signed, **headers}
        return CLIENT.post(f"{product.url}/ingest/github", content=raw, headers=sent)


def recorded_github() -> list[Delivery]:
    """Every recorded delivery; the event is the folder's or the file's name, as the recordings lack headers."""
    folder = RECORDINGS / "github_webhooks"
    return [
        Delivery(str(path.relative_to(folder)), _event_of(path), path.read_bytes())
        for path in sorted(folder.rglob("*.json"))
    ]


def _event_of(path: Path) -> str:
    """``workflow_run_pull_request.json`` is a workflow_run; ``…/check_run/created.json`` is a check_run."""
    file = path.stem.replace("-", "_")
    named = [event for event in (*STORED, *OTHERS) if file.startswith(event)]
    within = [event for event in (*STORED, *OTHERS) if event in path.parts]
    return max(within or named or [event for event in OTHERS if event in file], key=len)


def recorded_jenkins() -> list[tuple[str, Json]]:
    folder = RECORDINGS / "jenkins_webhooks"
    return [(str(path.relative_to(folder)), json.loads(path.read_bytes())) for path in sorted(folder.rglob("*.json"))]


def post_jenkins(product: Product, body: object, token: str | None, *, basic: bool = False) -> httpx.Response:
    headers = {}
    if token is not None:
        told = base64.b64encode(f"ci:{token}".encode()).decode()
        headers["Authorization"] = f"Basic {told}" if basic else f"Bearer {token}".strip()
    return CLIENT.post(f"{product.url}/ingest/jenkins", json=body, headers=headers)


def changed(delivery: Delivery, **fields: Any) -> Delivery:
    """The delivery with ``fields`` set in its run or job."""
    body = delivery.body
    body[delivery.event].update(fields)
    return replace(delivery, raw=json.dumps(body).encode())


def fresh(delivery: Delivery, place: int) -> Delivery:
    """The same delivery about another repository and run, so that it meets nothing that is stored already."""
    name = delivery.body["repository"]["full_name"]
    body = json.loads(delivery.raw.decode().replace(name, f"{name}-{place}"))
    told = body[delivery.event]
    body["repository"]["id"] += place * 10**10
    for nested in ("repository", "head_repository"):
        if nested in told:
            told[nested]["id"] += place * 10**10
    for field in ("id", "run_id"):
        if field in told:
            told[field] += place * 10**12
    return replace(delivery, raw=json.dumps(body).encode())


def github_life(run: Delivery, job: Delivery) -> Iterator[Delivery]:
    """All that GitHub tells of a run that failed, was run again (one job carried over) and passed.

    ``run`` and ``job`` are recorded deliveries of one repository that lend their shape.
    """
    yield from _attempt_one(run)
    again: Json = {"run_attempt": 2, "run_started_at": "2021-03-23T19:00:00Z"}
    yield _run(run, "requested", "queued", None, "2021-03-23T19:00:01Z", **again)
    yield _run(run, "in_progress", "in_progress", None, "2021-03-23T19:00:09Z", **again)
    yield _run(run, "completed", "completed", "success", "2021-03-23T19:02:00Z", **again)
    steps = job.body["workflow_job"]["steps"]
    for number, name in ((1, "lint"), (2, "test")):
        told: Json = {"id": number, "name": name, "run_attempt": 1, "created_at": "2021-03-23T18:35:27Z"}
        yield _job(run, job, "queued", None, None, **{**told, "runner_name": None, "steps": []})
        yield _job(run, job, "in_progress", None, None, **{**told, "steps": steps[:1]})
        yield _job(run, job, "completed", "success" if number == 1 else "failure", 50 + number, **told)
    carried: Json = {"id": 3, "name": "lint", "run_attempt": 2, "created_at": "2021-03-23T19:00:01Z"}
    yield _job(run, job, "completed", "success", 51, **{**carried, "runner_name": "", "runner_id": 0})
    anew = {"id": 4, "name": "test", "run_attempt": 2, "created_at": "2021-03-23T19:00:01Z"}
    started_at = {"started_at": "2021-03-23T19:00:21Z", "completed_at": "2021-03-23T19:01:55Z"}
    yield _job(run, job, "waiting", None, None, **{**anew, "runner_name": None, "steps": []})
    yield _job(run, job, "completed", "success", None, **{**anew, **started_at})


def _attempt_one(run: Delivery) -> Iterator[Delivery]:
    yield _run(run, "requested", "queued", None, "2021-03-23T18:35:26Z")
    yield _run(run, "in_progress", "in_progress", None, "2021-03-23T18:35:30Z")
    yield _run(run, "completed", "completed", "failure", "2021-03-23T18:36:43Z")
    yield _run(run, "completed", "completed", "failure", "2021-09-23T18:36:43Z")


def _run(run: Delivery, action: str, status: str, conclusion: str | None, updated_at: str, **more: Any) -> Delivery:
    body = run.body
    body["action"] = action
    body["workflow_run"].update({"status": status, "conclusion": conclusion, "updated_at": updated_at, **more})
    return replace(run, raw=json.dumps(body).encode())


def _job(
    run: Delivery, job: Delivery, status: str, conclusion: str | None, ended_second: int | None, **more: Any
) -> Delivery:
    body = copy.deepcopy(job.body)
    body["action"] = "queued" if status == "waiting" else status
    told = {
        "run_id": run.body["workflow_run"]["id"],
        "status": status,
        "conclusion": conclusion,
        "started_at": "2021-03-23T18:35:37Z",
        "completed_at": f"2021-03-23T18:36:{ended_second}Z" if ended_second else None,
    }
    body["workflow_job"].update({**told, **more})
    return replace(job, raw=json.dumps(body).encode())


def jenkins_life(number: int, *, host: str) -> list[Json]:
    """All that the Notification plugin tells of one failed build of a multibranch project's branch."""
    path = f"job/platform/job/web/job/main/{number}/"
    scm = {"url": "https://github.com/acme/web.git", "branch": "origin/main", "commit": "c6d86dc654"}
    build = {"full_url": f"{host}/{path}", "url": path, "number": number, "queue_id": 7, "scm": scm, "artifacts": {}}
    start = 1_700_000_000_000
    phases: list[Json] = [
        {"phase": "QUEUED", "timestamp": start - 4_000},
        {"phase": "STARTED", "timestamp": start, "status": "SUCCESS"},
        {"phase": "COMPLETED", "timestamp": start + 61_000, "duration": 61_000, "status": "FAILURE"},
        {"phase": "FINALIZED", "timestamp": start + 75_000, "duration": 61_000, "status": "FAILURE"},
    ]
    return [{"name": "main", "url": "job/platform/job/web/job/main/", "build": {**build, **one}} for one in phases]
