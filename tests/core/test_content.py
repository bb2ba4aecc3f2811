"""Content encodings, unpacked piece by piece."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roomtone._core.content import PIECE, is_encoded, unpacker


def bare_deflate(content: bytes) -> bytes:
    """What some servers call deflate: without zlib's head and tail."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


PACKS = {
    "gzip": gzip.compress,
    "X-GZip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": bare_deflate,
}


def unpacked(encoding: str, packed: bytes, step: int) -> list[bytes]:
    found = unpacker({"content-encoding": encoding})
    assert found is not None
    pieces = [piece for at in range(0, len(packed), step) for piece in found.feed(packed[at : at + step])]
    found.end()
    return pieces


@given(st.binary(max_size=300), st.integers(1, 1000), st.integers(1, 50), st.sampled_from(sorted(PACKS)))
def test_any_content_in_any_steps(some: bytes, times: int, step: int, encoding: str) -> None:
    """Whatever the steps of the network, the content comes whole; of packed content no piece is large."""
    content = some * times
    pieces = unpacked(encoding, PACKS[encoding](content), step)
    assert b"".join(pieces) == content
    assert all(pieces)
    assert all(len(piece) <= PIECE for piece in pieces)


@pytest.mark.parametrize("encoding", ["", "identity", "br", "gzip, br"])
def test_other_encodings_stay(encoding: str) -> None:
    """What was not asked for is not taken off, and what is not packed needs nothing taken off."""
    assert unpacker({"content-encoding": encoding}) is None
    assert unpacker({}) is None


@given(st.binary(min_size=1, max_size=300), st.data())
def test_a_content_that_ends_too_early(content: bytes, data: st.DataObject) -> None:
    """No beginning of packed content passes for the whole, but the empty one."""
    packed = gzip.compress(content)
    end = data.draw(st.integers(1, len(packed) - 1))
    with pytest.raises(ValueError, match="ends too early"):
        unpacked("gzip", packed[:end], 7)
    assert unpacked("gzip", b"", 7) == []


def test_members_follow_each_other() -> None:
    """Several members are one content; what follows them and is none is an error."""
    both = gzip.compress(b"RI") + gzip.compress(b"FF")
    assert b"".join(unpacked("gzip", both, len(both))) == b"RIFF"
    with pytest.raises(ValueError, match="header"):
        unpacked("gzip", both + b"rubbish", len(both) + 7)


def test_what_changes_the_length() -> None:
    """Only a body without an encoding has the length of its content."""
    assert not is_encoded({})
    assert not is_encoded({"content-encoding": " Identity"})
    assert is_encoded({"content-encoding": "gzip"})
    assert is_encoded({"content-encoding": "br"})
