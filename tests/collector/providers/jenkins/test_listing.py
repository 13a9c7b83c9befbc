"""Walking a controller's folders: to any depth, in few requests, never in a circle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from collector.domain.errors import NotAllowed, NotFound, SourceError, Unreachable
from collector.providers.http import TooLarge
from collector.providers.jenkins import listing
from collector.providers.jenkins.jobs import Rules
from collector.providers.jenkins.listing import Listing, list_jobs

RULES = Rules("jenkins.acme.com", "https://jenkins.acme.com")
FOLDER = "com.cloudbees.hudson.plugins.folder.Folder"
MULTIBRANCH = "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject"
PIPELINE = "org.jenkinsci.plugins.workflow.job.WorkflowJob"


def entry(path: str, cls: str | None = PIPELINE, **fields: Any) -> dict[str, Any]:
    """An entry of ``jobs[…]``; ``path`` is as in its url."""
    name = path.rpartition("/")[2]
    told = {"name": name, "url": f"https://jenkins.acme.com/job/{path.replace('/', '/job/')}/", **fields}
    if cls is not None:
        told["_class"] = cls
    return told if "jobs" in told or cls in (FOLDER, MULTIBRANCH) else {"color": "blue", "lastBuild": None, **told}


class Controller:
    """Answers lists by path, and notes what was asked."""

    def __init__(self, answers: Mapping[str, dict[str, Any] | SourceError]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, str]] = []

    def ask(self, path: str, tree: str) -> Mapping[str, Any]:
        self.asked.append((path, tree))
        answer = self.answers.get(path, NotFound("gone"))
        if isinstance(answer, SourceError):
            raise answer
        return answer

    def list(self, *folders: str) -> Listing:
        return list_jobs(self.ask, RULES, folders)


def names(found: Listing) -> list[str]:
    return sorted(one.job.full_name for one in found.jobs)


def nested(*path: str) -> dict[str, Any]:
    """Folders in each other, a job beside each, as far as an answer of six levels shows them."""
    below: list[dict[str, Any]] = []
    for depth in range(len(path), 0, -1):
        name = "/".join(path[:depth])
        told = {} if depth == listing.LEVELS else {"jobs": [*below, entry(f"{name}/x")]}
        below = [entry(name, FOLDER, **told)]
    return {"jobs": below}


def test_six_levels_come_with_one_request_and_deeper_ones_are_asked_for() -> None:
    controller = Controller(
        {
            "": nested("a", "b", "c", "d", "e", "f"),
            "job/a/job/b/job/c/job/d/job/e/job/f": {"jobs": [entry("a/b/c/d/e/f/z")]},
        }
    )
    assert names(controller.list()) == ["a/b/c/d/e/f/z", "a/b/c/d/e/x", "a/b/c/d/x", "a/b/c/x", "a/b/x", "a/x"]
    assert [path for path, _ in controller.asked] == ["", "job/a/job/b/job/c/job/d/job/e/job/f"]
    assert controller.asked[0][1].count("jobs[") == listing.LEVELS


def test_an_answer_that_is_too_large_is_asked_for_with_fewer_levels_and_that_is_remembered() -> None:
    asked: list[int] = []

    def ask(path: str, tree: str) -> Mapping[str, Any]:
        asked.append(tree.count("jobs["))
        if asked[-1] > 2:
            raise TooLarge("too much")
        return {"": {"jobs": [entry("a", FOLDER, jobs=[entry("a/x")])]}}[path]

    found = list_jobs(ask, RULES, ())
    assert (names(found), found.levels, asked) == (["a/x"], 1, [6, 3, 1])
    assert not found.troubles
    asked.clear()
    assert names(list_jobs(ask, RULES, (), found.levels)) == ["a/x"]
    assert asked == [1]


def test_an_answer_that_is_too_large_even_alone_is_said() -> None:
    def ask(path: str, tree: str) -> Mapping[str, Any]:
        raise TooLarge("too much")

    with pytest.raises(TooLarge):
        list_jobs(ask, RULES, ())


def test_every_list_is_asked_for_with_a_range_and_never_without_a_tree() -> None:
    controller = Controller({"": {"jobs": [entry("a", FOLDER)]}, "job/a": {"jobs": []}})
    controller.list()
    for _, tree in controller.asked:
        assert tree.count("jobs[") == tree.count("]{0,1000}")


def test_a_multibranch_project_and_an_organisation_folder_are_walked() -> None:
    organisation = entry(
        "org", "jenkins.branch.OrganizationFolder", jobs=[entry("org/web", MULTIBRANCH, displayName="Web")]
    )
    branches = [entry("org/web/main"), entry("org/web/feat%252Fx")]
    found = Controller({"": {"jobs": [organisation]}, "job/org/job/web": {"jobs": branches}}).list()
    assert [(one.job.branch, one.job.pipeline.name, one.job.repo) for one in found.jobs] == [
        ("main", "Web", "org/web"),
        ("feat/x", "Web", "org/web"),
    ]


def test_an_old_core_tells_no_class_and_a_folder_is_what_has_jobs() -> None:
    root = {"jobs": [entry("a", None, jobs=[entry("a/x", None)]), entry("y", None, color="red")]}
    assert names(Controller({"": root}).list()) == ["a/x", "y"]


def test_what_neither_builds_nor_holds_jobs_is_no_job() -> None:
    template = {"_class": "x.DockerSlaveTemplate", "name": "agent", "url": "https://jenkins.acme.com/job/agent/"}
    assert names(Controller({"": {"jobs": [template, entry("x")]}}).list()) == ["x"]


def test_a_folder_that_lists_itself_or_its_parent_ends_the_walk_at_a_bounded_depth() -> None:
    circle = {"jobs": [entry("a", FOLDER), entry("x")]}

    class Circle(Controller):
        def ask(self, path: str, tree: str) -> Mapping[str, Any]:
            self.asked.append((path, tree))
            return circle

    controller = Circle({})
    found = controller.list()
    assert len(controller.asked) <= listing.DEEPEST + 1
    assert len(found.jobs) <= listing.DEEPEST + 1


def test_a_long_list_is_read_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE", 2)
    every = [entry(f"j{number}") for number in range(5)]

    class Paged(Controller):
        def ask(self, path: str, tree: str) -> Mapping[str, Any]:
            self.asked.append((path, tree))
            start = int(tree.rpartition("{")[2].partition(",")[0])
            return {"jobs": every[start : start + 2]}

    controller = Paged({})
    assert names(controller.list()) == [f"j{number}" for number in range(5)]
    assert len(controller.asked) == 3


def test_a_server_that_ignores_ranges_is_not_asked_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE", 2)
    controller = Controller({"": {"jobs": [entry("a"), entry("b"), entry("c")]}})
    assert names(controller.list()) == ["a", "b", "c"]
    assert len(controller.asked) == 2


def test_named_folders_are_where_the_walk_begins_and_may_be_projects_or_jobs() -> None:
    controller = Controller(
        {
            "job/a": entry("a", FOLDER, jobs=[entry("a/x")]),
            "job/p/job/My%20Web": entry("p/My%20Web", MULTIBRANCH, jobs=[entry("p/My%20Web/main")]),
            "job/single": entry("single"),
        }
    )
    found = controller.list("a", "p/My Web", "single")
    assert names(found) == ["a/x", "p/My Web/main", "single"]
    assert {one.job.branch for one in found.jobs} == {None, "main"}
    assert "" not in [path for path, _ in controller.asked]


def test_folders_within_each_other_tell_each_job_once() -> None:
    inner = entry("a/b", FOLDER, jobs=[entry("a/b/x")])
    controller = Controller(
        {"job/a": entry("a", FOLDER, jobs=[inner]), "job/a/job/b": inner, "job/a/job/b/job/x": entry("a/b/x")}
    )
    assert names(controller.list("a", "a/b", "a/b/x")) == ["a/b/x"]


def test_a_folder_that_cannot_be_read_is_a_trouble_and_the_others_are_listed() -> None:
    controller = Controller(
        {
            "": {"jobs": [entry("a", FOLDER), entry("b", FOLDER)]},
            "job/a": NotAllowed("no"),
            "job/b": {"jobs": [entry("b/x")]},
        }
    )
    found = controller.list()
    assert names(found) == ["b/x"]
    assert [trouble.target for trouble in found.troubles] == ["a"]


def test_a_root_that_cannot_be_read_fails_the_source() -> None:
    with pytest.raises(Unreachable):
        Controller({"": Unreachable("down")}).list()


def test_folders_none_of_which_can_be_read_fail_the_source() -> None:
    with pytest.raises(NotAllowed):
        Controller({"job/a": NotAllowed("no"), "job/b": NotAllowed("no")}).list("a", "b")


def test_a_malformed_entry_does_not_cost_the_others() -> None:
    root = {"jobs": ["x", {"name": 5}, entry("bad", lastBuild=7), entry("x", lastBuild={"number": 3})]}
    (one,) = Controller({"": root}).list().jobs
    assert (one.job.full_name, one.last_number, one.last_at) == ("x", 3, None)


def test_the_root_is_what_the_controller_calls_itself() -> None:
    assert Controller({"": {"url": "https://ci.acme.com/x/", "jobs": []}}).list().root == "https://ci.acme.com/x"
    job = {**entry("a"), "url": "http://localhost:8080/ci/view/all/job/a/"}
    assert Controller({"": {"jobs": [job]}}).list().root == "http://localhost:8080/ci"


def test_a_disabled_project_and_a_waiting_job_say_so() -> None:
    root = {"jobs": [entry("a", color="disabled"), entry("b", inQueue=True)]}
    a, b = Controller({"": root}).list().jobs
    assert (a.disabled, a.in_queue, b.disabled, b.in_queue) == (True, False, False, True)
