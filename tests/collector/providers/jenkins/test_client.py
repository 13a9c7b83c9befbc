"""The reader against a controller on loopback: what it asks for, what it tells, what it remembers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from collector.demo.faults import Fault
from collector.demo.plans import MATRIX, Stage
from collector.domain.model import JobWord, PipelineRef, RunWord, Status, WorkflowWord
from collector.providers.base import Batch
from collector.providers.jenkins import batches, builds, debts, progress
from collector.providers.jenkins.api import Api
from collector.providers.jenkins.details import console_end
from collector.providers.jenkins.jobs import Rules, job_of
from config.model import JenkinsSource
from tests.collector.providers.jenkins.fakes import FakeMemory
from tests.collector.providers.jenkins.rig import FREESTYLE, START, TIMER, Rig, rig


@pytest.fixture
def jenkins() -> Iterator[Rig]:
    with rig() as made:
        yield made


def nightly(made: Rig, count: int, *, every: timedelta = timedelta(hours=1)) -> None:
    """``count`` builds of the freestyle job ``nightly``, the last of them just ended."""
    made.world.add_jenkins_job("nightly", cls=FREESTYLE)
    for back in range(count, 0, -1):
        made.world.add_jenkins_build("nightly", started_at=START - every * back, **TIMER)


def a_stage(name: str, status: str = "SUCCESS") -> Stage:
    return Stage(f"id-{name}", name, START - timedelta(seconds=50), START - timedelta(seconds=20), status)


def test_every_kind_of_job_is_read_to_any_depth(jenkins: Rig) -> None:
    world = jenkins.world
    world.add_branch("acme/web", "feature/x")
    world.add_jenkins_build("acme/web/feature%2Fx", result="UNSTABLE")
    for name, cls in (("a/b/c/d/deep", FREESTYLE), ("root", FREESTYLE), ("m", MATRIX)):
        world.add_jenkins_job(name, cls=cls, axis=("x",) if cls == MATRIX else ())
        world.add_jenkins_build(name, cells=(("x", 1, "FAILURE"), ("y", 0, "SUCCESS")) if cls == MATRIX else ())
    jenkins.poll()
    rows = jenkins.memory.rows()
    assert set(rows) == {"acme/web/feature/x#1", "a/b/c/d/deep#1", "root#1", "m#1"}
    branch = rows["acme/web/feature/x#1"]
    assert (branch.branch, branch.pipeline.external_id, branch.key.repo, branch.status) == (
        "feature/x", "acme/web", "acme/web", Status.FAILURE,
    )  # fmt: skip
    assert (rows["a/b/c/d/deep#1"].key.repo, rows["root#1"].key.repo) == ("a/b/c/d", "root")
    assert not jenkins.troubles


@pytest.mark.parametrize("double_encoded", [False, True])
def test_a_branchs_name_is_asked_for_as_it_came_and_kept_decoded(double_encoded: bool) -> None:
    with rig({"double_encoded": double_encoded}) as made:
        made.world.add_branch("acme/web", "feature/x")
        made.world.add_jenkins_build("acme/web/feature%2Fx")
        paths = made.asked_after_poll()
        name = "feature%252Fx" if double_encoded else "feature%2Fx"
        assert f"/job/acme/job/web/job/{name}/api/json" in paths
        assert set(made.memory.rows()) == {"acme/web/feature/x#1"}


def test_a_second_poll_of_an_unchanged_controller_asks_for_the_job_lists_alone_and_tells_nothing(jenkins: Rig) -> None:
    nightly(jenkins, 3)
    jenkins.world.add_branch("acme/web", "main")
    jenkins.world.add_jenkins_build("acme/web/main", result="FAILURE")
    jenkins.poll()
    jenkins.world.advance(60)
    jenkins.asked()
    assert jenkins.poll() == []
    assert jenkins.asked() == ["/api/json"]


def test_a_restart_asks_no_more_than_the_lists_and_who_we_are(jenkins: Rig) -> None:
    nightly(jenkins, 3)
    jenkins.poll()
    jenkins.reader = jenkins.another_reader()
    assert jenkins.asked_after_poll() == ["/api/json", "/me/api/json", "/pluginManager/api/json"]


def test_every_answer_is_asked_for_with_a_ranged_tree(jenkins: Rig) -> None:
    nightly(jenkins, 60)
    running = jenkins.world.add_jenkins_build("nightly", status="building")
    jenkins.world.add_branch("acme/web", "main")
    jenkins.world.add_jenkins_build("acme/web/main", result="FAILURE")
    jenkins.poll()
    jenkins.world.finish_jenkins_build("nightly", running.number)
    jenkins.poll()
    asked = [entry.request for entry in jenkins.server.journal.entries("*/api/json")]
    assert any(f"/{running.number}/api/json" in request.path for request in asked)
    lists = [one for one in asked if not one.path.startswith("/me/")]
    assert all("tree" in one.query and "depth" not in one.query for one in asked)
    assert all("{" in one.query["tree"] for one in lists)
    assert jenkins.server.journal.most_in_flight <= 2


def test_the_first_poll_reads_the_backfill_window_page_by_page_and_says_how_far_it_is() -> None:
    with rig(backfill=timedelta(days=5)) as made:
        nightly(made, 200)
        batches = made.poll()
        assert len(made.memory.rows()) == 120
        told = [batch.progress for batch in batches if batch.progress]
        assert (told[-1].target, told[-1].done, told[-1].total, told[-1].builds) == ("nightly", 1, 1, 120)
        trees = [entry.request.query["tree"] for entry in made.server.journal.entries("/job/nightly/api/json")]
        assert [tree.rpartition("]")[2] for tree in trees] == ["{0,50}", "{50,150}"]


def test_a_build_that_still_runs_is_read_though_it_began_before_the_backfill() -> None:
    with rig(backfill=timedelta(days=5)) as made:
        made.world.add_jenkins_job("endless", cls=FREESTYLE)
        made.world.add_jenkins_build("endless", started_at=START - timedelta(days=9), **TIMER)
        made.world.add_jenkins_build("endless", started_at=START - timedelta(days=8), status="building")
        made.poll()
        assert {name: row.status for name, row in made.memory.rows().items()} == {"endless#2": Status.IN_PROGRESS}


def test_a_first_read_that_was_cut_short_begins_again_and_only_a_whole_one_is_marked(
    jenkins: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "WORDS_A_BATCH", 40)
    nightly(jenkins, 100)
    jenkins.poll(until=lambda batch: any(isinstance(word, RunWord) for word in batch.words))
    assert len(jenkins.memory.rows()) == 40
    assert "read:nightly" not in jenkins.memory.marks
    jenkins.reader = jenkins.another_reader()
    jenkins.poll()
    assert len(jenkins.memory.rows()) == 100
    assert jenkins.memory.marks["read:nightly"].startswith("100@")


def test_only_jobs_that_built_are_asked_and_only_for_what_is_new(jenkins: Rig) -> None:
    nightly(jenkins, 3)
    jenkins.world.add_jenkins_job("quiet", cls=FREESTYLE)
    jenkins.world.add_jenkins_build("quiet")
    jenkins.poll()
    jenkins.world.advance(600)
    jenkins.world.add_jenkins_build("nightly")
    jenkins.asked()
    jenkins.poll()
    entries = jenkins.server.journal.entries()
    assert [entry.path for entry in entries] == ["/api/json", "/job/nightly/api/json"]
    assert entries[1].request.query["tree"].endswith("{0,2}")
    assert len(jenkins.memory.rows()) == 5


def test_builds_of_a_long_absence_are_all_read(jenkins: Rig) -> None:
    nightly(jenkins, 2)
    jenkins.poll()
    for number in range(170):
        jenkins.world.add_jenkins_build("nightly", started_at=START + timedelta(minutes=number))
    jenkins.world.advance(180 * 60)
    jenkins.poll()
    assert len(jenkins.memory.rows()) == 172


def test_a_running_build_is_asked_for_by_its_number_until_it_ends(jenkins: Rig) -> None:
    nightly(jenkins, 2)
    build = jenkins.world.add_jenkins_build("nightly", status="building")
    assert not [path for path in jenkins.asked_after_poll() if path.endswith("/3/api/json")]
    assert jenkins.memory.rows()["nightly#3"].status is Status.IN_PROGRESS
    jenkins.world.advance(90)
    assert jenkins.asked_after_poll() == ["/api/json", "/job/nightly/3/api/json"]
    jenkins.world.finish_jenkins_build("nightly", build.number)
    jenkins.poll()
    row = jenkins.memory.rows()["nightly#3"]
    assert (row.status, row.duration_seconds) == (Status.SUCCESS, 90.0)
    assert jenkins.asked_after_poll() == ["/api/json"]


def test_a_discarded_build_ends_as_gone_once_it_was_missing_for_a_while(jenkins: Rig) -> None:
    nightly(jenkins, 1)
    jenkins.world.add_jenkins_build("nightly", number=7, status="building")
    jenkins.poll()
    jenkins.server.misbehave(Fault("/job/nightly/7/api/json", status=404))
    assert "/job/nightly/7/api/json" in jenkins.asked_after_poll()
    assert jenkins.memory.rows()["nightly#7"].status is Status.IN_PROGRESS
    assert jenkins.asked_after_poll() == ["/api/json"]
    jenkins.world.advance(601)
    assert "/job/nightly/7/api/json" in jenkins.asked_after_poll()
    ended = jenkins.memory.rows()["nightly#7"]
    assert (ended.status, ended.conclusion, ended.completed_at) == (Status.SKIPPED, "gone", None)
    jenkins.reader = jenkins.another_reader()
    assert "/job/nightly/7/api/json" not in jenkins.asked_after_poll()
    assert not jenkins.troubles


def test_a_build_that_a_webhook_says_is_queued_is_not_gone_while_it_waits(jenkins: Rig) -> None:
    nightly(jenkins, 1)
    jenkins.world.add_jenkins_build("nightly", status="queued")
    jenkins.poll()
    job = Rules.of(JenkinsSource(**jenkins.keys))
    key = job_of(job, ("nightly",), multibranch=False).key(2)
    jenkins.memory.take(Batch(words=(RunWord(key, PipelineRef("nightly", "nightly"), Status.QUEUED, told_by="push"),)))
    for _ in range(4):
        jenkins.poll()
        jenkins.world.advance(601)
    assert jenkins.memory.rows()["nightly#2"].status is Status.QUEUED
    jenkins.world.cancel_queued("nightly", 2)
    for _ in range(3):
        jenkins.poll()
        jenkins.world.advance(601)
    ended = jenkins.memory.rows()["nightly#2"]
    assert (ended.status, ended.conclusion) == (Status.SKIPPED, "gone")


def test_builds_of_a_job_and_a_branch_that_were_deleted_do_not_run_for_ever(jenkins: Rig) -> None:
    nightly(jenkins, 1)
    jenkins.world.add_jenkins_build("nightly", status="building")
    jenkins.world.add_branch("acme/web", "main")
    jenkins.world.add_branch("acme/web", "PR-7")
    jenkins.world.add_jenkins_build("acme/web/main", status="building")
    jenkins.world.add_jenkins_build("acme/web/PR-7", status="building")
    jenkins.poll()
    jenkins.world.delete_jenkins_job("nightly")
    jenkins.world.delete_jenkins_job("acme/web/PR-7")
    jenkins.poll()
    jenkins.world.advance(601)
    jenkins.poll()
    told = {name: (row.status, row.conclusion) for name, row in jenkins.memory.rows().items()}
    assert told == {
        "nightly#1": (Status.SUCCESS, "SUCCESS"),
        "nightly#2": (Status.SKIPPED, "gone"),
        "acme/web/main#1": (Status.IN_PROGRESS, None),
        "acme/web/PR-7#1": (Status.SKIPPED, "gone"),
    }
    assert [path for path in jenkins.asked_after_poll() if "nightly" in path or "PR-7" in path] == []


def test_a_folder_that_cannot_be_read_for_once_gives_no_build_up() -> None:
    with rig(folders=["platform", "tools"]) as jenkins:
        jenkins.world.add_jenkins_build("platform/web", status="building")
        jenkins.world.add_jenkins_build("tools/lint")
        jenkins.poll()
        jenkins.server.misbehave(Fault("/job/platform/api/json", status=404))
        for _ in range(3):
            jenkins.poll()
            jenkins.world.advance(601)
        assert jenkins.memory.rows()["platform/web#1"].status is Status.IN_PROGRESS


def test_a_job_made_anew_starts_at_number_one_again(jenkins: Rig) -> None:
    nightly(jenkins, 3)
    jenkins.poll()
    jenkins.world.delete_jenkins_job("nightly")
    jenkins.world.advance(3600)
    jenkins.world.add_jenkins_job("nightly", cls=FREESTYLE)
    jenkins.world.add_jenkins_build("nightly", result="FAILURE")
    jenkins.poll()
    states = {key.external_id: len(found) for key, found in jenkins.memory.states.items()}
    assert states == {"nightly#1": 2, "nightly#2": 1, "nightly#3": 1}
    assert jenkins.memory.rows()["nightly#1"].status is Status.FAILURE


def test_a_running_build_whose_number_was_used_again_is_not_asked_for_again(jenkins: Rig) -> None:
    jenkins.world.add_jenkins_job("nightly", cls=FREESTYLE)
    jenkins.world.add_jenkins_build("nightly", status="building")
    jenkins.poll()
    jenkins.world.delete_jenkins_job("nightly")
    jenkins.world.advance(3600)
    jenkins.world.add_jenkins_job("nightly", cls=FREESTYLE)
    for _ in range(2):
        jenkins.world.add_jenkins_build("nightly")
    jenkins.poll()
    jenkins.poll()
    assert jenkins.asked_after_poll() == ["/api/json"]


def test_stages_and_the_end_of_a_failed_builds_console_are_read_once(jenkins: Rig) -> None:
    jenkins.world.add_branch("acme/web", "main")
    stages = (a_stage("Build"), a_stage("Test", "FAILED"))
    jenkins.world.add_jenkins_build("acme/web/main", result="FAILURE", stages=stages, log="x\nERROR: 3 tests failed\n")
    batches = jenkins.poll()
    told = [word for batch in batches for word in batch.words if isinstance(word, JobWord)]
    assert [(word.name, word.status, word.build_started_at) for word in told] == [
        ("Build", Status.SUCCESS, START - timedelta(seconds=60)),
        ("Test", Status.FAILURE, START - timedelta(seconds=60)),
    ]
    (log,) = jenkins.memory.logs.values()
    assert (log.error_line, log.job_name) == ("ERROR: 3 tests failed", "Test")
    (detail,) = jenkins.memory.details.values()
    assert (detail.updated_at, detail.log_read) == (START, True)
    del jenkins.memory.marks["read:acme/web/main"]
    jenkins.reader = jenkins.another_reader()
    assert not [path for path in jenkins.asked_after_poll() if "wfapi" in path or "logText" in path]


def test_a_passed_builds_console_is_not_read_and_a_freestyle_build_has_no_stages(jenkins: Rig) -> None:
    nightly(jenkins, 1)
    jenkins.world.add_branch("acme/web", "main")
    jenkins.world.add_jenkins_build("acme/web/main")
    paths = jenkins.asked_after_poll()
    assert [path for path in paths if "logText" in path] == []
    assert [path for path in paths if "wfapi" in path] == ["/job/acme/job/web/job/main/1/wfapi/describe"]


def test_a_console_that_only_says_how_it_ended_has_no_line_that_says_what_failed(jenkins: Rig) -> None:
    jenkins.world.add_jenkins_job("nightly", cls=FREESTYLE)
    jenkins.world.add_jenkins_build("nightly", result="FAILURE", log="Started by timer\nFinished: FAILURE\n")
    jenkins.poll()
    (kept,) = jenkins.memory.logs.values()
    assert kept.error_line is None


def test_of_a_long_console_only_the_end_is_read(jenkins: Rig) -> None:
    jenkins.world.add_jenkins_job("nightly", cls=FREESTYLE)
    log = "".join(f"line {number}\n" for number in range(200_000)) + "ERROR: the end\n"
    jenkins.world.add_jenkins_build("nightly", result="FAILURE", log=log)
    jenkins.poll()
    (kept,) = jenkins.memory.logs.values()
    assert kept.error_line == "ERROR: the end"
    assert "line 199999" in kept.text
    starts = [int(entry.request.query["start"]) for entry in jenkins.server.journal.entries("*/progressiveText")]
    assert starts[0] == 0
    assert len(starts) == 2
    assert starts[1] > len(log) - 600_000


def test_a_console_that_was_cut_begins_with_a_whole_line(jenkins: Rig) -> None:
    jenkins.world.add_jenkins_job("nightly", cls=FREESTYLE)
    jenkins.world.add_jenkins_build("nightly", result="FAILURE", log="".join(f"line {n:06d}\n" for n in range(9000)))
    api = Api(jenkins.server.base_url, jenkins.server.instance, auth=None, clock=jenkins.world.clock)
    end = console_end(api, "job/nightly/1/logText/progressiveText", 1000)
    api.close()
    assert len(end) < 1000
    assert len(end.splitlines()) > 80
    assert all(len(line) == len("line 000000") for line in end.decode().splitlines()[:-1])


def test_a_controller_without_stages_is_not_asked_for_them_again_for_a_while(jenkins: Rig) -> None:
    jenkins.server.misbehave(Fault("*/wfapi/describe", status=404))
    jenkins.server.misbehave(Fault("/pluginManager/api/json", status=403))
    jenkins.world.add_branch("acme/web", "main")
    for _ in range(2):
        jenkins.world.advance(60)
        jenkins.world.add_jenkins_build("acme/web/main")
        jenkins.poll()
    assert jenkins.server.journal.count("*/wfapi/describe") == 1
    jenkins.world.advance(3601)
    jenkins.world.add_jenkins_build("acme/web/main")
    jenkins.poll()
    assert jenkins.server.journal.count("*/wfapi/describe") == 2


def test_a_controller_whose_plugins_tell_no_stages_is_not_asked_for_them(jenkins: Rig) -> None:
    jenkins.server.misbehave(
        Fault("/pluginManager/api/json", body=b'{"plugins": [{"shortName": "git", "active": true}]}')
    )
    jenkins.world.add_branch("acme/web", "main")
    jenkins.world.add_jenkins_build("acme/web/main")
    jenkins.poll()
    assert jenkins.server.journal.count("*/wfapi/*") == 0


def test_a_console_that_cannot_be_read_is_tried_again_and_then_left(jenkins: Rig) -> None:
    nightly(jenkins, 1)
    jenkins.world.add_jenkins_build("nightly", result="FAILURE")
    jenkins.server.misbehave(Fault("*/progressiveText", status=500))
    for _ in range(2):
        jenkins.poll()
        assert jenkins.memory.marks["owed:nightly"]
    for _ in range(3):
        jenkins.poll()
    assert jenkins.server.journal.count("*/progressiveText") == 3
    assert jenkins.memory.marks["owed:nightly"] == ""
    assert {trouble.target for trouble in jenkins.troubles} == {"nightly#2"}


def test_details_beyond_a_polls_share_wait_for_the_next_and_the_newest_come_first(
    jenkins: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debts, "DETAILS_A_POLL", 2)
    jenkins.world.add_jenkins_job("nightly", cls=FREESTYLE)
    for back in range(3, 0, -1):
        jenkins.world.add_jenkins_build("nightly", result="FAILURE", started_at=START - timedelta(hours=back))
    jenkins.poll()
    assert sorted(key.external_id for key in jenkins.memory.logs) == ["nightly#2", "nightly#3"]
    assert jenkins.memory.marks["owed:nightly"]
    jenkins.poll()
    assert len(jenkins.memory.logs) == 3
    assert jenkins.memory.marks["owed:nightly"] == ""


def test_the_queue_tells_how_long_a_build_waited_and_is_asked_only_while_something_waits(jenkins: Rig) -> None:
    nightly(jenkins, 1)
    assert "/queue/api/json" not in jenkins.asked_after_poll()
    build = jenkins.world.add_jenkins_build("nightly", status="queued")
    assert "/queue/api/json" in jenkins.asked_after_poll()
    assert set(jenkins.memory.rows()) == {"nightly#1"}
    jenkins.world.advance(45)
    jenkins.world.start_jenkins_build("nightly", build.number)
    jenkins.poll()
    row = jenkins.memory.rows()["nightly#2"]
    assert (row.created_at, row.queue_seconds) == (START, 45.0)


def test_a_cancelled_item_of_the_queue_never_becomes_a_build(jenkins: Rig) -> None:
    nightly(jenkins, 1)
    build = jenkins.world.add_jenkins_build("nightly", status="queued")
    jenkins.poll()
    jenkins.world.cancel_queued("nightly", build.number)
    jenkins.poll()
    assert set(jenkins.memory.rows()) == {"nightly#1"}


def test_the_root_that_the_controller_calls_itself_is_kept_as_a_mark() -> None:
    with rig({"root_url": "https://ci.acme.com/jenkins", "prefix": "/ci"}) as made:
        nightly(made, 1)
        made.poll()
        assert made.memory.marks["root"] == "https://ci.acme.com/jenkins"
        row = made.memory.rows()["nightly#1"]
        assert row.key.instance == made.server.base_url.removeprefix("http://")
        assert row.url == "https://ci.acme.com/jenkins/job/nightly/1/"
        assert made.server.journal.count("/ci/me/api/json", status=200) == 1


def test_pipelines_are_told_once_and_again_when_they_change(jenkins: Rig) -> None:
    jenkins.world.add_branch("acme/web", "main")
    jenkins.world.add_branch("acme/web", "dev")
    nightly(jenkins, 1)
    told = [word for batch in jenkins.poll() for word in batch.words if isinstance(word, WorkflowWord)]
    assert sorted((word.external_id, word.state) for word in told) == [("acme/web", "active"), ("nightly", "active")]
    jenkins.world.disable_jenkins_job("nightly")
    told = [word for batch in jenkins.poll() for word in batch.words if isinstance(word, WorkflowWord)]
    assert [(word.external_id, word.state) for word in told] == [("nightly", "disabled")]


def test_what_the_source_leaves_out_is_not_asked_for() -> None:
    with rig(folders=("acme",), exclude=("*/old",), branches=("main",)) as made:
        for name in ("acme/web/main", "acme/web/dev"):
            made.world.add_branch("acme/web", name.rpartition("/")[2])
            made.world.add_jenkins_build(name)
        for name in ("acme/old", "other"):
            made.world.add_jenkins_job(name, cls=FREESTYLE)
            made.world.add_jenkins_build(name)
        paths = made.asked_after_poll()
        assert set(made.memory.rows()) == {"acme/web/main#1"}
        assert not [path for path in paths if "old" in path or "other" in path or "dev" in path]
        assert paths[0] == "/job/acme/api/json"


def test_the_user_and_token_are_sent_and_the_token_comes_from_the_environment() -> None:
    with rig({"users": {"ci-health": "s3cret"}}) as made:
        nightly(made, 1)
        made.reader = made.another_reader({"JENKINS_TOKEN": "s3cret"}, user="ci-health", token="${JENKINS_TOKEN}")
        made.poll()
        assert set(made.memory.rows()) == {"nightly#1"}


def test_one_malformed_build_does_not_cost_the_others(jenkins: Rig) -> None:
    nightly(jenkins, 1)
    good = b'{"number": 1, "timestamp": 1772449200000, "result": "SUCCESS", "duration": 5, "actions": []}'
    body = b'{"builds": [{"number": 2, "timestamp": 99}, ' + good + b', "x"]}'
    jenkins.server.misbehave(Fault("/job/nightly/api/json", body=body))
    jenkins.poll()
    assert set(jenkins.memory.rows()) == {"nightly#1"}
    assert jenkins.memory.marks["read:nightly"].startswith("1@")


def test_a_job_without_builds_in_its_answer_is_read_as_having_none(jenkins: Rig) -> None:
    nightly(jenkins, 1)
    jenkins.server.misbehave(Fault("/job/nightly/api/json", body=b'{"_class": "x"}'))
    jenkins.poll()
    assert jenkins.memory.rows() == {}
    assert not jenkins.troubles


def test_two_sources_with_one_controller_ask_two_at_a_time_together() -> None:
    with rig() as made:
        for number in range(6):
            made.world.add_jenkins_job(f"j{number}", cls=FREESTYLE)
            made.world.add_jenkins_build(f"j{number}")
        made.server.misbehave(Fault("/job/*", delay_seconds=0.05))
        batches: list[Batch] = []
        readers = [made.reader, made.another_reader(name="second")]
        threads = [
            threading.Thread(target=lambda one=one: batches.extend(one.poll(type(made.memory)(), START)))
            for one in readers
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        runs = [word for batch in batches for word in batch.words if isinstance(word, RunWord)]
        assert len(runs) == 12
        assert made.server.journal.most_in_flight == 2


def test_how_far_a_job_was_read_is_a_mark_that_can_be_read_back() -> None:
    read = builds.Read(107, START)
    assert builds.Read.of(read.text()) == read
    assert builds.Read.of(builds.Read(3, None).text()) == builds.Read(3, None)
    for broken in (None, "", "x@y", "3@yesterday"):
        assert builds.Read.of(broken) is None


def test_what_waits_is_told_when_it_changes_and_is_gone_when_it_left(jenkins: Rig) -> None:
    nightly(jenkins, 1)
    assert [batch.waiting for batch in jenkins.poll() if batch.waiting is not None] == [()]
    why = "Waiting for next available executor on ‘gpu’"
    build = jenkins.world.add_jenkins_build("nightly", status="queued", why=why)
    (told,) = [batch.waiting for batch in jenkins.poll() if batch.waiting is not None]
    assert [(one.pipeline, one.since, one.label) for one in told] == [("nightly", START, "gpu")]
    assert [batch for batch in jenkins.poll() if batch.waiting is not None] == [], "nothing new is told"
    jenkins.world.start_jenkins_build("nightly", build.number)
    assert [batch.waiting for batch in jenkins.poll() if batch.waiting is not None] == [()]


def test_a_queue_that_cannot_be_read_leaves_what_is_known_of_it(jenkins: Rig) -> None:
    nightly(jenkins, 1)
    jenkins.poll()
    jenkins.world.add_jenkins_build("nightly", status="queued")
    jenkins.server.misbehave(Fault("/queue/*", status=500))
    assert [batch for batch in jenkins.poll() if batch.waiting is not None] == []


def test_stages_that_wait_inside_running_builds_are_asked_for_while_one_runs(jenkins: Rig) -> None:
    jenkins.world.add_branch("acme/web", "main")
    stage = Stage("1", "Test", START, None, agent_wait_seconds=600, label="arm64")
    build = jenkins.world.add_jenkins_build("acme/web/main", status="building", stages=(stage,))
    batches = jenkins.poll()
    (told,) = [batch.waiting for batch in batches if batch.waiting is not None]
    assert [(one.label, one.since) for one in told] == [("arm64", START)]
    jenkins.world.finish_jenkins_build("acme/web/main", build.number)
    jenkins.asked()
    assert [batch.waiting for batch in jenkins.poll() if batch.waiting is not None] == [()]
    assert "/queue/api/json" not in jenkins.asked()


def test_an_orphaned_branch_keeps_its_builds_and_does_not_disable_its_project(jenkins: Rig) -> None:
    for branch in ("main", "PR-7"):
        jenkins.world.add_branch("acme/web", branch)
        jenkins.world.add_jenkins_build(f"acme/web/{branch}")
    jenkins.world.disable_jenkins_job("acme/web/PR-7")
    told = [word for batch in jenkins.poll() for word in batch.words if isinstance(word, WorkflowWord)]
    assert [(word.external_id, word.state) for word in told] == [("acme/web", "active")]
    jenkins.world.delete_jenkins_job("acme/web/PR-7")
    jenkins.world.add_jenkins_build("acme/web/main", result="FAILURE")
    jenkins.poll()
    assert set(jenkins.memory.rows()) == {"acme/web/PR-7#1", "acme/web/main#1", "acme/web/main#2"}
    assert jenkins.memory.rows()["acme/web/PR-7#1"].branch == "PR-7"
    assert not jenkins.troubles


def three_jobs_whose_builds_failed(jenkins: Rig) -> None:
    for name in ("a", "b", "c"):
        jenkins.world.add_jenkins_job(name, cls=FREESTYLE)
        for back in range(3, 0, -1):
            jenkins.world.add_jenkins_build(name, result="FAILURE", started_at=START - timedelta(hours=back))


def owing(jenkins: Rig) -> set[str]:
    return {name for name, text in jenkins.memory.marks.items() if name.startswith("owed:") and text}


def test_details_that_find_no_room_are_owed_by_their_jobs_mark_and_no_list_is_asked_for_again(
    jenkins: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "MOST_OWED", 4)
    monkeypatch.setattr(debts, "DETAILS_A_POLL", 3)
    three_jobs_whose_builds_failed(jenkins)
    jenkins.poll()
    assert len(jenkins.memory.rows()) == 9, "all builds are there at once"
    assert len(jenkins.memory.logs) == 3
    assert owing(jenkins) == {"owed:b", "owed:c"}
    jenkins.asked()
    for _ in range(2):
        jenkins.poll()
    assert len(jenkins.memory.logs) == 9
    assert owing(jenkins) == set()
    assert [path for path in jenkins.asked() if path.endswith("/api/json")] == ["/api/json"] * 2
    assert jenkins.asked_after_poll() == ["/api/json"]


@pytest.mark.parametrize("most", [1, 4, 100])
def test_a_restart_asks_for_what_is_owed_and_for_no_list_again(
    jenkins: Rig, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(progress, "MOST_OWED", most)
    monkeypatch.setattr(debts, "DETAILS_A_POLL", 2)
    three_jobs_whose_builds_failed(jenkins)
    jenkins.poll()
    jenkins.asked()
    for _ in range(4):
        jenkins.reader = jenkins.another_reader()
        jenkins.poll()
    paths = jenkins.asked()
    assert not [path for path in paths if path.startswith("/job/") and path.endswith("/api/json")]
    consoles = [path for path in paths if "logText" in path]
    assert (len(consoles), len(set(consoles))) == (7, 7)
    assert (len(jenkins.memory.logs), owing(jenkins)) == (9, set())


def test_a_job_that_builds_while_it_owes_owes_the_new_ones_too(jenkins: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debts, "DETAILS_A_POLL", 0)
    three_jobs_whose_builds_failed(jenkins)
    for _ in range(2):
        jenkins.poll()
        jenkins.world.advance(60)
        jenkins.world.add_jenkins_build("b", result="FAILURE")
        jenkins.reader = jenkins.another_reader()
        jenkins.poll()
    assert jenkins.memory.logs == {}
    monkeypatch.setattr(debts, "DETAILS_A_POLL", 100)
    jenkins.poll()
    assert (len(jenkins.memory.logs), owing(jenkins)) == (11, set())


def test_stages_that_were_owed_over_a_restart_are_those_that_would_have_been_read_at_once(
    jenkins: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    branch = jenkins.world.add_branch("acme/web", "main").full_name
    stages = (a_stage("Build"), a_stage("Test", "FAILED"))
    jenkins.world.add_jenkins_build(branch, result="FAILURE", stages=stages, log="x\nERROR: no\n")
    jenkins.poll()
    at_once, jenkins.memory = jenkins.memory, FakeMemory()
    monkeypatch.setattr(debts, "DETAILS_A_POLL", 0)
    jenkins.reader = jenkins.another_reader()
    jenkins.poll()
    assert jenkins.memory.details == {}
    monkeypatch.setattr(debts, "DETAILS_A_POLL", 10)
    jenkins.reader = jenkins.another_reader()
    jenkins.poll()
    assert (jenkins.memory.states, jenkins.memory.logs) == (at_once.states, at_once.logs)
    assert jenkins.memory.details == at_once.details


def test_debts_of_a_job_that_is_not_listed_for_a_while_are_kept(jenkins: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debts, "DETAILS_A_POLL", 0)
    three_jobs_whose_builds_failed(jenkins)
    jenkins.poll()
    monkeypatch.setattr(debts, "DETAILS_A_POLL", 100)
    jenkins.reader = jenkins.another_reader(exclude=["b"])
    jenkins.poll()
    assert owing(jenkins) == {"owed:b"}
    jenkins.reader = jenkins.another_reader()
    jenkins.poll()
    assert (len(jenkins.memory.logs), owing(jenkins)) == (9, set())
