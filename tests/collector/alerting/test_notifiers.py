"""Notifiers against real servers on loopback: what is sent, and what each refusal means."""

from __future__ import annotations

import hashlib
import hmac
import json
import ssl
import subprocess
import time
from collections.abc import Sequence
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiosmtpd.smtp import AuthResult

from collector.alerting.messages.compose import compose
from collector.alerting.messages.model import Context, Limits, Message
from collector.alerting.notifiers.base import Broken, Notifier, NotSent, Refused, TryLater, retry_after
from collector.alerting.notifiers.email import Mail, Server
from collector.alerting.notifiers.file import File, Stdout
from collector.alerting.notifiers.registry import fingerprint, make_notifier
from collector.alerting.notifiers.slack import SlackBot, SlackWebhook
from collector.alerting.notifiers.webhook import Webhook
from collector.domain import grouping as g
from config.receivers import Receiver
from tests.builders import NOON
from tests.collector.alerting.senders import facts, item
from tests.collector.alerting.standins import Answer, http_standin, server_context, smtp_standin


def message(*items: g.Item) -> Message:
    return compose(items or (item(),), Context("ci", NOON, "https://ci.acme.com"), Limits(5, 40))


def outcome(notifier: Notifier, *, plain: bool = False, conversations: Sequence[str] = ()) -> NotSent | str | None:
    try:
        return notifier.send(message(), conversations, plain=plain)
    except NotSent as exc:
        return exc


def test_a_slack_webhook_gets_blocks_and_says_yes() -> None:
    with http_standin() as slack:
        assert outcome(SlackWebhook(slack.url + "/services/T/B/x")) is None
    (asked,) = slack.asked
    assert asked.path == "/services/T/B/x"
    assert asked.json["blocks"][0]["text"]["text"] == "✗ acme/web › CI on main failed"
    assert asked.json["unfurl_links"] is False


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Answer(400, "invalid_blocks"), Refused, "invalid_blocks"),
        (Answer(403, "invalid_token"), Broken, "invalid_token"),
        (Answer(404, "no_service"), Broken, "no_service"),
        (Answer(410, "channel_is_archived"), Broken, "channel_is_archived"),
        (Answer(400, "no_active_hooks"), Broken, "no_active_hooks"),
        (Answer(413, ""), Refused, "413"),
        (Answer(500, "oops"), TryLater, "500"),
        (Answer(503, ""), TryLater, "503"),
        (Answer(200, "<html>log in</html>"), TryLater, "other than Slack"),
        (Answer(hangs=0.0), TryLater, "did not answer"),
        (Answer(hangs=1.5), TryLater, "did not answer"),
        (Answer(429, "ratelimited", {"Retry-After": "30"}), TryLater, "ratelimited"),
    ],
)
def test_what_a_slack_webhook_says_means_what_slack_says_it_means(
    answer: Answer, kind: type[NotSent], words: str
) -> None:
    with http_standin(answer) as slack:
        found = outcome(SlackWebhook(slack.url, timeout_seconds=0.5))
    assert type(found) is kind
    assert words in str(found)
    if answer.status == 429:
        assert isinstance(found, TryLater)
        assert found.retry_after_seconds == 30.0


def test_a_webhook_address_that_is_none_is_broken_and_a_dead_host_is_not() -> None:
    assert isinstance(outcome(SlackWebhook("hooks.slack.example/services/x")), Broken)
    assert isinstance(outcome(SlackWebhook("http://127.0.0.1:1/services/x")), TryLater)


def posted(ts: str = "171.1") -> Answer:
    return Answer(200, json.dumps({"ok": True, "ts": ts}))


def error(word: str, **headers: str) -> Answer:
    return Answer(429 if headers else 200, json.dumps({"ok": False, "error": word}), headers)


def test_a_bot_begins_a_thread_and_goes_on_in_it() -> None:
    with http_standin(posted("171.1"), posted("171.2")) as slack:
        bot = SlackBot("xoxb-secret", "#ci", slack.url + "/api")
        assert bot.send(message(), ()) == "171.1"
        assert bot.send(message(item(g.FIXED)), ("171.1",)) == "171.1"
        assert bot.send(message(item(g.AGAIN)), ("171.1",)) == "171.1"
        bot.send(message(item(), item(given=facts(2))), ("171.1", "171.2"))
    first, fixed, again, group = slack.asked
    assert (first.path, first.headers["Authorization"]) == ("/api/chat.postMessage", "Bearer xoxb-secret")
    assert (first.json["channel"], first.json["link_names"]) == ("#ci", False)
    assert "thread_ts" not in first.json
    assert (fixed.json["thread_ts"], fixed.json["reply_broadcast"]) == ("171.1", True)
    assert again.json["reply_broadcast"] is False, "a repeat stays in its thread"
    assert "thread_ts" not in group.json, "alerts of several threads are told in the channel"


def test_a_thread_that_was_deleted_is_begun_anew() -> None:
    with http_standin(error("thread_not_found"), posted("171.9")) as slack:
        assert SlackBot("t", "#ci", slack.url).send(message(), ("171.1",)) == "171.9"
    assert "thread_ts" not in slack.asked[1].json


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error("invalid_auth"), Broken),
        (error("token_revoked"), Broken),
        (error("channel_not_found"), Broken),
        (error("is_archived"), Broken),
        (error("invalid_blocks"), Refused),
        (error("msg_too_long"), Refused),
        (error("something_new"), Refused),
        (error("internal_error"), TryLater),
        (error("ratelimited", **{"Retry-After": "7"}), TryLater),
        (Answer(502, "<html>bad gateway</html>"), TryLater),
        (Answer(hangs=0.0), TryLater),
    ],
)
def test_what_slacks_api_says_means_what_slack_says_it_means(answer: Answer, kind: type[NotSent]) -> None:
    with http_standin(answer) as slack:
        found = outcome(SlackBot("t", "#ci", slack.url, timeout_seconds=0.5))
    assert type(found) is kind, found
    if answer.status == 429:
        assert isinstance(found, TryLater)
        assert found.retry_after_seconds == 7.0


def test_a_refused_slack_message_goes_as_text_alone() -> None:
    with http_standin() as slack:
        outcome(SlackWebhook(slack.url), plain=True)
    assert "blocks" not in slack.asked[0].json
    assert slack.asked[0].json["text"].isascii()


def test_a_generic_webhook_is_signed_and_carries_the_documented_json() -> None:
    with http_standin(Answer(204, "")) as hook:
        receiver = Webhook(hook.url + "/hook", "s3cret")
        sent = message()
        assert receiver.send(sent, ()) is None
        receiver.send(sent, ())
        receiver.close()
    first, again = hook.asked
    expected = "sha256=" + hmac.new(b"s3cret", first.raw, hashlib.sha256).hexdigest()
    assert first.headers["X-Hub-Signature-256"] == expected
    assert first.headers["webhook-id"] == again.headers["webhook-id"] == sent.id, "a repeat can be told"
    assert abs(int(first.headers["webhook-timestamp"]) - time.time()) < 60
    (alert,) = first.json["alerts"]
    assert (alert["kind"], alert["repo"], alert["pipeline"], alert["branch"]) == ("failing", "acme/web", "CI", "main")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(301, "", {"Location": "http://127.0.0.1:1/"}), Broken),
        (Answer(400, "bad"), Refused),
        (Answer(401), Broken),
        (Answer(404), Broken),
        (Answer(410), Broken),
        (Answer(408), TryLater),
        (Answer(422), Refused),
        (Answer(429, "", {"Retry-After": "9"}), TryLater),
        (Answer(500), TryLater),
        (Answer(hangs=0.0), TryLater),
        (Answer(hangs=1.5), TryLater),
    ],
)
def test_what_a_generic_webhook_answers(answer: Answer, kind: type[NotSent]) -> None:
    with http_standin(answer) as hook:
        receiver = Webhook(hook.url, timeout_seconds=0.5)
        found = outcome(receiver)
        receiver.close()
    assert type(found) is kind


def test_a_generic_webhook_that_refused_gets_fewer_words() -> None:
    with http_standin() as hook:
        receiver = Webhook(hook.url)
        outcome(receiver, plain=True)
        receiver.close()
    assert hook.asked[0].raw.isascii()
    assert "error_line" not in hook.asked[0].json["alerts"][0]
    assert hook.asked[0].json["alerts"][0]["id"] == 1


def test_retry_after_is_seconds_or_a_date() -> None:
    assert retry_after("0.5", NOON) == 0.5
    assert retry_after(format_datetime(NOON + timedelta(seconds=90), usegmt=True), NOON) == 90.0
    assert retry_after("-5", NOON) == 0.0
    assert retry_after("1e300", NOON) == 86_400.0
    assert retry_after("nan", NOON) is None
    assert retry_after("\u0663 Tue", NOON) is None
    assert retry_after(None, NOON) is None


def mailer(port: int, *, tls: str = "none", **fields: object) -> Mail:
    server = Server("127.0.0.1", port, tls, **{"timeout_seconds": 2.0, **fields})  # type: ignore[arg-type]
    return Mail(server, "ci@acme.com", ("team@acme.com", "ops@acme.com"))


def test_a_mail_has_text_and_html_and_goes_on_in_the_alerts_thread() -> None:
    with smtp_standin() as smtp:
        first = mailer(smtp.port).send(message(), ())
        assert first is not None
        mailer(smtp.port).send(message(item(g.FIXED, given=facts(resolved_at=NOON))), (first,))
    failing, fixed = smtp.received
    assert failing.recipients == ("team@acme.com", "ops@acme.com")
    assert failing.mail["Subject"] == "✗ acme/web › CI on main failed"
    assert failing.mail["Message-ID"] == first
    assert "E assert 1 == 2" in failing.part("plain")
    assert 'href="https://github.com/acme/web/actions/runs/7"' in failing.part("html")
    assert (fixed.mail["In-Reply-To"], fixed.mail["References"]) == (first, first)
    assert fixed.mail["Message-ID"] != first


def test_a_mail_that_is_sent_again_has_the_same_message_id() -> None:
    with smtp_standin() as smtp:
        assert mailer(smtp.port).send(message(), ()) == mailer(smtp.port).send(message(), ())


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("451 try again", TryLater),
        ("421 busy", TryLater),
        ("554 looks like spam", Refused),
        ("552 too big", Refused),
    ],
)
def test_what_a_mail_server_says_to_a_mail(said: str, kind: type[NotSent]) -> None:
    with smtp_standin(lambda: said) as smtp:
        assert type(outcome(mailer(smtp.port))) is kind


@pytest.mark.parametrize(("said", "kind"), [("550 no such user", Broken), ("450 greylisted", TryLater)])
def test_when_every_recipient_is_refused(said: str, kind: type[NotSent]) -> None:
    with smtp_standin(rcpt=lambda _address: said) as smtp:
        assert type(outcome(mailer(smtp.port))) is kind


def test_when_one_recipient_is_refused_the_others_get_the_mail() -> None:
    with smtp_standin(rcpt=lambda address: "550 no" if address.startswith("ops") else None) as smtp:
        assert isinstance(outcome(mailer(smtp.port)), str)
    assert smtp.received[0].recipients == ("team@acme.com",)


def test_a_refused_sender_is_a_broken_receiver() -> None:
    with smtp_standin(mail=lambda _address: "553 not allowed") as smtp:
        assert type(outcome(mailer(smtp.port))) is Broken


def test_a_mail_server_that_is_away_or_hangs_is_tried_later() -> None:
    assert type(outcome(mailer(1))) is TryLater
    with smtp_standin(delay=lambda: 3.0) as smtp:
        assert type(outcome(mailer(smtp.port))) is TryLater


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A certificate of 127.0.0.1 that nobody but we ourselves trust."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
         str(key), "-out", str(cert), "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    return str(cert), str(key)


def trusting(certificate: tuple[str, str]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate[0])


def log_in(expected: tuple[bytes, bytes]) -> object:
    def check(_server: object, _session: object, _envelope: object, _mechanism: str, given: object) -> AuthResult:
        found = (getattr(given, "login", b""), getattr(given, "password", b""))
        return AuthResult(success=found == expected, handled=False)

    return check


def test_starttls_and_log_in_with_a_user_that_is_no_address(certificate: tuple[str, str]) -> None:
    tls = server_context(*certificate)
    with smtp_standin(
        tls_context=tls, require_starttls=True, auth_require_tls=True, authenticator=log_in((b"ci", b"secret"))
    ) as smtp:
        good = mailer(smtp.port, tls="starttls", user="ci", password="secret", context=trusting(certificate))
        assert isinstance(outcome(good), str)
        bad = mailer(
            smtp.port, tls="starttls", user="ci", password="wrong", context=trusting(certificate), timeout_seconds=9.0
        )
        assert type(outcome(bad)) is Broken
        stranger = mailer(smtp.port, tls="starttls", user="ci", password="secret")
        assert type(outcome(stranger)) is Broken, "a certificate that nobody vouches for is not taken"
    assert len(smtp.received) == 1


def test_tls_from_the_first_byte(certificate: tuple[str, str]) -> None:
    with smtp_standin(ssl_context=server_context(*certificate)) as smtp:
        assert isinstance(outcome(mailer(smtp.port, tls="ssl", context=trusting(certificate))), str)
    assert len(smtp.received) == 1


def test_a_server_without_starttls_never_gets_the_mail_in_the_clear() -> None:
    with smtp_standin() as smtp:
        assert type(outcome(mailer(smtp.port, tls="starttls"))) is Broken
    assert smtp.received == []


def test_a_file_is_appended_to_as_text_or_json_lines(tmp_path: Path) -> None:
    File(tmp_path / "a.txt").send(message(), ())
    File(tmp_path / "a.txt").send(message(item(g.FIXED)), ())
    text = (tmp_path / "a.txt").read_text()
    assert text.startswith("✗ acme/web › CI on main failed\n")
    assert "\n\n✓ acme/web › CI on main is fixed" in text
    File(tmp_path / "a.json", "json").send(message(), ())
    File(tmp_path / "a.json", "json").send(message(), (), plain=True)
    lines = [json.loads(line) for line in (tmp_path / "a.json").read_text().splitlines()]
    assert [line["alerts"][0]["id"] for line in lines] == [1, 1]


def test_a_file_that_cannot_be_written_is_broken(tmp_path: Path) -> None:
    assert type(outcome(File(tmp_path / "no" / "a.txt"))) is Broken
    assert type(outcome(File(tmp_path))) is Broken


def test_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert outcome(Stdout()) is None
    assert capsys.readouterr().out.startswith("✗ acme/web › CI on main failed\n")


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"slack": {"webhook_url": "${HOOK}"}}, SlackWebhook),
        ({"slack": {"token": "${TOKEN}", "channel": "#ci"}}, SlackBot),
        ({"email": {"from": "a@b.c", "to": ["d@e.f"], "host": "h"}}, Mail),
        ({"webhook": {"url": "http://127.0.0.1:9/x", "secret": "${TOKEN}"}}, Webhook),
        ({"file": {"path": "x"}}, File),
        ({"stdout": {}}, Stdout),
    ],
)
def test_each_kind_of_receiver_has_its_notifier(given: dict[str, object], kind: type) -> None:
    receiver = Receiver.model_validate({"name": "r", **given})
    made = make_notifier(receiver, {"HOOK": "http://127.0.0.1:9/x", "TOKEN": "t0ken"})
    assert isinstance(made, kind)
    made.close()


def test_a_fingerprint_changes_with_the_config_and_holds_no_secret() -> None:
    one = Receiver.model_validate({"name": "r", "webhook": {"url": "http://h/x", "secret": "s1"}})
    two = Receiver.model_validate({"name": "r", "webhook": {"url": "http://h/x", "secret": "s2"}})
    three = Receiver.model_validate({"name": "r", "webhook": {"url": "http://h/y", "secret": "s1"}})
    assert fingerprint(one) == fingerprint(two) != fingerprint(three)
