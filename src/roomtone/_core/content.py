"""From the bytes of a content encoding to those of the content, piece by piece. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from typing import Protocol

__all__ = ["Unpacker", "is_encoded", "is_readable", "unpacker"]

PIECE = 64 * 1024
"""The most bytes of content in one piece: a few packed bytes can stand for a thousand times as many."""


class Unpacker(Protocol):
    """Takes a body as it comes and gives its content."""

    def feed(self, packed: bytes) -> Iterator[bytes]:
        """The content of the next bytes. Raises ValueError where they are no such encoding."""
        ...

    def end(self) -> None:
        """Raises ValueError when the body ended too early."""
        ...


class _Inflating:
    """gzip or zlib, told apart by their first bytes; members one after the other are one content.

    Some servers call a stream `deflate` that lacks zlib's own head and tail; it is read where `bare` allows it.
    """

    def __init__(self, *, bare: bool) -> None:
        self._bare = bare
        self._bits = zlib.MAX_WBITS | 32
        self._current = zlib.decompressobj(self._bits)
        self._begun = False
        self._held = b""

    def feed(self, packed: bytes) -> Iterator[bytes]:
        packed = self._held + packed
        self._held = b"" if self._begun or len(packed) > 1 else packed  # two bytes tell one kind from another
        if self._held:
            return
        try:
            while packed:
                if self._current.eof:
                    self._current = zlib.decompressobj(self._bits)
                piece = self._decompress(packed)
                self._begun = True
                packed = self._current.unconsumed_tail or self._current.unused_data
                if piece:
                    yield piece
        except zlib.error as error:
            raise ValueError(str(error)) from error

    def _decompress(self, packed: bytes) -> bytes:
        try:
            return self._current.decompress(packed, PIECE)
        except zlib.error:
            if self._begun or not self._bare:
                raise
        self._bits = -zlib.MAX_WBITS
        self._current = zlib.decompressobj(self._bits)
        return self._current.decompress(packed, PIECE)

    def end(self) -> None:
        if self._held or (self._begun and not self._current.eof):
            raise ValueError("it ends too early")


_INFLATABLE = frozenset({"deflate", "gzip", "x-gzip"})


def _encoding(headers: Mapping[str, str]) -> str:
    return headers.get("content-encoding", "").strip().lower()


def is_encoded(headers: Mapping[str, str]) -> bool:
    """Whether the length of a body is another than that of its content."""
    return _encoding(headers) not in ("", "identity")


def is_readable(headers: Mapping[str, str]) -> bool:
    """Whether an encoded body's encoding is one that `unpacker` takes off."""
    return _encoding(headers) in _INFLATABLE


def unpacker(headers: Mapping[str, str]) -> Unpacker | None:
    """What takes a body's gzip or deflate off; None for every other encoding, which nobody asks for and which stays."""
    return _Inflating(bare=_encoding(headers) == "deflate") if is_readable(headers) else None
