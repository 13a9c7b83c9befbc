"""GET /pipelines, /pipelines/<id>."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

from webapp import store
from webapp.auth import policy
from webapp.errors import Refused
from webapp.matching import groups_of
from webapp.query import LARGEST_ID, FiguresQuery
from webapp.query_pages import PipelinePageQuery
from webapp.schemas_pages import PipelineList, PipelinePage
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
    groups = [group.patterns for group in at_hand.config.groups]

    def work() -> object:
        found = at_hand.lanes.read(store.pipelines, at_hand.database, at_hand.config, filters, now)
        return {"pipelines": [{**pipeline, "groups": groups_of(groups, pipeline)} for pipeline in found]}

    return figures("pipelines", query, work)


@blueprint.get("/pipelines/<int:pipeline_id>")
@blueprint.input(PipelinePageQuery, location="query", arg_name="query")
@blueprint.output(PipelinePage)
@policy("reader")
def one_pipeline(pipeline_id: int, query: PipelinePageQuery) -> Response:
    """One pipeline: its last builds, figures over the window, what fails, branches, outages, flaky builds."""
    at_hand = services()
    now = at_hand.options.clock()

    def work() -> object:
        found = None
        if pipeline_id <= LARGEST_ID:
            filters = query.filters(pipeline_id)
            found = at_hand.lanes.read(
                store.pipeline, at_hand.database, at_hand.config, pipeline_id, filters, query.window_name, now
            )
        if found is None:
            raise Refused(404, f"there is no pipeline {pipeline_id}")
        return found

    return figures(f"pipeline {pipeline_id}", query, work)
