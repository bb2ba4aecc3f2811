"""What decides a retry: the table of failures, the waits, the quota."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomtone import errors
from roomtone._core.operation import Safety
from roomtone._core.retry import MAX_DELAY, Failure, RetryQuota, delay_before_retry, failure_of
from roomtone.chime_sdk_voice import ThrottledClientException

SAFETIES: tuple[Safety, ...] = get_args(Safety)
FAILURES: tuple[Failure, ...] = get_args(Failure)

# The whole table, spelt out: for which operations each failure is repeated.
REPEATED: dict[str, set[str]] = {
    "unsent": {"safe", "idempotent", "token", "unsafe", "once"},
    "throttled": {"safe", "idempotent", "token", "unsafe", "once"},
    "unavailable": {"safe", "idempotent", "token", "unsafe", "once"},
    "server": {"safe", "idempotent", "token", "unsafe"},
    "uncertain": {"safe", "idempotent", "token"},
    "final": set(),
}

failures = st.sampled_from([failure for failure in FAILURES if failure != "final"])
jitters = st.floats(0, 1)
attempts = st.integers(1, 200)


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("safety", SAFETIES)
def test_the_table(failure: Failure, safety: Safety) -> None:
    """A failure is repeated for exactly the operations that a second execution cannot harm."""
    delay = delay_before_retry(failure, safety=safety, attempt=1, max_attempts=2, jitter=0.5)
    assert (delay is not None) == (safety in REPEATED[failure])


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (errors.ConnectError("refused"), "unsent"),
        (errors.TimeoutError("connecting"), "unsent"),
        (errors.TimeoutError("reading", maybe_processed=True), "uncertain"),
        (errors.ProtocolError("broke off", maybe_processed=True), "uncertain"),
        (errors.TransportError("reset"), "uncertain"),
        (errors.ThrottledError(status=400), "throttled"),
        (errors.ApiError(status=429), "throttled"),
        (errors.InvalidRequestError(status=429), "throttled"),
        (ThrottledClientException("slow down"), "throttled"),
        (errors.UnavailableError(status=503), "unavailable"),
        (errors.ServiceFaultError(status=500), "server"),
        (errors.UnavailableError(status=502), "server"),
        (errors.UnavailableError(status=504), "server"),
        (errors.InvalidRequestError(status=400, code="RequestTimeout"), "server"),
        (errors.InvalidRequestError(status=400, code="RequestTimeoutException"), "server"),
        (errors.InvalidRequestError(status=400, code="PriorRequestNotComplete"), "server"),
        (errors.QuotaExceededError(status=400, code="LimitExceededException"), "final"),
        (errors.ServiceFaultError(status=501), "final"),
        (errors.ServiceFaultError(status=520, service="ivs"), "final"),
        (errors.ServiceFaultError(status=501, service="signalwire"), "server"),
        (errors.ServiceFaultError(status=520, service="signalwire"), "server"),
        (errors.InvalidRequestError(status=422, service="signalwire"), "final"),
        (errors.NotFoundError(status=404), "final"),
        (errors.ApiError(status=302), "final"),
        (errors.DecodeError("odd"), "final"),
        (errors.RequestError("refused"), "final"),
        (errors.ConfigurationError("no region"), "final"),
        (errors.ClientClosedError("closed"), "final"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_kind_of_each_failure(error: errors.RoomtoneError, failure: Failure) -> None:
    """Every error of an attempt is one kind of failure, and what says nothing of passing is final."""
    assert failure_of(error) == failure


def test_no_attempt_beyond_the_last() -> None:
    """The attempt that used up the allowance is followed by none."""
    assert delay_before_retry("throttled", safety="safe", attempt=2, max_attempts=3, jitter=1) is not None
    assert delay_before_retry("throttled", safety="safe", attempt=3, max_attempts=3, jitter=1) is None
    assert delay_before_retry("throttled", safety="safe", attempt=1, max_attempts=1, jitter=1) is None


@pytest.mark.parametrize(
    ("failure", "waits"),
    [
        ("server", [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 20, 20]),
        ("unsent", [0.05, 0.1, 0.2, 0.4]),
        ("unavailable", [0.05, 0.1, 0.2, 0.4]),
        ("throttled", [1, 2, 4, 8, 16, 20, 20]),
    ],
)
def test_the_backoff_doubles_up_to_its_cap(failure: Failure, waits: list[float]) -> None:
    """The longest waits double from 0.05 s, after throttling from 1 s, and stop at 20 s."""
    longest = [
        delay_before_retry(failure, safety="safe", attempt=number, max_attempts=100, jitter=1)
        for number in range(1, len(waits) + 1)
    ]
    assert longest == pytest.approx(waits)


@given(failures, attempts, jitters)
def test_full_jitter(failure: Failure, attempt: int, jitter: float) -> None:
    """Every wait is its jitter's share of the longest one, so it starts at zero; none is beyond 20 s."""
    longest = delay_before_retry(failure, safety="safe", attempt=attempt, max_attempts=1000, jitter=1)
    delay = delay_before_retry(failure, safety="safe", attempt=attempt, max_attempts=1000, jitter=jitter)
    assert longest is not None
    assert delay == pytest.approx(jitter * longest)
    assert longest <= MAX_DELAY


@given(failures, attempts, jitters, st.floats(0, 1e6))
def test_what_aws_asks_for_is_kept_within_five_seconds(
    failure: Failure, attempt: int, jitter: float, asked: float
) -> None:
    """`x-amz-retry-after` moves the wait to no less than the backoff t and no more than t + 5 s."""
    backoff = delay_before_retry(failure, safety="safe", attempt=attempt, max_attempts=1000, jitter=jitter)
    delay = delay_before_retry(
        failure,
        safety="safe",
        attempt=attempt,
        max_attempts=1000,
        jitter=jitter,
        retry_after=asked,
        retry_after_is_exact=True,
    )
    assert backoff is not None
    assert delay == max(backoff, min(asked, backoff + 5))


@pytest.mark.parametrize(
    ("asked", "delay"), [(0.0, 0.5), (0.4, 0.5), (7.0, 7.0), (20.0, 20.0), (21.0, 20.0), (86400.0, 20.0)]
)
def test_retry_after_is_honoured_up_to_a_cap(asked: float, delay: float) -> None:
    """`Retry-After` never shortens the backoff and never holds a call longer than 20 s."""
    assert (
        delay_before_retry("throttled", safety="once", attempt=1, max_attempts=2, jitter=0.5, retry_after=asked)
        == delay
    )


def test_what_the_service_asks_for_opens_no_second_attempt() -> None:
    """A wait that is asked for is no licence where the table has none."""
    assert delay_before_retry("final", safety="safe", attempt=1, max_attempts=3, jitter=1, retry_after=1) is None
    assert delay_before_retry("server", safety="once", attempt=1, max_attempts=3, jitter=1, retry_after=1) is None


def test_the_quota_is_taken_and_given_back() -> None:
    """A retry costs 14, after throttling 5; a success returns its cost, or 1, and never beyond the capacity."""
    quota = RetryQuota()
    assert (quota.take("server"), quota.available) == (14, 486)
    assert (quota.take("throttled"), quota.available) == (5, 481)
    assert (quota.take("uncertain"), quota.available) == (14, 467)
    quota.give_back(5)
    assert quota.available == 472
    quota.give_back(0)
    assert quota.available == 473
    quota.give_back(400)
    assert quota.available == 500


def test_an_empty_quota_gives_nothing() -> None:
    """500 tokens pay for 35 retries, or 100 after throttling; what is short is not taken."""
    quota = RetryQuota()
    assert [quota.take("server") for _ in range(36)] == [14] * 35 + [None]
    assert quota.available == 10
    assert [quota.take("throttled") for _ in range(3)] == [5, 5, None]
    assert quota.available == 0
    quota = RetryQuota()
    assert [quota.take("throttled") for _ in range(101)] == [5] * 100 + [None]


@given(st.lists(st.one_of(failures, st.integers(0, 20))))
def test_the_quota_stays_within_its_bounds(steps: list[Failure | int]) -> None:
    """Whatever is taken and given back, the bucket holds from nothing to its capacity."""
    quota = RetryQuota()
    for step in steps:
        if isinstance(step, int):
            quota.give_back(step)
        else:
            quota.take(step)
        assert 0 <= quota.available <= quota.capacity
