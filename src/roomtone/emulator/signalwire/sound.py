"""Sounds, as samples, and the codecs of media streams, from samples to the bytes of a frame. Knows WAV files."""

from __future__ import annotations

import itertools
import math
import struct
import wave
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from attrs import field, frozen

from roomtone.errors import ConfigurationError
from roomtone.signalwire.streams import L16, MULAW

__all__ = ["CODECS", "FRAME_MS", "Codec", "Silence", "Sine", "Sound", "WavFile", "frames", "from_mulaw"]

FRAME_MS = 20
"""The length of one message's audio, in milliseconds, as telephones have it."""

_FULL = 32767


class Sound(Protocol):
    """What a stream can play: `Sine`, `Silence`, `WavFile`, or anything with this method."""

    def samples(self, rate: int) -> Iterable[int]:
        """The sound from its start to its end: signed 16-bit samples, `rate` of them a second."""
        ...


@frozen
class Sine:
    """A tone.

    Args:
        hertz: Its frequency.
        seconds: How long it sounds.
        level: Its peak, as a share of full scale: more than 0, at most 1.
    """

    hertz: float = 440.0
    seconds: float = field(default=1.0, kw_only=True)
    level: float = field(default=0.5, kw_only=True)

    def samples(self, rate: int) -> Iterable[int]:
        step, peak = 2 * math.pi * self.hertz / rate, _FULL * self.level
        return (round(peak * math.sin(step * number)) for number in range(round(self.seconds * rate)))


@frozen
class Silence:
    """Nothing to be heard.

    Args:
        seconds: How long.
    """

    seconds: float = 1.0

    def samples(self, rate: int) -> Iterable[int]:
        return itertools.repeat(0, round(self.seconds * rate))


@frozen
class WavFile:
    """The first channel of a WAV file of 16-bit PCM, at any rate. It is read at once.

    Args:
        path: The file.

    Raises:
        ConfigurationError: It is no such file.
        OSError: It cannot be read.
    """

    path: str | Path
    _samples: Sequence[int] = field(init=False, repr=False, eq=False)
    _rate: int = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        try:
            with wave.open(str(self.path), "rb") as file:
                channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
                data = file.readframes(file.getnframes())
        except (wave.Error, EOFError) as error:
            raise ConfigurationError(f"{self.path} is no WAV file of PCM: {error}") from None
        if width != 2:
            raise ConfigurationError(f"{self.path} has {8 * width} bits a sample; only 16-bit PCM can be played")
        object.__setattr__(self, "_samples", _from_l16(data)[::channels])
        object.__setattr__(self, "_rate", rate)

    def samples(self, rate: int) -> Iterable[int]:
        """Linear between the file's samples, where the stream's rate is another."""
        count = len(self._samples) * rate // self._rate
        last = len(self._samples) - 1
        for number in range(count):
            place, rest = divmod(number * self._rate, rate)
            here, after = self._samples[place], self._samples[min(place + 1, last)]
            yield here + (after - here) * rest // rate


def _from_l16(data: bytes) -> Sequence[int]:
    return struct.unpack(f"<{len(data) // 2}h", data)


def _to_l16(samples: Sequence[int]) -> bytes:
    """16 bits each, the lower byte first."""
    return struct.pack(f"<{len(samples)}h", *samples)


def _mulaw_of(sample: int) -> int:
    """One sample by G.711: a sign, an exponent of 3 bits, a mantissa of 4, all inverted."""
    sign, magnitude = (0x80, -sample) if sample < 0 else (0, sample)
    biased = min(magnitude, 32635) + 132
    exponent = biased.bit_length() - 8
    return ~(sign | exponent << 4 | biased >> (exponent + 3) & 0x0F) & 0xFF


def _sample_of(code: int) -> int:
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + 132 << (code >> 4 & 0x07)) - 132
    return -magnitude if code & 0x80 else magnitude


_SAMPLES = [_sample_of(code) for code in range(256)]


def from_mulaw(data: bytes) -> list[int]:
    """The samples of G.711 mu-law, one byte each."""
    return [_SAMPLES[code] for code in data]


def _to_mulaw(samples: Sequence[int]) -> bytes:
    return bytes(map(_mulaw_of, samples))


@frozen
class Codec:
    """How a stream's audio is encoded: as its start message names it, and from samples to bytes."""

    encoding: str
    rate: int
    encode: Callable[[Sequence[int]], bytes]

    @property
    def frame_samples(self) -> int:
        return self.rate * FRAME_MS // 1000


CODECS: dict[str, Codec] = {
    "PCMU": Codec(MULAW, 8000, _to_mulaw),
    "L16": Codec(L16, 8000, _to_l16),
    "L16@16000h": Codec(L16, 16000, _to_l16),
    "L16@24000h": Codec(L16, 24000, _to_l16),
}
"""By the name that a stream is started with. How a start message names PCMA is not documented, so it is not here."""


def frames(sounds: Iterable[Sound], codec: Codec) -> Iterator[bytes]:
    """Sounds one after the other, in frames of 20 ms; the last one is filled up with silence."""
    samples = itertools.chain.from_iterable(sound.samples(codec.rate) for sound in sounds)
    while frame := list(itertools.islice(samples, codec.frame_samples)):
        yield codec.encode(frame + [0] * (codec.frame_samples - len(frame)))
