"""Small files of the kinds that SignalWire keeps: WAV, MP3, PNG, PDF. Each is a real one of its kind. Pure."""

from __future__ import annotations

import io
import struct
import wave
import zlib

from roomtone._core.mirror import MediaBody
from roomtone.emulator.signalwire.sound import CODECS, Sine

__all__ = ["mp3", "pdf", "png", "wav"]

RATE = 8000
TONES = (440.0, 660.0)
"""What is heard in a recording, by channel."""


def wav(channels: int) -> MediaBody:
    """One second of a tone in each channel, 16-bit PCM at 8000 Hz."""
    tones = [Sine(hertz).samples(RATE) for hertz in TONES[:channels]]
    samples = [sample for moment in zip(*tones, strict=True) for sample in moment]
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(CODECS["L16"].encode(samples))
    return MediaBody(file.getvalue(), "audio/x-wav")


def mp3() -> MediaBody:
    """One second of silence: frames of MPEG-1 layer III, mono, 32 kbit/s at 44.1 kHz, whose content is all zeros."""
    frame = bytes.fromhex("fffb10c4") + bytes(100)
    return MediaBody(frame * 39, "audio/mpeg")


def png() -> MediaBody:
    """A picture of one grey pixel."""
    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0\x80")), (b"IEND", b""))
    return MediaBody(b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks), "image/png")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pdf() -> MediaBody:
    """One blank page, of a letter's size."""
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] >>",
    )
    file, places = b"%PDF-1.4\n", [b"0000000000 65535 f \n"]
    for number, content in enumerate(objects, 1):
        places.append(b"%010d 00000 n \n" % len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    size = len(places)
    end = b"xref\n0 %d\n%strailer\n<< /Size %d /Root 1 0 R >>\n" % (size, b"".join(places), size)
    return MediaBody(file + end + b"startxref\n%d\n%%%%EOF\n" % len(file), "application/pdf")
