"""The wording of every message in every medium, held to files that people read."""

from __future__ import annotations

from datetime import timedelta

import pytest

from collector.alerting.messages import phrases as p
from collector.alerting.messages.compose import bare, compose
from collector.alerting.messages.model import Context, Limits
from collector.alerting.rendering import text
from collector.domain import grouping as g
from tests.builders import NOON
from tests.collector.alerting.golden import CASES, FOLDER, made, rendered
from tests.collector.alerting.senders import build_facts, facts, item

CONTEXT = Context("ci", NOON, "https://ci.acme.com")


@pytest.mark.parametrize("name", CASES)
def test_a_message_reads_as_its_file_says(name: str) -> None:
    assert rendered(name) == (FOLDER / f"{name}.txt").read_text(encoding="utf-8")


def test_no_file_is_of_a_message_that_is_no_more() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(CASES)


def test_every_alert_of_a_storm_is_named_or_counted_and_the_worst_comes_first() -> None:
    section = made("storm").sections[0]
    assert section.briefs[0].startswith("✗ acme/r77 ")
    assert len(section.briefs) == 20
    assert section.rest == "… and 480 more alerts"
    assert len(made("storm").body["alerts"]) == 500


@pytest.mark.parametrize(("trouble", "good"), [(500, 0), (0, 500), (300, 200), (19, 481), (481, 19), (4, 2), (1, 5)])
def test_named_and_counted_make_all(trouble: int, good: int) -> None:
    items = [item(given=facts(number)) for number in range(trouble)]
    items += [item(g.FIXED, given=facts(1000 + number)) for number in range(good)]
    message = compose(items, CONTEXT, Limits(5, 20))
    named = sum(len(section.briefs) for section in message.sections)
    rests = [section.rest or "" for section in message.sections]
    counted = sum(int(rest.split()[2]) for rest in rests if rest)
    assert named + counted == trouble + good
    assert named <= 20


def test_many_of_one_provider_failing_together_are_said_to_share_a_cause_in_the_headline() -> None:
    of_provider = [item(given=facts(number, repo=f"acme/r{number}")) for number in range(12)]
    message = compose(of_provider, CONTEXT, Limits(5, 20))
    assert message.headline == "12 pipelines of github.com failing together"
    assert "12 of github.com failed together" in str(message.note)
    message = compose([item(given=facts(number)) for number in range(12)], CONTEXT, Limits(5, 20))
    assert message.headline == "12 pipelines of acme/web failing together"
    assert "12 of acme/web failed together" in str(message.note)


def test_the_headline_says_how_many_of_all_failed_together() -> None:
    together = [item(given=facts(number, repo=f"acme/r{number}")) for number in range(12)]
    others = [item(given=facts(20 + n, repo=f"other/r{n}", instance="ci.acme.com")) for n in range(2)]
    fixed = [item(g.FIXED, given=facts(99))]
    message = compose([*together, *others, *fixed], CONTEXT, Limits(5, 20))
    assert message.headline == "14 pipelines failing, 12 of github.com together; 1 pipeline fixed"


def test_failures_hours_apart_are_not_said_to_share_a_cause() -> None:
    apart = [item(given=facts(n, repo=f"acme/r{n}", since=NOON - timedelta(hours=n))) for n in range(12)]
    message = compose(apart, CONTEXT, Limits(5, 20))
    assert (message.headline, message.note) == ("12 pipelines failing", None)


def test_a_message_has_the_same_id_when_it_is_made_again_and_another_for_other_rows() -> None:
    first = compose([item(), item(given=facts(2))], CONTEXT, Limits(5, 20))
    later = Context("ci", NOON + timedelta(hours=1), None)
    assert compose([item(given=facts(2)), item()][::-1], later, Limits(1, 2)).id == first.id
    assert compose([item()], CONTEXT, Limits(5, 20)).id != first.id
    assert compose([item(), item(given=facts(2))], Context("other", NOON), Limits(5, 20)).id != first.id


def test_without_a_public_url_there_are_no_links_to_the_dashboard() -> None:
    message = compose([item()], Context("ci", NOON), Limits(5, 20))
    assert message.links == ()
    assert [link.label for link in message.sections[0].cards[0].links] == ["Run on github.com", "What changed"]


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,x", "//evil", "https://", "https://u:p@host/", "https://[::1",
     "http://a b/", "https://h:99999/", "ftp://h/", "https://h/" + "x" * 3000, "http://h\\@evil/", "http:///x", None,
     ""],
)  # fmt: skip
def test_an_address_that_is_none_is_no_link(url: str | None) -> None:
    assert p.safe_url(url) is None


def test_an_address_is_percent_encoded() -> None:
    assert p.safe_url('https://h/a"b<c>|d e\u202e') == "https://h/a%22b%3Cc%3E%7Cd%20e%E2%80%AE"
    assert p.safe_url("http://127.0.0.1:8080/job/a%20b/7/?x=1&y=2#z") == "http://127.0.0.1:8080/job/a%20b/7/?x=1&y=2#z"


def test_the_compare_view_needs_two_commits_of_the_instance() -> None:
    def compared(**fields: object) -> bool:
        return "What changed" in [link.label for link in p.links(facts(**fields), None)]

    assert compared()
    assert not compared(last_good=None)
    assert not compared(first_bad=build_facts(commit="$(id)"))
    assert not compared(first_bad=build_facts(url="https://evil.example/acme/web/actions/runs/7"))
    assert not compared(provider="jenkins")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (0.9, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min 59 s"), (7200, "2 h"), (90061, "1 day 1 h"),
     (172800, "2 days"), (-5, "0 s")],
)  # fmt: skip
def test_lengths_are_said_in_at_most_two_units(seconds: float, words: str) -> None:
    assert p.length(seconds) == words


def test_when_wording_fails_the_alerts_are_still_named() -> None:
    message = bare([item(given=facts(7))], CONTEXT)
    assert "Alerts 7 (failing)" in text.rendered(message)
    assert message.body["alerts"] == [{"id": 7}]
