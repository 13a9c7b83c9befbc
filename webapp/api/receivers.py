"""GET /receivers."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response

from webapp import store_alerts
from webapp.answers import answer
from webapp.auth import policy
from webapp.query import NoQuery
from webapp.schemas_alerts import ReceiverList
from webapp.services import services

blueprint = APIBlueprint("receivers", __name__, tag="Alerts")


@blueprint.get("/receivers")
@blueprint.input(NoQuery, location="query", arg_name="query")
@blueprint.output(ReceiverList)
@policy("reader")
def receivers(query: NoQuery) -> Response:
    """The configured receivers, how sending to each goes and what waits for it."""
    at_hand = services()
    kinds: dict[str, str] = {receiver.name: receiver.kind for receiver in at_hand.config.receivers}
    found = at_hand.lanes.read(store_alerts.receiver_list, at_hand.database, kinds)
    return answer({"receivers": found})
