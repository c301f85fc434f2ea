"""Times and durations as protobuf's JSON writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quire.domain.errors import InvalidInput
from quire.domain.times import format_duration, format_time, parse_duration, parse_time


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-24T14:59:42.323Z", 1_795_532_382_323),
        ("2026-11-24T14:59:42.323999999Z", 1_795_532_382_323),
        ("2026-11-24T14:59:42.3Z", 1_795_532_382_300),
        ("2026-11-24t15:59:42.323+01:00", 1_795_532_382_323),
        ("1969-12-31T23:59:59.5Z", -500),
    ],
)
def test_times_are_read(text: str, milliseconds: int) -> None:
    assert parse_time(text) == milliseconds


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_every_time_is_read_as_it_was_written(milliseconds: int) -> None:
    assert parse_time(format_time(milliseconds)) == milliseconds


@given(st.integers(-(10**14), 10**14))
def test_every_duration_is_read_as_it_was_written(milliseconds: int) -> None:
    assert parse_duration(format_duration(milliseconds)) == milliseconds


@pytest.mark.parametrize(("text", "milliseconds"), [("0s", 0), ("0.1s", 100), ("3.000000001s", 3000), ("-1.5s", -1500)])
def test_durations_are_read(text: str, milliseconds: int) -> None:
    assert parse_duration(text) == milliseconds


@pytest.mark.parametrize("text", ["", "now", "2026-11-24", "2026-11-24 14:59:42Z", "2026-02-30T00:00:00Z", "1"])
def test_what_is_no_time_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidInput, match="request_time"):
        parse_time(text, "request_time")


@pytest.mark.parametrize("text", ["", "5", "5ms", "s", "1e3s", "999999999999s"])
def test_what_is_no_duration_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidInput, match="execution_duration"):
        parse_duration(text, "execution_duration")


def test_a_time_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(InvalidInput, match="years 1 to 9999"):
        format_time(10**15)
