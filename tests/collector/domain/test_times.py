"""Instants: the shapes seen in real answers are read, everything else is a ValueError and nothing worse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.domain.times import from_epoch_ms, parse_instant, to_api, to_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-01T10:00:35.000Z", datetime(2024, 3, 1, 10, 0, 35, tzinfo=UTC)),
        ("2024-03-01T10:00:13Z", datetime(2024, 3, 1, 10, 0, 13, tzinfo=UTC)),
        ("2024-03-01T10:00:17.000-05:00", datetime(2024, 3, 1, 15, 0, 17, tzinfo=UTC)),
        ("2024-07-01T10:00:17-04:00", datetime(2024, 7, 1, 14, 0, 17, tzinfo=UTC)),
        ("2024-03-01T00:30:00+08:00", datetime(2024, 2, 29, 16, 30, tzinfo=UTC)),
        ("2024-03-01t10:00:00.1234567z", datetime(2024, 3, 1, 10, 0, 0, 123456, tzinfo=UTC)),
        ("2106-02-07T06:28:16Z", datetime(2106, 2, 7, 6, 28, 16, tzinfo=UTC)),
    ],
)
def test_every_shape_that_github_writes_is_read_as_utc(text: str, expected: datetime) -> None:
    parsed = parse_instant(text)
    assert parsed == expected
    assert parsed.utcoffset() == timedelta(0)


def test_an_offset_without_colon_is_right_for_jenkins_only() -> None:
    text = "2019-05-29T12:07:15.094+0200"
    assert parse_instant(text, jenkins=True) == datetime(2019, 5, 29, 10, 7, 15, 94000, tzinfo=UTC)
    with pytest.raises(ValueError, match="RFC 3339"):
        parse_instant(text)


@pytest.mark.parametrize(
    "text",
    [
        "2024-06-30T23:59:60Z",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00+01:00",
        "1969-12-31T23:59:59Z",
        "2024-02-30T00:00:00Z",
        "2024-02-01T24:00:00Z",
        "2024-02-01T00:00:00+99:99",
        "2024-02-01T00:00:00+24:00",
        "2024-02-01T00:00:00",
        "2024-02-01 00:00:00Z",
        "2024-02-01",
        "2024-W05-1T00:00:00Z",
        "20240201T000000Z",
        "2024-02-01T00:00:00Z\n",
        "٢٠٢٤-02-01T00:00:00Z",
        "",
        "yesterday",
        None,
        1706745600,
        True,
        b"2024-02-01T00:00:00Z",
    ],
)
def test_what_is_no_instant_with_a_zone_is_a_value_error(text: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_instant(text)


@given(
    st.text(max_size=40) | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,12}[Z+-][0-9:]{0,6}", fullmatch=True)
)
def test_no_text_raises_anything_but_value_error(text: str) -> None:
    try:
        parse_instant(text)
    except ValueError:
        return


def test_epoch_milliseconds_become_utc() -> None:
    assert from_epoch_ms(1_559_131_635_094) == datetime(2019, 5, 29, 12, 7, 15, 94000, tzinfo=UTC)


@pytest.mark.parametrize(
    "ms",
    [float("inf"), float("nan"), 1e308, -62135596800001, 253402300800000, -1, 2**63, 10**400, True, "1", None],
)
def test_impossible_milliseconds_are_value_errors(ms: object) -> None:
    with pytest.raises(ValueError, match="milliseconds"):
        from_epoch_ms(ms)


@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(9998, 1, 1), timezones=st.just(UTC)))
def test_written_instants_read_back_the_same_and_sort_as_text(instant: datetime) -> None:
    assert parse_instant(to_text(instant)) == instant == parse_instant(to_api(instant))
    later = instant + timedelta(microseconds=1)
    assert to_text(instant) < to_text(later)


def test_text_has_six_digits_and_the_api_none_that_are_needless() -> None:
    instant = datetime(2024, 3, 1, 12, 0, tzinfo=timezone(timedelta(hours=2)))
    assert to_text(instant) == "2024-03-01T10:00:00.000000Z"
    assert to_api(instant) == "2024-03-01T10:00:00Z"


def test_an_instant_without_zone_is_not_written() -> None:
    with pytest.raises(ValueError, match="zone"):
        to_text(datetime(2024, 3, 1))
