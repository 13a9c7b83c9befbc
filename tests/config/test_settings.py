"""The environment as Settings, and when the web app must not start."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.problems import ConfigErrors
from config.settings import Settings, exposure_refusal, from_environ, is_loopback, unknown_variables


def test_nothing_set_is_the_defaults() -> None:
    settings = from_environ({"PATH": "/bin", "CIHEALTH_HOST": "", "CIHEALTH_INSECURE": " "})
    assert settings == Settings()
    assert (settings.database, settings.host, settings.port) == ("sqlite:///cihealth.db", "127.0.0.1", 8000)


def test_every_variable_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("open sesame\n")
    settings = from_environ(
        {
            "CIHEALTH_CONFIG": "ci.yaml",
            "CIHEALTH_DATABASE": f"sqlite:///{tmp_path}/ci.db",
            "CIHEALTH_HOST": "[::1]",
            "CIHEALTH_PORT": "0",
            "CIHEALTH_PASSWORD_FILE": str(secret),
            "CIHEALTH_INSECURE": "true",
            "CIHEALTH_LOG": "DEBUG",
            "CIHEALTH_LOG_FORMAT": "json",
        }
    )
    assert settings == Settings(
        Path("ci.yaml"), f"sqlite:///{tmp_path}/ci.db", "::1", 0, "open sesame", True, "debug", "json"
    )
    assert "sesame" not in repr(settings)


def test_every_wrong_variable_is_named_at_once() -> None:
    wrong = {
        "CIHEALTH_DATABASE": "mysql://user:hunter2@x",
        "CIHEALTH_HOST": "a b",
        "CIHEALTH_PORT": "65536",
        "CIHEALTH_PASSWORD": "",
        "CIHEALTH_INSECURE": "maybe",
        "CIHEALTH_LOG": "loud",
        "CIHEALTH_LOG_FORMAT": "xml",
    }
    with pytest.raises(ConfigErrors) as caught:
        from_environ(wrong)
    assert [problem.key_path for problem in caught.value.problems] == list(wrong)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        *((url, "is no database; write sqlite:///relative/file")
          for url in ("sqlite://x", "sqlite:///", "sqlite:///:memory:", "cihealth.db", "sqlite:", "file:///x")),
        ("postgresql://ci:hunter2@db/ci", "PostgreSQL cannot be used yet; write sqlite:///"),
        ("postgres://", "PostgreSQL cannot be used yet"),
        ("sqlite:////no/such/folder/ci.db", "the folder /no/such/folder of the database does not exist"),
        ("sqlite:////", "is a folder"),
    ],
)  # fmt: skip
def test_a_database_that_can_never_work_is_refused_with_what_would_be_right(url: str, message: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        from_environ({"CIHEALTH_DATABASE": url})
    (problem,) = caught.value.problems
    assert problem.key_path == "CIHEALTH_DATABASE"
    assert message in problem.message
    assert "hunter2" not in str(caught.value)


def test_a_variable_that_nothing_reads_is_answered_with_the_nearest() -> None:
    environ = {
        "CIHEALTH_DATABSE": "sqlite:///secret", "CIHEALTH_TOKN": "x", "CIHEALTH_ZZ": "x", "CIHEALTH_TOKEN_FILE": "f",
        "CIHEALTH_PORT": "1", "CIHEALTH_PASSWORD_FILE": "p", "CIHEALTH_PARENT_FD": "3", "OTHER": "x",
    }  # fmt: skip
    told = {problem.key_path: problem.message for problem in unknown_variables(environ, {"CIHEALTH_TOKEN"})}
    assert list(told) == ["CIHEALTH_DATABSE", "CIHEALTH_TOKN", "CIHEALTH_ZZ"]
    assert "did you mean CIHEALTH_DATABASE?" in told["CIHEALTH_DATABSE"]
    assert "did you mean CIHEALTH_TOKEN?" in told["CIHEALTH_TOKN"]
    assert "CIHEALTH_PASSWORD" in told["CIHEALTH_ZZ"]
    assert "secret" not in str(told)


@pytest.mark.parametrize("port", ["-1", "80a", "٨٠", "1e3", "999999", "8000.0"])
def test_a_port_is_a_whole_number(port: str) -> None:
    with pytest.raises(ConfigErrors, match="CIHEALTH_PORT"):
        from_environ({"CIHEALTH_PORT": port})


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.3.2.1", "::1", "[::1]", "localhost", "LOCALHOST.", "a.localhost", "::ffff:127.0.0.1"]
)
def test_loopback_is_only_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "10.0.0.1", "127.0.0.1.evil.com", "localhost.evil.com", "", "127.1", "ci.acme.com"]
)
def test_everything_else_is_beyond_it(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("host", "public_url", "password", "insecure", "refused"),
    [
        ("127.0.0.1", None, None, False, ""),
        ("127.0.0.1", "http://localhost:8000", None, False, ""),
        ("0.0.0.0", None, None, False, "0.0.0.0"),
        ("127.0.0.1", "https://ci.acme.com", None, False, "public_url"),
        ("0.0.0.0", "https://ci.acme.com", "x", False, ""),
        ("0.0.0.0", "https://ci.acme.com", None, True, ""),
    ],
)
def test_without_a_password_nothing_beyond_this_machine_is_served(
    host: str, public_url: str | None, password: str | None, insecure: bool, refused: str
) -> None:
    refusal = exposure_refusal(host=host, public_url=public_url, password=password, insecure=insecure)
    assert (refusal is not None) == bool(refused)
    assert refused in (refusal or "")
    assert refusal is None or "CIHEALTH_PASSWORD" in refusal
