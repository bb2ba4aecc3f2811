"""An answer of which status and headers are here and the body is still to come. Knows no HTTP library."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterable, Iterator, Mapping

import anyio
from attrs import define, field

from roomtone._core.content import Unpacker, unpacker
from roomtone._core.decode import request_id
from roomtone._core.operation import Reply
from roomtone._http.failures import transport_error
from roomtone.errors import ProtocolError, ResponseTooLargeError, RoomtoneError, TimeoutError

__all__ = ["Incoming", "read_headers"]

_MOST_BUFFERED = 100_000
"""More chunks than can have been received already."""
_MOST_READ_ON = 4
"""Chunks of an unwanted body that are read for the sake of its connection."""


def read_headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by their names in lower case, repeated ones joined."""
    headers: dict[str, str] = {}
    repeated: dict[str, list[str]] = {}
    for name, value in raw:
        lower = name.decode("latin-1").lower()
        if lower in headers:
            repeated.setdefault(lower, [headers[lower]]).append(_text(value))
        else:
            headers[lower] = _text(value)
    for lower, values in repeated.items():
        headers[lower] = ", ".join(values)
    return headers


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


@define(eq=False)
class Incoming:
    """An answer whose body comes in chunks, for one task at a time. At its end and after errors it closes itself.

    Args:
        status: The HTTP status.
        headers: Names in lower case.
        chunks: The body as it comes off the connection.
        close: Gives the connection back, or ends it when there is more to come.
        abort: Ends the connection at once, whatever is still to come.
        unpacked: The chunks are the content already, whatever encoding the headers name.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    _chunks: AsyncIterator[bytes] = field(repr=False)
    _close: Callable[[], Awaitable[None]] = field(repr=False)
    _abort: Callable[[], Awaitable[None]] = field(repr=False)
    _unpacked: bool = field(default=False, alias="unpacked")
    _unpacker: Unpacker | None = field(init=False, repr=False)
    """None where the chunks are the content."""
    _pieces: Iterator[bytes] = field(default=iter(()), init=False, repr=False)
    _received: int = field(default=0, init=False)
    _reading: bool = field(default=False, init=False)
    _ended: bool = field(default=False, init=False)
    _closed: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self._unpacker = None if self._unpacked else unpacker(self.headers)

    async def read(self, limit: int) -> bytes:
        """All of the content, of which never more than `limit` bytes are held.

        Raises:
            ResponseTooLargeError: There are more bytes than `limit`.
            ProtocolError: The body is not in the encoding that it claims.
        """
        length = self.headers.get("content-length", "")
        try:
            # A length of so many digits that Python reads no number of them is too large all the same.
            if length.isascii() and length.isdigit() and (len(length) > 20 or int(length) > limit):
                raise self._too_large(limit)
            parts: list[bytes] = []
            size = 0
            while (piece := await self._next()) is not None:
                size += len(piece)
                if size > limit:
                    raise self._too_large(limit)
                parts.append(piece)
        except BaseException:
            await self.aclose()
            raise
        return b"".join(parts)

    def _too_large(self, limit: int) -> ResponseTooLargeError:
        found = request_id(self.headers)
        return ResponseTooLargeError(
            f"the answer is larger than {limit:,} bytes, which is the limit (max_response_bytes)",
            reply=Reply(value=None, status=self.status, headers=self.headers, body=b"", request_id=found, attempts=0),
            request_id=found,
            maybe_processed=True,
        )

    async def beginning(self, most: int, *, until: float) -> bytes:
        """What an error says of itself: up to `most` bytes, as far as they come until that time.

        Its status is enough, so a body that is longer, late or broken is no other error.
        """
        parts: list[bytes] = []
        size = 0
        try:
            with anyio.CancelScope(deadline=until):
                while size < most and (piece := await self._next()) is not None:
                    size += len(piece)
                    parts.append(piece)
        except Exception as error:
            if not isinstance(error, RoomtoneError) and transport_error(error, unsent=False) is None:
                raise
        finally:
            await self.aclose()
        return b"".join(parts)[:most]

    async def receive(self, *, timeout: float | None) -> bytes | None:
        """The next bytes of the content, never empty; None at its end.

        Raises:
            TimeoutError: Nothing came for `timeout` seconds.
            TransportError: The body broke off, or is not in the encoding that it claims.
        """
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
        """The next bytes of the content, never empty; None at its end, when it has closed itself."""
        if self._unpacker is not None:
            return await self._next_unpacked(self._unpacker)
        while (chunk := await self._next_chunk()) == b"":
            pass
        return chunk

    async def _next_unpacked(self, unpacker: Unpacker) -> bytes | None:
        try:
            while (piece := next(self._pieces, None)) is None:
                chunk = await self._next_chunk()
                if chunk is None:
                    unpacker.end()
                    return None
                self._pieces = unpacker.feed(chunk) if chunk else iter(())
        except ValueError as error:
            raise ProtocolError(
                f"the body's content encoding is broken, after {self._received:,} bytes: {error}", maybe_processed=True
            ) from error
        return piece

    async def _next_chunk(self) -> bytes | None:
        self._reading = True
        try:
            chunk = await anext(self._chunks, None)
        finally:
            self._reading = False
        if chunk is None:
            self._ended = True
            await self.aclose()
        else:
            self._received += len(chunk)
        return chunk

    @contextlib.contextmanager
    def _as_our_errors(self) -> Generator[None]:
        try:
            yield
        except Exception as error:
            ours = transport_error(error, unsent=False)
            if ours is None:
                raise
            kind = TimeoutError if isinstance(ours, TimeoutError) else ProtocolError
            told = f"the body broke off after {self._received:,} bytes: {ours.message}"
            raise kind(told, maybe_processed=True) from error

    async def aclose(self) -> None:
        """Gives the connection back, or ends it when there is more to come. Closing twice does nothing."""
        # While another task waits for a chunk, the body is that task's to close: it does, when its connection ends.
        if self._closed or self._reading:
            return
        self._closed = True
        if self._ended:  # nothing is left to wait for, and what is cancelled here costs no more than the connection
            with contextlib.suppress(Exception):
                await self._close()
            return
        try:
            await self._end_within()
        finally:
            with anyio.CancelScope(shield=True), contextlib.suppress(Exception):
                await self._close()

    async def _end_within(self) -> None:
        # Generators within generators must end from within: closing the outer one leaves the others to the garbage
        # collector, which trio warns of. So more chunks are asked for. What is here already may be all that there is,
        # and then the connection is kept; a chunk that is not here yet is cancelled, which is an end too.
        if await self._goes_on(_MOST_READ_ON):
            with anyio.CancelScope(shield=True), contextlib.suppress(Exception):
                await self._abort()
            # Now the next chunk is an error, or is one of the last that were received.
            await self._goes_on(_MOST_BUFFERED)
        close: Callable[[], Awaitable[None]] | None = getattr(self._chunks, "aclose", None)
        with anyio.CancelScope(shield=True), contextlib.suppress(Exception):
            if close is not None:
                await close()

    async def _goes_on(self, chunks: int) -> bool:
        """Whether there are more chunks than so many to be had without waiting."""
        with anyio.CancelScope(shield=True) as scope, contextlib.suppress(Exception):
            scope.cancel()
            for _ in range(chunks):
                await anext(self._chunks)
            return True
        return False
