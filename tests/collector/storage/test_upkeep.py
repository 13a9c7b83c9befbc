"""The feed, cursors, leases, sources' states, what readers remember, and what is forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest

from collector.domain.filters import Filters
from collector.domain.model import Status
from collector.providers.base import PLAN_MARK, Budget, DetailRead, EtagEntry, Memory, Progress
from collector.storage import builds, changes, cursors, etags, leases, marks, retention, sources
from collector.storage.changes import Change
from collector.storage.database import Database
from collector.storage.memory import SourceMemory
from collector.storage.sources import Known
from collector.storage.tables import sql
from tests.builders import (
    NOON,
    github_key,
    jenkins_key,
    jenkins_word,
    job_word,
    later,
    log_snippet,
    plain_word,
    run_word,
)
from tests.collector.conftest import Record

TTL = timedelta(seconds=30)


def test_the_feed_is_dense_and_never_uses_a_number_again(database: Database) -> None:
    with database.writing():
        assert (changes.head(), changes.floor(), changes.append([7, 8], NOON)) == (0, 1, 2)
        cursors.advance("alerting", 2)
        assert changes.prune(later(days=2)) == 2
        assert (changes.head(), changes.floor()) == (2, 3)
        assert changes.append([9], NOON) == 3
        assert changes.after(0, 10) == [Change(3, "build", 9)]


def test_changes_stay_for_a_day_and_until_every_cursor_has_passed(database: Database) -> None:
    with database.writing():
        changes.append([1, 2, 3], NOON)
        changes.append([4], later(hours=30))
        cursors.advance("alerting", 4)
        cursors.advance("alerts", 2)
        cursors.advance("live", 9)
        assert changes.prune(later(hours=23)) == 0
        assert changes.prune(later(hours=31)) == 2
        cursors.advance("alerts", 1)
        assert cursors.get("alerts") == 2
        cursors.drop("alerts")
        assert cursors.get("alerts") is None
        assert changes.prune(later(hours=31), batch=10) == 1
        assert changes.floor() == 4


def test_a_lease_has_one_owner_until_it_runs_out(database: Database) -> None:
    with database.writing():
        assert leases.take("collector", "a", NOON, TTL)
        assert not leases.take("collector", "b", later(29), TTL)
        assert leases.renew("collector", "a", later(20), TTL)
        assert not leases.take("collector", "b", later(49), TTL)
        assert leases.take("collector", "b", later(50), TTL)
        assert not leases.renew("collector", "a", later(51), TTL)
        holder = leases.holder("collector")
    assert holder is not None
    assert (holder.owner, holder.beat_at, holder.held(later(79)), holder.held(later(80))) == (
        "b",
        later(50),
        True,
        False,
    )


def test_a_lease_given_up_is_free_at_once_and_tells_its_last_heartbeat(database: Database) -> None:
    with database.writing():
        assert leases.holder("collector") is None
        leases.take("collector", "a", NOON, TTL)
        leases.release("collector", "b", later(5))
        assert not leases.take("collector", "b", later(5), TTL)
        leases.release("collector", "a", later(6))
        holder = leases.holder("collector")
        assert holder is not None
        assert (holder.beat_at, holder.held(later(6))) == (NOON, False)
        assert leases.take("collector", "b", later(6), TTL)


def state(database: Database, now_seconds: float) -> str:
    with database.reading():
        (shown,) = sources.listing(later(now_seconds), [Known("acme", "github", "github.com", timedelta(minutes=1))])
    return str(shown["state"])


def test_a_source_goes_from_new_to_ok_to_stale_to_failing_to_waiting(database: Database) -> None:
    assert state(database, 0) == "new"
    with database.writing():
        sources.save_state("acme", last_poll_at=NOON, last_success_at=NOON)
    assert (state(database, 179), state(database, 181)) == ("ok", "stale")
    with database.writing():
        sources.save_state("acme", last_error="no answer", last_error_at=later(200), last_poll_at=later(200))
    assert state(database, 201) == "failing"
    with database.writing():
        sources.save_state("acme", waiting_until=later(300))
    assert (state(database, 299), state(database, 300)) == ("waiting", "failing")


def test_what_is_shown_of_a_source_has_the_contracts_fields(database: Database) -> None:
    with database.writing():
        sources.save_state(
            "acme", last_poll_at=NOON, budget=Budget(5000, 4999, later(hours=1)),
            progress=Progress("acme/web", 1, 3, 40),
        )  # fmt: skip
        sources.save_state("acme", last_success_at=NOON)
    with database.reading():
        (shown,) = sources.listing(later(1), [Known("acme", "github", "github.com", timedelta(minutes=1))])

    assert shown == {
        "name": "acme", "provider": "github", "instance": "github.com", "state": "ok",
        "last_success_at": "2026-03-01T12:00:00Z", "last_poll_at": "2026-03-01T12:00:00Z", "last_error": None,
        "last_error_at": None, "advice": None, "waiting_until": None, "interval_seconds": 60.0,
        "budget": {"limit": 5000, "remaining": 4999, "reset_at": "2026-03-01T13:00:00Z"},
        "progress": {"target": "acme/web", "done": 1, "total": 3, "builds": 40},
        "stale": False, "circuit": {"state": "closed", "failures": 0, "opened_at": None},
        "next_poll_at": None, "clock_offset_seconds": None, "requests_per_hour": None,
    }  # fmt: skip


def test_a_source_shows_what_its_reader_says_that_polling_costs(database: Database) -> None:
    with database.writing():
        marks.put("acme", PLAN_MARK, '{"now": 86, "worst": 266}')
    with database.reading():
        (shown,) = sources.listing(later(1), [Known("acme", "github", "github.com", timedelta(minutes=1))])
    assert shown["requests_per_hour"] == {"now": 86, "worst": 266}


def test_a_field_that_a_source_does_not_have_is_refused(database: Database) -> None:
    with database.writing(), pytest.raises(TypeError, match="mood"):
        sources.save_state("acme", mood="fine")


def test_a_reader_is_told_what_is_known_of_its_builds(database: Database, record: Record) -> None:
    record(
        run_word(status=Status.IN_PROGRESS), job_word(github_key(2), repo_external_id=None),
        jenkins_word(), jenkins_word(started_at=later(hours=3), status=Status.IN_PROGRESS, repo_external_id=None),
        details=[DetailRead(github_key(), later(9), log_read=True)], etags=[EtagEntry("k", "1")], marks={"m": "x"},
    )  # fmt: skip
    memory: Memory = SourceMemory(database, "acme")
    asked = [github_key(repo="ACME/Web"), github_key(2), github_key(77), jenkins_key()]
    known = memory.known(asked)

    first = known[github_key()]
    assert list(known) == [github_key(), github_key(2), jenkins_key()]
    assert (first.status, first.run_known, first.detail_at, first.log_read) == (
        Status.IN_PROGRESS,
        True,
        later(9),
        True,
    )
    assert first.updated_at == NOON
    assert not known[github_key(2)].run_known
    assert known[jenkins_key()].started_at == later(hours=3)
    assert (memory.etag("k"), memory.etag("l"), memory.mark("m"), memory.mark("n")) == ("1", None, "x", None)
    assert [one.key.external_id for one in memory.unfinished("github", "github.com", "acme/WEB")] == ["1", "2"]
    assert memory.unfinished("github", "github.com", "acme/none") == []
    assert len(memory.unfinished("jenkins", "ci.acme.com")) == 1


def test_logs_go_after_their_time_and_what_they_came_down_to_stays(database: Database, record: Record) -> None:
    for number in (1, 2, 3):
        record(run_word(github_key(number), status=Status.FAILURE, started_at=later(days=number)))
        record(logs=[log_snippet(github_key(number), job_name="unit", step_name="pytest")])
    with database.writing():
        assert retention.prune_logs(later(days=33), batch=1) == (1, 1)
        assert retention.prune_logs(later(days=33), batch=1) == (1, 0)
        assert retention.prune_logs(later(days=33), batch=1) == (0, 0)
        newest, *others = builds.latest(Filters())
    assert newest["logs"] is not None
    assert [(one["logs"], one["error"], one["failing_step"]) for one in others] == [
        (None, "E  assert 1 == 2", "unit › pytest")
    ] * 2
    assert record(run_word(github_key(1), status=Status.FAILURE, started_at=later(days=1))).changed == ()


def test_jobs_go_after_their_time_and_the_build_stays_as_it_was(database: Database, record: Record) -> None:
    record(run_word(status=Status.FAILURE), job_word(status=Status.FAILURE), job_word(github_key(2)))
    with database.reading():
        before = builds.by_ids([1])
    with database.writing():
        assert retention.prune_jobs(later(days=179)) == (0, 0)
        assert retention.prune_jobs(later(days=181)) == (1, 0)
        assert sql("SELECT build_id FROM jobs").fetchall() == [(2,)]
    late = record(run_word(status=Status.FAILURE, actor="jon", updated_at=later(days=181)))
    with database.reading():
        after = builds.by_ids([1])

    assert late.changed == (1,)
    assert after == [{**before[0], "actor": "jon"}]


def test_etags_that_nobody_uses_are_forgotten(database: Database) -> None:
    with database.writing():
        etags.put("acme", "old", "1", NOON)
        etags.put("acme", "used", "1", NOON)
        etags.put("acme", "used", "2", later(days=20))
        assert retention.prune_etags(later(days=31)) == (1, 0)
        assert (etags.get("acme", "old"), etags.get("acme", "used")) == (None, "2")


def test_the_feed_is_pruned_in_batches(database: Database, record: Record) -> None:
    record(plain_word(), run_word(), jenkins_word())
    with database.writing():
        cursors.advance("alerting", 3)
        assert retention.prune_changes(later(days=9), batch=2) == (2, 2)
        assert retention.prune_changes(later(days=9), batch=2) == (1, 0)
