"""serve: an emulator on a port, in a thread with an event loop of its own. The door to uvicorn."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from roomtone.emulator.app import HANG_UP, Emulator
from roomtone.errors import ConfigurationError

if TYPE_CHECKING:
    import uvicorn

__all__ = ["serve"]

_GRACE = 1
"""Seconds that calls under way have to end when the server stops."""


@contextmanager
def serve(emulator: Emulator, *, host: str = "127.0.0.1", port: int = 0) -> Generator[str]:
    """Serves an emulator while the `with` block runs, and gives its origin, such as `http://127.0.0.1:8900`.

    The server runs in a thread with an event loop of its own, so callers on asyncio, on trio and on no loop can use it.

    Args:
        emulator: What to serve.
        host: The address to listen on. Keep it on loopback: the emulator's own credentials are known to everybody.
        port: The port; 0 takes a free one.

    Raises:
        ConfigurationError: uvicorn, which the extra `roomtone[emulator]` brings, is not installed.
        OSError: The address cannot be listened on; the port may be taken.
    """
    server = _server(emulator)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listener:
        # asyncio sees to it only on sockets that name their protocol; without it answers wait 40 ms for a delayed ACK.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        name, bound = listener.getsockname()[:2]
        thread = threading.Thread(target=server.run, args=([listener],), name="roomtone-emulator", daemon=True)
        thread.start()
        try:
            while not server.started:
                if not thread.is_alive():
                    raise RuntimeError("the emulator's server did not start; its log says why")
                time.sleep(0.005)
            yield f"http://[{name}]:{bound}" if family == socket.AF_INET6 else f"http://{name}:{bound}"
        finally:
            server.should_exit = True
            thread.join()
            emulator.close()


def _server(emulator: Emulator) -> uvicorn.Server:
    try:
        import uvicorn
        from uvicorn.protocols.http.h11_impl import H11Protocol
    except ImportError:
        raise ConfigurationError(
            "serving the emulator takes uvicorn, which is not installed; pip install 'roomtone[emulator]' brings it"
        ) from None

    open_connections: dict[Any, asyncio.Transport] = {}

    class Connection(H11Protocol):
        """A connection of uvicorn's that can be found by its peer."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            open_connections[self.client] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            open_connections.pop(self.client, None)
            super().connection_lost(exc)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async def hang_up() -> None:
            open_connections[scope["client"]].close()
            # Until uvicorn knows that the connection is gone; it would answer 500 for us else.
            await receive()

        await emulator({**scope, "extensions": {HANG_UP: hang_up}}, receive, send)

    config = uvicorn.Config(
        app,
        loop="asyncio",
        http=Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        date_header=False,  # the emulator's answers have the date of its own clock
        timeout_graceful_shutdown=_GRACE,
    )
    return uvicorn.Server(config)
