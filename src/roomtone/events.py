"""What is told of calls and their attempts: to the log, to hooks, to telemetry. Knows the error tree."""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias

from attrs import frozen

from roomtone.errors import RoomtoneError

__all__ = ["Attempt", "CallWatch", "DecisionName", "FinishedCall", "OutcomeName", "Telemetry"]

DecisionName: TypeAlias = Literal["return", "retry", "raise", "cancelled"]
"""What comes after an attempt: `return` its response, `retry`, `raise` its error; or the call was `cancelled`."""

OutcomeName: TypeAlias = Literal["returned", "raised", "cancelled"]
"""How a call ended: it `returned` its response, `raised` an error, or was `cancelled` from outside."""


@frozen(kw_only=True)
class Attempt:
    """One attempt of a call, when it is over and it is decided what comes next. Holds no argument and no secret.

    `roomtone.Client(on_attempt=...)` is called with one after each attempt, `on_retry=` after those that another one
    follows, and the logger `roomtone` writes a line: at level DEBUG, or INFO where the call is tried again.

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


@frozen(kw_only=True)
class FinishedCall:
    """One call, when it is over: all of its attempts, and the waits between them. Holds no argument and no secret.

    `roomtone.Client(on_response=...)` is called with one after each call. A page is a call; a download is one up to the
    headers of its answer.

    Args:
        service: The service's boto3 name (`chime-sdk-meetings`) or `signalwire`.
        operation: The operation's name in the API (`CreateMeeting`).
        outcome: How it ended: `returned`, `raised` or `cancelled`.
        status: The HTTP status of the last answer; None when none came.
        request_id: The service's request id of the last answer, if one came.
        attempts: How many requests were sent or tried; 0 when the call was refused before sending.
        duration: Seconds from the call's begin to its end.
        error: What was raised: an error of roomtone's, or what a hook of the user's own HTTP client raised; None after
            a success and after a cancellation.
        host: The host that was called, without port; None when the call ended before it was known.
        port: Its port; None when it is not known.
        region: The region that was called; None for SignalWire, and when it is not known.
    """

    service: str
    operation: str
    outcome: OutcomeName
    status: int | None = None
    request_id: str | None = None
    attempts: int
    duration: float
    error: Exception | None = None
    host: str | None = None
    port: int | None = None
    region: str | None = None


class CallWatch(Protocol):
    """What telemetry makes of one call. Each method is called in the call's own task and context."""

    def attempt(self, attempt: Attempt) -> object:
        """An attempt is over, and it is decided what comes next."""
        ...

    def end(self, call: FinishedCall) -> object:
        """The call is over; nothing more comes of it."""
        ...


class Telemetry(Protocol):
    """What `roomtone.Client(telemetry=...)` takes; `roomtone.otel.OpenTelemetry` is one.

    Methods run in the event loop, so they must not block. What they raise is logged and changes nothing.
    """

    def begin(self, service: str, operation: str) -> CallWatch:
        """A call begins: names as in `FinishedCall`. What is made current here is so during the call's attempts."""
        ...
