"""A call cancelled at each of its awaits: nothing leaks, no lock sticks, the next call works.

`nox -s load` repeats the sweeps until they are 10,000 runs; `ROOMTONE_SWEEPS` says how often.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.abc
import anyio.lowlevel
import pytest
from attrs import frozen

import roomtone
from faults.behaviours import trusting
from flow.loopback import KEYS, REGION, Loopback, Received, Waits, default_tls, message, serving, silent
from roomtone._http.pool import Pool

pytestmark = pytest.mark.anyio

SWEEPS = int(os.environ.get("ROOMTONE_SWEEPS", "2"))
CHANNEL = {"channel": {"arn": "a"}}
MEDIA = b"RIFF" * 5000


class Counted:
    """Awaits a coroutine and counts how often it suspends; at one of the times something is done to it."""

    def __init__(self, coroutine: Coroutine[Any, Any, object], at: int, act: Callable[[], object]) -> None:
        self._steps = coroutine.__await__()
        self._at = at
        self._act = act
        self.count = 0

    def __await__(self) -> Generator[Any, Any, object]:
        step: Callable[[], Any] = lambda: self._steps.send(None)  # noqa: E731
        while True:
            try:
                waited = step()
            except StopIteration as done:
                return done.value
            self.count += 1
            if self.count == self._at:
                self._act()
            try:
                value = yield waited
                step = lambda value=value: self._steps.send(value)  # noqa: E731
            except BaseException as error:
                step = lambda error=error: self._steps.throw(error)  # noqa: E731


async def cancelled_by_scope(coroutine: Coroutine[Any, Any, object], at: int) -> int:
    """Runs it and cancels it at its `at`-th await; returns how many it came to."""
    with anyio.CancelScope() as scope:
        counted = Counted(coroutine, at, scope.cancel)
        await counted
    return counted.count


async def cancelled_natively(coroutine: Coroutine[Any, Any, object], at: int) -> int:
    """The same as asyncio's own users do it, which no shield keeps out."""
    counted: Counted

    async def run() -> None:
        nonlocal counted
        task = asyncio.current_task()
        assert task is not None
        counted = Counted(coroutine, at, task.cancel)
        await counted

    task = asyncio.create_task(run())
    await asyncio.wait([task])
    if not task.cancelled():
        await task
    return counted.count


async def get_channel(live: roomtone.Client) -> None:
    assert (await live.ivs.get_channel(arn="a")).channel.arn == "a"


async def walk_pages(live: roomtone.Client) -> None:
    names = [channel.name async for channel in live.ivs.iter_channels()]
    assert names == ["x", "y"]


async def download(live: roomtone.Client) -> None:
    async with live.signalwire.recordings.download("RE1") as media:
        assert b"".join([chunk async for chunk in media]) == MEDIA


async def behind_another(live: roomtone.Client) -> None:
    """Waits in line for the only connection."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(get_channel, live)
        await anyio.lowlevel.checkpoint()
        await get_channel(live)


async def nothing(live: roomtone.Client) -> None:
    pass


async def provider() -> roomtone.Credentials:
    await anyio.lowlevel.checkpoint()
    return KEYS


@frozen(kw_only=True)
class Scenario:
    call: Callable[[roomtone.Client], Coroutine[Any, Any, None]] = get_channel
    before: Callable[[roomtone.Client], Coroutine[Any, Any, None]] = nothing
    tls: bool = False
    max_connections: int = 10
    credentials: Any = KEYS
    paths: tuple[str, ...] = ("/GetChannel",)


SCENARIOS = {
    "first call": Scenario(),
    "first call, over TLS": Scenario(tls=True),
    "first call, credentials from a coroutine": Scenario(credentials=provider),
    "first call, credentials from a thread": Scenario(credentials=lambda: KEYS),
    "kept connection": Scenario(before=get_channel),
    "kept connection, over TLS": Scenario(before=get_channel, tls=True),
    "in line for a connection": Scenario(call=behind_another, max_connections=1),
    "pages": Scenario(call=walk_pages),
    "download": Scenario(call=download),
}


class Server:
    """Answers 503 to every fifth request, drips its answers in two pieces."""

    def __init__(self) -> None:
        self.count = 0

    async def __call__(self, request: Received, stream: anyio.abc.ByteStream) -> None:
        self.count += 1
        answer = message(b"", 503) if self.count % 5 == 0 else self.right(request)
        await stream.send(answer[:30])
        await anyio.lowlevel.checkpoint()
        await stream.send(answer[30:])

    def right(self, request: Received) -> bytes:
        if request.target.startswith("/ListChannels"):
            again = "nextToken" in request.json
            return message({"channels": [{"name": "y" if again else "x"}], **({} if again else {"nextToken": "t"})})
        return message(MEDIA) if "Recordings" in request.target else message(CHANNEL)


@asynccontextmanager
async def client_of(server: Loopback, scenario: Scenario) -> AsyncIterator[roomtone.Client]:
    aws = roomtone.Aws(region=REGION, credentials=scenario.credentials, endpoint_url=server.url)
    signalwire = roomtone.SignalWire(base_url=server.url, project_id="p", api_token="t")
    context = trusting() if scenario.tls else default_tls()
    async with roomtone.Client(aws, signalwire, ssl_context=context, max_connections=scenario.max_connections) as live:
        Waits().of(live)
        yield live


def check_whole(live: roomtone.Client) -> None:
    """Every connection that the pool counts is idle, nobody is in line, no lock is held."""
    connection = live._connection
    pool = connection._transport
    assert isinstance(pool, Pool)
    assert not pool._line
    assert not pool._ending
    assert pool._links == {link for idle in pool._idle.values() for link in idle}
    assert not connection._bodies
    locks = (connection._opening, connection._account._lock, connection._account.credentials._lock)
    assert not any(lock is not None and lock.statistics().locked for lock in locks)


Cancel = Callable[[Coroutine[Any, Any, object], int], Awaitable[int]]


every_scenario = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())


@every_scenario
async def test_cancelled_at_each_await(scenario: Scenario) -> None:
    """After a cancellation at any await the client is whole, and the next call is answered."""
    await sweeps(scenario, cancelled_by_scope)


@every_scenario
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_cancelled_natively_at_each_await(scenario: Scenario) -> None:
    """The same where a task is cancelled in asyncio's own way, as FastAPI and `asyncio.timeout` do it."""
    await sweeps(scenario, cancelled_natively)


async def sweeps(scenario: Scenario, cancel: Cancel) -> None:
    async with serving(Server(), tls=scenario.tls) as server:
        for _ in range(SWEEPS):
            runs = await sweep(server, scenario, cancel)
            assert runs > 5, "there are not that few awaits in a call"
        await server.until_closed()


async def sweep(server: Loopback, scenario: Scenario, cancel: Cancel) -> int:
    """Cancels at the first await, the second and so on, until a call comes to its end before that."""
    at = 0
    while True:
        at += 1
        with anyio.fail_after(5):
            async with client_of(server, scenario) as live:
                await scenario.before(live)
                count = await cancel(scenario.call(live), at)
                await get_channel(live)
                check_whole(live)
        if count < at:
            return at


async def test_ten_thousand_at_random() -> None:
    """Calls cancelled after a while, many at a time on one pool: it is whole in the end, and so is each answer."""
    answered = 0

    async def one(live: roomtone.Client, number: int) -> None:
        nonlocal answered
        with anyio.move_on_after(number % 40 * 0.002):
            arn = (await live.ivs.get_channel(arn=f"{number}")).channel.arn
            assert arn == f"{number}"
            answered += 1

    async def echo(request: Received, stream: anyio.abc.ByteStream) -> None:
        await stream.send(message({"channel": {"arn": request.json["arn"]}}))

    async with serving(echo) as server:
        async with client_of(server, Scenario(max_connections=7)) as live:
            for start in range(0, 500 * SWEEPS, 100):
                async with anyio.create_task_group() as tasks:
                    for number in range(start, start + 100):
                        tasks.start_soon(one, live, number)
            await live.ivs.get_channel(arn="a")
            check_whole(live)
            assert server.open_now <= 7
        await server.until_closed()
    assert answered


async def test_a_cancelled_attempt_is_told_of() -> None:
    """The hook learns of an attempt that was cancelled from outside."""
    seen: list[roomtone.Attempt] = []
    async with serving(silent) as server, client_of(server, Scenario()) as live:
        live._connection.on_attempt = seen.append
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(live.ivs.create_channel)
            while not server.received:
                await anyio.sleep(0.001)
            tasks.cancel_scope.cancel()
    assert [(attempt.decision, attempt.error, attempt.number) for attempt in seen] == [("cancelled", None, 1)]
