"""Media streams over real sockets: what an application is sent, what it sends back, how a stream ends."""

from __future__ import annotations

import base64
import itertools
import json
import ssl
import struct
import sys
import threading
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import SHUT_RDWR
from typing import Any

import anyio
import pytest
import trustme
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Response
from websockets.sync.server import ServerConnection
from websockets.sync.server import serve as serve_websocket

import roomtone
from flow.loopback import unused_port
from roomtone.emulator import PROJECT_ID, Emulator, serve
from roomtone.emulator.signalwire import Silence, Sine, Stream, WavFile, sound
from roomtone.errors import ConfigurationError, ServiceFaultError
from roomtone.signalwire import SignalWireInvalidRequestError, SignalWireNotFoundError, codes

pytestmark = pytest.mark.anyio

Handler = Callable[[ServerConnection], None]

TWO_WAYS = pytest.mark.parametrize(
    ("anyio_backend", "live"), [("asyncio", "in process"), ("trio", "loopback")], indirect=["live"]
)
"""Both event loops and both faces of the emulator, where all four of them would tell no more."""


class Application:
    """A WebSocket application of a test's own: what each connection was sent, and what it asked for."""

    def __init__(self, handler: Handler) -> None:
        self.frames: list[dict[str, Any]] = []
        self.headers: dict[str, str] = {}
        self.handler = handler
        self.url = ""
        self.ended = threading.Event()

    def __call__(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.headers = {name.lower(): value for name, value in socket.request.headers.raw_items()}
        with suppress(ConnectionClosed):
            self.handler(socket)
        self.ended.set()

    async def has_ended(self) -> None:
        """Everything that was sent is in `frames`."""
        assert await anyio.to_thread.run_sync(self.ended.wait, 5)

    def receive(self, socket: ServerConnection) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(socket.recv())
        self.frames.append(frame)
        return frame

    def events(self, event: str) -> list[dict[str, Any]]:
        return [frame for frame in self.frames if frame["event"] == event]

    def audio(self, track: str = "inbound") -> bytes:
        media = [frame["media"] for frame in self.events("media")]
        return b"".join(base64.b64decode(one["payload"]) for one in media if one["track"] == track)


@contextmanager
def listening(application: Application, **options: Any) -> Iterator[Application]:
    # Whoever hangs up while audio comes in still reads the other side's goodbye.
    options = {"compression": None, "max_queue": None, "close_timeout": 1, **options}
    with serve_websocket(application, "127.0.0.1", 0, **options) as server:
        scheme = "wss" if "ssl" in options else "ws"
        application.url = f"{scheme}://127.0.0.1:{server.socket.getsockname()[1]}/media"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield application
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def app() -> Iterator[Application]:
    """An application that only listens, until a test gives it another handler."""

    def listens(socket: ServerConnection) -> None:
        while True:
            application.receive(socket)

    application = Application(listens)
    with listening(application):
        yield application


@pytest.fixture(autouse=True)
def _nothing_is_left(emulator: Emulator) -> Iterator[None]:
    """After a test no stream has a thread or a connection any more."""
    yield
    emulator.close()
    assert [stream for stream in emulator.streams if not stream.closed] == []
    assert [thread.name for thread in threading.enumerate() if "streams" in thread.name] == []


async def started(live: roomtone.Client, emulator: Emulator, url: str, **arguments: Any) -> Stream:
    """The stream of a conference that was just begun."""
    sid = emulator.conferences.begin("team")
    made = await live.signalwire.conferences.start_stream(sid, url=url, **arguments)
    assert made.status == "in-progress"
    return emulator.streams[made.sid]


async def stopped(live: roomtone.Client, stream: Stream) -> None:
    conference_sid = stream.conference_sid or ""
    assert (await live.signalwire.conferences.stop_stream(conference_sid, stream.sid)).status == "stopped"
    await stream.until(lambda one: one.closed)


def hears(frames: int) -> Callable[[Stream], bool]:
    return lambda stream: stream.frames_sent >= frames


async def test_what_an_application_is_sent(live: roomtone.Client, emulator: Emulator, app: Application) -> None:
    """Connected, start, media by track, stop; numbered, timed and encoded as documented."""
    emulator.streams.play(Sine(440, seconds=0.1))
    stream = await started(
        live, emulator, app.url, parameters={"tenant": "42", "ü": "ö"}, authorization_bearer_token="t-0k3n", name="bot"
    )
    await stream.until(hears(10))
    await stopped(live, stream)
    await app.has_ended()
    assert app.headers["authorization"] == "Bearer t-0k3n"
    assert "t-0k3n" not in repr(stream)
    connected, start, *media, stop = app.frames
    assert connected == {"event": "connected", "protocol": "Call", "version": "0.2.0"}
    assert start == {
        "event": "start",
        "sequenceNumber": "1",
        "start": {
            "streamSid": stream.sid,
            "accountSid": PROJECT_ID,
            "callSid": stream.call_sid,
            "tracks": ["inbound", "outbound"],
            "customParameters": {"tenant": "42", "ü": "ö"},
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        },
    }
    participants = (await live.signalwire.calls.list(status="in-progress")).calls
    assert stream.call_sid == participants[0].sid
    assert [one["media"]["track"] for one in media] == ["inbound", "outbound"] * 5
    assert [one["sequenceNumber"] for one in media] == [str(number) for number in range(2, 12)]
    assert [one["media"]["chunk"] for one in media[::2]] == ["1", "2", "3", "4", "5"]
    assert [one["media"]["timestamp"] for one in media[1::2]] == ["0", "20", "40", "60", "80"]
    assert {len(base64.b64decode(one["media"]["payload"])) for one in media} == {160}
    assert app.audio("inbound") == b"".join(sound.frames([Sine(440, seconds=0.1)], sound.CODECS["PCMU"]))
    assert set(app.audio("outbound")) == {0xFF}
    assert stop == {"event": "stop", "sequenceNumber": "12"}
    assert (stream.state, stream.problem, stream.frames_sent, stream.misfits) == ("stopped", None, 10, [])


@TWO_WAYS
@pytest.mark.parametrize(
    ("codec", "encoding", "rate"),
    [
        ("PCMU", "audio/x-mulaw", 8000),
        ("L16", "audio/x-L16", 8000),
        ("L16@16000h", "audio/x-L16", 16000),
        ("L16@24000h", "audio/x-L16", 24000),
    ],
)
async def test_codecs(
    live: roomtone.Client, emulator: Emulator, app: Application, codec: str, encoding: str, rate: int
) -> None:
    """Every codec carries the same tone at its own rate."""
    emulator.streams.play(Sine(500, seconds=0.04, level=0.8))
    stream = await started(live, emulator, app.url, stream_codec=codec, track="inbound_track")
    await stream.until(hears(2))
    await stopped(live, stream)
    await app.has_ended()
    (start,) = app.events("start")
    assert start["start"]["mediaFormat"] == {"encoding": encoding, "sampleRate": rate, "channels": 1}
    assert start["start"]["tracks"] == ["inbound"]
    audio = app.audio()
    samples = sound.from_mulaw(audio) if codec == "PCMU" else struct.unpack(f"<{len(audio) // 2}h", audio)
    assert len(samples) == rate * 40 // 1000
    rising = [number for number in range(1, len(samples)) if samples[number - 1] < 0 <= samples[number]]
    periods = {after - before for before, after in itertools.pairwise(rising)}
    assert max(periods) - min(periods) <= 1
    assert abs(sum(periods) / len(periods) - rate / 500) <= 1
    assert max(samples) == pytest.approx(0.8 * 32767, rel=0.03)


async def test_a_call_is_streamed(live: roomtone.Client, emulator: Emulator, app: Application) -> None:
    """A call's stream needs a call in progress, has a name of its own, and ends with the call."""
    calls = live.signalwire.calls
    sid = (await calls.create(from_="+12065550101", to="+12065550102", url="https://app.example/")).sid
    with pytest.raises(SignalWireInvalidRequestError) as caught:
        await calls.start_stream(sid, url=app.url)
    assert (caught.value.status, caught.value.code) == (422, codes.NOT_IN_PROGRESS)
    emulator.calls.answer(sid)
    made = await calls.start_stream(sid, url=app.url, track="outbound_track")
    assert (made.call_sid, made.name, made.status) == (sid, made.sid, "in-progress")
    stream = emulator.streams[made.sid]
    await stream.until(hears(1))
    with pytest.raises(SignalWireNotFoundError):
        await calls.stop_stream(emulator.calls.dial_in("+12065550101", "+12065550102"), made.sid)
    emulator.calls.hang_up(sid)
    await stream.until(lambda one: one.closed)
    assert (await calls.stop_stream(sid, made.sid)).status == "stopped"
    await app.has_ended()
    assert app.events("start")[0]["start"]["callSid"] == sid
    assert app.frames[-1]["event"] == "stop"


async def test_what_an_application_sends(live: roomtone.Client, emulator: Emulator, app: Application) -> None:
    """Audio, marks and keys are kept; a mark comes back behind the audio before it; what does not fit is told."""

    def says(socket: ServerConnection) -> None:
        app.receive(socket)
        sid = app.receive(socket)["start"]["streamSid"]
        audio = base64.b64encode(b"\x01\x02\x03").decode()
        for frame in (
            {"event": "media", "streamSid": sid, "media": {"payload": audio}},
            {"event": "mark", "streamSid": sid, "mark": {"name": "said"}},
            {"event": "dtmf", "streamSid": sid, "dtmf": {"digit": "5"}},
            {"event": "clear", "streamSid": sid},
            {"event": "media", "streamSid": "another", "media": {"payload": audio}},
            {"event": "media", "streamSid": sid},
            {"event": "connected"},
        ):
            socket.send(json.dumps(frame))
        socket.send("{")
        socket.send(b"\x00")
        while True:
            app.receive(socket)

    app.handler = says
    emulator.streams.play(Silence(0.02))
    stream = await started(live, emulator, app.url)
    await stream.until(lambda one: len(one.misfits) == 5)
    assert (stream.received_audio, stream.played_audio) == (b"\x01\x02\x03", b"\x01\x02\x03")
    assert (stream.marks, stream.digits) == (["said"], "5")
    assert [message.event for message in stream.received] == ["media", "mark", "dtmf", "clear"]
    reasons = ["streamSid is not", "without its `media`", "not connected", "is not JSON", "binary"]
    assert all(reason in misfit for reason, misfit in zip(reasons, stream.misfits, strict=True))
    await stopped(live, stream)
    await app.has_ended()
    assert app.events("mark") == [{"event": "mark", "streamSid": stream.sid, "mark": {"name": "said"}}]


@TWO_WAYS
async def test_real_time(live: roomtone.Client, emulator: Emulator, app: Application) -> None:
    """At a telephone's pace audio is played as it was spoken: clear drops what waits, and its marks come at once."""
    early = []

    def says(socket: ServerConnection) -> None:
        app.receive(socket)
        sid = app.receive(socket)["start"]["streamSid"]

        def send(event: str, **content: Any) -> None:
            socket.send(json.dumps({"event": event, "streamSid": sid, **content}))

        send("media", media={"payload": base64.b64encode(bytes(480)).decode()})
        send("mark", mark={"name": "first"})
        send("media", media={"payload": base64.b64encode(bytes(80_000)).decode()})
        send("mark", mark={"name": "last"})
        while True:
            if app.receive(socket)["event"] == "mark" and not early:
                early.extend(app.events("media"))
                send("clear")

    app.handler = says
    emulator.streams.play(Sine(seconds=0.04), realtime=True)
    begun = time.monotonic()
    stream = await started(live, emulator, app.url, track="inbound_track")
    await stream.until(lambda one: len(one.marks) == 2)
    assert time.monotonic() - begun < 1
    await stream.until(hears(5))
    assert time.monotonic() - begun >= 0.08
    await stopped(live, stream)
    await app.has_ended()
    assert len(early) >= 3
    assert len(stream.received_audio) == 80_480
    assert 480 <= len(stream.played_audio) < 8000
    assert stream.marks == ["first", "last"]
    # After the sound a telephone goes on: it sends silence.
    assert set(app.audio()[320:]) == {0xFF}


async def test_a_caller_presses_keys(live: roomtone.Client, emulator: Emulator, app: Application) -> None:
    stream = await started(live, emulator, app.url)
    await stream.until(hears(1))
    with pytest.raises(TimeoutError, match="still open"):
        stream.wait(0)
    emulator.streams.press(stream.sid, "#")
    while not app.events("dtmf"):
        await anyio.sleep(0.002)
    (key,) = app.events("dtmf")
    assert (key["dtmf"], key["streamSid"]) == ({"digit": "#", "duration": 100}, stream.sid)
    assert key["sequenceNumber"].isdecimal()
    await stopped(live, stream)
    emulator.streams.press(stream.sid, "1")
    for key in ("", "E", "12"):
        with pytest.raises(ConfigurationError, match="a key is one of"):
            emulator.streams.press(stream.sid, key)
    with pytest.raises(KeyError):
        emulator.streams.press("nothing", "1")


@TWO_WAYS
async def test_a_wav_file_is_played(
    live: roomtone.Client, emulator: Emulator, app: Application, tmp_path: Path
) -> None:
    """The first channel of a WAV file, at the stream's rate, and what comes after it."""
    with wave.open(str(tmp_path / "ramp.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"".join(struct.pack("<hh", number * 10, -1) for number in range(320)))
    emulator.streams.play(WavFile(tmp_path / "ramp.wav"), Silence(0.02))
    stream = await started(live, emulator, app.url, stream_codec="L16@16000h", track="inbound_track")
    await stream.until(hears(3))
    await stopped(live, stream)
    await app.has_ended()
    samples = struct.unpack("<960h", app.audio())
    assert samples[:8] == (0, 5, 10, 15, 20, 25, 30, 35)
    assert samples[638:642] == (3190, 3190, 0, 0)


def test_files_that_are_no_sound(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("hello")
    with pytest.raises(ConfigurationError, match="no WAV file"):
        WavFile(tmp_path / "text.wav")
    with wave.open(str(tmp_path / "bytes.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(bytes(8))
    with pytest.raises(ConfigurationError, match="8 bits"):
        WavFile(tmp_path / "bytes.wav")
    with pytest.raises(FileNotFoundError):
        WavFile(tmp_path / "none.wav")


@TWO_WAYS
@pytest.mark.parametrize("end", ["conference", "emulator", "application"])
async def test_how_a_stream_ends(live: roomtone.Client, emulator: Emulator, app: Application, end: str) -> None:
    """With its conference, with the emulator, and when the application hangs up."""

    def hangs_up(socket: ServerConnection) -> None:
        app.receive(socket)
        sid = app.receive(socket)["start"]["streamSid"]
        for number in range(50):
            socket.send(json.dumps({"event": "mark", "streamSid": sid, "mark": {"name": str(number)}}))

    if end == "application":
        app.handler = hangs_up
        emulator.streams.play(Silence(0.02))
    stream = await started(live, emulator, app.url)
    if end != "application":
        await stream.until(hears(1))
    if end == "conference":
        emulator.conferences.end(stream.conference_sid or "")
    elif end == "emulator":
        await anyio.to_thread.run_sync(emulator.close)
        assert stream.closed
    await anyio.to_thread.run_sync(stream.wait)
    assert (stream.state, stream.problem, stream.status) == ("stopped", None, "stopped")
    await app.has_ended()
    assert (app.frames[-1]["event"] == "stop") == (end != "application")
    assert len(stream.received) == (50 if end == "application" else 0)
    await stopped(live, stream)


async def test_a_connection_that_breaks_off(live: roomtone.Client, emulator: Emulator, app: Application) -> None:
    """Without a goodbye of the application the stream has failed."""

    def breaks_off(socket: ServerConnection) -> None:
        app.receive(socket)
        socket.socket.shutdown(SHUT_RDWR)

    app.handler = breaks_off
    stream = await started(live, emulator, app.url)
    await stream.until(lambda one: one.closed)
    assert (stream.state, stream.error, stream.status) == ("failed", "general_error", "stopped")
    assert "close frame" in (stream.problem or "")


@TWO_WAYS
async def test_streams_that_do_not_come_about(live: roomtone.Client, emulator: Emulator) -> None:
    """Who does not answer, refuses, redirects or is not this machine: the stream says why."""

    def answers(status: int, **headers: str) -> Callable[..., Response]:
        return lambda connection, request: Response(status, "", Headers({"content-length": "0", **headers}))

    def failed(stream: Stream) -> bool:
        return stream.state == "failed" and stream.closed

    gone = f"ws://127.0.0.1:{unused_port()}/media"
    refused = await started(live, emulator, gone)
    await refused.until(failed)
    assert refused.error == "connection_refused"
    await stopped(live, refused)
    assert refused.state == "failed"
    for response in (answers(403), answers(302, location="ws://beyond.example/")):
        with listening(Application(lambda _: None), process_request=response) as app:
            stream = await started(live, emulator, app.url)
            await stream.until(failed)
            assert stream.error == "general_error"
    beyond = await started(live, emulator, "wss://media.example/ws")
    assert (beyond.state, beyond.closed) == ("not dialled", True)
    assert "beyond this machine" in (beyond.problem or "")
    alaw = await started(live, emulator, gone, stream_codec="PCMA")
    assert (alaw.state, alaw.problem) == ("not dialled", "the emulator does not have the codec PCMA")
    assert [one.sid for one in emulator.streams][-1] == alaw.sid
    assert len(emulator.streams) == 5
    with pytest.raises(TimeoutError):
        await beyond.until(lambda one: one.frames_sent, timeout=0.01)


@TWO_WAYS
async def test_a_sound_that_breaks(live: roomtone.Client, emulator: Emulator, app: Application) -> None:
    """A sound of a test's own that raises ends the stream, which says what it was."""

    class Broken:
        def samples(self, rate: int) -> Iterator[int]:
            yield from range(200)
            raise ValueError("out of breath")

    emulator.streams.play(Broken())
    stream = await started(live, emulator, app.url)
    await stream.until(lambda one: one.closed)
    assert (stream.state, stream.error) == ("failed", "general_error")
    assert "out of breath" in (stream.problem or "")


@TWO_WAYS
@pytest.mark.parametrize(
    "url",
    [
        "ws://media.example/ws",
        "https://127.0.0.1/ws",
        "wss://",
        "ws://[",
        "wss://x:port/",
        "wss://x/a b",
        "ws://10.0.0.1/",
    ],
)
async def test_urls_that_are_refused(live: roomtone.Client, emulator: Emulator, url: str) -> None:
    """`wss` it must be, but for this machine's addresses; a conference tells so in a sentence, a call by its code."""
    sid = emulator.conferences.begin("team")
    with pytest.raises(SignalWireInvalidRequestError, match="wss://") as caught:
        await live.signalwire.conferences.start_stream(sid, url=url)
    assert caught.value.body == {"errors": [caught.value.message]}
    (call,) = (await live.signalwire.calls.list(page_size=1)).calls
    with pytest.raises(SignalWireInvalidRequestError, match="wss://") as refused:
        await live.signalwire.calls.start_stream(call.sid, url=url)
    assert refused.value.code == codes.INVALID_STREAM_URL


@TWO_WAYS
@pytest.mark.parametrize("host", ["localhost", "[::1]", "127.0.0.2"])
async def test_this_machine_has_several_names(live: roomtone.Client, emulator: Emulator, host: str) -> None:
    stream = await started(live, emulator, f"ws://{host}:1/")
    await stream.until(lambda one: one.closed)
    assert (stream.state, stream.status) == ("failed", "stopped")


@TWO_WAYS
async def test_names_are_taken_once(live: roomtone.Client, emulator: Emulator) -> None:
    """Two streams of a conference in progress have not the same name; after the first has stopped they may."""
    conferences = live.signalwire.conferences
    stream = await started(live, emulator, "wss://media.example/ws", name="bot")
    sid = stream.conference_sid or ""
    with pytest.raises(SignalWireInvalidRequestError, match="name"):
        await conferences.start_stream(sid, url="wss://media.example/ws", name="bot")
    await stopped(live, stream)
    assert (await conferences.start_stream(sid, url="wss://media.example/ws", name="bot")).name == "bot"


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_tls(trusted: bool, anyio_backend: str) -> None:
    """A `wss` URL is dialled over TLS, with `stream_ssl` when it is given; a certificate that is not trusted fails."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    emulator = Emulator(stream_ssl=client if trusted else None)
    emulator.streams.play(Silence(0.02))
    application = Application(lambda socket: [application.receive(socket) for _ in range(5)] and None)
    with listening(application, ssl=context), serve(emulator) as origin:
        async with roomtone.Client(signalwire=emulator.signalwire(origin)) as live:
            stream = await started(live, emulator, application.url)
            if trusted:
                await stream.until(hears(2))
                await stopped(live, stream)
                await application.has_ended()
            await stream.until(lambda one: one.closed)
    assert stream.error == (None if trusted else "connection_refused_timeout_or_ssl_error")
    sent = ["connected", "start", "media", "media", "stop"] if trusted else []
    assert [frame["event"] for frame in application.frames] == sent


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_server_that_ends_ends_its_streams(app: Application, anyio_backend: str) -> None:
    """After `serve` no stream is open."""
    emulator = Emulator()
    with serve(emulator) as origin:
        async with roomtone.Client(signalwire=emulator.signalwire(origin)) as live:
            streams = [await started(live, emulator, app.url) for _ in range(5)]
            for stream in streams:
                await stream.until(hears(1))
    assert {(stream.state, stream.closed) for stream in streams} == {("stopped", True)}
    assert [thread.name for thread in threading.enumerate() if "streams" in thread.name] == []


async def test_without_websockets(
    live: roomtone.Client, emulator: Emulator, app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be dialled for want of websockets is a 501 that names the extra; the rest goes on."""
    monkeypatch.setitem(sys.modules, "websockets", None)
    sid = emulator.conferences.begin("team")
    with pytest.raises(ServiceFaultError, match=r"roomtone\[emulator\]") as caught:
        await live.signalwire.conferences.start_stream(sid, url=app.url)
    assert caught.value.status == 501
    assert len(emulator.streams) == 0
    assert (await live.signalwire.conferences.start_stream(sid, url="wss://media.example/ws")).status == "in-progress"


@TWO_WAYS
async def test_a_stream_that_is_stopped_before_it_is_open(
    live: roomtone.Client, emulator: Emulator, app: Application
) -> None:
    """Stopped at once, a stream ends whether or not its connection was made."""
    for _ in range(20):
        stream = await started(live, emulator, app.url)
        stream.stop()
        await stopped(live, stream)
        assert stream.state == "stopped"


def test_mu_law() -> None:
    """G.711's own values; every code is what its sample is encoded as, and the error stays below 1 in 22."""
    known = {0: 0xFF, 1: 0xFF, -1: 0x7F, 32767: 0x80, -32768: 0x00, 1000: 0xCE, -1000: 0x4E}
    assert {sample: sound.CODECS["PCMU"].encode([sample])[0] for sample in known} == known
    codes_ = bytes(code for code in range(256) if code != 0x7F)
    assert sound.CODECS["PCMU"].encode(sound.from_mulaw(codes_)) == codes_
    for sample in range(-32000, 32000, 37):
        (back,) = sound.from_mulaw(sound.CODECS["PCMU"].encode([sample]))
        assert abs(back - sample) <= max(abs(sample) / 22, 8)
