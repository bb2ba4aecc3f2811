"""Sockets for the pool's connections: asyncio's transports as they are, httpcore's own backend on trio. Knows no HTTP.

httpcore's backend for asyncio goes through a cancel scope and a turn of the event loop for every read and write. The
time of an attempt is bounded by one scope of its own, so here a read is a future and a write is a call.
"""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
from collections import deque
from collections.abc import Iterable
from ipaddress import ip_address
from itertools import zip_longest
from typing import Any, cast

import anyio
import httpcore

__all__ = ["KEEP_ALIVE", "backend", "has_something_to_read"]

KEEP_ALIVE = 15.0
"""Seconds for which a connection is kept that is not in use; servers keep them longer."""

_MOST_BUFFERED = 256 * 1024
"""Bytes that are taken from a socket before somebody reads them."""
_HEAD_START = 0.25
"""Seconds that one address of a host is tried before the next one is tried too."""


class AsyncioStream(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """One connection on asyncio: what came is kept until it is read. It is read and written by one task at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._ended = False
        self._error: Exception | None = None
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._writing_paused = False
        self._reading_paused = False

    # What the transport tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._chunks.append(data)
        self._size += len(data)
        if self._size > _MOST_BUFFERED and not self._reading_paused and self._transport is not None:
            self._reading_paused = True
            self._transport.pause_reading()
        _wake(self._reader)

    def eof_received(self) -> None:
        self._ended = True
        _wake(self._reader)

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._error = exc
        _wake(self._reader)
        _wake(self._writer)

    def pause_writing(self) -> None:
        self._writing_paused = True

    def resume_writing(self) -> None:
        self._writing_paused = False
        _wake(self._writer)

    # What httpcore asks for; it is asked for no timeouts, the clock is the attempt's

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        while not self._chunks:
            if self._error is not None:
                raise httpcore.ReadError(str(self._error)) from self._error
            if self._ended:
                return b""
            self._reader = self._loop.create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        return self._take(max_bytes)

    def _take(self, most: int) -> bytes:
        data = self._chunks.popleft()
        if len(data) > most:
            self._chunks.appendleft(data[most:])
            data = data[:most]
        self._size -= len(data)
        if self._reading_paused and self._size <= _MOST_BUFFERED and self._transport is not None:
            self._reading_paused = False
            self._transport.resume_reading()
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        transport = self._transport
        if transport is None or self._ended or transport.is_closing():
            raise httpcore.WriteError("the connection is closed")
        transport.write(buffer)
        while self._writing_paused and not self._ended:
            self._writer = self._loop.create_future()
            try:
                await self._writer
            finally:
                self._writer = None

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        assert self._transport is not None
        try:
            # The attempt has a clock, so the handshake needs none of its own; asyncio's default would be a minute.
            started = await self._loop.start_tls(
                self._transport, self, ssl_context, server_hostname=server_hostname, ssl_handshake_timeout=1e6
            )
        except (OSError, EOFError) as error:
            raise httpcore.ConnectError(str(error)) from error
        if started is None or self._ended or self._error is not None:
            raise httpcore.ConnectError("the connection was closed within the handshake")
        self._transport = started
        return self

    async def aclose(self) -> None:
        # At once and without a farewell: whoever closes has its answer, or wants none.
        self._chunks.clear()
        self._error = self._error or ConnectionAbortedError("the connection was closed on this side")
        if self._transport is not None:
            self._transport.abort()
        _wake(self._reader)
        _wake(self._writer)

    def get_extra_info(self, info: str) -> Any:
        if self._transport is None:
            return None
        if info == "is_readable":
            return bool(self._chunks) or self._ended or has_something_to_read(self._transport)
        return self._transport.get_extra_info(info)


def _wake(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)


def has_something_to_read(transport: asyncio.BaseTransport) -> bool:
    """Whether a connection has ended, or there is something in its socket that the event loop has not come to yet."""
    raw = None if transport.is_closing() else transport.get_extra_info("socket")
    return raw is None or _is_readable(raw.fileno())


def _is_readable(number: int) -> bool:
    if number < 0:
        return True
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([number], [], [], 0)[0])
    poll = select.poll()
    poll.register(number, select.POLLIN)
    return bool(poll.poll(0))


class AsyncioBackend(httpcore.AsyncNetworkBackend):
    """Opens connections on asyncio."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            addresses = await _addresses(host, port)
            return await (_connect(addresses[0], port) if len(addresses) == 1 else _connect_to_any(addresses, port))
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error


async def _addresses(host: str, port: int) -> list[str]:
    """The addresses of a host, in the resolver's order but with the families taking turns."""
    try:
        return [str(ip_address(host))]
    except ValueError:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    by_family: dict[int, list[str]] = {}
    for family, _, _, _, address in found:
        by_family.setdefault(family, []).append(str(address[0]))
    turns = zip_longest(*by_family.values())
    return list(dict.fromkeys(address for turn in turns for address in turn if address is not None))


async def _connect(address: str, port: int) -> AsyncioStream:
    _, stream = await asyncio.get_running_loop().create_connection(AsyncioStream, address, port)
    return stream


async def _connect_to_any(addresses: list[str], port: int) -> AsyncioStream:
    """The first connection that comes about; each address has a head start over the next one.

    asyncio can do this too, and leaves sockets open when it is cancelled.
    """
    winner: AsyncioStream | None = None
    failures: list[OSError] = []

    async def attempt(address: str, failed: anyio.Event) -> None:
        nonlocal winner
        try:
            stream = await _connect(address, port)
        except OSError as error:
            failures.append(error)
            failed.set()
            return
        if winner is None:
            winner = stream
            tasks.cancel_scope.cancel()
        else:
            await stream.aclose()

    try:
        async with anyio.create_task_group() as tasks:
            for address in addresses:
                failed = anyio.Event()
                tasks.start_soon(attempt, address, failed)
                with anyio.move_on_after(_HEAD_START):
                    await failed.wait()
    except BaseException:
        if winner is not None:
            await winner.aclose()
        raise
    if winner is None:
        raise failures[0]
    return winner


def backend() -> httpcore.AsyncNetworkBackend:
    """The backend of the event loop that this runs in."""
    if anyio.get_cancelled_exc_class() is asyncio.CancelledError:
        return AsyncioBackend()
    return cast("httpcore.AsyncNetworkBackend", httpcore.TrioBackend())
