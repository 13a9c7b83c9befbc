"""GET /waiting."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

from webapp import store
from webapp.auth import policy
from webapp.query_pages import WaitingQuery
from webapp.schemas_pages import Waiting
from webapp.services import figures, services

blueprint = APIBlueprint("waiting", __name__, tag="Builds")


@blueprint.get("/waiting")
@blueprint.input(WaitingQuery, location="query", arg_name="query")
@blueprint.output(Waiting)
@policy("reader")
def waiting(query: WaitingQuery) -> Response:
    """What waits now, the longest first, and how each set of runner labels is doing."""
    at_hand = services()
    filters, now = query.filters(), at_hand.options.clock()

    def work() -> object:
        return at_hand.lanes.read(store.waiting, at_hand.database, filters, now)

    return figures("waiting", query, work)
