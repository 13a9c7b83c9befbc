"""GET /sources."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

from webapp import store
from webapp.answers import answer
from webapp.auth import policy
from webapp.query import NoQuery
from webapp.schemas_sources import SourceList
from webapp.services import services

blueprint = APIBlueprint("sources", __name__, tag="Sources")


@blueprint.get("/sources")
@blueprint.input(NoQuery, location="query", arg_name="query")
@blueprint.output(SourceList)
@policy("reader")
def sources(query: NoQuery) -> Response:
    """The configured sources and how reading each goes."""
    at_hand = services()
    found = at_hand.lanes.read(store.sources, at_hand.database, at_hand.config, at_hand.options.clock())
    return answer({"sources": found})
