"""The engine `aiohttp` behind the seam: its connections and its parser, on asyncio alone. The door to aiohttp.

Laws: one request an attempt, so aiohttp's own repetition is refused; a place is taken before the clock of an attempt
begins; a connection on which something came that nobody asked for is not used again.
"""

from __future__ import annotations

import asyncio
import ssl
from contextvars import ContextVar

import aiohttp
from aiohttp.client import ClientTimeout
from yarl import URL

from roomtone._http.exchange import Outgoing, Sending
from roomtone._http.failures import transport_error
from roomtone._http.incoming import Incoming, read_headers
from roomtone._http.network import KEEP_ALIVE, has_something_to_read
from roomtone.errors import ClientClosedError, ProtocolError, TransportError

__all__ = ["AiohttpEngine"]

_MOST_OF_HEADERS = 100 * 1024
_MOST_REFUSED = 2
"""Connections that one attempt turns down: a server that ends each one at once is not to be stormed."""
_NOT_ADDED = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
"""Headers that aiohttp would add of its own accord."""

_sending: ContextVar[Sending] = ContextVar("_sending")
_abandoned: list[aiohttp.BaseConnector] = []
"""Connections of another process or event loop: kept, because dropping them would close their sockets."""


class _Connector(aiohttp.TCPConnector):
    """aiohttp's pool, which tells an attempt when its request can begin to leave."""

    async def connect(
        self, req: aiohttp.ClientRequest, traces: list[aiohttp.tracing.Trace], timeout: ClientTimeout
    ) -> aiohttp.connector.Connection:
        connection = await super().connect(req, traces, timeout)
        for _ in range(_MOST_REFUSED):
            if not _has_spoken(connection):
                break
            connection.close()
            await asyncio.sleep(0)  # by then aiohttp has seen what else has ended
            connection = await super().connect(req, traces, timeout)
        _sending.get().unsent = False
        return connection


def _has_spoken(connection: aiohttp.connector.Connection) -> bool:
    """Whether something is there to be read before a request was sent: an answer that nobody asked for, or an end."""
    protocol, transport = connection.protocol, connection.transport
    if protocol is None or transport is None or protocol.should_close:
        return True
    return has_something_to_read(transport)


class AiohttpEngine:
    """A transport over aiohttp: as many requests at a time as there may be connections, in the order they came.

    No proxies, no redirects, no cookies, nothing of the environment.
    """

    def __init__(self, ssl_context: ssl.SSLContext, max_connections: int) -> None:
        self._places = asyncio.Semaphore(max_connections)
        self._responses: set[aiohttp.ClientResponse] = set()
        """Those whose bodies are being read."""
        self._session = aiohttp.ClientSession(
            connector=_Connector(ssl=ssl_context, limit=0, keepalive_timeout=KEEP_ALIVE),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=_NOT_ADDED,
            timeout=ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None),
            max_line_size=_MOST_OF_HEADERS,
            max_field_size=_MOST_OF_HEADERS,
        )
        # As aiohttp's own test client says it.
        self._session._retry_connection = False

    async def open(self, outgoing: Outgoing, sending: Sending) -> Incoming:
        sending.unsent = True
        if self._places.locked():
            sending.wait()
        await self._places.acquire()
        try:
            response = await self._answer(outgoing, sending)
        except BaseException:
            self._places.release()
            raise
        self._responses.add(response)

        async def close() -> None:
            self._responses.discard(response)
            response.release()
            self._places.release()

        async def abort() -> None:
            response.close()

        return Incoming(response.status, read_headers(response.raw_headers), response.content.iter_any(), close, abort)

    async def _answer(self, outgoing: Outgoing, sending: Sending) -> aiohttp.ClientResponse:
        if self._session.closed:
            raise ClientClosedError("the client was closed while the call was waiting for a connection")
        failure: TransportError | None
        sending.begin()
        _sending.set(sending)
        try:
            response = await self._session.request(
                outgoing.method,
                _url(outgoing),
                headers=outgoing.headers,
                data=outgoing.body or None,
                allow_redirects=False,
            )
            if response.status >= 200:
                return response
            response.close()
            failure = ProtocolError("the answer is another protocol's, which nobody asked for", maybe_processed=True)
        except (aiohttp.ClientError, OSError) as error:
            failure = transport_error(error, unsent=sending.unsent)
        # Outside of the handler: aiohttp's errors and the frames behind them hold the URL and the headers.
        assert failure is not None
        raise failure

    async def aclose(self) -> None:
        for response in self._responses:
            # aiohttp would leave whoever waits for the rest of a body waiting.
            response.content.set_exception(aiohttp.ClientConnectionError("the client was closed"))
        await self._session.close()

    def abandon(self) -> None:
        if self._session.connector is not None:
            _abandoned.append(self._session.connector)
        self._session.detach()


def _url(outgoing: Outgoing) -> URL:
    path, _, query = outgoing.target.partition("?")
    return URL.build(
        scheme=outgoing.scheme, host=outgoing.host, port=outgoing.port, path=path, query_string=query, encoded=True
    )
