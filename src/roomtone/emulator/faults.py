"""Faults on demand: which calls go wrong, how often, and how each service says so. Does no I/O."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, TypeAlias

from attrs import define, field, frozen

from roomtone._core.mirror import error_reply
from roomtone._core.naming import did_you_mean
from roomtone._core.operation import AwsService, Operation, WireReply
from roomtone.emulator.services import Double
from roomtone.errors import ApiError, ServiceFaultError, ThrottledError, UnavailableError

__all__ = [
    "Disconnect",
    "Due",
    "Fault",
    "Faults",
    "Latency",
    "Refuse",
    "ServerError",
    "Throttle",
    "spelled",
    "trouble",
]


@frozen
class Throttle:
    """The service answers that it is asked too often, by the error it documents for that, and does nothing.

    Args:
        times: How many calls it meets; None for all.
        retry_after: Seconds that the answer tells to wait: `x-amz-retry-after` of AWS, `Retry-After` of SignalWire.
    """

    times: int | None = field(default=1, kw_only=True)
    retry_after: float | None = field(default=None, kw_only=True)


@frozen
class ServerError:
    """The service fails and does nothing.

    Args:
        status: The HTTP status, 500 to 599; the service's documented error for 500 and 503.
        times: How many calls it meets; None for all.
    """

    status: int = 500
    times: int | None = field(default=1, kw_only=True)


@frozen
class Refuse:
    """The service answers an error of your choice, such as `ivs.PendingVerification("wait")`, and does nothing.

    Args:
        error: What it answers.
        times: How many calls it meets; None for all.
    """

    error: ApiError
    times: int | None = field(default=1, kw_only=True)


@frozen
class Latency:
    """The service does what it is asked at once, and its answer waits; it adds to whatever other fault is due.

    Args:
        seconds: How long.
        times: How many calls it meets; None for all.
    """

    seconds: float
    times: int | None = field(default=1, kw_only=True)


@frozen
class Disconnect:
    """The connection ends without an answer.

    Args:
        carried_out: Whether the service did what it was asked before that.
        times: How many calls it meets; None for all.
    """

    carried_out: bool = field(default=False, kw_only=True)
    times: int | None = field(default=1, kw_only=True)


Fault: TypeAlias = "Throttle | ServerError | Refuse | Latency | Disconnect"

EVERY_CALL = "*"


@frozen
class Due:
    """What one call meets."""

    fault: Throttle | ServerError | Refuse | Disconnect | None = None
    seconds: float = 0.0
    """How long its answer waits."""


@define(eq=False)
class _Armed:
    """A fault, the operations it waits for, and how many calls it will still meet."""

    fault: Fault
    operations: frozenset[Operation[Any, Any]]
    left: int | None

    def use(self) -> None:
        if self.left is not None:
            self.left -= 1


class Faults:
    """The faults of one emulator.

    A call meets every latency that fits it, and of the other faults that fit the first one added that is not used up.
    Only calls that pass authentication meet faults, and those that are not emulated meet them too.
    """

    def __init__(self, doubles: Iterable[Double]) -> None:
        self._targets: dict[str, frozenset[Operation[Any, Any]]] = {}
        for double in doubles:
            package = double.package
            self._targets[package] = frozenset(double.methods)
            for operation, method in double.methods.items():
                for name in (method, operation.name):
                    self._targets[f"{package}.{name}"] = frozenset({operation})
        self._targets[EVERY_CALL] = frozenset().union(*self._targets.values())
        self._armed: list[_Armed] = []
        self._lock = threading.Lock()

    def add(self, target: str | Operation[Any, Any], fault: Fault) -> None:
        """Lets calls go wrong from now on, as often as the fault says.

        Args:
            target: Which calls: a method as in `live.ivs.get_stream`, `"ivs.get_stream"`, also by the operation's own
                name, `"ivs.GetStream"`, or its record; all of a service, `"ivs"`; or `"*"`, every call.
            fault: `Throttle`, `ServerError`, `Refuse`, `Latency` or `Disconnect`.

        Raises:
            ValueError: There is no such target, or the fault cannot happen: fewer than one time, a negative wait, a
                status that is no server error.
        """
        _check(fault)
        with self._lock:
            self._armed.append(_Armed(fault, self._operations(target), fault.times))

    def clear(self) -> None:
        """Lets every call go right again."""
        with self._lock:
            self._armed.clear()

    def due(self, operation: Operation[Any, Any]) -> Due:
        """What a call of the operation meets, and uses up."""
        with self._lock:
            fault, seconds = None, 0.0
            for armed in self._armed:
                if operation in armed.operations:
                    if isinstance(armed.fault, Latency):
                        seconds += armed.fault.seconds
                        armed.use()
                    elif fault is None:
                        fault = armed.fault
                        armed.use()
            self._armed = [armed for armed in self._armed if armed.left != 0]
            return Due(fault, seconds)

    def _operations(self, target: str | Operation[Any, Any]) -> frozenset[Operation[Any, Any]]:
        if isinstance(target, Operation):
            return frozenset({target})
        # boto3 spells services with hyphens.
        service, dot, name = target.partition(".")
        known = f"{service.replace('-', '_')}{dot}{name}"
        if known not in self._targets:
            raise ValueError(f"no service or operation is called {target!r}{did_you_mean(known, self._targets)}")
        return self._targets[known]


def _check(fault: Fault) -> None:
    if fault.times is not None and fault.times < 1:
        raise ValueError("times must be 1 or more, or None for every call")
    if isinstance(fault, ServerError) and not 500 <= fault.status <= 599:
        raise ValueError(f"a server error's status is 500 to 599, not {fault.status}; Refuse answers any other error")
    wait = fault.seconds if isinstance(fault, Latency) else fault.retry_after if isinstance(fault, Throttle) else None
    if wait is not None and not 0 <= wait < float("inf"):
        raise ValueError("a wait is a number of seconds, 0 or more")


_SPELLED = re.compile(
    r"(?P<target>[^=]+)=(?P<kind>[a-z]+)(?::(?P<number>[0-9]+(?:\.[0-9]+)?))?(?:\*(?P<times>[0-9]+|all))?", re.ASCII
)


def spelled(text: str) -> tuple[str, Fault]:
    """A target and a fault from one text, as the command line takes them: `ivs.get_stream=throttle*2`.

    Faults are `throttle`, `throttle:1.5` with the seconds to wait, `error` or `error:503`, `latency:0.2`, `disconnect`;
    behind them may stand `*2` for two calls, or `*all`.

    Raises:
        ValueError: It is none of these.
    """
    found = _SPELLED.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no fault such as ivs.get_stream=throttle*2")
    number = found["number"]
    times = None if found["times"] == "all" else int(found["times"] or 1)
    match found["kind"], number:
        case "throttle", _:
            fault: Fault = Throttle(times=times, retry_after=None if number is None else float(number))
        case "error", None:
            fault = ServerError(times=times)
        case "error", str() if number.isdecimal():
            fault = ServerError(int(number), times=times)
        case "latency", str():
            fault = Latency(float(number), times=times)
        case "disconnect", None:
            fault = Disconnect(times=times)
        case kind, _:
            raise ValueError(
                f"{kind!r} in {text!r} is none of throttle[:SECONDS], error[:STATUS], latency:SECONDS, disconnect"
            )
    return found["target"], fault


_THROTTLED = ("ThrottledClientException", "ThrottlingException")
_FAILED: dict[int, tuple[str, ...]] = {
    500: ("ServiceFailureException", "InternalServerException"),
    503: ("ServiceUnavailableException", "ServiceUnavailable"),
}
"""The codes that services have for it; one that documents none answers the last."""


def trouble(double: Double, fault: Throttle | ServerError | Refuse) -> WireReply:
    """What the service answers when it meets a fault."""
    reply = error_reply(double.service, fault.error if isinstance(fault, Refuse) else _error(double, fault))
    if not isinstance(fault, Throttle) or fault.retry_after is None:
        return reply
    if isinstance(double.service, AwsService):
        told = {"x-amz-retry-after": f"{round(fault.retry_after * 1000)}"}
    else:
        told = {"retry-after": f"{fault.retry_after:g}"}
    return WireReply(reply.status, {**reply.headers, **told}, reply.body)


def _error(double: Double, fault: Throttle | ServerError) -> ApiError:
    message = "the emulator was told to let this call go wrong"
    names: tuple[str, ...]
    meaning: type[ApiError]
    if isinstance(fault, Throttle):
        names, meaning, status = _THROTTLED, ThrottledError, int(HTTPStatus.TOO_MANY_REQUESTS)
    else:
        names, status = _FAILED.get(fault.status, ("InternalFailure",)), fault.status
        meaning = UnavailableError if status == HTTPStatus.SERVICE_UNAVAILABLE else ServiceFaultError
    for code in names:
        if code in double.errors.documented:
            return double.errors.documented[code](message)
    # AWS names what went wrong; SignalWire numbers it, by the status.
    code = names[-1] if isinstance(double.service, AwsService) else ""
    return double.errors.meanings[meaning](message, status=status, code=code)
