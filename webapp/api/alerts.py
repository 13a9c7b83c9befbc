"""GET /alerts, /alerts/<id>; acknowledging and silencing one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from apiflask import APIBlueprint
from flask import Response

from config.rules import RuleBase
from webapp import store_alerts
from webapp.answers import answer
from webapp.auth import policy
from webapp.errors import Refused
from webapp.query import LARGEST_ID, NoQuery
from webapp.query_alerts import Acknowledging, AlertsQuery, SilencingOne
from webapp.schemas_alerts import AlertDetail, AlertPage
from webapp.services import services

blueprint = APIBlueprint("alerts", __name__, tag="Alerts")
log = structlog.get_logger(__name__)


@blueprint.get("/alerts")
@blueprint.input(AlertsQuery, location="query", arg_name="query")
@blueprint.output(AlertPage)
@policy("reader")
def list_alerts(query: AlertsQuery) -> Response:
    """Alerts, the newest opened first, a page at a time, each with its notifications."""
    at_hand = services()
    page = at_hand.lanes.read(
        store_alerts.alert_page, at_hand.database, query.filters(), query.limit, query.cursor
    )  # fmt: skip
    return answer({**page, "alerts": [store_alerts.shown(alert, at_hand.config) for alert in page["alerts"]]})


@blueprint.get("/alerts/<int:alert_id>")
@blueprint.input(NoQuery, location="query", arg_name="query")
@blueprint.output(AlertDetail)
@policy("reader")
def one_alert(alert_id: int, query: NoQuery) -> Response:
    """One alert with its transitions, its notifications and their results, and the rule that opened it."""
    at_hand = services()
    return _detail(at_hand.lanes.read(store_alerts.alert_detail, at_hand.database, known(alert_id)))


@blueprint.post("/alerts/<int:alert_id>/acknowledge")
@blueprint.input(Acknowledging, location="json", arg_name="body")
@blueprint.output(AlertDetail)
@policy("reader")
def acknowledge(alert_id: int, body: Acknowledging) -> Response:
    """Somebody is at it: nobody is reminded of the alert any more, and everybody hears when it is over."""
    return _changed("an alert was acknowledged", store_alerts.acknowledge, alert_id, body.who or "", body.reason or "")


@blueprint.post("/alerts/<int:alert_id>/unacknowledge")
@blueprint.input(Acknowledging, location="json", arg_name="body")
@blueprint.output(AlertDetail)
@policy("reader")
def unacknowledge(alert_id: int, body: Acknowledging) -> Response:
    """Nobody is at it after all: the alert fires again."""
    return _changed(
        "an acknowledgement was taken back", store_alerts.take_back, alert_id, body.who or "", body.reason or ""
    )


@blueprint.post("/alerts/<int:alert_id>/silence")
@blueprint.input(SilencingOne, location="json", arg_name="body")
@blueprint.output(AlertDetail)
@policy("reader")
def silence(alert_id: int, body: SilencingOne) -> Response:
    """Silence this alert, and what follows of its rule on its pipeline and branch, for a while."""
    return _changed(
        "an alert was silenced", store_alerts.silence_one, alert_id, body.author, body.reason or "", body.lasting
    )


def known(row_id: int) -> int:
    """An id that a table can hold; a larger one is of nothing. Raises Refused(404)."""
    if row_id > LARGEST_ID:
        raise Refused(404, f"there is no alert {row_id}")
    return row_id


def _changed(
    said: str, change: Callable[..., dict[str, Any]], alert_id: int, who: str, why: str, *more: Any
) -> Response:
    """Makes the change, says so in the log, tells the sockets at once."""
    at_hand = services()
    found = at_hand.lanes.write(change, at_hand.database, known(alert_id), who, why, *more, at_hand.options.clock())
    at_hand.hub.nudge()
    log.info(said, alert=alert_id, rule=found["rule"], pipeline=found["pipeline"], who=who, reason=why)
    return _detail(found)


def _detail(found: dict[str, Any]) -> Response:
    config = services().config
    rule = next((rule for rule in config.effective_rules if rule.name == found["rule"]), None)
    return answer({**store_alerts.shown(found, config), "rule_config": None if rule is None else _written(rule)})


def _written(rule: RuleBase) -> dict[str, Any]:
    """The rule as collectors.yaml has it, which and what first."""
    told: dict[str, Any] = rule.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return {name: told[name] for name in sorted(told, key=lambda name: name not in ("name", "when"))}
