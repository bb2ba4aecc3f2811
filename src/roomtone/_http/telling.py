"""Tells of calls and their attempts: lines in the log, the user's hooks, telemetry. Knows the events.

Whatever hears of a call may fail: that is logged, and the call goes on, since its answer counts more.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol, TypeVar

from roomtone.errors import ApiError
from roomtone.events import Attempt, CallWatch, DecisionName, FinishedCall, Telemetry

__all__ = ["Listeners", "begin", "end", "is_heard", "tell"]

_T = TypeVar("_T")

_LOG = logging.getLogger("roomtone")


class Listeners(Protocol):
    """Who wants to know of the calls of one client, beside the log."""

    on_attempt: Callable[[Attempt], object] | None
    on_retry: Callable[[Attempt], object] | None
    on_response: Callable[[FinishedCall], object] | None
    telemetry: Telemetry | None


def _level(decision: DecisionName) -> int:
    return logging.INFO if decision == "retry" else logging.DEBUG


def is_heard(decision: DecisionName, listeners: Listeners, watch: CallWatch | None) -> bool:
    """Whether anybody wants to know of an attempt."""
    return (
        listeners.on_attempt is not None
        or watch is not None
        or (decision == "retry" and listeners.on_retry is not None)
        or _LOG.isEnabledFor(_level(decision))
    )


def tell(attempt: Attempt, listeners: Listeners, watch: CallWatch | None) -> None:
    """Writes the line of an attempt and calls whoever listens."""
    level = _level(attempt.decision)
    if _LOG.isEnabledFor(level):
        _LOG.log(level, "%s", _line(attempt))
    where = f"{attempt.service}.{attempt.operation}"
    _call("on_attempt", where, listeners.on_attempt, attempt)
    if attempt.decision == "retry":
        _call("on_retry", where, listeners.on_retry, attempt)
    if watch is not None:
        _call("telemetry", where, watch.attempt, attempt)


def begin(listeners: Listeners, service: str, operation: str) -> CallWatch | None:
    """Has telemetry follow a call."""
    if listeners.telemetry is None:
        return None
    try:
        return listeners.telemetry.begin(service, operation)
    except Exception:
        _LOG.exception("telemetry failed before %s.%s", service, operation)
        return None


def end(call: FinishedCall, listeners: Listeners, watch: CallWatch | None) -> None:
    """Tells that a call is over. Telemetry comes last: what a hook writes still belongs to the call's span."""
    where = f"{call.service}.{call.operation}"
    _call("on_response", where, listeners.on_response, call)
    if watch is not None:
        _call("telemetry", where, watch.end, call)


def _call(name: str, where: str, hook: Callable[[_T], object] | None, event: _T) -> None:
    if hook is None:
        return
    try:
        hook(event)
    except Exception:
        _LOG.exception("%s failed after %s", name, where)


def _line(attempt: Attempt) -> str:
    # Neither URLs nor messages: labels and what a service quotes of a request can be secrets.
    parts = [
        f"{attempt.service}.{attempt.operation} attempt {attempt.number} of {attempt.max_attempts}:",
        f"{_outcome(attempt)} after {attempt.duration * 1000:.0f} ms,",
        f"{attempt.decision}: {attempt.reason}",
    ]
    if attempt.delay is not None:
        parts.append(f"in {attempt.delay:.3f} s")
    if attempt.request_id:
        parts.append(f"(request id {attempt.request_id})")
    return " ".join(parts)


def _outcome(attempt: Attempt) -> str:
    error = attempt.error
    status = "" if attempt.status is None else f"HTTP {attempt.status}"
    if error is None:
        return status or "nothing"
    name = error.code if isinstance(error, ApiError) and error.code.isidentifier() else type(error).__name__
    return f"{status} {name}" if status else name
