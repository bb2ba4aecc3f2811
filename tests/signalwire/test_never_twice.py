"""A call is never dialled twice: over real sockets, with a server that counts what reaches it and loses its answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, get_origin, get_type_hints

import anyio
import attrs
import pytest

import roomtone
from flow.loopback import (
    Handler,
    Received,
    Waits,
    answering,
    default_tls,
    message,
    serving,
    silent,
    then_close,
    then_reset,
    unused_port,
)
from roomtone import errors
from roomtone._core.codec import bare_type
from roomtone._core.operation import Operation
from roomtone.signalwire import operations

pytestmark = pytest.mark.anyio

Act = Callable[[roomtone.Client], Awaitable[Any]]


async def dial(live: roomtone.Client) -> Any:
    return await live.signalwire.calls.create(to="+15550100", from_="+15550101", url="https://me.example/cxml")


async def text(live: roomtone.Client) -> Any:
    return await live.signalwire.messages.create(to="+15550100", from_="+15550101", body="hello")


async def fax(live: roomtone.Client) -> Any:
    return await live.signalwire.faxes.create(to="+15550100", from_="+15550101", media_url="https://me.example/f.pdf")


async def look(live: roomtone.Client) -> Any:
    return await live.signalwire.calls.get("CA1")


async def delete(live: roomtone.Client) -> Any:
    return await live.signalwire.calls.delete("CA1")


CREATES = pytest.mark.parametrize("act", [dial, text, fax], ids=lambda act: act.__name__)
REPEATABLE = pytest.mark.parametrize("act", [look, delete], ids=lambda act: act.__name__)

MADE = message({"sid": "made"}, 201)
LOST: dict[str, Handler] = {
    "closed without an answer": then_close(),
    "reset without an answer": then_reset(),
    "closed within the headers": then_close(b"HTTP/1.1 201 Created\r\nContent-Le"),
    "reset after the headers": then_reset(b"HTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\n"),
    "closed within the body": then_close(b'HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{"sid": "CA'),
    "closed within a chunk": then_close(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{"),
    "not HTTP": then_close(b"SSH-2.0-OpenSSH_9.9\r\n"),
    "broken gzip": then_close(message(b"\x1f\x8bnonsense", 201, ["Content-Encoding: gzip"])),
}
lost_answers = pytest.mark.parametrize("handler", LOST.values(), ids=LOST.keys())


def client_at(port: int, **options: Any) -> AbstractAsyncContextManager[roomtone.Client]:
    """A client of a space on a loopback port, ready to try three times."""
    signalwire = roomtone.SignalWire(space=f"127.0.0.1:{port}", project_id="P", api_token="t", max_attempts=3)
    client = roomtone.Client(signalwire=signalwire, ssl_context=default_tls(), **options)
    Waits().of(client)
    return client


def first(handler: Handler, then: bytes = MADE) -> Handler:
    """A handler for the first request; every later one is answered well."""
    met: list[Received] = []

    async def handle(request: Received, stream: anyio.abc.ByteStream) -> None:
        met.append(request)
        await (handler if len(met) == 1 else answering(then))(request, stream)

    return handle


@CREATES
@lost_answers
async def test_a_lost_answer_is_told_and_nothing_is_sent_again(act: Act, handler: Handler) -> None:
    """When the answer to a create is lost, the server saw one request, and the error says it may have been done."""
    async with serving(first(handler)) as server, client_at(server.port) as live:
        with pytest.raises(errors.TransportError) as caught:
            await act(live)
        await anyio.sleep(0.01)
        assert len(server.received) == 1
    assert (caught.value.attempts, caught.value.maybe_processed, caught.value.service) == (1, True, "signalwire")
    assert "may have carried it out" in str(caught.value)


@CREATES
@pytest.mark.parametrize("bound", ["timeout", "attempt_timeout"])
async def test_an_answer_that_never_comes(act: Act, bound: str) -> None:
    """When time runs out after the request was sent, it is not sent again either."""
    async with serving(first(silent)) as server, client_at(server.port, **{bound: 0.05}) as live:
        with pytest.raises(errors.TimeoutError) as caught:
            await act(live)
        await anyio.sleep(0.01)
        assert len(server.received) == 1
    assert (caught.value.attempts, caught.value.maybe_processed) == (1, True)


@CREATES
@pytest.mark.parametrize("status", [500, 501, 502, 504, 520, 530])
async def test_a_fault_of_the_service(act: Act, status: int) -> None:
    """A create that the service failed on, in whatever way but 503, may have been carried out: it is told at once."""
    fault = answering(message({"code": "Throttling", "message": "x"}, status))
    async with serving(first(fault)) as server, client_at(server.port) as live:
        with pytest.raises(errors.ApiError) as caught:
            await act(live)
        assert len(server.received) == 1
    assert (caught.value.status, caught.value.attempts, caught.value.maybe_processed) == (status, 1, True)


@CREATES
@pytest.mark.parametrize("body", [b"<html>", b'{"sid": "CA', b"[]", b"null", b"\xff"])
async def test_a_success_that_cannot_be_read(act: Act, body: bytes) -> None:
    """A 2xx that is no JSON object means that it was done: DecodeError, and no second request."""
    async with serving(first(answering(message(body, 200)))) as server, client_at(server.port) as live:
        with pytest.raises(errors.DecodeError) as caught:
            await act(live)
        assert len(server.received) == 1
    assert (caught.value.attempts, caught.value.maybe_processed) == (1, True)


@CREATES
@pytest.mark.parametrize("status", [307, 308])
async def test_a_redirect_is_not_followed(act: Act, status: int) -> None:
    """A redirect that asks for the same request elsewhere is an error."""
    redirect = answering(message(b"", status, ["Location: /api/laml/2010-04-01/Accounts/P/Calls"]))
    async with serving(first(redirect)) as server, client_at(server.port) as live:
        with pytest.raises(errors.ApiError):
            await act(live)
        assert len(server.received) == 1


@CREATES
async def test_a_connection_that_is_kept_makes_no_difference(act: Act) -> None:
    """An answer that is lost on a connection that served before is lost: a fresh connection gets no second request."""
    lose_the_second = first(answering(MADE))

    async def handle(request: Received, stream: anyio.abc.ByteStream) -> None:
        if request.method == "GET":
            await lose_the_second(request, stream)
        else:
            await stream.aclose()

    async with serving(handle) as server, client_at(server.port) as live:
        await look(live)
        with pytest.raises(errors.TransportError) as caught:
            await act(live)
        await anyio.sleep(0.01)
        assert [request.method for request in server.received] == ["GET", "POST"]
        assert server.opened == 1
    assert caught.value.maybe_processed


@CREATES
@pytest.mark.parametrize("status", [429, 503])
async def test_what_was_not_taken_on_is_sent_again(act: Act, status: int) -> None:
    """429 and 503 say that nothing was done: the same bytes go out again, and the create succeeds."""
    refusal = message({"code": 20429, "message": "later"}, status)
    async with serving(answering(refusal, refusal, MADE)) as server, client_at(server.port) as live:
        made = await act(live)
        assert made.sid == "made"
        assert len(server.received) == 3
        assert len({(request.target, request.body) for request in server.received}) == 1


@CREATES
async def test_what_was_surely_never_sent_is_tried_again(act: Act) -> None:
    """Where nobody listens nothing was sent: all attempts are made, and the error says that nothing was done."""
    async with client_at(unused_port()) as live:
        with pytest.raises(errors.ConnectError) as caught:
            await act(live)
    assert (caught.value.attempts, caught.value.maybe_processed) == (3, False)


@REPEATABLE
@lost_answers
async def test_reading_and_deleting_go_on_after_a_lost_answer(act: Act, handler: Handler) -> None:
    """GET and DELETE are sent again when the answer was lost."""
    async with serving(first(handler)) as server, client_at(server.port) as live:
        await act(live)
        assert len(server.received) == 2


@REPEATABLE
@pytest.mark.parametrize("status", [429, 500, 501, 502, 503, 504, 520, 530])
async def test_reading_and_deleting_go_on_after_a_fault(act: Act, status: int) -> None:
    """GET and DELETE are sent again after 429 and after any 5xx."""
    async with serving(first(answering(message(b"", status)))) as server, client_at(server.port) as live:
        await act(live)
        assert len(server.received) == 2


@REPEATABLE
async def test_reading_and_deleting_go_on_after_a_timeout(act: Act) -> None:
    """GET and DELETE are sent again when no answer came in time."""
    async with serving(first(silent)) as server, client_at(server.port, attempt_timeout=0.05) as live:
        await act(live)
        assert len(server.received) == 2


WRITES = [operation for operation in operations.OPERATIONS if operation.method in ("POST", "PATCH", "PUT")]


def least(operation: Operation[Any, Any]) -> Any:
    """The request with what it must have and no more."""
    hints = get_type_hints(operation.request)
    values: dict[str, Any] = {}
    for field in attrs.fields(operation.request):
        if field.default is attrs.NOTHING:
            values[field.name] = ["sms"] if get_origin(bare_type(hints[field.name])) is Sequence else "x"
    return operation.request(**values)


async def test_no_operation_that_writes_is_sent_twice() -> None:
    """Every POST and PATCH of the API whose answer is lost has reached the server once."""
    assert len(WRITES) == 29
    async with serving(then_close()) as server, client_at(server.port) as live:
        for operation in WRITES:
            with pytest.raises(errors.TransportError):
                await live.signalwire.send(least(operation))
        assert len(server.received) == len(WRITES)
        assert len({(request.method, request.target) for request in server.received}) == len(WRITES)
