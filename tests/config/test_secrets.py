"""Secrets: resolved from the environment or files, never shown, and known by who needs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.model import Config, GithubSource
from config.secrets import Secret, SecretError, api_secret_names, read_variable
from config.secretuses import known_values, secret_uses, written_uses
from tests.config.files import loaded
from tests.config.test_load import FULL, SECRETS


def test_a_variable_stands_for_its_value_inside_other_text_too() -> None:
    secret = Secret("https://hooks/${A}/${B}")
    assert secret.resolve({"A": "x", "B": "y\n"}) == "https://hooks/x/y"
    assert secret.names() == {"A", "B"}
    assert not secret.is_literal


def test_what_was_put_in_is_not_looked_through_again() -> None:
    assert Secret("${A}").resolve({"A": "${B}", "B": "x"}) == "${B}"


def test_a_doubled_dollar_is_a_plain_one() -> None:
    secret = Secret("a$${B}c$1$")
    assert secret.resolve({}) == "a${B}c$1$"
    assert secret.is_literal


@pytest.mark.parametrize("written", ["", "  ", "\n", "${}", "${A", "${A-B}", "${1}", "x${ A }"])
def test_what_names_no_variable_is_no_secret(written: str) -> None:
    with pytest.raises(ValueError, match=r"\$\{NAME\}"):
        Secret(written)


def test_the_file_named_by_name_file_is_read_and_the_variable_wins(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(b"\xef\xbb\xbffrom file\r\n")
    environ = {"A_FILE": str(file)}
    assert read_variable("A", environ) == "from file"
    assert read_variable("A", {**environ, "A": "direct"}) == "direct"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"\xff", "not UTF-8"),
        (b"x" * 70000, "larger than"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_holds_no_secret_is_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SecretError, match=f"A_FILE: .*secret.*{message}"):
        Secret("${A}").resolve({"A_FILE": str(file)})


@pytest.mark.parametrize("environ", [{}, {"A": ""}, {"A": "\n"}, {"A_FILE": ""}])
def test_a_missing_or_empty_variable_is_named(environ: dict[str, str]) -> None:
    with pytest.raises(SecretError, match=r"A is (not set|set but empty)"):
        Secret("${A}").resolve(environ)


def test_a_secret_is_never_shown(tmp_path: Path) -> None:
    config = loaded(tmp_path, "ingest_tokens: [hunter2]\nsources: [{name: s, provider: github, token: hunter2}]").config
    shown = [
        repr(config),
        str(config),
        config.model_dump_json(),
        repr(config.ingest_tokens[0]),
        f"{config.ingest_tokens}",
    ]
    assert not [text for text in shown if "hunter2" in text]
    assert config.ingest_tokens[0].resolve({}) == "hunter2"


def test_secrets_are_equal_when_they_are_written_alike() -> None:
    assert {Secret("${A}"), Secret("${A}")} == {Secret("${A}")}
    assert Secret("${A}") != Secret("${B}")


def test_the_web_process_runs_without_what_only_the_collector_needs(tmp_path: Path) -> None:
    hidden = api_secret_names(loaded(tmp_path, FULL, SECRETS).config)
    wanted = {"GITHUB_TOKEN", "JENKINS_TOKEN", "SLACK_WEBHOOK_URL", "SMTP_PASSWORD"}
    assert hidden == wanted | {f"{name}_FILE" for name in wanted}


def test_a_variable_that_the_web_process_needs_too_stays(tmp_path: Path) -> None:
    text = """\
        ingest_tokens: ["${SHARED}"]
        sources:
          - {name: a, provider: github, token: "${SHARED}", repos: [a/b]}
          - {name: b, provider: github, token: "${PLAIN}", default_branch: "${PLAIN}"}
    """
    assert api_secret_names(loaded(tmp_path, text, {"SHARED": "x", "PLAIN": "y"}).config) == frozenset()


def test_the_secrets_of_a_file_are_those_of_its_types(tmp_path: Path) -> None:
    text = FULL.replace("token: ${GITHUB_TOKEN}", "app: {id: 1, installation_id: 2, private_key_file: key}")
    (tmp_path / "key").write_text("pem")
    (tmp_path / "key").chmod(0o600)
    config = loaded(tmp_path, text, SECRETS).config
    values = {
        "ingest_tokens": ["${CIHEALTH_INGEST_TOKEN}"],
        "sources": [{"app": {"private_key_file": "key"}, "webhook_secrets": ["${GITHUB_WEBHOOK_SECRET}"]}],
    }
    typed = {use.path: (use.need, use.secret) for use in secret_uses(config)}
    written = {use.path: (use.need, use.secret) for use in written_uses(values, tmp_path)}
    assert written.items() <= typed.items()
    assert len(typed) == len(SECRETS)
    assert known_values(config, SECRETS) == (set(SECRETS.values()) - {"value of GITHUB_TOKEN"}) | {"pem"}


def test_types_built_in_code_take_the_same_texts() -> None:
    source = GithubSource.model_validate({"name": "s", "provider": "github", "token": "${A}", "repos": ["a/b"]})
    assert source.read_token({"A": "x"}) == "x"
    assert GithubSource(name="s", provider="github").read_token({}) is None
    assert Config(sources=(source,)).source_named("s") is source
