"""GET /series."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

from webapp import store
from webapp.auth import policy
from webapp.query import SeriesQuery
from webapp.schemas import Series
from webapp.services import figures, services

blueprint = APIBlueprint("series", __name__, tag="Figures")


@blueprint.get("/series")
@blueprint.input(SeriesQuery, location="query", arg_name="query")
@blueprint.output(Series)
@policy("reader")
def series(query: SeriesQuery) -> Response:
    """A figure over time for the busiest pipelines; failures are points of their own."""
    at_hand = services()
    filters, now = query.filters(), at_hand.options.clock()

    def work() -> object:
        return at_hand.lanes.read(store.series, at_hand.database, filters, query.pipelines, now)

    return figures("series", query, work)
