"""collectors.yaml: what is right becomes types, and everything that is wrong is told at once with its place."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from config.load import EVERYTHING, load
from config.model import Config, GithubSource, JenkinsSource
from config.problems import ConfigErrors
from config.rules import FailureRule
from config.secrets import Need
from tests.config.files import loaded, problems, rule, source, told, write

FULL = """\
    public_url: https://ci-health.acme.com/ci/
    ingest_tokens: ["${CIHEALTH_INGEST_TOKEN}"]
    defaults: {interval: 2m, backfill: 7d}
    sources:
      - name: acme
        provider: github
        url: https://api.github.com
        token: ${GITHUB_TOKEN}
        repos: [acme/web, acme/api]
        workflows: ["*"]
        interval: 60s
        webhook_secrets: ["${GITHUB_WEBHOOK_SECRET}"]
      - name: build-server
        provider: jenkins
        url: https://jenkins.acme.com
        aliases: [http://jenkins.internal:8080]
        user: ci-health
        token: ${JENKINS_TOKEN}
        folders: [platform]
        repo_map: {"platform/web": acme/web}
        unstable: failure
        webhook_tokens: ["${JENKINS_WEBHOOK_TOKEN}"]
    groups:
      - {name: web-team, repos: ["acme/web*"], pipelines: ["*"]}
    receivers:
      - name: ci-channel
        slack: {webhook_url: "${SLACK_WEBHOOK_URL}"}
      - name: ci-mail
        email: {from: ci@acme.com, to: [team@acme.com], host: smtp.acme.com, port: 587, tls: starttls, user: ci, password: "${SMTP_PASSWORD}"}
    rules:
      - {name: broken, when: failure, after: 1, branches: ["@default"], groups: [web-team], to: [ci-channel, ci-mail], remind: never}
    """  # noqa: E501
SECRETS = {
    name: f"value of {name}"
    for name in (
        "CIHEALTH_INGEST_TOKEN",
        "GITHUB_TOKEN",
        "GITHUB_WEBHOOK_SECRET",
        "JENKINS_TOKEN",
        "JENKINS_WEBHOOK_TOKEN",
        "SLACK_WEBHOOK_URL",
        "SMTP_PASSWORD",
    )
}


def test_the_whole_of_a_config_becomes_types(tmp_path: Path) -> None:
    told_by_file = loaded(tmp_path, FULL, SECRETS)
    config = told_by_file.config
    acme, server = config.sources
    assert told_by_file.warnings == ()
    assert config.public_url == "https://ci-health.acme.com/ci"
    assert isinstance(acme, GithubSource)
    assert isinstance(server, JenkinsSource)
    assert acme.read_token(SECRETS) == "value of GITHUB_TOKEN"
    assert (config.interval_of(acme), config.interval_of(server)) == (timedelta(minutes=1), timedelta(minutes=2))
    assert config.backfill_of(acme) == timedelta(days=7)
    assert (acme.instance, server.instance) == ("github.com", "jenkins.acme.com")
    assert config.source_named("build-server") is server
    assert config.source_named("nobody") is None
    (broken,) = config.rules
    assert isinstance(broken, FailureRule)
    assert [receiver.kind for receiver in config.receivers_of(broken)] == ["slack", "email"]


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "---\n", "sources:\n", "sources: []\nrules:\n", "\ufeffsources:\r\n"]
)
def test_a_file_without_sources_is_valid(tmp_path: Path, text: str) -> None:
    told_by_file = loaded(tmp_path, text)
    assert told_by_file.config == Config()
    assert "push only" in told_by_file.notes[0]


def test_no_file_in_the_working_folder_is_a_config_without_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load(None, {}, need=EVERYTHING).path is None
    write(tmp_path, source("repos: [acme/web]"))
    assert [entry.name for entry in load(None, {}, need=EVERYTHING).config.sources] == ["s"]


def test_a_file_that_is_named_and_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors, match=r"nowhere\.yaml: does not exist"):
        load(tmp_path / "nowhere.yaml", {}, need=EVERYTHING)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors, match="cannot be read"):
        load(tmp_path, {}, need=EVERYTHING)


def test_everything_that_is_wrong_is_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """\
        public_url: ftp://acme.com
        sources:
          - name: acme
            provider: github
            token: ${GITHUB_TOKEN}
            repos: [acme]
            interval: 0s
          - {name: acme, provider: gitlab}
        rules:
          - {name: r, when: failure, to: [chat], groups: [web], recipents: x}
        """,
    )
    assert [(problem.line, problem.key_path) for problem in found] == [
        (1, "public_url"),
        (5, "sources[0].token"),
        (6, "sources[0].repos[0]"),
        (7, "sources[0].interval"),
        (8, "sources[1].provider"),
        (8, "sources[1].name"),
        (10, "rules[0].recipents"),
        (10, "rules[0].to[0]"),
        (10, "rules[0].groups[0]"),
    ]
    assert {problem.file for problem in found} == {str(tmp_path / "collectors.yaml")}


@pytest.mark.parametrize(
    ("text", "key_path", "message"),
    [
        ("sorces: []", "sorces", "did you mean sources"),
        (source("recipents: x"), "sources[0].recipents", "keys here are"),
        (source("branch: [main]"), "sources[0].branch", "did you mean branches"),
        ("receivers: [{name: a, slak: {}}]", "receivers[0].slak", "did you mean slack"),
        ("receivers: [{name: a, slack: {chanel: x}}]", "receivers[0].slack.chanel", "did you mean channel"),
        ("defaults: {intervall: 1m}", "defaults.intervall", "did you mean interval"),
        ("sources: [{provider: github}]", "sources[0].name", "is missing"),
        ("sources: [{name: x}]", "sources[0].provider", "one of github, jenkins"),
        ("sources: [{name: x, provider: gitlab}]", "sources[0].provider", 'one of github, jenkins, not "gitlab"'),
        ("sources: [{name: x, provider: jenkins}]", "sources[0].url", "is missing"),
        ("sources: [github]", "sources[0]", "must be a mapping"),
        ("sources: {name: x}", "sources", "must be a list"),
        ("- a", "", "must be a mapping"),
        ("text", "", "must be a mapping"),
        (rule("when: sometimes"), "rules[0].when", "must be one of failure, success_rate"),
        (rule("to: [a]"), "rules[0].when", "is missing; add it: one of failure"),
        (source("repos: acme/web"), "sources[0].repos", "must be a list"),
        (source("branches: []"), "sources[0].branches", "at least 1"),
    ],
)
def test_a_wrong_shape_is_named_with_what_would_be_right(
    tmp_path: Path, text: str, key_path: str, message: str
) -> None:
    assert message in told(tmp_path, text)[key_path]


@pytest.mark.parametrize("word", ["no", "Yes", "off", "1.10", "10", "0x1F", "1_000", "1:30", "2024-01-31", ".5"])
def test_text_that_yaml_would_not_read_as_text_must_be_quoted(tmp_path: Path, word: str) -> None:
    message = told(tmp_path, source(f"branches: [{word}]"))["sources[0].branches[0]"]
    assert f'put it in quotes: "{word}"' in message
    quoted = loaded(tmp_path, source(f'branches: ["{word}"]')).config.sources[0]
    assert quoted.branches == (word,)


@pytest.mark.parametrize("word", ["~", "null", ""])
def test_a_key_without_a_value_is_an_error_and_not_a_default(tmp_path: Path, word: str) -> None:
    found = told(tmp_path, source(f"token: {word}, repos: [a/b, {word or '~'}]"))
    assert found == {
        "sources[0].token": "has no value; give it one, or leave the line out",
        "sources[0].repos[1]": "has no value; give it one, or leave the line out",
    }


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: !!python/object/apply:os.system [id]", 1, "tags (!)"),
        ("sources: !include x", 1, "tags (!)"),
        ("sources: &a []\nrules: *a", 1, "anchors and aliases"),
        ("sources:\n\t- name: x", 2, "tab"),
        ("a: [1", 2, "is no YAML"),
        ("sources: [\nrules: [*]", 2, "must be in quotes"),
        ("branches: [@default]", 1, "must be in quotes"),
        ("---\na: 1\n---\nb: 1", 3, "second document"),
        ("{[a]: b}", 1, "a key must be text"),
        ("? {a: b}\n: c", 1, "a key must be text"),
        ("on: 1", 1, "in quotes"),
        ("sources: []\nx: \x01", 2, "control character"),
        ("sources: []\nx: \x00", 2, "control character"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    found = problems(tmp_path, text)
    assert any(problem.line == line and message in problem.message for problem in found), found


def test_a_key_that_is_there_twice_is_named_with_both_lines(tmp_path: Path) -> None:
    message = told(tmp_path, "rules: []\nsources: []\nrules: []")["rules"]
    assert message == "is there twice, here and in line 1; keep one of them"
    inner = told(tmp_path, "sources:\n  - name: a\n    provider: github\n    name: b")
    assert "line 2" in inner["sources[0].name"]


@pytest.mark.parametrize("text", ["[" * 2000, "{a: " * 2000, "a: " + "[" * 100_000, "- " * 3000, "? " * 3000])
def test_deep_nesting_is_a_problem_and_no_crash(tmp_path: Path, text: str) -> None:
    (problem,) = problems(tmp_path, text)
    assert re.search("deep|no YAML|a key must be text", problem.message)


def test_a_file_beyond_one_mebibyte_is_not_read(tmp_path: Path) -> None:
    assert "larger than 1 MiB" in told(tmp_path, b"#" * (1024 * 1024 + 1))[""]


def test_a_file_that_is_not_utf_8_is_refused_with_the_line(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, b"sources: []\nx: \xff\xfe")
    assert (found.line, "UTF-8" in found.message) == (2, True)


@pytest.mark.parametrize(
    "keys", ["interval: 0s", "interval: 5 minutes", "interval: -1", "interval: 1e9", "backfill: 99999w"]
)
def test_a_wrong_duration_is_refused(tmp_path: Path, keys: str) -> None:
    assert len(problems(tmp_path, source(keys))) == 1


def test_the_least_interval_is_one_second(tmp_path: Path) -> None:
    assert loaded(tmp_path, source("interval: 1s")).config.sources[0].interval == timedelta(seconds=1)


@pytest.mark.parametrize(
    "url",
    ["ftp://x", "x.com", "//x", "http://", "https://u:p@x.com", "https://x.com:0", "https://x.com:99999", "https://x.com?a=1",
     "javascript:alert(1)", "http://x\\@y", "http://[::1", "https://x y.com"],
)  # fmt: skip
def test_a_url_is_http_or_https_and_nothing_more(tmp_path: Path, url: str) -> None:
    assert "sources[0].url" in told(tmp_path, f"sources: [{{name: s, provider: jenkins, url: '{url}'}}]")


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/ci", "http://[::1]:8080", "http://jenkins", "https://10.0.0.1"])
def test_a_loopback_or_private_url_is_fine(tmp_path: Path, url: str) -> None:
    source_ = loaded(tmp_path, f"sources: [{{name: s, provider: jenkins, url: '{url}/'}}]").config.sources[0]
    assert source_.url == url


@pytest.mark.parametrize(
    "repo", ["acme", "acme/", "/web", "a/b/c", "https://github.com/acme/web", "acme/we b", "acme/*"]
)
def test_a_repo_is_org_slash_name(tmp_path: Path, repo: str) -> None:
    assert "org/name" in told(tmp_path, source(f'repos: ["{repo}"]'))["sources[0].repos[0]"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (source("token: '${A}', app: {id: 1, installation_id: 2, private_key_file: k}"), "both a token and an app"),
        (source("token: '${A}', token_file: t"), "both token and token_file"),
        (source("url: https://github.com"), "https://api.github.com"),
        ("sources: [{name: j, provider: jenkins, url: 'http://x', token: '${A}'}]", "no user"),
        ("sources: [{name: j, provider: jenkins, url: 'http://x', user: u}]", "no token"),
        ("receivers: [{name: r}]", "exactly one of"),
        ("receivers: [{name: r, stdout: {}, file: {path: x}}]", "has file and stdout"),
        ("receivers: [{name: r, slack: {}}]", "needs one of"),
        ("receivers: [{name: r, slack: {token: '${A}'}}]", "channel"),
        ("receivers: [{name: r, email: {from: a@b, to: [c@d], host: h, user: u}}]", "password together"),
        ('receivers: [{name: r, email: {from: "a@b\\nBcc: x@y", to: [c@d], host: h}}]', "control character"),
        ("receivers: [{name: r, email: {from: a@b, to: [], host: h}}]", "at least 1"),
        ("receivers: [{name: r, email: {from: a@b, to: [nobody], host: h}}]", "no mail address"),
        ("receivers: [{name: r, email: {from: a@b, to: [c@d], host: h, port: '25'}}]", "whole number"),
        ("receivers: [{name: r, email: {from: a@b, to: [c@d], host: h, port: 70000}}]", "65535"),
        ("receivers: [{name: r, email: {from: a@b, to: [c@d], host: h, tls: yes}}]", "in quotes"),
        (rule("when: failure, after: 0"), "greater than or equal to 1"),
        (rule("when: failure, after: true"), "whole number"),
        (rule("when: failure, remind: sometimes"), "never, each, or a duration"),
        (rule("when: success_rate"), "is missing"),
        (rule("when: success_rate, below: 101"), "100"),
        (rule("when: success_rate, below: 90, window: 0d"), "window is 0"),
        (rule("when: stuck, queued_for: 0s"), "queued_for is 0"),
        (rule("when: failure, severity: loud"), "'info', 'warning' or 'critical'"),
    ],
)
def test_entries_that_contradict_themselves_are_refused(tmp_path: Path, text: str, message: str) -> None:
    found = problems(tmp_path, text, {"A": "x"})
    assert any(message in problem.message for problem in found), found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "receivers: [{name: r, slack: {webhook_url: '${A}'}, email: {from: nobody, to: [c@d], host: h, user: u}}]",
            {
                "receivers[0]": "has slack and email",
                "receivers[0].email": "password together",
                "receivers[0].email.from": "no mail address",
            },
        ),
        (
            "sources: [{name: j, provider: jenkins, url: nowhere, user: u, interval: 0s, jobs: []}]",
            {
                "sources[0]": "has a user but no token",
                "sources[0].url": "is no address",
                "sources[0].interval": "the least is 1s",
                "sources[0].jobs": "at least 1",
            },
        ),
        (
            source("repos: [acme], url: https://github.com, token: '${A}', app: {id: x, installation_id: 2}"),
            {
                "sources[0]": "both a token and an app",
                "sources[0].repos[0]": "org/name",
                "sources[0].url": "https://api.github.com",
                "sources[0].app.id": "whole number",
                "sources[0].app.private_key_file": "is missing",
            },
        ),
        (
            rule("when: success_rate, below: 90, closes_at: 80, window: 0d, min_builds: 0"),
            {
                "rules[0]": "closes_at lies under below",
                "rules[0].window": "window is 0",
                "rules[0].min_builds": "greater than or equal to 1",
            },
        ),
        (
            "receivers: [{name: r, stdout: {}, quiet_hours: {from: '07:00', to: '07:00', timezone: Mars/Base}}]",
            {"receivers[0].quiet_hours": "are the same time", "receivers[0].quiet_hours.timezone": "Mars/Base"},
        ),
    ],
)
def test_what_single_keys_have_wrong_holds_back_nothing_of_how_they_fit_together(
    tmp_path: Path, text: str, expected: dict[str, str]
) -> None:
    found = problems(tmp_path, text, {"A": "x"})
    assert sorted(problem.key_path for problem in found) == sorted(expected)
    for problem in found:
        assert expected[problem.key_path] in problem.message
        assert problem.line


def test_a_jenkins_source_that_contradicts_itself_twice_is_told_so_twice(tmp_path: Path) -> None:
    text = "sources: [{name: j, provider: jenkins, url: 'http://x', token: '${A}', token_file: t}]"
    (tmp_path / "t").write_text("secret")
    assert [problem.message.split(";")[0] for problem in problems(tmp_path, text, {"A": "x"})] == [
        "has both token and token_file",
        "has a token but no user",
    ]


def test_every_kind_of_rule_is_read_with_its_own_keys(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        """\
        rules:
          - {name: a, when: failure, after: 2, remind: each, for: 10m, events: [push], severity: critical}
          - {name: b, when: success_rate, below: 92.5, window: 7d, min_builds: 3}
          - {name: c, when: slower, by: 50, statistic: p95, window: 1d, baseline: 30d}
          - {name: d, when: stuck, queued_for: 10m, running_for: 2h}
          - {name: e, when: stale, no_build_for: 3d, remind: 6h}
          - {name: f, when: flaky, commits: 2, window: 7d}
        """,
    ).config
    assert [entry.when for entry in config.rules] == ["failure", "success_rate", "slower", "stuck", "stale", "flaky"]
    assert config.rules[0].for_ == timedelta(minutes=10)
    assert config.rules[4].remind == timedelta(hours=6)


def test_names_of_one_kind_are_unique(tmp_path: Path) -> None:
    found = told(tmp_path, "groups: [{name: a}, {name: b}, {name: a}]")
    assert "line 1" in found["groups[2].name"]


def test_a_name_that_nothing_has_is_answered_with_the_nearest(tmp_path: Path) -> None:
    text = "receivers: [{name: ci-channel, stdout: {}}]\n" + rule("when: failure, to: [ci-chanel]")
    assert "did you mean ci-channel" in told(tmp_path, text)["rules[0].to[0]"]


def test_a_process_asks_only_for_the_secrets_it_needs(tmp_path: Path) -> None:
    web = {name: SECRETS[name] for name in ("CIHEALTH_INGEST_TOKEN", "GITHUB_WEBHOOK_SECRET", "JENKINS_WEBHOOK_TOKEN")}
    assert loaded(tmp_path, FULL, web, frozenset({Need.INGEST})).config.sources
    collector = problems(tmp_path, FULL, web, frozenset({Need.SOURCES}))
    assert [problem.key_path for problem in collector] == ["sources[0].token", "sources[1].token"]
    assert len(problems(tmp_path, FULL, {}, EVERYTHING)) == len(SECRETS)


def test_a_missing_variable_is_told_also_for_an_entry_that_is_wrong_otherwise(tmp_path: Path) -> None:
    found = told(tmp_path, source("token: '${MISSING}', repos: [acme]"))
    assert "MISSING is not set" in found["sources[0].token"]
    assert "org/name" in found["sources[0].repos[0]"]


def test_ordinary_text_takes_variables_too(tmp_path: Path) -> None:
    config = loaded(tmp_path, "public_url: ${SCHEME}://acme.com", {"SCHEME": "https"}).config
    assert (config.public_url, config.text_names) == ("https://acme.com", frozenset({"SCHEME"}))
    assert "SCHEME is not set" in told(tmp_path, "public_url: ${SCHEME}://acme.com")["public_url"]


def test_an_error_never_repeats_a_secret(tmp_path: Path) -> None:
    for value in ("1234567890", "[hunter2hunter2]", "'${A}hunter2${'", "{hunter2: hunter2}"):
        text = "\n".join(str(problem) for problem in problems(tmp_path, source(f"token: {value}")))
        assert "hunter2" not in text.replace("token.hunter2", "")
        assert "1234567890" not in text


def test_a_variable_that_neither_we_nor_the_file_read_draws_a_warning(tmp_path: Path) -> None:
    environ = {"CIHEALTH_A": "a", "CIHEALTH_ORG_FILE": "unused", "CIHEALTH_ORG": "acme", "CIHEALTH_PROT": "9000"}
    text = source("orgs: ['${CIHEALTH_ORG}'], token: '${CIHEALTH_A}'")
    (warning,) = loaded(tmp_path, text, environ).warnings
    assert (warning.file, warning.key_path) == ("environment", "CIHEALTH_PROT")
    assert "did you mean CIHEALTH_PORT?" in warning.message


def test_a_literal_secret_draws_a_warning_and_an_empty_one_is_an_error(tmp_path: Path) -> None:
    (warning,) = loaded(tmp_path, source("token: hunter2")).warnings
    assert (warning.key_path, "${NAME}" in warning.message) == ("sources[0].token", True)
    assert "hunter2" not in str(warning)
    assert "is empty" in told(tmp_path, source("token: ''"))["sources[0].token"]


def test_secret_files_that_everybody_can_read_draw_a_warning(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("hunter2\n")
    secret.chmod(0o644)
    by_name = loaded(tmp_path, source("token: '${T}'"), {"T_FILE": str(secret)})
    by_path = loaded(tmp_path, source("token_file: token"))
    for told_by_file in (by_name, by_path):
        assert "chmod 600" in told_by_file.warnings[0].message
    assert by_path.config.sources[0].read_token({}) == "hunter2"
    secret.chmod(0o600)
    assert loaded(tmp_path, source("token_file: token")).warnings == ()
    readable = load(write(tmp_path, source("token: hunter2"), mode=0o644), {}, need=EVERYTHING)
    assert [("chmod" in warning.message) for warning in readable.warnings] == [False, True]


def test_a_secret_file_that_is_not_there_is_an_error_for_who_needs_it(tmp_path: Path) -> None:
    text = source("app: {id: 1, installation_id: 2, private_key_file: key.pem}")
    assert "cannot be read" in told(tmp_path, text)["sources[0].app.private_key_file"]
    assert loaded(tmp_path, text, need=frozenset({Need.INGEST})).config.sources


def test_mail_without_encryption_and_with_a_password_draws_a_warning(tmp_path: Path) -> None:
    keys = "from: a@b.c, to: [c@d.e], host: h, tls: none, user: u, password: '${P}'"
    (warning,) = loaded(tmp_path, f"receivers: [{{name: r, email: {{{keys}}}}}]", {"P": "x"}).warnings
    assert warning.key_path == "receivers[0].email.tls"


def test_without_rules_every_failure_goes_to_every_receiver_and_start_up_says_so(tmp_path: Path) -> None:
    told_by_file = loaded(tmp_path, "receivers: [{name: a, stdout: {}}, {name: b, file: {path: x}}]")
    (only,) = told_by_file.config.effective_rules
    assert isinstance(only, FailureRule)
    assert (only.after, only.remind, only.branches) == (1, "each", ("*",))
    assert len(told_by_file.config.receivers_of(only)) == 2
    assert "narrow it" in told_by_file.notes[-1]
    assert Config().effective_rules == ()
