"""The emulator as a transport of httpx: calls without a port, on asyncio and on trio. The emulator's door to httpx."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx

from roomtone._core.operation import WireReply
from roomtone._http.verification import Sent

__all__ = ["InProcess", "hung_up"]


def hung_up() -> httpx.RemoteProtocolError:
    """What httpx raises where a server ends the connection without an answer."""
    return httpx.RemoteProtocolError("Server disconnected without sending a response.")


class InProcess(httpx.AsyncBaseTransport):
    """Hands each request to a function and gives back its answer; no answer is a connection that ended."""

    def __init__(self, respond: Callable[[Sent], Awaitable[WireReply | None]]) -> None:
        self._respond = respond

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        headers = {name.lower(): request.headers[name] for name in request.headers}
        answer = await self._respond(Sent(request.method, path, query, headers, body))
        if answer is None:
            raise hung_up()
        stream = httpx.ByteStream(answer.body)
        length = {} if answer.status == 204 else {"content-length": str(len(answer.body))}
        return httpx.Response(answer.status, headers={**answer.headers, **length}, stream=stream)
