"""A controller that refuses, fails, hangs or lies: told in words that an operator can act on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from collector.demo.faults import LOGIN_PAGE, Fault
from collector.domain.errors import BadAnswer, NotAllowed, NotFound, SourceError, Unreachable, Waiting
from collector.providers.jenkins.ahead import GIVE_UP_AFTER, ahead
from tests.collector.providers.jenkins.rig import FREESTYLE, START, Rig, rig


@pytest.fixture
def jenkins() -> Iterator[Rig]:
    with rig() as made:
        for name in ("broken", "fine"):
            made.world.add_jenkins_job(name, cls=FREESTYLE)
            made.world.add_jenkins_build(name)
        yield made


def failure(made: Rig) -> SourceError:
    with pytest.raises(SourceError) as error:
        made.poll()
    return error.value


@pytest.mark.parametrize(
    ("fault", "kind", "says"),
    [
        (Fault(status=401), NotAllowed, "401"),
        (Fault(status=403), NotAllowed, "403"),
        (Fault(status=404), NotFound, "404"),
        (Fault(status=500), Unreachable, "500"),
        (Fault(status=418), BadAnswer, "418"),
        (
            Fault(body=LOGIN_PAGE, headers={"Content-Type": "text/html;charset=utf-8"}),
            BadAnswer,
            "looks like a login page",
        ),
        (Fault(body=LOGIN_PAGE), BadAnswer, "looks like a login page"),
        (Fault(status=302, headers={"Location": "/login?from=%2F"}), BadAnswer, "redirects to"),
        (Fault(status=302, headers={"Location": "https://evil.example/"}), BadAnswer, "redirects to"),
        (Fault(body=b"{not json"), BadAnswer, "not JSON"),
        (Fault(body=b"[]"), BadAnswer, "no object"),
        (Fault(body=b'{"jobs": 5}'), BadAnswer, "malformed"),
        (Fault(drop=True), Unreachable, "no answer"),
    ],
)
def test_a_controller_that_cannot_be_read_fails_the_poll_and_says_why(
    jenkins: Rig, fault: Fault, kind: type[SourceError], says: str
) -> None:
    jenkins.server.misbehave(fault)
    error = failure(jenkins)
    assert isinstance(error, kind)
    assert says in str(error)
    assert "tree=" not in str(error)


def test_advice_depends_on_whether_there_are_credentials(jenkins: Rig) -> None:
    jenkins.server.misbehave(Fault(status=403))
    assert failure(jenkins).advice == "give the source a user and token"
    jenkins.reader = jenkins.another_reader({"T": "x"}, user="me", token="${T}")
    assert "Overall/Read" in failure(jenkins).advice


def test_an_unreachable_controller_says_so() -> None:
    with rig() as made:
        made.server.stop()
        assert isinstance(failure(made), Unreachable)


@pytest.mark.parametrize(
    ("status", "retry_after", "seconds"),
    [
        (503, "120", 120),
        (429, "30", 30),
        (429, "", 60),
        (429, "Mon, 02 Mar 2026 12:10:00 GMT", 600),
        (503, "999999", 3600),
    ],
)
def test_a_controller_that_asks_to_wait_is_left_alone_until_then(
    jenkins: Rig, status: int, retry_after: str, seconds: int
) -> None:
    jenkins.server.misbehave(Fault(status=status, headers={"Retry-After": retry_after}))
    error = failure(jenkins)
    assert isinstance(error, Waiting)
    assert error.until == START + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("/job/broken/*", status=500), Unreachable),
        (Fault("/job/broken/*", status=403), NotAllowed),
        (Fault("/job/broken/*", body=b"{"), BadAnswer),
        (Fault("/job/broken/*", cut_after=10), Unreachable),
    ],
)
def test_a_job_that_cannot_be_read_is_a_trouble_and_the_others_are_read(
    jenkins: Rig, fault: Fault, kind: type[SourceError]
) -> None:
    jenkins.server.misbehave(fault)
    jenkins.poll()
    assert set(jenkins.memory.rows()) == {"fine#1"}
    (trouble,) = jenkins.troubles
    assert trouble.target == "broken"
    assert isinstance(trouble.error, kind)
    jenkins.server.clear_faults()
    jenkins.poll()
    assert set(jenkins.memory.rows()) == {"fine#1", "broken#1"}


def test_who_we_are_may_stay_unknown(jenkins: Rig) -> None:
    jenkins.server.misbehave(Fault("/me/*", status=500))
    jenkins.poll()
    assert set(jenkins.memory.rows()) == {"fine#1", "broken#1"}


@pytest.mark.parametrize("fault", [Fault("/queue/*", status=403), Fault("/queue/*", body=b'{"items": 5}')])
def test_a_queue_that_cannot_be_read_is_a_trouble(jenkins: Rig, fault: Fault) -> None:
    jenkins.world.add_jenkins_build("fine", status="queued")
    jenkins.server.misbehave(fault)
    jenkins.poll()
    assert [trouble.target for trouble in jenkins.troubles] == ["queue"]


def test_a_job_whose_builds_are_no_list_is_a_trouble_and_stays_unread(jenkins: Rig) -> None:
    jenkins.server.misbehave(Fault("/job/broken/*", body=b'{"builds": 5}'))
    jenkins.poll()
    assert [trouble.target for trouble in jenkins.troubles] == ["broken"]
    assert "read:broken" not in jenkins.memory.marks


def test_a_user_that_the_controller_does_not_know_is_said(jenkins: Rig) -> None:
    jenkins.server.misbehave(Fault("/me/*", status=404))
    jenkins.reader = jenkins.another_reader({"T": "x"}, user="me", token="${T}")
    with capture_logs() as logs:
        jenkins.poll()
    (said,) = [entry for entry in logs if entry["log_level"] == "warning"]
    assert (said["user"], said["source"]) == ("me", "build-server")


def test_a_controller_that_stops_answering_is_given_up_and_not_asked_for_every_job() -> None:
    asked: list[int] = []

    def ask(number: int) -> int:
        asked.append(number)
        raise Unreachable("no answer")

    with pytest.raises(Unreachable):
        list(ahead(ask, range(1000)))
    assert len(asked) <= GIVE_UP_AFTER + 3


def test_what_is_asked_ahead_comes_in_order_and_errors_of_ours_are_not_swallowed() -> None:
    assert [(item, told) for item, told in ahead(lambda number: number * 2, range(7))] == [(n, n * 2) for n in range(7)]

    def wrong(_: int) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(ahead(wrong, range(3)))
