"""The attempt loop: one call from its request to its reply, with its deadline, its retries and their waits."""

from __future__ import annotations

import math
import sys
from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import anyio
import attrs
from attrs import define, field, frozen

from roomtone import errors
from roomtone._core.decode import decode, failure, request_id
from roomtone._core.encode import encode
from roomtone._core.faults import ErrorTable
from roomtone._core.model import Request
from roomtone._core.operation import Headers, Operation, Reply, WireReply, WireRequest
from roomtone._core.retry import Failure, delay_before_retry, failure_of, refusal
from roomtone._http.connection import Connection
from roomtone._http.exchange import MOST_OF_AN_ERROR, Outgoing, Sending, exchange, give_way, open_body
from roomtone._http.providers import Provider, Signed, Target, new_call_id
from roomtone._http.telling import begin, end, is_heard, tell
from roomtone._version import __version__
from roomtone.config import Options
from roomtone.errors import RoomtoneError
from roomtone.events import Attempt, CallWatch, DecisionName, FinishedCall, OutcomeName

if TYPE_CHECKING:
    from roomtone._core.adaptive import RateLimiter
    from roomtone._core.retry import RetryQuota
    from roomtone._http.endpoints import Endpoint
    from roomtone._http.exchange import Transport
    from roomtone._http.incoming import Incoming

__all__ = ["Opened", "call", "open_download"]

T = TypeVar("T")
V = TypeVar("V")
HeadT = TypeVar("HeadT", bound="_Head")

USER_AGENT = f"roomtone/{__version__} python/{'.'.join(map(str, sys.version_info[:3]))}"

_JSON = {"accept": "application/json", "accept-encoding": "gzip, deflate"}
# Media are packed as they are, and only the length of a body that is sent as it is tells how much is to come.
_MEDIA = {"accept": "*/*", "accept-encoding": "identity"}
_WITH_A_BODY = frozenset({"PATCH", "POST", "PUT"})


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

    async def once(transport: Transport, outgoing: Outgoing, sending: Sending) -> tuple[V, WireReply]:
        reply = await exchange(transport, outgoing, sending, limit=options.max_response_bytes)
        return decode(operation, reply, table), reply

    under_way = _Call(connection, operation, request, options, once, query)
    value, reply = await under_way.carry_out()
    # Out of reach of the call's own clocks: an answer that is here is not lost to them.
    await give_way()
    return Reply(
        value=value,
        status=reply.status,
        headers=reply.headers,
        body=reply.body,
        request_id=request_id(reply.headers),
        attempts=under_way.attempts,
    )


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
            _tell_where(error, self._operation, self.attempts)
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

    async def once(transport: Transport, outgoing: Outgoing, sending: Sending) -> tuple[Incoming, Incoming]:
        body = await open_body(transport, outgoing, sending)
        if 200 <= body.status < 300:
            return body, body
        reply = WireReply(body.status, body.headers, await body.beginning(MOST_OF_AN_ERROR, until=sending.end()))
        raise failure(operation, reply, table)

    under_way = _Call(connection, operation, request, options, once)
    body, _ = await under_way.carry_out()
    connection.lend(body, reader)
    return Opened(body, request_id(body.headers), under_way.attempts, connection, operation, options.attempt_timeout)


def _tell_where(error: RoomtoneError, operation: Operation[Any, Any], attempts: int) -> None:
    """Lets an error know its operation and its attempts."""
    error.service = operation.service.name
    error.operation = operation.name
    error.attempts = attempts
    if isinstance(error, errors.DecodeError) and error.reply is not None:
        error.reply = attrs.evolve(error.reply, attempts=attempts)


@frozen
class _Decision:
    """What comes after a failed attempt: another one after a delay, or none."""

    delay: float | None
    reason: str
    cost: int = 0
    """What it took of the retry quota."""


@define(eq=False)
class _Plan:
    """What is the same on every attempt of a call, and what one leaves behind for the next."""

    provider: Provider
    target: Target
    wire: WireRequest
    headers: Headers
    call_id: str
    quota: RetryQuota
    limiter: RateLimiter | None
    signed: Signed | None = None
    """What the last attempt proved who is asking with."""
    renewed: set[str] = field(factory=set)
    cost: int = 0
    """What the last retry took of the quota."""


class _Head(Protocol):
    """What an answer begins with."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...


@define(eq=False)
class _Call(Generic[T, HeadT]):
    """One call on its way; `once` makes of its request what the first attempt that succeeds gives, and its answer."""

    connection: Connection
    operation: Operation[Any, Any]
    request: Request[object]
    options: Options
    once: Callable[[Transport, Outgoing, Sending], Awaitable[tuple[T, HeadT]]] = field(repr=False)
    query: str | None = field(default=None, repr=False)

    attempts: int = field(default=0, init=False)
    max_attempts: int = field(default=0, init=False)
    sending: Sending | None = field(default=None, init=False)
    """The attempt that is under way; None between attempts."""
    began: float = field(default=0.0, init=False)
    """When it began."""
    earlier: bool = field(default=False, init=False)
    """Whether an attempt before it may have been carried out."""
    endpoint: Endpoint | None = field(default=None, init=False)
    """Where the call goes, once that is known."""
    watch: CallWatch | None = field(default=None, init=False)
    """What telemetry makes of the call."""

    def carry_out(self) -> Awaitable[tuple[T, HeadT]]:
        """What the first attempt that succeeds gives, within the call's time."""
        connection = self.connection
        unwatched = connection.on_response is None and connection.telemetry is None
        return self._carry_out() if unwatched else self._carry_out_watched()

    async def _carry_out_watched(self) -> tuple[T, HeadT]:
        began = perf_counter()
        self.watch = begin(self.connection, self.operation.service.name, self.operation.name)
        try:
            done = await self._carry_out()
        except Exception as error:
            self._finish("raised", began, error=error)
            raise
        except BaseException:
            self._finish("cancelled", began)
            raise
        self._finish("returned", began, head=done[1])
        return done

    def _finish(
        self, outcome: OutcomeName, began: float, *, error: Exception | None = None, head: HeadT | None = None
    ) -> None:
        """Tells that the call is over."""
        status = None if head is None else head.status
        found = None if head is None else request_id(head.headers)
        if isinstance(error, RoomtoneError):
            status, found = _status(error), error.request_id
        endpoint = self.endpoint
        call = FinishedCall(
            service=self.operation.service.name,
            operation=self.operation.name,
            outcome=outcome,
            status=status,
            request_id=found,
            attempts=self.attempts,
            duration=perf_counter() - began,
            error=error,
            host=None if endpoint is None else endpoint.host,
            port=None if endpoint is None else endpoint.effective_port,
            region=None if endpoint is None else endpoint.region or None,
        )
        end(call, self.connection, self.watch)

    async def _carry_out(self) -> tuple[T, HeadT]:
        try:
            self.connection.check_usable()
            return await self._attempts()
        except RoomtoneError as error:
            _tell_where(error, self.operation, self.attempts)
            error.maybe_processed = error.maybe_processed or self.earlier
            raise
        except Exception:
            # Such as what a hook of the user's own HTTP client raises.
            self._observe("raise", "it is no failure of the service or of the way to it")
            raise
        except BaseException:
            self._observe("cancelled", "from outside")
            raise

    async def _attempts(self) -> tuple[T, HeadT]:
        now, options = anyio.current_time(), self.options
        until = math.inf if options.timeout is None else now + options.timeout
        # One scope is the clock of both, the call and its attempt. Where nothing has to be waited for, it is set once.
        deadline, running = until, False
        if options.attempt_timeout is not None and self.connection.is_ready(self.operation.service, options.region):
            deadline, running = min(until, now + options.attempt_timeout), True
        plan: _Plan | None = None
        delay = 0.0
        while True:
            try:
                with anyio.CancelScope(deadline=deadline) as scope:
                    if delay:
                        await self.connection.sleep(delay)
                    plan = plan or await self._plan()
                    return await self._attempt(plan, Sending(options.attempt_timeout, scope, until, running))
                raise self._out_of_time(scope, until)
            except RoomtoneError as error:
                if plan is None or self.sending is None:  # it is none of an attempt
                    raise
                next_delay = self._after(error, plan, until)
                if next_delay is None:
                    raise
                delay, deadline, running = next_delay, until, False

    async def _plan(self) -> _Plan:
        connection, operation = self.connection, self.operation
        provider = connection.provider(operation.service)
        target = await provider.target(self.options.region)
        self.endpoint = target.endpoint
        wire = encode(operation, self.request, account_sid=target.account_sid)
        if self.query is not None:
            wire = attrs.evolve(wire, query=self.query)
        self.max_attempts = self.options.max_attempts or target.max_attempts
        return _Plan(
            provider,
            target,
            wire,
            _headers(target, wire, _MEDIA if operation.download else _JSON, self.options.headers),
            new_call_id(),
            connection.quota(operation.service, target.endpoint.region),
            connection.limiter(operation.service, target),
        )

    async def _attempt(self, plan: _Plan, sending: Sending) -> tuple[T, HeadT]:
        transport = await self.connection.transport()
        if plan.limiter is not None:
            await self._in_rate(plan.limiter)
        plan.signed = signed = await plan.provider.signed(
            plan.target,
            plan.wire,
            plan.headers,
            call_id=plan.call_id,
            attempt=self.attempts + 1,
            attempts=self.max_attempts,
        )
        self.attempts += 1
        self.sending = sending
        self.began = perf_counter()
        done = await self.once(transport, _outgoing(plan.target, plan.wire, signed.headers), sending)
        plan.quota.give_back(plan.cost)
        if plan.limiter is not None:
            plan.limiter.update(anyio.current_time(), throttled=False)
        self._observe("return", "success", head=done[1])
        return done

    def _out_of_time(self, scope: anyio.CancelScope, until: float) -> errors.TimeoutError:
        maybe_processed = self.sending is not None and not self.sending.unsent
        if scope.deadline < until:
            awaited = "headers of an answer" if self.operation.download else "complete answer"
            told = f"no {awaited} within the attempt's {self.options.attempt_timeout} s"
            return errors.TimeoutError(told, maybe_processed=maybe_processed)
        late = errors.TimeoutError(
            f"not done within the call's {self.options.timeout} s", maybe_processed=maybe_processed
        )
        self._observe("raise", "the time of the call is up", error=late)
        return late

    def _after(self, error: RoomtoneError, plan: _Plan, until: float) -> float | None:
        """The delay before another attempt, now that one has failed; None where there is to be none."""
        self.earlier = self.earlier or error.maybe_processed
        if self.connection.closed and isinstance(error, errors.TransportError):
            self._observe("raise", "the client was closed", error=error)
            raise errors.ClientClosedError("the client was closed while the call was under way") from error
        if isinstance(error, errors.ConnectError) and (doubt := plan.provider.doubt(plan.target)):
            error.message = f"{error.message}; {doubt}"
            error.args = (error.message,)
        decision = self._decide(error, plan, until)
        plan.cost, delay = decision.cost, decision.delay
        self._observe("raise" if delay is None else "retry", decision.reason, delay=delay, error=error)
        return delay

    def _decide(self, error: RoomtoneError, plan: _Plan, until: float) -> _Decision:
        kind = failure_of(error)
        if plan.limiter is not None and isinstance(error, errors.ApiError):
            plan.limiter.update(anyio.current_time(), throttled=kind == "throttled")
        delay = self._delay(error, kind)
        if delay is None:
            # The service looked at who is asking only, so any operation may be repeated, at once and for free.
            assert plan.signed is not None
            renewal = plan.provider.renews(error, plan.signed) if self.attempts < self.max_attempts else None
            if renewal is not None and renewal not in plan.renewed:
                plan.renewed.add(renewal)
                return _Decision(0.0, renewal)
            refused = refusal(kind, safety=self.operation.safety, attempt=self.attempts, max_attempts=self.max_attempts)
            return _Decision(None, f"{kind}: {refused}")
        deadline = min(until, anyio.current_effective_deadline())
        # A deadline in the infinite past is a cancellation, which comes by itself.
        if anyio.current_time() + delay >= deadline > -math.inf:
            return _Decision(None, f"{kind}: the wait of {delay:.3f} s would go beyond the deadline")
        cost = plan.quota.take(kind)
        if cost is None:
            return _Decision(None, f"{kind}: too many retries lately, the quota is used up")
        return _Decision(delay, kind, cost)

    def _delay(self, error: RoomtoneError, kind: Failure) -> float | None:
        told = error if isinstance(error, errors.ApiError) else None
        return delay_before_retry(
            kind,
            safety=self.operation.safety,
            attempt=self.attempts,
            max_attempts=self.max_attempts,
            jitter=self.connection.jitter(),
            retry_after=told.retry_after if told else None,
            retry_after_is_exact=bool(told and "x-amz-retry-after" in told.headers),
        )

    async def _in_rate(self, limiter: RateLimiter) -> None:
        """Waits until the adaptive mode's rate has a place for this attempt."""
        wait = limiter.reserve(anyio.current_time())
        if not wait:
            return
        try:
            await self.connection.sleep(wait)
        except BaseException:
            limiter.give_back()
            raise

    def _observe(
        self,
        decision: DecisionName,
        reason: str,
        *,
        delay: float | None = None,
        error: RoomtoneError | None = None,
        head: HeadT | None = None,
    ) -> None:
        """Tells of the attempt that is under way, and ends it."""
        sending, self.sending = self.sending, None
        if sending is None or not is_heard(decision, self.connection, self.watch):
            return
        status = None if head is None else head.status
        found = None if head is None else request_id(head.headers)
        if error is not None:
            _tell_where(error, self.operation, self.attempts)
            error.maybe_processed = error.maybe_processed or self.earlier
            status, found = _status(error), error.request_id
        attempt = Attempt(
            service=self.operation.service.name,
            operation=self.operation.name,
            number=self.attempts,
            max_attempts=self.max_attempts,
            duration=perf_counter() - self.began,
            status=status,
            request_id=found,
            error=error,
            decision=decision,
            reason=reason,
            delay=delay,
        )
        tell(attempt, self.connection, self.watch)


def _status(error: RoomtoneError) -> int | None:
    if isinstance(error, errors.ApiError):
        return error.status
    return error.reply.status if isinstance(error, errors.DecodeError) and error.reply is not None else None


def _headers(target: Target, wire: WireRequest, accepted: Mapping[str, str], extra: Mapping[str, str]) -> Headers:
    """The headers that are the same on every attempt; a user's own go before ours where they meet."""
    headers = Headers(
        {
            "host": target.endpoint.authority,
            **accepted,
            "user-agent": USER_AGENT,
            **{name.lower(): value for name, value in extra.items()},
            **wire.headers,
        }
    )
    if wire.body or wire.method in _WITH_A_BODY:
        headers["content-length"] = str(len(wire.body))
    return headers


def _outgoing(target: Target, wire: WireRequest, headers: Mapping[str, str]) -> Outgoing:
    query = f"?{wire.query}" if wire.query else ""
    return Outgoing(
        method=wire.method,
        scheme=target.endpoint.scheme,
        host=target.endpoint.host,
        port=target.endpoint.port,
        target=target.path + wire.path + query,
        headers=headers,
        body=wire.body,
    )
