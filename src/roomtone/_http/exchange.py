"""The transport seam: bytes out; status, headers and bytes back, or a stream of chunks. Knows no HTTP library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import anyio
import anyio.lowlevel
from attrs import define, field, frozen

from roomtone._core.operation import WireReply
from roomtone._http.failures import transport_error
from roomtone._http.incoming import Incoming

__all__ = ["Outgoing", "Sending", "Transport", "exchange", "give_way", "open_body"]

give_way = anyio.lowlevel.checkpoint
"""Lets others run, before a request leaves and when a call is done: none is to hold the event loop for long.

It makes calls cheaper, too: those in flight then do the same one after the other, make requests, send, read, and what a
processor does again is in its caches. With ten calls at a time each takes a tenth less, over aiohttp a fifth.
"""

MOST_OF_AN_ERROR = 2**20
"""How much is read of an answer without success: its status is enough, so the rest is left."""


@frozen
class Outgoing:
    """One signed request: where it goes, and the very bytes."""

    method: str
    scheme: str
    host: str
    port: int | None
    target: str = field(repr=False)
    """Path and query as they are sent."""
    headers: Mapping[str, str] = field(repr=False)
    """Lower-case names; `host` and the body's length among them."""
    body: bytes = field(repr=False)


@define(eq=False)
class Sending:
    """One request on its way: the clock of its attempt, and whether any of it can have arrived.

    Args:
        timeout: Seconds for the attempt, from connecting to the last byte; None for no limit.
        scope: What ends it.
        until: When the whole call has to be done.
        running: The clock runs already, since nothing has to be waited for.

    A transport calls `begin` when it has a connection or begins to make one, and `wait` before it waits for a turn,
    which is no part of an attempt. It keeps `unsent` True for as long as it is certain that no byte has left; to know
    nothing is False.
    """

    timeout: float | None
    scope: anyio.CancelScope
    until: float
    running: bool = False
    unsent: bool = False

    def begin(self) -> None:
        """Starts the clock, unless it runs."""
        if self.timeout is not None and not self.running:
            self.scope.deadline = min(self.until, anyio.current_time() + self.timeout)
            self.running = True

    def wait(self) -> None:
        """Stops the clock, if it runs, until it is begun again: only the call's time goes on."""
        if self.running:
            self.scope.deadline = self.until
            self.running = False

    def end(self) -> float:
        """Stops the clock; returns when it would have run out."""
        until, self.scope.deadline = self.scope.deadline, self.until
        return until


class Transport(Protocol):
    """What carries requests; a replaceable part."""

    async def open(self, outgoing: Outgoing, sending: Sending) -> Incoming:
        """The answer to one request, its body still to come. Raises what its library raises."""
        ...

    async def aclose(self) -> None:
        """Ends every connection, those in use too."""
        ...

    def abandon(self) -> None:
        """Lets go of all connections without touching them: they are another process's, or another event loop's."""
        ...


async def exchange(transport: Transport, outgoing: Outgoing, sending: Sending, *, limit: int) -> WireReply:
    """The whole answer to one request.

    Args:
        transport: What carries it.
        outgoing: The request.
        sending: Its clock; also tells, whatever ends the attempt, whether the request may have been sent.
        limit: The most bytes of content that are read.

    Raises:
        ConnectError: The request was surely never sent.
        TimeoutError: A socket's own; the clock's end is a cancellation by the scope.
        ProtocolError: The answer broke off or was no HTTP.
        TransportError: The connection failed otherwise.
        ResponseTooLargeError: The content of an answer of success is larger than the limit.
    """
    with _OurErrors(sending):
        incoming = await _open(transport, outgoing, sending)
        if 200 <= incoming.status < 300:
            body = await incoming.read(limit)
        else:
            body = await incoming.beginning(min(limit, MOST_OF_AN_ERROR), until=sending.end())
        return WireReply(incoming.status, incoming.headers, body)


async def open_body(transport: Transport, outgoing: Outgoing, sending: Sending) -> Incoming:
    """The answer to one request up to its headers.

    `exchange` describes the arguments and what is raised.
    """
    with _OurErrors(sending):
        return await _open(transport, outgoing, sending)


async def _open(transport: Transport, outgoing: Outgoing, sending: Sending) -> Incoming:
    sending.unsent = True
    await give_way()
    sending.unsent = False  # from here on it is the transport's to know
    return await transport.open(outgoing, sending)


class _OurErrors:
    """Whatever a library raises comes out as one of our errors."""

    __slots__ = ("_sending",)

    def __init__(self, sending: Sending) -> None:
        self._sending = sending

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        ours = transport_error(error, unsent=self._sending.unsent) if isinstance(error, Exception) else None
        if ours is not None:
            raise ours from error
