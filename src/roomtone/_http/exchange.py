"""The transport seam: bytes out; status, headers and bytes back, or a stream of chunks. The door to httpx; knows no
operation."""

from __future__ import annotations

import contextlib
import ssl
import sys
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from types import ModuleType
from typing import Any, Protocol

import anyio
import anyio.to_thread
import httpx
from attrs import define, field, frozen

from roomtone._core.operation import WireReply
from roomtone._http.incoming import HttpxIncoming, Incoming, reason
from roomtone.errors import (
    ClientClosedError,
    ConfigurationError,
    ConnectError,
    ProtocolError,
    TimeoutError,
    TransportError,
)

__all__ = ["Outgoing", "Transport", "default_transport", "transport_of"]


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
    """Lower-case names; `host` among them."""
    body: bytes = field(repr=False)


class Transport(Protocol):
    """What carries one request; a replaceable part."""

    async def exchange(self, outgoing: Outgoing, *, timeout: float | None) -> WireReply:
        """The answer to one request.

        Raises:
            ConnectError: The request was surely never sent.
            TimeoutError: It took longer than `timeout` seconds; `maybe_processed` says whether it may have been sent.
            ProtocolError: The answer broke off or was no HTTP.
        """
        ...

    async def open(self, outgoing: Outgoing, *, timeout: float | None) -> Incoming:
        """The answer to one request, its body still to come; raises what `exchange` does."""
        ...

    async def aclose(self) -> None: ...


@define
class _Trace:
    """What httpcore tells of a request on its way: enough to know that it was surely never sent.

    It also closes the connection of a TLS handshake that is cancelled; httpcore would leave it open for ever.
    """

    connecting: bool = False
    sending: bool = False
    connected: Any = None

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        if event.startswith("connection."):
            self.connecting = True
            if event == "connection.connect_tcp.complete":
                self.connected = info["return_value"]
            elif event == "connection.start_tls.failed" and self.connected is not None:
                with anyio.CancelScope(shield=True):
                    await self.connected.aclose()
        elif ".send_request_headers." in event:
            self.sending = True

    @property
    def surely_unsent(self) -> bool:
        return self.connecting and not self.sending


@frozen
class HttpxTransport:
    """httpx behind the seam.

    Args:
        library: httpx, or httpx2, which has the same names: where the sender's requests and errors come from.
        send: Sends one request and reads its answer.
        stream: Sends one request and gives the library's response, unread.
        close: Closes what is ours to close.
    """

    library: ModuleType
    send: Callable[[Any], Awaitable[WireReply]]
    stream: Callable[[Any], Awaitable[Any]]
    close: Callable[[], Awaitable[None]]

    async def exchange(self, outgoing: Outgoing, *, timeout: float | None) -> WireReply:
        trace = _Trace()
        request = _request(self.library, outgoing, timeout, trace)
        with _as_transport_errors(self.library, trace):
            # httpx bounds each wait, not the whole: a dripping answer never ends by its rules, so the deadline is ours.
            with anyio.move_on_after(timeout):
                return await self.send(request)
        raise TimeoutError(
            f"no complete answer within the attempt's {timeout} s", maybe_processed=not trace.surely_unsent
        )

    async def open(self, outgoing: Outgoing, *, timeout: float | None) -> Incoming:
        trace = _Trace()
        request = _request(self.library, outgoing, timeout, trace)
        with _as_transport_errors(self.library, trace), anyio.move_on_after(timeout):
            response = await self.stream(request)
            headers = _lower_headers(response.headers.multi_items())
            return HttpxIncoming(self.library, response, response.status_code, headers)
        raise TimeoutError(
            f"no headers of an answer within the attempt's {timeout} s", maybe_processed=not trace.surely_unsent
        )

    async def aclose(self) -> None:
        await self.close()


def _request(library: ModuleType, outgoing: Outgoing, timeout: float | None, trace: _Trace) -> Any:
    url = library.URL(
        scheme=outgoing.scheme,
        host=outgoing.host,
        port=outgoing.port,
        raw_path=outgoing.target.encode("ascii"),
    )
    waits = dict.fromkeys(("connect", "read", "write", "pool"), timeout)
    return library.Request(
        outgoing.method,
        url,
        headers=[(name.encode("ascii"), value.encode()) for name, value in outgoing.headers.items()],
        content=outgoing.body,
        extensions={"timeout": waits, "trace": trace},
    )


def _lower_headers(items: Iterable[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in items:
        lower = name.lower()
        joined[lower] = f"{joined[lower]}, {value}" if lower in joined else value
    return joined


@contextlib.contextmanager
def _as_transport_errors(library: ModuleType, trace: _Trace) -> Generator[None]:
    try:
        yield
    except (library.ConnectError, library.ConnectTimeout, library.PoolTimeout, library.UnsupportedProtocol) as error:
        raise ConnectError(f"no connection: {reason(error)}") from error
    except library.TimeoutException as error:
        raise TimeoutError(f"timed out: {reason(error)}", maybe_processed=not trace.surely_unsent) from error
    except library.DecodingError as error:
        raise ProtocolError(
            f"the answer's content encoding is broken: {reason(error)}", maybe_processed=True
        ) from error
    except library.LocalProtocolError as error:
        raise ProtocolError(f"the request is no HTTP: {reason(error)}") from error
    except library.RemoteProtocolError as error:
        raise ProtocolError(f"the answer is no HTTP or broke off: {reason(error)}", maybe_processed=True) from error
    except (library.HTTPError, library.StreamError, library.InvalidURL, OSError) as error:
        raise TransportError(
            f"the connection failed: {reason(error)}", maybe_processed=not trace.surely_unsent
        ) from error


def _tls_context() -> ssl.SSLContext:
    context = httpx.create_ssl_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


async def default_transport(ssl_context: ssl.SSLContext | None, max_connections: int) -> HttpxTransport:
    """A pool of our own: no proxies or netrc of the environment, no redirects, no cookies, TLS verified.

    The TLS context reads the certificate bundle, so it is made in a worker thread.
    """
    context = await anyio.to_thread.run_sync(_tls_context) if ssl_context is None else ssl_context
    limits = httpx.Limits(max_connections=max_connections, max_keepalive_connections=max_connections)
    pool = httpx.AsyncHTTPTransport(verify=context, limits=limits, trust_env=False)

    async def stream(request: httpx.Request) -> httpx.Response:
        return await pool.handle_async_request(request)

    async def send(request: httpx.Request) -> WireReply:
        response = await stream(request)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        try:
            body = b"".join([chunk async for chunk in response.stream])
        finally:
            await response.aclose()
        # Decompressed when all of it is there: an error amidst the stream would leave its generators unfinished.
        content = httpx.Response(response.status_code, headers=response.headers, content=body).content
        return WireReply(response.status_code, _lower_headers(response.headers.multi_items()), content)

    return HttpxTransport(httpx, send, stream, pool.aclose)


def transport_of(client: Any) -> HttpxTransport:
    """A user's client behind the seam; it is the user's to close.

    Raises:
        ConfigurationError: It is neither httpx's nor httpx2's `AsyncClient`.
    """

    def check_open() -> None:
        if client.is_closed:
            raise ClientClosedError("the http_client that was given is closed; it must stay open as long as the client")

    async def send(request: Any) -> WireReply:
        check_open()
        response = await client.send(request, auth=None, follow_redirects=False)
        return WireReply(response.status_code, _lower_headers(response.headers.multi_items()), response.content)

    async def stream(request: Any) -> Any:
        check_open()
        return await client.send(request, auth=None, follow_redirects=False, stream=True)

    async def leave_open() -> None:
        pass

    return HttpxTransport(_library_of(client), send, stream, leave_open)


def _library_of(client: object) -> ModuleType:
    for cls in type(client).__mro__:
        root = cls.__module__.partition(".")[0]
        if cls.__name__ == "AsyncClient" and root in ("httpx", "httpx2"):
            return sys.modules[root]
    raise ConfigurationError(f"http_client must be an httpx.AsyncClient, not {type(client).__name__}")
