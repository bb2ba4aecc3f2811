"""make: a valid instance of any shape, the same one each time. Knows the shapes and the generated samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from decimal import Decimal
from importlib import import_module
from typing import Any, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

import attrs

from roomtone._core.caching import cache
from roomtone._core.codec import ANSWERS, Member, Misfit, bare_type, check_one_of, codec_for, dialect_of, members_of
from roomtone._core.model import OneOf, Request
from roomtone._core.naming import did_you_mean
from roomtone.errors import RequestError

__all__ = ["make", "plain_text"]

T = TypeVar("T")

_MOMENT = datetime(2026, 1, 1, tzinfo=timezone.utc)
_SCALARS: Mapping[Any, Any] = {bool: False, int: 1, float: 1.0, Decimal: Decimal(1), datetime: _MOMENT}


def make(cls: type[T], /, **overrides: object) -> T:
    """A valid instance of a request, a response or any shape in them; the same one each time.

    It has what the API requires, what is always answered, and what is given here. A union gets its first member, and so
    does a shape of SignalWire's of which nothing is always answered. Texts, numbers and collections are within the
    model's limits and patterns, enums have their first value, a list that is required has an item.

    Args:
        cls: The class.
        overrides: Members by their Python names. Mappings stand for shapes and lists of mappings for lists of shapes,
            in Python names too, and are filled up in the same way; timestamps may be texts in ISO 8601; None leaves a
            member out. What is given is held to its type, not to limits and patterns.

    Raises:
        TypeError: `cls` is no shape of a roomtone service, or has no member of that name.
        RequestError: A given value does not fit its member; names the member, never the value.
    """
    try:
        made = _made(cls, overrides)
        codec_for(cls).dump(made)
    except Misfit as misfit:
        subject = f"{cls.__name__}{'.' if misfit.path else ''}{misfit.path}"
        error = RequestError(f"{subject} {misfit.reason}", member=misfit.path or None)
    else:
        return made
    raise error


def plain_text(name: str) -> str:
    """The text that a member of that name has, where the model does not ask for another one."""
    return name.strip("_").replace("_", "-")


def _made(cls: type[T], overrides: Mapping[str, object]) -> T:
    members = {member.name: member for member in members_of(cls)}
    for name in overrides:
        if name not in members:
            raise TypeError(f"{cls.__name__} has no member {name!r}{did_you_mean(name, members)}")
    hints, samples = _hints(cls), _samples(cls)
    filled = [name for name, member in members.items() if _is_filled(member, samples) and name not in overrides]
    if not filled and not overrides and _is_nothing_when_empty(cls):
        filled = [*members][:1]
    given = {name: _converted(hints[name], value, name) for name, value in overrides.items()}
    for name in filled:
        given[name] = _converted(hints[name], samples[name], name) if name in samples else _plain(hints[name], name)
    made = cls(**given)
    check_one_of(cls, made)
    return made


@cache
def _hints(cls: type[Any]) -> Mapping[str, Any]:
    return get_type_hints(cls)


def _is_filled(member: Member, samples: Mapping[str, Any]) -> bool:
    """Whether a member is made unasked: nothing else gives it a value, or its own default is too small."""
    return not member.optional and (not member.has_default or member.name in samples)


def _is_nothing_when_empty(cls: type[Any]) -> bool:
    """Whether a shape without any member is none: a union, or one of SignalWire, whose answers promise hardly one."""
    return issubclass(cls, OneOf) or (dialect_of(cls).tolerant and not issubclass(cls, Request))


def _samples(cls: type[Any]) -> Mapping[str, Any]:
    package = cls.__module__.split(".")[1]
    by_shape: Mapping[str, Mapping[str, Any]] = import_module(f"roomtone.testing._generated.{package}").SAMPLES
    return by_shape.get(cls.__name__, {})


def _plain(hint: Any, name: str) -> Any:
    """A value of a member for which there is no sample."""
    bare = bare_type(hint)
    if attrs.has(bare):
        return _made(bare, {})
    if bare is str:
        enums = [arg for arg in get_args(hint) if get_origin(arg) is Literal]
        return get_args(enums[0])[0] if enums else plain_text(name)
    if bare in _SCALARS:
        return _SCALARS[bare]
    return {} if get_origin(bare) in (dict, Mapping) else []


def _converted(hint: Any, value: Any, step: str) -> Any:
    """A given value as its member takes it: mappings become shapes, texts become timestamps. Raises Misfit."""
    try:
        return _value(bare_type(hint), value)
    except Misfit as misfit:
        raise misfit.under(step) from None


def _value(bare: Any, value: Any) -> Any:
    if value is None:
        return None
    if attrs.has(bare):
        members: Mapping[str, object] | None = value if isinstance(value, Mapping) else None
        return value if members is None else _made(bare, members)
    if get_origin(bare) in (list, Sequence) and isinstance(value, (list, tuple)):
        (item,) = get_args(bare)
        return [_converted(item, one, f"[{index}]") for index, one in enumerate(cast("Sequence[Any]", value))]
    if get_origin(bare) in (dict, Mapping) and isinstance(value, Mapping):
        pairs: Mapping[Any, Any] = value
        return {key: _converted(get_args(bare)[1], one, "[...]") for key, one in pairs.items()}
    return ANSWERS.load_hook(bare)(value, bare) if bare in _SCALARS else value
