"""Every message in every medium, as files that people read: ``python -m tests.collector.alerting.golden`` writes them
anew; look at what changed before it is committed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from collector.alerting.messages.compose import compose
from collector.alerting.messages.model import Context, Limits, Message
from collector.alerting.rendering import mail, slack, text
from collector.domain import grouping as g
from collector.domain.alert_states import MERGED
from collector.domain.grouping import Item, Waiting
from collector.domain.payload import to_json
from tests.builders import NOON
from tests.collector.alerting.senders import build_facts, facts, item

FOLDER = Path(__file__).with_name("golden")
FIXED = facts(resolved_at=NOON + timedelta(minutes=40), streak=3, last=build_facts(status="success", error_line=None))
ENVELOPE = mail.Envelope("ci@acme.com", ("team@acme.com",), NOON, ("<first@acme.com>",))


def notice(kind: str, payload: object) -> Item:
    row = Waiting(900, None, kind, NOON, payload=json.dumps(payload))
    return Item(kind, (900,), row, row)


def listed(number: int, **fields: object) -> object:
    return json.loads(to_json(facts(number, pipeline=f"p{number}", **fields)))


DIGEST = {
    "since": "2026-02-28T12:00:00.000000Z",
    "until": "2026-03-01T12:00:00.000000Z",
    "counts": {"broke": 12, "open": 1, "fixed": 1},
    "broke": [listed(number) for number in range(1, 13)],
    "open": [listed(20, since=NOON - timedelta(days=3))],
    "fixed": [listed(21, resolved_at=NOON + timedelta(hours=2), state="resolved")],
}
CASES: dict[str, Sequence[Item]] = {
    "failing": [item()],
    "failing-in-a-row": [item(given=facts(streak=4, flaky=True))],
    "failing-late": [item(late=True, given=facts(last=build_facts(started_at=NOON - timedelta(hours=3))))],
    "again": [item(g.AGAIN, given=facts(streak=5))],
    "reminder": [item(g.REMINDER, given=facts(streak=9, since=NOON - timedelta(hours=26)))],
    "fixed": [item(g.FIXED, given=FIXED)],
    "failed-and-fixed": [item(g.FAILED_AND_FIXED, given=FIXED)],
    "flapping": [item(g.FLAPPING)],
    "flapping-over": [item(g.FLAPPING_OVER), item(g.FLAPPING_OVER, given=facts(2), state="resolved")],
    "closed": [item(g.CLOSED)],
    "closed-merged": [item(g.CLOSED, given=facts(reason=MERGED))],
    "closed-and-fixed": [item(g.CLOSED), item(g.FIXED, given=facts(2, pipeline="Deploy"))],
    "slower": [item(given=facts(when="slower", text="the median of 3 builds is 21 min, 80 % above the 24 before"))],
    "slower-over": [item(g.FIXED, given=facts(when="slower", resolved_at=NOON + timedelta(hours=5)))],
    "jenkins": [
        item(given=facts(provider="jenkins", instance="ci.acme.com", repo="platform", branch="", last_good=None,
                         first_bad=build_facts(url="https://ci.acme.com/job/web/7/", conclusion="UNSTABLE"),
                         last=build_facts(url="https://ci.acme.com/job/web/7/", conclusion="UNSTABLE")))
    ],
    "several": [item(), item(g.FIXED, given=facts(2, pipeline="Deploy", resolved_at=NOON + timedelta(minutes=3)))],
    "storm": [item(given=facts(number, repo=f"acme/r{number}", severity="critical" if number == 77 else "warning"))
              for number in range(1, 501)],
    "digest": [notice(g.DIGEST, DIGEST)],
    "quiet-digest": [notice(g.DIGEST, {"counts": {}})],
    "receiver-broken": [notice(g.RECEIVER_BROKEN, {"receiver": "ci-channel", "error": "Slack says no_service"})],
    "receiver-unreachable": [
        notice(g.RECEIVER_UNREACHABLE, {"receiver": "ci-mail", "error": "the mail server at smtp.acme.com:587 refused",
                                        "since": "2026-03-01T10:55:00Z", "waiting": 12})
    ],
    "unreadable": [notice("failing", ["not", "facts"])],
}  # fmt: skip


def made(name: str) -> Message:
    context = Context("ci", NOON, "https://ci-health.acme.com/ci")
    return compose(CASES[name], context, Limits(5, 20))


def rendered(name: str) -> str:
    """Text, Slack, mail and JSON of one message."""
    message = made(name)
    body = {**message.body, "alerts": message.body["alerts"][:2]}
    parts = {
        "text": text.rendered(message),
        "slack": dumped(slack.payload(message)),
        "slack, plainer": dumped(slack.plainer(message)),
        "mail": "".join(
            f"{key}: {value}\n" for key, value in mail.mail(message, ENVELOPE).items() if key != "Content-Type"
        ),
        "html": mail.html(message),
        "json, with at most two alerts": dumped(body),
    }
    return "\n".join(f"===== {title}\n{part}" for title, part in parts.items())


def dumped(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for case in CASES:
        (FOLDER / f"{case}.txt").write_text(rendered(case), encoding="utf-8")
