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
        """`attrs.define` for shapes, put off until a shape is used: of the hundreds of a service few ever are.

        Until then it is a class with slots. All shapes share `__repr__`, `__eq__` and their way to be pickled, which
        attrs would make for each. It is for classes without methods of their own.
        """

        def make(cls: type[Any]) -> type[Any]:
            body = {name: value for name, value in vars(cls).items() if name not in ("__dict__", "__weakref__")}
            members = {name: body.pop(name, attrs.NOTHING) for name in cls.__annotations__}

            def finish() -> type[Any]:
                fields = {
                    name: given if isinstance(given, _FIELD) else attrs.field(default=given)
                    for name, given in members.items()
                }
                # Slots are there already. Two threads may both come here, and then make the same.
                return attrs.define(made, these=fields, kw_only=kw_only, init=True, repr=False, eq=False, slots=False)

            body |= _SHARED | {name: _Later(name, finish) for name in _FROM_ATTRS}
            body["__slots__"] = (*members, "__weakref__")
            made = type(cls)(cls.__name__, cls.__bases__, body)
            return made

        return make


_FIELD = type(attrs.field())

_FROM_ATTRS = ("__init__", "__attrs_attrs__", "__attrs_props__")
"""What attrs gives a class; by the last two everybody, attrs too, knows that the class is one of attrs'."""


class _Later:
    """Stands for what attrs makes of a shape, and has it made when somebody asks for it."""

    __slots__ = ("_finish", "_name")

    def __init__(self, name: str, finish: Callable[[], type[Any]]) -> None:
        self._name = name
        self._finish = finish

    def __get__(self, instance: object, owner: type[Any]) -> Any:
        made = vars(self._finish())[self._name]
        if made is self:
            raise AttributeError(self._name)  # this version of attrs makes no such thing
        return made.__get__(instance, owner) if hasattr(made, "__get__") else made


def _repr(self: Any) -> str:
    cls: Any = type(self)
    shown = (f"{field.name}={getattr(self, field.name)!r}" for field in attrs.fields(cls) if field.repr)
    return f"{cls.__qualname__}({', '.join(shown)})"


def _eq(self: Any, other: Any) -> Any:
    cls: Any = type(self)
    if type(other) is not type(self):
        return NotImplemented
    return all(getattr(self, field.name) == getattr(other, field.name) for field in attrs.fields(cls))


def _getstate(self: Any) -> dict[str, Any]:
    cls: Any = type(self)
    return {field.name: getattr(self, field.name) for field in attrs.fields(cls)}


def _setstate(self: Any, state: dict[str, Any]) -> None:
    for name, value in state.items():
        setattr(self, name, value)


_SHARED: dict[str, Any] = {
    "__repr__": _repr,
    "__eq__": _eq,
    "__hash__": None,
    "__getstate__": _getstate,
    "__setstate__": _setstate,
}


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
