"""How far the service's clock is from ours, from its answers."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from roomtone._core.skew import clock_skew

NOON = datetime(2026, 11, 21, 12, 0, 0, tzinfo=timezone.utc)


def dated(when: datetime) -> dict[str, str]:
    return {"date": format_datetime(when, usegmt=True)}


def test_it_is_held_against_the_middle_of_the_way() -> None:
    """Half of the round trip is taken to have passed when the service wrote its date."""
    answer = dated(NOON + timedelta(minutes=20))
    assert clock_skew(answer, sent=NOON, received=NOON + timedelta(seconds=10)) == timedelta(minutes=20, seconds=-5)


def test_a_clock_that_is_behind() -> None:
    """The skew is negative where the service's clock is behind ours."""
    assert clock_skew(dated(NOON - timedelta(hours=5)), sent=NOON, received=NOON) == timedelta(hours=-5)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"date": "yesterday"},
        {"date": ""},
        {"date": "Sat, 21 Nov 99999 12:00:00 GMT"},
        {"date": "9" * 5000},
        {**dated(NOON + timedelta(hours=1)), "age": "0"},
    ],
)
def test_what_tells_nothing(headers: dict[str, str]) -> None:
    """No date, a date that is none, an answer out of a cache."""
    assert clock_skew(headers, sent=NOON, received=NOON) is None


@pytest.mark.parametrize("took", [timedelta(minutes=16), timedelta(seconds=-1)])
def test_a_way_that_tells_nothing(took: timedelta) -> None:
    """An answer that took too long says little of the time now; a clock that was set back meanwhile, nothing."""
    assert clock_skew(dated(NOON), sent=NOON, received=NOON + took) is None


def test_a_date_without_a_zone_is_utc() -> None:
    """`-0000` says that the zone is not told; HTTP's dates are UTC."""
    assert clock_skew({"date": "Sat, 21 Nov 2026 12:00:00 -0000"}, sent=NOON, received=NOON) == timedelta(0)
