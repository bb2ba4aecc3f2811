"""Timestamps in every documented form."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomtone._core.dates import epoch_seconds, iso8601, parse_timestamp

SENT = datetime(2018, 9, 25, 20, tzinfo=timezone.utc)
aware = st.datetimes(timezones=st.timezones()).filter(lambda value: 1 < value.year < 9999)


@pytest.mark.parametrize(
    "text",
    [
        "Tue, 25 Sep 2018 20:00:00 +0000",
        "Tue, 25 Sept 2018 20:00:00 +0000",
        "25 Sept 2018 20:00:00 GMT",
        "Tue, 25 Sep 2018 13:00:00 -0700",
        "Tue, 25 Sep 2018 20:00:00 -0000",
        "2018-09-25T20:00:00Z",
        "2018-09-25T22:00:00.000+02:00",
        "2018-09-25T20:00:00",
        "1537905600",
        1537905600,
        1537905600.0,
    ],
)
def test_every_documented_form(text: object) -> None:
    """RFC 2822, SignalWire's `Sept`, ISO 8601 and epoch seconds are one and the same instant, aware and in UTC."""
    assert parse_timestamp(text) == SENT
    assert parse_timestamp(text).tzinfo is timezone.utc


@pytest.mark.parametrize(
    "odd",
    [
        "",
        "soon",
        "Tue,",
        "Tue, 32 Sep 2018 20:00:00 +0000",
        "Tue, 25 Sep 2018 20:00:00 +9999",
        "0001-01-01T00:00:00+05:00",
        "9999-12-31T23:59:59-05:00",
        "999999999999999",
        1e300,
        float("nan"),
        10**400,
        "1 Jan 99999999999999999999 00:00:00",
        True,
        None,
        [],
    ],
)
def test_anything_else_is_a_value_error(odd: object) -> None:
    """What is no timestamp, or lies beyond the calendar, is a ValueError and nothing else."""
    with pytest.raises(ValueError):  # noqa: PT011
        parse_timestamp(odd)


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    """Any text gives an aware datetime in UTC or a ValueError."""
    try:
        parsed = parse_timestamp(text)
    except ValueError:
        return
    assert parsed.utcoffset() == timedelta(0)


@given(aware)
def test_what_is_sent_comes_back(value: datetime) -> None:
    """ISO 8601 and epoch seconds keep the instant; the latter as closely as a float can."""
    instant = value.astimezone(timezone.utc)
    assert parse_timestamp(iso8601(value)) == instant
    assert abs(parse_timestamp(epoch_seconds(value)) - instant) < timedelta(milliseconds=1)
