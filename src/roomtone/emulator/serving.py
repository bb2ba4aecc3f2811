"""serve: an ASGI application on a port, in a thread with an event loop of its own. The door to uvicorn."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from roomtone.errors import ConfigurationError

if TYPE_CHECKING:
    import uvicorn

    from roomtone.emulator.app import Emulator

__all__ = ["serve"]

_START_LIMIT = 10.0
_STOP_LIMIT = 5.0


@contextmanager
def serve(emulator: Emulator, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serves an emulator while the `with` block runs, and gives its origin, such as `http://127.0.0.1:8900`.

    The server runs in a thread with an event loop of its own, so callers on asyncio, trio and no loop at all can use it.

    Args:
        emulator: What to serve.
        host: The address to listen on; it ought to be a loopback one, for the emulator's credentials are known to all.
        port: The port; 0 takes a free one.

    Raises:
        ConfigurationError: uvicorn, of the extra `roomtone[emulator]`, is not installed.
        OSError: The port is taken.
    """
    server = _server(emulator)
    with _listening(host, port) as listener:
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listener]}, name="roomtone-emulator", daemon=True
        )
        thread.start()
        try:
            if not server.ready.wait(_START_LIMIT):
                raise RuntimeError("the emulator's server did not start")
            at, bound = listener.getsockname()[:2]
            yield f"http://[{at}]:{bound}" if ":" in at else f"http://{at}:{bound}"
        finally:
            server.should_exit = True
            thread.join(_STOP_LIMIT)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=1024)


def _server(emulator: Emulator) -> _Server:
    try:
        import uvicorn
    except ImportError:
        raise ConfigurationError(
            "serving the emulator takes uvicorn, which is not installed: pip install 'roomtone[emulator]'"
        ) from None
    ...
