"""The receivers of the alert chaos tests, each bad in a way of its own, and the checker that reads what they took."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

from tests.chaos.alerts import last_word
from tests.collector.alerting.standins import Answer, HttpStandIn, SmtpStandIn, faulty_slack

OPENING = ("failing", "again", "reminder", "flapping")
ENDING = ("fixed", "failed_and_fixed")
HANGS_SECONDS = 60.0
"""Longer than any notifier waits."""
CONFIG = """\
receivers:
  - {{name: slack, group_wait: 1s, group_interval: 1s, slack: {{webhook_url: "{slack}/services/x"}}}}
  - {{name: mail, group_wait: 1s, group_interval: 1s,
      email: {{from: ci@acme.com, to: [team@acme.com], host: 127.0.0.1, port: {smtp}, tls: none}}}}
  - {{name: hook, group_wait: 1s, group_interval: 1s, webhook: {{url: "{hook}/hook"}}}}
  - {{name: hanging, group_wait: 1s, group_interval: 1s, webhook: {{url: "{hanging}/hook"}}}}
  - {{name: bot, group_wait: 1s, group_interval: 1s,
      slack: {{token: "${{CHAOS_SLACK_TOKEN}}", channel: "#ci", api_url: "{bot}/api/"}}}}
rules:
  - {{name: broken, when: failure}}
"""
ENV = {"CHAOS_SLACK_TOKEN": "xoxb-chaos"}
Told = tuple[str, str]
"""A pipeline and the kind of what was said of it."""


@dataclass
class Sinks:
    """All are 50 to 300 ms slow. Slack's webhook, its bot, the mail server and the generic webhook fail a third of the
    time; ``hanging`` takes a connection now and then and never answers; ``bot`` says invalid_auth while ``revoked``."""

    slack: HttpStandIn
    hook: HttpStandIn
    hanging: HttpStandIn
    bot: HttpStandIn
    smtp: SmtpStandIn
    token: Token

    @property
    def config(self) -> str:
        return CONFIG.format(
            slack=self.slack.url, hook=self.hook.url, hanging=self.hanging.url, bot=self.bot.url, smtp=self.smtp.port
        )

    @property
    def by_http(self) -> dict[str, HttpStandIn]:
        return {"slack": self.slack, "hook": self.hook, "hanging": self.hanging, "bot": self.bot}

    @property
    def failed(self) -> int:
        refused = sum(not asked.accepted for sink in self.by_http.values() for asked in sink.asked)
        return refused + self.smtp.asked - len(self.smtp.received)

    @property
    def unanswered(self) -> int:
        """Requests that were left hanging."""
        return sum(bool(asked.answer.hangs) for asked in self.hanging.asked)

    @property
    def auth_refused(self) -> int:
        return sum("invalid_auth" in asked.answer.body for asked in self.bot.asked)

    @property
    def threads(self) -> set[str]:
        """Those in which the bot went on with an alert."""
        return {asked.json["thread_ts"] for asked in self.bot.asked if "thread_ts" in asked.json}

    @property
    def begun_threads(self) -> set[str]:
        """The messages of the bot that it knows to have been taken, by their ts."""
        said = [json.loads(asked.answer.body) for asked in self.bot.accepted if '"ts"' in asked.answer.body]
        return {one["ts"] for one in said}


@dataclass
class Token:
    """Whether Slack takes the bot's token."""

    revoked: bool = False
    posted: Iterator[int] = field(default_factory=lambda: count(1))

    def decide(self, chance: random.Random) -> Callable[[str, bytes], Answer]:
        """What Slack's API says to chat.postMessage."""
        faulty = faulty_slack(chance)

        def said(path: str, raw: bytes) -> Answer:
            if self.revoked:
                return Answer(body='{"ok": false, "error": "invalid_auth"}')
            answer = faulty(path, raw)
            yes = f'{{"ok": true, "ts": "{next(self.posted)}.000100"}}'
            return Answer(body=yes) if answer == Answer() else answer

        return said


def hanging_now_and_then(chance: random.Random) -> Callable[[str, bytes], Answer]:
    """The third and every eighth after it are never answered; who asked cannot know whether they were taken."""
    asked = count(1)

    def decide(_path: str, _raw: bytes) -> Answer:
        hangs = next(asked) % 8 == 3
        return Answer(hangs=HANGS_SECONDS, taken=chance.random() < 1 / 2) if hangs else Answer()

    return decide


@contextmanager
def sinks(chance: random.Random) -> Iterator[Sinks]:
    def delay() -> float:
        return chance.uniform(0.05, 0.3)

    def said() -> str:
        return chance.choice(["451 try again", "421 busy"]) if chance.random() < 1 / 3 else "250 OK"

    token = Token()
    made = Sinks(
        HttpStandIn(faulty_slack(chance), delay),
        HttpStandIn(faulty_slack(chance), delay),
        HttpStandIn(hanging_now_and_then(chance), delay),
        HttpStandIn(token.decide(chance), delay),
        SmtpStandIn(said, delay=delay),
        token,
    )
    try:
        yield made
    finally:
        made.smtp.close()
        for sink in made.by_http.values():
            sink.close()


@dataclass(frozen=True)
class Verdict:
    """``lost``: pipelines whose failure no message told; ``untrue``: whose last word is another than told last;
    ``disordered``: told as failing after it was told as fixed; ``duplicates``: messages that only repeat;
    ``counted``: alerts that messages did not name, but count; ``ambiguous``: messages that were taken though the
    sender could not know."""

    lost: frozenset[str]
    untrue: frozenset[str]
    disordered: frozenset[str]
    duplicates: int
    messages: int
    counted: int = 0
    ambiguous: int = 0


def judged(messages: Sequence[list[Told]], pipelines: int, *, counted: int = 0, ambiguous: int = 0) -> Verdict:
    """``messages``: of each, in the order they were taken, what it says."""
    heard: dict[str, list[str]] = {}
    duplicates = 0
    for message in messages:
        repeated = [kind in heard.get(name, ()) for name, kind in message]
        duplicates += any(repeated)
        for name, kind in message:
            heard.setdefault(name, []).append(kind)
    names = {f"p{number}": last_word(number) for number in range(pipelines)}
    untrue = {name for name, kinds in heard.items() if (kinds[-1] in ENDING) != (names[name] == "success")}
    return Verdict(
        lost=frozenset(names.keys() - heard.keys()),
        untrue=frozenset(untrue),
        disordered=frozenset(name for name, kinds in heard.items() if _is_disordered(kinds)),
        duplicates=duplicates,
        messages=len(messages),
        counted=counted,
        ambiguous=ambiguous,
    )


def _is_disordered(kinds: list[str]) -> bool:
    ended = next((place for place, kind in enumerate(kinds) if kind in ENDING), len(kinds))
    return any(kind in OPENING for kind in kinds[ended:]) or kinds[0] == "fixed"


def verdicts(made: Sinks, pipelines: int) -> dict[str, Verdict]:
    """Of each receiver, what came of the messages that it took."""
    found = {"mail": _of_texts([received.part("plain") for received in made.smtp.received], pipelines)}
    for name, sink in made.by_http.items():
        ambiguous = sum(asked.answer.taken for asked in sink.asked)
        if name in ("hook", "hanging"):
            found[name] = judged(told_by_hook(sink), pipelines, ambiguous=ambiguous)
        else:
            found[name] = _of_texts(texts_of_slack(sink), pipelines, ambiguous)
    return found


def _of_texts(texts: Sequence[str], pipelines: int, ambiguous: int = 0) -> Verdict:
    return judged([_told(text) for text in texts], pipelines, counted=counted(texts), ambiguous=ambiguous)


def told_by_hook(sink: HttpStandIn) -> list[list[Told]]:
    return [[(alert["pipeline"], alert["kind"]) for alert in asked.json["alerts"]] for asked in sink.accepted]


def texts_of_slack(sink: HttpStandIn) -> list[str]:
    blocks = [asked.json.get("blocks", []) for asked in sink.accepted]
    return ["\n".join(block["text"]["text"] for block in some if "text" in block) for some in blocks]


def told_of_broken(sink: HttpStandIn) -> set[str]:
    """The receivers of which a generic webhook was told that they are broken."""
    notices = [notice for asked in sink.accepted for notice in asked.json["notices"]]
    return {notice["receiver"] for notice in notices if notice["kind"] == "receiver_broken"}


_TITLE = re.compile(r"acme/web › (p\d+) on main (.*)")
_KINDS = (("failed and was fixed", "failed_and_fixed"), ("is fixed", "fixed"), ("failed again", "again"))


def _told(text: str) -> list[Told]:
    found: Counter[Told] = Counter()
    for name, said in _TITLE.findall(text):
        kind = next((kind for words, kind in _KINDS if said.startswith(words)), "failing")
        found[name, kind] += 1
    return list(found)


def counted(texts: Sequence[str]) -> int:
    """How many alerts messages count beside those they name."""
    return sum(int(number) for text in texts for number in re.findall(r"… and (\d+) more alert", text))
