"""What no source watches any more goes quiet: its pipelines say so, its unfinished builds end, its rows stay."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from collector import ingest
from collector.domain.model import RepoWord, Status, WorkflowWord
from collector.domain.names import workflow_key
from collector.ingest import Context
from collector.providers.base import DELETED, GONE, UNWATCHED, Batch, GivenUp, WaitingItem, Watching
from collector.storage import clockwork, known, waiting, watched, watching
from collector.storage.database import Database, connect
from collector.storage.tables import sql
from tests.builders import NOON, github_key, jenkins_key, jenkins_word, job_word, later, run_word

WEB, JOB = "github|github.com|acme/web", "jenkins|ci.acme.com|platform/web"
SOON, QUIET = later(minutes=4), later(minutes=6)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = connect(f"sqlite:///{tmp_path / 'watching.db'}")
    made.migrate()
    running = run_word(status=Status.IN_PROGRESS)
    workflow = WorkflowWord("github", "github.com", "acme/web", "7", "CI", state="active", updated_at=NOON)
    told = Batch(words=(workflow, running), watching=Watching((WEB,)))
    ingest.record(made, told, Context("acme"), NOON)
    building = jenkins_word(jenkins_key(9), status=Status.IN_PROGRESS)
    ingest.record(made, Batch(words=(building,), watching=Watching((JOB,))), Context("ci"), NOON)
    with made.writing():
        watched.note([WEB, JOB], "acme", NOON)
    yield made
    made.close()


def leave(database: Database, key: str, reason: str, source: str = "acme") -> None:
    ingest.record(database, Batch(watching=Watching(left={key: reason})), Context(source), NOON)


def stands(database: Database, provider: str) -> tuple[str | None, str, str | None]:
    """(the pipeline's state, its build's status and conclusion)."""
    with database.reading():
        row = sql(
            "SELECT p.state, b.status, b.conclusion FROM builds b JOIN pipelines p ON p.id = b.pipeline_id"
            " WHERE b.provider = ?", (provider,),
        ).fetchone()  # fmt: skip
    return row[0], row[1], row[2]


@pytest.mark.parametrize(
    ("provider", "key", "source", "reason", "conclusion"),
    [("github", WEB, "acme", UNWATCHED, "unwatched"), ("jenkins", JOB, "ci", DELETED, "gone")],
)
def test_what_was_left_goes_quiet_after_a_while_and_keeps_its_rows(
    database: Database, provider: str, key: str, source: str, reason: str, conclusion: str
) -> None:
    leave(database, key, reason, source)
    assert (ingest.let_go(database, SOON), stands(database, provider)[1]) == ((), "in_progress")
    assert ingest.let_go(database, QUIET) == [key]
    assert stands(database, provider) == (reason, "skipped", conclusion)
    with database.reading():
        assert watched.since([key]) is None
        (build_id,) = sql("SELECT build_id FROM changes ORDER BY seq DESC LIMIT 1").fetchone()
        assert sql("SELECT provider FROM builds WHERE id = ?", (build_id,)).fetchone()[0] == provider
    assert ingest.let_go(database, QUIET) == ()


def test_what_comes_back_is_as_its_provider_says_and_was_added_anew(database: Database) -> None:
    leave(database, WEB, UNWATCHED)
    ingest.let_go(database, QUIET)
    disabled = WorkflowWord("github", "github.com", "acme/web", "7", "CI", state="disabled_manually", updated_at=SOON)
    ingest.record(database, Batch(words=(disabled,)), Context("acme"), QUIET)
    assert stands(database, "github")[0] == UNWATCHED
    ended = run_word(github_key(), updated_at=later(90))
    ingest.record(database, Batch(words=(ended,), watching=Watching((WEB,))), Context("acme"), later(minutes=7))
    assert stands(database, "github") == ("disabled_manually", "success", "success")


@pytest.mark.parametrize(("provider", "key", "source"), [("github", WEB, "acme"), ("jenkins", JOB, "ci")])
def test_a_build_that_ended_as_unwatched_goes_on_when_its_pipeline_comes_back_and_is_asked_for(
    database: Database, provider: str, key: str, source: str
) -> None:
    leave(database, key, UNWATCHED, source)
    ingest.let_go(database, QUIET)
    assert stands(database, provider) == (UNWATCHED, "skipped", "unwatched")
    ingest.record(database, Batch(watching=Watching((key,))), Context(source), later(minutes=7))
    assert stands(database, provider) == ("active" if provider == "github" else None, "in_progress", "unwatched")
    with database.reading():
        (asked,) = known.unfinished(provider, "github.com" if provider == "github" else "ci.acme.com")
        assert (asked.status, asked.run_known) == (Status.IN_PROGRESS, True)


@pytest.mark.parametrize("times", [1, 2, 4])
@pytest.mark.parametrize("ended", [False, True])
@pytest.mark.parametrize(("provider", "key", "source"), [("github", WEB, "acme"), ("jenkins", JOB, "ci")])
def test_what_comes_back_is_what_its_provider_says_next_however_often_it_went(
    database: Database, provider: str, key: str, source: str, ended: bool, times: int
) -> None:
    for _ in range(times):
        leave(database, key, UNWATCHED, source)
        ingest.let_go(database, QUIET)
        ingest.record(database, Batch(watching=Watching((key,))), Context(source), NOON)
    status = Status.SUCCESS if ended else Status.IN_PROGRESS
    github = run_word(status=status)
    jenkins = jenkins_word(jenkins_key(9), status=status, duration_seconds=60.0 if ended else None)
    told = github if provider == "github" else jenkins
    ingest.record(database, Batch(words=(told,)), Context(source), QUIET)
    assert stands(database, provider)[1:] == (status.value, told.conclusion)


def test_nothing_is_stuck_that_was_out_of_sight_and_not_asked_for_since(database: Database) -> None:
    def running() -> int:
        with database.reading():
            return sum(len(told) for told in clockwork.unfinished(later(hours=8), later(hours=9)).values())

    assert running() == 2
    leave(database, WEB, UNWATCHED)
    ingest.let_go(database, QUIET)
    ingest.record(database, Batch(watching=Watching((WEB,))), Context("acme"), QUIET)
    assert running() == 1
    ingest.record(database, Batch(words=(run_word(status=Status.IN_PROGRESS),)), Context("acme"), QUIET)
    assert running() == 2


def test_what_was_gone_from_its_provider_stays_so_when_its_pipeline_comes_back(database: Database) -> None:
    lost = GivenUp(github_key(), GONE)
    ingest.record(database, Batch(given_up=(lost,)), Context("acme"), NOON)
    leave(database, WEB, UNWATCHED)
    ingest.let_go(database, QUIET)
    ingest.record(database, Batch(watching=Watching((WEB,))), Context("acme"), QUIET)
    assert stands(database, "github") == ("active", "skipped", "gone")


def test_a_build_whose_jobs_alone_were_told_comes_back_as_one(database: Database) -> None:
    key = github_key(5)
    ingest.record(database, Batch(words=(job_word(key=key, status=Status.IN_PROGRESS),)), Context("acme"), NOON)
    leave(database, WEB, UNWATCHED)
    ingest.let_go(database, QUIET)
    ingest.record(database, Batch(watching=Watching((WEB,))), Context("acme"), QUIET)
    with database.reading():
        found = known.known([key])[key.folded]
        assert (found.status, found.run_known) == (Status.IN_PROGRESS, False)
        assert sql("SELECT status FROM jobs").fetchall() == [("in_progress",)]


def test_a_pipeline_that_is_still_pushed_to_is_not_off(database: Database) -> None:
    leave(database, WEB, UNWATCHED)
    ingest.let_go(database, QUIET)
    ingest.record(database, Batch(words=(run_word(github_key(2), told_by="push"),)), Context(None), QUIET)
    assert stands(database, "github")[0] == "active"


def test_what_another_source_watches_is_not_left(database: Database) -> None:
    ingest.record(database, Batch(watching=Watching((WEB,))), Context("other"), SOON)
    leave(database, WEB, UNWATCHED)
    assert ingest.let_go(database, QUIET) == ()
    assert stands(database, "github") == ("active", "in_progress", None)


def test_what_comes_back_in_time_never_went(database: Database) -> None:
    leave(database, WEB, UNWATCHED)
    ingest.record(database, Batch(watching=Watching((WEB,))), Context("acme"), SOON)
    assert ingest.let_go(database, QUIET) == ()
    assert stands(database, "github") == ("active", "in_progress", None)


def test_what_a_source_watched_that_is_configured_no_more_is_left_and_its_queue_is_empty(database: Database) -> None:
    item = WaitingItem("1", "jenkins", "ci.acme.com", "platform", "web", NOON)
    for source in ("acme", "ci"):
        ingest.record(database, Batch(waiting=(item,)), Context(source), NOON)
    with database.writing():
        watching.leave_all_but(["acme"], NOON)
    with database.reading():
        assert waiting.counts() == {"acme": 1}
    assert ingest.let_go(database, QUIET) == [JOB]
    assert stands(database, "jenkins") == (UNWATCHED, "skipped", "unwatched")
    assert stands(database, "github") == ("active", "in_progress", None)
    with database.writing():
        watching.leave_all_but([], QUIET)
    assert ingest.let_go(database, QUIET + timedelta(minutes=6)) == [WEB]


def test_what_is_watched_belongs_to_a_source(database: Database) -> None:
    with pytest.raises(ValueError, match="belong to a source"):
        ingest.record(database, Batch(watching=Watching((WEB,))), Context(None), NOON)


def test_one_workflow_goes_quiet_and_the_others_of_its_repo_stay(database: Database) -> None:
    other = WorkflowWord("github", "github.com", "acme/web", "8", "Lint", state="active", updated_at=NOON)
    keys = (workflow_key(WEB, "7"), workflow_key(WEB, "8"))
    ingest.record(database, Batch(words=(other,), watching=Watching(keys)), Context("acme"), NOON)
    leave(database, keys[0], UNWATCHED)
    assert ingest.let_go(database, QUIET) == [keys[0]]
    assert stands(database, "github") == (UNWATCHED, "skipped", "unwatched")
    with database.reading():
        assert sql("SELECT state FROM pipelines WHERE external_id = '8'").fetchone() == ("active",)
        assert watched.since([WEB]) == NOON
    ingest.record(database, Batch(watching=Watching((keys[0],))), Context("acme"), QUIET)
    assert stands(database, "github")[0] == "active"


@pytest.mark.parametrize("workflow", [None, "7"])
def test_a_repo_that_is_watched_under_its_new_name_is_not_left_under_the_old_one(
    database: Database, workflow: str | None
) -> None:
    """The list of runs tells the new name before anything newer than the repo's own last word does."""
    names = (WEB, "github|github.com|acme/shop")
    old, new = (key if workflow is None else workflow_key(key, workflow) for key in names)
    repo = RepoWord("github", "github.com", "acme/web", "100", seen_at=later(minutes=1))
    ingest.record(database, Batch(words=(repo,), watching=Watching((old,))), Context("acme"), NOON)
    again = run_word(github_key(repo="acme/shop"), status=Status.IN_PROGRESS)
    watching_now = Watching((new,), {old: UNWATCHED})
    ingest.record(database, Batch(words=(again,), watching=watching_now), Context("acme"), NOON)
    with database.reading():
        assert sql("SELECT name FROM repos WHERE external_id = '100'").fetchone() == ("acme/web",)
    ingest.let_go(database, QUIET)
    assert stands(database, "github") == ("active", "in_progress", None)
