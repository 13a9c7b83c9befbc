"""Recorded deliveries of GitHub and Jenkins, posted as they came; skipped where the recordings are not at hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.webapp.conftest import MakeWeb
from tests.webapp.harness import Web

RECORDED = Path(__file__).resolve().parent.parent.parent.parent / "shared" / "realdata"
EVENTS = ("workflow_run", "workflow_job")
needs_recordings = pytest.mark.skipif(not RECORDED.is_dir(), reason="the recordings are not here")


def bodies(folder: str) -> Iterator[tuple[Path, Any]]:
    for path in sorted((RECORDED / folder).rglob("*.json")):
        try:
            yield path, json.loads(path.read_text("utf-8"))
        except ValueError:
            continue


def deliveries() -> Iterator[tuple[Path, str, bytes]]:
    """Each recorded delivery of a run or a job, in whichever wrapping it lies; deployments carry a run as well."""
    for path, found in bodies("github_webhooks"):
        if any(part.startswith("deployment") for part in path.parts):
            continue
        for body in found if isinstance(found, list) else [found]:
            event = next((name for name in EVENTS if isinstance(body, dict) and isinstance(body.get(name), dict)), None)
            if event is not None and "action" in body:
                yield path, event, json.dumps(body).encode()


@pytest.fixture
def signed(make_web: MakeWeb) -> Web:
    config = {"sources": [{"name": "all", "provider": "github", "webhook_secrets": ["${SECRET}"]}]}
    return make_web(config=config, environ={"SECRET": "right"})


@needs_recordings
def test_recorded_github_deliveries_are_stored_when_signed_and_refused_when_not(signed: Web) -> None:
    posted = 0
    for path, event, raw in deliveries():
        assert signed.github(event, raw, "wrong").status_code == 401, path
        assert signed.github(event, raw).status_code == 401, path
        response = signed.github(event, raw, "right")
        assert response.status_code in (200, 201), (path, response.get_data(as_text=True))
        posted += 1
    assert posted >= 8
    assert signed.json("/builds/latest")["builds"]


@needs_recordings
def test_recorded_jenkins_notifications_are_understood(web: Web) -> None:
    statuses: dict[int, int] = {}
    for path, body in bodies("jenkins_webhooks"):
        for message in body if isinstance(body, list) else [body]:
            response = web.post("jenkins", message)
            assert response.status_code in (200, 201, 202, 422), (path, response.get_data(as_text=True))
            statuses[response.status_code] = statuses.get(response.status_code, 0) + 1
    assert statuses.get(201, 0) + statuses.get(200, 0) >= 2
    for address in ("/builds/latest", "/metrics/summary?window=3650d", "/pipelines"):
        assert web.get(address).status_code == 200


def test_githubs_published_signature_is_right(make_web: MakeWeb) -> None:
    config = {"sources": [{"name": "all", "provider": "github", "webhook_secrets": ["${SECRET}"]}]}
    web = make_web(config=config, environ={"SECRET": "It's a Secret to Everybody"})
    told = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    headers = {"X-GitHub-Event": "ping", "X-Hub-Signature-256": told}
    response = web.client.post("/ingest/github", data=b"Hello, World!", headers=headers)
    assert response.status_code == 400
