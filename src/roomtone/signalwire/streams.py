"""The messages of a SignalWire media stream, and a stream of them over any WebSocket. Written by hand.

SignalWire connects to your `wss://` URL and sends text frames: one `Connected`, one `Start`, then `Media`, `Dtmf` and
`Mark` until `Stop`. Where the stream is bidirectional your side sends `Media`, `Mark`, `Clear` and `Dtmf`.

    stream = MediaStream(websocket)
    async for message in stream:
        match message:
            case Media():
                await stream.send_audio(message.payload)   # an echo
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar, Literal, Protocol, TypeAlias, cast

from attrs import define, field

from roomtone._core.codec import TOLERANT_ANSWERS, Misfit
from roomtone._core.decode import json_object
from roomtone._core.model import ANSWERED, Dialect
from roomtone.errors import DecodeError, RequestError

__all__ = [
    "L16",
    "MULAW",
    "Clear",
    "Connected",
    "Dtmf",
    "Encoding",
    "Mark",
    "Media",
    "MediaFormat",
    "MediaStream",
    "Start",
    "Stop",
    "StreamMessage",
    "TextSocket",
    "Track",
    "Unknown",
    "parse_message",
    "to_text",
]

DIALECT: Dialect = Dialect(request="camel", shape="camel", tolerant=True)

MULAW = "audio/x-mulaw"
"""The encoding of a stream whose codec is `PCMU`."""

L16 = "audio/x-L16"
"""The encoding of a stream whose codec is `L16`, at 8000, 16000 or 24000 samples per second."""

Encoding: TypeAlias = Literal["audio/x-mulaw", "audio/x-L16"] | str
"""How audio is encoded."""

Track: TypeAlias = Literal["inbound", "outbound"] | str
"""Whose audio it is."""

_DIGITS = "0123456789*#ABCD"


@define(kw_only=True)
class MediaFormat:
    """What the payload of a stream's media is: raw audio, without a header.

    Args:
        encoding: `MULAW` or `L16`.
        sample_rate: Samples per second: 8000, 16000 or 24000.
        channels: Always 1 today.
    """

    encoding: Encoding | None = None
    sample_rate: int | None = None
    channels: int | None = None


@define(kw_only=True)
class Connected:
    """The first message."""

    event: ClassVar[str] = "connected"
    protocol: str | None = None
    version: str | None = None


@define(kw_only=True)
class Start:
    """The second message: what the stream is.

    Args:
        stream_sid: What messages to SignalWire carry; `MediaStream` keeps it.
        account_sid: The project.
        call_sid: The call.
        tracks: Whose audio comes.
        custom_parameters: The parameters that the stream was started with.
        media_format: What the payloads are.
        sequence_number: The place among the messages; this one's is 1.
    """

    event: ClassVar[str] = "start"
    stream_sid: str = field(metadata={ANSWERED: True})
    account_sid: str | None = None
    call_sid: str | None = None
    tracks: list[Track] = field(factory=list)
    custom_parameters: dict[str, str] = field(factory=dict)
    media_format: MediaFormat | None = None
    sequence_number: int | None = None


@define(kw_only=True)
class Media:
    """Audio, either way.

    Args:
        payload: Raw audio in the stream's encoding.
        track: Whose audio it is; only from SignalWire.
        chunk: The place among the messages of its track, from 1; only from SignalWire.
        timestamp: Milliseconds since the stream's start; only from SignalWire.
        sequence_number: The place among the messages; only from SignalWire.
        stream_sid: The stream; needed to SignalWire.
    """

    event: ClassVar[str] = "media"
    payload: bytes = field(metadata={ANSWERED: True})
    track: Track | None = None
    chunk: int | None = None
    timestamp: int | None = None
    sequence_number: int | None = None
    stream_sid: str | None = None


@define(kw_only=True)
class Dtmf:
    """A key of a telephone, either way.

    Args:
        digit: One of `0` to `9`, `*`, `#`, `A` to `D`.
        duration: Milliseconds; only from SignalWire.
        sequence_number: The place among the messages; only from SignalWire.
        stream_sid: The stream; needed to SignalWire.
    """

    event: ClassVar[str] = "dtmf"
    digit: str = field(metadata={ANSWERED: True})
    duration: int | None = None
    sequence_number: int | None = None
    stream_sid: str | None = None


@define(kw_only=True)
class Mark:
    """A name between pieces of audio. SignalWire sends it back once the audio before it was played.

    Args:
        name: Any text of yours.
        sequence_number: The place among the messages; only from SignalWire.
        stream_sid: The stream; needed to SignalWire.
    """

    event: ClassVar[str] = "mark"
    name: str = field(metadata={ANSWERED: True})
    sequence_number: int | None = None
    stream_sid: str | None = None


@define(kw_only=True)
class Clear:
    """To SignalWire: drop the audio that was sent and not yet played."""

    event: ClassVar[str] = "clear"
    stream_sid: str | None = None


@define(kw_only=True)
class Stop:
    """The last message."""

    event: ClassVar[str] = "stop"
    sequence_number: int | None = None


@define(kw_only=True)
class Unknown:
    """A message of a kind that this module does not know: its event, and the whole of it as it came."""

    event: str
    frame: dict[str, Any]


StreamMessage: TypeAlias = Connected | Start | Media | Dtmf | Mark | Clear | Stop | Unknown
"""Any message, told apart by its class or by its `event`."""

_Known: TypeAlias = Connected | Start | Media | Dtmf | Mark | Clear | Stop
_KINDS: Mapping[str, type[_Known]] = {cls.event: cls for cls in (Connected, Start, Media, Dtmf, Mark, Clear, Stop)}
_WITH_CONTENT = ("start", "media", "dtmf", "mark")
"""The events whose frame has an object of the same name, which holds what is particular to them."""
_NUMBERS_AS_TEXT = ("sequenceNumber", "chunk", "timestamp")


def parse_message(text: str) -> StreamMessage:
    """The message of a text frame.

    Numbers are read from texts as well; what is not there, or does not convert, is None. What a message is of no use
    without must be there: a start's stream id, media's payload, a digit, a mark's name.

    Raises:
        DecodeError: The frame is no JSON object with an event, or a part of it that must be there is not; says which.
    """
    frame = _frame(text)
    event = frame.get("event")
    if not isinstance(event, str):
        raise _unfit("a stream frame without an `event`")
    if event not in _KINDS:
        return Unknown(event=event, frame=frame)
    if event in _WITH_CONTENT:
        content = frame.get(event)
        if not isinstance(content, dict):
            raise _unfit(f"a {event} message without its `{event}` object")
        frame = {**frame, **cast("dict[str, Any]", content)}
    if event == "media":
        frame["payload"] = _audio(frame.get("payload"))
    try:
        return TOLERANT_ANSWERS.load(_KINDS[event], frame)
    except Misfit as misfit:
        raise _unfit(f"a {event} message whose {misfit.path} is missing or does not fit") from None


def to_text(message: StreamMessage) -> str:
    """The text frame of a message, from either side; what is None is left out.

    Raises:
        RequestError: A member has another type than it declares; names the member, never the value.
    """
    if isinstance(message, Unknown):
        return _json(message.frame)
    if not isinstance(message, tuple(_KINDS.values())):
        raise RequestError(f"a message must be one of this module's classes, not a {type(message).__name__}")
    try:
        members = TOLERANT_ANSWERS.dump(message)
    except Misfit as misfit:
        where = f"{type(message).__name__}.{misfit.path}"
        raise RequestError(f"{where} {misfit.reason}", member=misfit.path or None) from None
    if isinstance(message, Media):
        members["payload"] = _payload(message.payload)
    members |= {name: str(members[name]) for name in _NUMBERS_AS_TEXT if name in members}
    if message.event not in _WITH_CONTENT:
        return _json({"event": message.event, **members})
    outside = ("sequenceNumber",) if isinstance(message, Start) else ("sequenceNumber", "streamSid")
    frame: dict[str, Any] = {name: members.pop(name) for name in outside if name in members}
    return _json({"event": message.event, **frame, message.event: members})


class TextSocket(Protocol):
    """What `MediaStream` needs of a WebSocket; Starlette's and FastAPI's have it."""

    async def receive_text(self) -> str:
        """The next text frame."""
        ...

    async def send_text(self, data: str, /) -> None:
        """Send one text frame."""
        ...


class MediaStream:
    """One media stream over one accepted WebSocket.

    Iterate over it for its messages; the last one is `Stop`, after which the iteration ends. What the socket raises,
    such as its own error for a lost connection, passes through. A frame that does not fit raises DecodeError, after
    which the iteration can go on. The sending methods work while another task iterates, once `Start` was received.

    Attributes:
        start: The stream's start message; None before it was received.
    """

    start: Start | None

    def __init__(self, socket: TextSocket) -> None:
        self.start = None
        self._socket = socket
        self._stopped = False

    def __aiter__(self) -> AsyncIterator[StreamMessage]:
        return self

    async def __anext__(self) -> StreamMessage:
        if self._stopped:
            raise StopAsyncIteration
        message = parse_message(await self._socket.receive_text())
        if isinstance(message, Start):
            self.start = message
        self._stopped = isinstance(message, Stop)
        return message

    @property
    def stream_sid(self) -> str:
        """The stream's id. Raises RequestError before the start message was received."""
        if self.start is None:
            raise RequestError("the stream has not started: receive its start message before you send")
        return self.start.stream_sid

    async def send_audio(self, audio: bytes) -> None:
        """Play raw audio in the stream's encoding (`stream.start.media_format`) after what was sent before.

        Raises:
            RequestError: The stream has not started or has stopped, or `audio` is not bytes. So of all that sends.
        """
        await self._send(Media(stream_sid=self.stream_sid, payload=audio))

    async def mark(self, name: str) -> None:
        """Have SignalWire send `Mark(name=name)` once all the audio sent before was played."""
        await self._send(Mark(stream_sid=self.stream_sid, name=name))

    async def clear(self) -> None:
        """Drop the audio that was sent and not yet played."""
        await self._send(Clear(stream_sid=self.stream_sid))

    async def dtmf(self, digit: str) -> None:
        """Press one key: `0` to `9`, `*`, `#`, `A` to `D`. Another one raises RequestError."""
        if not isinstance(digit, str) or len(digit) != 1 or digit not in _DIGITS:
            raise RequestError(f"digit must be one of {' '.join(_DIGITS)}", member="digit")
        await self._send(Dtmf(stream_sid=self.stream_sid, digit=digit))

    async def _send(self, message: StreamMessage) -> None:
        if self._stopped:
            raise RequestError("the stream has stopped: nothing more can be sent")
        await self._socket.send_text(to_text(message))


def _frame(text: str) -> dict[str, Any]:
    if not isinstance(text, str):
        raise _unfit(f"a stream frame that is no text but {type(text).__name__}")
    try:
        return json_object(text.encode("utf-8", "surrogatepass"))
    except Misfit as misfit:
        raise _unfit(f"a stream frame that {misfit.reason}") from None
    except RecursionError:
        raise _unfit("a stream frame that is nested too deeply") from None


def _audio(payload: object) -> bytes | None:
    if payload is None:
        return None
    try:
        return base64.b64decode(payload, validate=True) if isinstance(payload, str) else None
    except ValueError:
        raise _unfit("a media message whose payload is not base64") from None


def _payload(audio: object) -> str:
    if not isinstance(audio, (bytes, bytearray)):
        raise RequestError(f"Media.payload must be bytes, not {type(audio).__name__}", member="payload")
    return base64.b64encode(audio).decode()


def _json(frame: Mapping[str, Any]) -> str:
    return json.dumps(frame, separators=(",", ":"))


def _unfit(what: str) -> DecodeError:
    return DecodeError(f"{what} was received", service="signalwire")
