"""GET /api/meta: what a dashboard wants to know about the server it talks to."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

from webapp.answers import answer
from webapp.auth import policy
from webapp.query import NoQuery
from webapp.schemas import Meta
from webapp.services import services

blueprint = APIBlueprint("meta", __name__, tag="Sources")
REFRESH_SECONDS = 30.0


@blueprint.get("/api/meta")
@blueprint.input(NoQuery, location="query", arg_name="query")
@blueprint.output(Meta)
@policy("reader")
def meta(query: NoQuery) -> Response:
    """Version, whether the builds are made up, whether sources are configured, the groups."""
    at_hand = services()
    return answer(
        {
            "version": at_hand.options.version,
            "demo": at_hand.options.demo,
            "sources_configured": bool(at_hand.config.sources),
            "public_url": at_hand.config.public_url,
            "groups": [group.name for group in at_hand.config.groups],
            "refresh_seconds": REFRESH_SECONDS,
        }
    )
