"""Quiet hours, digests and routes in collectors.yaml."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from collector.domain.routing import Subject
from tests.config.files import loaded, told

HOURS = """\
    receivers:
      - name: r
        stdout: {}
        quiet_hours: {from: "22:00", to: "07:00", timezone: Europe/Berlin, days: [mon, sun], except: []}
        digest: {at: "08:30", timezone: America/New_York, only: true}
    """
ROUTES = """\
    groups: [{name: web, repos: ["acme/web*"]}]
    receivers: [{name: a, stdout: {}}, {name: b, stdout: {}}, {name: c, stdout: {}}, {name: d, stdout: {}}]
    routes:
      - {groups: [web], to: [a], continue: true}
      - {severities: [critical], to: [b]}
      - {branches: ["@default"], repos: ["acme/*"], to: [c]}
    rules:
      - {name: routed, when: failure}
      - {name: direct, when: failure, to: [d]}
    """


def subject(repo: str = "acme/web", branch: str | None = "main", severity: str = "warning") -> Subject:
    return Subject(repo, "CI", branch, branch == "main", severity)


def test_hours_are_read_with_their_zone(tmp_path: Path) -> None:
    (receiver,) = loaded(tmp_path, HOURS).config.receivers
    assert receiver.quiet_hours is not None
    assert receiver.digest is not None
    assert (receiver.quiet_hours.hours.begins, receiver.quiet_hours.hours.ends) == (time(22), time(7))
    assert receiver.quiet_hours.hours.days == {0, 6}
    assert (receiver.digest.daily.at, receiver.digest.daily.zone.key) == (time(8, 30), "America/New_York")


@pytest.mark.parametrize(
    ("keys", "place", "words"),
    [
        ('quiet_hours: {from: 22:00, to: "07:00"}', "quiet_hours.from", "in quotes"),
        ('quiet_hours: {from: "24:00", to: "07:00"}', "quiet_hours.from", "23:59"),
        ('quiet_hours: {from: "07:00", to: "07:00"}', "quiet_hours", "same time"),
        ('quiet_hours: {from: "22:00"}', "quiet_hours.to", "is missing"),
        ('quiet_hours: {from: "22:00", to: "07:00", timezone: Mars/Base}', "quiet_hours.timezone", "no time zone"),
        ('quiet_hours: {from: "22:00", to: "07:00", timezone: ../../etc}', "quiet_hours.timezone", "no time zone"),
        ('quiet_hours: {from: "22:00", to: "07:00", except: [bad]}', "quiet_hours.except[0]", "critical"),
        ('digest: {at: "08:00", days: [funday]}', "digest.days[0]", "mon"),
        ('digest: {at: "8:00"}', "digest.at", "in quotes"),
    ],
)
def test_hours_that_are_wrong_are_told_with_what_would_be_right(
    tmp_path: Path, keys: str, place: str, words: str
) -> None:
    found = told(tmp_path, f"receivers:\n  - {{name: r, stdout: {{}}, {keys}}}\n")
    assert words in found[f"receivers[0].{place}"]


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (subject(), ["a", "c"]),
        (subject(severity="critical"), ["a", "b"]),
        (subject("acme/api"), ["c"]),
        (subject("acme/api", branch=None), ["c"]),
        (subject("Acme/WEB-x", branch="feature"), ["a"]),
        (subject("other/x"), ["a", "b", "c", "d"]),
    ],
)
def test_the_first_route_that_takes_an_alert_decides_and_continue_asks_the_next(
    tmp_path: Path, of: Subject, expected: list[str]
) -> None:
    config = loaded(tmp_path, ROUTES).config
    assert [receiver.name for receiver in config.receivers_for(config.rules[0], of)] == expected


def test_a_rule_that_names_its_receivers_asks_no_route(tmp_path: Path) -> None:
    config = loaded(tmp_path, ROUTES).config
    assert [receiver.name for receiver in config.receivers_for(config.rules[1], subject())] == ["d"]


def test_a_route_to_nobody_is_an_error(tmp_path: Path) -> None:
    text = "receivers: [{name: a, stdout: {}}]\nroutes: [{to: [b], groups: [web]}]\n"
    found = told(tmp_path, text)
    assert 'no entry of receivers is called "b"' in found["routes[0].to[0]"]
    assert "routes[0].groups[0]" in found
    assert "is missing" in told(tmp_path, "routes: [{}]")["routes[0].to"]
