"""The error tree. Knows nothing but Python.

    RoomtoneError
    ├── ConfigurationError               no region, no credentials, a bad space
    ├── RequestError (ValueError)        refused before anything was sent
    ├── ClientClosedError                used after close, in another event loop, after fork
    ├── TransportError                   nothing usable came back
    │   ├── ConnectError (ConnectionError)
    │   ├── TimeoutError (builtins.TimeoutError)
    │   └── ProtocolError
    ├── DecodeError                      an answer that does not fit
    │   ├── ResponseTooLargeError
    │   └── PaginationError
    ├── WaitError                        what was waited for did not come
    │   ├── WaitTimeoutError (builtins.TimeoutError)
    │   └── WaitFailedError
    └── ApiError                         the service answered with an error
        ├── InvalidRequestError
        ├── AuthenticationError
        ├── PermissionDeniedError
        ├── NotFoundError
        ├── ConflictError
        ├── QuotaExceededError
        ├── ThrottledError
        ├── ServiceFaultError
        └── UnavailableError

Every service adds a base of its own (`IVSError`) and its documented errors; each of them has two bases, the service's
and one of the meanings above, so a caller catches by service or by meaning.
"""

from __future__ import annotations

import builtins
import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

if TYPE_CHECKING:
    from roomtone._core.operation import Reply

__all__ = [
    "ApiError",
    "AuthenticationError",
    "ClientClosedError",
    "ConfigurationError",
    "ConflictError",
    "ConnectError",
    "DecodeError",
    "InvalidRequestError",
    "NotFoundError",
    "PaginationError",
    "PermissionDeniedError",
    "ProtocolError",
    "QuotaExceededError",
    "RequestError",
    "ResponseTooLargeError",
    "RoomtoneError",
    "ServiceFaultError",
    "ThrottledError",
    "TimeoutError",
    "TransportError",
    "UnavailableError",
    "WaitError",
    "WaitFailedError",
    "WaitTimeoutError",
]

_E = TypeVar("_E", bound="RoomtoneError")


def _rebuild(cls: type[_E], args: tuple[object, ...], state: dict[str, object]) -> _E:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class RoomtoneError(Exception):
    """The base of every error that roomtone raises.

    Attributes:
        message: What happened, in words.
        service: The service's boto3 name (`chime-sdk-meetings`) or `signalwire`; None outside a call.
        operation: The operation's name in the API (`CreateMeeting`); None outside a call.
        attempts: How many requests were sent or tried; 0 when the call was refused before sending.
        request_id: The service's request id of the last answer, if one came.
        maybe_processed: True when the service could have carried the request out all the same.
    """

    message: str
    service: str | None
    operation: str | None
    attempts: int
    request_id: str | None
    maybe_processed: bool

    def __init__(
        self,
        message: str = "",
        *,
        service: str | None = None,
        operation: str | None = None,
        attempts: int = 0,
        request_id: str | None = None,
        maybe_processed: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.service = service
        self.operation = operation
        self.attempts = attempts
        self.request_id = request_id
        self.maybe_processed = maybe_processed

    def _headline(self) -> str:
        return self.message

    def __str__(self) -> str:
        where = ".".join(part for part in (self.service, self.operation) if part)
        notes: list[str] = []
        if self.request_id:
            notes.append(f"request id {self.request_id}")
        if self.attempts > 1:
            notes.append(f"{self.attempts} attempts")
        if self.maybe_processed:
            notes.append("the service may have carried it out")
        text = f"{where}: {self._headline()}" if where else self._headline()
        return f"{text} ({', '.join(notes)})" if notes else text

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.args, dict(self.__dict__))


class ConfigurationError(RoomtoneError):
    """A region, credentials, an endpoint or a space is missing or malformed; the message says how to mend it."""


class RequestError(RoomtoneError, ValueError):
    """An argument was refused before anything was sent; the message names the member, never a secret value.

    Attributes:
        member: The path of the member that was refused (`attendees[3].external_user_id`), if one is to blame.
    """

    member: str | None

    def __init__(
        self, message: str = "", *, member: str | None = None, service: str | None = None, operation: str | None = None
    ) -> None:
        super().__init__(message, service=service, operation=operation)
        self.member = member


class ClientClosedError(RoomtoneError):
    """The client was used after `aclose()`, in another event loop than the one that opened it, or after a fork."""


class TransportError(RoomtoneError):
    """Nothing usable came back from the other side."""


class ConnectError(TransportError, ConnectionError):
    """No connection was made, so the request was surely never sent."""


class TimeoutError(TransportError, builtins.TimeoutError):
    """The call, or its last attempt, ran out of its time."""


class ProtocolError(TransportError):
    """The answer was no HTTP, or it broke off."""


class DecodeError(RoomtoneError):
    """An answer came that does not fit the operation's response.

    Attributes:
        reply: The answer as it came, its `value` being None; None when there was no single answer to blame.
    """

    reply: Reply[None] | None

    def __init__(
        self,
        message: str = "",
        *,
        reply: Reply[None] | None = None,
        service: str | None = None,
        operation: str | None = None,
        attempts: int = 0,
        request_id: str | None = None,
        maybe_processed: bool = False,
    ) -> None:
        super().__init__(
            message,
            service=service,
            operation=operation,
            attempts=attempts,
            request_id=request_id,
            maybe_processed=maybe_processed,
        )
        self.reply = reply


class ResponseTooLargeError(DecodeError):
    """The answer is larger than the limit; it was not read to its end."""


class PaginationError(DecodeError):
    """A page's token repeats, or its link leads elsewhere, so following it would never end or would go astray."""


class WaitError(RoomtoneError):
    """What `wait_until` waited for did not come. Each poll was answered, or found nothing; a failed one raises its own.

    Attributes:
        last: The last response that came, of the type that is fetched; None when none did.
        state: The state in it, where what was waited for has named states.
        polls: How many polls were made.
    """

    last: Any  # an exception has no type parameters; whoever catches it knows what was fetched
    state: str | None
    polls: int

    def __init__(self, message: str = "", *, last: object = None, state: str | None = None, polls: int = 0) -> None:
        super().__init__(message)
        self.last = last
        self.state = state
        self.polls = polls


class WaitTimeoutError(WaitError, builtins.TimeoutError):
    """It did not come in time."""


class WaitFailedError(WaitError):
    """It cannot come any more: the last response is in a state that ends the wait."""


class ApiError(RoomtoneError):
    """The service answered with an error.

    Attributes:
        status: The HTTP status. A documented error built by hand has the status its service documents.
        code: The service's error code, resolved (`NotFoundException`); the status as a string when it sent none.
        retry_after: How long the service asked to wait, in seconds; None when it did not say.
        headers: The answer's headers, names in lower case.
        body: The answer's body: parsed JSON, or the text when it was none; None when it was empty.
        details: SignalWire's errors one by one as they came, mappings or sentences; empty for the other services.
    """

    status: int | None = None
    code: str = ""
    retry_after: float | None
    headers: Mapping[str, str]
    body: object
    details: list[object]

    _header_members: ClassVar[Mapping[str, str]] = {}
    """Modelled members that arrive in a header: Python name -> header name in lower case."""

    def __init__(
        self,
        message: str = "",
        *,
        status: int | None = None,
        code: str | None = None,
        retry_after: float | None = None,
        headers: Mapping[str, str] | None = None,
        body: object = None,
        details: list[object] | None = None,
        service: str | None = None,
        operation: str | None = None,
        attempts: int = 0,
        request_id: str | None = None,
        maybe_processed: bool = False,
        **members: object,
    ) -> None:
        super().__init__(
            message,
            service=service,
            operation=operation,
            attempts=attempts,
            request_id=request_id,
            maybe_processed=maybe_processed,
        )
        unknown = members.keys() - self._member_names()
        if unknown:
            raise TypeError(f"{type(self).__name__}() got an unexpected keyword argument {min(unknown)!r}")
        if status is not None:
            self.status = status
        if code is not None:
            self.code = code
        self.retry_after = retry_after
        self.headers = dict(headers or {})
        self.body = body
        self.details = list(details or ())
        self.__dict__.update(members)

    @classmethod
    def _member_names(cls) -> frozenset[str]:
        """The modelled members of a documented error: what its own class body annotates."""
        return frozenset(inspect.get_annotations(cls)) - _API_ERROR_ATTRIBUTES

    def _headline(self) -> str:
        label = self.code or type(self).__name__
        if self.status is not None and label != str(self.status):
            label = f"{label} (HTTP {self.status})"
        return f"{label}: {self.message}" if self.message else label


_API_ERROR_ATTRIBUTES = frozenset(inspect.get_annotations(ApiError))


class InvalidRequestError(ApiError):
    """The service refused the request as malformed or not allowed in the resource's state."""


class AuthenticationError(ApiError):
    """The service does not accept who is asking: wrong, expired or missing credentials."""


class PermissionDeniedError(ApiError):
    """The service knows who is asking and does not allow it."""


class NotFoundError(ApiError):
    """The resource does not exist, or no longer."""


class ConflictError(ApiError):
    """The resource is in a state, or has a name, that the request conflicts with."""


class QuotaExceededError(ApiError):
    """A quota of the account is used up; repeating the call does not help."""


class ThrottledError(ApiError):
    """Too many requests; the call was not carried out and may be repeated later."""


class ServiceFaultError(ApiError):
    """The service failed."""


class UnavailableError(ApiError):
    """The service is not available at the moment."""
