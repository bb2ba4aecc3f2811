"""The straight way from JSON to shapes and back, compiled per class: for values that are as they should be. Pure.

A function made here takes the members one after the other, without a look-up, a call or a check that a good value does
not need. Whatever is not plainly good is `Odd`, and then the codec does it all again: it knows what can be forgiven,
and says what is wrong with the rest. So the two never disagree about a value that the fast one takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, get_args, get_origin

import attrs

from roomtone._core.caching import cache
from roomtone._core.codec import Member, is_open_enum, members_of
from roomtone._core.dates import parse_timestamp
from roomtone._core.model import ANSWERED, OneOf

__all__ = ["Odd", "dumper", "loader"]


class Odd(Exception):
    """Something about a value is for the codec to judge."""


def _time(text: Any) -> datetime:
    """A timestamp of any form; most are ISO 8601 in UTC."""
    try:
        if text.__class__ is str and text[10:11] == "T":
            time = datetime.fromisoformat(text)
            if time.tzinfo is timezone.utc:
                return time
        return parse_timestamp(text)
    except ValueError:
        raise Odd from None


def _exactly(kind: type, values: Iterable[Any]) -> None:
    for value in values:
        if value.__class__ is not kind:
            raise Odd


class _Source:
    """The text of a function and the names that it uses."""

    def __init__(self, head: str) -> None:
        self.lines = [head]
        self.names: dict[str, Any] = {"Odd": Odd, "time": _time, "exactly": _exactly, "new": object.__new__}

    def name(self, value: object) -> str:
        """A name for a value."""
        name = f"n{len(self.names)}"
        self.names[name] = value
        return name

    def add(self, depth: int, *lines: str) -> None:
        self.lines += [f"{'    ' * depth}{line}" for line in lines]

    def function(self) -> Callable[[Any], Any]:
        exec("\n".join(self.lines), self.names)
        made: Callable[[Any], Any] = self.names["f"]
        return made


@cache
def loader(cls: type[Any]) -> Callable[[Any], Any]:
    """From a JSON object to an answer's shape. Texts must be such that UTF-8 can carry. Raises Odd."""
    source = _Source("def f(content):")
    source.add(1, "if content.__class__ is not dict: raise Odd", "get = content.get", f"made = new({source.name(cls)})")
    defaults = {attribute.name: attribute.default for attribute in attrs.fields(cls)}
    for member in members_of(cls):
        source.add(1, f"v = get({member.wire!r})", "if v is None:")
        source.add(2, _absent(member, defaults[member.name]))
        source.add(1, *_loading(source, member.name, member.type))
    source.add(1, "return made")
    return source.function()


def _absent(member: Member, default: object) -> str:
    if member.metadata.get(ANSWERED):
        return "raise Odd"
    if default is None or default is attrs.NOTHING:
        return f"made.{member.name} = None"
    return f"made.{member.name} = []" if default == attrs.Factory(list) else "raise Odd"


def _loading(source: _Source, name: str, hint: Any) -> Iterator[str]:
    """What is done with a value that is there."""
    if hint in (str, bool, int) or is_open_enum(hint):
        kind = hint.__name__ if hint in (bool, int) else "str"
        yield f"elif v.__class__ is {kind}: made.{name} = v"
        yield "else: raise Odd"
    elif hint is datetime:
        yield f"else: made.{name} = time(v)"
    elif attrs.has(hint):
        yield f"else: made.{name} = {source.name(_Lazily(loader, hint))}(v)"
    elif get_origin(hint) in (list, Sequence):
        (item,) = get_args(hint)
        yield "elif v.__class__ is not list: raise Odd"
        if attrs.has(item):
            yield f"else: made.{name} = [*map({source.name(_Lazily(loader, item))}, v)]"
        elif item in (str, bool, int) or is_open_enum(item):
            yield f"else: exactly({item.__name__ if item in (bool, int) else 'str'}, v); made.{name} = v"
        else:
            yield "else: raise Odd"
    elif get_origin(hint) in (dict, Mapping) and get_args(hint)[1] is str:
        yield f"elif v.__class__ is dict: exactly(str, v.values()); made.{name} = v"
        yield "else: raise Odd"
    else:
        yield "else: raise Odd"


@cache
def dumper(cls: type[Any], names: tuple[str, ...] | None = None) -> Callable[[Any], dict[str, Any]]:
    """From a request, or a shape in one, to a JSON-ready mapping; of some of its members where they are named.

    Texts that UTF-8 cannot carry are for whoever makes bytes of them to find. Raises Odd.
    """
    source = _Source("def f(value):")
    source.add(1, f"if value.__class__ is not {source.name(cls)}: raise Odd", "made = {}")
    if issubclass(cls, OneOf):
        source.add(1, "raise Odd")
    for member in members_of(cls):
        if names is None or member.name in names:
            source.add(1, f"v = value.{member.name}", "if v is None:")
            source.add(2, "raise Odd" if member.required else "pass")
            source.add(1, *_dumping(source, member.wire, member.type))
    source.add(1, "return made")
    return source.function()


def _dumping(source: _Source, wire: str, hint: Any) -> Iterator[str]:
    if hint in (str, bool, int) or is_open_enum(hint):
        kind = hint.__name__ if hint in (bool, int) else "str"
        yield f"elif v.__class__ is {kind}: made[{wire!r}] = v"
        yield "else: raise Odd"
    elif attrs.has(hint):
        yield f"else: made[{wire!r}] = {source.name(_Lazily(dumper, hint))}(v)"
    elif get_origin(hint) in (list, Sequence):
        (item,) = get_args(hint)
        yield "elif v.__class__ is not list and v.__class__ is not tuple: raise Odd"
        if attrs.has(item):
            yield f"else: made[{wire!r}] = [*map({source.name(_Lazily(dumper, item))}, v)]"
        elif item is str or is_open_enum(item):
            yield f"else: exactly(str, v); made[{wire!r}] = v"
        else:
            yield "else: raise Odd"
    elif get_origin(hint) in (dict, Mapping) and get_args(hint)[1] is str:
        yield f"elif v.__class__ is dict: exactly(str, v); exactly(str, v.values()); made[{wire!r}] = v"
        yield "else: raise Odd"
    else:
        yield "else: raise Odd"


class _Lazily:
    """A function for a nested shape, made when the first one comes."""

    __slots__ = ("_function", "_make", "_shape")

    def __init__(self, make: Callable[[type[Any]], Callable[[Any], Any]], shape: type[Any]) -> None:
        self._make = make
        self._shape = shape
        self._function: Callable[[Any], Any] | None = None

    def __call__(self, value: Any) -> Any:
        if self._function is None:
            self._function = self._make(self._shape)
        return self._function(value)
