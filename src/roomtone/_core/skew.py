"""How far a service's clock is from ours, from one of its answers. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from roomtone._core.dates import parse_http_date

__all__ = ["NO_SKEW", "SKEW_CODES", "TOLERATED_SKEW", "clock_skew"]

NO_SKEW = timedelta(0)
TOLERATED_SKEW = timedelta(minutes=4)
"""What AWS forgives, with a margin: a signature is good for five minutes."""
_LONGEST_ROUND_TRIP = timedelta(minutes=15)

SKEW_CODES = frozenset(
    {
        "AccessDeniedException",
        "AuthFailure",
        "InvalidSignatureException",
        "RequestExpired",
        "RequestInTheFuture",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    }
)
"""The errors that a wrong clock can be behind."""


def clock_skew(headers: Mapping[str, str], *, sent: datetime, received: datetime) -> timedelta | None:
    """How far the service's clock was ahead when it answered; None where the answer does not tell.

    Its `Date` is held against the middle of the way, so an answer that took long tells nothing, nor one from a cache.

    Args:
        headers: The answer's headers, names in lower case.
        sent: When the request was sent, by our clock.
        received: When the answer came, by our clock.
    """
    if "age" in headers or not timedelta(0) <= received - sent <= _LONGEST_ROUND_TRIP:
        return None
    told = parse_http_date(headers.get("date"))
    return None if told is None else told - (sent + (received - sent) / 2)
