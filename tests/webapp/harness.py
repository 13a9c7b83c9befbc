"""A web app on a real SQLite file, asked through Flask's test client."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from apiflask import APIFlask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from collector.storage.database import Database, connect
from config.model import Config
from webapp import create_app
from webapp.hosts import Hosts
from webapp.services import EXTENSION, Options, Services

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


class Clock:
    """The time of the app; tests move it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class Web:
    """The app, its client, its clock and its database; close it."""

    def __init__(
        self,
        folder: Path,
        *,
        config: Mapping[str, Any] | None = None,
        password: str | None = None,
        posting_open: bool = True,
        public_url: str | None = None,
        any_host: bool = False,
        environ: Mapping[str, str] | None = None,
        demo: bool = False,
        proxies: tuple[str, ...] = (),
    ) -> None:
        self.clock = Clock()
        self.static = folder / "static"
        self.database: Database = connect(f"sqlite:///{folder / 'ci.db'}")
        self.database.migrate()
        given = {**(config or {}), **({"public_url": public_url} if public_url else {})}
        options = Options(
            hosts=Hosts(public_url, any_host),
            posting_open=posting_open,
            password=password,
            demo=demo,
            proxies=tuple(ip_network(text) for text in proxies),
            version="1.2.3",
            clock=self.clock,
        )
        self.app: APIFlask = create_app(
            self.database, Config.model_validate(given), options, environ=environ or {}, static=self.static
        )
        self.client: FlaskClient = self.app.test_client()

    @property
    def services(self) -> Services:
        found = self.app.extensions[EXTENSION]
        assert isinstance(found, Services)
        return found

    def close(self) -> None:
        self.services.lanes.close()
        self.database.close()

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        return self.client.get(path, **kwargs)

    def json(self, path: str, **kwargs: Any) -> Any:
        response = self.get(path, **kwargs)
        assert response.status_code == 200, response.get_data(as_text=True)
        return response.get_json()

    def post(self, provider: str = "github", body: object = None, **kwargs: Any) -> TestResponse:
        """A plain body (the usual one when none is given) to /ingest/<provider>."""
        return self.client.post(f"/ingest/{provider}", json=plain() if body is None else body, **kwargs)

    def github(self, event: str, body: object, secret: str | None = None, **headers: str) -> TestResponse:
        """A native delivery of GitHub, signed when there is a secret."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        told = {"X-GitHub-Event": event, "Content-Type": "application/json", **headers}
        if secret is not None:
            told["X-Hub-Signature-256"] = signature(secret, raw)
        return self.client.post("/ingest/github", data=raw, headers=told)


def signature(secret: str, raw: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def plain(**changes: Any) -> dict[str, Any]:
    """A plain body that is taken; fields set to None are left out."""
    body: dict[str, Any] = {
        "pipeline": "CI",
        "repo": "acme/web",
        "branch": "main",
        "status": "success",
        "started_at": "2026-01-31T11:00:00Z",
        "completed_at": "2026-01-31T11:04:10Z",
        "url": "https://github.com/acme/web/actions/runs/17",
    }
    body.update(changes)
    return {name: value for name, value in body.items() if value is not None}


def run_event(**changes: Any) -> dict[str, Any]:
    """A workflow_run delivery in GitHub's shape; ``changes`` go into the run."""
    run = {
        "id": 4711,
        "name": "CI",
        "head_branch": "main",
        "head_sha": "c0ffee" + "0" * 34,
        "path": ".github/workflows/ci.yml",
        "run_number": 12,
        "run_attempt": 1,
        "event": "push",
        "status": "completed",
        "conclusion": "success",
        "workflow_id": 99,
        "html_url": "https://github.com/acme/web/actions/runs/4711",
        "created_at": "2026-01-31T10:00:00Z",
        "run_started_at": "2026-01-31T10:00:00Z",
        "updated_at": "2026-01-31T10:05:00Z",
        "actor": {"login": "octocat"},
        "head_commit": {"message": "Fix it"},
        "repository": repository(),
        "head_repository": repository(),
        **changes,
    }
    return {"action": "completed", "workflow_run": run, "workflow": workflow(), "repository": repository()}


def workflow() -> dict[str, Any]:
    return {
        "id": 99,
        "name": "CI",
        "path": ".github/workflows/ci.yml",
        "state": "active",
        "html_url": "https://github.com/acme/web/blob/main/.github/workflows/ci.yml",
        "updated_at": "2026-01-01T10:00:00Z",
    }


def repository() -> dict[str, Any]:
    return {
        "id": 1,
        "full_name": "acme/web",
        "html_url": "https://github.com/acme/web",
        "default_branch": "main",
        "owner": {"login": "acme"},
    }


def jenkins_event(**changes: Any) -> dict[str, Any]:
    """A message of the Notification plugin; ``changes`` go into its build."""
    build = {
        "full_url": "https://jenkins.acme.com/job/platform/job/web/18/",
        "number": 18,
        "phase": "COMPLETED",
        "status": "FAILURE",
        "url": "job/platform/job/web/18/",
        "timestamp": 1769853600000,
        "duration": 61000,
        "scm": {"branch": "origin/main", "commit": "c0ffee"},
        **changes,
    }
    return {"name": "web", "url": "job/platform/job/web/", "build": build}
