"""The emulator on a port: where it listens, how it stops, what it says when it cannot start."""

from __future__ import annotations

import socket
import sys
import threading
from datetime import datetime, timedelta, timezone

import anyio
import httpx
import pytest

import roomtone
from roomtone.emulator import Emulator, serve
from roomtone.errors import ConfigurationError


def test_it_serves_while_the_block_runs() -> None:
    """A free port by default; after the block nothing listens there and no thread is left, open connections or not."""
    before = threading.enumerate()
    with serve(Emulator()) as origin, httpx.Client() as http:
        assert origin.startswith("http://127.0.0.1:")
        assert http.get(origin).status_code == 404
        assert [thread.name for thread in threading.enumerate() if thread not in before] == ["roomtone-emulator"]
        with serve(Emulator(), host="::1") if socket.has_ipv6 else serve(Emulator()) as other:
            assert http.get(other).status_code == 404
    assert set(threading.enumerate()) <= set(before)
    with pytest.raises(httpx.ConnectError):
        httpx.get(origin)


def test_answers_have_the_date_of_its_clock() -> None:
    """One `Date`, the emulator's, so that clients can put their clocks right by it."""
    clock = datetime(2031, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=2)))
    with serve(Emulator(clock=lambda: clock)) as origin, httpx.Client() as http:
        assert http.post(f"{origin}/ivs/ListChannels").headers.get_list("date") == ["Mon, 03 Feb 2031 02:05:06 GMT"]


def test_the_block_raises_and_the_server_stops() -> None:
    """An error inside the block comes out as it is, and the server is gone."""
    before = threading.enumerate()
    with pytest.raises(KeyError), serve(Emulator()):
        raise KeyError
    assert set(threading.enumerate()) <= set(before)


def test_a_taken_port() -> None:
    """A port that is taken is an OSError at once."""
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(OSError, match="ddress"),
        serve(Emulator(), port=taken.getsockname()[1]),
    ):
        pass


def test_a_server_that_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that ends before it started is an error, not a wait without end."""
    import uvicorn

    monkeypatch.setattr(uvicorn.Server, "run", lambda self, sockets: None)
    with pytest.raises(RuntimeError, match="did not start"), serve(Emulator()):
        pass


def test_without_uvicorn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without uvicorn the error names the extra that brings it."""
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(ConfigurationError, match=r"roomtone\[emulator\]"), serve(Emulator()):
        pass


CALLS = 1000


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_thousand_calls_at_once(emulator: Emulator, origin: str, anyio_backend: str) -> None:
    """Over real HTTP each call of a thousand gets its own answer, and all of them are carried out once."""
    async with roomtone.Client(emulator.aws(origin), max_connections=50) as live:
        await check_a_thousand(live)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["trio"])
async def test_a_thousand_calls_at_once_in_process(emulator: Emulator, anyio_backend: str) -> None:
    """Without a port too, where nothing but the emulator itself keeps them apart."""
    limits = httpx.Limits(max_connections=None)
    async with (
        httpx.AsyncClient(transport=emulator.transport(), limits=limits) as http_client,
        roomtone.Client(emulator.aws(), http_client=http_client, max_connections=CALLS) as live,
    ):
        await check_a_thousand(live)


async def check_a_thousand(live: roomtone.Client) -> None:
    answers: dict[str, str] = {}

    async def create(name: str) -> None:
        made = await live.ivs.create_channel(name=name)
        answers[made.channel.arn] = name
        assert made.channel.name == name

    async with anyio.create_task_group() as group:
        for number in range(CALLS):
            group.start_soon(create, f"channel-{number}")
    assert len(answers) == CALLS
    listed = {channel.arn: channel.name async for channel in live.ivs.iter_channels(max_results=100)}
    assert listed == answers
