"""JSON as bytes: orjson where it is installed (the extra `fast`), the standard library otherwise. Pure.

Both read and write the same, but for whole numbers beyond 64 bits, which orjson reads as floats.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

__all__ = ["dumps", "loads"]

_fast_dumps: Callable[[object], bytes] | None = None
_fast_loads: Callable[[bytes], Any] | None = None
try:
    from orjson import dumps as _fast_dumps
    from orjson import loads as _fast_loads
except ImportError:
    pass


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


# Made once: json's own functions make one for each text, unless nothing is asked of them.
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def dumps(content: object) -> bytes:
    """The bytes of a JSON-ready value. Raises UnicodeEncodeError for a text that UTF-8 cannot carry."""
    if _fast_dumps is not None:
        try:
            return _fast_dumps(content)
        except TypeError:
            pass  # an integer of more than 64 bits; or a lone surrogate, for which the error is made below
    return _ENCODER.encode(content).encode()


def loads(body: bytes) -> Any:
    """The value of a JSON text. Raises ValueError, of which UnicodeDecodeError is one, or RecursionError."""
    if _fast_loads is not None:
        try:
            return _fast_loads(body)
        except ValueError:
            pass  # what is wrong, or whether it is, does not depend on what is installed
    text = body.decode()
    try:
        value, end = _DECODER.raw_decode(text)
    except ValueError:
        value, end = None, 0
    # `decode` takes white space around a value too, and searches for it before it reads.
    return value if end and (end == len(text) or text[end:].isspace()) else _DECODER.decode(text)
