"""What can become of one attempt: an answer in its service's wire form, or a failure on the way. Knows the wire."""

from __future__ import annotations

import copy
import json as jsontext
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, TypeAlias

import httpx
from attrs import frozen

from roomtone import errors
from roomtone._core.decode import failure
from roomtone._core.faults import ErrorTable
from roomtone._core.mirror import error_reply
from roomtone._core.operation import AwsService, Operation, WireReply
from roomtone.errors import ApiError

__all__ = [
    "Answer",
    "Outcome",
    "UnexpectedCallError",
    "UnmockedCallError",
    "connect_error",
    "documented_error",
    "raw",
    "throttled",
    "timeout",
]

Answer: TypeAlias = "WireReply | httpx.TransportError"
"""What one attempt ends with: bytes, or an exception of the transport's."""

_STATUSES: tuple[tuple[type[ApiError], int], ...] = (
    (errors.InvalidRequestError, 400),
    (errors.AuthenticationError, 401),
    (errors.QuotaExceededError, 402),
    (errors.PermissionDeniedError, 403),
    (errors.NotFoundError, 404),
    (errors.ConflictError, 409),
    (errors.ThrottledError, 429),
    (errors.ServiceFaultError, 500),
    (errors.UnavailableError, 503),
)
"""The status of an error that was built without one, by its meaning."""


class UnexpectedCallError(AssertionError):
    """A call that its mock does not take: unsigned, malformed, with a strange page token, or one too many."""


class UnmockedCallError(UnexpectedCallError):
    """A call that nothing answers; the message has its typed request, the nearest route and what to write."""


@frozen(repr=False, eq=False)
class Outcome:
    """What becomes of one attempt, of any operation: `throttled()`, `timeout()`, `connect_error()` or `raw(...)`."""

    _name: str
    _settle: Callable[[Operation[Any, Any], ErrorTable], Answer]

    def settled(self, operation: Operation[Any, Any], table: ErrorTable) -> Answer:
        """What it is for an operation."""
        return self._settle(operation, table)

    def __repr__(self) -> str:
        return f"<roomtone.testing.Outcome {self._name}>"


def throttled(*, retry_after: float | None = None) -> Outcome:
    """The service has too many requests: its documented error for that, or HTTP 429 where it documents none.

    Args:
        retry_after: Seconds that it asks to wait; sent as `Retry-After`.
    """

    def settle(operation: Operation[Any, Any], table: ErrorTable) -> Answer:
        documented = [table.documented[name] for name in operation.errors if name in table.documented]
        cls = next((one for one in documented if issubclass(one, errors.ThrottledError)), None)
        if cls is not None:
            return _wire_error(operation, cls("Rate exceeded", retry_after=retry_after))
        code = "ThrottlingException" if isinstance(operation.service, AwsService) else "429"
        meant = table.meanings[errors.ThrottledError]
        return _wire_error(operation, meant("Rate exceeded", status=429, code=code, retry_after=retry_after))

    return Outcome("throttled", settle)


def timeout() -> Outcome:
    """The request is sent, and no answer comes in the time of the attempt. Nothing waits for it."""
    return Outcome("timeout", lambda _operation, _table: httpx.ReadTimeout("the mock lets the answer be late"))


def connect_error() -> Outcome:
    """No connection is made, so the request is never sent."""
    return Outcome("connect_error", lambda _operation, _table: httpx.ConnectError("the mock refuses the connection"))


def raw(
    status: int,
    *,
    json: object = None,
    text: str | None = None,
    html: str | None = None,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Outcome:
    """An answer as it stands, whatever the operation documents: a proxy's page, an undocumented error, broken JSON.

    Args:
        status: The HTTP status.
        json: A body as JSON; None for none.
        text: A body as plain text.
        html: A body as a page.
        content: A body as bytes.
        headers: Headers, before those that the body brings.

    Raises:
        ValueError: More than one body.
    """
    kinds = {
        "application/json": None if json is None else jsontext.dumps(json).encode(),
        "text/plain; charset=utf-8": None if text is None else text.encode(),
        "text/html; charset=utf-8": None if html is None else html.encode(),
        "application/octet-stream": content,
    }
    bodies = {kind: body for kind, body in kinds.items() if body is not None}
    if len(bodies) > 1:
        raise ValueError("raw takes one of json, text, html and content")
    given = {name.lower(): value for name, value in (headers or {}).items()}
    kind, body = next(iter(bodies.items()), ("", b""))
    reply = WireReply(status, {"content-type": kind, **given} if kind else given, body)
    return Outcome(f"raw {status}", lambda _operation, _table: reply)


def documented_error(operation: Operation[Any, Any], table: ErrorTable, error: ApiError) -> WireReply:
    """An error of the service in its wire form.

    Raises:
        ValueError: The service does not document it, or what a client makes of it is another error.
    """
    documented = _documented(operation, table)
    if type(error) not in documented:
        raise ValueError(
            f"{operation.service.name} does not document {type(error).__name__}; it documents "
            f"{', '.join(sorted(cls.__name__ for cls in documented))}. "
            "raw(...) answers anything, throttled() what every service can answer"
        )
    reply = _wire_error(operation, error)
    arrives = failure(operation, reply, table)
    if type(arrives) is not type(error):
        raise ValueError(
            f"HTTP {reply.status} {error.code} arrives as {type(arrives).__name__}, not as {type(error).__name__}: "
            "give the error another status and code, or none"
        )
    return reply


def _documented(operation: Operation[Any, Any], table: ErrorTable) -> set[type[ApiError]]:
    """The errors that a service documents: by their codes, or SignalWire's, by their meaning."""
    if isinstance(operation.service, AwsService):
        return {*table.documented.values()}
    operations: tuple[Operation[Any, Any], ...] = import_module("roomtone.signalwire.operations").OPERATIONS
    names = {name for one in operations for name in one.errors}
    return {cls for cls in table.meanings.values() if cls.__name__ in names}


def _wire_error(operation: Operation[Any, Any], error: ApiError) -> WireReply:
    if error.status is None:
        error = copy.copy(error)
        error.status = next(status for meaning, status in _STATUSES if isinstance(error, meaning))
    reply = error_reply(operation.service, error)
    wait = {} if error.retry_after is None else {"retry-after": f"{error.retry_after:g}"}
    return WireReply(reply.status, {**reply.headers, **wait}, reply.body)
