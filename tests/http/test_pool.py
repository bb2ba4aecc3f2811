"""The pool: in turn, last used first, never more than allowed, nothing left when it closes."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator

import anyio
import anyio.abc
import anyio.lowlevel
import httpcore
import pytest
from httpcore._synchronization import AsyncLock

import roomtone
from faults.behaviours import trusting, until_gone
from flow.loopback import Received, Waits, answering, client_at, message, serving, silent
from roomtone import errors
from roomtone._http import pool as module
from roomtone._http.pool import Pool

pytestmark = pytest.mark.anyio

EMPTY_LIST = message({"channels": []})


def pool_of(live: roomtone.Client) -> Pool:
    found = live._connection._transport
    assert isinstance(found, Pool)
    return found


async def until(done: object) -> None:
    assert callable(done)
    with anyio.fail_after(2):
        while not done():
            await anyio.sleep(0.001)


async def test_who_waits_is_served_in_order() -> None:
    """On one connection, calls are answered in the order in which they asked, latecomers last."""
    order: list[str] = []

    async def echo(request: Received, stream: anyio.abc.ByteStream) -> None:
        order.append(request.json["arn"])
        await anyio.sleep(0.001)
        await stream.send(message({"channel": {"arn": request.json["arn"]}}))

    async with serving(echo) as server, client_at(server.url, max_connections=1) as live:
        await live.ivs.get_channel(arn="first")
        async with anyio.create_task_group() as tasks:
            for number in range(20):
                tasks.start_soon(lambda number=number: live.ivs.get_channel(arn=f"{number}"))  # type: ignore[misc]
                await anyio.lowlevel.checkpoint()
        assert order == ["first", *map(str, range(20))]
        assert server.opened == 1


@pytest.mark.parametrize("earlier", [0, 1])
async def test_waiting_for_a_turn_is_no_part_of_an_attempt(earlier: int) -> None:
    """`attempt_timeout` begins with the connection: a call that has to wait for one does not time out for that."""

    async def slow(request: Received, stream: anyio.abc.ByteStream) -> None:
        await anyio.sleep(0.05)
        await stream.send(EMPTY_LIST)

    options = {"max_connections": 1, "attempt_timeout": 0.12, "max_attempts": 1}
    async with serving(slow) as server, client_at(server.url, **options) as live:
        for _ in range(earlier):
            await live.ivs.list_channels()
        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(live.ivs.list_channels)
        assert len(server.received) == earlier + 4


async def test_a_turn_that_does_not_come_ends_with_the_call() -> None:
    """`timeout` bounds the waiting too; the call was surely not sent, and its place in the line is gone."""
    async with serving(silent) as server, client_at(server.url, max_connections=1, timeout=0.1) as live:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(live.ivs.with_options(timeout=1).list_channels)
            await until(lambda: server.received)
            with pytest.raises(errors.TimeoutError) as caught:
                await live.ivs.create_channel()
            assert len(server.received) == 1
            assert not pool_of(live)._line
            tasks.cancel_scope.cancel()
        assert caught.value.maybe_processed is False


async def test_another_origin_gets_the_room_of_an_idle_connection() -> None:
    """A full pool of idle connections does not keep others out: one of them has to go."""
    async with serving(answering(EMPTY_LIST)) as one, serving(answering(EMPTY_LIST)) as other:
        aws = roomtone.Aws(
            region="eu-central-1",
            credentials=roomtone.Credentials("a", "b"),
            endpoint_url={"ivs": one.url, "ivs-realtime": other.url},
        )
        other_list = message({"stages": []})
        other.handler = answering(other_list)
        async with roomtone.Client(aws, max_connections=1) as live:
            for _ in range(3):
                await live.ivs.list_channels()
                await live.ivs_realtime.list_stages()
                assert (one.open_now + other.open_now, len(pool_of(live)._links)) == (1, 1)
        assert (one.opened, other.opened) == (3, 3)


async def test_an_idle_connection_remembers_no_request() -> None:
    """Headers and bodies hold secrets: they go with their call."""
    async with serving(answering(EMPTY_LIST)) as server, client_at(server.url) as live:
        await live.ivs.list_channels()
        (link,) = pool_of(live)._links
        held = [value for value in vars(link).values() if isinstance(value, (httpcore.Request, bytes, list))]
        assert held == []


async def test_httpcores_locks_are_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection is one call's at a time, so its locks would only take time."""
    taken: list[object] = []
    take = AsyncLock.__aenter__

    async def note(lock: AsyncLock) -> AsyncLock:
        taken.append(lock)
        return await take(lock)

    async with serving(answering(EMPTY_LIST)) as server, client_at(server.url) as live:
        await live.ivs.list_channels()
        monkeypatch.setattr(AsyncLock, "__aenter__", note)
        await live.ivs.list_channels()
        assert (server.opened, len(server.received)) == (1, 2)
    assert taken == []


async def test_the_last_used_goes_out_first() -> None:
    """After a burst, calls one at a time keep to one connection, so that the others can grow old."""

    async def slow(request: Received, stream: anyio.abc.ByteStream) -> None:
        await anyio.sleep(0.005)
        await stream.send(EMPTY_LIST)

    async with serving(slow) as server, client_at(server.url) as live:
        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(live.ivs.list_channels)
        assert server.opened == 5
        for _ in range(4):
            await live.ivs.list_channels()
        assert len({request.connection for request in server.received[-4:]}) == 1


async def test_old_connections_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond their time connections are not used again, and are closed as calls go on."""
    monkeypatch.setattr(module, "KEEP_ALIVE", 0.03)

    async def slow(request: Received, stream: anyio.abc.ByteStream) -> None:
        await anyio.sleep(0.005)
        await stream.send(EMPTY_LIST)

    async with serving(slow) as server, client_at(server.url) as live:
        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(live.ivs.list_channels)
        await anyio.sleep(0.05)
        await live.ivs.list_channels()
        assert server.opened == 6
        await until(lambda: server.open_now == 1)


async def test_no_more_connections_than_calls_in_flight() -> None:
    """However calls come and go, there are never more connections than calls were in flight at a time."""

    async def echo(request: Received, stream: anyio.abc.ByteStream) -> None:
        await anyio.lowlevel.checkpoint()
        await stream.send(EMPTY_LIST)

    async with serving(echo) as server, client_at(server.url) as live:

        async def worker() -> None:
            for _ in range(20):
                await live.ivs.list_channels()

        async with anyio.create_task_group() as tasks:
            for _ in range(10):
                tasks.start_soon(worker)
        assert server.opened <= 10


async def test_thousands_of_tasks() -> None:
    """Two thousand calls at a time on one client: each gets its own answer, over the connections allowed."""
    answers: dict[int, str] = {}

    async def echo(request: Received, stream: anyio.abc.ByteStream) -> None:
        await stream.send(message({"channel": {"arn": request.json["arn"]}}))

    async with serving(echo) as server, client_at(server.url, max_connections=20) as live:

        async def ask(number: int) -> None:
            answers[number] = (await live.ivs.get_channel(arn=f"{number}")).channel.arn

        async with anyio.create_task_group() as tasks:
            for number in range(2000):
                tasks.start_soon(ask, number)
        assert server.open_at_most <= 20
    assert answers == {number: f"{number}" for number in range(2000)}


async def test_closing_ends_who_waits_and_who_is_under_way() -> None:
    """Closing waits for nobody: calls in line and on their way end with a ClientClosedError, none is sent again."""
    caught: list[errors.RoomtoneError] = []
    async with serving(silent) as server:
        live = client_at(server.url, max_connections=2)
        Waits().of(live)

        async def ask() -> None:
            try:
                await live.ivs.list_channels()
            except errors.RoomtoneError as error:
                caught.append(error)

        with anyio.fail_after(2):
            async with anyio.create_task_group() as tasks:
                for _ in range(6):
                    tasks.start_soon(ask)
                await until(lambda: len(server.received) == 2)
                started = anyio.current_time()
                await live.aclose()
                assert anyio.current_time() - started < 0.2
        await server.until_closed()
        assert len(server.received) == 2
    assert [type(error) for error in caught] == [errors.ClientClosedError] * 6
    assert sorted(error.maybe_processed for error in caught) == [False] * 4 + [True] * 2


async def test_closing_during_a_handshake() -> None:
    """A connection that is being made when its client closes is not left behind."""
    async with serving(silent, raw=until_gone) as server:
        live = client_at(server.url.replace("http:", "https:"), ssl_context=trusting())
        Waits().of(live)
        async with anyio.create_task_group() as tasks:

            async def ask() -> None:
                with pytest.raises(errors.ClientClosedError) as caught:
                    await live.ivs.create_channel()
                assert not caught.value.maybe_processed

            tasks.start_soon(ask)
            await until(lambda: server.open_now)
            await anyio.sleep(0.01)
            await live.aclose()
        await server.until_closed()


@contextlib.asynccontextmanager
async def used() -> AsyncIterator[tuple[roomtone.Client, socket.socket]]:
    """A client with an open connection, and the socket of it."""
    async with serving(answering(EMPTY_LIST)) as server:
        live = client_at(server.url)
        await live.ivs.list_channels()
        (link,) = pool_of(live)._links
        assert link._stream is not None
        yield live, link._stream.get_extra_info("socket")


async def test_closing_away_from_home_touches_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a fork the sockets are the parent's: closing forgets them and leaves them as they are."""
    async with used() as (live, raw):
        pool = pool_of(live)
        (link,) = pool._links
        with monkeypatch.context() as patch:
            patch.setattr("os.getpid", lambda: -1)
            await live.aclose()
        assert raw.fileno() != -1
        assert not pool._links
        await link.aclose()
        with pytest.raises(errors.ClientClosedError, match="is closed"):
            await live.ivs.list_channels()
