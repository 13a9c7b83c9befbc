"""The one write path, through a real database: order and repetition do not matter, and a change is a difference."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector import ingest
from collector.domain.filters import Filters
from collector.domain.model import BuildKey, PipelineRef, PlainJob, RepoWord, Status, Word, WorkflowWord
from collector.ingest import Context
from collector.providers.base import Batch, DetailRead, EtagEntry
from collector.storage import builds, changes, etags, marks
from collector.storage.database import Database
from collector.storage.tables import sql
from tests.builders import (
    github_key,
    jenkins_key,
    jenkins_word,
    job_word,
    later,
    log_snippet,
    plain_word,
    run_word,
)
from tests.collector.conftest import NOW, Record
from tests.collector.domain.strategies import GITHUB, JENKINS, words
from tests.collector.storage.dump import dump

RERUN = github_key(1, attempt=2)
PLAIN_OF_RUN = github_key(2)
CI = PipelineRef(name="CI")
SECOND = PipelineRef("8", "CI", ".github/workflows/other.yml")
HISTORIES: dict[str, list[Word]] = {
    "a run, its jobs and its re-run": [
        run_word(status=Status.QUEUED, updated_at=later(1)),
        run_word(status=Status.IN_PROGRESS, updated_at=later(2)),
        run_word(status=Status.FAILURE, updated_at=later(60)),
        job_word(status=Status.QUEUED, runner=None, completed_at=None),
        job_word(status=Status.FAILURE),
        run_word(RERUN, started_at=later(600), updated_at=later(700), status=Status.SUCCESS),
        job_word(RERUN, "12", created_at=later(600), started_at=later(604), completed_at=later(690)),
    ],
    "plain bodies and the provider's own words": [
        plain_word(PLAIN_OF_RUN, status=Status.IN_PROGRESS, completed_at=None),
        plain_word(PLAIN_OF_RUN, status=Status.FAILURE, logs="step one\nerror: broken\n"),
        plain_word(PLAIN_OF_RUN, status=Status.FAILURE, completed_at=later(40), logs="another end\n"),
        run_word(PLAIN_OF_RUN, status=Status.FAILURE, updated_at=later(45)),
        job_word(PLAIN_OF_RUN, "21", status=Status.FAILURE),
        plain_word(),
    ],
    "a Jenkins number used again": [
        jenkins_word(status=Status.QUEUED, started_at=None, created_at=later(-5)),
        jenkins_word(status=Status.IN_PROGRESS),
        jenkins_word(),
        job_word(jenkins_key(), "stage-1"),
        job_word(jenkins_key(), "stage-2", build_started_at=None),
        jenkins_word(started_at=later(hours=2), status=Status.FAILURE),
        plain_word(jenkins_key(), started_at=later(hours=2, seconds=3), status=Status.FAILURE, logs="late log"),
        jenkins_word(started_at=later(hours=1)),
    ],
    "a repo, a workflow and their new names": [
        plain_word(github_key(5)),
        run_word(github_key(5), updated_at=later(70)),
        run_word(github_key(6, repo="acme/site"), updated_at=later(9000), started_at=later(8900)),
        plain_word(github_key(7, repo="acme/site")),
        plain_word(github_key(8), pipeline=PipelineRef(name="release")),
        RepoWord("github", "github.com", "acme/site", "100", "trunk", later(9000)),
        RepoWord("github", "github.com", "acme/web", "100", "main", later(10)),
        WorkflowWord("github", "github.com", "acme/web", "7", "Build", ".github/workflows/ci.yml", "active",
                     updated_at=later(5), repo_external_id="100"),
        WorkflowWord("github", "github.com", "acme/site", "7", "Build and test", ".github/workflows/ci.yml", "active",
                     updated_at=later(500), repo_external_id="100"),
    ],
    "jobs that know their workflow's name alone": [
        job_word(github_key(2), "21", pipeline=CI, branch="main"),
        job_word(github_key(3), "31", pipeline=PipelineRef(name="Build"), repo_external_id=None),
        job_word(github_key(4), "41", pipeline=CI, repo_external_id=None),
        run_word(updated_at=later(60)),
        run_word(github_key(5), pipeline=PipelineRef("7", "Build", ".github/workflows/ci.yml"), updated_at=later(900)),
        plain_word(github_key(6), pipeline=CI),
    ],
    "jobs that know a name which several workflows bear": [
        job_word(github_key(2), "21", pipeline=CI),
        plain_word(github_key(3), pipeline=CI),
        job_word(github_key(3), "31", pipeline=CI),
        run_word(),
        run_word(github_key(4), pipeline=SECOND),
        WorkflowWord("github", "github.com", "acme/web", "9", "7", updated_at=later(5), repo_external_id="100"),
        job_word(github_key(5), "51", pipeline=PipelineRef(name="7")),
    ],
    "a name that one repo gave up and another took": [
        run_word(github_key(1), updated_at=later(61)),
        run_word(github_key(2, repo="acme/site"), updated_at=later(65)),
        run_word(github_key(3), updated_at=later(69), repo_external_id="200"),
        plain_word(github_key("x")),
        plain_word(github_key("y", repo="acme/site")),
        plain_word(github_key("z", repo="Acme/Web"), pipeline=PipelineRef(name="release")),
    ],
}  # fmt: skip


class Shelf:
    """A database that is emptied between histories: to make one costs more than to fill it."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def stored(self, batches: Sequence[Sequence[Word]]) -> dict[str, list[str]]:
        """What these batches leave in an empty database."""
        with self.database.writing():
            for table in ("builds", "pipelines", "repo_names", "repos", "changes"):
                sql(f"DELETE FROM {table}")
        for batch in batches:
            ingest.record(self.database, Batch(words=batch), Context("acme"), NOW)
        return dump(self.database)


@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
def test_any_order_repetition_and_batching_of_words_ends_in_the_same_rows(
    history: list[Word], database: Database
) -> None:
    shelf = Shelf(database)
    in_order = shelf.stored([[word] for word in history])
    assert in_order["builds"]

    @given(data=st.data())
    @settings(max_examples=20, deadline=None)
    def check(data: st.DataObject) -> None:
        repeated = data.draw(st.lists(st.sampled_from(history), max_size=3))
        shuffled = data.draw(st.permutations([*history, *repeated]))
        cuts = sorted(data.draw(st.sets(st.integers(1, len(shuffled) - 1), max_size=4)))
        batches = [shuffled[a:b] for a, b in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]
        assert shelf.stored(batches) == in_order

    check()


@pytest.mark.parametrize("key", [GITHUB, JENKINS], ids=["github", "jenkins"])
def test_any_words_about_one_build_end_in_the_same_rows_in_any_order(key: BuildKey, database: Database) -> None:
    shelf = Shelf(database)

    @given(told=st.lists(words(key), min_size=2, max_size=6), data=st.data())
    @settings(max_examples=25, deadline=None)
    def check(told: list[Word], data: st.DataObject) -> None:
        shuffled = data.draw(st.permutations(told))
        in_order = shelf.stored([[word] for word in told])
        assert shelf.stored([[word] for word in shuffled]) == in_order
        assert shelf.stored([told]) == in_order

    check()


def test_a_failed_job_of_a_plain_body_that_a_greater_one_replaced_is_not_shown(database: Database) -> None:
    replaced = plain_word(GITHUB, status=Status.QUEUED, completed_at=None, jobs=(PlainJob("unit", Status.FAILURE),))
    told: list[Word] = [run_word(GITHUB, status=Status.FAILURE), replaced, plain_word(GITHUB)]
    shelf = Shelf(database)
    rows = [shelf.stored([[word] for word in order]) for order in permutations(told)]
    assert all(one == rows[0] for one in rows)


def test_a_word_that_tells_nothing_new_makes_no_change(record: Record) -> None:
    first = record(run_word(), job_word())
    again = record(run_word(), job_word())

    assert (len(first.changed), first.created, first.seq) == (1, first.changed, 1)
    assert (again.builds, again.changed, again.created, again.seq) == (1, (), (), 1)


def test_an_older_word_that_comes_late_changes_nothing(record: Record) -> None:
    record(run_word())

    assert record(run_word(status=Status.IN_PROGRESS, updated_at=later(5))).changed == ()


def test_a_new_job_is_a_change_of_its_build(database: Database, record: Record) -> None:
    record(run_word(), job_word())
    told = record(job_word(job_id="12", name="lint"))

    with database.reading():
        assert [change.build_id for change in changes.after(1, 10)] == list(told.changed)
        detail = builds.detail(told.changed[0])
    assert detail is not None
    assert [job["name"] for job in detail["jobs"]] == ["unit", "lint"]


def test_a_log_is_a_change_once_and_shows_in_the_build(database: Database, record: Record) -> None:
    record(run_word(status=Status.FAILURE), job_word(status=Status.FAILURE))
    told = record(logs=[log_snippet(job_name="unit", step_name="pytest")])
    again = record(logs=[log_snippet(job_name="unit", step_name="pytest")])

    with database.reading():
        build = builds.latest(Filters())[0]
        detail = builds.detail(build["id"])
    assert (told.changed, again.changed) == ((build["id"],), ())
    assert (build["error"], build["failing_step"]) == ("E  assert 1 == 2", "unit")
    assert build["logs"] == "E  assert 1 == 2\n"
    assert detail is not None
    assert detail["logs"] == "collected 3 items\nE  assert 1 == 2\n"


def test_a_log_of_an_unknown_build_is_not_kept(database: Database, record: Record) -> None:
    assert record(logs=[log_snippet()]).changed == ()

    with database.reading():
        assert sql("SELECT count(*) FROM logs").fetchone() == (0,)


def test_a_log_goes_to_the_build_that_started_when_it_says(database: Database, record: Record) -> None:
    record(jenkins_word(status=Status.FAILURE), jenkins_word(status=Status.FAILURE, started_at=later(hours=2)))
    record(logs=[log_snippet(jenkins_key(), "of the first", error_line=None, build_started_at=later(2))])

    with database.reading():
        newest, oldest = builds.latest(Filters())
    assert (oldest["logs"], newest["logs"]) == ("of the first", None)


def test_that_jobs_were_read_is_remembered_and_is_no_change(database: Database, record: Record) -> None:
    record(run_word())
    told = record(details=[DetailRead(github_key(), later(60), log_read=True)])
    record(details=[DetailRead(github_key(), later(30))])

    assert told.changed == ()
    with database.reading():
        assert sql("SELECT detail_at, log_read FROM builds").fetchone() == ("2026-03-01T12:01:00.000000Z", 1)


def test_etags_and_marks_are_stored_with_the_words_they_came_with(database: Database, record: Record) -> None:
    record(run_word(), etags=[EtagEntry("k", 'W/"1"')], marks={"backfilled:acme/web": "2026"})

    with database.reading():
        assert etags.get("acme", "k") == 'W/"1"'
        assert marks.get("acme", "backfilled:acme/web") == "2026"
        assert etags.get("other", "k") is None


def test_etags_without_a_source_are_refused_and_nothing_is_stored(database: Database, record: Record) -> None:
    with pytest.raises(ValueError, match="belong to a source"):
        record(run_word(), source=None, etags=[EtagEntry("k", "1")])

    with database.reading():
        assert builds.latest(Filters()) == []


def test_a_batch_that_breaks_in_the_middle_leaves_nothing(database: Database, record: Record) -> None:
    unstorable = run_word(github_key(2, attempt=2**70))

    with pytest.raises(Exception, match=r"."):
        record(run_word(), unstorable, etags=[EtagEntry("k", "1")])

    with database.reading():
        assert builds.latest(Filters()) == []
        assert changes.head() == 0
        assert etags.get("acme", "k") is None


def test_text_that_no_database_keeps_is_stored_without_it(database: Database, record: Record) -> None:
    word = run_word(github_key("1\0\ud800"), branch="fe\0at\ud800", message="\udfff", actor="\0")
    assert record(word, job_word(github_key("1\0\ud800"), name="un\0it\ud83d")).created
    assert record(word).changed == ()

    with database.reading():
        build = builds.latest(Filters())[0]
    assert (build["branch"], build["message"], build["external_id"]) == ("feat?", "?", "1?")


def test_a_renamed_workflow_renames_its_builds_and_the_feed_says_so(database: Database, record: Record) -> None:
    record(run_word(), run_word(github_key(2), started_at=later(100)))
    told = record(WorkflowWord("github", "github.com", "acme/web", "7", "Build", repo_external_id="100"))

    with database.reading():
        names = {build["pipeline"] for build in builds.latest(Filters())}
    assert (names, len(told.changed), told.seq) == ({"Build"}, 2, 4)


def shown_pipelines() -> dict[str, set[str]]:
    """What ``GET /pipelines`` and ``/builds`` call each pipeline: identity to the run ids of its builds."""
    rows = sql(
        "SELECT p.external_id, p.name, b.external_id FROM pipelines p LEFT JOIN builds b ON b.pipeline_id = p.id"
    )
    found: dict[str, set[str]] = {}
    for external_id, name, run in rows:
        found.setdefault(f"{external_id} {name}", set()).update([run] if run else [])
    return found


@pytest.mark.parametrize("run_first", [True, False])
def test_a_job_that_comes_before_its_run_makes_no_pipeline_beside_the_workflows(
    database: Database, record: Record, run_first: bool
) -> None:
    known, job = run_word(), job_word(github_key(2), "21", pipeline=CI)
    record(known if run_first else job)
    told = record(job if run_first else known)

    with database.reading():
        assert shown_pipelines() == {"7 CI": {"1", "2"}}
        ids = dict(sql("SELECT external_id, id FROM builds").fetchall())
        in_feed = {row[0] for row in sql("SELECT build_id FROM changes WHERE seq > 1")}
    assert set(told.changed) == in_feed == ({ids["2"]} if run_first else {ids["1"], ids["2"]})


def test_a_job_stays_by_name_while_several_workflows_bear_the_name(database: Database, record: Record) -> None:
    record(run_word(), job_word(github_key(2), "21", pipeline=CI))
    record(run_word(github_key(3), pipeline=SECOND))
    with database.reading():
        assert shown_pipelines() == {"7 CI": {"1"}, "8 CI": {"3"}, "None CI": {"2"}}

    record(WorkflowWord("github", "github.com", "acme/web", "8", "Other", repo_external_id="100"))
    with database.reading():
        assert shown_pipelines() == {"7 CI": {"1", "2"}, "8 Other": {"3"}}


def test_a_job_follows_neither_a_new_name_of_its_workflow_nor_a_plain_bodys(database: Database, record: Record) -> None:
    record(run_word(), job_word(github_key(2), "21", pipeline=CI), plain_word(github_key(3), pipeline=CI))
    record(WorkflowWord("github", "github.com", "acme/web", "7", "Build", repo_external_id="100"))
    with database.reading():
        rows = sql(
            "SELECT p.external_id, p.name, b.external_id, b.pipeline FROM pipelines p"
            " JOIN builds b ON b.pipeline_id = p.id ORDER BY b.id"
        ).fetchall()
    assert rows == [("7", "Build", "1", "Build"), (None, "CI", "2", "CI"), (None, "CI", "3", "CI")]


def test_a_run_named_like_its_file_is_called_by_the_file(database: Database, record: Record) -> None:
    path = ".github/workflows/broken.yml"
    record(run_word(pipeline=PipelineRef("9", path, path)))

    with database.reading():
        assert builds.latest(Filters())[0]["pipeline"] == "broken.yml"


def test_a_repo_seen_under_a_new_name_renames_its_rows(database: Database, record: Record) -> None:
    record(run_word(), plain_word(github_key(9)))
    record(run_word(github_key(2, repo="acme/site"), started_at=later(days=1)))
    late = record(run_word(github_key(3), started_at=later(hours=1)))

    with database.reading():
        assert {build["repo"] for build in builds.latest(Filters())} == {"acme/site"}
        assert sql("SELECT count(*) FROM repos").fetchone() == (1,)
    assert len(late.changed) == 1


def test_a_plain_build_and_the_providers_word_about_it_become_one(database: Database, record: Record) -> None:
    record(plain_word(github_key(4), message="from the script"))
    told = record(run_word(github_key(4), message=None))

    with database.reading():
        shown = builds.latest(Filters())
        assert [row[0] for row in sql("SELECT name FROM pipelines")] == ["CI"]
    assert [(build["pipeline"], build["message"]) for build in shown] == [("CI", "from the script")]
    assert len(told.changed) == 1


def test_the_source_shown_does_not_depend_on_who_came_last(database: Database, record: Record) -> None:
    record(run_word(), source=None)
    for source in ("beta", "acme", "beta"):
        record(run_word(), source=source)

    with database.reading():
        assert builds.latest(Filters())[0]["source"] == "acme"


def test_the_default_branch_is_told_else_configured_else_main_else_master(database: Database, record: Record) -> None:
    def default() -> str:
        with database.reading():
            return str(sql("SELECT default_branch FROM repos").fetchone()[0])

    record(run_word(branch="feature"))
    assert default() == "master"
    record(run_word(github_key(2), branch="main"))
    assert default() == "main"
    record(run_word(github_key(3)), branch="develop")
    assert default() == "develop"
    record(run_word(github_key(4), default_branch="trunk"))
    record(RepoWord("github", "github.com", "acme/web", "100", "stale", NOW - timedelta(days=9)))
    assert default() == "trunk"
