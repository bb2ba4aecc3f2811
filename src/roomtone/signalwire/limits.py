"""The rate limit that SignalWire tells in an answer's headers. Knows nothing but headers."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

__all__ = ["RateLimit", "rate_limit"]


@frozen(kw_only=True)
class RateLimit:
    """What an answer said of the rate limit; each part is None when it did not say, or said no whole number.

    Args:
        limit: How many requests a window allows.
        remaining: How many of them are left.
        reset: When the window ends, as sent: SignalWire does not document whether that is a moment or a wait.
    """

    limit: int | None = None
    remaining: int | None = None
    reset: int | None = None


def rate_limit(headers: Mapping[str, str]) -> RateLimit | None:
    """The rate limit in the headers of an error or a `Reply`; None when they hold nothing of it.

    Args:
        headers: `error.headers` or `reply.headers`: names in lower case.
    """
    told = {name: headers.get(f"x-ratelimit-{name}") for name in ("limit", "remaining", "reset")}
    if not any(told.values()):
        return None
    return RateLimit(**{name: _whole(text) for name, text in told.items()})


def _whole(text: str | None) -> int | None:
    """Only plain digits, and no more of them than any number of requests or seconds has."""
    digits = (text or "").strip()
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= 18 else None
