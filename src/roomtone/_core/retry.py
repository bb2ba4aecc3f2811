"""What decides a retry: the failure, the operation's safety, the attempts, the quota. Pure; never sleeps."""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import define

from roomtone._core.operation import Safety
from roomtone.errors import ApiError, ConnectError, RoomtoneError, ThrottledError, TimeoutError, TransportError

__all__ = ["Failure", "RetryQuota", "delay_before_retry", "failure_of", "refusal"]

Failure: TypeAlias = Literal["unsent", "throttled", "unavailable", "server", "uncertain", "final"]
"""
- unsent: no byte of the request can have arrived;
- throttled: the service did not take the request on, there were too many;
- unavailable: 503, the service did not take the request on;
- server: the service failed on the request;
- uncertain: the request was sent and nothing tells what became of it;
- final: an answer that another attempt would not change.
"""

MAX_DELAY = 20.0
_BASE = {"throttled": 1.0}
_DEFAULT_BASE = 0.05
_MAX_BEYOND_BACKOFF = 5.0
_TRANSIENT_CODES = frozenset({"RequestTimeout", "RequestTimeoutException", "PriorRequestNotComplete"})
_SERVER_STATUSES = frozenset({500, 502, 504})

# A failure stands here with the operations it may be repeated for. A phone call must never be dialled twice, a channel
# never be created twice: what is uncertain is repeated only where a second execution changes nothing.
_ANY: frozenset[Safety] = frozenset({"safe", "idempotent", "token", "unsafe", "once"})
_REPEATABLE: dict[Failure, frozenset[Safety]] = {
    "unsent": _ANY,
    "throttled": _ANY,
    "unavailable": _ANY,
    "server": _ANY - {"once"},
    "uncertain": _ANY - {"once", "unsafe"},
    "final": frozenset(),
}


def failure_of(error: RoomtoneError) -> Failure:
    """The kind of failure that an error of one attempt is."""
    if isinstance(error, ConnectError):
        return "unsent"
    if isinstance(error, TimeoutError) and not error.maybe_processed:
        return "unsent"
    if isinstance(error, TransportError):
        return "uncertain"
    if not isinstance(error, ApiError):
        return "final"
    if isinstance(error, ThrottledError) or error.status == 429:
        return "throttled"
    if error.status == 503:
        return "unavailable"
    if error.status in _SERVER_STATUSES or error.code in _TRANSIENT_CODES or _is_signalwires_fault(error):
        return "server"
    return "final"


def _is_signalwires_fault(error: ApiError) -> bool:
    """Any 5xx: what stands before SignalWire answers with statuses of its own, such as 520."""
    return error.service == "signalwire" and error.status is not None and error.status >= 500


def refusal(failure: Failure, *, safety: Safety, attempt: int, max_attempts: int) -> str | None:
    """Why there is to be no other attempt, in words; None when there may be one."""
    if failure == "final":
        return "another attempt would not change it"
    if safety not in _REPEATABLE[failure]:
        return "it might be carried out twice"
    return "no attempt is left" if attempt >= max_attempts else None


def delay_before_retry(
    failure: Failure,
    *,
    safety: Safety,
    attempt: int,
    max_attempts: int,
    jitter: float,
    retry_after: float | None = None,
    retry_after_is_exact: bool = False,
) -> float | None:
    """Seconds to wait before the next attempt; None when there is to be none.

    Args:
        failure: The kind of the failure.
        safety: What a second execution of the operation would do.
        attempt: How many attempts were made, 1 or more.
        max_attempts: How many may be made.
        jitter: A random number from 0 to 1: full jitter.
        retry_after: What the service asked for, in seconds.
        retry_after_is_exact: It came as `x-amz-retry-after`, which is held to within 5 s above the backoff.
    """
    if refusal(failure, safety=safety, attempt=attempt, max_attempts=max_attempts) is not None:
        return None
    backoff = jitter * min(_BASE.get(failure, _DEFAULT_BASE) * 2.0 ** (attempt - 1), MAX_DELAY)
    if retry_after is None:
        return backoff
    ceiling = backoff + _MAX_BEYOND_BACKOFF if retry_after_is_exact else MAX_DELAY
    return max(backoff, min(retry_after, ceiling))


@define
class RetryQuota:
    """The tokens that retries cost, so that a failing service is not stormed; one per service, region and client.

    A retry takes 14 tokens, after throttling 5; a success gives back what the last retry of its call cost, else 1.
    """

    capacity: int = 500
    available: int = 500

    def take(self, failure: Failure) -> int | None:
        """The cost of a retry, taken; None when there is not enough left."""
        cost = 5 if failure == "throttled" else 14
        if self.available < cost:
            return None
        self.available -= cost
        return cost

    def give_back(self, cost: int) -> None:
        """What a success gives back."""
        self.available = min(self.capacity, self.available + max(cost, 1))
