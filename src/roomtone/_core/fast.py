"""The straight way from JSON to shapes and back, compiled per class: for values that are as they should be. Pure.

A function made here takes the members one after the other, without a look-up, a call or a check that a good value does
not need. Whatever is not plainly good is `Odd`, and then the codec does it all again: it knows what can be forgiven,
and says what is wrong with the rest. So the two never disagree about a value that the fast one takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import takewhile
from typing import Any, get_args, get_origin

import attrs

from roomtone._core.caching import cache
from roomtone._core.codec import Member, Misfit, is_open_enum, load_decimal, members_of
from roomtone._core.dates import parse_timestamp
from roomtone._core.model import ANSWERED, OneOf

__all__ = ["Odd", "dumper", "loader"]


class Odd(Exception):
    """Something about a value is for the codec to judge."""


def _time(value: Any) -> datetime:
    """A timestamp of any form."""
    try:
        return parse_timestamp(value)
    except ValueError:
        raise Odd from None


def _decimal(value: Any) -> Decimal:
    try:
        return load_decimal(value)
    except Misfit:
        raise Odd from None


class _Source:
    """The text of a function and the names that it uses."""

    def __init__(self, head: str) -> None:
        self.lines = [head]
        self.names: dict[str, Any] = {
            "Odd": Odd,
            "decimal": _decimal,
            "iso": datetime.fromisoformat,
            "new": object.__new__,
            "sequences": (list, tuple),
            "time": _time,
        }

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
    source.add(1, "if type(content) is not dict: raise Odd", "get = content.get", f"made = new({source.name(cls)})")
    source.add(1, "try:")
    defaults = {attribute.name: attribute.default for attribute in attrs.fields(cls)}
    for member in members_of(cls):
        source.add(2, f"v = get({member.wire!r})", *_loading(source, member.name, member.type))
        source.add(2, f"elif v is None: {_absent(member, defaults[member.name])}", "else: raise Odd")
    source.add(2, "pass")
    # Python reads a timestamp that ends with Z as UTC, as most do, or refuses it.
    source.add(1, "except ValueError: raise Odd from None", "return made")
    return source.function()


def _absent(member: Member, default: object) -> str:
    if member.metadata.get(ANSWERED):
        return "raise Odd"
    if default is None or default is attrs.NOTHING:
        return f"made.{member.name} = None"
    return f"made.{member.name} = []" if default == attrs.Factory(list) else "raise Odd"


def _loading(source: _Source, name: str, hint: Any) -> Iterator[str]:
    """What is done with a good value: an `if` and what follows it."""
    kind = _plain(hint)
    if kind:
        yield f"if type(v) is {kind}: made.{name} = v"
    elif hint is datetime:
        yield f"if type(v) is str and v[-1:] == 'Z': made.{name} = iso(v)"
        yield f"elif v is not None: made.{name} = time(v)"
    elif attrs.has(hint):
        yield f"if type(v) is dict: made.{name} = {source.name(loader(hint))}(v)"
    elif get_origin(hint) in (list, Sequence) and attrs.has(get_args(hint)[0]):
        yield f"if type(v) is list: made.{name} = [*map({source.name(loader(get_args(hint)[0]))}, v)]"
    elif get_origin(hint) in (list, Sequence) and (kind := _plain(get_args(hint)[0])):
        yield "if type(v) is list:"
        yield from _each(kind, "v")
        yield f"    made.{name} = v"
    elif get_origin(hint) in (dict, Mapping) and get_args(hint)[1] is str:
        yield "if type(v) is dict:"
        yield from _each("str", "v.values()")
        yield f"    made.{name} = v"
    elif get_origin(hint) in (dict, Mapping) and attrs.has(get_args(hint)[1]):
        load = source.name(loader(get_args(hint)[1]))
        yield f"if type(v) is dict: made.{name} = {{k: {load}(x) for k, x in v.items()}}"
    elif hint is float:
        yield f"if type(v) is float and v - v == 0: made.{name} = v"
    elif hint is Decimal:
        yield f"if v is not None: made.{name} = decimal(v)"
    else:
        yield "if v is not None: raise Odd"


def _each(kind: str, values: str) -> Iterator[str]:
    """Within a block: every value is of that type."""
    yield f"    for x in {values}:"
    yield f"        if type(x) is not {kind}: raise Odd"


def _plain(hint: Any) -> str:
    """The name of the type of a value that is the same in JSON and in Python; empty where there is none."""
    if hint in (str, bool, int):
        return str(hint.__name__)
    return "str" if is_open_enum(hint) else ""


@cache
def dumper(cls: type[Any], names: tuple[str, ...] | None = None) -> Callable[[Any], dict[str, Any]]:
    """From a request, or a shape in one, to a JSON-ready mapping; of some of its members where they are named.

    Texts that UTF-8 cannot carry are for whoever makes bytes of them to find. Raises Odd.
    """
    source = _Source("def f(value):")
    source.add(1, f"if type(value) is not {source.name(cls)}: raise Odd")
    if issubclass(cls, OneOf):
        source.add(1, "raise Odd")
    members = [member for member in members_of(cls) if names is None or member.name in names]
    # Those that begin it and are always there begin it together.
    always = list(takewhile(lambda member: member.required and _plain(member.type), members))
    for number, member in enumerate(always):
        source.add(1, f"v{number} = value.{member.name}", f"if type(v{number}) is not {_plain(member.type)}: raise Odd")
    source.add(1, f"made = {{{', '.join(f'{member.wire!r}: v{at}' for at, member in enumerate(always))}}}")
    for member in members[len(always) :]:
        absent = "raise Odd" if member.required else "pass"
        source.add(1, f"v = value.{member.name}", f"if v is None: {absent}")
        source.add(1, *_dumping(source, member.wire, member.type), "else: raise Odd")
    source.add(1, "return made")
    return source.function()


def _dumping(source: _Source, wire: str, hint: Any) -> Iterator[str]:
    """What is done with a good value that is there, if any is: an `elif`."""
    kind = _plain(hint)
    if kind:
        yield f"elif type(v) is {kind}: made[{wire!r}] = v"
    elif attrs.has(hint):
        yield f"elif True: made[{wire!r}] = {source.name(dumper(hint))}(v)"
    elif get_origin(hint) in (list, Sequence) and attrs.has(get_args(hint)[0]):
        yield f"elif type(v) in sequences: made[{wire!r}] = [*map({source.name(dumper(get_args(hint)[0]))}, v)]"
    elif get_origin(hint) in (list, Sequence) and _plain(get_args(hint)[0]) == "str":
        yield "elif type(v) in sequences:"
        yield from _each("str", "v")
        yield f"    made[{wire!r}] = v"
    elif get_origin(hint) in (dict, Mapping) and get_args(hint)[1] is str:
        yield "elif type(v) is dict:"
        yield from _each("str", "v")
        yield from _each("str", "v.values()")
        yield f"    made[{wire!r}] = v"
