"""GET /grid."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

from webapp import store
from webapp.auth import policy
from webapp.query_pages import GridQuery
from webapp.schemas_pages import Grid
from webapp.services import figures, services

blueprint = APIBlueprint("grid", __name__, tag="Figures")


@blueprint.get("/grid")
@blueprint.input(GridQuery, location="query", arg_name="query")
@blueprint.output(Grid)
@policy("reader")
def grid(query: GridQuery) -> Response:
    """Commits by pipelines of one repo: who broke what."""
    at_hand = services()
    filters, before = query.filters(), query.before_instant

    def work() -> object:
        found = at_hand.lanes.read(store.grid, at_hand.database, filters, query.limit, before)
        return {"repo": query.repo, "branches": list(filters.branch), **found}

    return figures("grid", query, work)
