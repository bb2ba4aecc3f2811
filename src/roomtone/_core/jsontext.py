"""JSON as bytes: orjson where it is installed (the extra `fast`), the standard library otherwise. Pure."""

from __future__ import annotations

import json
from typing import Any

try:
    import orjson as _orjson
except ImportError:
    _orjson = None  # type: ignore[assignment]

__all__ = ["dumps", "loads"]


def dumps(content: object) -> bytes:
    """The bytes of a JSON-ready value. Raises UnicodeEncodeError for a text that UTF-8 cannot carry."""
    if _orjson is not None:
        try:
            return _orjson.dumps(content)
        except TypeError:
            pass  # an integer of more than 64 bits; or a lone surrogate, for which the error is made below
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()


def loads(body: bytes) -> Any:
    """The value of a JSON text. Raises ValueError, of which UnicodeDecodeError is one, or RecursionError."""
    if _orjson is not None:
        return _orjson.loads(body)
    return json.loads(body.decode(), parse_constant=_no_constant)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
