"""The attempt loop: one call from its request to its reply, with its deadline, its retries and their waits."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Any, TypeVar

import anyio
import attrs
from attrs import define

from roomtone import errors
from roomtone._core.decode import decode, request_id
from roomtone._core.encode import encode
from roomtone._core.faults import ErrorTable
from roomtone._core.model import Request
from roomtone._core.operation import Operation, Reply, WireReply, WireRequest
from roomtone._core.retry import delay_before_retry, failure_of
from roomtone._http.connection import Connection
from roomtone._http.exchange import Outgoing
from roomtone._http.providers import Target, new_call_id
from roomtone._version import __version__
from roomtone.config import Options
from roomtone.errors import RoomtoneError

__all__ = ["call"]

V = TypeVar("V")

USER_AGENT = f"roomtone/{__version__} python/{platform.python_version()}"


@define
class _Progress:
    """How far a call has come; what an error tells of it."""

    attempts: int = 0
    maybe_processed: bool = False


async def call(
    connection: Connection,
    operation: Operation[Any, V],
    request: Request[object],
    table: ErrorTable,
    options: Options,
    *,
    query: str | None = None,
) -> Reply[V]:
    """Carries one call out.

    Args:
        connection: What the client holds.
        operation: What the API does.
        request: Its request.
        table: The service's errors.
        options: Timeouts, attempts, region and headers.
        query: The query to send instead of the request's own: SignalWire's next page.
    """
    progress = _Progress()
    try:
        connection.check_usable()
        with anyio.move_on_after(options.timeout):
            return await _attempts(connection, operation, request, table, options, query, progress)
    except RoomtoneError as error:
        _tell(error, operation, progress)
        raise
    late = errors.TimeoutError(f"not done within the call's {options.timeout} s")
    _tell(late, operation, progress)
    raise late


def _tell(error: RoomtoneError, operation: Operation[Any, Any], progress: _Progress) -> None:
    """Lets an error know its operation, its attempts and what may have happened on any of them."""
    error.service = operation.service.name
    error.operation = operation.name
    error.attempts = progress.attempts
    error.maybe_processed = error.maybe_processed or progress.maybe_processed
    if isinstance(error, errors.DecodeError) and error.reply is not None:
        error.reply = attrs.evolve(error.reply, attempts=progress.attempts)


async def _attempts(
    connection: Connection,
    operation: Operation[Any, V],
    request: Request[object],
    table: ErrorTable,
    options: Options,
    query: str | None,
    progress: _Progress,
) -> Reply[V]:
    provider = connection.provider(operation.service)
    target = await provider.target(options.region)
    wire = encode(operation, request, account_sid=target.account_sid)
    if query is not None:
        wire = attrs.evolve(wire, query=query)
    quota = connection.quota(operation.service, target.endpoint.region)
    max_attempts = options.max_attempts or target.max_attempts
    headers = _headers(target, wire, options.headers)
    call_id = new_call_id()
    deadline = anyio.current_effective_deadline()
    cost = 0
    renewed = False
    while True:
        transport = await connection.transport()
        signed = await provider.signed(
            target, wire, headers, call_id=call_id, attempt=progress.attempts + 1, attempts=max_attempts
        )
        outgoing = _outgoing(target, wire, signed.headers)
        progress.attempts += 1
        # Until the attempt is told otherwise, a call that ends here may have been carried out.
        certain, progress.maybe_processed = progress.maybe_processed, True
        try:
            reply = await transport.exchange(outgoing, timeout=options.attempt_timeout)
            value = decode(operation, reply, table)
        except RoomtoneError as error:
            progress.maybe_processed = certain or error.maybe_processed
            delay = _delay(error, operation, progress.attempts, max_attempts, connection.jitter())
            if delay is None and not renewed and progress.attempts < max_attempts and provider.renews(error, signed):
                # The service looked at the credentials only, so any operation may be repeated, at once and for free.
                renewed = True
                continue
            if delay is None or anyio.current_time() + delay >= deadline:
                raise
            taken = quota.take(failure_of(error))
            if taken is None:
                raise
            cost = taken
            await connection.sleep(delay)
        else:
            quota.give_back(cost)
            return _reply(value, reply, progress.attempts)


def _delay(
    error: RoomtoneError, operation: Operation[Any, Any], attempt: int, max_attempts: int, jitter: float
) -> float | None:
    told = error if isinstance(error, errors.ApiError) else None
    return delay_before_retry(
        failure_of(error),
        safety=operation.safety,
        attempt=attempt,
        max_attempts=max_attempts,
        jitter=jitter,
        retry_after=told.retry_after if told else None,
        retry_after_is_exact=bool(told and "x-amz-retry-after" in told.headers),
    )


def _reply(value: V, reply: WireReply, attempts: int) -> Reply[V]:
    return Reply(
        value=value,
        status=reply.status,
        headers=reply.headers,
        body=reply.body,
        request_id=request_id(reply.headers),
        attempts=attempts,
    )


def _headers(target: Target, wire: WireRequest, extra: Mapping[str, str]) -> dict[str, str]:
    """The headers that are the same on every attempt; a user's own go before ours where they meet."""
    return {
        "host": target.endpoint.authority,
        "accept": "application/json",
        "accept-encoding": "gzip, deflate",
        "user-agent": USER_AGENT,
        **{name.lower(): value for name, value in extra.items()},
        **wire.headers,
    }


def _outgoing(target: Target, wire: WireRequest, headers: Mapping[str, str]) -> Outgoing:
    path = target.path + wire.path
    return Outgoing(
        method=wire.method,
        scheme=target.endpoint.scheme,
        host=target.endpoint.host,
        port=target.endpoint.port,
        target=f"{path}?{wire.query}" if wire.query else path,
        headers=headers,
        body=wire.body,
    )
