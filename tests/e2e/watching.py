"""What the dashboard's browser tests share: a filled program, axe, and what the browser complains about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from playwright.sync_api import Page

from tests.product import ROOT, Product

SOON = 15_000
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
GROUPS = "groups:\n  - {name: web-team, repos: ['acme/web*']}\n  - {name: api-team, repos: ['acme/api']}\n"


def push(product: Product, **told: Any) -> dict[str, Any]:
    """A plain body, by default a success of acme/web's ci on main that began just now; what the server answered."""
    body = {
        "pipeline": "ci", "repo": "acme/web", "branch": "main", "status": "success",
        "started_at": datetime.now(UTC).isoformat(), "duration_seconds": 60, **told,
    }  # fmt: skip
    response = httpx.post(product.url + "/ingest/woodpecker", json={k: v for k, v in body.items() if v is not None})
    response.raise_for_status()
    answered: dict[str, Any] = response.json()
    return answered


def ago(**length: float) -> str:
    return (datetime.now(UTC) - timedelta(**length)).isoformat()


def fill(product: Product) -> None:
    """A web that mira broke four hours ago, with a flake before; a healthy api; a build and a job that wait."""
    log = (
        "collected 12 items\n> assert len(refunds) == 1\nE   assert 2 == 1\ntests/test_refunds.py:88: AssertionError\n"
    )
    jobs = [
        {"name": "lint", "status": "success", "started_at": ago(hours=4), "completed_at": ago(hours=3.99)},
        {"name": "unit", "status": "failure", "started_at": ago(hours=3.99), "completed_at": ago(hours=3.9)},
    ]
    for number in range(6):
        push(product, started_at=ago(hours=30 - number), commit=f"aaa{number}", actor="jon", external_id=f"g{number}")
    push(product, started_at=ago(hours=8), commit="f1a4e", status="failure", external_id="f1", logs="Timeout 300 ms\n")
    push(product, started_at=ago(hours=7), commit="f1a4e", external_id="f2")
    push(
        product, started_at=ago(hours=4), commit="bad0001", actor="mira", status="failure", external_id="b1", logs=log,
        jobs=jobs, message="Refund twice",
    )  # fmt: skip
    push(product, started_at=ago(hours=3), commit="bad0002", actor="lena", status="failure", external_id="b2", logs=log)
    push(product, pipeline="e2e", started_at=ago(hours=3), commit="bad0001", external_id="e1")
    push(product, pipeline="build", repo="acme/api", started_at=ago(hours=2), commit="c0ffee", external_id="a1")
    push(
        product, pipeline="deploy", status="queued", started_at=ago(minutes=40), duration_seconds=None,
        commit="bad0002", external_id="q1",
    )  # fmt: skip


def builds(product: Product, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = httpx.get(product.url + "/builds", params={"window": "30d", **query}).json()["builds"]
    return found


def pipeline_id(product: Product, name: str) -> int:
    told = httpx.get(product.url + "/pipelines", params={"window": "30d"}).json()["pipelines"]
    return int(next(one["id"] for one in told if one["pipeline"] == name))


def violations(page: Page) -> list[str]:
    """What axe finds, best practices counted. It comes in through the debugger: the policy allows no script inline."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run().then((told) => told.violations.map((v) => v.id + ': ' + v.nodes[0].html))")
    return list(found)
