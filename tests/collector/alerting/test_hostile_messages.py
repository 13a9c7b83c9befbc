"""Text from outside in every field, through every notifier to a real server: nothing of it becomes markup, a mention,
a link or a header, no secret is shown, every limit is kept, and each alert arrives."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.alerting.messages.compose import compose
from collector.alerting.messages.model import Context, Message
from collector.alerting.notifiers import slack as slack_notifier
from collector.alerting.notifiers.email import Mail, Server
from collector.alerting.notifiers.file import File
from collector.alerting.notifiers.slack import SlackBot, SlackWebhook
from collector.alerting.notifiers.webhook import Webhook
from collector.alerting.rendering import mail, slack, text
from collector.domain import grouping as g
from collector.domain.payload import AlertFacts, BuildFacts
from tests.builders import NOON
from tests.collector.alerting.senders import item
from tests.collector.alerting.standins import Answer, HttpStandIn, SmtpStandIn, http_standin, smtp_standin

GITHUB_TOKEN = "ghp_" + "aB3" * 12
CONFIGURED = "the-configured-secret-of-a-source"
SECRETS = (
    GITHUB_TOKEN,
    "github_pat_" + "a1B2" * 20 + "xy",
    "glpat-" + "Z9y8X7w6V5u4T3s2R1q0",
    "AKIA" + "ABCDEFGHIJKLMNOP",
    "xoxb-1234567890-abcdefghijkl",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefghijklmnop",
    CONFIGURED,
)
HOSTILE = [
    "<script>alert(1)</script>",
    "{{7*7}} ${7*7} {0.__class__} %s%n",
    "</title><svg onload=alert(1)>",
    "\x1b]0;pwn\x07\x1b[2J\x1b]8;;https://evil.example\x07link\x1b]8;;\x07",
    "x\r\nERROR forged line",
    "\u202egnp.exe\u200b\u2066zero\u2069 Z\u0361\u0489a\u0308lgo \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "main\r\nBcc: evil@x.example\r\n\r\n<b>body</b>",
    "sub\x0bject\x0c\x85\u2028\u2029Bcc: evil@x.example",
    "\ud800 lone \udfff",
    "=?utf-8?q?=0ABcc=3A_evil=40x.example?= =?utf-8?b?DQpCY2M6IGV2aWxAeC5leGFtcGxl?=",
    "<!channel> <!here> <!everyone> <!subteam^S1> <@U123> <#C1> @channel @here",
    "<https://evil.example|https://ci.acme.com> <mailto:evil@x.example|mail>",
    "``` closes `code` *bold* _it_ ~no~ > quote",
    "x" * 40_000,
    "&" * 3_001,
    "&lt;!channel&gt; &amp;lt;b&amp;gt;",
    "-rf a..b $(id) `id` ;id mаin  ",
    "é" * 255,
    "\0nul\0",
    " ",
    'quote" onmouseover="x" \'y\' |pipe|',
    "../../../../etc/passwd",
    "'; DROP TABLE alerts; --",
    *SECRETS,
    f"https://user:{SECRETS[0]}@host/x",
    f"Authorization: Bearer {SECRETS[3]}",
    SECRETS[0][:20] + "\n" + SECRETS[0][20:],
    SECRETS[0][:20] + "\x1b[31m" + SECRETS[0][20:],
    "a" * 20_000 + "token=\n" * 3_000,
]
URLS = [
    "javascript:alert(1)", "data:text/html,<b>", "//evil", "https://h/" + "y" * 8192, "https://h/a|b>c<d\"e' f\r\ng",
    "https://u:p@h/", "https://h/\u202e/\ud800", "https://ci.acme.com/run/1",
]  # fmt: skip
CONTEXT = Context("ci", NOON, "https://ci.acme.com", frozenset({CONFIGURED}))
KINDS = [g.FAILING, g.FIXED, g.FLAPPING, g.FAILED_AND_FIXED, g.CLOSED, g.REMINDER]


def hostile_build(said: str, url: str) -> BuildFacts:
    return BuildFacts(
        id=3, number=said, status=said, conclusion=said, url=url, commit=said, message=said, actor=said, event=said,
        started_at=NOON, failing_step=said, error_line=said,
    )  # fmt: skip


def hostile_facts(alert_id: int, said: str, url: str, when: str = "failure") -> AlertFacts:
    built = hostile_build(said, url)
    return AlertFacts(
        alert_id=alert_id, rule=said, when=when, severity=said, provider="github", instance=said, repo=said,
        pipeline=said, branch=said, reason=said, text=said, since=NOON, streak=2, strip=(said,) * 10, flaky=True,
        first_bad=built, last=built, last_good=built,
    )  # fmt: skip


def hostile_message(number: int, said: str, limits: Any = slack_notifier.LIMITS) -> Message:
    url = URLS[number % len(URLS)]
    when = "failure" if number % 2 else "slower"
    return compose(
        [item(KINDS[number % len(KINDS)], given=hostile_facts(number + 1, said, url, when))], CONTEXT, limits
    )


@pytest.fixture(scope="module")
def slack_server() -> Iterator[HttpStandIn]:
    with http_standin(Answer(200, '{"ok": true, "ts": "1.1"}')) as standin:
        yield standin


@pytest.fixture(scope="module")
def smtp_server() -> Iterator[SmtpStandIn]:
    with smtp_standin() as standin:
        yield standin


@pytest.mark.parametrize("number", range(len(HOSTILE)))
@pytest.mark.parametrize("plain", [False, True])
def test_hostile_text_arrives_tame_by_every_notifier(
    number: int, plain: bool, slack_server: HttpStandIn, smtp_server: SmtpStandIn, tmp_path: Path
) -> None:
    message = hostile_message(number, HOSTILE[number])
    before, mails = len(slack_server.asked), len(smtp_server.received)
    webhook = Webhook(slack_server.url, "s")
    SlackWebhook(slack_server.url).send(message, (), plain=plain)
    SlackBot("t", "#ci", slack_server.url).send(message, (), plain=plain)
    webhook.send(message, (), plain=plain)
    webhook.close()
    Mail(Server("127.0.0.1", smtp_server.port, "none"), "ci@acme.com", ["a@acme.com"]).send(message, (), plain=plain)
    File(tmp_path / "told.txt").send(message, (), plain=plain)
    by_webhook, by_bot, generic = slack_server.asked[before:]
    (received,) = smtp_server.received[mails:]
    assert_tame_slack(by_webhook.json)
    assert_tame_slack(by_bot.json)
    assert_tame_mail(received.mail, received.raw)
    assert generic.json["alerts"][0]["id"] == number + 1, "the alert arrived, whatever it is called"
    told = [by_webhook.raw.decode(), generic.raw.decode(), str(received.mail), (tmp_path / "told.txt").read_text()]
    assert_no_secret("\n".join([*told, received.part("plain")]))
    assert_one_line_each(text.rendered(message))


def assert_tame_slack(body: dict[str, Any]) -> None:
    """Only links of ours, by their labels, are markup; nothing exceeds what Slack takes."""
    assert 0 < len(body["text"]) <= 3000
    assert not re.search(r"[<>]", body["text"])
    blocks = body.get("blocks", [])
    assert len(blocks) <= 50
    for block in blocks:
        if block["type"] == "context":
            assert_own_links(block["elements"])
        else:
            said = block["text"]
            assert said["type"] == "plain_text"
            assert 0 < len(said["text"]) <= (150 if block["type"] == "header" else 3000)
            assert not re.search(r"[<>]", said["text"])
            assert re.fullmatch(r"(?:[^&]|&(?:amp|lt|gt);)*", said["text"]), "escaped, and no escape is cut in two"


def assert_own_links(elements: list[dict[str, Any]]) -> None:
    for element in elements:
        assert element["verbatim"] is True
        links = element["text"].split(" · ")
        for link in links:
            assert re.fullmatch(r"<https?://[!-;=?-{}~]+\|[^<>|]+>", link), link
            assert not re.match(r"<https?://[^/|>]*@", link)


class Page(HTMLParser):
    """The tags and addresses of a mail."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]


def assert_tame_mail(received: Any, raw: bytes) -> None:
    expected = {"Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
                "Content-Transfer-Encoding", "X-Peer", "X-MailFrom", "X-RcptTo"}  # fmt: skip
    assert set(received.keys()) <= expected
    assert (received["To"], received["From"]) == ("a@acme.com", "CI Health <ci@acme.com>")
    assert b"\nbcc:" not in raw.lower()
    assert 0 < len(str(received["Subject"])) <= 210
    body = received.get_body(("html",))
    if body is not None:
        page = Page()
        page.feed(body.get_content())
        assert page.tags <= {"div", "h2", "h3", "b", "p", "ul", "li", "br", "a"}
        assert page.attributes <= {"style", "href", "rel"}
        assert all(re.match(r"https?://[^@/]+/", link) for link in page.links)


def assert_no_secret(told: str) -> None:
    joined = re.sub(r"=\r?\n|\s", "", told)
    for secret in SECRETS:
        assert secret not in told
        assert secret not in joined


def assert_one_line_each(rendered: str) -> None:
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]", rendered)
    assert not re.search(r"^(?:ERROR forged|Bcc:)", rendered, re.MULTILINE)
    rendered.encode()


def test_a_storm_of_hostile_names_keeps_every_limit_and_names_or_counts_all() -> None:
    chance = random.Random(7)
    items = [
        item(given=hostile_facts(number, chance.choice(HOSTILE)[:500], chance.choice(URLS))) for number in range(1, 501)
    ]
    message = compose(items, CONTEXT, slack_notifier.LIMITS)
    assert_tame_slack(slack.payload(message))
    named = sum(len(section.briefs) for section in message.sections)
    assert f"… and {500 - named} more alerts" in [section.rest for section in message.sections]
    made = mail.mail(message, mail.Envelope("ci@acme.com", ("a@acme.com",), NOON))
    assert_no_secret(made.as_string() + json.dumps(slack.payload(message), ensure_ascii=False))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(st.characters(codec=None), max_size=300), st.text(max_size=60), st.integers(0, 9), st.booleans())
def test_no_text_at_all_breaks_a_rendering(said: str, url: str, number: int, plain: bool) -> None:
    facts = hostile_facts(1, said, url, "failure" if number % 2 else "stale")
    message = compose([item(KINDS[number % len(KINDS)], given=facts)], CONTEXT, slack_notifier.LIMITS)
    assert_tame_slack(slack.plainer(message) if plain else slack.payload(message))
    made = mail.mail(message, mail.Envelope("ci@acme.com", ("a@acme.com",), NOON), plain=plain)
    raw = made.as_bytes()
    assert raw.count(b"\nSubject:") + raw.startswith(b"Subject:") == 1
    json.dumps(message.body).encode()
    assert_one_line_each(text.rendered(message))
