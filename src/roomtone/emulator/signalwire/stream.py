"""Stream: a media stream as the emulator remembers it. Knows neither sockets nor the API's answers."""

from __future__ import annotations

import asyncio
import ipaddress
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

import anyio
from attrs import define, field

from roomtone.emulator.signalwire.sound import Codec, Sound
from roomtone.signalwire.streams import StreamMessage

__all__ = ["Playing", "Stream", "StreamState", "is_loopback"]

StreamState: TypeAlias = Literal["not dialled", "dialling", "open", "stopped", "failed"]
"""Where a stream stands."""

_ENDED = ("not dialled", "stopped", "failed")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, without asking a resolver."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@define(frozen=True)
class Playing:
    """What a stream carries to the application, and how fast."""

    inbound: Sequence[Sound]
    outbound: Sequence[Sound]
    realtime: bool


@define(eq=False, kw_only=True)
class Stream:
    """A media stream as the emulator remembers it, ended or not. What an application sent can be read at any time.

    Attributes:
        sid: Its id.
        account_sid: The project.
        call_sid: The call; for a conference's stream that of its first participant.
        conference_sid: The conference; None for a call's stream.
        name: Its name, if it was given one.
        url: The application's URL.
        tracks: `inbound`, `outbound` or both.
        codec: `PCMU`, `L16@16000h` and so on, as it was asked for.
        parameters: The custom parameters.
        state: `not dialled` for a URL beyond this machine, or a codec that the emulator does not have; `dialling`,
            `open`, then `stopped`, or `failed` when the connection was not made or broke off.
        problem: Why it was not dialled or failed, in words; None if nothing is wrong.
        error: Why it failed, as the API's status callbacks name it: `connection_refused`,
            `connection_refused_timeout_or_ssl_error` or `general_error`.
        frames_sent: How many media messages the application was sent, of all tracks.
        received: What the application sent, message by message.
        misfits: Frames of the application that are no message, or are for another stream: why, each in a sentence.
        marks: The names of the marks that were sent back.
        digits: The keys that the application pressed.
    """

    sid: str
    account_sid: str
    call_sid: str
    conference_sid: str | None
    name: str | None
    url: str
    tracks: tuple[str, ...]
    codec: str
    parameters: Mapping[str, str]
    state: StreamState = field(init=False, default="dialling")
    problem: str | None = field(init=False, default=None)
    error: str | None = field(init=False, default=None)
    frames_sent: int = field(init=False, default=0)
    received: list[StreamMessage] = field(init=False, factory=list, repr=False)
    misfits: list[str] = field(init=False, factory=list, repr=False)
    marks: list[str] = field(init=False, factory=list, repr=False)
    digits: str = field(init=False, default="")

    _token: str | None = field(alias="token", repr=False)
    _format: Codec | None = field(alias="format", repr=False)
    _playing: Playing = field(alias="playing", repr=False)
    _clock: Callable[[], datetime] = field(alias="clock", repr=False)
    _updated: datetime = field(init=False, repr=False)
    _received_audio: bytearray = field(init=False, factory=bytearray, repr=False)
    _played_audio: bytearray = field(init=False, factory=bytearray, repr=False)
    _lock: threading.Lock = field(init=False, factory=threading.Lock, repr=False)
    _ended: threading.Event = field(init=False, factory=threading.Event, repr=False)
    _orders: tuple[asyncio.AbstractEventLoop, asyncio.Queue[str | None]] | None = field(
        init=False, default=None, repr=False
    )

    def __attrs_post_init__(self) -> None:
        self._updated = self._clock()
        host = urlsplit(self.url).hostname or ""
        if not is_loopback(host):
            self._end("not dialled", f"{host} is beyond this machine, and the emulator dials loopback addresses only")
        elif self._format is None:
            self._end("not dialled", f"the emulator does not have the codec {self.codec}")

    @property
    def received_audio(self) -> bytes:
        """All audio that the application sent, in the stream's encoding, with what was cleared before it was played."""
        return bytes(self._received_audio)

    @property
    def played_audio(self) -> bytes:
        """The audio that was played: what a caller has heard so far."""
        return bytes(self._played_audio)

    @property
    def status(self) -> Literal["in-progress", "stopped"]:
        """What the API tells of it. A stream that was not dialled is in progress there until it is stopped."""
        return "stopped" if self.state in ("stopped", "failed") else "in-progress"

    @property
    def date_updated(self) -> datetime:
        return self._updated

    async def until(self, condition: Callable[[Stream], object], *, timeout: float = 5.0) -> None:
        """Waits, on asyncio or trio, until a condition holds: `lambda stream: len(stream.received_audio) >= 8000`.

        Raises:
            TimeoutError: It does not hold within `timeout` seconds.
        """
        with anyio.fail_after(timeout):
            while not condition(self):  # noqa: ASYNC110 - what changes it is a thread, on no loop of the caller's
                await anyio.sleep(0.002)

    def wait(self, timeout: float = 5.0) -> None:
        """Blocks until the stream has ended and its connection is closed.

        Raises:
            TimeoutError: It has not within `timeout` seconds.
        """
        if not self._ended.wait(timeout):
            raise TimeoutError(f"the stream is still {self.state} after {timeout} seconds")

    @property
    def closed(self) -> bool:
        """Whether it has ended and has no connection any more."""
        return self._ended.is_set()

    def stop(self) -> None:
        """Ends it; the connection closes soon after."""
        with self._lock:
            if self.state not in ("stopped", "failed"):
                self.state, self._updated = "stopped", self._clock()
                self._order(None)

    def press(self, digit: str) -> None:
        """Sends the application a key, if the stream is open."""
        with self._lock:
            self._order(digit)

    def _order(self, order: str | None) -> None:
        # Under the lock, for the loop ends only after the stream has taken it to end.
        if self._orders is not None:
            loop, queue = self._orders
            loop.call_soon_threadsafe(queue.put_nowait, order)

    def _opens(self, queue: asyncio.Queue[str | None]) -> bool:
        """Takes orders from now on; False when it was stopped before it came to that."""
        with self._lock:
            if self.state != "dialling":
                return False
            self.state = "open"
            self._orders = (asyncio.get_running_loop(), queue)
            return True

    def _end(self, state: StreamState, problem: str | None = None, error: str | None = None) -> None:
        """Its connection is closed, or was never made."""
        with self._lock:
            self._orders = None
            if self.state not in _ENDED:
                self.state, self.problem, self.error = state, problem, error
                self._updated = self._clock()
        self._ended.set()
