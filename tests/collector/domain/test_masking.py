"""Secrets out of text: by shape and by exact value, in time linear in the text."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.domain.masking import MASK, mask

BODY = "Zx9" * 12
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
SHAPES = {
    "classic token": f"ghp_{BODY}",
    "app token": f"ghs_{BODY}",
    "fine-grained token": "github_pat_" + "a1B2" * 20 + "zz",
    "GitLab token": "glpat-" + "aB3-" * 5,
    "AWS key": "AKIAIOSFODNN7EXAMPLE",
    "Slack bot token": "xoxb-" + "123456789012-abcdefABCDEF",
    "Slack webhook": "https://hooks.slack.com/services/" + "T0000/B0000/abcdefghijkl",
    "JWT": JWT,
    "npm token": f"npm_{BODY}",
}


@pytest.mark.parametrize("secret", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("around", ["{}", "x={}&y=1", "'{}'", "a {} b", "line\n{}\nline"])
def test_tokens_are_known_by_their_shape(secret: str, around: str) -> None:
    masked = mask(around.format(secret))
    assert secret.rpartition("/")[2] not in masked
    assert MASK in masked
    assert masked.count("\n") == around.count("\n")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("git clone https://user:hunter2@host/x", "git clone https://***@host/x"),
        ("postgres://ci:p%40ss@db:5432/ci", "postgres://***@db:5432/ci"),
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("curl -H 'authorization: token abc' https://x", "curl -H 'authorization: ***' https://x"),
        ("sending bearer abcdefghijkl now", "sending bearer *** now"),
        ("password=hunter2", "password=***"),
        ("token=abcdef&x=1", "token=***&x=1"),
        ('{"password": "two words", "a": 1}', '{"password": ***, "a": 1}'),
        ("GITHUB_TOKEN=abcdef", "GITHUB_TOKEN=***"),
        ("AWS_SECRET_ACCESS_KEY = wJalrXUtnFEMI", "AWS_SECRET_ACCESS_KEY = ***"),
        ("DB_PASSWORD: hunter2", "DB_PASSWORD: ***"),
        ("login --password hunter2 --user ci", "login --password *** --user ci"),
        ("api_key='abc def'", "api_key=***"),
    ],
)
def test_what_is_named_a_secret_is_one(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "SyntaxError: Unexpected token: else",
        "password=$PASSWORD",
        "token=***",
        "https://github.com/acme/web/actions/runs/12",
        "ghp_short",
        "no secrets here, only 1234567890abcdef1234567890abcdef12345678",
        "user@host.com:repo.git",
        "eyJ is no token and neither is eyJabcdefghijk",
        "\n\n",
        "",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert mask(text) == text


def key_block(kind: str, lines: int = 30) -> str:
    body = "\n".join("MIIEpAIBAAKCAQEA" + "abcdEFGH1234" * 4 for _ in range(lines))
    return f"-----BEGIN {kind}-----\n{body}\n-----END {kind}-----"


@pytest.mark.parametrize("kind", ["RSA PRIVATE KEY", "PRIVATE KEY", "OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK"])
def test_a_private_key_over_many_lines_is_gone_and_its_lines_stay(kind: str) -> None:
    masked = mask(f"before\n{key_block(kind)}\nafter")
    assert masked.split("\n") == ["before", *[MASK] * 32, "after"]


def test_half_a_key_is_a_secret_too() -> None:
    lines = key_block("RSA PRIVATE KEY").split("\n")
    assert "MIIE" not in mask("\n".join(["before", *lines[:20], "and then the log goes on, in words"]))
    assert "MIIE" not in mask("\n".join([*lines[20:], "after"]))
    assert mask("\n".join([*lines[20:], "after"])).endswith("\nafter")
    assert "MIIE" not in mask("key: " + key_block("PRIVATE KEY").replace("\n", "\\n") + " end")


def test_words_after_the_beginning_of_a_key_are_shown_again() -> None:
    masked = mask("-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKCAQEAabcd\n\nError: this is what failed (3)\nmore")
    assert masked.endswith("Error: this is what failed (3)\nmore")


VALUE = "s3cr/t val+ue!"


@pytest.mark.parametrize(
    "spelling",
    [
        VALUE,
        quote(VALUE, safe=""),
        "s3cr%2Ft+val%2Bue%21",
        base64.b64encode(VALUE.encode()).decode(),
        base64.b64encode(f"u:{VALUE}".encode()).decode(),
        base64.b64encode(f"ci:{VALUE}".encode()).decode(),
        base64.urlsafe_b64encode(f"x{VALUE}yz".encode()).decode(),
        VALUE[:6] + "\n" + VALUE[6:],
    ],
)
def test_a_known_value_is_found_however_it_is_spelled(spelling: str) -> None:
    masked = mask(f"<{spelling}>", [VALUE])
    assert MASK in masked
    assert VALUE not in masked.replace("\n", "")
    assert spelling[3:-6] not in masked


def test_a_token_broken_over_two_lines_is_masked_and_the_break_stays() -> None:
    token = f"ghp_{BODY}"
    assert mask(f"a {token[:20]}\n{token[20:]} b\nc") == "a ***\n b\nc"


def test_a_token_in_base64_is_a_token() -> None:
    encoded = base64.b64encode(f"x-access-token:ghs_{BODY}".encode()).decode()
    assert mask(f"extraheader {encoded} end") == "extraheader *** end"


def test_a_known_value_too_short_to_be_a_secret_does_not_blank_the_text() -> None:
    assert mask("cat", ["a", ""]) == "cat"


@given(st.text(alphabet="abtoken=ghp_:/@-BEGINPRIVATEKY \n\"'eyJ.", max_size=300), st.text(max_size=12))
def test_lines_stay_lines_and_masking_twice_changes_no_line_count(text: str, known: str) -> None:
    once = mask(text, [known])
    assert once.count("\n") == text.count("\n")
    assert mask(once, [known]).count("\n") == text.count("\n")


ADVERSARIAL: dict[str, Callable[[int], str]] = {
    "letters": lambda size: "a" * size,
    "empty tokens": lambda size: "token=\n" * (size // 7),
    "curl headers": lambda size: "curl -H \n" * (size // 9),
    "beginnings of JWTs": lambda size: "eyJ" * (size // 3),
    "dotted JWT": lambda size: "eyJaaaaaaaa." * (size // 12),
    "words": lambda size: "token" * (size // 5),
    "userinfo": lambda size: "://a:" * (size // 5),
    "open quotes": lambda size: 'password="' * (size // 10),
    "key begins": lambda size: "-----BEGIN PRIVATE KEY-----\n" * (size // 28),
    "key ends": lambda size: "-----END PRIVATE KEY-----\n" * (size // 26),
    "key headers": lambda size: "-----BEGIN PRIVATE KEY-----\n" + "Aaaa: x\n" * (size // 8),
    "token begins": lambda size: "ghp_a" * (size // 5),
    "base64": lambda size: "QUJD" * (size // 4),
    "authorization": lambda size: "authorization:" * (size // 14),
    "blanks": lambda size: "token" + " " * size,
    "breaks": lambda size: "\n" * size,
}


def seconds(run: Callable[[], object]) -> float:
    """The quickest of some, in time of this thread alone: the machine may be busy with something else."""
    times = []
    for _ in range(5):
        start = time.thread_time()
        run()
        times.append(time.thread_time() - start)
    return min(times)


@pytest.mark.parametrize("make", ADVERSARIAL.values(), ids=ADVERSARIAL.keys())
def test_masking_takes_time_in_proportion_to_the_text(make: Callable[[int], str]) -> None:
    small, large = make(20_000), make(160_000)
    ratio = seconds(lambda: mask(large, [VALUE])) / seconds(lambda: mask(small, [VALUE]))
    assert ratio < 24, "eight times the text may take eight times as long; 64 would be quadratic"
