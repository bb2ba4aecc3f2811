"""Tells of attempts: one line in the log each, and the user's own hook. Knows the events."""

from __future__ import annotations

import logging
from collections.abc import Callable

from roomtone.errors import ApiError
from roomtone.events import Attempt, DecisionName

__all__ = ["is_heard", "tell"]

_LOG = logging.getLogger("roomtone")


def _level(decision: DecisionName) -> int:
    return logging.INFO if decision == "retry" else logging.DEBUG


def is_heard(decision: DecisionName, hook: object | None) -> bool:
    """Whether anybody wants to know."""
    return hook is not None or _LOG.isEnabledFor(_level(decision))


def tell(attempt: Attempt, hook: Callable[[Attempt], object] | None) -> None:
    """Writes the line and calls the hook. A hook that fails is logged, and the call goes on: its answer counts more."""
    level = _level(attempt.decision)
    if _LOG.isEnabledFor(level):
        _LOG.log(level, "%s", _line(attempt))
    if hook is not None:
        try:
            hook(attempt)
        except Exception:
            _LOG.exception("on_attempt failed after %s.%s", attempt.service, attempt.operation)


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
