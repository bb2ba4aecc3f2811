"""What generated shapes are made of: the request base, the dialect of a module, the keys of field metadata."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs
from attrs import frozen

from roomtone._core.naming import Case

__all__ = [
    "ANSWERED",
    "CAMEL",
    "NUMBERED",
    "PASCAL",
    "SEPARATOR",
    "SIGNALWIRE",
    "TIMESTAMP",
    "WIRE",
    "Dialect",
    "OneOf",
    "Request",
    "RequestPart",
    "shape",
]

ResponseT_co = TypeVar("ResponseT_co", covariant=True)

WIRE = "wire"
"""Field metadata: the wire name, where the casing rule does not give it."""

ANSWERED = "answered"
"""Field metadata: the service always answers this member, so an answer without it does not fit."""

TIMESTAMP = "timestamp"
"""Field metadata: `epoch` where a body carries the timestamp as epoch seconds; without it ISO 8601 is the rule."""

SEPARATOR = "separator"
"""Field metadata: a list that is one string in a form, and what stands between its items."""

NUMBERED = "numbered"
"""Field metadata: a mapping sent as numbered pairs in a form, `Parameter1.Name` and `Parameter1.Value` up to 99."""


if TYPE_CHECKING:
    from attrs import define as shape
else:

    def shape(*, kw_only: bool) -> Callable[[type[Any]], type[Any]]:
        """`attrs.define` for shapes, which share one `__repr__` and one `__eq__`.

        attrs writes and compiles both for each class, and that is half of the time that importing a service takes.
        """

        def make(cls: type[Any]) -> type[Any]:
            cls.__repr__ = _repr
            cls.__eq__ = _eq
            cls.__hash__ = None
            return attrs.define(cls, kw_only=kw_only, repr=False, eq=False)

        return make


def _repr(self: Any) -> str:
    cls: Any = type(self)
    shown = (f"{field.name}={getattr(self, field.name)!r}" for field in attrs.fields(cls) if field.repr)
    return f"{cls.__qualname__}({', '.join(shown)})"


def _eq(self: Any, other: Any) -> Any:
    cls: Any = type(self)
    if type(other) is not type(self):
        return NotImplemented
    return all(getattr(self, field.name) == getattr(other, field.name) for field in attrs.fields(cls))


class Request(Generic[ResponseT_co]):
    """The base of every request class; its parameter is the class of the answer, so that one `send` types them all."""

    __slots__ = ()


class RequestPart:
    """The base of every shape that requests alone carry: what is wrong in it by itself is as wrong as in a request."""

    __slots__ = ()


class OneOf:
    """The base of every union shape: exactly one of its members is given."""

    __slots__ = ()


@frozen(kw_only=True)
class Dialect:
    """How the shapes of one service stand on the wire: a generated `models` module names its own as `DIALECT`.

    Args:
        request: The casing rule of request classes.
        shape: The casing rule of every other class.
        tolerant: Answers break their documentation, so convert what can be converted and let the rest be None.
    """

    request: Case
    shape: Case
    tolerant: bool = False


PASCAL = Dialect(request="pascal", shape="pascal")
CAMEL = Dialect(request="camel", shape="camel")
SIGNALWIRE = Dialect(request="pascal", shape="snake", tolerant=True)
