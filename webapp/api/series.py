"""GET /series."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

from webapp import store
from webapp.answers import answer
from webapp.auth import policy
from webapp.query import SeriesQuery
from webapp.schemas import Series
from webapp.services import services

blueprint = APIBlueprint("series", __name__, tag="Figures")


@blueprint.get("/series")
@blueprint.input(SeriesQuery, location="query", arg_name="query")
@blueprint.output(Series)
@policy("reader")
def series(query: SeriesQuery) -> Response:
    """A figure over time for the busiest pipelines; failures are points of their own."""
    at_hand = services()
    found = at_hand.lanes.read(
        store.series, at_hand.database, query.filters(), query.pipelines, at_hand.options.clock()
    )
    return answer(found)
