"""Names of branches, hosts and controllers, written alike by poll and push."""

from __future__ import annotations

import pytest

from collector.domain.names import clean_branch, controller_of, fork_branch, github_instances_of_api, host_of


@pytest.mark.parametrize(
    ("told", "kept"),
    [("refs/heads/main", "main"), ("origin/release/1.2", "release/1.2"), ("main", "main"), ("", None), (None, None)],
)
def test_a_branch_is_kept_without_its_prefix(told: str | None, kept: str | None) -> None:
    assert clean_branch(told) == kept


def test_a_forks_branch_names_its_owner() -> None:
    assert fork_branch("main", "Mira/web", "acme/web") == "Mira:main"
    assert fork_branch("main", "Acme/Web", "acme/web") == "main"
    assert fork_branch("main", None, "acme/web") == "main"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://GitHub.com:443/acme", "github.com"),
        ("http://127.0.0.1:8080/x", "127.0.0.1:8080"),
        ("http://[::1]:9000/", "[::1]:9000"),
    ],
)
def test_a_host_is_lower_case_and_without_its_default_port(url: str, host: str) -> None:
    assert host_of(url) == host


def test_a_controller_keeps_its_path_and_loses_its_last_slash() -> None:
    assert controller_of("https://Jenkins.acme.com/CI/") == "jenkins.acme.com/CI"


@pytest.mark.parametrize(
    ("api", "instances"),
    [
        ("https://api.github.com", ("github.com",)),
        ("https://ghe.acme.com/api/v3/", ("ghe.acme.com",)),
        ("http://127.0.0.1:9000", ("127.0.0.1:9000", "github.com")),
    ],
)
def test_an_api_tells_of_its_own_host_and_behind_a_proxy_of_github(api: str, instances: tuple[str, ...]) -> None:
    assert github_instances_of_api(api) == instances
