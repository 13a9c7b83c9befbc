"""GET /builds, /builds/latest, /builds/<id>."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

from webapp import store
from webapp.answers import answer
from webapp.auth import policy
from webapp.errors import Refused
from webapp.query import LARGEST_ID, BuildsQuery, LatestQuery, NoQuery
from webapp.schemas import BuildDetail, BuildPage
from webapp.schemas_pages import BuildContext
from webapp.services import services

blueprint = APIBlueprint("builds", __name__, tag="Builds")
LATEST = 50


@blueprint.get("/builds")
@blueprint.input(BuildsQuery, location="query", arg_name="query")
@blueprint.output(BuildPage)
@policy("reader")
def list_builds(query: BuildsQuery) -> Response:
    """Builds, newest start first, a page at a time.

    Pages go by a cursor: builds that arrive meanwhile neither repeat nor skip others.
    """
    at_hand = services()
    page = at_hand.lanes.read(
        store.build_page, at_hand.database, query.filters(), query.sort, query.limit, query.cursor
    )
    return answer(page)


@blueprint.get("/builds/latest")
@blueprint.input(LatestQuery, location="query", arg_name="query")
@blueprint.output(BuildPage)
@policy("reader")
def latest_builds(query: LatestQuery) -> Response:
    """The newest 50 builds, of all times unless a window is given."""
    at_hand = services()
    page = at_hand.lanes.read(store.build_page, at_hand.database, query.filters(), "-started_at", LATEST, None)
    return answer({"builds": page["builds"], "next": None})


@blueprint.get("/builds/<int:build_id>")
@blueprint.input(NoQuery, location="query", arg_name="query")
@blueprint.output(BuildDetail)
@policy("reader")
def one_build(build_id: int, query: NoQuery) -> Response:
    """One build with its jobs, their steps, and all attempts of its run."""
    at_hand = services()
    found = None
    if build_id <= LARGEST_ID:
        found = at_hand.lanes.read(store.build_detail, at_hand.database, build_id)
    if found is None:
        raise Refused(404, f"there is no build {build_id}; it may have been pruned")
    return answer(found)


@blueprint.get("/builds/<int:build_id>/context")
@blueprint.input(NoQuery, location="query", arg_name="query")
@blueprint.output(BuildContext)
@policy("reader")
def around_build(build_id: int, query: NoQuery) -> Response:
    """Whether the build's failure is new, flaky or found elsewhere too."""
    at_hand = services()
    found = None
    if build_id <= LARGEST_ID:
        found = at_hand.lanes.read(store.build_around, at_hand.database, build_id)
    if found is None:
        raise Refused(404, f"there is no build {build_id}; it may have been pruned")
    return answer(found)
