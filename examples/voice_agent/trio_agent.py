"""The same voice agent on trio, with trio-websocket: a `MediaStream` works over any socket with these two methods."""

from __future__ import annotations

import logging
from contextlib import suppress
from functools import partial

import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, WebSocketRequest, serve_websocket

from roomtone.signalwire.streams import MediaStream
from voice_agent.agent import converse, is_known

logger = logging.getLogger(__name__)


class Socket:
    """A connection of trio-websocket's as a `TextSocket`."""

    def __init__(self, connection: WebSocketConnection) -> None:
        self._connection = connection

    async def receive_text(self) -> str:
        message = await self._connection.get_message()
        return message if isinstance(message, str) else message.decode()

    async def send_text(self, data: str, /) -> None:
        await self._connection.send_message(data)


async def answer(request: WebSocketRequest) -> None:
    """A connection of SignalWire's, or of somebody who has no token."""
    if not is_known(dict(request.headers).get(b"authorization", b"").decode("latin-1")):
        await request.reject(403)
        return
    connection = await request.accept()
    try:
        await converse(MediaStream(Socket(connection)))
    except ConnectionClosed:
        print("the connection is lost")
    except Exception:  # one that got out of here would end all calls
        logger.exception("a call failed")


serve = partial(serve_websocket, answer, "127.0.0.1", ssl_context=None)
"""Listens on a port for as long as it is not cancelled."""

if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        trio.run(serve, 8300)
