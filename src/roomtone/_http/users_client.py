"""A user's own `httpx.AsyncClient`, or httpx2's, behind the seam. Imports neither: the user has."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import anyio
from attrs import define

from roomtone._http.exchange import Outgoing, Sending
from roomtone._http.incoming import Incoming, read_headers
from roomtone.errors import ClientClosedError, ConfigurationError

__all__ = ["UsersClient"]


@define
class _Trace:
    """What the library tells of a request on its way: enough to know that it was surely never sent.

    It also closes the connection of a TLS handshake that is cancelled; httpcore would leave it open for ever.
    """

    sending: Sending
    connected: Any = None

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        if event.startswith("connection."):
            self.sending.unsent = True
            if event == "connection.connect_tcp.complete":
                self.connected = info["return_value"]
            elif event == "connection.start_tls.failed" and self.connected is not None:
                with anyio.CancelScope(shield=True):
                    await self.connected.aclose()
        elif ".send_request_headers." in event:
            self.sending.unsent = False


class UsersClient:
    """A transport that sends with a client of the user's: without redirects and auth. It is the user's to close.

    Raises:
        ConfigurationError: It is neither httpx's nor httpx2's `AsyncClient`.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._library = _library_of(client)

    async def open(self, outgoing: Outgoing, sending: Sending) -> Incoming:
        if self._client.is_closed:
            raise ClientClosedError("the http_client that was given is closed; it must stay open as long as the client")
        sending.begin()
        # The request is no local of ours: its repr has the URL, and so the labels, which can be secrets.
        response = await self._client.send(
            _request(self._library, outgoing, sending), auth=None, follow_redirects=False, stream=True
        )
        headers = read_headers(response.headers.raw)
        if response.is_stream_consumed:
            # A hook of the user's client read it all: what is there is the content, decoded.
            content = self._library.ByteStream(response.content)
            close = response.aclose
            return Incoming(response.status_code, headers, aiter(content), close, close, unpacked=True)
        return Incoming(response.status_code, headers, aiter(response.stream), response.aclose, response.aclose)

    async def aclose(self) -> None:
        pass

    def abandon(self) -> None:
        pass


def _request(library: ModuleType, outgoing: Outgoing, sending: Sending) -> Any:
    # httpx bounds each wait, not the whole, and has a limit of its own where it is told none.
    waits = dict.fromkeys(("connect", "read", "write", "pool"), sending.timeout)
    return library.Request(
        outgoing.method,
        library.URL(
            scheme=outgoing.scheme,
            host=outgoing.host,
            port=outgoing.port,
            raw_path=outgoing.target.encode("ascii"),
        ),
        headers=[(name.encode("ascii"), value.encode()) for name, value in outgoing.headers.items()],
        content=outgoing.body,
        extensions={"timeout": waits, "trace": _Trace(sending)},
    )


def _library_of(client: object) -> ModuleType:
    for cls in type(client).__mro__:
        root = cls.__module__.partition(".")[0]
        if cls.__name__ == "AsyncClient" and root in ("httpx", "httpx2"):
            return sys.modules[root]
    raise ConfigurationError(f"http_client must be an httpx.AsyncClient, not {type(client).__name__}")
