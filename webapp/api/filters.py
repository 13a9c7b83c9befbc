"""GET /filters: what the filter menus offer."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

from collector.domain.model import Status
from webapp import store
from webapp.answers import answer
from webapp.auth import policy
from webapp.query import FiltersQuery
from webapp.schemas import FilterValues
from webapp.services import services

blueprint = APIBlueprint("filters", __name__, tag="Sources")


@blueprint.get("/filters")
@blueprint.input(FiltersQuery, location="query", arg_name="query")
@blueprint.output(FilterValues)
@policy("reader")
def filters(query: FiltersQuery) -> Response:
    """The values that the filters may take, as far as builds are kept; `cut` names the lists that hold 500 of more."""
    at_hand = services()
    found = at_hand.lanes.read(store.filter_values, at_hand.database, query.q)
    named = {source.name for source in at_hand.config.sources}
    return answer(
        {
            **found,
            "sources": sorted(named | set(found["sources"])),
            "groups": [group.name for group in at_hand.config.groups],
            "statuses": [status.value for status in Status],
        }
    )
