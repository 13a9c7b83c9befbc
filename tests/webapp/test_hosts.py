import pytest

from webapp.hosts import Hosts, host_name

LOCAL = Hosts(None)
PUBLIC = Hosts("https://ci-health.acme.com/ci")
OPEN = Hosts(None, any_host=True)


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "127.0.0.2"])
def test_loopback_names_are_ours_whatever_the_port(host: str) -> None:
    assert LOCAL.knows(host)
    assert PUBLIC.knows(host)


@pytest.mark.parametrize(
    "host",
    ["evil.com", "localhost.evil.com", "127.0.0.1.evil.com", "", "a b", "evil.com:99999", "localhost/x", "u@localhost"],
)
def test_any_other_name_is_foreign_on_loopback(host: str) -> None:
    assert not LOCAL.knows(host)


def test_the_public_name_is_ours_with_and_without_a_port_in_any_case() -> None:
    assert PUBLIC.knows("ci-health.acme.com")
    assert PUBLIC.knows("CI-Health.acme.com:443")
    assert not PUBLIC.knows("ci-health.acme.com.evil.com")
    assert not LOCAL.knows("ci-health.acme.com")


def test_insecure_without_a_public_url_takes_every_name_but_no_nonsense() -> None:
    assert OPEN.knows("build-box.lan:8000")
    assert not OPEN.knows("a/b")


@pytest.mark.parametrize(
    ("origin", "host", "ours"),
    [
        ("https://ci-health.acme.com", "ci-health.acme.com", True),
        ("https://CI-HEALTH.acme.com", "ci-health.acme.com", True),
        ("http://ci-health.acme.com", "ci-health.acme.com", False),
        ("https://ci-health.acme.com:8443", "ci-health.acme.com", False),
        ("https://ci-health.acme.com.evil.com", "ci-health.acme.com", False),
        ("https://evil.com", "ci-health.acme.com", False),
        ("null", "ci-health.acme.com", False),
        ("", "ci-health.acme.com", False),
        ("http://127.0.0.1:8000", "127.0.0.1:8000", True),
        ("http://127.0.0.1:9000", "127.0.0.1:8000", False),
        ("http://localhost:8000", "127.0.0.1:8000", False),
        ("file://127.0.0.1:8000", "127.0.0.1:8000", False),
    ],
)
def test_a_page_is_ours_only_with_scheme_name_and_port(origin: str, host: str, ours: bool) -> None:
    assert PUBLIC.same_origin(origin, host) is ours


def test_the_public_urls_path_and_scheme_are_told() -> None:
    assert (PUBLIC.public_path, PUBLIC.https, PUBLIC.public_origin) == ("/ci", True, "https://ci-health.acme.com")
    assert (LOCAL.public_path, LOCAL.https, LOCAL.public_origin) == ("", False, None)


@pytest.mark.parametrize(("host", "name"), [("A.b:1", "a.b"), ("[::1]:8", "::1"), ("x:y", None), ("x,y", None)])
def test_a_host_header_is_read_strictly(host: str, name: str | None) -> None:
    assert host_name(host) == name
