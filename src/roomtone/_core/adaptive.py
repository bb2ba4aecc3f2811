"""The client-side rate limiter of the adaptive retry mode. Pure: it is told the time and says how long to wait.

Until the service throttles for the first time it limits nothing. From then on requests are sent at a rate that falls
when the service throttles and grows again while it does not, by the CUBIC function.
"""

from __future__ import annotations

import math

from attrs import define, field

__all__ = ["RateLimiter"]

SMOOTH = 0.8
BETA = 0.7
SCALE = 0.4
LOWEST_RATE = 0.5
LOWEST_CAPACITY = 1.0
_BUCKETS_PER_SECOND = 2


@define
class RateLimiter:
    """The rate of requests of one service in one region; one per client. All times are seconds of one steady clock.

    Args:
        now: The time at which it begins to measure.
    """

    now: float
    limits: bool = field(default=False, init=False)
    """Whether the service has throttled yet, so that requests have to wait."""
    rate: float = field(default=0.0, init=False)
    """How many requests a second may be sent."""
    measured: float = field(default=0.0, init=False)
    """How many requests a second were answered of late."""
    _capacity: float = field(default=0.0, init=False)
    _most: float = field(default=0.0, init=False)
    _refilled_at: float = field(init=False)
    _count: int = field(default=0, init=False)
    _bucket: float = field(init=False)
    _peak: float = field(default=0.0, init=False)
    _throttled_at: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._refilled_at = self._throttled_at = self.now
        self._bucket = _bucket_of(self.now)

    def reserve(self, now: float) -> float:
        """Takes the place of one request and says how many seconds it has to wait for it.

        Who comes later waits longer, so requests are sent in the order in which they asked.
        """
        if not self.limits:
            return 0.0
        self._refill(now)
        self._capacity -= 1
        return max(0.0, -self._capacity / self.rate)

    def give_back(self) -> None:
        """Gives a place back that was reserved and is not used after all."""
        self._capacity = min(self._most, self._capacity + 1)

    def update(self, now: float, *, throttled: bool) -> None:
        """Takes note of an answer."""
        self._measure(now)
        if throttled:
            rate = min(self.measured, self.rate) if self.limits else self.measured
            self._peak = rate
            self._throttled_at = now
            self.limits = True
            wanted = rate * BETA
        else:
            wanted = self._cubic(now)
        if self.limits:
            self._set_rate(now, min(wanted, 2 * self.measured))

    def _cubic(self, now: float) -> float:
        window = (self._peak * (1 - BETA) / SCALE) ** (1 / 3)
        return float(SCALE * (now - self._throttled_at - window) ** 3 + self._peak)

    def _measure(self, now: float) -> None:
        self._count += 1
        bucket = _bucket_of(now)
        if bucket > self._bucket:
            current = self._count / (bucket - self._bucket)
            self.measured = SMOOTH * current + (1 - SMOOTH) * self.measured
            self._count = 0
            self._bucket = bucket

    def _refill(self, now: float) -> None:
        self._capacity = min(self._most, self._capacity + (now - self._refilled_at) * self.rate)
        self._refilled_at = now

    def _set_rate(self, now: float, wanted: float) -> None:
        self._refill(now)
        self.rate = max(wanted, LOWEST_RATE)
        self._most = max(wanted, LOWEST_CAPACITY)
        self._capacity = min(self._capacity, self._most)


def _bucket_of(now: float) -> float:
    return math.floor(now * _BUCKETS_PER_SECOND) / _BUCKETS_PER_SECOND
