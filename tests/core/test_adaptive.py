"""The rate limiter of the adaptive mode, with botocore's as the oracle."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.retries.adaptive import ClientRateLimiter, RateClocker
from botocore.retries.bucket import TokenBucket
from botocore.retries.throttling import CubicCalculator
from hypothesis import given
from hypothesis import strategies as st

from roomtone._core.adaptive import LOWEST_RATE, RateLimiter


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def current_time(self) -> float:
        return self.now


class Told:
    """botocore's detector, told what it would find out."""

    def is_throttling_error(self, *, throttled: bool, **_: Any) -> bool:
        return throttled


def botocores(clock: Clock) -> tuple[Any, Any]:
    bucket = TokenBucket(max_rate=1, clock=clock)
    limiter = ClientRateLimiter(
        rate_adjustor=CubicCalculator(starting_max_rate=0, start_time=clock.now),
        rate_clocker=RateClocker(clock),
        token_bucket=bucket,
        throttling_detector=Told(),
        clock=clock,
    )
    return limiter, bucket


steps = st.lists(st.tuples(st.floats(0, 3), st.booleans()), min_size=1, max_size=60)


@given(steps)
def test_the_rate_is_botocores(steps: list[tuple[float, bool]]) -> None:
    """After any answers at any times, once throttled, both send at the same rate."""
    clock = Clock()
    theirs, bucket = botocores(clock)
    ours = RateLimiter(clock.now)
    for pause, throttled in steps:
        clock.now += pause
        theirs.on_receiving_response(throttled=throttled)
        ours.update(clock.now, throttled=throttled)
        assert ours.limits == theirs._enabled
        if ours.limits:
            assert ours.rate == pytest.approx(bucket.max_rate)


def test_nothing_waits_before_the_first_throttling() -> None:
    """As long as the service takes everything on, nobody waits."""
    limiter = RateLimiter(0.0)
    for number in range(1000):
        assert limiter.reserve(number / 100) == 0
        limiter.update(number / 100, throttled=False)


def throttled_at_10_a_second() -> RateLimiter:
    limiter = RateLimiter(0.0)
    for number in range(1, 51):
        limiter.update(number / 10, throttled=False)
    limiter.update(5.0, throttled=True)
    return limiter


def test_after_throttling_requests_are_spread() -> None:
    """The rate falls to seven tenths, and who asks later waits longer by one place each."""
    limiter = throttled_at_10_a_second()
    assert limiter.rate == pytest.approx(0.7 * limiter.measured)
    waits = [limiter.reserve(5.0) for _ in range(5)]
    assert waits == pytest.approx([number / limiter.rate for number in range(1, 6)])


def test_a_place_that_is_given_back_is_the_next_ones() -> None:
    """Who goes away does not keep the others waiting."""
    limiter = throttled_at_10_a_second()
    first = limiter.reserve(5.0)
    limiter.give_back()
    assert limiter.reserve(5.0) == pytest.approx(first)


def test_the_rate_recovers() -> None:
    """While nothing is throttled the rate grows beyond where it was; it never falls below its least."""
    limiter = throttled_at_10_a_second()
    fallen = limiter.rate
    now = 5.0
    for _ in range(300):
        now += max(limiter.reserve(now), 0.05)
        limiter.update(now, throttled=False)
    assert limiter.rate > 1.5 * fallen
    for _ in range(50):
        now += 1
        limiter.update(now, throttled=True)
    assert limiter.rate >= LOWEST_RATE
