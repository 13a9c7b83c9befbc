"""GET and POST /silences, DELETE /silences/<id>."""

from __future__ import annotations

import structlog
from apiflask import APIBlueprint
from flask import Response

from collector.domain.silencing import Silence as Wanted
from webapp import store_alerts
from webapp.answers import answer
from webapp.auth import policy
from webapp.errors import Refused
from webapp.query import LARGEST_ID, NoQuery
from webapp.query_alerts import SilencesQuery, Silencing
from webapp.schemas_alerts import MadeSilence, Silence, SilenceList
from webapp.services import services

blueprint = APIBlueprint("silences", __name__, tag="Alerts")
log = structlog.get_logger(__name__)


@blueprint.get("/silences")
@blueprint.input(SilencesQuery, location="query", arg_name="query")
@blueprint.output(SilenceList)
@policy("reader")
def list_silences(query: SilencesQuery) -> Response:
    """The silences in force or to come, the soonest to end first; or the newest 100."""
    at_hand = services()
    found = at_hand.lanes.read(
        store_alerts.silence_list, at_hand.database, query.state, at_hand.options.clock()
    )  # fmt: skip
    return answer({"silences": found})


@blueprint.post("/silences")
@blueprint.input(Silencing, location="json", arg_name="body")
@blueprint.output(MadeSilence, status_code=201)
@policy("reader")
def add_silence(body: Silencing) -> Response:
    """A silence by matchers; the open alerts that it takes are silenced at once."""
    at_hand = services()
    now = at_hand.options.clock()
    starts_at, ends_at = body.bounds(now)
    wanted = Wanted(0, body.matchers.given(), starts_at, ends_at, body.author, body.reason or "", now)
    groups = tuple(group.patterns for group in at_hand.config.groups)
    made = at_hand.lanes.write(store_alerts.add_silence, at_hand.database, wanted, groups, now)
    at_hand.hub.nudge()
    log.info("a silence was added", silence=made["id"], matchers=made["matchers"], author=made["author"],
             until=made["ends_at"], alerts=len(made["silenced"]))  # fmt: skip
    return answer(made, 201)


@blueprint.delete("/silences/<int:silence_id>")
@blueprint.input(NoQuery, location="query", arg_name="query")
@blueprint.output(Silence)
@policy("reader")
def end_silence(silence_id: int, query: NoQuery) -> Response:
    """End a silence early; what is still bad is told again. One that is over already stays as it is."""
    at_hand = services()
    found = None
    if silence_id <= LARGEST_ID:
        found = at_hand.lanes.write(store_alerts.end_silence, at_hand.database, silence_id, at_hand.options.clock())
    if found is None:
        raise Refused(404, f"there is no silence {silence_id}")
    at_hand.hub.nudge()
    log.info("a silence was ended", silence=silence_id, matchers=found["matchers"])
    return answer(found)
