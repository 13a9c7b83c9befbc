"""Whatever a body holds, the only exception is MappingError: nothing of it may become a 5xx or stop a poll."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.domain.errors import MappingError
from collector.providers.base import NotForUs
from collector.providers.jenkins.jobs import Rules, job_of, read_address
from collector.providers.jenkins.mapping import map_build
from collector.providers.jenkins.stages import map_stages
from collector.providers.jenkins.waiting import map_queue
from collector.providers.jenkins.webhook import Context, Pushed, is_native, parse, verify
from tests.collector.providers.jenkins.fakes import a_build

RULES = Rules("jenkins.acme.com", "https://jenkins.acme.com")
JOB = job_of(RULES, ("web",), multibranch=False)
RUN = map_build(a_build(), JOB).run

NAMES = st.sampled_from(
    [
        "actions", "causes", "lastBuiltRevision", "SHA1", "branch", "name", "remoteUrls",
        "changeSet", "changeSets", "items", "commitId", "msg", "runs", "number", "url", "result",
        "building", "timestamp", "duration", "queueId", "builtOn", "stages", "id", "status",
        "startTimeMillis", "durationMillis", "execNode", "pauseDurationMillis", "inQueueSince",
        "task", "cancelled", "build", "phase", "full_url", "scm", "commit", "log", "_class",
        "shortDescription", "userId",
    ]
)  # fmt: skip
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["SUCCESS", "COMPLETED", "STARTED", "job/a/1/", "https://h/job/a/1/", "\ud800", "javascript:x"])
)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=8), max_leaves=25
)


@settings(max_examples=150, deadline=None)
@given(JSON)
def test_any_json_is_mapped_or_refused(body: object) -> None:
    for reading in (
        lambda: map_build(body, JOB),
        lambda: map_stages(body, RUN, RULES),
        lambda: map_queue(body),
        lambda: parse(body, context=Context()),
    ):
        try:
            reading()
        except MappingError as error:
            assert error.field
            assert error.message


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(NAMES, JSON, max_size=6), st.sampled_from(["QUEUED", "STARTED", "COMPLETED", "FINALIZED"]))
def test_any_message_with_a_phase_is_told_or_refused(fields: dict[str, object], phase: str) -> None:
    body = {"build": {"number": 1, "url": "job/a/1/", "full_url": "https://h/job/a/1/", **fields, "phase": phase}}
    assert is_native(body)
    try:
        assert isinstance(parse(body, context=Context()), Pushed | NotForUs)
    except MappingError as error:
        assert error.field.startswith("body.build")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_address_and_any_header_are_read_or_not(text: str) -> None:
    for url in (text, f"https://h/{text}/job/x/1", f"https://{text}/job/x"):
        address = read_address(url)
        assert address is None or address.segments
    for header in (text, f"Bearer {text}", f"Basic {text}"):
        assert verify(("a token that nobody guesses",), header) is None


@pytest.mark.parametrize("name", ["actions", "runs", "changeSets"])
def test_nulls_that_old_plugins_leave_in_lists_are_passed_over(name: str) -> None:
    assert map_build(a_build(**{name: [None]}), JOB).run == RUN  # type: ignore[arg-type]


def test_a_cell_with_many_axes_has_a_long_address() -> None:
    axes = ",".join(f"axis{number}=value{number}" for number in range(60))
    raw = a_build(9, runs=[{"number": 9, "result": "SUCCESS", "url": f"https://h/job/web/{axes}/9/"}])
    assert map_build(raw, JOB).cells[0].name == axes
