"""Alerts of the real program: a failure by webhook reaches a receiver that was quiet within two seconds."""

from __future__ import annotations

import json
import statistics
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from tests.product import Product, free_port

CONFIG = """\
receivers:
  - {name: log, file: {path: alerts.jsonl, format: json}, group_wait: 1s, group_interval: 1s}
rules: [{name: broken, when: failure}]
"""


def push(product: Product, pipeline: str, status: str) -> None:
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    body = {"pipeline": pipeline, "repo": "acme/web", "branch": "main", "status": status, "started_at": now}
    answer = httpx.post(product.url + "/ingest/my-ci", json=body | {"completed_at": now})
    assert answer.status_code in (200, 201), answer.text


def told(folder: Path) -> list[str]:
    file = folder / "alerts.jsonl"
    return [line for line in file.read_text().splitlines() if json.loads(line)] if file.exists() else []


def test_a_pushed_failure_is_told_within_two_seconds(tmp_path: Path) -> None:
    taken: list[float] = []
    with Product(tmp_path, config=CONFIG) as product:
        for number in range(5):
            push(product, f"deploy-{number}", "failure")
            begun = time.monotonic()
            while not any(f"deploy-{number}" in line for line in told(tmp_path)):
                assert time.monotonic() - begun < 20, product.output[-3000:]
                time.sleep(0.02)
            taken.append(time.monotonic() - begun)
            time.sleep(1.2)  # the receiver is quiet again
        push(product, "deploy-0", "success")
        begun = time.monotonic()
        while not any("fixed" in line and "deploy-0" in line for line in told(tmp_path)):
            assert time.monotonic() - begun < 20, product.output[-3000:]
            time.sleep(0.02)
    assert statistics.median(taken) < 2, taken
    assert len(told(tmp_path)) == 6, "each is told once"


UNREACHABLE = """\
receivers:
  - {{name: log, file: {{path: alerts.jsonl, format: json}}}}
  - {{name: gone, webhook: {{url: "http://127.0.0.1:{port}"}}}}
rules: [{{name: broken, when: failure}}]
"""


def test_a_receiver_that_nobody_answers_for_is_shown_as_failing_and_delays_no_other(tmp_path: Path) -> None:
    with Product(tmp_path, config=UNREACHABLE.format(port=free_port())) as product:
        pushed_at = datetime.now(UTC)
        push(product, "deploy", "failure")
        give_up_at = time.monotonic() + 20
        while (gone := receiver(product, "gone"))["failures"] < 2 or not told(tmp_path):
            assert time.monotonic() < give_up_at, product.output[-3000:]
            time.sleep(0.05)
    assert (gone["broken"], gone["waiting"]) == (False, 1)
    assert "refused" in gone["error"], gone["error"]
    assert pushed_at <= datetime.fromisoformat(gone["first_failed_at"]) <= datetime.now(UTC)


def receiver(product: Product, name: str) -> dict[str, Any]:
    shown = httpx.get(product.url + "/receivers").json()["receivers"]
    return next(one for one in shown if one["name"] == name)
