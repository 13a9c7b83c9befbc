"""GitHub's objects to words: each test names the fact about real answers that it holds the mapping to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from collector.domain.errors import MappingError
from collector.domain.folding import carried_over, executed, queue_seconds
from collector.domain.model import BuildKey, PipelineRef, Status
from collector.providers.github.fields import is_web_url
from collector.providers.github.mapping import (
    Place,
    job_word,
    map_list,
    repo_word,
    run_word,
    workflow_word,
)
from collector.providers.github.statuses import status_of
from tests.collector.providers.github.objects import job, repository, run, step, workflow


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


MALFORMED: dict[str, list[object]] = {
    "id": [..., None, 0, -1, True, 2**63, "7", 1.5, [], {}],
    "run_attempt": [0, -1, 2**31, "1", True, {}],
    "status": [..., None, "", 7, [], {}, "x" * 600, "\ud800"],
    "conclusion": [7, [], True],
    "created_at": [..., None, 7, "", "2024-02-30T00:00:00Z", "2024-06-30T23:59:60Z"],
    "updated_at": [..., None, "9999-12-31T23:59:59Z", "2024-01-01T00:00:00+99:99"],
    "run_started_at": ["2024-01-01T00:00:00", float("nan"), []],
    "head_branch": [{}, 7, "\ud800", "a\0b", "x" * 5_000_000],
    "head_repository": [7, [], {"full_name": 7}],
    "repository": [7, {"full_name": "no-slash"}, {"full_name": "a/b/c"}],
    "workflow_id": ["x", 0, -5],
    "actor": ["ann", [1]],
}


class TestRuns:
    def test_a_run_is_told_whole(self) -> None:
        word = run_word(run())
        assert word.key == BuildKey("github", "github.com", "acme/web", "100", 1)
        assert word.pipeline == PipelineRef("55", "CI", ".github/workflows/ci.yml")
        assert (word.status, word.conclusion) == (Status.SUCCESS, "success")
        assert (word.created_at, word.updated_at) == (at("2026-11-20T10:00:00"), at("2026-11-20T10:05:00"))
        assert (word.branch, word.commit, word.event) == ("main", "a" * 40, "push")
        assert (word.message, word.actor) == ("Say hello", "bob")
        assert word.url == "https://github.com/acme/web/actions/runs/100"
        assert (word.repo_external_id, word.told_by) == ("7", "poll")

    @pytest.mark.parametrize(
        ("status", "conclusion", "expected"),
        [
            ("completed", "success", Status.SUCCESS),
            ("completed", "failure", Status.FAILURE),
            ("completed", "timed_out", Status.FAILURE),
            ("completed", "startup_failure", Status.FAILURE),
            ("completed", "cancelled", Status.CANCELLED),
            ("completed", "skipped", Status.SKIPPED),
            ("completed", "action_required", Status.SKIPPED),
            ("completed", "neutral", Status.SKIPPED),
            ("completed", "stale", Status.SKIPPED),
            ("queued", None, Status.QUEUED),
            ("waiting", None, Status.QUEUED),
            ("requested", None, Status.QUEUED),
            ("pending", None, Status.QUEUED),
            ("in_progress", None, Status.IN_PROGRESS),
        ],
    )
    def test_every_documented_status_and_conclusion_has_its_word(
        self, status: str, conclusion: str | None, expected: Status
    ) -> None:
        word = run_word(run(status=status, conclusion=conclusion))
        assert (word.status, word.conclusion) == (expected, conclusion)

    def test_an_unknown_conclusion_is_skipped_kept_and_logged_once(self) -> None:
        with structlog.testing.capture_logs() as logs:
            words = [run_word(run(conclusion="frobnicated")) for _ in range(3)]
        assert [(word.status, word.conclusion) for word in words] == [(Status.SKIPPED, "frobnicated")] * 3
        assert [(log["log_level"], log["conclusion"]) for log in logs] == [("warning", "frobnicated")]

    def test_an_unknown_status_is_skipped_and_kept(self) -> None:
        word = run_word(run(status="meditating", conclusion=None))
        assert (word.status, word.conclusion) == (Status.SKIPPED, "meditating")

    @pytest.mark.parametrize("conclusion", [None, ""])
    def test_completed_with_no_conclusion_does_not_crash(self, conclusion: str | None) -> None:
        word = run_word(run(conclusion=conclusion))
        assert (word.status, word.conclusion) == (Status.SKIPPED, None)

    def test_an_unfinished_run_has_no_conclusion_even_if_the_object_says_one(self) -> None:
        assert run_word(run(status="in_progress", conclusion="success")).conclusion is None

    def test_before_2021_there_is_no_attempt_no_start_and_no_actor(self) -> None:
        old = run(run_attempt=..., run_started_at=..., actor=..., triggering_actor=..., path=..., display_title=...)
        word = run_word(old)
        assert (word.key.attempt, word.started_at, word.actor) == (1, word.created_at, None)

    def test_the_start_is_run_started_at_which_may_be_before_creation_or_minutes_after(self) -> None:
        for started in ("2026-11-20T09:59:58Z", "2026-11-20T10:13:00Z"):
            word = run_word(run(run_started_at=started))
            assert word.started_at == at(started[:-1])
            assert word.created_at == at("2026-11-20T10:00:00")

    def test_created_at_of_a_later_attempt_differs_between_lists_and_attempts_so_both_are_told_alike(self) -> None:
        attempt: dict[str, Any] = {"run_attempt": 2, "run_started_at": "2026-05-29T15:42:05Z"}
        in_list = run_word(run(created_at="2026-05-24T15:20:04Z", **attempt))
        alone = run_word(run(created_at="2026-05-29T15:42:07Z", **attempt))
        assert in_list == alone
        assert in_list.started_at == at("2026-05-29T15:42:05")

    def test_a_later_attempt_without_a_start_does_not_take_the_first_ones_creation_for_it(self) -> None:
        assert run_word(run(run_attempt=2, run_started_at=...)).started_at is None

    def test_updated_at_is_told_as_it_is_for_it_moves_long_after_the_end(self) -> None:
        word = run_word(run(updated_at="2028-01-29T23:29:45Z"))
        assert (word.updated_at, word.duration_seconds) == (at("2028-01-29T23:29:45"), None)

    def test_a_broken_workflow_carries_its_path_as_the_runs_name(self) -> None:
        path = ".github/workflows/startup-failure-workflow.yml"
        assert run_word(run(name=path, path=path)).pipeline == PipelineRef("55", None, path)
        assert run_word(run(name=path, path=...)).pipeline == PipelineRef("55", None, path)

    @pytest.mark.parametrize("name", ["", None, ...])
    def test_a_name_may_be_empty_or_absent(self, name: object) -> None:
        assert run_word(run(name=name)).pipeline == PipelineRef("55", None, ".github/workflows/ci.yml")

    def test_a_dynamic_run_keeps_its_name_and_its_path(self) -> None:
        name, path = ".devcontainer/devcontainer.json", "dynamic/codespaces/create_codespaces_prebuilds"
        assert run_word(run(name=name, path=path)).pipeline == PipelineRef("55", name, path)

    def test_a_path_may_carry_its_ref(self) -> None:
        assert run_word(run(path=".github/workflows/ci.yml@refs/heads/x")).pipeline.path == ".github/workflows/ci.yml"

    def test_a_fork_whose_branch_is_called_main_is_not_on_our_main(self) -> None:
        fork = run(event="pull_request", head_repository=repository("holly/web", 8), pull_requests=[])
        assert run_word(fork).branch == "holly:main"

    def test_a_deleted_fork_is_not_on_our_main_either(self) -> None:
        assert run_word(run(event="pull_request", head_repository=None)).branch == "ann:main"
        assert run_word(run(event="push", head_repository=None)).branch == "main"

    def test_the_same_repo_under_a_new_name_is_no_fork(self) -> None:
        assert run_word(run(head_repository=repository("acme/renamed", 7))).branch == "main"

    def test_a_repo_name_of_another_case_is_no_fork(self) -> None:
        assert run_word(run(head_repository={"full_name": "Acme/Web"})).branch == "main"

    def test_a_merge_queues_branch_is_kept_as_it_is(self) -> None:
        branch = "gh-readonly-queue/main/pr-20267-abc"
        assert run_word(run(head_branch=branch, event="merge_group")).branch == branch

    def test_branches_lose_their_prefix(self) -> None:
        assert run_word(run(head_branch="refs/heads/x/y")).branch == "x/y"

    def test_the_message_is_the_commits_first_line_else_the_title(self) -> None:
        assert run_word(run(head_commit=None)).message == "Say hello"
        assert run_word(run(head_commit={"message": "\n\nfirst\rsecond"}, display_title=None)).message == "first"
        assert run_word(run(head_commit={"message": ""}, display_title="title")).message == "title"
        assert run_word(run(head_commit={"message": "x" * 9000})).message == "x" * 1000

    def test_the_actor_is_who_triggered_the_attempt_else_who_began_it(self) -> None:
        assert run_word(run(triggering_actor=None)).actor == "ann"

    def test_the_instance_is_the_host_of_html_url_never_the_apis(self) -> None:
        enterprise = run(html_url="https://GHE.acme.com:8443/acme/web/actions/runs/100")
        assert run_word(enterprise, Place("acme/web", "api.other")).key.instance == "ghe.acme.com:8443"

    @pytest.mark.parametrize(
        "url",
        [
            *(
                "javascript:alert(1)",
                "data:text/html,x",
                "//evil",
                "https://",
                "ftp://h/x",
                "https://h:99999/",
                None,
                7,
            ),
            *("https://h/" + "x" * 8192, "https://h/\r\nx", "https://h/a b", "https://h\\@evil/"),
        ],
    )
    def test_an_address_that_is_no_link_is_dropped_and_the_instance_comes_from_elsewhere(self, url: object) -> None:
        word = run_word(run(html_url=url))
        assert (word.url, word.key.instance) == (None, "github.com")
        bare = run(html_url=url, repository={"full_name": "acme/web"})
        assert run_word(bare, Place(instance="ghe.acme.com")).key.instance == "ghe.acme.com"
        with pytest.raises(MappingError, match="html_url: must be an http or https address"):
            run_word(bare)

    def test_a_run_without_a_repository_says_its_repo_in_its_url(self) -> None:
        assert run_word(run(repository=...)).key.repo == "acme/web"

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            *((field, value) for field, values in MALFORMED.items() for value in values),
            ("triggering_actor", {"login": 7}),
            ("head_commit", {"message": 7}),
            ("head_commit", []),
        ],
    )
    def test_whatever_is_malformed_is_a_mapping_error_that_names_the_field(self, field: str, value: object) -> None:
        raw = run(triggering_actor=None) if field == "actor" else run()
        with pytest.raises(MappingError) as caught:
            run_word(raw | {field: value} if value is not ... else {k: v for k, v in raw.items() if k != field})
        assert caught.value.field.startswith(f"workflow_run.{field}")
        assert len(str(caught.value)) < 400

    @pytest.mark.parametrize("raw", [None, [], "x", 1, True])
    def test_what_is_no_object_is_a_mapping_error(self, raw: object) -> None:
        with pytest.raises(MappingError, match="must be an object"):
            run_word(raw)


class TestJobs:
    def test_a_job_is_told_whole(self) -> None:
        word = job_word(job())
        assert word.key == BuildKey("github", "github.com", "acme/web", "100", 1)
        assert (word.job_id, word.name, word.status) == ("900", "test (Python 3.11-dev)", Status.SUCCESS)
        assert (word.started_at, word.completed_at) == (at("2026-11-20T10:00:10"), at("2026-11-20T10:04:50"))
        assert (word.labels, word.runner) == (("ubuntu-latest",), "GitHub Actions 4")
        assert (word.pipeline, word.branch) == (PipelineRef(name="CI"), "main")
        assert word.run_url == "https://github.com/acme/web/actions/runs/100"
        assert queue_seconds(word) == 10

    @pytest.mark.parametrize("status", ["queued", "waiting"])
    def test_a_queued_or_waiting_jobs_started_at_is_its_creation_and_no_start(self, status: str) -> None:
        waiting = job(
            status=status, conclusion=None, started_at="2026-11-20T10:00:00Z", completed_at=None, runner_name="anon"
        )
        word = job_word(waiting)
        assert (word.status, word.started_at, word.runner) == (Status.QUEUED, None, None)

    def test_a_carried_over_job_of_a_partial_rerun_waited_for_nothing_and_did_not_run_again(self) -> None:
        copied = job(run_attempt=2, created_at="2026-11-21T09:00:00Z", runner_id=0, runner_name="")
        word = job_word(copied)
        assert (word.key.attempt, word.runner) == (2, None)
        assert carried_over(word)
        assert not executed(word)
        assert queue_seconds(word) is None

    def test_a_skipped_job_has_no_steps_no_labels_and_no_runner(self) -> None:
        moment = "2026-11-20T10:00:00Z"
        skipped = job(
            conclusion="skipped",
            created_at=moment,
            started_at=moment,
            completed_at=moment,
            steps=[],
            labels=[],
            runner_name=None,
        )
        word = job_word(skipped)
        assert (word.status, word.steps, word.labels, word.runner) == (Status.SKIPPED, (), (), None)
        assert not executed(word)

    def test_older_jobs_lack_creation_attempt_workflow_and_branch(self) -> None:
        old = job(created_at=..., run_attempt=..., workflow_name=..., head_branch=...)
        word = job_word(old, attempt=3)
        assert (word.key.attempt, word.created_at, word.pipeline.name, word.branch) == (3, None, None, None)
        assert queue_seconds(word) is None

    def test_the_jobs_own_attempt_wins_over_the_one_asked_for(self) -> None:
        assert job_word(job(run_attempt=2), attempt=3).key.attempt == 2

    def test_old_jobs_pages_are_below_the_repo_not_below_actions(self) -> None:
        word = job_word(job(html_url="https://github.com/acme/web/runs/900?check_suite_focus=true"))
        assert word.run_url == "https://github.com/acme/web/actions/runs/100"

    def test_a_job_that_says_in_progress_long_after_its_end_stays_in_progress(self) -> None:
        word = job_word(job(status="in_progress", conclusion=None))
        assert (word.status, word.completed_at) == (Status.IN_PROGRESS, None)

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("2026-11-20T10:00:35.000Z", "2026-11-20T10:00:35"),
            ("2026-11-20T10:00:13Z", "2026-11-20T10:00:13"),
            ("2026-11-20T05:00:17.000-05:00", "2026-11-20T10:00:17"),
            ("2026-07-20T06:00:17.000-04:00", "2026-07-20T10:00:17"),
            ("2026-11-20T18:00:17.000+08:00", "2026-11-20T10:00:17"),
        ],
    )
    def test_step_times_come_in_five_shapes_and_are_utc(self, text: str, expected: str) -> None:
        word = job_word(job(steps=[step(1, started_at=text)]))
        assert word.steps[0].started_at == at(expected)

    def test_step_numbers_have_gaps_and_steps_are_told_in_their_order(self) -> None:
        word = job_word(job(steps=[step(number) for number in (10, 1, 4, 11, 2)]))
        assert [one.number for one in word.steps] == [1, 2, 4, 10, 11]

    def test_a_first_step_may_start_a_second_before_its_job(self) -> None:
        word = job_word(job(steps=[step(1, started_at="2026-11-20T10:00:09Z")]))
        assert word.started_at is not None
        assert word.steps[0].started_at is not None
        assert word.steps[0].started_at < word.started_at

    def test_queued_steps_have_no_times_and_a_cancelled_jobs_steps_keep_their_own_words(self) -> None:
        steps = [
            step(1),
            step(2, conclusion="cancelled"),
            step(3, conclusion="skipped"),
            step(4, name="Complete job"),
            step(5, status="queued", conclusion=None, started_at=None, completed_at=None),
        ]
        word = job_word(job(conclusion="cancelled", steps=steps))
        told = [one.status.value for one in word.steps]
        assert told == ["success", "cancelled", "skipped", "success", "queued"]
        assert word.steps[4].started_at is None

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("id", None),
            ("run_id", "x"),
            ("status", ...),
            ("started_at", "soon"),
            ("labels", "ubuntu"),
            ("labels", [7]),
            ("steps", {}),
            ("steps", [7]),
            ("steps", [{"name": "x", "number": 1}]),
            ("steps", [step(-1)]),
            ("steps", [step(1, completed_at="2026-99-01T00:00:00Z")]),
            ("runner_name", 7),
            ("name", {}),
        ],
    )
    def test_whatever_is_malformed_is_a_mapping_error_that_names_the_field(self, field: str, value: object) -> None:
        raw = job() | {field: value} if value is not ... else {k: v for k, v in job().items() if k != field}
        with pytest.raises(MappingError) as caught:
            job_word(raw)
        assert caught.value.field.startswith(f"workflow_job.{field}")


class TestOthers:
    def test_a_workflows_state_is_kept_as_it_came(self) -> None:
        word = workflow_word(workflow(state="disabled_manually"), Place("acme/web", repo_id="7"))
        assert (word.external_id, word.name, word.path) == ("55", "CI", ".github/workflows/ci.yml")
        assert (word.state, word.instance, word.repo_external_id) == ("disabled_manually", "github.com", "7")

    def test_a_workflow_without_a_name_shows_its_file(self) -> None:
        assert workflow_word(workflow(name=""), Place("acme/web")).name == ".github/workflows/ci.yml"

    def test_a_repos_names_are_ordered_by_its_last_change(self) -> None:
        raw = repository(default_branch="trunk", updated_at="2026-11-01T00:00:00Z", pushed_at="2026-11-02T00:00:00Z")
        word = repo_word(raw)
        assert (word.name, word.external_id, word.default_branch) == ("acme/web", "7", "trunk")
        assert word.seen_at == at("2026-11-02T00:00:00")
        assert repo_word(raw, seen_at=at("2026-11-03T00:00:00")).seen_at == at("2026-11-03T00:00:00")

    def test_push_webhooks_write_times_as_unix_integers(self) -> None:
        raw = repository(updated_at="2026-11-01T00:00:00Z", pushed_at=1_700_000_000, created_at=1_600_000_000)
        assert repo_word(raw).seen_at == at("2026-11-01T00:00:00")

    def test_one_bad_element_does_not_lose_the_others(self) -> None:
        mapped = map_list({"workflow_runs": [run(1), None, run(2, status=7), run(3)]}, "workflow_runs", run_word)
        assert [word.key.external_id for word in mapped.words] == ["1", "3"]
        assert [problem.field for problem in mapped.problems] == ["workflow_run", "workflow_run.status"]

    @pytest.mark.parametrize("raw", [[], {}, {"workflow_runs": {}}, None, "x"])
    def test_an_answer_that_is_no_such_list_is_a_mapping_error(self, raw: object) -> None:
        with pytest.raises(MappingError):
            map_list(raw, "workflow_runs", run_word)

    def test_statuses_of_the_rest_of_the_world_do_not_crash(self) -> None:
        assert status_of("COMPLETED", "SUCCESS") is Status.SKIPPED

    def test_links_are_http_or_https(self) -> None:
        assert is_web_url("http://127.0.0.1:8080/x")
        assert not is_web_url("http://[::1")
