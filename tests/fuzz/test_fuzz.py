"""Any answer and any argument: only errors of ours come out, and Python's TypeError for wrong keywords.

By default a few thousand cases; `nox -s fuzz` tries 100,000. `ROOMTONE_FUZZ` says how many examples each test tries.
"""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from attrs import define, evolve
from botocore import xform_name
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import roomtone
from flow.loopback import KEYS, REGION, Waits
from parity.shapes import Subject, answer_of, package_name, params_of, subjects
from roomtone import errors
from roomtone._core.codec import members_of
from roomtone._core.operation import Operation
from roomtone._http.exchange import Outgoing, Sending
from roomtone._http.incoming import Incoming, read_headers
from roomtone.signalwire import operations as signalwire_operations

pytestmark = pytest.mark.anyio

EXAMPLES = int(os.environ.get("ROOMTONE_FUZZ", "150"))
fuzzed = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)

SUBJECTS = subjects()
SIGNALWIRE: list[Operation[Any, Any]] = [one for one in signalwire_operations.OPERATIONS if not one.download]


class Chunks(AsyncIterator[bytes]):
    """A body as it comes, piece by piece."""

    def __init__(self, chunks: list[bytes]) -> None:
        self._left = list(chunks)

    async def __anext__(self) -> bytes:
        if not self._left:
            raise StopAsyncIteration
        return self._left.pop(0)


@define
class Answering:
    """A transport that gives one answer to everything."""

    status: int
    headers: list[tuple[bytes, bytes]]
    chunks: list[bytes]
    sent: int = 0

    async def open(self, outgoing: Outgoing, sending: Sending) -> Incoming:
        sending.begin()
        self.sent += 1
        # What is sent is HTTP: httpx would refuse anything else.
        url = f"{outgoing.scheme}://{outgoing.host}{outgoing.target}"
        httpx.Request(outgoing.method, url, headers=dict(outgoing.headers), content=outgoing.body)
        return Incoming(self.status, read_headers(self.headers), Chunks(self.chunks), self.aclose, self.aclose)

    async def aclose(self) -> None:
        pass

    def abandon(self) -> None:
        pass


async def outcome(operation: Operation[Any, Any], request: Any, transport: Answering) -> object:
    """What comes of a call over this transport; anything but our errors fails the test."""
    aws = roomtone.Aws(region=REGION, credentials=KEYS)
    signalwire = roomtone.SignalWire(space="acme", project_id="p", api_token="t")
    async with roomtone.Client(aws, signalwire, max_response_bytes=100_000) as live:
        Waits().of(live)
        client: Any = getattr(live, package_name(operation.service.name))
        live._connection._transport = transport
        try:
            reply = await client.send(request)
        except errors.RoomtoneError as error:
            str(error), repr(error)
            assert error.operation == operation.name
            assert error.attempts == transport.sent
            return error
        assert 200 <= transport.status < 300
        return reply.value


# Answers

keys = st.text(max_size=8)
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**300, 10**400)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["1e999999999", "-0", "NaN", "Infinity", "Sept", "9" * 5000, "2026-13-45", "true", "\ud800", "0x1"]
    )
)
trees = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3))
statuses = st.sampled_from(
    [200, 200, 200, 201, 202, 204, 100, 199, 301, 304, 400, 403, 404, 429, 500, 502, 503, 599, 999]
)
header_names = st.sampled_from(
    [
        b"content-type",
        b"content-length",
        b"content-encoding",
        b"x-amzn-errortype",
        b"x-amzn-requestid",
        b"retry-after",
        b"x-amz-retry-after",
        b"date",
        b"age",
        b"X-Request-Id",
    ]
) | st.binary(min_size=1, max_size=8)
header_values = st.binary(max_size=20) | st.sampled_from(
    [
        b"gzip",
        b"deflate",
        b"br",
        b"9" * 30,
        b"-1",
        b"text/html",
        b"nan",
        b"inf",
        b"1e400",
        b"Mon, 99 Foo 99999 25:61:61 GMT",
    ]
)
headers = st.lists(st.tuples(header_names, header_values), max_size=4)


@st.composite
def mutated(draw: st.DrawFn, tree: Any) -> Any:
    """A tree with one or two of its nodes replaced by something else."""
    for _ in range(draw(st.integers(1, 2))):
        tree = _replaced(draw, tree)
    return tree


def _replaced(draw: st.DrawFn, node: Any) -> Any:
    if isinstance(node, dict) and node and draw(st.booleans()):
        key = draw(st.sampled_from(sorted(node)))
        return {**node, key: _replaced(draw, node[key])}
    if isinstance(node, list) and node and draw(st.booleans()):
        at = draw(st.integers(0, len(node) - 1))
        return [*node[:at], _replaced(draw, node[at]), *node[at + 1 :]]
    return draw(trees)


def in_chunks(draw: st.DrawFn, content: bytes) -> list[bytes]:
    at = draw(st.integers(0, len(content)))
    return [content[:at], content[at:]]


def dumped(draw: st.DrawFn, tree: Any) -> bytes:
    content = json.dumps(tree).encode()
    return draw(st.sampled_from([content, content, content, content[:-1], b"\xef\xbb\xbf" + content, content + b"x"]))


@st.composite
def bodies(draw: st.DrawFn, right: Any) -> tuple[list[tuple[bytes, bytes]], list[bytes]]:
    """The headers and the chunks of a body: a mutation of the right one, any JSON, any bytes; packed or not."""
    content = draw(st.binary(max_size=200)) if draw(st.integers(0, 5)) == 0 else dumped(draw, draw(mutated(right)))
    lines = draw(headers)
    packing = draw(st.sampled_from(["", "", "gzip", "deflate"]))
    if packing:
        content = (gzip.compress if packing == "gzip" else zlib.compress)(content, 1)
        lines = [*lines, (b"content-encoding", packing.encode())]
    if draw(st.integers(0, 9)) == 0:
        content = content[: draw(st.integers(0, len(content)))]
    return lines, in_chunks(draw, content)


@given(st.sampled_from(SUBJECTS), statuses, st.data())
@fuzzed
async def test_any_answer_of_aws(one: Subject, status: int, data: st.DataObject) -> None:
    """Whatever AWS answers is the operation's response or an error of ours."""
    right = answer_of(one, "full") if one.model.output_shape is not None else {}
    lines, chunks = data.draw(bodies(json.loads(json.dumps(right, default=str))))
    request = roomtone.from_wire(one.operation.request, params_of(one, "minimal"))
    value = await outcome(one.operation, request, Answering(status, lines, chunks))
    if not isinstance(value, errors.RoomtoneError):
        assert value is None or isinstance(value, one.operation.response)
        if value is not None:
            roomtone.to_wire(value)


def filled(operation: Operation[Any, Any]) -> Any:
    """A request with every required member, all of them texts."""
    return operation.request(**{member.name: "x" for member in members_of(operation.request) if member.required})


def a_resource(operation: Operation[Any, Any]) -> Any:
    names = [member.wire for member in members_of(operation.response)] if operation.response is not type(None) else []
    return dict.fromkeys(names, "x")


@given(st.sampled_from(SIGNALWIRE), statuses, st.data())
@fuzzed
async def test_any_answer_of_signalwire(operation: Operation[Any, Any], status: int, data: st.DataObject) -> None:
    """The same for SignalWire, whose answers are read with tolerance."""
    lines, chunks = data.draw(bodies(a_resource(operation)))
    value = await outcome(operation, filled(operation), Answering(status, lines, chunks))
    if not isinstance(value, errors.RoomtoneError):
        assert value is None or isinstance(value, operation.response)
        if value is not None:
            roomtone.to_wire(value)


# Arguments

odd = (
    trees
    | st.binary(max_size=5)
    | st.sampled_from([object(), int, {1, 2}, (1,), float("nan"), "..", "", "\x00", "a\r\nb: c"])
)


@given(st.sampled_from(SUBJECTS), st.data())
@fuzzed
async def test_any_argument_of_aws(one: Subject, data: st.DataObject) -> None:
    """Whatever stands in a member of a request is sent, or refused by a RequestError before anything is sent."""
    request = roomtone.from_wire(one.operation.request, params_of(one, "minimal"))
    await check_arguments(one.operation, request, data)


@given(st.sampled_from(SIGNALWIRE), st.data())
@fuzzed
async def test_any_argument_of_signalwire(operation: Operation[Any, Any], data: st.DataObject) -> None:
    """The same for SignalWire's forms and paths."""
    await check_arguments(operation, filled(operation), data)


async def check_arguments(operation: Operation[Any, Any], request: Any, data: st.DataObject) -> None:
    members = members_of(operation.request)
    for member in data.draw(st.lists(st.sampled_from(members), max_size=3)) if members else ():
        request = evolve(request, **{member.name: data.draw(odd)})
    transport = Answering(400, [], [b"{}"])
    error = await outcome(operation, request, transport)
    assert isinstance(error, errors.RoomtoneError)
    if not transport.sent:
        assert isinstance(error, errors.RequestError)
        assert error.message


@given(st.sampled_from(SUBJECTS), st.data())
@fuzzed
def test_any_mapping(one: Subject, data: st.DataObject) -> None:
    """`from_wire` makes a request or a response of any mapping, or refuses it by a RequestError."""
    wrong = data.draw(mutated(params_of(one, "full")))
    classes = [one.operation.request, one.operation.response]
    cls = data.draw(st.sampled_from([cls for cls in classes if cls is not type(None)]))
    try:
        roomtone.to_wire(roomtone.from_wire(cls, wrong))
    except errors.RequestError as error:
        assert error.message


@pytest.mark.filterwarnings("ignore:.*is deprecated in the API")
@given(st.sampled_from(SUBJECTS), keys.filter(str.isidentifier), trees)
@fuzzed
def test_a_wrong_keyword_is_pythons_own_error(one: Subject, name: str, value: Any) -> None:
    """A keyword that no member has is a TypeError, as everywhere in Python."""
    client: Any = getattr(roomtone.Client(), package_name(one.service))
    method = getattr(client, xform_name(one.model.name))
    if name not in {member.name for member in members_of(one.operation.request)}:
        with pytest.raises(TypeError):
            method(**{name: value})
