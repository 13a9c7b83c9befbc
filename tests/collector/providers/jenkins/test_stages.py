"""FORMATS, section 3.5: wfapi's stages."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from collector.domain.errors import MappingError
from collector.domain.model import Status
from collector.providers.jenkins.jobs import Rules, job_of
from collector.providers.jenkins.mapping import map_build
from collector.providers.jenkins.stages import Stages, map_stages
from tests.collector.providers.jenkins.fakes import NOW, a_build, ms

RULES = Rules("jenkins.acme.com", "https://jenkins.acme.com")
RUN = map_build(a_build(), job_of(RULES, ("web",), multibranch=False)).run


def stage(name: str, status: str = "SUCCESS", duration: int = 5000, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"id-{name}",
        "name": name,
        "execNode": "",
        "status": status,
        "startTimeMillis": ms(NOW) + 1000,
        "durationMillis": duration,
        "pauseDurationMillis": 0,
        **changes,
    }


def mapped(*stages: dict[str, Any], rules: Rules = RULES, **run: Any) -> Stages:
    return map_stages({"id": "7", "status": "SUCCESS", "stages": list(stages), **run}, RUN, rules)


def test_a_stage_is_a_job_of_the_build_with_its_own_clock() -> None:
    (job,) = mapped(stage("Build", duration=2299)).jobs
    assert (job.key, job.job_id, job.name, job.build_started_at) == (RUN.key, "id-Build", "Build", NOW)
    assert job.started_at == NOW + timedelta(seconds=1)
    assert job.completed_at == NOW + timedelta(seconds=3.299)


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ("SUCCESS", Status.SUCCESS),
        ("FAILED", Status.FAILURE),
        ("UNSTABLE", Status.FAILURE),
        ("ABORTED", Status.CANCELLED),
        ("NOT_EXECUTED", Status.SKIPPED),
        ("IN_PROGRESS", Status.IN_PROGRESS),
        ("PAUSED_PENDING_INPUT", Status.IN_PROGRESS),
        ("NEVER_HEARD_OF", Status.SKIPPED),
    ],
)
def test_wfapis_words_differ_from_a_builds_results(told: str, status: Status) -> None:
    assert mapped(stage("a", told)).jobs[0].status is status


def test_an_unstable_stage_is_a_success_where_the_source_says_so() -> None:
    assert mapped(stage("a", "UNSTABLE"), rules=replace(RULES, unstable="success")).jobs[0].status is Status.SUCCESS


def test_an_end_is_told_also_of_a_paused_run_so_a_paused_stage_has_none() -> None:
    (job,) = mapped(stage("Deploy", "PAUSED_PENDING_INPUT", 7), endTimeMillis=ms(NOW)).jobs
    assert job.completed_at is None
    assert job.conclusion == "PAUSED_PENDING_INPUT"


def test_stages_of_10_to_40_ms_after_an_abort_did_not_run() -> None:
    jobs = mapped(stage("checkout", "ABORTED", 2196), stage("build", "ABORTED", 18), stage("test", "ABORTED", 40)).jobs
    assert [job.status for job in jobs] == [Status.CANCELLED, Status.SKIPPED, Status.SKIPPED]
    assert jobs[1].conclusion == "ABORTED"
    assert jobs[1].completed_at == jobs[1].started_at


def test_the_aborted_stage_itself_and_parallel_ones_that_ran_stay_cancelled() -> None:
    jobs = mapped(stage("a", "ABORTED", 30), stage("b", "ABORTED", 900), stage("c", "SUCCESS", 20)).jobs
    assert [job.status for job in jobs] == [Status.CANCELLED, Status.CANCELLED, Status.SUCCESS]


def test_the_pause_is_told_beside_the_stages_time() -> None:
    assert mapped(stage("a", duration=9000, pauseDurationMillis=4000)).jobs[0].pause_seconds == 4.0


def test_a_run_without_pauses_and_with_a_date_as_id_comes_from_an_old_plugin() -> None:
    raw = stage("Build")
    del raw["pauseDurationMillis"]
    assert mapped(raw, id="2014-10-16_13-07-52").jobs[0].pause_seconds == 0.0


def test_the_queue_time_of_the_run_is_taken_and_the_failing_stage_is_known() -> None:
    stages = mapped(stage("a"), stage("b", "FAILED"), queueDurationMillis=1500)
    assert (stages.queue_seconds, stages.failing) == (1.5, "b")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"status": None}, "status"),
        ({"id": 5}, "id"),
        ({"durationMillis": -1}, "durationMillis"),
        ({"startTimeMillis": 1_711_277_551}, "startTimeMillis"),
    ],
)
def test_a_malformed_stage_is_refused_and_names_the_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(MappingError) as error:
        mapped(stage("a", **changes))
    assert error.value.field == f"wfapi.stages.{field}"
