"""The transport seam: bytes out; status, headers and bytes back. The door to httpx; knows no operation."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Generator, Mapping
from typing import Protocol

import anyio
import anyio.to_thread
import httpx
from attrs import define, field, frozen

from roomtone._core.operation import WireReply
from roomtone.errors import ConnectError, ProtocolError, TimeoutError, TransportError

__all__ = ["Outgoing", "Transport", "default_transport", "transport_of"]


@frozen
class Outgoing:
    """One signed request: where it goes, and the very bytes."""

    method: str
    scheme: str
    host: str
    port: int | None
    target: str
    """Path and query as they are sent."""
    headers: Mapping[str, str]
    """Lower-case names; `host` among them."""
    body: bytes


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

    async def aclose(self) -> None: ...


@define
class _Trace:
    """What httpcore tells of a request on its way: enough to know that it was surely never sent."""

    connecting: bool = False
    sending: bool = False

    async def __call__(self, event: str, info: object) -> None:
        if event.startswith("connection."):
            self.connecting = True
        elif ".send_request_headers." in event:
            self.sending = True

    @property
    def surely_unsent(self) -> bool:
        return self.connecting and not self.sending


@frozen
class HttpxTransport:
    """httpx behind the seam: a transport of our own, or a user's client."""

    _own: httpx.AsyncHTTPTransport | None = field(default=None, alias="own")
    _client: httpx.AsyncClient | None = field(default=None, alias="client")

    async def exchange(self, outgoing: Outgoing, *, timeout: float | None) -> WireReply:
        trace = _Trace()
        request = _httpx_request(outgoing, timeout, trace)
        with _as_transport_errors(trace):
            # httpx bounds each wait, not the whole: a dripping answer never ends by its rules, so the deadline is ours.
            with anyio.move_on_after(timeout):
                return await self._send(request)
        raise TimeoutError(
            f"no complete answer within the attempt's {timeout} s", maybe_processed=not trace.surely_unsent
        )

    async def _send(self, request: httpx.Request) -> WireReply:
        if self._client is not None:
            response = await self._client.send(request, auth=None, follow_redirects=False)
        else:
            assert self._own is not None
            response = await self._own.handle_async_request(request)
            response.request = request
            try:
                await response.aread()
            finally:
                await response.aclose()
        return WireReply(response.status_code, _lower_headers(response.headers), response.content)

    async def aclose(self) -> None:
        """Closes our own pool; a user's client is the user's to close."""
        if self._own is not None:
            await self._own.aclose()


def _httpx_request(outgoing: Outgoing, timeout: float | None, trace: _Trace) -> httpx.Request:
    url = httpx.URL(
        scheme=outgoing.scheme,
        host=outgoing.host,
        port=outgoing.port,
        raw_path=outgoing.target.encode("ascii"),
    )
    waits = dict.fromkeys(("connect", "read", "write", "pool"), timeout)
    return httpx.Request(
        outgoing.method,
        url,
        headers=[(name.encode("ascii"), value.encode()) for name, value in outgoing.headers.items()],
        content=outgoing.body,
        extensions={"timeout": waits, "trace": trace},
    )


def _lower_headers(headers: httpx.Headers) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in headers.multi_items():
        lower = name.lower()
        joined[lower] = f"{joined[lower]}, {value}" if lower in joined else value
    return joined


@contextlib.contextmanager
def _as_transport_errors(trace: _Trace) -> Generator[None]:
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
        raise ConnectError(f"no connection: {_reason(error)}") from error
    except httpx.TimeoutException as error:
        raise TimeoutError(f"timed out: {_reason(error)}", maybe_processed=not trace.surely_unsent) from error
    except httpx.DecodingError as error:
        raise ProtocolError(
            f"the answer's content encoding is broken: {_reason(error)}", maybe_processed=True
        ) from error
    except httpx.LocalProtocolError as error:
        raise ProtocolError(f"the request is no HTTP: {_reason(error)}") from error
    except httpx.RemoteProtocolError as error:
        raise ProtocolError(f"the answer is no HTTP or broke off: {_reason(error)}", maybe_processed=True) from error
    except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError) as error:
        raise TransportError(
            f"the connection failed: {_reason(error)}", maybe_processed=not trace.surely_unsent
        ) from error


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


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
    return HttpxTransport(own=httpx.AsyncHTTPTransport(verify=context, limits=limits, trust_env=False))


def transport_of(client: httpx.AsyncClient) -> HttpxTransport:
    """A user's client behind the seam."""
    return HttpxTransport(client=client)
