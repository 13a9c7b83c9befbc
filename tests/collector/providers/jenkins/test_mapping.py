"""FORMATS, sections 3.1 and 3.3: builds as words. Each test names the fact that it holds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from collector.domain.errors import MappingError
from collector.domain.model import Status
from collector.providers.jenkins.jobs import Job, Rules, job_of
from collector.providers.jenkins.mapping import MappedBuild, Waits, map_build, map_pipeline
from collector.providers.jenkins.revisions import remotes_of
from tests.collector.providers.jenkins.fakes import NOW, a_build, causes, git_data, ms

RULES = Rules("jenkins.acme.com", "https://jenkins.acme.com")
SHA, LIBRARY_SHA = "2c6e06a3bf6a52ae3f8f26f11c91d9550794c161", "d2040eb52fbb16ae0c59dc478a359df09cf818a5"
LIBRARY = git_data(LIBRARY_SHA, "master", "https://github.com/acme/jenkins-library.git")


def web(rules: Rules = RULES, *remotes: str) -> Job:
    return job_of(rules, ("web",), multibranch=False, remotes=remotes_of(remotes))


def branch_job(name: str = "main") -> Job:
    return job_of(RULES, ("web", name), multibranch=True)


def mapped(raw: Any = None, job: Any = None, **changes: Any) -> MappedBuild:
    return map_build({**a_build(7), **changes} if raw is None else raw, job or web())


def test_the_key_is_controller_and_full_name_with_number_and_the_attempt_is_always_one() -> None:
    key = mapped(number=12).run.key
    assert (key.provider, key.instance, key.external_id, key.attempt) == ("jenkins", "jenkins.acme.com", "web#12", 1)


@pytest.mark.parametrize(
    ("result", "status"),
    [
        ("SUCCESS", Status.SUCCESS),
        ("FAILURE", Status.FAILURE),
        ("UNSTABLE", Status.FAILURE),
        ("ABORTED", Status.CANCELLED),
        ("NOT_BUILT", Status.SKIPPED),
    ],
)
def test_a_result_becomes_a_status_and_is_kept_as_conclusion(result: str, status: Status) -> None:
    run = mapped(result=result).run
    assert (run.status, run.conclusion) == (status, result)


def test_unstable_is_a_success_where_the_source_says_so() -> None:
    run = mapped(job=web(Rules("h", "https://h", unstable="success")), result="UNSTABLE").run
    assert (run.status, run.conclusion) == (Status.SUCCESS, "UNSTABLE")


def test_an_unknown_result_is_skipped_kept_and_logged_once() -> None:
    with capture_logs() as logs:
        runs = [mapped(result="NOT_BUILD", number=number).run for number in (1, 2)]
    assert {(run.status, run.conclusion) for run in runs} == {(Status.SKIPPED, "NOT_BUILD")}
    assert len([entry for entry in logs if entry.get("result") == "NOT_BUILD"]) == 1


def test_a_build_without_a_result_is_in_progress_also_where_building_is_left_out() -> None:
    raw = a_build(result=None, duration=0)
    del raw["building"]
    assert mapped(raw).run.status is Status.IN_PROGRESS
    assert mapped(result=None, building=False).run.status is Status.IN_PROGRESS


def test_a_running_build_that_has_a_result_already_is_still_in_progress() -> None:
    run = mapped(building=True, result="FAILURE", duration=0).run
    assert (run.status, run.conclusion) == (Status.IN_PROGRESS, None)


def test_the_start_is_the_timestamp_and_the_end_is_start_and_duration() -> None:
    build = mapped(timestamp=ms(NOW), duration=90_500)
    assert build.run.started_at == NOW
    assert build.run.duration_seconds == 90.5
    assert build.ended_at == NOW + timedelta(seconds=90.5)


@pytest.mark.parametrize("unknown", [0, None])
def test_a_timestamp_of_0_is_jenkins_word_for_unknown_and_not_1970(unknown: int | None) -> None:
    told = mapped(timestamp=unknown)
    assert (told.run.started_at, told.ended_at) == (None, None)
    assert told.run.status is Status.SUCCESS


def test_the_duration_of_a_running_build_is_unknown_and_the_estimate_is_never_taken() -> None:
    build = mapped(building=True, result=None, duration=0, estimatedDuration=3_286_725)
    assert build.run.duration_seconds is None
    assert build.ended_at is None


def test_a_build_tells_no_queue_time_by_itself() -> None:
    run = mapped().run
    assert (run.created_at, run.queue_seconds) == (None, None)


def test_the_queue_time_comes_from_the_metrics_plugin() -> None:
    action = {"_class": "jenkins.metrics.impl.TimeInQueueAction", "queuingDurationMillis": 4_500}
    run = mapped(actions=[{}, action]).run
    assert run.queue_seconds == 4.5
    assert run.created_at == NOW - timedelta(seconds=4.5)


def test_the_queue_time_comes_from_the_queue_item_that_the_build_was() -> None:
    waits = Waits({1007: NOW - timedelta(seconds=30), 1008: NOW - timedelta(hours=1)})
    run = map_build(a_build(number=7, queueId=1007), web(), waits).run
    assert run.queue_seconds == 30
    assert run.created_at == NOW - timedelta(seconds=30)


def test_the_commit_is_that_of_the_jobs_remote_and_not_of_the_shared_library_before_it() -> None:
    own = git_data(SHA, "refs/remotes/origin/main", "git@github.com:acme/docs-site.git")
    job = web(RULES, "https://github.com/Acme/docs-site")
    for actions in ([LIBRARY, own], [own, LIBRARY]):
        run = mapped(job=job, actions=actions).run
        assert (run.commit, run.branch) == (SHA, "main")


def test_the_commit_of_a_branch_job_is_that_of_its_branch() -> None:
    own = git_data(SHA, "feat/x", "https://github.com/acme/docs-site.git")
    for actions in ([LIBRARY, own], [own, LIBRARY]):
        assert mapped(job=branch_job("feat%2Fx"), actions=actions).run.commit == SHA


def test_of_two_checkouts_that_nothing_tells_apart_the_library_is_the_first() -> None:
    own = git_data(SHA, "main", "$GIT_BASE")
    assert mapped(actions=[LIBRARY, {}, own]).run.commit == SHA


def test_a_build_that_failed_before_its_checkout_has_no_commit() -> None:
    run = mapped(result="FAILURE", actions=[{}, {"_class": "hudson.plugins.git.GitTagAction"}]).run
    assert (run.commit, run.branch) == (None, None)


def test_the_branch_of_a_branch_job_is_its_name_whatever_was_checked_out() -> None:
    run = mapped(job=branch_job("PR-2"), actions=[git_data(SHA, "detached", "https://h/acme/web.git")]).run
    assert (run.branch, run.commit) == ("PR-2", SHA)


@pytest.mark.parametrize("name", ["origin/main", "refs/remotes/origin/main", "refs/heads/main", "main"])
def test_the_branch_of_another_job_is_that_of_its_checkout_without_its_prefix(name: str) -> None:
    assert mapped(actions=[git_data(SHA, name, "https://h/acme/web.git")]).run.branch == "main"


def test_a_commit_that_was_checked_out_by_its_hash_is_on_no_branch() -> None:
    run = mapped(actions=[git_data(SHA, "detached", "https://h/acme/web.git")]).run
    assert (run.branch, run.commit) == (None, SHA)


@pytest.mark.parametrize(
    ("cause", "event", "actor"),
    [
        ({"_class": "hudson.model.Cause$UserIdCause", "userId": "mia", "userName": "Mia M"}, "manual", "mia"),
        (
            {"shortDescription": "Started by user anonymous", "userId": None, "userName": "anonymous"},
            "manual",
            "anonymous",
        ),
        ({"_class": "hudson.triggers.TimerTrigger$TimerTriggerCause"}, "schedule", None),
        ({"shortDescription": "Started by timer"}, "schedule", None),
        ({"_class": "hudson.triggers.SCMTrigger$SCMTriggerCause"}, "push", None),
        (
            {"_class": "com.cloudbees.jenkins.GitHubPushCause", "shortDescription": "Started by GitHub push by mia"},
            "push",
            None,
        ),
        (
            {"_class": "hudson.model.Cause$UpstreamCause", "upstreamProject": "lib", "upstreamBuild": 3},
            "upstream",
            None,
        ),
        (
            {"shortDescription": 'Started by upstream project "lib" build number 3', "upstreamProject": "lib"},
            "upstream",
            None,
        ),
        ({"_class": "jenkins.branch.BranchIndexingCause", "shortDescription": "Branch indexing"}, "indexing", None),
        ({"_class": "jenkins.branch.BranchEventCause", "shortDescription": "Push event to branch main"}, "push", None),
        (
            {"_class": "jenkins.branch.BranchEventCause", "shortDescription": "Pull request #2 opened"},
            "pull_request",
            None,
        ),
    ],
)
def test_event_and_actor_come_from_the_cause(cause: dict[str, Any], event: str, actor: str | None) -> None:
    run = mapped(actions=[causes(cause)]).run
    assert (run.event, run.actor) == (event, actor)


@pytest.mark.parametrize(
    ("cause", "event"),
    [
        ({"_class": "com.sonyericsson.rebuild.RebuildCause", "shortDescription": "Rebuilds build #4"}, "rebuild"),
        (
            {"_class": "org.jenkinsci.plugins.workflow.cps.replay.ReplayCause", "shortDescription": "Replayed #1"},
            "replay",
        ),
        ({"shortDescription": "Replayed #1"}, "replay"),
    ],
)
def test_a_repetition_is_a_build_of_its_own_number_and_says_who_asked_for_it(cause: dict[str, Any], event: str) -> None:
    user = {"_class": "hudson.model.Cause$UserIdCause", "userId": "mia", "userName": "Mia M"}
    run = mapped(number=2, actions=[causes(user, cause)]).run
    assert (run.key.external_id, run.key.attempt, run.event, run.actor) == ("web#2", 1, event, "mia")


def test_a_timeout_is_added_to_the_causes_at_abort_and_is_neither_event_nor_a_humans_abort() -> None:
    timeout = {
        "_class": "org.jenkinsci.plugins.workflow.steps.TimeoutStepExecution$ExceededTimeout",
        "shortDescription": "Timeout has been exceeded",
    }
    indexing = {"_class": "jenkins.branch.BranchIndexingCause", "shortDescription": "Branch indexing"}
    stopped = {"_class": "jenkins.model.InterruptedBuildAction", "causes": [timeout, {"userId": "stopper"}]}
    run = mapped(result="ABORTED", actions=[causes(timeout, indexing), stopped]).run
    assert (run.status, run.event, run.actor) == (Status.CANCELLED, "indexing", None)


def test_branch_indexing_starts_all_branches_at_once_with_one_commit_and_they_stay_apart() -> None:
    main = mapped(job=branch_job("main"), number=1, timestamp=ms(NOW), actions=[git_data(SHA, "main")])
    other = mapped(job=branch_job("feature-1"), number=1, timestamp=ms(NOW) + 6, actions=[git_data(SHA, "feature-1")])
    assert main.run.key != other.run.key
    assert main.run.pipeline == other.run.pipeline


@pytest.mark.parametrize("name", ["changeSet", "changeSets"])
def test_the_message_is_that_of_the_builds_commit_in_either_shape_of_change_sets(name: str) -> None:
    changes = {"items": [{"commitId": "other", "msg": "No"}, {"commitId": SHA, "msg": "Fix the limit\n\nbody"}]}
    run = mapped(actions=[git_data(SHA, "main")], **{name: changes if name == "changeSet" else [changes]}).run
    assert run.message == "Fix the limit"


def test_an_action_may_be_empty_and_an_old_core_tells_no_class() -> None:
    raw = a_build(actions=[{}, {"tags": []}, {"parameters": []}])
    del raw["_class"]
    assert mapped(raw).run.status is Status.SUCCESS


@pytest.mark.parametrize(
    ("changes", "has_stages"),
    [
        ({}, True),
        ({"_class": "hudson.model.FreeStyleBuild"}, False),
        ({"_class": None, "builtOn": ""}, False),
        ({"_class": None}, True),
    ],
)
def test_only_a_pipelines_build_is_asked_for_stages(changes: dict[str, Any], has_stages: bool) -> None:
    assert mapped(**changes).has_stages is has_stages


def cell(name: str, number: int, result: str | None = "SUCCESS", **changes: Any) -> dict[str, Any]:
    return {"number": number, "result": result, "url": f"https://h/job/web/{name}/{number}/", **changes}


def test_stale_cells_of_earlier_builds_are_no_part_of_a_matrix_build() -> None:
    runs = [cell("nodes=debian9-64", 9, "FAILURE"), cell("nodes=centos5", 6), cell("nodes=fedora", 9)]
    build = mapped(number=9, _class="hudson.matrix.MatrixBuild", runs=runs)
    assert [(one.job_id, one.status) for one in build.cells] == [
        ("nodes=debian9-64", Status.FAILURE),
        ("nodes=fedora", Status.SUCCESS),
    ]


def test_a_cell_belongs_to_its_parent_and_tells_its_own_clock() -> None:
    raw = cell("nodes=a%2Cos=b", 9, timestamp=ms(NOW) + 1000, duration=2000, builtOn="agent-1")
    build = mapped(number=9, runs=[raw])
    (told,) = build.cells
    assert (told.key, told.build_started_at, told.name) == (build.run.key, NOW, "nodes=a,os=b")
    assert told.completed_at == NOW + timedelta(seconds=3)
    assert told.runner == "agent-1"


def test_a_cell_without_a_result_is_in_progress() -> None:
    assert (
        mapped(number=9, building=True, result=None, runs=[cell("a=b", 9, None)]).cells[0].status is Status.IN_PROGRESS
    )


def test_sub_builds_of_a_multijob_are_builds_of_their_own_and_add_nothing_to_their_parent() -> None:
    sub = {"buildNumber": 3, "duration": "24 sec and counting", "jobName": "child", "result": None}
    build = mapped(_class="com.tikal.jenkins.plugins.multijob.MultiJobBuild", subBuilds=[sub], duration=1000)
    assert build.cells == ()
    assert build.run.duration_seconds == 1.0


def test_the_url_is_the_one_jenkins_tells_unless_it_could_not_become_a_link() -> None:
    assert mapped(url="https://ci.acme.com/job/web/7/").run.url == "https://ci.acme.com/job/web/7/"
    for url in ("javascript:alert(1)", None, "//evil", "https://h/" + "a" * 8000):
        assert mapped(url=url).run.url == "https://jenkins.acme.com/job/web/7/"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("duration", -1),
        ("duration", float("inf")),
        ("duration", "24 sec"),
        ("duration", True),
        ("duration", 10**15),
        ("timestamp", 1_711_277_551),
        ("timestamp", float("nan")),
        ("timestamp", 1e308),
        ("timestamp", -62_135_596_800_001),
        ("timestamp", 253_402_300_800_000),
        ("timestamp", "2026-01-01"),
        ("number", 0),
        ("number", None),
        ("number", 2**63),
        ("number", "7"),
        ("result", {}),
        ("actions", {}),
        ("actions", ["x"]),
        ("runs", 5),
    ],
)
def test_a_malformed_build_is_refused_and_names_the_field(field: str, value: object) -> None:
    with pytest.raises(MappingError) as error:
        mapped(**{field: value})
    assert error.value.field.startswith(f"build.{field}")


@pytest.mark.parametrize("raw", [None, [], "x", 1])
def test_what_is_no_object_is_refused(raw: object) -> None:
    with pytest.raises(MappingError):
        map_build(raw, web())


def test_a_pipeline_says_whether_it_is_disabled() -> None:
    word = map_pipeline(branch_job(), disabled=True, url=None)
    assert (word.external_id, word.name, word.state) == ("web", "web", "disabled")
