"""The client's own pool of connections, which are httpcore's. Knows httpcore and the network; knows no operation.

Laws: what is counted changes in steps without an await, so that no cancellation leaves a place taken. The connection
used last goes out first, and only after a look at it; who has to wait is served in order. A connection comes back only
when nothing is left of its last answer, since what is left would be read as the next one.
"""

from __future__ import annotations

import contextlib
import ssl
from collections import OrderedDict, deque
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import Any, cast

import anyio
import httpcore
from attrs import define, field

from roomtone._http.exchange import Outgoing, Sending
from roomtone._http.incoming import Incoming, read_headers
from roomtone._http.network import KEEP_ALIVE, backend
from roomtone.errors import ClientClosedError

__all__ = ["Pool"]

_DEFAULT_PORTS = {"https": 443, "http": 80}

_Key = tuple[str, str, int | None]


class _Stream(httpcore.AsyncNetworkStream):
    """A network stream that tells its link what it is used for, and that leaves nothing open.

    What is written waits until something is read: a request's head and body go out together.
    """

    def __init__(self, link: _Link, stream: httpcore.AsyncNetworkStream) -> None:
        self._link = link
        self._stream = stream
        self._waiting: list[bytes] = []

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._waiting.append(buffer)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._waiting:
            await self._flush()
        return await self._stream.read(max_bytes, timeout)

    async def _flush(self) -> None:
        request = b"".join(self._waiting)
        self._waiting.clear()
        self._link.tell_unsent(False)
        # Who hangs up before all was sent may have answered all the same.
        with contextlib.suppress(httpcore.WriteError):
            await self._stream.write(request)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        try:
            self._stream = await self._stream.start_tls(ssl_context, server_hostname, timeout)
            return self
        except BaseException:
            # httpcore would leave the socket of a cancelled handshake open for ever.
            with anyio.CancelScope(shield=True):
                await self._stream.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:
        found = self._stream.get_extra_info(info)
        return found or self._has_unread_tls() if info == "is_readable" else found

    def _has_unread_tls(self) -> bool:
        """Whether there is more in what was received than was read of it, which the socket knows nothing of."""
        tls: Any = self._stream.get_extra_info("ssl_object")
        if tls is None:
            return False
        try:
            tls.read(1)
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError:
            pass
        return True


class _Unlocked:
    """In place of httpcore's locks: a connection is one call's at a time, so there is nobody to lock out.

    Each of them would take a cancel scope and a turn of the event loop, three for a call.
    """

    async def __aenter__(self) -> None:
        pass

    async def __aexit__(self, *raised: object) -> None:
        pass


def _unlock(connection: object, lock: str) -> None:
    setattr(connection, lock, _Unlocked())


class _Link(httpcore.AsyncNetworkBackend):
    """One connection of the pool: httpcore's, and the network below it.

    A few of httpcore's attributes that are not public are used, by name. Where a release has others, its locks stay in
    use, or no connection is used twice; tests would notice both.
    """

    def __init__(self, key: _Key, ssl_context: ssl.SSLContext) -> None:
        scheme, host, port = self.key = key
        self.connection = httpcore.AsyncHTTPConnection(
            httpcore.Origin(scheme.encode(), host.encode(), port or _DEFAULT_PORTS[scheme]),
            ssl_context=ssl_context,
            keepalive_expiry=KEEP_ALIVE,
            network_backend=self,
        )
        _unlock(self.connection, "_request_lock")
        self.sending: Sending | None = None
        self._stream: httpcore.AsyncNetworkStream | None = None
        self._parser: Any = None
        self._ended = False

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.tell_unsent(True)
        self._stream = _Stream(self, await backend().connect_tcp(host, port, timeout, local_address, socket_options))
        if self._ended:
            await self.aclose()
            raise httpcore.ConnectError("the pool was closed")
        return self._stream

    def tell_unsent(self, unsent: bool) -> None:
        if self.sending is not None:
            self.sending.unsent = unsent

    def is_reusable(self) -> bool:
        """Whether the last answer was read to its end, with nothing behind it. Does no I/O."""
        return not self._ended and self.connection.is_idle() and not self._has_leftover()

    def _has_leftover(self) -> bool:
        # httpcore tells nobody of bytes that came with an answer and do not belong to it, so its parser is asked.
        if self._parser is None:
            inner: Any = getattr(self.connection, "_connection", None)
            self._parser = getattr(inner, "_h11_state", None)
            if self._parser is not None:
                _unlock(inner, "_state_lock")
        return self._parser is None or bool(self._parser.trailing_data[0])

    def is_fresh(self) -> bool:
        """Whether it can be used again: not too old, not closed by the other side, no answer that nobody asked for."""
        return not self._ended and not self.connection.has_expired()

    async def aclose(self) -> None:
        """Ends it in whatever state it is: connecting, shaking hands, in use or idle. Closing twice does nothing."""
        self._ended = True
        if self._stream is not None:
            with anyio.CancelScope(shield=True), contextlib.suppress(Exception):
                await self._stream.aclose()


@define(eq=False)
class _Waiter:
    key: _Key
    served: anyio.Event = field(factory=anyio.Event)
    link: _Link | None = None


class Pool:
    """A transport over connections of its own: at most so many at a time, over all origins.

    No proxies, no redirects, no cookies, nothing of the environment.
    """

    def __init__(self, ssl_context: ssl.SSLContext, max_connections: int) -> None:
        self._ssl_context = ssl_context
        self._max_connections = max_connections
        self._links: set[_Link] = set()
        """All that count: in use, idle, or about to be closed."""
        self._idle: dict[_Key, deque[_Link]] = {}
        """By origin, the one used last at the right."""
        self._ending: list[_Link] = []
        self._line: OrderedDict[_Waiter, None] = OrderedDict()
        self._closed = False

    async def open(self, outgoing: Outgoing, sending: Sending) -> Incoming:
        sending.unsent = True
        link = await self._take((outgoing.scheme, outgoing.host, outgoing.port), sending)
        try:
            sending.begin()
            # A new connection says so itself when it begins to connect: with a mock in its place nothing is known.
            sending.unsent = link.connection.is_idle()
            link.sending = sending
            response = await link.connection.handle_async_request(_request(outgoing))
            headers = read_headers(response.headers)
            chunks = aiter(cast("AsyncIterable[bytes]", response.stream))
        except BaseException:
            await self._give_back(link)
            raise

        async def close() -> None:
            try:
                await response.aclose()
            finally:
                await self._give_back(link)

        return Incoming(response.status, headers, chunks, close, link.aclose)

    async def _take(self, key: _Key, sending: Sending) -> _Link:
        """A connection to an origin, or one to be made, when it is this call's turn."""
        self._check_open()
        # Whoever waits is before us.
        link = None if self._line else self._at_once(key)
        if link is None:
            sending.wait()
            link = await self._in_turn(key)
        return link

    def _at_once(self, key: _Key) -> _Link | None:
        """An idle connection, or a new one where there is room; None otherwise."""
        idle = self._idle.get(key)
        while idle:
            link = idle.pop()
            if link.is_fresh():
                return link
            self._ending.append(link)
        if len(self._links) < self._max_connections:
            link = _Link(key, self._ssl_context)
            self._links.add(link)
            return link
        self._make_room()
        return None

    def _make_room(self) -> None:
        """One idle connection to some other origin has to go, if no other is about to."""
        oldest = next((idle for idle in self._idle.values() if idle), None)
        if oldest is not None and not self._ending:
            self._ending.append(oldest.popleft())

    async def _in_turn(self, key: _Key) -> _Link:
        waiter = _Waiter(key)
        self._line[waiter] = None
        try:
            await self._end()
            await waiter.served.wait()
        except BaseException:
            self._line.pop(waiter, None)
            if waiter.link is not None:
                await self._give_back(waiter.link)
            raise
        self._check_open()
        assert waiter.link is not None
        return waiter.link

    async def _give_back(self, link: _Link) -> None:
        """Takes a connection that was handed out, whatever became of it."""
        link.sending = None
        if not self._closed and link.is_reusable():
            idle = self._idle.setdefault(link.key, deque())
            idle.append(link)
            while len(idle) > 1 and idle[0].connection.has_expired():
                self._ending.append(idle.popleft())
        elif link not in self._ending:
            self._ending.append(link)
        self._serve()
        await self._end()

    def _serve(self) -> None:
        """Hands out what there is, in the order of the line."""
        while self._line:
            waiter = next(iter(self._line))
            link = self._at_once(waiter.key)
            if link is None:
                return
            del self._line[waiter]
            waiter.link = link
            waiter.served.set()

    async def _end(self) -> None:
        """Closes the connections that are to end; each gives its place free when it is closed."""
        interrupted: BaseException | None = None
        while self._ending:
            link = self._ending.pop()
            try:
                await link.aclose()
            except BaseException as error:  # a cancellation of asyncio's own, which no shield keeps out
                interrupted = error
            finally:
                self._links.discard(link)
                self._serve()
        if interrupted is not None:
            raise interrupted

    def _check_open(self) -> None:
        if self._closed:
            raise ClientClosedError("the client was closed while the call was waiting for a connection")

    async def aclose(self) -> None:
        self._ending = [*self._forget()]
        await self._end()

    def abandon(self) -> None:
        self._forget()
        self._links.clear()

    def _forget(self) -> set[_Link]:
        self._closed = True
        self._idle.clear()
        while self._line:
            waiter, _ = self._line.popitem()
            waiter.served.set()
        return self._links


class _Body(AsyncIterator[bytes]):
    """A body to send once. A class, not a generator: when the sending is cancelled, it leaves nothing unfinished."""

    def __init__(self, content: bytes) -> None:
        self._left = content

    async def __anext__(self) -> bytes:
        content, self._left = self._left, b""
        if not content:
            raise StopAsyncIteration
        return content


def _request(outgoing: Outgoing) -> httpcore.Request:
    request = httpcore.Request(
        outgoing.method,
        httpcore.URL(
            scheme=outgoing.scheme.encode(),
            host=outgoing.host.encode(),
            port=outgoing.port,
            target=outgoing.target.encode("ascii"),
        ),
        content=_Body(outgoing.body),
    )
    # Not as an argument: httpcore would look at each once more to find that it is bytes.
    request.headers = [(name.encode("ascii"), value.encode()) for name, value in outgoing.headers.items()]
    return request
