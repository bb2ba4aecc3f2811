"""How an operation is emulated: a typed function, the status of its success, what its request is held to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sized
from types import NoneType
from typing import Any, TypeVar

from attrs import define, field, frozen

from roomtone._core.codec import Misfit
from roomtone._core.model import Request
from roomtone._core.operation import Operation
from roomtone.emulator.state import Call

__all__ = ["Handler", "Handlers"]

RequestT = TypeVar("RequestT", bound=Request[Any])
ValueT = TypeVar("ValueT")

Limits = Mapping[str, "tuple[int, int | None]"]
"""The least and the most of a member by its path, `attendees[].external_user_id`; None is no upper limit.

What is held to them is the value of a number, and the length of anything else.
"""

Patterns = Mapping[str, str]
"""The regular expression that a text must fit as a whole, by the member's path."""


@frozen
class Handler:
    """One emulated operation."""

    run: Callable[[Call, Any], Any]
    status: int
    limits: Limits
    patterns: Patterns = field(factory=dict)
    iso_dates: bool = False
    """Whether SignalWire answers this operation with dates in ISO 8601, not RFC 2822."""
    public: bool = False
    """Whether it is answered to anybody who does not say who he is."""

    def check(self, request: object) -> None:
        """Refuses a request outside the limits, or whose texts do not fit. Raises Misfit."""
        for path, (least, most) in self.limits.items():
            for where, value in _at(request, path):
                size, noun = _size(value)
                if size < least or (most is not None and size > most):
                    bounds = f"at least {least}" if most is None else f"{least} to {most}"
                    raise Misfit(f"must be {bounds}{noun}", where)
        for path, pattern in self.patterns.items():
            for where, value in _at(request, path):
                if re.fullmatch(pattern, value) is None:
                    raise Misfit(f"must fit {pattern}", where)


@define(eq=False)
class Handlers:
    """The emulated operations of one service: `@handles(operations.CREATE_MEETING)` adds one."""

    by_operation: dict[Operation[Any, Any], Handler] = field(factory=dict, init=False)

    def __call__(
        self,
        operation: Operation[RequestT, ValueT],
        *,
        status: int | None = None,
        limits: Limits | None = None,
        patterns: Patterns | None = None,
    ) -> Callable[[Callable[[Call, RequestT], ValueT]], Callable[[Call, RequestT], ValueT]]:
        """Registers the function that carries an operation out.

        Args:
            operation: The record.
            status: The HTTP status of a success; 200, or 204 where the operation has no output.
            limits: What the request is held to before the function sees it.
            patterns: What its texts are held to before that too.
        """

        def register(run: Callable[[Call, RequestT], ValueT]) -> Callable[[Call, RequestT], ValueT]:
            success = status or (204 if operation.response is NoneType else 200)
            self.by_operation[operation] = Handler(run, success, limits or {}, patterns or {})
            return run

        return register


def _at(request: object, path: str) -> Iterator[tuple[str, Any]]:
    """The values at a path, `attendees[].external_user_id`, each with the place it has."""
    return _values(request, path.replace("[]", ".[]").split("."))


def _values(value: Any, steps: list[str], where: str = "") -> Iterator[tuple[str, Any]]:
    """The values at the end of a path, each with the place it has."""
    if value is None:
        return
    if not steps:
        yield where, value
        return
    step, *rest = steps
    if step == "[]":
        for index, item in enumerate(value):
            yield from _values(item, rest, f"{where}[{index}]")
    else:
        yield from _values(getattr(value, step), rest, f"{where}.{step}" if where else step)


def _size(value: float | Sized) -> tuple[float, str]:
    if isinstance(value, (int, float)):
        return value, ""
    return len(value), " characters long" if isinstance(value, str) else " items"
