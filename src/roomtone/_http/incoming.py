"""The other door of the transport: an answer of which status and headers are here and the body is still to come."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Mapping
from types import ModuleType
from typing import Any, Protocol

import anyio
from attrs import define, field

from roomtone._core.content import Unpacker, unpacker
from roomtone.errors import ProtocolError, TimeoutError

__all__ = ["HttpxIncoming", "Incoming", "reason"]

_MOST_BUFFERED = 100_000
"""More chunks than can have been received already."""


class Incoming(Protocol):
    """An answer whose body comes in chunks, for one task at a time."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Names in lower case."""
        ...

    async def receive(self, *, timeout: float | None) -> bytes | None:
        """The next bytes of the content, never empty; None at its end. At the end and after errors it closes itself.

        Raises:
            TimeoutError: Nothing came for `timeout` seconds.
            ProtocolError: The body broke off, or is not in the encoding it claims.
        """
        ...

    async def aclose(self) -> None:
        """Gives the connection back, or ends it when there is more to come. Closing twice does nothing."""
        ...


@define(eq=False)
class HttpxIncoming:
    """A streamed answer of httpx, or of httpx2."""

    library: ModuleType
    response: Any
    status: int
    headers: Mapping[str, str]
    _chunks: AsyncIterator[bytes] = field(init=False)
    _unpacker: Unpacker = field(init=False)
    _pieces: Iterator[bytes] = field(factory=lambda: iter(()), init=False)
    _received: int = field(default=0, init=False)
    _reading: bool = field(default=False, init=False)
    _closed: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        if self.response.is_stream_consumed:
            # A hook of the user's client read it all: what is there is the content, decoded.
            self._chunks = aiter(self.library.ByteStream(self.response.content))
            self._unpacker = unpacker({})
        else:
            self._chunks = aiter(self.response.stream)
            self._unpacker = unpacker(self.headers)

    async def receive(self, *, timeout: float | None) -> bytes | None:
        try:
            with self._as_our_errors(), anyio.move_on_after(timeout):
                return await self._next()
            raise TimeoutError(
                f"nothing more of the body came for {timeout} s, after {self._received:,} bytes", maybe_processed=True
            )
        except BaseException:
            await self.aclose()
            raise

    async def _next(self) -> bytes | None:
        while True:
            for piece in self._pieces:
                return piece
            chunk = await self._next_packed()
            if chunk is None:
                self._unpacker.end()
                await self.aclose()
                return None
            self._received += len(chunk)
            self._pieces = self._unpacker.feed(chunk) if chunk else iter(())

    async def _next_packed(self) -> bytes | None:
        self._reading = True
        try:
            return await anext(self._chunks, None)
        finally:
            self._reading = False

    @contextlib.contextmanager
    def _as_our_errors(self) -> Generator[None]:
        library = self.library
        try:
            yield
        except library.TimeoutException as error:
            raise TimeoutError(
                f"timed out after {self._received:,} bytes of the body: {reason(error)}", maybe_processed=True
            ) from error
        except (library.HTTPError, library.StreamError, OSError) as error:
            raise ProtocolError(
                f"the body broke off after {self._received:,} bytes: {reason(error)}", maybe_processed=True
            ) from error
        except ValueError as error:
            raise ProtocolError(
                f"the body's content encoding is broken, after {self._received:,} bytes: {error}", maybe_processed=True
            ) from error

    async def aclose(self) -> None:
        # While another task waits for a chunk, the body is that task's to close: it does, when its connection ends.
        if self._closed or self._reading:
            return
        self._closed = True
        # Generators within generators must end from within: closing the outer one leaves the others to the garbage
        # collector, which trio warns of. So one more chunk is asked for, and cancelled when it is not here yet.
        with anyio.CancelScope(shield=True) as scope, contextlib.suppress(Exception):
            scope.cancel()
            for _ in range(_MOST_BUFFERED):
                await anext(self._chunks)
        with anyio.CancelScope(shield=True), contextlib.suppress(Exception):
            close: Callable[[], Awaitable[None]] | None = getattr(self._chunks, "aclose", None)
            if close is not None:
                await close()
            await self.response.aclose()


def reason(error: BaseException) -> str:
    """What an error says; where it says nothing, as trio's do, what the operating system or TLS said before it."""
    said: BaseException | None = error
    while said is not None:
        if str(said) and (said is error or isinstance(said, OSError)):
            return str(said)
        said = said.__cause__ or said.__context__
    return type(error).__name__
