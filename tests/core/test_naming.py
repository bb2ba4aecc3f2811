"""The casing rule and the near miss."""

from __future__ import annotations

import pytest

from roomtone._core.naming import Case, did_you_mean, wire_name


@pytest.mark.parametrize(
    ("name", "case", "wire"),
    [
        ("meeting_id", "pascal", "MeetingId"),
        ("meeting_id", "camel", "meetingId"),
        ("meeting_id", "snake", "meeting_id"),
        ("arn", "camel", "arn"),
        ("arn", "pascal", "Arn"),
        ("from_", "pascal", "From"),
        ("from_", "camel", "from"),
        ("from_", "snake", "from"),
        ("lambda_", "pascal", "Lambda"),
        ("s3_bucket_uri", "camel", "s3BucketUri"),
        ("parameter1_name", "pascal", "Parameter1Name"),
    ],
)
def test_the_casing_rule(name: str, case: Case, wire: str) -> None:
    """A Python name has one wire name in each case; the underscore that dodges a keyword is not part of it."""
    assert wire_name(name, case) == wire


def test_a_near_name_is_offered_and_a_far_one_is_not() -> None:
    """A suggestion helps only when it is near."""
    assert did_you_mean("MeetingID", ["MeetingId", "AttendeeId"]) == "; did you mean 'MeetingId'?"
    assert did_you_mean("Zebra", ["MeetingId", "AttendeeId"]) == ""
    assert did_you_mean("Zebra", []) == ""
