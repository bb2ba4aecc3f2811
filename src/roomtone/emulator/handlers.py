"""How an operation is emulated: a typed function, the status of its success, the limits of its request."""

from __future__ import annotations

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


@frozen
class Handler:
    """One emulated operation."""

    run: Callable[[Call, Any], Any]
    status: int
    limits: Limits
    iso_dates: bool = False
    """Whether SignalWire answers this operation with dates in ISO 8601, not RFC 2822."""
    public: bool = False
    """Whether it is answered to anybody who does not say who he is."""

    def check(self, request: object) -> None:
        """Refuses a request outside the limits. Raises Misfit."""
        for path, (least, most) in self.limits.items():
            for where, value in _values(request, path.replace("[]", ".[]").split(".")):
                size, noun = _size(value)
                if size < least or (most is not None and size > most):
                    bounds = f"at least {least}" if most is None else f"{least} to {most}"
                    raise Misfit(f"must be {bounds}{noun}", where)


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
    ) -> Callable[[Callable[[Call, RequestT], ValueT]], Callable[[Call, RequestT], ValueT]]:
        """Registers the function that carries an operation out.

        Args:
            operation: The record.
            status: The HTTP status of a success; 200, or 204 where the operation has no output.
            limits: What the request is held to before the function sees it.
        """

        def register(run: Callable[[Call, RequestT], ValueT]) -> Callable[[Call, RequestT], ValueT]:
            success = status or (204 if operation.response is NoneType else 200)
            self.by_operation[operation] = Handler(run, success, limits or {})
            return run

        return register


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


def _size(value: int | Sized) -> tuple[int, str]:
    if isinstance(value, int):
        return value, ""
    return len(value), " characters long" if isinstance(value, str) else " items"
