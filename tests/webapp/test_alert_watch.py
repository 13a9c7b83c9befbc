"""Which alerts /ws tells of, to whom, and that builds' seq is left alone."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from collector.domain.alert_states import State
from collector.domain.filters import Filters
from collector.storage import alerts
from tests.webapp.alerting import an_alert, keep, notify
from tests.webapp.harness import NOW, Web
from tests.webapp.test_live import FakeFeed, client, payload, taken
from webapp.alert_frames import alert_frames
from webapp.alert_watch import AlertWatch
from webapp.live import Hub, Wanted
from webapp.measures import Measures
from webapp.sockets import Narrowed

EVERYTHING = Narrowed(Filters())


@pytest.fixture
def watch(web: Web) -> AlertWatch:
    return AlertWatch(web.services.lanes, web.database, web.services.config, web.clock)


def told(watch: AlertWatch, wanted: Wanted = EVERYTHING) -> list[dict[str, Any]]:
    return [payload(frame) for frame in alert_frames(watch.changed(), wanted)]


def test_a_changed_alert_is_told_once_as_the_list_shows_it(web: Web, watch: AlertWatch) -> None:
    alert = keep(web, changed_at=NOW)
    notify(web, alert)
    (frame,) = told(watch)

    assert frame == {"event": "alert_changed", "alert": web.json("/alerts")["alerts"][0]}
    assert told(watch) == []
    web.clock.now += timedelta(seconds=1)
    web.client.post(f"/alerts/{alert}/acknowledge", json={"who": "mira"})
    assert [frame["alert"]["state"] for frame in told(watch)] == ["acknowledged"]


def test_what_changed_before_it_watched_or_while_nobody_listened_is_told_to_nobody(web: Web, watch: AlertWatch) -> None:
    keep(web, changed_at=NOW - timedelta(minutes=5))
    keep(web, branch="b", changed_at=NOW)
    assert watch.changed(told=False) == []

    assert told(watch) == []


def test_one_that_becomes_visible_after_a_later_one_is_told_too(web: Web, watch: AlertWatch) -> None:
    web.clock.now = NOW + timedelta(seconds=30)
    keep(web, changed_at=web.clock.now)
    told(watch)
    late = keep(web, branch="late", changed_at=NOW)

    assert [frame["alert"]["id"] for frame in told(watch)] == [late]


def test_a_clock_that_is_set_back_hides_no_change(web: Web, watch: AlertWatch) -> None:
    keep(web, changed_at=NOW)
    told(watch)
    web.clock.now = NOW - timedelta(hours=1)
    back = keep(web, branch="b", changed_at=web.clock.now)

    assert back in [frame["alert"]["id"] for frame in told(watch)]


@pytest.mark.parametrize(
    ("filters", "passes"),
    [
        (Filters(repo=("ACME/web",)), True),
        (Filters(repo=("acme/api",)), False),
        (Filters(branch=("@default",)), False),
        (Filters(branch=("dev",)), True),
        (Filters(pipeline=("CI",), provider=("github",)), True),
        (Filters(source=("acme",)), False),
    ],
)
def test_a_narrowed_socket_hears_of_its_own_alerts_alone(
    web: Web, watch: AlertWatch, filters: Filters, passes: bool
) -> None:
    keep(web, branch="dev", changed_at=NOW)

    assert bool(told(watch, Narrowed(filters))) is passes


def test_an_alert_without_a_branch_is_on_the_default_one(web: Web, watch: AlertWatch) -> None:
    keep(web, branch="", changed_at=NOW)

    assert len(told(watch, Narrowed(Filters(branch=("@default",))))) == 1


def test_the_hub_tells_alerts_without_moving_the_seq_of_builds(web: Web, watch: AlertWatch) -> None:
    feed = FakeFeed()
    feed.add(3)
    hub = Hub(feed, Measures(), watch)
    listener = client()
    hub.join(listener)
    hub.catch_up()
    builds_seq = hub.told
    taken(listener)
    keep(web, changed_at=NOW)
    hub.tell_alerts()

    (frame,) = taken(listener)
    assert payload(frame)["event"] == "alert_changed"
    assert "seq" not in payload(frame)
    assert (hub.told, hub.head) == (builds_seq, builds_seq)


def test_five_hundred_at_once_are_all_told(web: Web, watch: AlertWatch) -> None:
    with web.database.writing():
        for number in range(620):
            alerts.save(an_alert(pipeline_id=number + 1, changed_at=NOW, state=State.FIRING))

    frames = told(watch)
    assert len(frames) == 620
    assert len({json.dumps(frame["alert"]["id"]) for frame in frames}) == 620
