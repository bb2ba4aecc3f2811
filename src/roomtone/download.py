"""Download: media as they come, chunk by chunk or into a file. Knows files, and its opener's answer."""

from __future__ import annotations

import inspect
import os
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import anyio

from roomtone._core.content import is_encoded
from roomtone._core.operation import Operation
from roomtone.errors import RequestError

if TYPE_CHECKING:
    from roomtone._http.attempts import Opened

__all__ = ["Download"]


class Download(AsyncIterator[bytes]):
    """The answer of a `download` method: media that are never held in memory as a whole.

    Nothing is sent before one of these, and each download is good for one of them:

    - `async with download as media:` opens it, up to the answer's headers: then its attributes tell of the answer, and
      `async for chunk in media` gives the bytes as they come. Leaving the block gives the connection back.
    - `async for chunk in download` without a block opens it at the first chunk. After the last chunk, or an error, it
      is closed; when the loop is left early, it is closed by the client's next call or its end, so a block is better.
    - `await download.save(path)` writes a file.

    `timeout` and `attempt_timeout` of the client, or of `with_options`, bound it up to the headers; until then it is
    repeated as any call that only reads. From there on `attempt_timeout` bounds every wait for the next chunk, and
    nothing is repeated. Bytes are those of the media: gzip and deflate are taken off, though neither is asked for.

    Raises:
        ApiError: While opening: the service answered with an error, or with a redirect, which is not followed.
        TimeoutError: While opening, or while reading: no chunk came for `attempt_timeout` seconds.
        ProtocolError: While reading: the body broke off; the message says after how many bytes.
        RequestError: An argument is refused; or it was read already, or is not open yet.
        ClientClosedError: The client is closed.
    """

    def __init__(self, opener: Callable[[Download], Awaitable[Opened]], operation: Operation[Any, bytes]) -> None:
        self._opener = opener
        self._operation = operation
        self._opened: Opened | None = None
        self._received = 0
        self._busy = False
        self._closed = False
        self._ended = False

    @property
    def status(self) -> int:
        """The HTTP status of the answer: 200, or another one of success."""
        return self._answer().body.status

    @property
    def headers(self) -> Mapping[str, str]:
        """The answer's headers, names in lower case."""
        return self._answer().body.headers

    @property
    def content_type(self) -> str | None:
        """What the service says the media are, such as `audio/x-wav`; None when it does not say."""
        return self.headers.get("content-type")

    @property
    def size(self) -> int | None:
        """How many bytes there will be; None when the service does not say, or packed them for the way."""
        length = self.headers.get("content-length", "")
        return int(length) if length.isascii() and length.isdigit() and not is_encoded(self.headers) else None

    @property
    def request_id(self) -> str | None:
        """The service's request id, if it sent one."""
        return self._answer().request_id

    @property
    def attempts(self) -> int:
        """How many requests it took."""
        return self._answer().attempts

    def _answer(self) -> Opened:
        if self._opened is None:
            raise self._refused("is not open yet: use `async with`, or read its first chunk")
        return self._opened

    def _refused(self, what: str) -> RequestError:
        return RequestError(
            f"this download {what}", service=self._operation.service.name, operation=self._operation.name
        )

    async def __aenter__(self) -> Self:
        await self._open()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Gives the connection back; what was not read is not read any more. Closing twice does nothing."""
        self._closed = True
        if self._opened is not None:
            await self._opened.aclose()

    def __aiter__(self) -> Self:
        # A second loop over what is gone would look like an empty file.
        if self._closed:
            raise self._refused("was read or closed already: ask for a new one")
        return self

    async def __anext__(self) -> bytes:
        if self._ended:
            raise StopAsyncIteration
        if self._closed:
            raise self._refused("is closed, and some of it was not read")
        opened = self._opened or await self._open()
        with self._alone():
            chunk = await opened.receive()
            if self._closed:
                # Another task closed it while this one was waiting: then it is this one's to give back.
                await opened.aclose()
        if chunk is None:
            self._ended = True
            await self.aclose()
            raise StopAsyncIteration
        self._received += len(chunk)
        return chunk

    async def _open(self) -> Opened:
        if self._closed or self._opened is not None:
            raise self._refused("was opened already: ask for a new one")
        with self._alone():
            self._opened = await self._opener(self)
        return self._opened

    @contextmanager
    def _alone(self) -> Generator[None]:
        """One task at a time; what fails is over."""
        if self._busy:
            raise self._refused("is being read by another task")
        self._busy = True
        try:
            yield
        except BaseException:
            self._closed = True
            raise
        finally:
            self._busy = False

    async def save(
        self, path: str | os.PathLike[str], *, progress: Callable[[int, int | None], object] | None = None
    ) -> int:
        """Writes the media to a file, in worker threads; returns how many bytes they are.

        They are written to a temporary file in the same directory, which takes the place of `path` at the end, or is
        removed when anything fails; so whoever looks at `path` finds all of it, or what was there before.

        Args:
            path: The file; one that exists is replaced.
            progress: Called in the event loop after each chunk, with the bytes written so far and `size`; what it
                returns is ignored, what it raises ends the download.

        Raises:
            RequestError: An argument is refused, or some of the media was read already.
            OSError: The file cannot be written.
            RoomtoneError: As for reading.
        """
        if not isinstance(path, (str, os.PathLike)):
            raise self._refused(f"is saved to a path, a str or a Path, not {type(path).__name__}")
        if progress is not None and (not callable(progress) or inspect.iscoroutinefunction(progress)):
            raise self._refused("takes as progress a plain function of two numbers")
        if self._closed or self._received:
            raise self._refused("was read or closed already: ask for a new one")
        try:
            async with _replacing(Path(path)) as file:
                async for chunk in self:
                    await file.write(chunk)
                    if progress is not None:
                        progress(self._received, self.size)
        finally:
            await self.aclose()
        return self._received

    def __repr__(self) -> str:
        state = "closed" if self._closed else "not open yet" if self._opened is None else "open"
        return f"<roomtone.Download {self._operation.name} {state}>"


@asynccontextmanager
async def _replacing(path: Path) -> AsyncGenerator[anyio.AsyncFile[bytes]]:
    """A new file that takes the place of another one at the end, or is removed when anything fails."""
    target = anyio.Path(path)
    if await target.is_dir():
        raise IsADirectoryError(f"{path} is a directory; name the file to write")
    partial = target.with_name(f".{target.name[:100]}.{secrets.token_hex(8)}.part")
    try:
        file = await partial.open("xb")
        try:
            yield file
        finally:
            with anyio.CancelScope(shield=True):
                await file.aclose()
        await partial.replace(target)
    except BaseException:
        with anyio.CancelScope(shield=True), suppress(OSError):
            await partial.unlink(missing_ok=True)
        raise
