"""From an answer to the operation's response, or to the error that it is. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from types import NoneType
from typing import Any, TypeVar, cast

from attrs import frozen

from roomtone._core.caching import cache
from roomtone._core.codec import ANSWERS, TOLERANT_ANSWERS, Codec, Misfit, dialect_of, members_of
from roomtone._core.content import is_encoded, is_readable
from roomtone._core.fast import Odd, loader
from roomtone._core.faults import ErrorTable, fault
from roomtone._core.jsontext import loads
from roomtone._core.operation import Operation, Reply, WireReply
from roomtone.errors import ApiError, DecodeError

__all__ = ["decode", "failure", "request_id"]

V = TypeVar("V")


def request_id(headers: Mapping[str, str]) -> str | None:
    """The service's id of a request, from the answer's headers."""
    for name in ("x-amzn-requestid", "x-amz-request-id", "x-request-id"):
        if headers.get(name):
            return headers[name]
    return None


def decode(operation: Operation[Any, V], reply: WireReply, errors: ErrorTable, *, now: datetime | None = None) -> V:
    """The response of a successful answer.

    Raises:
        ApiError: The status says error; the documented class under its meaning.
        DecodeError: The answer does not fit the response.
    """
    if not 200 <= reply.status < 300:
        raise failure(operation, reply, errors, now=now)
    if operation.response is NoneType:
        # What a service answers beside its status is its own affair, but a page is by somebody who stands before it.
        if reply.body and "html" in reply.headers.get("content-type", "").lower():
            raise unfit(operation, reply, "the answer does not fit: it is a page, which the service never sends")
        return cast("V", None)
    value, misfit = _read(operation.response, reply)
    if misfit is not None:
        raise unfit(operation, reply, f"the answer does not fit: {misfit}")
    return cast("V", value)


def _read(cls: type[V], reply: WireReply) -> tuple[V | None, str | None]:
    """The response, or what about it does not fit. Frames that hold parts of an answer do not hang on an error."""
    reader = _reader(cls)
    if not reply.body and reader.has_members:
        return None, f"{cls.__name__} is missing from the answer, which has no body"
    try:
        value = _loaded(cls, reader, reply.body)
    except Misfit as misfit:
        return None, f"{cls.__name__}{'.' if misfit.path else ''}{misfit.path} {misfit.reason}{_of_what(reply)}"
    except RecursionError:
        return None, "it is nested too deeply"
    if reader.tolerant and _is_blank(value):
        return None, f"it has no member of {cls.__name__}"
    return value, None


@frozen
class _Reader:
    """How a class of answers is read."""

    fast: Callable[[Any], Any]
    codec: Codec
    tolerant: bool
    has_members: bool


@cache
def _reader(cls: type[Any]) -> _Reader:
    tolerant = dialect_of(cls).tolerant
    return _Reader(loader(cls), TOLERANT_ANSWERS if tolerant else ANSWERS, tolerant, bool(members_of(cls)))


def _loaded(cls: type[V], reader: _Reader, body: bytes) -> V:
    content = json_object(body)
    # What is not escaped is UTF-8, so only an escape can be half of a character. A single byte is found the soonest.
    if b"\\" not in body or (b"\\ud" not in body and b"\\uD" not in body):
        try:
            value: V = reader.fast(content)
        except Odd:
            pass
        else:
            return value
    return reader.codec.load(cls, content)


def _of_what(reply: WireReply) -> str:
    """What kind of content it was, where it could not be read because it is none that was asked for."""
    if is_encoded(reply.headers) and not is_readable(reply.headers):
        return f"; its content encoding is {reply.headers['content-encoding'][:40]!r}, which was not asked for"
    if "html" in reply.headers.get("content-type", "").lower():
        return "; it is a page, so something on the way answered in the service's place"
    return ""


def _is_blank(value: object) -> bool:
    """Whether nothing was read. Tolerance forgives the lack of any member, not of them all: `{}` is no success."""
    return all(getattr(value, member.name) is None for member in members_of(type(value)))


def failure(
    operation: Operation[Any, Any], reply: WireReply, errors: ErrorTable, *, now: datetime | None = None
) -> ApiError:
    """The error that an answer without success is: the documented class under its meaning."""
    return fault(
        operation,
        reply,
        errors,
        content=lenient_json(reply.body),
        request_id=request_id(reply.headers),
        now=now or datetime.now(timezone.utc),
    )


def unfit(operation: Operation[Any, Any], reply: WireReply, message: str) -> DecodeError:
    """The error for an answer that does not fit; it carries the answer, and the service did carry out the request."""
    found = request_id(reply.headers)
    return DecodeError(
        message,
        reply=Reply(
            value=None, status=reply.status, headers=reply.headers, body=reply.body, request_id=found, attempts=0
        ),
        service=operation.service.name,
        operation=operation.name,
        request_id=found,
        maybe_processed=True,
    )


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a body; an empty body is an empty object, as it is for AWS."""
    if not body:
        return {}
    try:
        content = loads(body)
    except UnicodeDecodeError:
        raise Misfit("is not UTF-8") from None
    except ValueError:
        raise Misfit("is not JSON") from None
    if not isinstance(content, dict):
        raise Misfit(f"must be an object, not {type(content).__name__}")
    return content


def lenient_json(body: bytes) -> object:
    """What an error's body says: parsed JSON, else its text; None when it is empty."""
    text = body.decode(errors="replace")
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
