"""Of a log the part that says what failed is kept: clean, without secrets, bounded."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.domain.logs import WINDOW_BYTES, FailingStep, clean_block, clean_text, snippet

START = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
TOKEN = "ghp_" + "Zx9" * 12


def github(*lines: tuple[int, str]) -> str:
    """Lines as GitHub writes them: seconds after START, text."""
    return "\n".join(
        f"{(START + timedelta(seconds=at)).strftime('%Y-%m-%dT%H:%M:%S')}.1234567Z {text}" for at, text in lines
    )


JOB = github(
    (0, "Current runner version: '2.300.0'"),
    (1, "##[group]Run actions/checkout@v4"),
    (1, "##[endgroup]"),
    (5, "Error: a step before was allowed to fail"),
    (10, "##[group]Run echo 'error: not yet'; make test"),
    (10, "\x1b[36;1mecho 'error: not yet'; make test\x1b[0m"),
    (10, "shell: /usr/bin/bash -e {0}"),
    (10, "##[endgroup]"),
    (11, "collected 12 items, 0 errors"),
    (20, "\x1b[31mE   AssertionError: 3 != 4\x1b[0m"),
    (21, "1 failed, 11 passed"),
    (22, "##[error]Process completed with exit code 1."),
    (30, "Post job cleanup."),
    (31, "Cleaning up orphan processes"),
)
STEP = FailingStep("make test", START + timedelta(seconds=10), START + timedelta(seconds=22))


def test_the_error_is_the_first_of_the_failing_step() -> None:
    text, error_line = snippet(JOB, STEP)
    assert error_line == "E AssertionError: 3 != 4"
    assert "3 != 4" in text
    assert "Cleaning up orphan processes" in text
    assert "2026-03-01T" not in text
    assert "\x1b" not in text


def test_without_a_step_the_whole_log_is_looked_at() -> None:
    assert snippet(JOB)[1] == "Error: a step before was allowed to fail"


def test_a_marked_error_that_says_something_wins_over_words() -> None:
    log = github(
        (0, "an error somewhere"), (1, "##[error]src/a.ts(3,1): error TS2304: Cannot find name"), (2, "##[error]x")
    )
    assert snippet(log)[1] == "src/a.ts(3,1): error TS2304: Cannot find name"


def test_an_error_on_the_very_first_line_is_found() -> None:
    assert snippet("##[error]first\nsecond")[1] == "first"


def test_a_mark_that_says_only_the_exit_code_is_better_than_nothing() -> None:
    log = github((0, "making"), (1, "##[error]Process completed with exit code 2."))
    assert snippet(log)[1] == "Process completed with exit code 2."


def test_a_log_that_names_no_error_has_no_error_line() -> None:
    assert snippet("all is well\n0 errors, no failures\nfailed: 0") == (
        "all is well\n0 errors, no failures\nfailed: 0",
        None,
    )


def test_a_step_whose_times_fit_no_line_means_the_whole_log() -> None:
    text, error_line = snippet(JOB, FailingStep("x", START + timedelta(days=1), None))
    assert error_line is not None
    assert "Current runner version" in text


def test_jenkins_console_notes_and_pipeline_lines_are_left_aside() -> None:
    note = "\x1b[8mha:////4" + "Abh+LCAAAAAAAAP9tjTEOwjAQ" * 3 + "==\x1b[0m"
    log = f"Started by user {note}admin\n[Pipeline] // Error\n[Pipeline] sh\n+ echo ERROR: no\n"
    log += "ERROR: script returned exit code 2\nFinished: FAILURE\n"
    text, error_line = snippet(log.encode(), None)
    assert error_line == "ERROR: script returned exit code 2"
    assert "Started by user admin" in text
    assert "ha:" not in text


def test_a_long_log_keeps_the_error_the_end_and_says_what_is_left_out() -> None:
    lines = [(index // 100, f"building part {index}") for index in range(4000)]
    lines[700] = (7, "fatal: part 700 broke")
    text, error_line = snippet(github(*lines), None, 4096)
    assert error_line == "fatal: part 700 broke"
    assert "building part 699\nfatal: part 700 broke\nbuilding part 701" in text
    assert text.endswith("building part 3999")
    assert "lines left out …" in text
    assert len(text.encode()) <= 4096


def test_the_failing_steps_end_is_kept_when_much_follows_it() -> None:
    lines = (
        [(1, f"test {index} ok") for index in range(500)]
        + [(2, "##[error]boom")]
        + [(9, f"upload {index}") for index in range(3000)]
    )
    text, _ = snippet(github(*lines), FailingStep("test", START, START + timedelta(seconds=2)), 4096)
    assert "test 499 ok\nboom" in text.replace("##[error]", "")
    assert text.endswith("upload 2999")


def test_secrets_broken_by_escapes_are_masked() -> None:
    broken = f"\x1b[1m{TOKEN[:10]}\x1b[0m{TOKEN[10:20]}\x00{TOKEN[20:]}"
    text, error_line = snippet(f"error: cannot log in with {broken}")
    assert TOKEN not in text
    assert error_line == "error: cannot log in with ***"


def test_a_token_split_over_two_github_lines_is_masked() -> None:
    text, _ = snippet(github((0, f"error {TOKEN[:20]}"), (1, TOKEN[20:])))
    assert TOKEN[:20] not in text
    assert TOKEN[20:] not in text


def test_known_values_are_masked() -> None:
    text, error_line = snippet("error: wrong passphrase-of-acme", known=["passphrase-of-acme"])
    assert text == error_line == "error: wrong ***"


def test_no_half_of_a_secret_stays_where_the_log_was_cut() -> None:
    for size in range(300, 420):
        assert TOKEN[4:20] not in clean_block(f"{TOKEN}\n" + "x" * size, 100)
        assert TOKEN[4:20] not in clean_block(TOKEN * 3 + "x" * size, 100)
    assert TOKEN[4:20] not in snippet(f"{TOKEN}\n" + "x" * (WINDOW_BYTES - 20), None)[0]


@pytest.mark.parametrize(
    "nasty",
    ["\x1b]0;pwn\x07", "\x1b[2J", "\x1b]8;;http://evil\x1b\\", "\x9b31m", "\x1bP1$r\x1b\\", "\x1b]0;never ends", "\x7f",
     "\u202e", "\u2066", "\u200b", "\ufeff", "\x00", "\x08", "\x0e"],
)  # fmt: skip
def test_escapes_and_controls_leave_only_the_text(nasty: str) -> None:
    text = snippet(f"a{nasty}b\nerror: c")[0]
    assert not any(ord(char) < 32 and char not in "\n\t" for char in text)
    assert not set(text) & set("\x7f\x9b\u202e\u2066\u200b\ufeff\x1b")
    assert text.startswith("a")
    assert text.endswith("b\nerror: c")


def test_every_kind_of_line_break_is_one() -> None:
    assert snippet("a\r\nb\rc\u2028d\x85e")[0] == "a\nb\nc\nd\ne"


@pytest.mark.parametrize(
    "raw", [b"", b"\xff\xfe\x00" * 1000, bytes(range(256)) * 50, "\ud800\udfff" * 100, b"\n" * 5000, "x" * 300_000]
)
def test_what_is_hardly_a_log_is_bounded_text(raw: bytes | str) -> None:
    text, _ = snippet(raw, None, 1000)
    assert len(text.encode()) <= 1000


def test_a_very_long_line_is_cut() -> None:
    text, error_line = snippet("error: " + "word " * 30_000)
    assert text.endswith("…")
    assert len(text) < 2100
    assert error_line is not None
    assert len(error_line) == 500


@given(st.binary(max_size=400) | st.text(max_size=400), st.integers(64, 600))
def test_any_log_becomes_storable_text_within_the_bound(raw: bytes | str, max_bytes: int) -> None:
    text, error_line = snippet(raw, STEP, max_bytes)
    assert len(text.encode("utf-8")) <= max_bytes
    assert "\x00" not in text
    assert error_line is None or (len(error_line) <= 500 and "\n" not in error_line)


def test_a_pushed_log_keeps_its_end() -> None:
    pushed = "\n".join(f"line {index} {TOKEN}" for index in range(100_000))
    kept = clean_block(pushed, 1000)
    assert kept.endswith("line 99999 ***")
    assert len(kept.encode()) <= 1000
    assert TOKEN[4:12] not in kept


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("  a\x1b[31mb\r\nERROR forged\t ", 50, "ab ERROR forged"),
        ("abcdef", 4, "abc…"),
        ("abcd", 4, "abcd"),
        ("main\u202egnp.exe", 50, "maingnp.exe"),
        ("a\ud800b", 50, "a\ufffdb"),
        ("<script>{{7*7}}", 50, "<script>{{7*7}}"),
        ("👩\u200d👩\u200d👧", 3, "👩…"),
        ("", 5, ""),
        ("\x00", 5, ""),
    ],
)
def test_a_name_becomes_one_clean_line(text: str, limit: int, expected: str) -> None:
    assert clean_text(text, limit) == expected


ADVERSARIAL: dict[str, Callable[[int], str]] = {
    "letters": lambda size: "a" * size,
    "CSI begins": lambda size: "\x1b[" * (size // 2),
    "OSC begins": lambda size: "\x1b]" * (size // 2),
    "endless CSI": lambda size: "\x1b[" + "0" * size,
    "endless note": lambda size: "\x1b[8mha:" * (size // 7),
    "lines": lambda size: "a\n" * (size // 2),
    "errors": lambda size: "error\n" * (size // 6),
    "timestamps": lambda size: "2026-03-01T10:00:00.1234567Z \n" * (size // 30),
    "blanks": lambda size: " " * size,
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
def test_a_log_takes_time_in_proportion_to_its_size(make: Callable[[int], str]) -> None:
    small, large = make(25_000), make(200_000)
    ratio = seconds(lambda: snippet(large, STEP)) / seconds(lambda: snippet(small, STEP))
    assert ratio < 24, "eight times the text may take eight times as long; 64 would be quadratic"


def test_beyond_the_window_size_costs_nothing_more() -> None:
    small, large = b"error: x\n" * 40_000, b"error: x\n" * 4_000_000
    assert seconds(lambda: snippet(large)) < 3 * seconds(lambda: snippet(small))
