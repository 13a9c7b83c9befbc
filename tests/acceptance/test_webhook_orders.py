"""The real program takes webhooks in any order and any number of times: the builds are those that they tell of."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.acceptance.deliveries import Delivery, Json, fresh, github_life, jenkins_life, post_jenkins
from tests.acceptance.polling import RECORDINGS, instant
from tests.acceptance.running import HOSTS, SECRETS, Running, stored

pytestmark = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings are not on this machine")

SEEDS = (1, 2, 3, 4)
ARRIVAL = ("id", "pipeline_id", "attempts")


def comparable(build: Json, place: int) -> Json:
    """A build but for its ids and what ``fresh`` made of it; ``attempts`` by number and status."""
    kept: dict[str, Any] = {name: value for name, value in build.items() if name not in ARRIVAL}
    kept["external_id"] = int(build["external_id"]) - place * 10**12
    kept["repo"] = build["repo"].removesuffix(f"-{place}")
    kept["url"] = build["url"].replace(f"-{place}/", "/")
    kept["jobs"] = [{**job, "url": (job["url"] or "").replace(f"-{place}/", "/"), "id": ""} for job in build["jobs"]]
    kept["attempts"] = [(one["attempt"], one["status"]) for one in build["attempts"]]
    return kept


def told_life(running: Running, life: list[Delivery], place: int, *, workers: int = 1) -> list[Json]:
    """Both attempts of the life after its deliveries, as ``fresh`` keys of ``place``."""
    mine = [fresh(one, place) for one in life]
    with ThreadPoolExecutor(workers) as pool:
        answers = list(pool.map(lambda one: one.post(running.product, SECRETS["SECRET_OLD"]), mine))
    assert {answer.status_code for answer in answers} <= {200, 201}, [a.text for a in answers if a.status_code > 201]
    return [comparable(stored(running.product, str(run_id_of(mine)), attempt), place) for attempt in (1, 2)]


def run_id_of(life: list[Delivery]) -> int:
    return next(int(one.body["workflow_run"]["id"]) for one in life if one.event == "workflow_run")


def test_a_life_told_in_its_order_is_the_builds_that_it_was(running: Running, run: Delivery, job: Delivery) -> None:
    first, second = told_life(running, list(github_life(run, job)), 40)
    assert first["attempts"] == second["attempts"] == [(1, "failure"), (2, "success")]
    assert (first["status"], first["conclusion"]) == ("failure", "failure")
    assert first["completed_at"] == "2021-03-23T18:36:52Z", "the end of the last job, whatever updated_at says later"
    assert (first["duration_seconds"], first["queue_seconds"]) == (86.0, 10.0)
    assert [(one["name"], one["status"]) for one in first["jobs"]] == [("lint", "success"), ("test", "failure")]
    assert (second["started_at"], second["completed_at"]) == ("2021-03-23T19:00:00Z", "2021-03-23T19:01:55Z")
    assert (second["duration_seconds"], second["queue_seconds"]) == (115.0, 20.0), "the carried over job did not wait"
    assert [(one["name"], one["queue_seconds"]) for one in second["jobs"]] == [("lint", None), ("test", 20.0)]


@pytest.mark.parametrize("seed", SEEDS)
def test_any_order_and_repetition_ends_in_the_same_builds(
    running: Running, run: Delivery, job: Delivery, seed: int
) -> None:
    life = list(github_life(run, job))
    in_order = told_life(running, life, 50)
    shuffled = [one for one in life for _ in range(2)]
    random.Random(seed).shuffle(shuffled)
    assert told_life(running, shuffled, 50 + seed, workers=1 if seed % 2 else 4) == in_order


def test_deliveries_that_tell_nothing_new_change_nothing(running: Running, run: Delivery, job: Delivery) -> None:
    life = list(github_life(run, job))
    before, head = told_life(running, life, 60), running.head
    assert told_life(running, [*life, *reversed(life)], 60) == before
    assert running.head == head


def test_a_jenkins_life_told_in_its_order_is_the_build_that_it_was(running: Running) -> None:
    build = told_jenkins(running, 700, [0, 1, 2, 3])
    assert (build["status"], build["conclusion"]) == ("failure", "FAILURE")
    assert instant(build["started_at"]) == datetime.fromtimestamp(1_700_000_000, UTC)
    assert instant(build["completed_at"]) == datetime.fromtimestamp(1_700_000_061, UTC)
    assert (build["duration_seconds"], build["queue_seconds"]) == (61.0, 4.0)
    assert (build["branch"], build["commit"], build["pipeline"]) == ("main", "c6d86dc654", "web")


@pytest.mark.parametrize("seed", SEEDS)
def test_any_order_and_repetition_of_a_jenkins_life_ends_in_the_same_build(running: Running, seed: int) -> None:
    order = [0, 1, 2, 3] * 2
    random.Random(seed).shuffle(order)
    assert told_jenkins(running, 710 + seed, order) == told_jenkins(running, 710, [0, 1, 2, 3])


def told_jenkins(running: Running, number: int, order: list[int]) -> Json:
    life = jenkins_life(number, host=HOSTS[1])
    for place in order:
        answer = post_jenkins(running.product, life[place], SECRETS["TOKEN_OLD"])
        assert answer.status_code in (200, 201), answer.text
    build = stored(running.product, f"platform/web/main#{number}")
    kept = {
        name: value for name, value in build.items() if name not in ("id", "pipeline_id", "external_id", "attempts")
    }
    return {**kept, "url": build["url"].replace(str(number), "N")}
