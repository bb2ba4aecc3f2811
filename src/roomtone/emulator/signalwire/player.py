"""Player: carries one stream over a WebSocket, as SignalWire would. The door to websockets; runs on the lines' loop."""

from __future__ import annotations

import asyncio
import itertools
import socket
import ssl
from collections import deque
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from roomtone.emulator.signalwire.sound import FRAME_MS, Codec, Silence, frames
from roomtone.emulator.signalwire.stream import Stream
from roomtone.errors import DecodeError
from roomtone.signalwire.errors import SignalWireServiceFaultError
from roomtone.signalwire.streams import (
    Clear,
    Connected,
    Dtmf,
    Mark,
    Media,
    MediaFormat,
    Start,
    Stop,
    StreamMessage,
    parse_message,
    to_text,
)

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

__all__ = ["check_websockets", "play"]

OPEN_TIMEOUT = 5.0
CLOSE_TIMEOUT = 1.0
DIGIT_MS = 100


def check_websockets() -> None:
    """Refuses to dial without websockets. Raises SignalWireServiceFaultError."""
    try:
        import_module("websockets")
    except ImportError:
        raise SignalWireServiceFaultError(
            "dialling a stream takes websockets, which is not installed; pip install 'roomtone[emulator]' brings it",
            status=501,
            code="NotEmulatedException",
        ) from None


async def play(stream: Stream, codec: Codec, tls: ssl.SSLContext | None) -> None:
    """Dials a stream's URL and carries the stream until it is stopped or the application closes the connection."""
    try:
        await _Player(stream, codec).run(tls)
    except (TimeoutError, ssl.SSLError) as error:
        stream._end("failed", str(error) or type(error).__name__, "connection_refused_timeout_or_ssl_error")
    except OSError as error:
        stream._end("failed", str(error), "connection_refused")
    except Exception as error:
        # Whatever happened is told where the test looks, not on the stderr of a thread.
        stream._end("failed", f"{type(error).__name__}: {error}", "general_error")
    finally:
        stream._end("stopped")


class _Player:
    def __init__(self, stream: Stream, codec: Codec) -> None:
        self._stream = stream
        self._codec = codec
        self._sequence = itertools.count(1)
        self._waiting: deque[bytes | str] = deque()
        """Audio of the application that is yet to be played, and the names of marks between it."""

    async def run(self, tls: ssl.SSLContext | None) -> None:
        socket = await self._dialled(tls)
        orders: asyncio.Queue[str | None] = asyncio.Queue()
        try:
            if self._stream._opens(orders):
                await self._carry(socket, orders)
        finally:
            await socket.close()

    async def _dialled(self, tls: ssl.SSLContext | None) -> ClientConnection:
        from websockets.asyncio.client import connect

        url = urlsplit(self._stream.url)
        token = self._stream._token
        return await connect(
            self._stream.url,
            # Its own socket: neither a resolver nor a proxy nor a redirect leads beyond this machine.
            sock=await _connected(url.hostname or "", url.port or (443 if url.scheme == "wss" else 80)),
            ssl=(tls or ssl.create_default_context()) if url.scheme == "wss" else None,
            additional_headers={} if token is None else {"Authorization": f"Bearer {token}"},
            compression=None,
            # A full queue would keep an application's goodbye from being read.
            max_queue=None,
            open_timeout=OPEN_TIMEOUT,
            close_timeout=CLOSE_TIMEOUT,
            ping_interval=None,
        )

    async def _carry(self, socket: ClientConnection, orders: asyncio.Queue[str | None]) -> None:
        from websockets.exceptions import ConnectionClosed

        with suppress(ConnectionClosed):
            await self._introduce(socket)
        talking = asyncio.create_task(self._talk(socket))
        talking.add_done_callback(lambda task: orders.put_nowait(None) if _has_failed(task) else None)
        listening = asyncio.create_task(self._listen(socket))
        obeying = asyncio.create_task(self._obey(socket, orders))
        try:
            await asyncio.wait({listening, obeying}, return_when=asyncio.FIRST_COMPLETED)
            if talking.done():
                talking.result()
            talking.cancel()
            await asyncio.wait({talking})
            if not listening.done():
                with suppress(ConnectionClosed):
                    await socket.send(to_text(Stop(sequence_number=next(self._sequence))))
                # What the application sends until it has closed its side still counts.
                await socket.close()
            await listening
        finally:
            for task in (talking, listening, obeying):
                task.cancel()

    async def _introduce(self, socket: ClientConnection) -> None:
        stream, codec = self._stream, self._codec
        await socket.send(to_text(Connected(protocol="Call", version="0.2.0")))
        start = Start(
            sequence_number=next(self._sequence),
            stream_sid=stream.sid,
            account_sid=stream.account_sid,
            call_sid=stream.call_sid,
            tracks=list(stream.tracks),
            custom_parameters=dict(stream.parameters),
            media_format=MediaFormat(encoding=codec.encoding, sample_rate=codec.rate, channels=1),
        )
        await socket.send(to_text(start))

    async def _talk(self, socket: ClientConnection) -> None:
        """Sends the sounds of all tracks, frame by frame; in real time silence after them, for as long as it takes."""
        from websockets.exceptions import ConnectionClosed

        playing, silence = self._stream._playing, next(frames([Silence()], self._codec))
        # Both sides are heard to the end of the longer one, whichever of them the stream carries.
        sides = {"inbound": frames(playing.inbound, self._codec), "outbound": frames(playing.outbound, self._codec)}
        clock, ends = asyncio.get_running_loop().time, None
        with suppress(ConnectionClosed):
            number = 0
            while True:
                pieces = {side: next(heard, None) for side, heard in sides.items()}
                if not playing.realtime and not any(pieces.values()):
                    return
                for track in self._stream.tracks:
                    await self._send_audio(socket, track, number, pieces[track] or silence)
                number += 1
                if not playing.realtime:
                    # A send that need not wait would let nobody else run.
                    await asyncio.sleep(0)
                    continue
                ends = (ends or clock()) + FRAME_MS / 1000
                await asyncio.sleep(ends - clock())
                await self._play(socket, len(silence))

    async def _send_audio(self, socket: ClientConnection, track: str, number: int, piece: bytes) -> None:
        media = Media(
            sequence_number=next(self._sequence),
            track=track,
            chunk=number + 1,
            timestamp=number * FRAME_MS,
            payload=piece,
        )
        await socket.send(to_text(media))
        self._stream.frames_sent += 1

    async def _listen(self, socket: ClientConnection) -> None:
        """Takes what the application sends, until it closes the connection."""
        from websockets.exceptions import ConnectionClosedOK

        async for text in socket:
            # A mark may be due to an application that has said goodbye; what it said before still counts.
            with suppress(ConnectionClosedOK):
                await self._read(socket, text)

    async def _read(self, socket: ClientConnection, text: str | bytes) -> None:
        try:
            if isinstance(text, bytes):
                raise DecodeError("a binary frame was received; messages are text")
            message = parse_message(text)
        except DecodeError as error:
            self._stream.misfits.append(error.message)
        else:
            await self._take(socket, message)

    async def _take(self, socket: ClientConnection, message: StreamMessage) -> None:
        stream = self._stream
        if not isinstance(message, (Media, Mark, Clear, Dtmf)):
            stream.misfits.append(f"an application sends media, mark, clear and dtmf, not {message.event}")
            return
        if message.stream_sid != stream.sid:
            stream.misfits.append(f"a {message.event} message whose streamSid is not this stream's")
            return
        stream.received.append(message)
        match message:
            case Media():
                stream._received_audio += message.payload
                self._waiting.append(message.payload)
            case Mark():
                self._waiting.append(message.name)
            case Dtmf():
                stream.digits += message.digit
            case _:
                # Nothing is left to be waited for, so the marks are due.
                self._waiting = deque(item for item in self._waiting if isinstance(item, str))
        if not stream._playing.realtime or isinstance(message, (Clear, Mark)):
            await self._play(socket, None if not stream._playing.realtime else 0)

    async def _play(self, socket: ClientConnection, room: int | None) -> None:
        """Plays so many bytes of what waits, or all of it, and sends back the marks that are reached."""
        while self._waiting:
            item = self._waiting.popleft()
            if isinstance(item, str):
                await socket.send(to_text(Mark(stream_sid=self._stream.sid, name=item)))
                self._stream.marks.append(item)
            elif room is None:
                self._stream._played_audio += item
            else:
                played, rest = item[:room], item[room:]
                self._stream._played_audio += played
                room -= len(played)
                if rest:
                    self._waiting.appendleft(rest)
                    return

    async def _obey(self, socket: ClientConnection, orders: asyncio.Queue[str | None]) -> None:
        """Carries out a test's commands until one of them is to stop."""
        from websockets.exceptions import ConnectionClosed

        with suppress(ConnectionClosed):
            while (digit := await orders.get()) is not None:
                number = next(self._sequence)
                key = Dtmf(stream_sid=self._stream.sid, sequence_number=number, digit=digit, duration=DIGIT_MS)
                await socket.send(to_text(key))


def _has_failed(task: asyncio.Task[None]) -> bool:
    return not task.cancelled() and task.exception() is not None


async def _connected(host: str, port: int) -> socket.socket:
    """A socket to a loopback address; `localhost` is taken to be 127.0.0.1 or ::1, whatever a resolver thinks."""
    if host != "localhost":
        return await _connected_to(host, port)
    with suppress(OSError):
        return await _connected_to("127.0.0.1", port)
    return await _connected_to("::1", port)


async def _connected_to(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # asyncio sends at once only on sockets that name their protocol; on others each message may wait 40 ms.
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    found.setblocking(False)
    try:
        await asyncio.wait_for(asyncio.get_running_loop().sock_connect(found, (address, port)), OPEN_TIMEOUT)
    except BaseException:
        found.close()
        raise
    return found
