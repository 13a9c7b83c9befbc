"""Is the process alive (/healthz), can it do its work (/readyz), and what does it count (/metrics)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from apiflask import APIBlueprint
from flask import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from webapp import store
from webapp.answers import answer
from webapp.auth import policy
from webapp.errors import Unavailable
from webapp.schemas import Health, Readiness
from webapp.services import services

blueprint = APIBlueprint("probes", __name__, tag="Probes")
HEARTBEAT_LIMIT = timedelta(seconds=60)
Responses = dict[int | str, dict[str, str | dict[str, dict[str, Any]]]]
NOT_READY: Responses = {
    503: {
        "description": "Something is not ready; the checks say what",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Readiness"}}},
    }
}
TEXT: Responses = {
    200: {
        "description": "Prometheus' text format",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
}


@blueprint.get("/healthz")
@blueprint.output(Health)
@policy("public")
def healthz() -> Response:
    """Whether this process is alive.

    Touches nothing but itself.
    """
    return answer({"status": "ok"})


@blueprint.get("/readyz")
@blueprint.output(Readiness)
@blueprint.doc(responses=NOT_READY)
@policy("public")
def readyz() -> Response:
    """Whether builds can be stored, the schema is ours and the collector is at work.

    The collector counts as at work while its heartbeat is younger than 60 s.
    """
    checks = [_database(), _collector()]
    ready = all(check["ok"] for check in checks)
    return answer({"ready": ready, "checks": checks}, 200 if ready else 503)


def _database() -> dict[str, object]:
    at_hand = services()
    try:
        trouble = at_hand.lanes.write(store.database_trouble, at_hand.database)
    except Unavailable:  # its words hold the database's address, which is not for everybody
        trouble = "cannot be written or read just now"
    return {"name": "database", "ok": trouble is None, "message": trouble or "writable, schema as it should be"}


def _collector() -> dict[str, object]:
    at_hand = services()
    try:
        beat_at = at_hand.lanes.read(store.heartbeat_at, at_hand.database)
    except Unavailable:
        return {"name": "collector", "ok": False, "message": "unknown: the database cannot be read just now"}
    if beat_at is None:
        return {"name": "collector", "ok": False, "message": "has never run on this database; start cihealth run"}
    age = at_hand.options.clock() - beat_at
    told = f"last heartbeat {max(0, round(age.total_seconds()))} s ago"
    return {"name": "collector", "ok": age < HEARTBEAT_LIMIT, "message": told}


@blueprint.get("/metrics")
@blueprint.doc(responses=TEXT)
@policy("reader")
def metrics() -> Response:
    """Counters and gauges for Prometheus."""
    at_hand = services()
    now = at_hand.options.clock()
    for name, read_at in at_hand.lanes.read(store.last_successes, at_hand.database, at_hand.config).items():
        at_hand.measures.source_age.labels(name).set(max(0.0, (now - read_at).total_seconds()))
    return Response(generate_latest(at_hand.measures.registry), content_type=CONTENT_TYPE_LATEST)
