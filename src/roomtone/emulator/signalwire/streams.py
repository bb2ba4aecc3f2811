"""Media streams of calls and conferences, of SignalWire's compatibility API, and what they carry."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from attrs import define, field

from roomtone._core.operation import Operation
from roomtone.emulator.signalwire.common import Commands, found, handles, invalid, new_sid, refused, seconds, uri_of
from roomtone.emulator.signalwire.player import check_websockets, play
from roomtone.emulator.signalwire.sound import CODECS, Sine, Sound
from roomtone.emulator.signalwire.stream import Playing, Stream, is_loopback
from roomtone.emulator.signalwire.telephony import Telephony
from roomtone.emulator.state import Call
from roomtone.errors import ConfigurationError
from roomtone.signalwire import codes, models, operations

__all__ = ["StreamCommands"]

_CLOSING = 3.0
"""Seconds that streams have to close their connections when the emulator is closed."""
_TRACKS = {"inbound_track": ("inbound",), "outbound_track": ("outbound",), "both_tracks": ("inbound", "outbound")}
_CODEC = "PCMU"
_DIGITS = "0123456789*#ABCD"


@define(eq=False)
class Studio:
    """What streams carry that start from now on, and how they are dialled."""

    playing: Playing = field(factory=lambda: Playing((Sine(),), (), realtime=False))
    tls: ssl.SSLContext | None = None


@define(eq=False)
class StreamCommands(Commands):
    """The media streams of calls and conferences: `streams[sid]` is a `Stream`; iterating gives all, oldest first."""

    _tls: ssl.SSLContext | None = field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        self._world.area(Studio).tls = self._tls

    def __getitem__(self, sid: str) -> Stream:
        """A stream by its SID. Raises KeyError."""
        with self._world.lock:
            stream = self._world.area(Telephony).streams.get(sid)
        if stream is None:
            raise KeyError(sid)
        return stream

    def __iter__(self) -> Iterator[Stream]:
        with self._world.lock:
            return iter(list(self._world.area(Telephony).streams))

    def __len__(self) -> int:
        return len(self._world.area(Telephony).streams)

    def play(self, *sounds: Sound, outbound: Sequence[Sound] = (), realtime: bool = False) -> None:
        """What the streams that start from now on carry; until it is called, one second of a tone of 440 Hz.

        Args:
            sounds: What the caller is heard saying, one after the other: `Sine`, `WavFile`, `Silence`.
            outbound: What the other side is heard saying, in the outbound track.
            realtime: A frame every 20 ms, and silence after the sounds for as long as the stream is; what the
                application sends is played at that pace too. Otherwise frames go as fast as the socket takes them, none
                follows the sounds, and what the application sends is played at once.
        """
        with self._world.lock:
            self._world.area(Studio).playing = Playing(sounds, tuple(outbound), realtime)

    def press(self, sid: str, digit: str) -> None:
        """The caller presses a key, `0` to `9`, `*`, `#`, `A` to `D`; the application is told, if the stream is open.

        Raises:
            KeyError: There is no such stream.
            ConfigurationError: It is no such key.
        """
        if len(digit) != 1 or digit not in _DIGITS:
            raise ConfigurationError(f"a key is one of {' '.join(_DIGITS)}")
        self[sid].press(digit)

    def close(self) -> None:
        """Stops all streams and waits until their connections are closed, for 3 seconds at most."""
        with self._world.lock:
            telephony = self._world.area(Telephony)
            for stream in telephony.streams:
                stream.stop()
        telephony.lines.wait(_CLOSING)


def _check_url(operation: Operation[Any, Any], url: str) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    dialled = parts.scheme == "wss" or (parts.scheme == "ws" and is_loopback(host))
    if not dialled or not host or any(character.isspace() for character in url):
        message = "url must be a wss:// URL, or ws:// to a loopback address"
        raise invalid(operation, message, code=codes.INVALID_STREAM_URL)


def _started(
    call: Call,
    operation: Operation[Any, Any],
    request: models.CallsStartStreamRequest | models.ConferencesStartStreamRequest,
    *,
    call_sid: str,
    conference_sid: str | None,
) -> Stream:
    """A stream that is yet to be dialled."""
    telephony, studio = call.area(Telephony), call.area(Studio)
    running = [one for one in telephony.streams_of(conference_sid or call_sid) if one.status == "in-progress"]
    if request.name is not None and request.name in [one.name for one in running]:
        raise invalid(operation, "name is that of a stream which is in progress")
    codec = getattr(request, "stream_codec", None) or _CODEC
    return Stream(
        sid=new_sid(),
        account_sid=call.world.project,
        call_sid=call_sid,
        conference_sid=conference_sid,
        name=request.name,
        url=request.url,
        tracks=_TRACKS[request.track or "both_tracks"],
        codec=codec,
        parameters=dict(request.parameters or {}),
        token=request.authorization_bearer_token,
        format=CODECS.get(codec),
        playing=studio.playing,
        clock=call.world.clock,
    )


def _dial(call: Call, stream: Stream) -> None:
    """Keeps a stream, and dials it if it can be. From then on it may end at any time."""
    telephony, tls, codec = call.area(Telephony), call.area(Studio).tls, CODECS.get(stream.codec)
    if stream.state == "dialling" and codec:
        check_websockets()
        telephony.lines.run(lambda: play(stream, codec, tls))
    telephony.streams.put(stream.sid, stream)


def _of_call(call: Call, stream: Stream) -> models.CallStream:
    return models.CallStream(
        sid=stream.sid,
        account_sid=stream.account_sid,
        call_sid=stream.call_sid,
        name=stream.name or stream.sid,
        status=stream.status,
        date_updated=seconds(stream.date_updated),
        uri=uri_of(call.world, "Calls", stream.call_sid, "Streams", stream.sid),
    )


def _of_conference(call: Call, stream: Stream, conference_sid: str) -> models.ConferenceStream:
    return models.ConferenceStream(
        sid=stream.sid,
        account_sid=stream.account_sid,
        conference_sid=conference_sid,
        name=stream.name,
        status=stream.status,
        date_updated=seconds(stream.date_updated),
        uri=uri_of(call.world, "Conferences", conference_sid, "Streams", stream.sid),
    )


@handles(operations.CALLS_START_STREAM)
def start_call_stream(call: Call, request: models.CallsStartStreamRequest) -> models.CallStream:
    leg = call.area(Telephony).call(request.call_sid)
    _check_url(operations.CALLS_START_STREAM, request.url)
    if leg.call.status != "in-progress":
        raise refused("the call is not in progress", code=codes.NOT_IN_PROGRESS)
    stream = _started(call, operations.CALLS_START_STREAM, request, call_sid=request.call_sid, conference_sid=None)
    told = _of_call(call, stream)
    _dial(call, stream)
    return told


@handles(operations.CALLS_STOP_STREAM)
def stop_call_stream(call: Call, request: models.CallsStopStreamRequest) -> models.CallStream:
    telephony = call.area(Telephony)
    telephony.call(request.call_sid)
    stream = telephony.streams.get(request.sid)
    belongs = stream is not None and stream.conference_sid is None and stream.call_sid == request.call_sid
    known = found(stream if belongs else None, "stream")
    known.stop()
    return _of_call(call, known)


@handles(operations.CONFERENCES_START_STREAM)
def start_conference_stream(call: Call, request: models.ConferencesStartStreamRequest) -> models.ConferenceStream:
    gathering, operation = call.area(Telephony).conference(request.conference_sid), operations.CONFERENCES_START_STREAM
    _check_url(operation, request.url)
    if gathering.conference.status != "in-progress":
        raise invalid(operation, "the conference is not in progress")
    first = next((participant.call_sid for participant in gathering.participants), None)
    stream = _started(
        call, operation, request, call_sid=first or request.conference_sid, conference_sid=request.conference_sid
    )
    told = _of_conference(call, stream, request.conference_sid)
    _dial(call, stream)
    return told


@handles(operations.CONFERENCES_STOP_STREAM)
def stop_conference_stream(call: Call, request: models.ConferencesStopStreamRequest) -> models.ConferenceStream:
    telephony = call.area(Telephony)
    telephony.conference(request.conference_sid)
    stream = telephony.streams.get(request.sid)
    known = found(stream if stream and stream.conference_sid == request.conference_sid else None, "stream")
    known.stop()
    return _of_conference(call, known, request.conference_sid)
