"""GET /metrics/summary."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

from webapp import store
from webapp.auth import policy
from webapp.query import FiguresQuery
from webapp.schemas import Summary
from webapp.services import figures, services

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
    filters, now = query.filters(), at_hand.options.clock()

    def work() -> object:
        return at_hand.lanes.read(store.summary, at_hand.database, at_hand.config, filters, query.window_name, now)

    return figures("summary", query, work)
