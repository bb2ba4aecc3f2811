"""Media streams: messages from and to text frames, and a stream of them over a WebSocket."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any, get_type_hints

import anyio
import pytest
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from hypothesis import given
from hypothesis import strategies as st

from roomtone import errors
from roomtone._core.codec import members_of
from roomtone.signalwire import streams
from roomtone.signalwire.streams import (
    L16,
    MULAW,
    Clear,
    Connected,
    Dtmf,
    Mark,
    Media,
    MediaFormat,
    MediaStream,
    Start,
    Stop,
    StreamMessage,
    Unknown,
    parse_message,
    to_text,
)

FACTS = Path(__file__).parents[3] / "shared" / "facts" / "signalwire_stream_protocol.json"

START = {
    "event": "start",
    "sequenceNumber": "1",
    "start": {
        "streamSid": "ST1",
        "accountSid": "AC1",
        "callSid": "CA1",
        "tracks": ["inbound"],
        "customParameters": {"tenant": "42"},
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
    },
}
STARTED = Start(
    stream_sid="ST1",
    account_sid="AC1",
    call_sid="CA1",
    tracks=["inbound"],
    custom_parameters={"tenant": "42"},
    media_format=MediaFormat(encoding=MULAW, sample_rate=8000, channels=1),
    sequence_number=1,
)
FRAMES: list[tuple[dict[str, Any], StreamMessage]] = [
    ({"event": "connected", "protocol": "Call", "version": "0.2.0"}, Connected(protocol="Call", version="0.2.0")),
    (START, STARTED),
    (
        {
            "event": "media",
            "sequenceNumber": "3",
            "media": {"track": "inbound", "chunk": "1", "timestamp": "20", "payload": "AP/+"},
        },
        Media(payload=b"\x00\xff\xfe", track="inbound", chunk=1, timestamp=20, sequence_number=3),
    ),
    (
        {"event": "dtmf", "sequenceNumber": "4", "streamSid": "ST1", "dtmf": {"digit": "#", "duration": 120}},
        Dtmf(digit="#", duration=120, sequence_number=4, stream_sid="ST1"),
    ),
    ({"event": "mark", "streamSid": "ST1", "mark": {"name": "hello"}}, Mark(name="hello", stream_sid="ST1")),
    ({"event": "stop", "sequenceNumber": "5"}, Stop(sequence_number=5)),
]
SENT: list[tuple[dict[str, Any], StreamMessage]] = [
    (
        {"event": "media", "streamSid": "ST1", "media": {"payload": "AAE="}},
        Media(stream_sid="ST1", payload=b"\x00\x01"),
    ),
    ({"event": "mark", "streamSid": "ST1", "mark": {"name": "m"}}, Mark(stream_sid="ST1", name="m")),
    ({"event": "clear", "streamSid": "ST1"}, Clear(stream_sid="ST1")),
    ({"event": "dtmf", "streamSid": "ST1", "dtmf": {"digit": "A"}}, Dtmf(stream_sid="ST1", digit="A")),
    ({"event": "news", "x": [1]}, Unknown(event="news", frame={"event": "news", "x": [1]})),
]


@pytest.mark.parametrize(("frame", "message"), FRAMES + SENT)
def test_a_message_and_its_frame(frame: dict[str, Any], message: StreamMessage) -> None:
    """Each documented message is read from its frame and made into exactly that frame."""
    assert parse_message(json.dumps(frame)) == message
    assert json.loads(to_text(message)) == frame
    assert message.event == frame["event"]


def test_the_messages_are_the_documented_ones() -> None:
    """Every documented field of every message is a member, and no member is undocumented."""
    if not FACTS.exists():
        pytest.skip("shared/facts does not stand beside this checkout")
    documented = json.loads(FACTS.read_text("utf-8"))
    known: dict[str, set[str]] = {}
    for direction in ("server_to_app", "app_to_server_bidirectional_only"):
        for event, fields in documented[direction].items():
            flat = {**fields, **(fields[event] if isinstance(fields.get(event), dict) else {})}
            wire = {name for name, fact in flat.items() if name not in ("event", "when", "conferenceSid", event)}
            known[event] = known.get(event, set()) | wire
    classes = {cls.event: cls for cls in (Connected, Start, Media, Dtmf, Mark, Clear, Stop)}
    assert {event: {member.wire for member in members_of(cls)} for event, cls in classes.items()} == known
    fact = documented["server_to_app"]["start"]["start"]["mediaFormat"]
    assert {member.wire for member in members_of(MediaFormat)} == set(fact)
    assert fact["encoding"] == f"'{MULAW}'|'{L16}'"
    assert get_type_hints(streams)  # every annotation of the module resolves


def test_numbers_come_as_numbers_or_as_text() -> None:
    """Documented as texts or numbers, they may be either; the member is an int."""
    media = {"payload": "", "chunk": 7, "timestamp": "140"}
    assert parse_message(json.dumps({"event": "media", "sequenceNumber": 9.0, "media": media})) == Media(
        payload=b"", chunk=7, timestamp=140, sequence_number=9
    )
    message = parse_message(json.dumps({"event": "dtmf", "dtmf": {"digit": 5, "duration": "100"}}))
    assert message == Dtmf(digit="5", duration=100)


def test_what_is_not_there_or_odd_is_none() -> None:
    """Only what a message is of no use without must be there."""
    assert parse_message('{"event":"connected"}') == Connected()
    assert parse_message('{"event":"stop","sequenceNumber":"last","stop":{}}') == Stop()
    assert parse_message('{"event":"start","start":{"streamSid":"ST1","extra":1}}') == Start(stream_sid="ST1")
    twice = {"event": "start", "streamSid": "outer", "start": {"streamSid": "ST1"}}
    assert parse_message(json.dumps(twice)) == Start(stream_sid="ST1")
    odd = {"streamSid": "ST1", "tracks": "inbound", "customParameters": [], "mediaFormat": {"sampleRate": "fast"}}
    assert parse_message(json.dumps({"event": "start", "start": odd})) == Start(
        stream_sid="ST1", media_format=MediaFormat()
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "without an `event`"),
        ("{", "is not JSON"),
        ("[]", "must be an object, not list"),
        ("null", "must be an object"),
        ('{"event": NaN}', "is not JSON"),
        ('{"event": 1}', "without an `event`"),
        ('{"event": "\udc80"}', "is not UTF-8"),
        ('{"event":' * 100_000, "nested too deeply"),
        ('{"event": "start"}', "a start message without its `start` object"),
        ('{"event": "start", "start": []}', "a start message without its `start` object"),
        ('{"event": "start", "start": {}}', "a start message whose stream_sid is missing"),
        ('{"event": "media", "media": {}}', "a media message whose payload is missing"),
        ('{"event": "media", "media": {"payload": 5}}', "a media message whose payload is missing or does not fit"),
        ('{"event": "media", "media": {"payload": "A"}}', "a media message whose payload is not base64"),
        ('{"event": "media", "media": {"payload": "AA!E="}}', "a media message whose payload is not base64"),
        ('{"event": "media", "media": {"payload": "\u00e9"}}', "a media message whose payload is not base64"),
        ('{"event": "dtmf", "dtmf": {"duration": 1}}', "a dtmf message whose digit is missing"),
        ('{"event": "mark", "mark": {"name": {}}}', "a mark message whose name is missing or does not fit"),
        (b'{"event": "stop"}', "no text but bytes"),
        (None, "no text but NoneType"),
    ],
)
def test_a_frame_that_does_not_fit_says_why(text: Any, reason: str) -> None:
    """A malformed frame is a DecodeError that names what is wrong."""
    with pytest.raises(errors.DecodeError, match=reason) as caught:
        parse_message(text)
    assert caught.value.service == "signalwire"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(["streamSid", "payload", "digit", "name", "chunk", "tracks", "mediaFormat", "customParameters"])
contents = st.dictionaries(keys, json_values, max_size=5) | json_values
events = ["connected", "start", "media", "dtmf", "mark", "clear", "stop", "other"]


@given(st.sampled_from(events), contents, json_values)
def test_frames_of_any_content_are_read_or_refused(event: str, content: Any, number: Any) -> None:
    """No frame makes anything but a message or a DecodeError; a message that was read can be written and read again."""
    text = json.dumps({"event": event, event: content, "sequenceNumber": number})
    try:
        message = parse_message(text)
    except errors.DecodeError:
        return
    assert message.event == event
    assert parse_message(to_text(message)) == message


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Text that is no frame is a DecodeError, whatever it is."""
    with pytest.raises(errors.DecodeError):
        parse_message(text)


@given(st.binary(max_size=400))
def test_audio_is_bytes(audio: bytes) -> None:
    """A payload goes out as base64 and comes back as the same bytes."""
    text = to_text(Media(stream_sid="ST1", payload=audio))
    assert base64.b64decode(json.loads(text)["media"]["payload"]) == audio
    assert parse_message(text) == Media(stream_sid="ST1", payload=audio)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (Media(payload="AAE="), "Media.payload must be bytes, not str"),  # type: ignore[arg-type]
        (Media(payload=None), "Media.payload must be bytes, not NoneType"),  # type: ignore[arg-type]
        (Media(payload=b"", chunk="1"), "Media.chunk must be an int, not str"),  # type: ignore[arg-type]
        (Mark(name=7), "Mark.name must be a str, not int"),  # type: ignore[arg-type]
        (Start(stream_sid="S", custom_parameters={"a": 1}), r"Start.custom_parameters\[...\] must be a str"),  # type: ignore[dict-item]
        ({"event": "media"}, "one of this module's classes, not a dict"),
    ],
)
def test_a_message_that_does_not_fit_is_refused(message: Any, reason: str) -> None:
    """What is not of its declared type is refused before anything is sent, by the member's name."""
    with pytest.raises(errors.RequestError, match=reason):
        to_text(message)


class Disconnect(Exception):
    """What the socket of the tests raises when the other side is gone."""


class Socket:
    """One end of a WebSocket in memory, with the two methods of Starlette's that matter."""

    def __init__(self, incoming: MemoryObjectReceiveStream[str], outgoing: MemoryObjectSendStream[str]) -> None:
        self.incoming, self.outgoing = incoming, outgoing

    async def receive_text(self) -> str:
        try:
            return await self.incoming.receive()
        except anyio.EndOfStream:
            raise Disconnect from None

    async def send_text(self, data: str) -> None:
        try:
            await self.outgoing.send(data)
        except anyio.BrokenResourceError:
            raise Disconnect from None

    def close(self) -> None:
        self.incoming.close()
        self.outgoing.close()


@pytest.fixture
async def ends(anyio_backend: str) -> AsyncIterator[tuple[Socket, Socket]]:
    """The application's end and SignalWire's end of one WebSocket."""
    to_app, from_signalwire = anyio.create_memory_object_stream[str](math.inf)
    to_signalwire, from_app = anyio.create_memory_object_stream[str](math.inf)
    app, signalwire = Socket(from_signalwire, to_signalwire), Socket(from_app, to_app)
    yield app, signalwire
    app.close()
    signalwire.close()


async def collect(stream: MediaStream, into: list[StreamMessage]) -> None:
    async for message in stream:
        into.append(message)  # noqa: PERF401 (what came before a failure counts)


async def send_all(socket: Socket, frames: Iterable[tuple[dict[str, Any], StreamMessage]]) -> None:
    for frame, _ in frames:
        await socket.send_text(json.dumps(frame))


@pytest.mark.anyio
async def test_a_stream_from_beginning_to_end(ends: tuple[Socket, Socket]) -> None:
    """Messages come in order; the last is the stop, after which the iteration ends although the socket is open."""
    app, signalwire = ends
    await send_all(signalwire, FRAMES)
    stream = MediaStream(app)
    assert stream.start is None
    with anyio.fail_after(5):
        assert [message async for message in stream] == [message for _, message in FRAMES]
        assert [message async for message in stream] == []
    assert stream.start == STARTED
    assert stream.stream_sid == "ST1"


@pytest.mark.anyio
async def test_what_the_application_sends(ends: tuple[Socket, Socket]) -> None:
    """Each sending method sends its documented frame, with the id of the start message."""
    app, signalwire = ends
    await send_all(signalwire, FRAMES[:2])
    stream = MediaStream(app)
    with anyio.fail_after(5):
        assert isinstance(await anext(stream), Connected)
        assert await anext(stream) == STARTED
        await stream.send_audio(b"\x00\x01")
        await stream.mark("m")
        await stream.clear()
        await stream.dtmf("A")
        assert [json.loads(await signalwire.receive_text()) for _ in range(4)] == [frame for frame, _ in SENT[:4]]


@pytest.mark.anyio
async def test_two_tasks_share_a_stream(ends: tuple[Socket, Socket]) -> None:
    """One task answers what it hears while another one, SignalWire's part here, speaks and gives back the marks."""
    app, signalwire = ends
    heard: list[bytes] = []

    async def service() -> None:
        await send_all(signalwire, FRAMES[:2])
        for number in range(20):
            audio = Media(payload=bytes([number]), chunk=number + 1, track="inbound")
            await signalwire.send_text(to_text(audio))
            answer = parse_message(await signalwire.receive_text())
            assert isinstance(answer, Media)
            heard.append(answer.payload)
            await signalwire.send_text(await signalwire.receive_text())
        await signalwire.send_text(to_text(Stop()))

    marks: list[str] = []
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(service)
            stream = MediaStream(app)
            async for message in stream:
                match message:
                    case Media():
                        await stream.send_audio(message.payload[::-1] * 2)
                        await stream.mark(f"after {message.chunk}")
                    case Mark():
                        marks.append(message.name)
    assert heard == [bytes([number]) * 2 for number in range(20)]
    assert marks == [f"after {number}" for number in range(1, 21)]


@pytest.mark.anyio
async def test_nothing_is_sent_outside_the_stream(ends: tuple[Socket, Socket]) -> None:
    """Before the start and after the stop each sending method says why it cannot."""
    app, signalwire = ends
    await send_all(signalwire, FRAMES)
    stream = MediaStream(app)

    async def all_refused(reason: str) -> None:
        for send in (stream.send_audio(b""), stream.mark("m"), stream.clear(), stream.dtmf("1")):
            with pytest.raises(errors.RequestError, match=reason):
                await send

    with anyio.fail_after(5):
        await all_refused("has not started: receive its start message")
        async for _ in stream:
            pass
        await all_refused("has stopped")
    assert signalwire.incoming.statistics().current_buffer_used == 0


@pytest.mark.anyio
@pytest.mark.parametrize("digit", ["", "12", "a", "E", "+", " ", 5, None])
async def test_a_key_that_no_telephone_has(ends: tuple[Socket, Socket], digit: Any) -> None:
    """Anything but one of the sixteen keys is refused and not sent."""
    app, signalwire = ends
    await send_all(signalwire, FRAMES[1:2])
    stream = MediaStream(app)
    await anext(stream)
    with pytest.raises(errors.RequestError, match="digit must be one of 0 1 2"):
        await stream.dtmf(digit)
    assert signalwire.incoming.statistics().current_buffer_used == 0
    for key in "0123456789*#ABCD":
        await stream.dtmf(key)
        assert json.loads(await signalwire.receive_text())["dtmf"] == {"digit": key}


@pytest.mark.anyio
async def test_a_lost_connection_is_the_sockets_own_error(ends: tuple[Socket, Socket]) -> None:
    """What the socket raises passes through, in receiving as in sending."""
    app, signalwire = ends
    await send_all(signalwire, FRAMES[:3])
    signalwire.close()
    stream = MediaStream(app)
    seen: list[StreamMessage] = []
    with pytest.raises(Disconnect):
        await collect(stream, seen)
    assert seen == [message for _, message in FRAMES[:3]]
    with pytest.raises(Disconnect):
        await stream.send_audio(b"\x00")


@pytest.mark.anyio
async def test_a_bad_frame_does_not_end_the_stream(ends: tuple[Socket, Socket]) -> None:
    """A frame that does not fit is a DecodeError, and the next one is read all the same."""
    app, signalwire = ends
    await signalwire.send_text("not json")
    await send_all(signalwire, FRAMES[:1])
    stream = MediaStream(app)
    with pytest.raises(errors.DecodeError, match="is not JSON"):
        await anext(stream)
    assert isinstance(await anext(stream), Connected)
