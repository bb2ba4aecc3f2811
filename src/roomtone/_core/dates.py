"""Timestamps: every form that the nine services send, and the two that are sent to them. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timezone

__all__ = ["epoch_seconds", "iso8601", "parse_http_date", "parse_timestamp"]

_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?", re.ASCII)


def parse_timestamp(value: object) -> datetime:
    """An aware UTC datetime from epoch seconds (a number or a numeric string), ISO 8601 or RFC 2822.

    A text without a zone is UTC. Raises ValueError for anything else.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _from_epoch(value)
    if not isinstance(value, str):
        raise ValueError("not a timestamp")
    if _NUMBER.fullmatch(value):
        return _from_epoch(float(value))
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        parsed = _from_rfc2822(value)
    return _in_utc(parsed)


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        return value.replace(tzinfo=timezone.utc)
    try:
        return value.astimezone(timezone.utc)
    except OverflowError as error:
        raise ValueError("a timestamp out of range") from error


def _from_epoch(value: float) -> datetime:
    try:
        return datetime.fromtimestamp(value, timezone.utc)
    except (OverflowError, OSError) as error:
        raise ValueError("a timestamp out of range") from error


def _from_rfc2822(value: str) -> datetime:
    # Imported when it is wanted: it costs ten milliseconds, and AWS's bodies have no such dates.
    from email.utils import parsedate_to_datetime

    # SignalWire documents `Sept`, which the standard library refuses.
    try:
        return parsedate_to_datetime(value.replace(" Sept ", " Sep "))
    except (TypeError, IndexError, OverflowError) as error:
        raise ValueError("not a timestamp") from error


def parse_http_date(value: str | None) -> datetime | None:
    """The date in a header such as `Date` or `Retry-After`, aware; None where it is none."""
    try:
        return _in_utc(_from_rfc2822(value or ""))
    except ValueError:
        return None


def iso8601(value: datetime) -> str:
    """`2026-11-21T12:00:00Z`, in UTC, with microseconds only where there are any."""
    return value.astimezone(timezone.utc).replace(tzinfo=None).isoformat() + "Z"


def epoch_seconds(value: datetime) -> int | float:
    """Seconds since 1970 in UTC: a whole number where there are no microseconds."""
    seconds = value.timestamp()
    return int(seconds) if seconds.is_integer() else seconds
