"""GET /metrics/summary."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

from webapp import store
from webapp.answers import answer
from webapp.auth import policy
from webapp.query import FiguresQuery
from webapp.schemas import Summary
from webapp.services import services

blueprint = APIBlueprint("summary", __name__, tag="Figures")


@blueprint.get("/metrics/summary")
@blueprint.input(FiguresQuery, location="query", arg_name="query")
@blueprint.output(Summary)
@policy("reader")
def summary(query: FiguresQuery) -> Response:
    """The figures of a window: rates, times, recoveries, and every pipeline's last status.

    success_rate is 100 x success / (success + failure); cancelled, skipped and unfinished builds never count.
    """
    at_hand = services()
    figures = at_hand.lanes.read(
        store.summary, at_hand.database, at_hand.config, query.filters(), query.window_name, at_hand.options.clock()
    )
    return answer(figures)
