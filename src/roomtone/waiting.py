"""Waiting for a state and watching it change, by polls. Knows how time passes, and nothing of any service."""

from __future__ import annotations

import inspect
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Set
from typing import Any, Generic, TypeAlias, TypeVar, cast, overload

import anyio
from attrs import field, frozen

from roomtone._core.naming import did_you_mean
from roomtone._http import waits
from roomtone.errors import NotFoundError, RequestError, WaitFailedError, WaitTimeoutError

__all__ = ["ErrorTypes", "States", "Watchable", "wait_until", "wait_until_absent", "watch"]

R = TypeVar("R")
S = TypeVar("S", bound=str)

# No Collection: a str is one too, so checkers would take the name of one state for several.
States: TypeAlias = tuple[S, ...] | Set[S]
"""Several states, in a tuple, a set or a frozenset."""

ErrorTypes: TypeAlias = type[Exception] | tuple[type[Exception], ...]
"""One class of errors, or several, as `except` takes them."""

_SHORTEST = 0.01


@frozen(kw_only=True)
class Watchable(Generic[R, S]):
    """Something with named states that `wait_until` and `watch` can poll. `roomtone.states` has those of the services.

    Args:
        name: What it is, for messages (`IVS stream`).
        fetch: Asks once: an async function of no arguments.
        state: The state in a response.
        states: The states that there are; others can't be waited for by name. Empty when they are not known.
        final: Those that nothing follows of its own accord: a wait for another one fails there, and a watch ends.
    """

    name: str
    fetch: Callable[[], Awaitable[R]] = field(repr=False)
    state: Callable[[R], str | None] = field(repr=False)
    states: Collection[S] = ()
    final: Collection[S] = ()


@overload
async def wait_until(
    fetch: Watchable[R, S],
    until: S | States[S] | Callable[[R], object],
    *,
    unless: S | States[S] | Callable[[R], object] | None = None,
    absent: ErrorTypes = (),
    timeout: float | None = 300.0,
    interval: float = 1.0,
    backoff: float = 1.5,
    max_interval: float = 10.0,
) -> R: ...
@overload
async def wait_until(
    fetch: Callable[[], Awaitable[R]],
    until: Callable[[R], object],
    *,
    unless: Callable[[R], object] | None = None,
    absent: ErrorTypes = (),
    timeout: float | None = 300.0,
    interval: float = 1.0,
    backoff: float = 1.5,
    max_interval: float = 10.0,
) -> R: ...
async def wait_until(
    fetch: Any,
    until: Any,
    *,
    unless: Any = None,
    absent: ErrorTypes = (),
    timeout: float | None = 300.0,
    interval: float = 1.0,
    backoff: float = 1.5,
    max_interval: float = 10.0,
) -> Any:
    """Polls until a response is as wanted, and returns it.

    The first poll is made at once. Each is a call like any other, with the client's timeouts and retries; what it
    raises in the end ends the wait, unless it is one of `absent`.

    Args:
        fetch: What to poll: an async function of no arguments, as `lambda: live.ivs.get_stream(channel_arn=arn)`, or a
            `Watchable`, as `roomtone.states.stream(live.ivs, channel_arn=arn)`.
        until: When the wait is over: a function of the response; for a `Watchable` also a state, or several.
        unless: When to give up: the same. A `Watchable` gives up at its final states by itself.
        absent: Errors that mean that it is not there yet, such as `errors.NotFoundError`: the wait goes on.
        timeout: Seconds for the whole wait; a poll under way is cancelled then. None for no limit.
        interval: Seconds between the first polls, 0.01 or more.
        backoff: How many times longer the longest wait gets from poll to poll, 1 or more. Each wait is random, between
            `interval` and the longest, and the last is short enough that a poll fits in before the end.
        max_interval: Seconds that waits grow to.

    Raises:
        WaitTimeoutError: It did not come in time; `.last` is the last response.
        WaitFailedError: A response is one to give up at; it is `.last`.
        RequestError: An argument is refused; nothing was polled.
        RoomtoneError: What a poll raised.
    """
    polls = _Polls(fetch, absent, timeout, interval, backoff, max_interval)
    wanted = _condition(fetch, until, "until")
    hopeless = _condition(fetch, unless, "unless") if unless is not None else _never
    while await polls.next():
        if polls.missing is not None:
            continue
        if wanted(polls.last):
            return polls.last
        if hopeless(polls.last) or polls.state in polls.final:
            raise WaitFailedError(_given_up(polls, until), last=polls.last, state=polls.state, polls=polls.made)
    raise _too_late(polls, _named(until))


async def wait_until_absent(
    fetch: Callable[[], Awaitable[object]] | Watchable[Any, Any],
    *,
    absent: ErrorTypes = NotFoundError,
    timeout: float | None = 300.0,
    interval: float = 1.0,
    backoff: float = 1.5,
    max_interval: float = 10.0,
) -> None:
    """Polls until a poll raises one of `absent`: until what was deleted is gone.

    Args:
        fetch: As for `wait_until`.
        absent: The errors that mean that it is gone. What never was is gone as well.
        timeout: As for `wait_until`, and so are the other arguments.
        interval: Seconds between the first polls.
        backoff: How many times longer the longest wait gets.
        max_interval: Seconds that waits grow to.

    Raises:
        WaitTimeoutError: It was still there at the end; `.last` is the last response.
        RequestError: An argument is refused; nothing was polled.
        RoomtoneError: What a poll raised.
    """
    polls = _Polls(fetch, absent, timeout, interval, backoff, max_interval)
    while await polls.next():
        if polls.missing is not None:
            return
    raise _too_late(polls, "gone")


@overload
def watch(
    fetch: Watchable[R, S],
    *,
    key: Callable[[R], object] | None = None,
    until: S | States[S] | Callable[[R], object] | None = None,
    timeout: float | None = None,
    interval: float = 1.0,
    backoff: float = 1.5,
    max_interval: float = 10.0,
) -> AsyncIterator[R]: ...
@overload
def watch(
    fetch: Watchable[R, S],
    *,
    key: Callable[[R], object] | None = None,
    until: S | States[S] | Callable[[R], object] | None = None,
    absent: ErrorTypes,
    timeout: float | None = None,
    interval: float = 1.0,
    backoff: float = 1.5,
    max_interval: float = 10.0,
) -> AsyncIterator[R | None]: ...
@overload
def watch(
    fetch: Callable[[], Awaitable[R]],
    *,
    key: Callable[[R], object] | None = None,
    until: Callable[[R], object] | None = None,
    timeout: float | None = None,
    interval: float = 1.0,
    backoff: float = 1.5,
    max_interval: float = 10.0,
) -> AsyncIterator[R]: ...
@overload
def watch(
    fetch: Callable[[], Awaitable[R]],
    *,
    key: Callable[[R], object] | None = None,
    until: Callable[[R], object] | None = None,
    absent: ErrorTypes,
    timeout: float | None = None,
    interval: float = 1.0,
    backoff: float = 1.5,
    max_interval: float = 10.0,
) -> AsyncIterator[R | None]: ...
def watch(
    fetch: Any,
    *,
    key: Any = None,
    until: Any = None,
    absent: ErrorTypes = (),
    timeout: float | None = None,
    interval: float = 1.0,
    backoff: float = 1.5,
    max_interval: float = 10.0,
) -> AsyncIterator[Any]:
    """The responses that bring a change, one by one: `async for stream in watch(...)`. The first one comes at once.

    Polls are made while the loop waits for a response, and not while its body runs: a change that is undone in between
    is not seen. After each change the interval begins anew.

    Args:
        fetch: As for `wait_until`.
        key: What has to change: a function of the response. Without one it is the state of a `Watchable`, else the
            whole response.
        until: The loop ends after the first response that is so: as for `wait_until`. Behind a final state of a
            `Watchable` it ends by itself.
        absent: Errors that mean that it is not there: such a poll counts as a response None.
        timeout: Seconds, from the first poll on, after which the loop ends; None for no limit.
        interval: As for `wait_until`, and so are the other arguments.
        backoff: How many times longer the longest wait gets while nothing changes.
        max_interval: Seconds that waits grow to.

    Raises:
        RequestError: An argument is refused; nothing was polled.
        RoomtoneError: While iterating: what a poll raised.
    """
    polls = _Polls(fetch, absent, timeout, interval, backoff, max_interval)
    if key is not None:
        _check_function(key, "key")
    over = _condition(fetch, until, "until") if until is not None else _never
    return _Changes(polls, key, over)


# A class, not an async generator: a loop that is left early leaves nothing behind for a garbage collector to close.


class _Changes(AsyncIterator[Any]):
    def __init__(self, polls: _Polls, key: Callable[[Any], object] | None, over: Callable[[Any], object]) -> None:
        self._polls = polls
        self._key = key
        self._over = over
        self._ended = False
        self._seen: object = self  # equal to no key

    async def __anext__(self) -> Any:
        polls = self._polls
        while not self._ended and await polls.next():
            there = polls.missing is None
            key = self._key_now() if there else _ABSENT
            self._ended = there and bool(self._over(polls.last) or polls.state in polls.final)
            if self._ended or key != self._seen:
                self._seen = key
                polls.begin_anew()
                return polls.last if there else None
        raise StopAsyncIteration

    def _key_now(self) -> object:
        if self._key is not None:
            return self._key(self._polls.last)
        return self._polls.state if self._polls.watchable is not None else self._polls.last


_ABSENT = object()


class _Polls:
    """Polls one after the other, within one deadline.

    Attributes:
        watchable: What is polled, if it has named states.
        final: Its states that nothing follows.
        made: How many polls were made.
        last: The last response; None before the first.
        missing: Why the last poll found nothing; None when it was answered.
    """

    def __init__(
        self,
        fetch: Any,
        absent: ErrorTypes,
        timeout: float | None,
        interval: float,
        backoff: float,
        max_interval: float,
    ) -> None:
        self.watchable: Watchable[Any, Any] | None = fetch if isinstance(fetch, Watchable) else None
        self.final: Collection[str] = self.watchable.final if self.watchable else ()
        self._fetch: Any = self.watchable.fetch if self.watchable else fetch
        _check_fetch(self._fetch)
        if not (timeout is None or (_is_number(timeout) and timeout > 0)):
            raise RequestError("timeout must be a positive number of seconds, or None for no limit", member="timeout")
        for name, value, least in (
            ("interval", interval, _SHORTEST),
            ("backoff", backoff, 1),
            ("max_interval", max_interval, _SHORTEST),
        ):
            if not (_is_number(value) and least <= value < math.inf):
                raise RequestError(f"{name} must be a number, {least:g} or more", member=name)
        for one in absent if isinstance(absent, tuple) else (absent,):
            if not (isinstance(one, type) and issubclass(one, Exception)):
                raise RequestError("absent must be a class of errors, or a tuple of them", member="absent")
        self._absent = absent
        self.timeout = timeout
        self._interval = self._delay = interval
        self._backoff = backoff
        self._max_interval = max(interval, max_interval)
        self._ends = math.inf
        self._longest = 0.0
        self.made = 0
        self.last: Any = None
        self.missing: Exception | None = None

    @property
    def state(self) -> str | None:
        """The state in the last response; None when there is none, or it has no named states."""
        return self.watchable.state(self.last) if self.watchable and self.last is not None else None

    def begin_anew(self) -> None:
        """Makes the next wait as short as the first."""
        self._delay = self._interval

    async def next(self) -> bool:
        """Waits, but before the first poll, and polls. False when there is no time left for it."""
        if self.made:
            if not await self._wait():
                return False
        elif self.timeout is not None:
            self._ends = anyio.current_time() + self.timeout
        return await self._poll()

    async def _wait(self) -> bool:
        now = anyio.current_time()
        # A poll that took twice as long as the longest before it would still end in time.
        room = self._ends - now - min(self._interval, 2 * self._longest)
        if room <= 0:
            return False
        delay = min(self._interval + waits.jitter() * (self._delay - self._interval), room)
        await waits.sleep(delay)
        # A wait that a test lets pass in no time counts all the same, or its deadline would never come.
        self._ends -= max(0.0, now + delay - anyio.current_time())
        self._delay = min(self._delay * self._backoff, self._max_interval)
        return anyio.current_time() < self._ends

    async def _poll(self) -> bool:
        began = anyio.current_time()
        self.made += 1
        with anyio.CancelScope(deadline=self._ends):
            try:
                answer = self._fetch()
                if not inspect.isawaitable(answer):
                    raise RequestError(
                        f"fetch must be an async function, or give what can be awaited, not {type(answer).__name__}",
                        member="fetch",
                    )
                self.last = await answer
                self.missing = None
            except self._absent as error:
                self.missing = error
            self._longest = max(self._longest, anyio.current_time() - began)
            return True
        return False


def _too_late(polls: _Polls, wanted: str) -> WaitTimeoutError:
    if polls.missing is not None:
        seen = f"the last answer was {type(polls.missing).__name__}"
    elif polls.state is not None:
        seen = f"it was {polls.state}"
    else:
        seen = "no poll was answered" if polls.last is None else "the last response is in `.last`"
    error = WaitTimeoutError(
        f"{_subject(polls)} is not {wanted} after {polls.timeout:g} s and {_count(polls.made)}; {seen}",
        last=polls.last,
        state=polls.state,
        polls=polls.made,
    )
    error.__cause__ = polls.missing
    return error


def _given_up(polls: _Polls, until: object) -> str:
    now = polls.state or "in a response that `unless` gives up at"
    return f"{_subject(polls)} is {now}: the wait until it is {_named(until)} ended after {_count(polls.made)}"


def _subject(polls: _Polls) -> str:
    return polls.watchable.name if polls.watchable else "it"


def _named(until: object) -> str:
    if callable(until):
        return "as wanted"
    return until if isinstance(until, str) else " or ".join(sorted(cast("Collection[str]", until)))


def _count(polls: int) -> str:
    return f"{polls} poll{'' if polls == 1 else 's'}"


def _never(response: object) -> bool:
    return False


def _condition(fetch: Any, wanted: Any, name: str) -> Callable[[Any], object]:
    """A function of the response for what `until` and `unless` take."""
    if callable(wanted):
        _check_function(wanted, name)
        return cast("Callable[[Any], object]", wanted)
    if not isinstance(fetch, Watchable):
        raise RequestError(
            f"{name} must be a function of the response; states by name are for a Watchable, as roomtone.states has",
            member=name,
        )
    watchable: Watchable[Any, Any] = fetch
    states = {wanted} if isinstance(wanted, str) else _several(wanted, name)
    for state in states:
        if watchable.states and state not in watchable.states:
            raise RequestError(
                f"{name}: {watchable.name} has no state {state!r}{did_you_mean(state, watchable.states)}"
                f"; its states are {', '.join(watchable.states)}",
                member=name,
            )
    return lambda response: watchable.state(response) in states


def _several(wanted: Any, name: str) -> set[str]:
    given: Collection[Any] = wanted if isinstance(wanted, Collection) else ()
    states = list(given)
    if not states or not all(isinstance(state, str) for state in states):
        raise RequestError(f"{name} must be a state, several of them, or a function of the response", member=name)
    return set(states)


def _check_fetch(fetch: Any) -> None:
    if callable(fetch):
        return
    if inspect.iscoroutine(fetch):
        fetch.close()  # or it would be warned of: it is never awaited
    raise RequestError(
        "fetch is called for each poll: it must be a function, as `lambda: live.ivs.get_stream(channel_arn=arn)`"
        f", or a Watchable, not {type(fetch).__name__}",
        member="fetch",
    )


def _check_function(function: Any, name: str) -> None:
    # An async one would give a coroutine, and each of those counts as true.
    if not callable(function) or inspect.iscoroutinefunction(function):
        raise RequestError(f"{name} must be a plain function of the response", member=name)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
