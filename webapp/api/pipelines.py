"""GET /pipelines."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

from webapp import store
from webapp.auth import policy
from webapp.query import FiguresQuery
from webapp.schemas import PipelineList
from webapp.services import figures, services

blueprint = APIBlueprint("pipelines", __name__, tag="Figures")


@blueprint.get("/pipelines")
@blueprint.input(FiguresQuery, location="query", arg_name="query")
@blueprint.output(PipelineList)
@policy("reader")
def pipelines(query: FiguresQuery) -> Response:
    """Every pipeline and how it stands, worst first."""
    at_hand = services()
    filters, now = query.filters(), at_hand.options.clock()

    def work() -> object:
        return {"pipelines": at_hand.lanes.read(store.pipelines, at_hand.database, filters, now)}

    return figures("pipelines", query, work)
