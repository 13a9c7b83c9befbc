"""The past of a controller: what polls did not read, once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from collector.demo.faults import Fault, server_errors
from collector.demo.plans import Stage
from collector.domain.errors import NotAllowed
from collector.domain.model import Status
from collector.providers.base import Batch
from collector.providers.jenkins import builds
from collector.providers.jenkins.builds import Read
from collector.providers.jenkins.past import JenkinsPast, Noted, make_past
from config.model import Config, JenkinsSource
from tests.collector.providers.jenkins.fakes import NOW, FakeMemory
from tests.collector.providers.jenkins.rig import FREESTYLE, START, TIMER, Rig, rig

WEEK, SIXTY = timedelta(days=7), timedelta(days=60)


@pytest.fixture
def jenkins() -> Iterator[Rig]:
    with rig(backfill=WEEK) as made:
        filled(made)
        yield made


def filled(made: Rig) -> None:
    """Two builds a day for 80 days of a freestyle job and a branch with stages; every ninth failed."""
    made.world.add_jenkins_job("nightly", cls=FREESTYLE)
    branch = made.world.add_branch("acme/web", "main").full_name
    for number in range(160):
        at = START - timedelta(hours=12 * (160 - number))
        result = "FAILURE" if number % 9 == 0 else "SUCCESS"
        stages = [Stage("6", "Build", at, at + timedelta(seconds=20))]
        made.world.add_jenkins_build("nightly", started_at=at, result=result, log="x\nERROR: no\n", **TIMER)
        made.world.add_jenkins_build(branch, started_at=at, result=result, stages=stages, log="x\nERROR: no\n")


def past_of(made: Rig) -> JenkinsPast:
    source = JenkinsSource.model_validate(made.keys)
    return make_past(source, Config(sources=(source,)), {}, clock=made.world.clock)


def batches_of(made: Rig, length: timedelta = SIXTY, past: JenkinsPast | None = None) -> Iterator[Batch]:
    reader = past or past_of(made)
    try:
        for batch in reader.backfill(made.memory, made.world.clock() - length, made.world.clock()):
            made.memory.take(batch)
            yield batch
    finally:
        reader.close()


def read(made: Rig, length: timedelta = SIXTY) -> list[str]:
    """Reads the past whole; the paths that were asked for."""
    made.asked()
    assert not [batch.trouble for batch in batches_of(made, length) if batch.trouble]
    return made.asked()


def kept(memory: FakeMemory) -> tuple[object, ...]:
    return memory.rows(), memory.logs, memory.details, {key: len(found) for key, found in memory.states.items()}


def polled_whole(made: Rig) -> FakeMemory:
    """What polls with a backfill of 60 days would have kept."""
    memory, made.memory = made.memory, FakeMemory()
    made.reader = made.another_reader(backfill=SIXTY)
    for _ in range(3):
        made.poll()
    made.memory, whole = memory, made.memory
    return whole


def test_what_polls_read_no_further_back_is_read_as_a_longer_poll_would_have(jenkins: Rig) -> None:
    jenkins.poll()
    assert len(jenkins.memory.rows()) == 28
    read(jenkins)
    assert len(jenkins.memory.rows()) == 240
    assert kept(jenkins.memory) == kept(polled_whole(jenkins))


def test_without_any_poll_all_is_read_too(jenkins: Rig) -> None:
    read(jenkins)
    assert kept(jenkins.memory) == kept(polled_whole(jenkins))


def test_lists_are_asked_for_once_and_details_of_what_has_none_yet(jenkins: Rig) -> None:
    jenkins.poll()
    polls = [path for path in jenkins.asked() if "wfapi" in path or "logText" in path]
    asked = read(jenkins)
    details = [path for path in asked if "wfapi" in path or "logText" in path]
    assert not set(details) & set(polls)
    assert len(details) == len(set(details))
    assert len([path for path in details if "wfapi" in path]) == 120 - 14
    assert len(asked) - len(details) == 1 + 2 + 2 * 2, "the job lists, who we are, two pages of each job"


def test_a_second_time_only_the_job_lists_are_asked_for_and_then_what_moved(jenkins: Rig) -> None:
    jenkins.poll()
    read(jenkins)
    assert read(jenkins) == ["/api/json"]
    assert read(jenkins, timedelta(days=30)) == ["/api/json"], "a shorter past is part of it"
    jenkins.world.advance(60)
    jenkins.world.add_jenkins_build("nightly", **TIMER)
    jenkins.poll()
    jenkins.asked()
    assert [path for path in read(jenkins) if "nightly" in path] == ["/job/nightly/api/json"]
    assert read(jenkins) == ["/api/json"]


def test_a_longer_past_reads_the_lists_again_and_no_detail_twice(jenkins: Rig) -> None:
    read(jenkins)
    longer = read(jenkins, timedelta(days=70))
    assert len(jenkins.memory.rows()) == 280
    assert len([path for path in longer if "wfapi" in path]) == 20


def test_killed_after_any_batch_it_goes_on_and_ends_the_same(jenkins: Rig) -> None:
    jenkins.poll()
    begun = dict(jenkins.memory.marks)
    states, details, logs = dict(jenkins.memory.states), dict(jenkins.memory.details), dict(jenkins.memory.logs)
    fewest, whole = len(read(jenkins)), kept(jenkins.memory)
    batches = 3
    for killed_after in range(1, 120, 13):
        jenkins.memory = FakeMemory()
        jenkins.memory.marks, jenkins.memory.states = dict(begun), dict(states)
        jenkins.memory.details, jenkins.memory.logs, jenkins.memory.watched = dict(details), dict(logs), {"x"}
        jenkins.asked()
        generator = batches_of(jenkins)
        for _ in range(killed_after):
            batches += next(generator, None) is not None
        generator.close()  # type: ignore[attr-defined]
        first = len(jenkins.asked())
        again = len(read(jenkins))
        assert kept(jenkins.memory) == whole
        in_flight = 3 * 2 + 5
        assert first + again <= 1.1 * fewest + in_flight, killed_after


def test_what_no_poll_has_told_yet_is_read_too_and_costs_the_next_poll_no_detail(jenkins: Rig) -> None:
    jenkins.poll()
    jenkins.world.advance(120)
    jenkins.world.add_jenkins_build("nightly", result="FAILURE", log="x\nERROR: no\n", **TIMER)
    jenkins.world.add_jenkins_job("young", cls=FREESTYLE)
    jenkins.world.add_jenkins_build("young", result="FAILURE", log="x\nERROR: no\n", **TIMER)
    read(jenkins)
    assert {"nightly#161", "young#1"} <= jenkins.memory.rows().keys()
    before = kept(jenkins.memory)
    asked = jenkins.asked_after_poll()
    assert not [path for path in asked if "logText" in path]
    assert kept(jenkins.memory) == before


def test_builds_that_are_too_many_for_one_reading_are_not_left_out_unsaid(
    jenkins: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builds, "MOST_PAGES", 1)
    monkeypatch.setattr(builds, "PAGE", 50)
    with capture_logs() as logged:
        read(jenkins)
    assert len(jenkins.memory.rows()) == 200
    assert any("more builds than are read at once" in line["event"] for line in logged)


def test_a_build_that_goes_on_is_told_and_its_end_is_left_to_polls(jenkins: Rig) -> None:
    jenkins.world.add_jenkins_build("acme/web/main", status="building", started_at=START - timedelta(minutes=5))
    asked = read(jenkins)
    assert jenkins.memory.rows()["acme/web/main#161"].status is Status.IN_PROGRESS
    assert not [path for path in asked if "/161/" in path]


def test_a_job_that_fails_is_told_and_tried_again_by_the_next_one(jenkins: Rig) -> None:
    jenkins.server.misbehave(server_errors("/job/nightly/api/json", times=100))
    past = past_of(jenkins)
    troubles = [batch.trouble.target for batch in batches_of(jenkins, past=past) if batch.trouble]
    assert (troubles, past.counts.done, past.counts.repos) == (["nightly"], 1, 2)
    jenkins.server.clear_faults()
    asked = read(jenkins)
    assert len(jenkins.memory.rows()) == 240
    assert not [path for path in asked if "acme" in path], "what was read is not read again"


def test_a_detail_that_fails_is_told_and_tried_again_by_the_next_one(jenkins: Rig) -> None:
    jenkins.server.misbehave(server_errors("*/main/150/wfapi/describe", times=100))
    assert [b.trouble.target for b in batches_of(jenkins) if b.trouble] == ["acme/web/main#150"]
    jenkins.server.clear_faults()
    assert [path for path in read(jenkins) if "wfapi" in path] == ["/job/acme/job/web/job/main/150/wfapi/describe"]


def test_discarded_builds_do_not_make_a_controller_stageless(jenkins: Rig) -> None:
    jenkins.server.misbehave(Fault("/pluginManager/api/json", status=403))
    jenkins.server.misbehave(Fault("*/main/160/wfapi/describe", status=404))
    asked = read(jenkins)
    assert len([path for path in asked if "wfapi" in path]) == 120


def test_a_controller_that_knows_no_stages_is_hardly_asked_for_them(jenkins: Rig) -> None:
    jenkins.server.misbehave(Fault("/pluginManager/api/json", status=403))
    jenkins.server.misbehave(Fault("*/wfapi/describe", status=404))
    asked = read(jenkins)
    assert len(jenkins.memory.rows()) == 240
    assert len([path for path in asked if "wfapi" in path]) <= 100, "those of the page that was being read"


def test_a_controller_that_refuses_ends_it_at_once(jenkins: Rig) -> None:
    jenkins.server.misbehave(Fault("*", status=401))
    with pytest.raises(NotAllowed, match="401"):
        list(batches_of(jenkins))


def test_two_are_asked_at_a_time_with_ranged_trees_and_all_is_counted(jenkins: Rig) -> None:
    jenkins.asked()
    past = past_of(jenkins)
    list(batches_of(jenkins, past=past))
    entries = jenkins.server.journal.entries()
    assert jenkins.server.journal.most_in_flight <= 2
    for entry in entries:
        listed = entry.path.endswith("/api/json") and entry.path != "/me/api/json"
        assert not listed or "{" in entry.request.query["tree"], entry.path
    counts = past.counts
    assert (counts.repos, counts.done, counts.windows, counts.runs, counts.runs_left) == (2, 2, 4, 240, 0)
    assert counts.requests == len(entries)


@pytest.mark.parametrize("at", [NOW, None])
def test_how_far_a_jobs_past_was_read_is_a_mark_that_can_be_read_back(at: datetime | None) -> None:
    noted = Noted(Read(107, at), NOW - SIXTY)
    assert Noted.of(noted.text()) == noted
    assert [Noted.of(text) for text in (None, "", "107@", "x@ 2026-01-01T00:00:00Z", "1@ soon")] == [None] * 5
