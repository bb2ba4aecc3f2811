"""The attempt loop: one call from its request to its reply, with its deadline, its retries and their waits."""

from __future__ import annotations

import platform
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import attrs
from attrs import define, frozen

from roomtone import errors
from roomtone._core.decode import decode, failure, request_id
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

if TYPE_CHECKING:
    from roomtone._http.exchange import Transport
    from roomtone._http.incoming import Incoming

__all__ = ["Opened", "call", "open_download"]

T = TypeVar("T")
V = TypeVar("V")

USER_AGENT = f"roomtone/{__version__} python/{platform.python_version()}"

_JSON = {"accept": "application/json", "accept-encoding": "gzip, deflate"}
# Media are packed as they are, and only the length of a body that is sent as it is tells how much is to come.
_MEDIA = {"accept": "*/*", "accept-encoding": "identity"}
_MOST_OF_AN_ERROR = 2**20


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

    async def exchanged(transport: Transport, outgoing: Outgoing) -> tuple[V, WireReply]:
        reply = await transport.exchange(outgoing, timeout=options.attempt_timeout)
        return decode(operation, reply, table), reply

    progress = _Progress()
    value, reply = await _carried_out(connection, operation, request, options, progress, exchanged, query)
    return _reply(value, reply, progress.attempts)


@frozen
class Opened:
    """A download of which the headers are here."""

    body: Incoming
    request_id: str | None
    attempts: int
    _connection: Connection
    _operation: Operation[Any, Any]
    _timeout: float | None

    async def receive(self) -> bytes | None:
        """The next bytes; None at the end. Raises TransportError, or ClientClosedError; it is closed then."""
        try:
            self._connection.check_usable()
            return await self.body.receive(timeout=self._timeout)
        except RoomtoneError as error:
            _tell(error, self._operation, self.attempts)
            error.request_id = self.request_id
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Gives the connection back."""
        await self._connection.take_back(self.body)


async def open_download(
    connection: Connection,
    operation: Operation[Any, Any],
    request: Request[object],
    table: ErrorTable,
    options: Options,
    *,
    reader: object,
) -> Opened:
    """Carries a download out up to the headers of its answer.

    `call` describes the arguments; `reader` is who reads the body: when it has gone, the connection is given back.
    """

    async def opened(transport: Transport, outgoing: Outgoing) -> Incoming:
        body = await transport.open(outgoing, timeout=options.attempt_timeout)
        if 200 <= body.status < 300:
            return body
        reply = WireReply(body.status, body.headers, await _beginning(body, options.attempt_timeout))
        raise failure(operation, reply, table)

    progress = _Progress()
    body = await _carried_out(connection, operation, request, options, progress, opened)
    connection.lend(body, reader)
    return Opened(body, request_id(body.headers), progress.attempts, connection, operation, options.attempt_timeout)


async def _beginning(body: Incoming, timeout: float | None) -> bytes:
    """What an error says of itself. Its status is enough, so what is beyond bounds is left."""
    parts: list[bytes] = []
    try:
        with anyio.move_on_after(timeout):
            while sum(map(len, parts)) < _MOST_OF_AN_ERROR and (part := await body.receive(timeout=timeout)):
                parts.append(part)
    finally:
        await body.aclose()
    return b"".join(parts)


async def _carried_out(
    connection: Connection,
    operation: Operation[Any, Any],
    request: Request[object],
    options: Options,
    progress: _Progress,
    once: Callable[[Transport, Outgoing], Awaitable[T]],
    query: str | None = None,
) -> T:
    """What `once` makes of the request on the first attempt that succeeds, within the call's time."""
    try:
        connection.check_usable()
        with anyio.move_on_after(options.timeout):
            return await _attempts(connection, operation, request, options, progress, once, query)
    except RoomtoneError as error:
        _tell(error, operation, progress.attempts, maybe_processed=progress.maybe_processed)
        raise
    late = errors.TimeoutError(f"not done within the call's {options.timeout} s")
    _tell(late, operation, progress.attempts, maybe_processed=progress.maybe_processed)
    raise late


def _tell(
    error: RoomtoneError, operation: Operation[Any, Any], attempts: int, *, maybe_processed: bool = False
) -> None:
    """Lets an error know its operation, its attempts and what may have happened on any of them."""
    error.service = operation.service.name
    error.operation = operation.name
    error.attempts = attempts
    error.maybe_processed = error.maybe_processed or maybe_processed
    if isinstance(error, errors.DecodeError) and error.reply is not None:
        error.reply = attrs.evolve(error.reply, attempts=attempts)


async def _attempts(
    connection: Connection,
    operation: Operation[Any, Any],
    request: Request[object],
    options: Options,
    progress: _Progress,
    once: Callable[[Transport, Outgoing], Awaitable[T]],
    query: str | None,
) -> T:
    provider = connection.provider(operation.service)
    target = await provider.target(options.region)
    wire = encode(operation, request, account_sid=target.account_sid)
    if query is not None:
        wire = attrs.evolve(wire, query=query)
    quota = connection.quota(operation.service, target.endpoint.region)
    max_attempts = options.max_attempts or target.max_attempts
    headers = _headers(target, wire, _MEDIA if operation.download else _JSON, options.headers)
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
        earlier, progress.maybe_processed = progress.maybe_processed, True
        try:
            done = await once(transport, outgoing)
        except RoomtoneError as error:
            progress.maybe_processed = earlier or error.maybe_processed
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
            return done


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


def _headers(
    target: Target, wire: WireRequest, accepted: Mapping[str, str], extra: Mapping[str, str]
) -> dict[str, str]:
    """The headers that are the same on every attempt; a user's own go before ours where they meet."""
    return {
        "host": target.endpoint.authority,
        **accepted,
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
