"""The wire from its other end: the request that was sent, and the answer to give. Pure; doubles of services use it.

`encode` and `decode` are the client's side. Here a path's labels, a query and a body become the typed request, and a
response or an error becomes the bytes that the service would answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Any, TypeVar, get_args, get_origin
from urllib.parse import parse_qsl

from roomtone._core.codec import (
    ANSWERS,
    REQUESTS,
    TOLERANT_ANSWERS,
    Codec,
    Dump,
    Member,
    Misfit,
    dialect_of,
    members_of,
)
from roomtone._core.decode import json_object
from roomtone._core.faults import modelled_members
from roomtone._core.model import NUMBERED, SEPARATOR
from roomtone._core.operation import AwsService, Operation, Service, WireReply
from roomtone.errors import ApiError

__all__ = ["MediaBody", "error_reply", "read_request", "reply"]

RequestT = TypeVar("RequestT")

_JSON = {"content-type": "application/json"}

# ivs and ivs-realtime are alone in this; a client that looks for `message` only finds nothing there.
_MESSAGE_KEYS = {"ivs": "exceptionMessage", "ivs-realtime": "exceptionMessage", "ivschat": "message"}


class _Whole(Codec):
    """Dumps what is None as null, where other codecs leave it out: SignalWire's answers name all their members."""

    def _dump_shape(self, cls: type[Any]) -> Dump:
        dump, names = super()._dump_shape(cls), [member.wire for member in members_of(cls)]
        return lambda value: {**dict.fromkeys(names), **dump(value)}


_ISO_8601 = _Whole(tolerant=True)
_RFC_2822 = _Whole(tolerant=True)
_RFC_2822.converter.register_unstructure_hook(datetime, format_datetime)


def read_request(
    operation: Operation[Any, Any],
    *,
    labels: Mapping[str, str],
    query: str,
    headers: Mapping[str, str],
    body: bytes,
) -> Any:
    """The typed request that was sent.

    Args:
        operation: What was called.
        labels: The path's labels, decoded.
        query: The query as it was sent, without `?`.
        headers: The headers, names in lower case.
        body: The body as it was sent.

    Raises:
        Misfit: The request does not fit the operation.
    """
    members = {member.name: member for member in members_of(operation.request)}
    sent: dict[str, Any] = dict(_body(operation, members.values(), body))
    texts = _texts(query)
    for name, label in operation.labels.items():
        sent[members[name].wire] = labels.get(label)
    for name, header in operation.headers.items():
        sent[members[name].wire] = headers.get(header)
    for name, key in operation.query.items():
        sent[members[name].wire] = _under(members[name], texts.get(key))
    return REQUESTS.load(operation.request, sent)


def _body(operation: Operation[Any, Any], members: Iterable[Member], body: bytes) -> Mapping[str, Any]:
    if operation.body is None:
        return {}
    if operation.body == "json":
        return json_object(body)
    texts = _texts(body.decode("latin-1"))
    sent: dict[str, Any] = {}
    for member in members:
        prefix = member.metadata.get(NUMBERED)
        found = _numbered(prefix, texts) if prefix else _under(member, texts.pop(member.wire, None))
        if found is not None:
            sent[member.wire] = found
    # What is left has no member; the codec says so, and what was meant.
    return {**texts, **sent}


def _texts(encoded: str) -> dict[str, list[str]]:
    """The texts under each name of a query or form."""
    texts: dict[str, list[str]] = {}
    try:
        for name, text in parse_qsl(encoded, keep_blank_values=True, errors="strict"):
            texts.setdefault(name, []).append(text)
    except UnicodeDecodeError:
        raise Misfit("is not UTF-8") from None
    return texts


def _numbered(prefix: str, texts: dict[str, list[str]]) -> dict[str, str] | None:
    """`Parameter1.Name` and `Parameter1.Value` as one mapping, taken out of the texts."""
    pattern = re.compile(rf"{prefix}([1-9][0-9]?)\.Name")
    numbers = sorted(int(match[1]) for name in texts if (match := pattern.fullmatch(name)))
    pairs: dict[str, str] = {}
    for number in numbers:
        name = texts.pop(f"{prefix}{number}.Name")[-1]
        pairs[name] = texts.pop(f"{prefix}{number}.Value", [""])[-1]
    return pairs or None


def _under(member: Member, texts: Sequence[str] | None) -> Any:
    """What texts mean as a value of a member: Misfit under its name."""
    if texts is None:
        return None
    try:
        return _value(member, texts)
    except Misfit as misfit:
        raise misfit.under(member.name) from None


def _value(member: Member, texts: Sequence[str]) -> Any:
    if get_origin(member.type) not in (list, Sequence):
        return _typed(texts[-1], member.type)
    item = get_args(member.type)[0]
    separator = member.metadata.get(SEPARATOR)
    parts = texts if separator is None else [part for text in texts for part in text.split(separator)]
    return [_typed(part, item) for part in parts]


def _typed(text: str, hint: Any) -> Any:
    return TOLERANT_ANSWERS.load_hook(hint)(text, hint)


class MediaBody(bytes):
    """The answer of a download: bytes, and what they are."""

    content_type: str

    def __new__(cls, content: bytes, content_type: str) -> MediaBody:
        made = super().__new__(cls, content)
        made.content_type = content_type
        return made


def reply(value: object, *, status: int, iso_dates: bool = False) -> WireReply:
    """A response as the service would answer it. Raises Misfit.

    Args:
        value: The response; None gives an answer without a body.
        status: Its status; 204 allows no body.
        iso_dates: For SignalWire: dates as ISO 8601 instead of RFC 2822.
    """
    if value is None or status == 204:
        return WireReply(status, {}, b"")
    if isinstance(value, MediaBody):
        return WireReply(status, {"content-type": value.content_type}, bytes(value))
    tolerant = _ISO_8601 if iso_dates else _RFC_2822
    codec = tolerant if dialect_of(type(value)).tolerant else ANSWERS
    return WireReply(status, _JSON, _dumped(codec.dump(value)))


def error_reply(service: Service, error: ApiError) -> WireReply:
    """An error in the wire form of the service."""
    status = error.status or 500
    if isinstance(service, AwsService):
        headers = {**_JSON, "x-amzn-errortype": error.code}
        return _with_members(service, error, WireReply(status, headers, b""))
    if error.body is not None:
        return WireReply(status, _JSON, _dumped(error.body))
    if error.details:
        return WireReply(status, _JSON, _dumped({"errors": error.details}))
    code: object = int(error.code) if error.code.isdecimal() else error.code or status
    told = {"code": code, "message": error.message, "more_info": "", "status": status}
    return WireReply(status, _JSON, _dumped(told))


def _with_members(service: AwsService, error: ApiError, bare: WireReply) -> WireReply:
    key = _MESSAGE_KEYS.get(service.name)
    body: dict[str, Any] = {key: error.message} if key else {"Code": error.code, "Message": error.message}
    headers = dict(bare.headers)
    for name, wire, hint in modelled_members(type(error), "camel" if key else "pascal"):
        value = getattr(error, name)
        header = type(error)._header_members.get(name)
        if header and value is not None:
            headers[header] = str(value)
        elif value is not None:
            body[wire] = ANSWERS.dump_hook(hint)(value)
    return WireReply(bare.status, headers, _dumped(body))


def _dumped(content: object) -> bytes:
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
