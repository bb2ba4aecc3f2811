"""What the engine `aiohttp` has of its own; flow and faults are tested where they are tested for both engines."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import anyio
import anyio.abc
import pytest

import roomtone
from flow.loopback import Received, Waits, answering, client_at, message, serving, silent
from roomtone import errors

pytestmark = pytest.mark.anyio

EMPTY_LIST = {"channels": []}


@pytest.mark.parametrize("anyio_backend", ["trio"])
async def test_it_is_refused_on_trio() -> None:
    """aiohttp runs on asyncio alone; the error says what does run."""
    async with client_at("http://127.0.0.1:1", engine="aiohttp") as live:
        with pytest.raises(errors.ConfigurationError, match="runs on asyncio only; the default engine runs on trio"):
            await live.ivs.list_channels()


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_without_aiohttp(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is not installed, the first call names the extra."""
    monkeypatch.delitem(sys.modules, "roomtone._http.aiohttp_engine", raising=False)
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    async with client_at("http://127.0.0.1:1", engine="aiohttp") as live:
        with pytest.raises(errors.ConfigurationError, match=r"pip install 'roomtone\[aiohttp\]'"):
            await live.ivs.list_channels()


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_the_very_bytes() -> None:
    """It sends the headers, the path and the body that were signed, adds none, and repeats nothing by itself."""
    async with serving(answering(message(EMPTY_LIST))) as server:
        for engine in ("httpcore", "aiohttp"):
            async with client_at(server.url, engine=engine) as live:
                await live.ivs.list_channels(filter_by_name="ü / ..")
                await live.chime_sdk_voice.list_phone_numbers(product_type="a b")
    default, other = server.received[:2], server.received[2:]
    changing = {"authorization", "amz-sdk-invocation-id", "x-amz-date"}
    for one, two in zip(default, other, strict=True):
        assert (one.method, one.target, one.body) == (two.method, two.target, two.body)
        assert {k: v for k, v in one.headers.items() if k not in changing} == {
            k: v for k, v in two.headers.items() if k not in changing
        }
        assert one.headers.keys() == two.headers.keys()


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_an_answer_that_nobody_asked_for_is_not_the_next_ones() -> None:
    """A second answer on a kept connection ends the connection, whether the event loop has read it or not."""

    async def answer(request: Received, stream: anyio.abc.ByteStream) -> None:
        await stream.send(message({"channels": [{"name": str(len(server.received))}]}))
        await anyio.sleep(0.002)
        await stream.send(message({"channels": [{"name": "nobody's"}]}))

    async with serving(answer) as server, client_at(server.url, engine="aiohttp") as live:
        for number in range(1, 5):
            page = await live.ivs.list_channels()
            assert [channel.name for channel in page.channels] == [str(number)]
            await anyio.sleep(0.01)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_server_that_always_speaks_first_is_not_stormed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An attempt turns two connections down at most, and takes the third as it is."""
    from roomtone._http import aiohttp_engine

    monkeypatch.setattr(aiohttp_engine, "_has_spoken", lambda connection: True)
    async with serving(answering(message(EMPTY_LIST))) as server, client_at(server.url, engine="aiohttp") as live:
        with anyio.fail_after(2):
            await live.ivs.list_channels()
        assert server.opened == 3


@pytest.mark.parametrize("earlier", [0, 1])
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_waiting_for_a_connection_is_no_part_of_an_attempt(earlier: int) -> None:
    """One connection for three calls that take two thirds of an attempt's time each: none is late."""

    async def slow(request: Received, stream: anyio.abc.ByteStream) -> None:
        await anyio.sleep(0.06)
        await stream.send(message(EMPTY_LIST))

    options: dict[str, Any] = {"engine": "aiohttp", "max_connections": 1, "attempt_timeout": 0.1}
    async with serving(slow) as server, client_at(server.url, **options) as live:
        for _ in range(earlier):
            await live.ivs.list_channels()
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(live.ivs.list_channels)
        assert server.opened == 1


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_closing_ends_the_calls_in_line() -> None:
    """Calls under way and calls that wait for their turn end with a ClientClosedError."""
    ended: list[str] = []

    async def call(live: roomtone.Client) -> None:
        with pytest.raises(errors.ClientClosedError):
            await live.ivs.list_channels()
        ended.append("closed")

    async with serving(silent) as server:
        live = client_at(server.url, engine="aiohttp", max_connections=1)
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(call, live)
            while not server.received:
                await anyio.sleep(0.001)
            await live.aclose()
        await server.until_closed()
    assert ended == ["closed"] * 3


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_cancelled_calls_give_their_places_back() -> None:
    """After many cancellations there is room for as many calls as before."""
    stalled = True

    async def answer(request: Received, stream: anyio.abc.ByteStream) -> None:
        if stalled:
            await anyio.sleep_forever()
        await stream.send(message(EMPTY_LIST))

    async with serving(answer) as server, client_at(server.url, engine="aiohttp", max_connections=2) as live:
        Waits().of(live)
        for _ in range(10):
            with anyio.move_on_after(0.005):
                await live.ivs.list_channels()
        stalled = False
        with anyio.fail_after(5):
            async with anyio.create_task_group() as tasks:
                for _ in range(6):
                    tasks.start_soon(live.ivs.list_channels)


FORKED = """
import asyncio, os, roomtone, sys

async def main(url):
    live = roomtone.Client(
        roomtone.Aws(region="eu-central-1", credentials=roomtone.Credentials("AK", "s"), endpoint_url=url),
        engine="aiohttp",
    )
    await live.ivs.list_channels()
    return live

async def close(live):
    await live.aclose()

url = sys.argv[1]
loop = asyncio.new_event_loop()
live = loop.run_until_complete(main(url))
asyncio.run(close(live))           # in another event loop: lets go, touches nothing
live = loop.run_until_complete(main(url))
child = os.fork()
if child == 0:
    asyncio.set_event_loop(None)
    asyncio.run(close(live))
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
loop.run_until_complete(live.ivs.list_channels())
loop.run_until_complete(live.aclose())
print("well")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_in_another_loop_and_after_a_fork() -> None:
    """A client that is closed away from its home lets go of its connections without closing them there."""
    async with serving(answering(message(EMPTY_LIST))) as server:
        done = await anyio.run_process(
            [sys.executable, "-W", "ignore", "-c", FORKED, server.url], stderr=subprocess.STDOUT, check=False
        )
        assert "well" in done.stdout.decode().splitlines(), done.stdout.decode()
