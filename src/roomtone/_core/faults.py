"""Errors of the service: from an answer to the documented class, under its meaning. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast, get_type_hints

from attrs import frozen

from roomtone import errors as e
from roomtone._core.caching import cache
from roomtone._core.codec import ANSWERS, Misfit, bare_type, dialect_of
from roomtone._core.dates import parse_http_date
from roomtone._core.naming import Case, wire_name
from roomtone._core.operation import AwsService, Operation, WireReply
from roomtone.errors import ApiError

__all__ = ["THROTTLING_CODES", "ErrorTable", "fault", "modelled_members"]


@frozen(kw_only=True)
class ErrorTable:
    """The errors of one service: a generated `errors` module names its own as `ERRORS`.

    Args:
        base: The service's base error, `IVSError`.
        documented: The service's documented errors by their code.
        meanings: For what is not documented: meaning -> the service's class of that meaning.
    """

    base: type[ApiError]
    documented: Mapping[str, type[ApiError]]
    meanings: Mapping[type[ApiError], type[ApiError]]


THROTTLING_CODES = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledClientException",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)

_AUTHENTICATION_CODES = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "RequestExpired",
        "RequestInTheFuture",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)

_MEANING_OF_STATUS: Mapping[int, type[ApiError]] = {
    401: e.AuthenticationError,
    402: e.QuotaExceededError,
    403: e.PermissionDeniedError,
    404: e.NotFoundError,
    409: e.ConflictError,
    410: e.NotFoundError,
    429: e.ThrottledError,
    502: e.UnavailableError,
    503: e.UnavailableError,
    504: e.UnavailableError,
}


def _meaning(status: int, code: str) -> type[ApiError] | None:
    """What an undocumented error means; None for a status that is no error's, such as a redirect."""
    if code in THROTTLING_CODES:
        return e.ThrottledError
    if code in _AUTHENTICATION_CODES:
        return e.AuthenticationError
    if status in _MEANING_OF_STATUS:
        return _MEANING_OF_STATUS[status]
    if 400 <= status < 500:
        return e.InvalidRequestError
    return e.ServiceFaultError if status >= 500 else None


@frozen
class _Told:
    """What an answer's body and headers tell of an error, whatever form the service gave them."""

    code: str
    message: str
    details: list[object]


def fault(
    operation: Operation[Any, Any],
    reply: WireReply,
    table: ErrorTable,
    *,
    content: object,
    request_id: str | None,
    now: datetime,
) -> ApiError:
    """The error that an answer is: documented if the service documents its code, else by meaning."""
    by_aws = isinstance(operation.service, AwsService)
    told = _told_by_aws(reply, content) if by_aws else _told_by_signalwire(content)
    code = told.code or str(reply.status)
    cls = table.documented.get(code)
    if cls is None:
        # SignalWire's status alone says what an error means: no word of its body may let a call be dialled again.
        meaning = _meaning(reply.status, code if by_aws else "")
        cls = table.base if meaning is None else table.meanings[meaning]
    throttled = issubclass(cls, e.ThrottledError)
    return cls(
        told.message,
        status=reply.status,
        code=code,
        retry_after=retry_after(reply.headers, now),
        headers=reply.headers,
        body=content,
        details=told.details,
        service=operation.service.name,
        operation=operation.name,
        request_id=request_id,
        # 503 and throttling say that the request was not taken on; any other 5xx says nothing of it.
        maybe_processed=reply.status >= 500 and reply.status != 503 and not throttled,
        **_members(cls, dialect_of(operation.request).shape, reply, content),
    )


def _mapping(content: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", content) if isinstance(content, dict) else {}


def _told_by_aws(reply: WireReply, content: object) -> _Told:
    body = _mapping(content)
    named = reply.headers.get("x-amzn-errortype") or _first_text(body, "code", "Code", "__type")
    code = named.partition(":")[0].rpartition("#")[2].strip()
    return _Told(code, _first_text(body, "message", "Message", "exceptionMessage"), [])


def _told_by_signalwire(content: object) -> _Told:
    """SignalWire's body shapes: one error, a list of errors, a list of sentences, each with parts missing; or none."""
    body = _mapping(content)
    listed = content if isinstance(content, list) else body.get("errors")
    if listed is None and body:
        listed = [body]
    details = cast("list[object]", listed) if isinstance(listed, list) else []
    errors = [body, *map(_mapping, details)]
    message = _first_text(body, "message") or "; ".join(text for error in details if (text := _sentence(error)))
    return _Told(next((code for error in errors if (code := _code(error))), ""), message, details)


def _code(error: Mapping[str, object]) -> str:
    code = error.get("code")
    return str(code) if isinstance(code, (str, int)) and not isinstance(code, bool) else ""


def _sentence(error: object) -> str:
    return error if isinstance(error, str) else _first_text(_mapping(error), "message")


def _first_text(body: Mapping[str, object], *names: str) -> str:
    return next((value for name in names if isinstance(value := body.get(name), str) and value), "")


@cache
def modelled_members(cls: type[ApiError], case: Case) -> tuple[tuple[str, str, Any], ...]:
    """The modelled members of a documented error: Python name, wire name, type."""
    hints = get_type_hints(cls)
    return tuple((name, wire_name(name, case), bare_type(hints[name])) for name in sorted(cls._member_names()))


def _members(cls: type[ApiError], case: Case, reply: WireReply, content: object) -> dict[str, Any]:
    body = _mapping(content)
    members: dict[str, Any] = {}
    for name, wire, hint in modelled_members(cls, case):
        header = cls._header_members.get(name)
        value = reply.headers.get(header) if header else body.get(wire)
        if value is None:
            continue
        try:
            members[name] = ANSWERS.load_hook(hint)(value, hint)
        except Misfit:
            # An error is told even when a part of it does not fit; its body carries what came.
            continue
    return members


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """How long the service asked to wait, in seconds.

    `x-amz-retry-after` is in milliseconds; `Retry-After` in seconds or a date.
    """
    milliseconds = _finite(headers.get("x-amz-retry-after"))
    if milliseconds is not None:
        return milliseconds / 1000
    asked = headers.get("retry-after")
    seconds = _finite(asked)
    if seconds is not None or asked is None:
        return seconds
    until = parse_http_date(asked)
    return None if until is None else max(0.0, (until - now).total_seconds())


def _finite(text: str | None) -> float | None:
    """A number that is no less than zero, or None."""
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
