"""The real program under a storm of failures, and how soon it tells of a lone one, from push to sink."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from tests.chaos.alert_sinks import counted
from tests.collector.alerting.standins import Answer, HttpStandIn, http_standin, smtp_standin
from tests.product import Product

CONFIG = """\
receivers:
  - {{name: slack, group_wait: 1s, group_interval: 1s, slack: {{webhook_url: "{slack}/services/x"}}}}
  - {{name: mail, group_wait: 1s, group_interval: 1s,
      email: {{from: ci@acme.com, to: [team@acme.com], host: 127.0.0.1, port: {smtp}, tls: none}}}}
  - {{name: hook, group_wait: 1s, group_interval: 1s, webhook: {{url: "{hook}/hook"}}}}
rules:
  - {{name: broken, when: failure}}
"""
FAILURES = 500
LONE = 5


def push(http: httpx.Client, url: str, name: str, status: str = "failure") -> None:
    ended_at = datetime.now(UTC)
    body = {
        "pipeline": name, "repo": f"acme/{name}", "branch": "main", "status": status, "external_id": name,
        "started_at": (ended_at - timedelta(minutes=1)).isoformat(), "completed_at": ended_at.isoformat(),
    }  # fmt: skip
    for _ in range(20):
        try:
            if http.post(url + "/ingest/github", json=body, timeout=10).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise AssertionError(f"{name} was not taken")


def wait_until(holds: Callable[[], bool], seconds: float) -> None:
    give_up_at = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


def test_five_hundred_failures_are_few_messages_that_name_or_count_each(tmp_path: Path) -> None:
    with http_standin(Answer()) as slack, http_standin(Answer()) as hook, smtp_standin() as smtp:
        config = CONFIG.format(slack=slack.url, hook=hook.url, smtp=smtp.port)
        config = config.replace("group_wait: 1s", "group_wait: 30s").replace(
            "group_interval: 1s", "group_interval: 30s"
        )
        with Product(tmp_path, config=config) as product, httpx.Client() as http:
            began_at = time.monotonic()
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(lambda number: push(http, product.url, f"p{number}"), range(FAILURES)))

            def told() -> set[str]:
                return {alert["pipeline"] for asked in hook.asked for alert in asked.json["alerts"]}

            wait_until(lambda: len(told()) == FAILURES, 150)
            time.sleep(max(0.0, began_at + 62 - time.monotonic()))
        first_after = hook.asked[0].at - began_at
        in_first_minute = [sum(asked.at - began_at <= 60 for asked in sink.asked) for sink in (slack, hook)]
        print(f"first after {first_after:.1f} s; messages {len(slack.asked)}, {len(hook.asked)}, {len(smtp.received)}")
    assert first_after <= 45
    assert max(in_first_minute) <= 3
    assert max(len(slack.asked), len(hook.asked), len(smtp.received)) <= 5
    texts = [received.part("plain") for received in smtp.received]
    assert named(texts) + counted(texts) == FAILURES
    blocks = ["\n".join(b["text"]["text"] for b in asked.json["blocks"] if "text" in b) for asked in slack.asked]
    assert named(blocks) + counted(blocks) == FAILURES


def named(texts: list[str]) -> int:
    return len({name for text in texts for name in re.findall(r"acme/(p\d+) ", text)})


def test_a_lone_failure_is_told_within_two_seconds(tmp_path: Path) -> None:
    """A receiver that is quiet: here its group_wait is 1 s and the failures are further apart."""
    with (
        http_standin(Answer()) as slack,
        smtp_standin() as smtp,
        Product(tmp_path, config=CONFIG.format(slack=slack.url, hook=slack.url, smtp=smtp.port)) as product,
        httpx.Client() as http,
    ):
        took = [told_after(http, product.url, slack, f"p{number}") for number in range(LONE)]
    print(f"push to Slack: {', '.join(f'{seconds:.2f} s' for seconds in took)}")
    assert statistics.median(took) < 2.0


def told_after(http: httpx.Client, url: str, slack: HttpStandIn, name: str) -> float:
    """Seconds from the push until Slack had the message."""
    time.sleep(1.5)
    began_at = time.monotonic()
    push(http, url, name)
    wait_until(lambda: _told(slack, name) is not None, 30)
    return (_told(slack, name) or 0.0) - began_at


def _told(slack: HttpStandIn, name: str) -> float | None:
    return next((asked.at for asked in slack.asked if "services" in asked.path and name.encode() in asked.raw), None)
