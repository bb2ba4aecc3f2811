"""OpenTelemetry: a span and two metrics for each call. Knows the events and opentelemetry's API, not its SDK.

Names are those of the semantic conventions for RPC clients, and of AWS's where those have none. Neither arguments nor
URLs nor a service's messages are recorded, since each of them can be a secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextvars import Token
from typing import TypeAlias

from attrs import define

from roomtone._version import __version__
from roomtone.errors import ApiError, RoomtoneError
from roomtone.events import Attempt, FinishedCall

try:
    from opentelemetry import context, metrics, trace
except ImportError as _missing:
    raise ImportError(
        "roomtone.otel takes opentelemetry-api, which is not installed; pip install 'roomtone[otel]' brings it",
        name=_missing.name,
    ) from _missing

__all__ = ["OpenTelemetry"]

_Attributes: TypeAlias = dict[str, str | int | float]

_SCHEMA = "https://opentelemetry.io/schemas/1.44.0"
# As the conventions advise for a duration in seconds.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
_PLAUSIBLE_CODE = re.compile(r"\w{1,64}", re.ASCII)


class OpenTelemetry:
    """Makes spans and metrics of the calls of the clients that it is given to.

    `roomtone.Client(telemetry=OpenTelemetry())` is all; one may serve many clients.

    - A span of kind CLIENT for each call, named `ivs/GetChannel`, current while the call is on its way, child of the
      span that is current where the call is made; with an event `roomtone.attempt` for each attempt.
    - The histogram `rpc.client.call.duration`, in seconds, and the counter `roomtone.client.retries`.

    Args:
        tracer_provider: Where spans go; None for the global one.
        meter_provider: Where metrics go; None for the global one.
    """

    def __init__(
        self,
        *,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
    ) -> None:
        self._tracer = trace.get_tracer("roomtone", __version__, tracer_provider, _SCHEMA)
        meter = metrics.get_meter("roomtone", __version__, meter_provider, _SCHEMA)
        self._duration = meter.create_histogram(
            "rpc.client.call.duration",
            unit="s",
            description="Duration of calls, attempts and waits included.",
            explicit_bucket_boundaries_advisory=_BUCKETS,
        )
        self._retries = meter.create_counter(
            "roomtone.client.retries", unit="{retry}", description="Attempts that another one followed."
        )

    def begin(self, service: str, operation: str) -> _Watch:
        """Begins the span of a call and makes it current. `roomtone.Client` calls this."""
        names: _Attributes = {
            "rpc.system.name": "signalwire" if service == "signalwire" else "aws-api",
            "rpc.method": f"{service}/{operation}",
        }
        span = self._tracer.start_span(f"{service}/{operation}", kind=trace.SpanKind.CLIENT, attributes=names)
        return _Watch(self, names, span, context.attach(trace.set_span_in_context(span)))

    def __repr__(self) -> str:
        return "<roomtone.otel.OpenTelemetry>"


@define(eq=False)
class _Watch:
    """One call: its span, and what undoes that it is current."""

    _telemetry: OpenTelemetry
    _names: _Attributes
    _span: trace.Span
    _token: Token[context.Context]

    def attempt(self, attempt: Attempt) -> None:
        if attempt.decision == "retry":
            self._telemetry._retries.add(1, {**self._names, **_of_error(attempt.error)})
        if self._span.is_recording():
            self._span.add_event("roomtone.attempt", _of_attempt(attempt))

    def end(self, call: FinishedCall) -> None:
        try:
            found = {**_of_place(call), **_of_answer(call)}
            self._span.set_attributes({**found, **_of_whole_call(call)})
            if call.outcome != "returned":
                self._span.set_status(trace.StatusCode.ERROR, str(found["error.type"]))
            self._telemetry._duration.record(call.duration, {**self._names, **found})
        finally:
            # A call that a garbage collector ends is not in its context any more.
            if trace.get_current_span() is self._span:
                context.detach(self._token)
            self._span.end()


def _of_place(call: FinishedCall) -> _Attributes:
    return _known({"server.address": call.host, "server.port": call.port, "cloud.region": call.region})


def _of_answer(call: FinishedCall) -> _Attributes:
    found = _known({"http.response.status_code": call.status})
    if call.outcome == "cancelled":
        return {**found, "error.type": "cancelled"}
    error = call.error
    if isinstance(error, ApiError) and error.code and error.code == type(error).code:
        found["rpc.response.status_code"] = error.code  # one that is documented: there are few
    return {**found, **_of_error(error)}


def _of_whole_call(call: FinishedCall) -> _Attributes:
    """What tells one call from another, so that it is in no metric."""
    code = call.error.code if isinstance(call.error, ApiError) else ""
    return _known(
        {
            **_of_request_id(call.service, call.request_id),
            "rpc.response.status_code": code if _PLAUSIBLE_CODE.fullmatch(code) else None,
            "http.request.resend_count": call.attempts - 1 if call.attempts > 1 else None,
        }
    )


def _of_attempt(attempt: Attempt) -> _Attributes:
    return _known(
        {
            "roomtone.attempt.number": attempt.number,
            "roomtone.attempt.duration": attempt.duration,
            "roomtone.attempt.decision": attempt.decision,
            "roomtone.attempt.reason": attempt.reason,
            "roomtone.attempt.delay": attempt.delay,
            "http.response.status_code": attempt.status,
            **_of_request_id(attempt.service, attempt.request_id),
            **_of_error(attempt.error),
        }
    )


def _of_error(error: Exception | None) -> _Attributes:
    if error is None:
        return {}
    kind = type(error)
    # Names of roomtone's own errors tell what they mean, and there are few of them.
    own = isinstance(error, RoomtoneError) or kind.__module__ == "builtins"
    return {"error.type": kind.__qualname__ if own else f"{kind.__module__}.{kind.__qualname__}"}


def _of_request_id(service: str, request_id: str | None) -> Mapping[str, str | None]:
    return {"signalwire.request_id" if service == "signalwire" else "aws.request_id": request_id}


def _known(attributes: Mapping[str, str | float | None]) -> _Attributes:
    return {name: value for name, value in attributes.items() if value is not None}
