"""Attempt: what is told of each attempt of a call, in the log and to `on_attempt`. Knows the error tree."""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import frozen

from roomtone.errors import RoomtoneError

__all__ = ["Attempt", "DecisionName"]

DecisionName: TypeAlias = Literal["return", "retry", "raise", "cancelled"]
"""What comes after an attempt: `return` its response, `retry`, `raise` its error; or the call was `cancelled`."""


@frozen(kw_only=True)
class Attempt:
    """One attempt of a call, when it is over and it is decided what comes next. Holds no argument and no secret.

    `roomtone.Client(on_attempt=...)` is called with one after each attempt, and the logger `roomtone` writes a line: at
    level DEBUG, or INFO where the call is tried again.

    Args:
        service: The service's boto3 name (`chime-sdk-meetings`) or `signalwire`.
        operation: The operation's name in the API (`CreateMeeting`).
        number: Which attempt of the call it was, from 1.
        max_attempts: How many the call may have.
        duration: Seconds from the attempt's begin to its end; time spent waiting for a free connection counts.
        status: The HTTP status of the answer; None when none came.
        request_id: The service's request id, if one came.
        error: What failed; None after a success, after a cancellation, and where what is raised is no error of
            roomtone's.
        decision: What comes next: `return`, `retry`, `raise`, or nothing because the call was `cancelled` from outside.
        reason: Why, in words.
        delay: Seconds until the next attempt; None when there is none.
    """

    service: str
    operation: str
    number: int
    max_attempts: int
    duration: float
    status: int | None = None
    request_id: str | None = None
    error: RoomtoneError | None = None
    decision: DecisionName
    reason: str
    delay: float | None = None
