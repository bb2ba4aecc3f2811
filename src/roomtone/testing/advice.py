"""What a call that nothing answers is told: what came, what is near, what to write. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import NoneType
from typing import Any

import attrs

from roomtone._core.operation import Operation

__all__ = ["advice"]


def advice(name: str, operation: Operation[Any, Any], request: object, mocked: Mapping[str, str]) -> str:
    """The message for a call without an answer.

    Args:
        name: `ivs.get_stream_session`.
        operation: Its record.
        request: The typed request.
        mocked: What has an answer: by what to compare names with, how to call it.
    """
    near = difflib.get_close_matches(name, mocked, n=1, cutoff=0.0)
    nearest = mocked[near[0]] if near else "none, nothing is mocked yet"
    snippet = "\n".join(f"    {line}" if line else "" for line in _snippet(name, operation.response))
    return (
        f"nothing answers {name}: {operation.method} {operation.path}\n\n"
        f"  {_shown(request)}\n\n"
        f"The nearest that is mocked: {nearest}. To answer it:\n\n{snippet}"
    )


def _snippet(name: str, response: type[Any]) -> list[str]:
    if response in (bytes, NoneType):
        answer = "" if response is NoneType else 'b"..."'
        return [f"roomtone_mock.{name}.respond({answer})"]
    return [
        f"from roomtone.{name.partition('.')[0]} import {response.__name__}",
        "from roomtone.testing import make",
        "",
        f"roomtone_mock.{name}.respond(make({response.__name__}))",
    ]


def _shown(request: object) -> str:
    """A request with the members that are in it; secrets stay out."""
    cls: type[Any] = type(request)
    members = [field.name for field in attrs.fields(cls) if field.repr]
    given = [f"{name}={value!r}" for name in members if (value := getattr(request, name)) is not None]
    return f"{cls.__name__}({', '.join(given)})"
