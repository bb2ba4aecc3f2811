"""Shapes to JSON-ready values and back: cattrs converters with hooks that check and that name the member. Pure.

Three codecs share the hooks. `REQUESTS` refuses what a service would not understand; `ANSWERS` reads what a service
sent, ignoring what it does not know; `TOLERANT_ANSWERS` reads a service whose answers break their documentation.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from importlib import import_module
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import attrs
import cattrs

from roomtone._core.caching import cache
from roomtone._core.dates import epoch_seconds, iso8601, parse_timestamp
from roomtone._core.model import ANSWERED, TIMESTAMP, WIRE, Dialect, OneOf, Request, RequestPart
from roomtone._core.naming import did_you_mean, wire_name

__all__ = [
    "ANSWERS",
    "REQUESTS",
    "TOLERANT_ANSWERS",
    "Codec",
    "Member",
    "Misfit",
    "bare_type",
    "codec_for",
    "is_open_enum",
    "load_decimal",
    "members_of",
]

T = TypeVar("T")
Dump = Callable[[Any], Any]
Load = Callable[[Any, Any], Any]


class Misfit(Exception):
    """A value that does not fit its member: the member's path and the reason, never the value."""

    def __init__(self, reason: str, path: str = "") -> None:
        super().__init__(reason, path)
        self.reason = reason
        self.path = path

    def under(self, step: str) -> Misfit:
        """This misfit seen from one step further out: a member's name, or an index in brackets."""
        glue = "." if self.path and not self.path.startswith("[") else ""
        return Misfit(self.reason, f"{step}{glue}{self.path}")


@attrs.frozen
class Member:
    """One member of a shape, worked out once: its names, its type and what its metadata says."""

    name: str
    wire: str
    type: Any
    optional: bool
    has_default: bool
    metadata: Mapping[str, Any]

    @property
    def required(self) -> bool:
        return not self.optional and not self.has_default


@cache
def members_of(cls: type[Any]) -> tuple[Member, ...]:
    """The members of a shape, in order."""
    dialect = dialect_of(cls)
    hints = get_type_hints(cls)
    attributes: tuple[attrs.Attribute[Any], ...] = attrs.fields(cls)
    case = dialect.request if issubclass(cls, Request) else dialect.shape
    return tuple(
        Member(
            name=a.name,
            wire=a.metadata.get(WIRE) or wire_name(a.name, case),
            type=bare_type(hints[a.name]),
            optional=type(None) in get_args(hints[a.name]),
            has_default=a.default is not attrs.NOTHING,
            metadata=a.metadata,
        )
        for a in attributes
    )


def dialect_of(cls: type[Any]) -> Dialect:
    """The dialect of the module a shape was generated in."""
    if not isinstance(cls, type):
        raise TypeError(f"a value of type {type(cls).__qualname__} is not a shape of a roomtone service")
    dialect = getattr(import_module(cls.__module__), "DIALECT", None)
    if not isinstance(dialect, Dialect) or not attrs.has(cls):
        raise TypeError(f"{cls.__qualname__} is not a shape of a roomtone service")
    return dialect


def bare_type(hint: Any) -> Any:
    """`T` of `T | None`; an open enum, `Literal[...] | str`, is a str to the wire."""
    if get_origin(hint) not in (Union, types.UnionType):
        return hint
    rest = [arg for arg in get_args(hint) if arg is not type(None) and get_origin(arg) is not Literal]
    return rest[0] if len(rest) == 1 else Union[tuple(rest)]  # noqa: UP007


def is_open_enum(hint: Any) -> bool:
    """Whether a type is `Literal[...] | str`."""
    return get_origin(hint) in (Union, types.UnionType) and bare_type(hint) is str


def _kind(value: object) -> str:
    return "None" if value is None else type(value).__name__


def _exactly(expected: type, name: str) -> Dump:
    def check(value: Any) -> Any:
        if isinstance(value, expected):
            return value
        raise Misfit(f"must be a {name}, not {_kind(value)}")

    return check


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Misfit(f"must be a str, not {_kind(value)}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Misfit("must be text that UTF-8 can carry; it holds a lone surrogate") from None
    return value


def _whole(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise Misfit(f"must be an int, not {_kind(value)}")


def _number(value: Any) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise Misfit(f"must be a float, not {_kind(value)}")
    if value - value != 0:
        raise Misfit("must be a finite number")
    return value


_LARGEST_EXPONENT = 400


def _decimal(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise Misfit(f"must be a Decimal, not {_kind(value)}")
    if isinstance(value, Decimal) and not value.is_finite():
        raise Misfit("must be a finite number")
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _aware(value: Any) -> datetime:
    if not isinstance(value, datetime):
        raise Misfit(f"must be a datetime, not {_kind(value)}")
    if value.tzinfo is None:
        raise Misfit("must be an aware datetime, as datetime.now(timezone.utc) gives; it has no zone")
    return value


def _dump_iso8601(value: Any) -> str:
    return iso8601(_aware(value))


def _dump_epoch(value: Any) -> int | float:
    return epoch_seconds(_aware(value))


_DUMPS: dict[type, Dump] = {
    str: _text,
    bool: _exactly(bool, "bool"),
    int: _whole,
    float: _number,
    Decimal: _decimal,
    datetime: _dump_iso8601,
}


def _load_whole(value: Any) -> int:
    return int(value) if isinstance(value, float) and value.is_integer() else _whole(value)


def load_decimal(value: Any) -> Decimal:
    """A decimal number from a number or a text. Raises Misfit."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        raise Misfit(f"must be a decimal number, not {_kind(value)}")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise Misfit("must be a decimal number") from None
    # An exponent costs a few bytes to send, and as many digits as it says to write out.
    if not number.is_finite() or abs(number.adjusted()) > _LARGEST_EXPONENT:
        raise Misfit(f"must be a finite number of no more than {_LARGEST_EXPONENT} digits")
    return number


def _load_timestamp(value: Any) -> datetime:
    if isinstance(value, datetime):
        return _aware(value)
    try:
        return parse_timestamp(value)
    except ValueError:
        raise Misfit("must be a timestamp: epoch seconds, ISO 8601 or RFC 2822") from None


_LOADS: dict[type, Dump] = {
    str: _text,
    bool: _exactly(bool, "bool"),
    int: _load_whole,
    float: _number,
    Decimal: load_decimal,
    datetime: _load_timestamp,
}


def _tolerant_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else _text(value)


def _tolerant_bool(value: Any) -> bool:
    known = {"true": True, "false": False, "1": True, "0": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, (str, int)) and str(value).lower() in known:
        return known[str(value).lower()]
    raise Misfit("must be a bool")


def _tolerant_number(value: Any) -> float:
    try:
        return _number(float(value) if isinstance(value, str) else value)
    except ValueError:
        raise Misfit("must be a number") from None


def _tolerant_whole(value: Any) -> int:
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            return _load_whole(_tolerant_number(value))
    return _load_whole(value)


_TOLERANT_LOADS: dict[type, Dump] = {
    **_LOADS,
    str: _tolerant_text,
    bool: _tolerant_bool,
    int: _tolerant_whole,
    float: _tolerant_number,
}


@attrs.frozen
class Codec:
    """One way of reading and writing shapes.

    Args:
        requests: Refuse missing required members on both ways, and unknown names on the way in.
        tolerant: Turn what cannot be converted into None instead of refusing the whole.
    """

    requests: bool = False
    tolerant: bool = False
    converter: cattrs.Converter = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        converter = cattrs.Converter()
        object.__setattr__(self, "converter", converter)
        for kind, dump in _DUMPS.items():
            converter.register_unstructure_hook(kind, dump)
        for kind, load in (_TOLERANT_LOADS if self.tolerant else _LOADS).items():
            converter.register_structure_hook(kind, _ignoring_type(load))
        # cattrs asks the factory registered last first.
        for is_kind, dump_factory, load_factory in (
            (attrs.has, self._dump_shape, self._load_shape),
            (_is_sequence, self._dump_sequence, self._load_sequence),
            (_is_mapping, self._dump_mapping, self._load_mapping),
            (is_open_enum, self._dump_open_enum, self._load_open_enum),
        ):
            converter.register_unstructure_hook_factory(is_kind, dump_factory)
            converter.register_structure_hook_factory(is_kind, load_factory)

    def dump(self, value: object) -> dict[str, Any]:
        """The JSON-ready mapping of a shape. Raises Misfit."""
        dumped: dict[str, Any] = self.dump_hook(type(value))(value)
        return dumped

    def load(self, cls: type[T], mapping: object) -> T:
        """A shape from a JSON-ready mapping. Raises Misfit."""
        loaded: T = self.load_hook(cls)(mapping, cls)
        return loaded

    def dump_hook(self, hint: Any) -> Dump:
        hook: Dump = self.converter.get_unstructure_hook(hint)
        return hook

    def load_hook(self, hint: Any) -> Load:
        hook: Load = self.converter.get_structure_hook(hint)
        return hook

    def member_dump_hook(self, member: Member) -> Dump:
        """How one member's value goes to the wire, outside path, query and header."""
        return _dump_epoch if member.metadata.get(TIMESTAMP) == "epoch" else self.dump_hook(member.type)

    def _dump_open_enum(self, hint: Any) -> Dump:
        return self.dump_hook(str)

    def _load_open_enum(self, hint: Any) -> Load:
        return self.load_hook(str)

    def _dump_shape(self, cls: type[Any]) -> Dump:
        plan: list[tuple[Member, Dump]] | None = None

        def dump(value: Any) -> dict[str, Any]:
            nonlocal plan
            if not isinstance(value, cls):
                raise Misfit(_wants_shape(cls, value))
            if plan is None:
                plan = [(member, self.member_dump_hook(member)) for member in members_of(cls)]
            dumped: dict[str, Any] = {}
            for member, hook in plan:
                item = getattr(value, member.name)
                if item is None:
                    if self.requests and member.required:
                        raise Misfit("is required", member.name)
                    continue
                try:
                    dumped[member.wire] = hook(item)
                except Misfit as misfit:
                    raise misfit.under(member.name) from None
            if self.requests:
                check_one_of(cls, value)
            return dumped

        return dump

    def _load_shape(self, cls: type[Any]) -> Load:
        plan: list[tuple[Member, Load]] | None = None

        def load(value: Any, _: Any) -> Any:
            nonlocal plan
            content = _object(value)
            if plan is None:
                plan = [(member, self.load_hook(member.type)) for member in members_of(cls)]
            if self.requests:
                _refuse_unknown(content, [member.wire for member, _ in plan])
            loaded: dict[str, Any] = {}
            for member, hook in plan:
                item = self._load_member(member, hook, content.get(member.wire))
                if item is not None or not member.has_default:
                    loaded[member.name] = item
            shape = cls(**loaded)
            if self.requests:
                check_one_of(cls, shape)
            return shape

        return load

    def _load_member(self, member: Member, hook: Load, item: Any) -> Any:
        if item is not None:
            try:
                return hook(item, member.type)
            except Misfit as misfit:
                if not self.tolerant:
                    raise misfit.under(member.name) from None
        elif self.requests and member.required:
            raise Misfit("is required", member.name)
        if member.metadata.get(ANSWERED) and not self.requests:
            raise Misfit("is missing from the answer", member.name)
        return None

    def _dump_sequence(self, hint: Any) -> Dump:
        hook = self.dump_hook(get_args(hint)[0])

        def dump(values: Any) -> list[Any]:
            if isinstance(values, (str, bytes, bytearray)) or not isinstance(values, Sequence):
                raise Misfit(f"must be a sequence such as a list, not {_kind(values)}")
            dumped: list[Any] = []
            items: Sequence[Any] = values
            for index, item in enumerate(items):
                try:
                    dumped.append(hook(item))
                except Misfit as misfit:
                    raise misfit.under(f"[{index}]") from None
            return dumped

        return dump

    def _load_sequence(self, hint: Any) -> Load:
        item_type = get_args(hint)[0]
        hook = self.load_hook(item_type)

        def load(values: Any, _: Any) -> list[Any]:
            if not isinstance(values, list) and not (self.requests and isinstance(values, tuple)):
                raise Misfit(f"must be a list, not {_kind(values)}")
            loaded: list[Any] = []
            for index, item in enumerate(cast("Sequence[Any]", values)):
                if item is None and not self.requests:
                    continue
                try:
                    loaded.append(hook(item, item_type))
                except Misfit as misfit:
                    if not self.tolerant:
                        raise misfit.under(f"[{index}]") from None
            return loaded

        return load

    def _dump_mapping(self, hint: Any) -> Dump:
        hook = self.dump_hook(get_args(hint)[1])

        def dump(values: Any) -> dict[str, Any]:
            if not isinstance(values, Mapping):
                raise Misfit(f"must be a mapping such as a dict, not {_kind(values)}")
            dumped: dict[str, Any] = {}
            items: Mapping[Any, Any] = values
            for key, item in items.items():
                try:
                    dumped[_text(key)] = hook(item)
                except Misfit as misfit:
                    # A key can be a secret, so it is not named.
                    raise misfit.under("[...]") from None
            return dumped

        return dump

    def _load_mapping(self, hint: Any) -> Load:
        item_type = get_args(hint)[1]
        hook = self.load_hook(item_type)

        def load(values: Any, _: Any) -> dict[str, Any]:
            loaded: dict[str, Any] = {}
            for key, item in _object(values).items():
                if item is None and not self.requests:
                    continue
                try:
                    loaded[_text(key)] = hook(item, item_type)
                except Misfit as misfit:
                    if not self.tolerant:
                        raise misfit.under("[...]") from None
            return loaded

        return load


def _ignoring_type(load: Dump) -> Load:
    return lambda value, _: load(value)


def _object(value: Any) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise Misfit(f"must be an object, not {_kind(value)}")
    content: Mapping[Any, Any] = value
    return content


def _is_sequence(hint: Any) -> bool:
    return get_origin(hint) in (list, Sequence)


def _is_mapping(hint: Any) -> bool:
    return get_origin(hint) in (dict, Mapping)


def _wants_shape(cls: type[Any], value: object) -> str:
    refusal = f"must be a {cls.__name__}, not {_kind(value)}"
    return (
        f"{refusal}; from_wire({cls.__name__}, ...) makes one of a mapping" if isinstance(value, Mapping) else refusal
    )


def _refuse_unknown(value: Mapping[Any, Any], known: list[str]) -> None:
    for key in value:
        if key not in known:
            if not isinstance(key, str):
                raise Misfit(f"has a name that is no str but {_kind(key)}")
            raise Misfit(f"has no member {key!r}{did_you_mean(key, known)}")


def check_one_of(cls: type[Any], value: object) -> None:
    """A union has exactly one of its members."""
    if issubclass(cls, OneOf):
        names = [member.name for member in members_of(cls)]
        if sum(getattr(value, name) is not None for name in names) != 1:
            raise Misfit(f"must have exactly one of {', '.join(names)}")


REQUESTS = Codec(requests=True)
ANSWERS = Codec()
TOLERANT_ANSWERS = Codec(tolerant=True)


def codec_for(cls: type[Any]) -> Codec:
    """The codec that reads and writes a class by itself: requests and their parts strictly, the rest as an answer."""
    dialect = dialect_of(cls)
    if issubclass(cls, (Request, RequestPart)):
        return REQUESTS
    return TOLERANT_ANSWERS if dialect.tolerant else ANSWERS
