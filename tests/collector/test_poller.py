"""Polls of one source: a scripted reader, a real database, a clock that the test moves."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from collector.domain.errors import NotAllowed, NotFound, SourceError, Unreachable, Waiting
from collector.domain.model import BuildKey, PipelineRef, RunWord, Status
from collector.poller import Poller, SourceJob
from collector.providers.base import Batch, Budget, KnownBuild, Memory, Progress, Trouble
from collector.recording import Recorder
from collector.storage import sources
from collector.storage.database import Database, connect

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


class Forgetful:
    """A memory of nothing: these readers ask for nothing."""

    def etag(self, key: str) -> str | None:
        return None

    def mark(self, name: str) -> str | None:
        return None

    def marks_starting(self, prefix: str) -> Mapping[str, str]:
        return {}

    def known(self, keys: Sequence[BuildKey]) -> Mapping[BuildKey, KnownBuild]:
        return {}

    def unfinished(self, provider: str, instance: str, repo: str | None = None) -> Sequence[KnownBuild]:
        return ()

    def watching(self) -> frozenset[str]:
        return frozenset()


class Scripted:
    """Reads what it was told to, one script a poll, the last one again and again; raises the errors in it."""

    instance = "github.com"

    def __init__(self, *scripts: Sequence[Batch | Exception]) -> None:
        self.scripts = list(scripts)
        self.polls = 0
        self.closed = 0
        self.told_budget: Budget | None = None
        self.told_offset: float | None = None
        self.between: Callable[[], None] = lambda: None

    def poll(self, memory: Memory, now: datetime) -> Iterator[Batch]:
        script = self.scripts[min(self.polls, len(self.scripts) - 1)]
        self.polls += 1
        try:
            for step in script:
                if isinstance(step, Exception):
                    raise step
                yield step
                self.between()
        finally:
            self.closed += 1

    def budget(self) -> Budget | None:
        return self.told_budget

    def clock_offset_seconds(self) -> float | None:
        return self.told_offset

    def close(self) -> None:
        self.closed += 1


def run(number: int, status: Status = Status.SUCCESS, updated_at: datetime = START) -> RunWord:
    return RunWord(
        key=BuildKey("github", "github.com", "acme/web", str(number)),
        pipeline=PipelineRef("7", "ci", ".github/workflows/ci.yml"),
        status=status,
        started_at=START,
        updated_at=updated_at,
        branch="main",
    )


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = connect(f"sqlite:///{tmp_path}/poller.db")
    database.migrate()
    yield database
    database.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


Make = Callable[..., Poller]


@pytest.fixture
def make(database: Database, clock: Clock) -> Make:
    def poller(reader: Scripted, **options: Any) -> Poller:
        job = SourceJob("acme", "github", timedelta(seconds=60), reader)
        recorder = options.pop("recorder", None) or Recorder(database)
        return Poller(job, recorder, Forgetful(), clock=clock, chance=random.Random(1), **options)

    return poller


def state(database: Database) -> Any:
    with database.reading():
        return sources.state_of("acme")


def shown(database: Database, clock: Clock) -> str:
    with database.reading():
        return str(sources.listing(clock.now, {"acme": timedelta(seconds=60)})[0]["state"])


def circuit(database: Database, clock: Clock) -> Any:
    with database.reading():
        return sources.listing(clock.now, {"acme": timedelta(seconds=60)})[0]["circuit"]


def test_what_a_reader_tells_is_stored_and_counted(make: Make, database: Database, clock: Clock) -> None:
    reader = Scripted([Batch([run(1), run(2)]), Batch([run(3)])])
    reader.told_budget = Budget(5000, 4990, START + timedelta(hours=1))
    outcome = make(reader).poll()
    assert (outcome.builds, outcome.created, outcome.changed, outcome.error) == (3, 3, 0, None)
    assert 57 <= outcome.wait_seconds <= 60
    kept = state(database)
    assert kept.last_success_at == START
    assert (kept.last_error, kept.provider, kept.instance) == (None, "github", "github.com")
    assert (kept.budget_limit, kept.budget_remaining) == (5000, 4990)
    assert shown(database, clock) == "ok"


def test_a_build_that_changed_is_told_apart_from_a_new_one(make: Make) -> None:
    later = START + timedelta(minutes=1)
    reader = Scripted([Batch([run(1, Status.IN_PROGRESS)])], [Batch([run(1, Status.SUCCESS, later), run(2)])])
    poller = make(reader)
    poller.poll()
    outcome = poller.poll()
    assert (outcome.created, outcome.changed) == (1, 1)


@pytest.mark.parametrize(
    ("error", "ceilings"),
    [
        (Unreachable("no answer"), [60, 120, 240, 300, 300, 300]),
        (NotAllowed("401"), [60, 120, 240, 480, 900, 900]),
    ],
)
def test_each_failure_in_a_row_doubles_the_wait_up_to_five_minutes_or_fifteen_for_what_stays(
    make: Make, error: SourceError, ceilings: list[int]
) -> None:
    poller = make(Scripted([error]))
    waits = [poller.poll().wait_seconds for _ in ceilings]
    assert all(top * 0.75 <= wait <= top for wait, top in zip(waits, ceilings, strict=True))
    assert len(set(waits)) == len(waits), "sources that failed together do not come back together"


def test_a_circuit_opens_after_three_failures_in_a_row_and_closes_with_the_first_success(
    make: Make, database: Database, clock: Clock
) -> None:
    down = [Unreachable("no answer")]
    poller = make(Scripted(down, down, down, down, [Batch([run(1)])]))
    with capture_logs() as lines:
        for _ in range(2):
            poller.poll()
        assert circuit(database, clock) == {"state": "closed", "failures": 2, "opened_at": None}
        outcome = poller.poll()
        assert circuit(database, clock) == {"state": "open", "failures": 3, "opened_at": "2026-03-01T12:00:00Z"}
        assert state(database).next_poll_at == START + timedelta(seconds=outcome.wait_seconds)
        clock.now += timedelta(minutes=9)
        poller.poll()
        assert circuit(database, clock)["opened_at"] == "2026-03-01T12:00:00Z"
        poller.poll()
    assert circuit(database, clock) == {"state": "closed", "failures": 0, "opened_at": None}
    (opened,) = [line for line in lines if "opens" in line["event"]]
    assert {"source", "failures", "done", "in_seconds", "advice"} <= set(opened)
    (closed,) = [line for line in lines if "closes" in line["event"]]
    assert (closed["source"], closed["open_for_seconds"]) == ("acme", 540)


def test_a_source_that_fails_is_stale_once_its_last_success_is_three_intervals_old(
    make: Make, database: Database, clock: Clock
) -> None:
    poller = make(Scripted([Batch([run(1)])], [Unreachable("no answer")]))
    poller.poll()
    for minutes, stale in ((1, False), (4, True)):
        clock.now = START + timedelta(minutes=minutes)
        poller.poll()
        with database.reading():
            assert sources.listing(clock.now, {"acme": timedelta(seconds=60)})[0]["stale"] is stale


def test_a_wait_that_the_provider_asks_for_is_no_failure(make: Make, database: Database, clock: Clock) -> None:
    poller = make(Scripted([Waiting("limited", until=START + timedelta(minutes=5))]))
    for _ in range(4):
        poller.poll()
    assert circuit(database, clock)["state"] == "closed"


def test_a_clock_that_differs_is_kept_and_said_once(make: Make, database: Database) -> None:
    reader = Scripted([Batch([run(1)])])
    poller = make(reader)
    with capture_logs() as lines:
        for offset in (0.0, -3600.0, -3600.0, 0.0):
            reader.told_offset = offset
            poller.poll()
            assert state(database).clock_offset_seconds == offset
    said = [(line["log_level"], line.get("ahead_seconds")) for line in lines if "clock" in line["event"]]
    assert said == [("warning", -3600.0), ("info", None)]


def test_a_failure_keeps_what_was_read_before_it_and_says_what_can_be_done(
    make: Make, database: Database, clock: Clock
) -> None:
    outcome = make(Scripted([Batch([run(1)]), Unreachable("no answer", advice="look at the network")])).poll()
    assert outcome.created == 1
    assert outcome.error == "no answer"
    kept = state(database)
    assert (kept.last_error, kept.last_error_at, kept.last_advice) == ("no answer", START, "look at the network")
    assert kept.last_success_at is None
    assert shown(database, clock) == "failing"


def test_the_next_success_clears_the_error_and_the_back_off(make: Make, database: Database, clock: Clock) -> None:
    poller = make(Scripted([Unreachable("down")], [Unreachable("down")], [Batch([run(1)])], [Unreachable("down")]))
    poller.poll()
    poller.poll()
    assert poller.poll().wait_seconds <= 60
    kept = state(database)
    assert (kept.last_error, kept.last_error_at, kept.last_advice) == (None, None, None)
    assert shown(database, clock) == "ok"
    assert poller.poll().wait_seconds <= 60, "counted from the start again"


def test_a_provider_that_says_wait_is_left_alone_until_then(make: Make, database: Database, clock: Clock) -> None:
    until = START + timedelta(minutes=42)
    poller = make(Scripted([Waiting("rate limited", until=until)], [Batch([run(1)])]))
    outcome = poller.poll()
    assert 42 * 60 <= outcome.wait_seconds <= 42 * 60 + 5
    assert state(database).waiting_until == until
    assert shown(database, clock) == "waiting"
    clock.now = until
    assert poller.poll().error is None
    assert state(database).waiting_until is None


def test_a_wait_holds_across_a_restart(make: Make, clock: Clock) -> None:
    until = START + timedelta(minutes=42)
    make(Scripted([Waiting("rate limited", until=until)])).poll()
    clock.now += timedelta(minutes=2)
    reader = Scripted([Batch([run(1)])])
    restarted = make(reader)
    assert restarted.waits_seconds() >= 40 * 60
    refused = restarted.poll_unless_waiting()
    assert refused.error is not None
    assert "wait" in refused.error
    assert reader.polls == 0
    clock.now = until
    assert restarted.waits_seconds() == 0
    assert restarted.poll_unless_waiting().created == 1


def test_a_part_in_trouble_is_named_while_the_rest_is_stored(make: Make, database: Database) -> None:
    trouble = Trouble("acme/gone", NotFound("there is no such repo", advice="take it out of repos"))
    reader = Scripted([Batch([run(1)]), Batch(trouble=trouble), Batch([run(2)])], [Batch([run(2)])])
    poller = make(reader)
    outcome = poller.poll()
    assert outcome.created == 2
    assert outcome.wait_seconds <= 60, "a part does not slow down the rest"
    kept = state(database)
    assert kept.last_success_at == START
    assert kept.last_error == "a part could not be read: acme/gone: there is no such repo"
    assert kept.last_advice == "take it out of repos"
    poller.poll()
    assert state(database).last_error is None


def test_many_parts_in_trouble_are_counted_not_listed(make: Make, database: Database) -> None:
    batches = [Batch(trouble=Trouble(f"acme/{n}", SourceError("gone"))) for n in range(5)]
    make(Scripted(batches)).poll()
    assert state(database).last_error.endswith("acme/2: gone; and 2 more")


def test_an_error_of_ours_stays_with_its_source_and_is_backed_off(make: Make, database: Database) -> None:
    poller = make(Scripted([Batch([run(1)]), KeyError("slip")]))
    with capture_logs() as lines:
        first, second = poller.poll(), poller.poll()
    assert first.error is not None
    assert "KeyError" in first.error
    assert second.wait_seconds > first.wait_seconds
    assert "KeyError" in state(database).last_error
    assert [(line["source"], line["exc_info"]) for line in lines] == [("acme", True)] * 2


def test_a_source_that_stays_down_is_logged_once_and_so_is_its_return(make: Make) -> None:
    poller = make(Scripted([Unreachable("no answer")], [Unreachable("no answer")], [Batch([run(1)])], [Batch()]))
    with capture_logs() as lines:
        for _ in range(4):
            poller.poll()
    told = [(line["log_level"], line.get("error")) for line in lines if line.get("source") == "acme"]
    assert told == [("warning", "no answer"), ("info", None)]


@pytest.mark.parametrize("slip", [Unreachable("no answer"), KeyError("slip")])
@pytest.mark.parametrize("once", [False, True])
def test_only_what_is_polled_again_is_said_to_be(make: Make, slip: Exception, once: bool) -> None:
    with capture_logs() as lines:
        make(Scripted([slip]), once=once).poll()
    (line,) = (line for line in lines if line["log_level"] in ("warning", "error"))
    assert ("again" in line["done"], "in_seconds" in line) == (not once, not once)
    assert "again" not in line.get("advice", "")


def test_how_far_a_first_read_is_shows_while_it_lasts(make: Make, database: Database) -> None:
    seen: list[tuple[str, int, int]] = []
    progress = Progress("acme/web", 1, 3, 100)
    reader = Scripted([Batch([run(9)]), Batch([run(1), run(9)], progress=progress)])
    kept: list[str] = []
    reader.between = lambda: kept.append(state(database).progress)
    make(reader, on_progress=lambda source, told: seen.append((source, told.done, told.builds))).poll()
    assert seen == [("acme", 1, 2)], "builds are all that the poll has brought so far, whatever its reader counts"
    assert "acme/web" in kept[-1]
    assert state(database).progress is None


def test_the_first_poll_is_remembered(make: Make, database: Database, clock: Clock) -> None:
    poller = make(Scripted([Batch()]))
    poller.poll()
    clock.now += timedelta(minutes=1)
    poller.poll()
    kept = state(database)
    assert kept.first_poll_at == START
    assert kept.last_poll_at == START + timedelta(minutes=1)
    assert kept.polls == 2


def test_nothing_is_written_once_the_collector_stops(make: Make, database: Database) -> None:
    recorder = Recorder(database)
    told: list[bool] = []
    reader = Scripted([Batch([run(1)]), Batch([run(2)])])
    reader.between = lambda: told.append(recorder.stop(0.0))
    outcome = make(reader, recorder=recorder).poll()
    assert outcome.created == 1
    assert outcome.error is None
    assert reader.closed, "the reader's generator is ended, its connections given back"
    assert state(database).last_success_at is None
    assert told == [True]


def test_stopping_waits_for_the_transaction_at_hand(database: Database) -> None:
    recorder = Recorder(database)
    inside, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with recorder._turn():
            inside.set()
            let_go.wait(5)

    holder = threading.Thread(target=hold)
    holder.start()
    inside.wait(5)
    assert not recorder.stop(0.05)
    let_go.set()
    assert recorder.stop(5)
    holder.join()
