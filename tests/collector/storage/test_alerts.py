"""Alerts as the API reads and changes them: pages, one alert's history, acknowledging, silences."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from collector.domain.alert_states import State, WrongState
from collector.domain.filters import GroupPatterns
from collector.storage import alert_pages, alerts, notifications, receivers, retention, silences
from collector.storage.alert_pages import AlertFilters
from collector.storage.errors import BadCursor, BadSilence, NoSuchAlert
from tests.builders import later
from tests.collector.alerting.rig import Rig, config_of, failed, passed

TWO_RULES = """
receivers: [{name: team, stdout: {}}]
rules:
  - {name: broken, when: failure}
  - {name: grave, when: failure, repos: [acme/api], severity: critical}
"""


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path, config_of(TWO_RULES))
    yield rig
    rig.close()


def shown(rig: Rig, **filters: tuple[object, ...]) -> list[int]:
    with rig.database.reading():
        page = alert_pages.page(AlertFilters(**filters), cursor=None, limit=50)  # type: ignore[arg-type]
        return [one["id"] for one in page.alerts]


def test_pages_are_newest_first_and_go_on_where_the_last_ended(rig: Rig) -> None:
    rig.told(*(failed(run, later(minutes=run), workflow=run) for run in range(1, 8)))
    with rig.database.reading():
        first = alert_pages.page(AlertFilters(), cursor=None, limit=3)
    rig.told(failed(9, later(minutes=9), workflow=9))
    with rig.database.reading():
        second = alert_pages.page(AlertFilters(), cursor=first.next, limit=3)
        last = alert_pages.page(AlertFilters(), cursor=second.next, limit=3)
    pages = [[one["id"] for one in one_page.alerts] for one_page in (first, second, last)]
    assert (pages, last.next) == ([[7, 6, 5], [4, 3, 2], [1]], None)


@pytest.mark.parametrize("cursor", ["", "x", "é", "YWxlcnRzOngxMg", "YnVpbGRzOjE", "YWxlcnRzOi0x"])
def test_a_foreign_cursor_is_refused(rig: Rig, cursor: str) -> None:
    with rig.database.reading(), pytest.raises(BadCursor):
        alert_pages.page(AlertFilters(), cursor=cursor, limit=50)


def test_filters_narrow_what_is_shown(rig: Rig) -> None:
    rig.told(failed(1, later(), default_branch="main"), failed(2, later(), repo="Acme/API", branch="topic"))
    rig.told(passed(3, later(minutes=5), default_branch="main"))
    assert shown(rig) == [3, 2, 1]
    assert shown(rig, state=("resolved",)) == [1]
    assert shown(rig, rule=("grave",)) == shown(rig, severity=("critical",)) == [3]
    assert shown(rig, repo=("acme/api",)) == [3, 2]
    assert shown(rig, branch=("@default",)) == [1]
    assert shown(rig, branch=("@default", "topic")) == [3, 2, 1]
    assert shown(rig, pipeline=("CI 7",), state=("firing", "pending")) == [3, 2]
    assert shown(rig, group=(GroupPatterns("web", ("acme/web",)),)) == [1]
    assert shown(rig, group=(GroupPatterns("none", ("other/*",)),)) == []


def test_an_alert_is_shown_with_its_transitions_and_notifications(rig: Rig) -> None:
    rig.told(passed(1, later()), failed(2, later(minutes=5)))
    with rig.database.writing():
        alerts.acknowledge(1, "mira", "on it", later(minutes=7))
        notifications.claim([1], "me", rig.now, timedelta(seconds=30))
        notifications.mark_sent([1], "me", later(minutes=8), "m1")
    with rig.database.reading():
        one = alert_pages.detail(1)
    assert (one["state"], one["since"], one["branch"], one["who"]) == (
        "acknowledged", "2026-03-01T12:05:00Z", "main", "mira",
    )  # fmt: skip
    assert one["strip"] == ["success", "failure"]
    assert one["evidence"].items() >= {"failures": 1, "after": 1, "flaky": False}.items()
    assert [(move["from_state"], move["to_state"], move["reason"], move["who"]) for move in one["transitions"]] == [
        ("ok", "firing", "failure_streak", None), ("firing", "acknowledged", "on it", "mira"),
    ]  # fmt: skip
    (told,) = one["notifications"]
    assert (told["receiver"], told["kind"], told["state"], told["sent_at"]) == (
        "team", "failing", "sent", "2026-03-01T12:08:00Z",
    )  # fmt: skip


def test_what_does_not_go_with_the_state_is_refused(rig: Rig) -> None:
    rig.told(failed(1, later()), passed(2, later(minutes=5)))
    with rig.database.writing():
        with pytest.raises(WrongState, match="resolved"):
            alerts.acknowledge(1, "mira", "", rig.now)
        with pytest.raises(WrongState, match="resolved"):
            alerts.silence(1, "mira", "", timedelta(hours=1), rig.now)
        with pytest.raises(NoSuchAlert, match="99"):
            alerts.acknowledge(99, "mira", "", rig.now)


def test_a_silenced_alert_fires_when_the_silence_ends_and_is_told_if_it_was_not(rig: Rig) -> None:
    with rig.database.writing():
        silences.add({"repo": "acme/*"}, rig.now, rig.now + timedelta(hours=1), "mira", "upgrade", rig.now)
    rig.told(failed(1, later()))
    assert (rig.states(), rig.kinds()) == ([State.SILENCED], [])
    rig.tick(minutes=58)
    assert rig.states() == [State.SILENCED]
    rig.tick(minutes=2)
    assert (rig.states(), rig.kinds()) == ([State.FIRING], ["failing"])


def test_what_fails_and_is_mended_under_a_silence_is_told_to_nobody(rig: Rig) -> None:
    with rig.database.writing():
        silences.add({"rule": "broken"}, rig.now, rig.now + timedelta(hours=1), "mira", "", rig.now)
    rig.told(failed(1, later()), passed(2, later(minutes=5)))
    rig.tick(hours=2)
    assert (rig.states(), rig.kinds()) == ([State.RESOLVED], [])


def test_silencing_one_alert_silences_what_follows_of_it_alone(rig: Rig) -> None:
    rig.told(failed(1, later(), branch="fix[1]"), failed(2, later(), branch="main"))
    with rig.database.writing():
        alert, made = alerts.silence(1, "mira", "known", timedelta(hours=2), rig.now)
    assert (alert.state, alert.who, made.matchers["branch"]) == (State.SILENCED, "mira", "fix[[]1]")
    rig.told(passed(3, later(minutes=5), branch="fix[1]"), failed(4, later(minutes=9), branch="fix[1]"))
    assert rig.states() == [State.RESOLVED, State.FIRING, State.SILENCED]
    assert rig.kinds() == ["failing", "failing", "fixed"], "mended is told where failing went"
    with rig.database.writing():
        assert alerts.unsilence(made.id, rig.now) is not None
        assert alerts.unsilence(made.id, rig.now) is None
    rig.tick(seconds=1)
    assert rig.states() == [State.RESOLVED, State.FIRING, State.FIRING]


def test_a_silence_that_begins_later_takes_alerts_when_it_does(rig: Rig) -> None:
    rig.told(failed(1, later()))
    with rig.database.writing():
        silences.add({"repo": "*"}, later(hours=1), later(hours=2), "mira", "", rig.now)
    rig.tick(minutes=30)
    assert rig.states() == [State.FIRING]
    rig.tick(minutes=30)
    assert rig.states() == [State.SILENCED]


@pytest.mark.parametrize(
    ("matchers", "hours", "author", "field"),
    [
        ({}, 1, "mira", "matchers"),
        ({"repos": "x"}, 1, "mira", "matchers"),
        ({"repo": ""}, 1, "mira", "matchers.repo"),
        ({"repo": "x" * 513}, 1, "mira", "matchers.repo"),
        ({"repo": "x"}, -1, "mira", "ends_at"),
        ({"repo": "x"}, 31 * 24, "mira", "ends_at"),
        ({"repo": "x"}, 1, " ", "author"),
    ],
)
def test_a_silence_that_cannot_be_is_refused_by_field(
    rig: Rig, matchers: dict[str, str], hours: float, author: str, field: str
) -> None:
    with rig.database.writing(), pytest.raises(BadSilence) as refused:
        silences.add(matchers, rig.now, rig.now + timedelta(hours=hours), author, "", rig.now)
    assert refused.value.field == field
    assert field in str(refused.value)


def test_changed_alerts_can_be_followed(rig: Rig) -> None:
    rig.told(failed(1, later()), failed(2, later(minutes=5), workflow=8))
    with rig.database.reading():
        assert [alert_id for alert_id, _ in alert_pages.changed_since(later())] == [1, 2]
        assert [alert_id for alert_id, _ in alert_pages.changed_since(later(minutes=7))] == []
    rig.told(passed(3, later(minutes=9)))
    with rig.database.reading():
        assert [alert_id for alert_id, _ in alert_pages.changed_since(later(minutes=7))] == [1]
        assert [one["state"] for one in alert_pages.by_ids([2, 1, 77])] == ["resolved", "firing"]
        assert alert_pages.counts(AlertFilters())["firing"] == 1


def test_old_notifications_are_forgotten_but_for_those_that_wait_or_are_of_an_open_alert(rig: Rig) -> None:
    rig.told(failed(1, later()), passed(2, later(minutes=5)), failed(3, later(minutes=9), workflow=8))
    with rig.database.writing():
        ids = [one.id for one in rig_outbox(rig)]
        notifications.claim(ids, "me", rig.now, timedelta(seconds=30))
        notifications.mark_sent([ids[0], ids[2]], "me", rig.now)
        assert notifications.prune(later(days=80)) == 0
        assert notifications.prune(later(days=95)) == 1
        assert [one.kind for one in notifications.of_alert(1)] == ["fixed"], "what waits stays"
        assert [one.kind for one in notifications.of_alert(2)] == ["failing"], "its alert is open"


def test_conversations_about_alerts_that_are_long_over_are_forgotten(rig: Rig) -> None:
    rig.told(failed(1, later()), passed(2, later(minutes=5)), failed(3, later(minutes=9), workflow=8))
    with rig.database.writing():
        for receiver, alert_id in (("team", 1), ("other", 1), ("team", 2), ("team", 77)):
            receivers.begin_conversation(receiver, alert_id, "key")
        assert retention.prune_conversations(later(days=80)).done == 1, "of an alert that is no more"
        assert retention.prune_conversations(later(days=95)).done == 1, "to team, the word of the end waits yet"
        notifications.drop([one.id for one in rig_outbox(rig)], "the end of the test")
        assert retention.prune_conversations(later(days=95), batch=1) == (1, 1)
        assert retention.prune_conversations(later(days=95)).done == 0
        kept = [receivers.conversation(*about) for about in (("team", 1), ("other", 1), ("team", 2))]
    assert kept == [None, None, "key"]


def rig_outbox(rig: Rig) -> list[notifications.Notification]:
    return notifications.waiting("team")
