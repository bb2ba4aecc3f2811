"""From an operation and its request to the bytes that are sent, the same on every attempt. Pure."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import attrs

from roomtone._core.caching import cache
from roomtone._core.codec import REQUESTS, Dump, Member, Misfit, check_one_of, members_of
from roomtone._core.fast import Odd, dumper
from roomtone._core.form import text_pairs
from roomtone._core.jsontext import dumps
from roomtone._core.model import NUMBERED, SEPARATOR, OneOf, Request
from roomtone._core.operation import MAX_TARGET, Headers, Operation, WireRequest
from roomtone.errors import RequestError

__all__ = ["encode", "new_token", "refused"]

CONTENT_TYPES = {"json": "application/json", "form": "application/x-www-form-urlencoded"}

_UNRESERVED = "-._~"
_PLAIN = re.compile(r"[A-Za-z0-9._~-]*")
"""What is sent as it is, as most ids are."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PART = re.compile(r"\{(\.?)(\w+)\}|[^{]+")


def new_token() -> str:
    """A new idempotency token."""
    return str(uuid.uuid4())


@attrs.frozen
class _Label:
    """A part of a path that a request fills in."""

    name: str
    member: Member | None
    """None for what is the same in all of a client's requests."""
    dot: str
    """A dot where this is an ending, `{.Format}`, which alone may be absent."""


@attrs.frozen
class _Plan:
    """What an operation's record says about each member, worked out once."""

    path: tuple[str | _Label, ...]
    query: tuple[tuple[Member, str], ...]
    headers: tuple[tuple[Member, str], ...]
    body: tuple[tuple[Member, Dump], ...]
    fast_body: Callable[[Any], dict[str, Any]]
    fixed_query: str
    one_of: bool
    """Whether the request itself is a union."""


@cache
def _plan(operation: Operation[Any, Any]) -> _Plan:
    members = {member.name: member for member in members_of(operation.request)}
    placed = {*operation.labels, *operation.query, *operation.headers}
    path, _, fixed_query = operation.path.partition("?")
    in_body = tuple(name for name in members if name not in placed)
    by_label = {label: members[name] for name, label in operation.labels.items()}
    return _Plan(
        path=tuple(
            _Label(part[2], by_label.get(part[2]), part[1]) if part[2] else part[0] for part in _PART.finditer(path)
        ),
        query=tuple((members[name], key) for name, key in operation.query.items()),
        headers=tuple((members[name], header) for name, header in operation.headers.items()),
        body=tuple((members[name], REQUESTS.member_dump_hook(members[name])) for name in in_body),
        fast_body=dumper(operation.request, in_body),
        fixed_query=fixed_query,
        one_of=issubclass(operation.request, OneOf),
    )


def encode(
    operation: Operation[Any, Any],
    request: Request[object],
    *,
    account_sid: str | None = None,
    make_token: Callable[[], str] | None = None,
) -> WireRequest:
    """The request on the wire.

    Args:
        operation: What the API does.
        request: Its request.
        account_sid: SignalWire's project id, which fills the label `AccountSid`.
        make_token: Makes the idempotency token when the request has none; `new_token` when left out.

    Raises:
        RequestError: The request does not fit the operation; names the member, never its value.
    """
    if not isinstance(request, operation.request):
        raise RequestError(
            f"takes a {operation.request.__name__}, not {type(request).__name__}",
            service=operation.service.name,
            operation=operation.name,
        )
    if operation.token and getattr(request, operation.token) is None:
        request = attrs.evolve(request, **{operation.token: (make_token or new_token)()})
    try:
        return _wire_request(operation, request, {} if account_sid is None else {"AccountSid": account_sid})
    except Misfit as misfit:
        error = refused(misfit, operation)
    # Outside of the handler: the frames behind a misfit hold values, and the error is to carry none of them along.
    raise error


def _wire_request(
    operation: Operation[Any, Any], request: Request[object], constants: Mapping[str, str]
) -> WireRequest:
    plan = _plan(operation)
    if plan.one_of:
        check_one_of(operation.request, request)
    path = _path(plan, request, constants)
    query = _query(plan, request)
    if len(path) + len(query) > MAX_TARGET:
        raise Misfit(f"is too long: path and query have more than {MAX_TARGET:,} characters")
    headers = Headers(_headers(plan, request))
    body = _body(operation, plan, request)
    if operation.body is not None:
        headers["content-type"] = CONTENT_TYPES[operation.body]
    return WireRequest(operation.method, path, query, headers, body)


def refused(misfit: Misfit, operation: Operation[Any, Any]) -> RequestError:
    """The error a user sees for a misfit in a request."""
    subject = misfit.path or operation.request.__name__
    return RequestError(
        f"{subject} {misfit.reason}",
        member=misfit.path or None,
        service=operation.service.name,
        operation=operation.name,
    )


def _value(request: Request[object], member: Member) -> Any:
    value = getattr(request, member.name)
    if value is None and member.required:
        raise Misfit("is required", member.name)
    return value


def _path(plan: _Plan, request: Request[object], constants: Mapping[str, str]) -> str:
    return "".join([part if isinstance(part, str) else _label(part, request, constants) for part in plan.path])


def _label(label: _Label, request: Request[object], constants: Mapping[str, str]) -> str:
    if label.member is None:
        return _path_segment(constants[label.name], label.name)
    value = _value(request, label.member)
    if value is None and label.dot:
        return ""
    if not isinstance(value, str):
        raise Misfit(f"must be a str, not {type(value).__name__}", label.member.name)
    return label.dot + _path_segment(value, label.member.name)


def _path_segment(value: str, name: str) -> str:
    # An empty or dot segment would be another path to whoever normalises it: another operation, or another resource.
    if value in ("", ".", ".."):
        raise Misfit("must not be empty, '.' or '..', because it is a part of the path", name)
    return _quoted(value, name)


def _quoted(value: str, name: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    try:
        return quote(value, safe=_UNRESERVED)
    except UnicodeEncodeError:
        raise Misfit("must be text that UTF-8 can carry; it holds a lone surrogate", name) from None


def _query(plan: _Plan, request: Request[object]) -> str:
    parts = [plan.fixed_query] if plan.fixed_query else []
    for member, key in plan.query:
        for pair_key, text in _pairs(key, _value(request, member), REQUESTS.dump_hook(member.type), member):
            parts.append(f"{_quoted(pair_key, member.name)}={_quoted(text, member.name)}")
    return "&".join(parts)


def _headers(plan: _Plan, request: Request[object]) -> Iterable[tuple[str, str]]:
    for member, header in plan.headers:
        value = _value(request, member)
        if value is None:
            continue
        if not isinstance(value, str):
            raise Misfit(f"must be a str, not {type(value).__name__}", member.name)
        yield header, checked_header(value, member.name)


def checked_header(value: str, name: str) -> str:
    """A header's value that stays one header: no control characters, no white space around it. Raises Misfit."""
    if _CONTROL.search(value) or value != value.strip():
        raise Misfit("must not hold control characters such as CR or LF, nor white space around it", name)
    _quoted(value, name)
    return value


def _body(operation: Operation[Any, Any], plan: _Plan, request: Request[object]) -> bytes:
    if operation.body is None:
        return b""
    if operation.body == "form":
        pairs = [
            pair for member, hook in plan.body for pair in _pairs(member.wire, _value(request, member), hook, member)
        ]
        return urlencode(pairs).encode()
    try:
        return dumps(plan.fast_body(request))
    except (Odd, UnicodeEncodeError):
        pass
    members: dict[str, Any] = {}
    for member, hook in plan.body:
        value = _value(request, member)
        if value is not None:
            members[member.wire] = _dumped(hook, value, member)
    return dumps(members)


def _dumped(hook: Dump, value: object, member: Member) -> Any:
    try:
        return hook(value)
    except Misfit as misfit:
        raise misfit.under(member.name) from None


def _pairs(key: str, value: object, hook: Dump, member: Member) -> list[tuple[str, str]]:
    if value is None:
        return []
    dumped = _dumped(hook, value, member)
    try:
        return text_pairs(
            key, dumped, separator=member.metadata.get(SEPARATOR), numbered=member.metadata.get(NUMBERED, "")
        )
    except ValueError as error:
        raise Misfit(str(error), member.name) from None
