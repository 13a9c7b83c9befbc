"""FORMATS, section 3.2: names, addresses, branches and repos of jobs."""

from __future__ import annotations

import pytest

from collector.domain.errors import MappingError
from collector.providers.jenkins.jobs import Job, Rules, job_of, looks_like_branch, read_address
from config.model import JenkinsSource

RULES = Rules("jenkins.acme.com", "https://jenkins.acme.com")


def job(*segments: str, multibranch: bool = False, rules: Rules = RULES) -> Job:
    return job_of(rules, segments, multibranch=multibranch)


def test_a_branch_jobs_name_is_decoded_for_display_and_stays_as_it_came_for_requests() -> None:
    branch = job("web", "users%252Fjack%252Flf", multibranch=True)
    assert branch.branch == "users/jack/lf"
    assert branch.key(3).external_id == "web/users/jack/lf#3"
    assert branch.path == "job/web/job/users%252Fjack%252Flf"


def test_an_encoded_name_in_a_url_is_one_part_of_its_path_however_often_it_was_encoded() -> None:
    once = read_address("https://jenkins.acme.com/job/web/job/users%2Fjack/1/")
    twice = read_address("https://jenkins.acme.com/job/web/job/users%252Fjack/1/")
    assert once is not None
    assert twice is not None
    assert job(*once.segments, multibranch=True).full_name == job(*twice.segments, multibranch=True).full_name


def test_a_percent_sign_in_a_branch_survives() -> None:
    assert job("web", "100%2525", multibranch=True).branch == "100%"


def test_a_pull_requests_branch_stays_pr_2() -> None:
    assert job("web", "PR-2", multibranch=True).branch == "PR-2"


def test_a_multibranch_project_is_one_pipeline_and_its_jobs_are_branches() -> None:
    main, other = job("acme", "web", "main", multibranch=True), job("acme", "web", "dev", multibranch=True)
    assert main.pipeline == other.pipeline
    assert (main.pipeline.external_id, main.pipeline.name) == ("acme/web", "web")


def test_a_pipelines_name_is_its_projects_display_name() -> None:
    assert job_of(RULES, ("web", "main"), multibranch=True, name="Web Shop").pipeline.name == "Web Shop"


def test_views_in_an_address_say_nothing_about_the_job() -> None:
    address = read_address("https://h.example/view/all/job/org/view/mine/job/web/job/main/4/")
    assert address is not None
    assert (address.root, address.segments, address.number) == ("https://h.example", ("org", "web", "main"), 4)


@pytest.mark.parametrize(
    ("url", "root", "segments", "number"),
    [
        ("job/asgard/18/", None, ("asgard",), 18),
        ("/job/asgard/18/", None, ("asgard",), 18),
        ("http://localhost:8080/jenkins/job/test/32/", "http://localhost:8080/jenkins", ("test",), 32),
        ("https://h.example/job/job/5/", "https://h.example", ("job",), 5),
        ("https://h.example/job/m/nodes=a/19446/", "https://h.example", ("m",), None),
        ("https://u:p@h.example/job/m/", "https://u:p@h.example", ("m",), None),
    ],
)
def test_an_address_is_taken_apart(url: str, root: str | None, segments: tuple[str, ...], number: int | None) -> None:
    address = read_address(url)
    assert address is not None
    assert (address.root, address.segments, address.number) == (root, segments, number)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)//job/x/1",
        "ftp://h.example/job/x/1/",
        "//evil.example/job/x/1/",
        "https://h.example/queue/item/7/",
        "https://h.example/job/../1/",
        "https://h.example/job/%2e%2e/1/",
        "https://h.example:99999/job/x/1/",
        "",
        "job/",
    ],
)
def test_what_is_no_address_of_a_job_is_none(url: str) -> None:
    assert read_address(url) is None


def test_the_repo_is_the_folder_path_or_at_the_root_the_job_itself() -> None:
    assert job("platform", "tools", "nightly").repo == "platform/tools"
    assert job("nightly").repo == "nightly"


def test_a_push_and_a_poll_speak_of_one_repo_though_a_push_cannot_tell_a_project_from_a_folder() -> None:
    segments = ("acme", "web", "main")
    assert job(*segments, multibranch=True).key(1) == job(*segments, multibranch=False).key(1)


@pytest.mark.parametrize(
    ("segments", "repo"),
    [
        (("platform", "web", "main"), "acme/web"),
        (("platform", "web"), "acme/web"),
        (("platform", "api"), "acme/all"),
        (("platform2", "api"), "platform2"),
    ],
)
def test_repo_map_names_a_job_or_the_closest_folder_above_it(segments: tuple[str, ...], repo: str) -> None:
    rules = Rules("h", "https://h", {"platform": "acme/all", "platform/web": "acme/web"})
    assert job(*segments, rules=rules).repo == repo


def test_the_instance_is_the_controller_that_the_source_names() -> None:
    source = JenkinsSource(provider="jenkins", name="j", url="https://Jenkins.acme.com/ci/")
    assert Rules.of(source).instance == "jenkins.acme.com/ci"


@pytest.mark.parametrize("segments", [(), ("a" * 513,), ("a", ""), ("%ED%A0%80%00",)])
def test_a_name_that_cannot_be_kept_is_refused(segments: tuple[str, ...]) -> None:
    with pytest.raises(MappingError) as error:
        job(*segments)
    assert error.value.field == "job"


@pytest.mark.parametrize(
    ("segments", "scm_branch", "answer"),
    [
        (("web", "feat%2Fx"), None, True),
        (("web", "PR-12"), "origin/anything", True),
        (("web", "main"), "origin/main", True),
        (("web", "main"), None, False),
        (("folder", "nightly"), "origin/main", False),
        (("main",), "main", False),
    ],
)
def test_a_push_guesses_a_branch_job_only_from_what_is_sure(
    segments: tuple[str, ...], scm_branch: str | None, answer: bool
) -> None:
    assert looks_like_branch(segments, scm_branch) is answer
