"""A raw HTTP/1.1 server on loopback sockets, without any HTTP library: it also does what no server should."""

from __future__ import annotations

import functools
import json
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.abc
import trustme
from anyio.streams.tls import TLSListener
from attrs import define, field

import roomtone

KEYS = roomtone.Credentials("AKIDEXAMPLE", "secret-access-key")
REGION = "eu-central-1"


@functools.cache
def authority() -> trustme.CA:
    """A certificate authority that nobody knows, made for one run of the tests."""
    return trustme.CA()


@functools.cache
def default_tls() -> ssl.SSLContext:
    """One TLS context for all tests: reading the certificate bundle costs more than a test."""
    return ssl.create_default_context()


engine = "httpcore"
"""The engine of the clients that tests make by `own_transport`; a fixture changes it."""


def own_transport(options: dict[str, Any]) -> dict[str, Any]:
    """What a client of no HTTP client of the user's is told besides."""
    return options if "http_client" in options else {"engine": engine, "ssl_context": default_tls(), **options}


def client_at(url: str, *, max_attempts: int | None = None, **options: Any) -> roomtone.Client:
    """A client whose AWS services are all at `url`."""
    aws = roomtone.Aws(region=REGION, credentials=KEYS, endpoint_url=url, max_attempts=max_attempts)
    return roomtone.Client(aws, **own_transport(options))


@define
class Waits:
    """Stands in for the sleeping of a client: notes the waits and takes no time."""

    noted: list[float] = field(factory=list)

    async def __call__(self, seconds: float) -> None:
        self.noted.append(seconds)
        await anyio.lowlevel.checkpoint()

    def of(self, client: roomtone.Client, *, jitter: float = 1.0) -> Waits:
        """Takes over a client's waiting, every jitter being the given one."""
        client._connection.sleep = self
        client._connection.jitter = lambda: jitter
        return self


@define
class Received:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int
    """The number of its connection, from 1."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Handler = Callable[["Received", anyio.abc.ByteStream], Awaitable[None]]


@define
class Loopback:
    """The server as tests see it."""

    handler: Handler
    port: int = 0
    raw: Callable[[anyio.abc.ByteStream], Awaitable[None]] | None = None
    scheme: str = "http"
    received: list[Received] = field(factory=list)
    opened: int = 0
    open_now: int = 0
    open_at_most: int = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    async def serve(self, stream: anyio.abc.ByteStream) -> None:
        """One connection, until either side has enough."""
        self.opened += 1
        self.open_now += 1
        self.open_at_most = max(self.open_at_most, self.open_now)
        number = self.opened
        try:
            async with stream:
                if self.raw is not None:
                    await self.raw(stream)
                while self.raw is None and (request := await _read(stream, number)) is not None:
                    self.received.append(request)
                    await self.handler(request, stream)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream, ssl.SSLError):
            pass
        finally:
            self.open_now -= 1

    async def until_closed(self) -> None:
        """Returns when every connection has ended."""
        with anyio.fail_after(2):
            while self.open_now:
                await anyio.sleep(0.001)


async def _read(stream: anyio.abc.ByteStream, number: int) -> Received | None:
    data = b""
    while b"\r\n\r\n" not in data:
        try:
            data += await stream.receive()
        except anyio.EndOfStream:
            return None
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += await stream.receive()
    return Received(method, target, headers, body, number)


@asynccontextmanager
async def serving(
    handler: Handler,
    *,
    tls: bool = False,
    certificate: ssl.SSLContext | None = None,
    raw: Callable[[anyio.abc.ByteStream], Awaitable[None]] | None = None,
) -> AsyncIterator[Loopback]:
    """A server for the time of a test; `raw` takes each connection before any HTTP."""
    server = Loopback(handler, raw=raw)
    listener: Any = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0, family=socket.AF_INET)
    server.port = listener.extra(anyio.abc.SocketAttribute.local_port)
    if tls:
        certificate = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority().issue_cert("127.0.0.1").configure_cert(certificate)
    if certificate is not None:
        listener, server.scheme = TLSListener(listener, certificate, standard_compatible=False), "https"
    failure: Exception | None = None
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, server.serve)
        try:
            yield server
        except Exception as error:  # raised again outside, so that the task group does not wrap it
            failure = error
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure


def message(
    body: bytes | str | Mapping[str, Any] | list[Any] = b"", status: int = 200, headers: Iterable[str] = ()
) -> bytes:
    """The bytes of an answer: a mapping or a list is sent as JSON."""
    raw = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Whatever", *headers, f"Content-Length: {len(raw)}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + raw


def answering(*answers: bytes) -> Handler:
    """A handler that gives these answers one after the other, the last one ever again."""
    left = list(answers)

    async def handle(request: Received, stream: anyio.abc.ByteStream) -> None:
        await stream.send(left.pop(0) if len(left) > 1 else left[0])

    return handle


def then_close(*parts: bytes) -> Handler:
    """A handler that sends these bytes and ends the connection."""

    async def handle(request: Received, stream: anyio.abc.ByteStream) -> None:
        for part in parts:
            await stream.send(part)
        await stream.aclose()

    return handle


def then_reset(*parts: bytes) -> Handler:
    """A handler that sends these bytes and resets the connection."""

    async def handle(request: Received, stream: anyio.abc.ByteStream) -> None:
        for part in parts:
            await stream.send(part)
        await reset(stream)

    return handle


async def reset(stream: anyio.abc.ByteStream) -> None:
    """Ends a connection with RST instead of FIN."""
    raw = stream.extra(anyio.abc.SocketAttribute.raw_socket)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport = getattr(stream, "_transport", None)
    if transport is not None:  # some releases of anyio say goodbye with a FIN before they close
        transport.abort()
    await stream.aclose()


async def silent(request: Received, stream: anyio.abc.ByteStream) -> None:
    """A handler that never answers; it ends when the other side hangs up."""
    await stream.receive()


def unused_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
