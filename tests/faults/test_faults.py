"""Every fault, every kind of call, both event loops: one outcome each, and a client that goes on as before."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.abc
import httpx
import pytest
from attrs import evolve

import roomtone
from faults.behaviours import BEHAVIOURS, LIMIT, SHORT, Behaviour, well
from faults.outcomes import COLUMNS, Expected, Row, rows, rows_of_aiohttp
from flow.loopback import KEYS, REGION, Handler, Loopback, Received, Waits, message, serving, unused_port
from roomtone import errors

pytestmark = pytest.mark.anyio

ROWS = rows()
CELLS = [(row, column, row.expected[at]) for row in ROWS for at, column in enumerate(COLUMNS)]


async def get_channel(live: roomtone.Client) -> object:
    return (await live.ivs.get_channel(arn="a")).channel.arn


async def create_meeting(live: roomtone.Client) -> object:
    return (
        await live.chime_sdk_meetings.create_meeting(media_region=REGION, external_meeting_id="x")
    ).meeting.meeting_id


async def create_channel(live: roomtone.Client) -> object:
    return (await live.ivs.create_channel()).channel.arn


async def get_call(live: roomtone.Client) -> object:
    return (await live.signalwire.calls.get("CA1")).sid


async def create_call(live: roomtone.Client) -> object:
    return (await live.signalwire.calls.create(to="+15550100", from_="+15550101", url="https://x.example")).sid


CALLS: dict[str, Callable[[roomtone.Client], Awaitable[object]]] = dict(
    zip(COLUMNS, (get_channel, create_meeting, create_channel, get_call, create_call), strict=True)
)
RIGHT = {
    "aws safe": {"channel": {"arn": "a"}},
    "aws token": {"Meeting": {"MeetingId": "a"}},
    "aws unsafe": {"channel": {"arn": "a"}},
    "signalwire safe": {"sid": "a"},
    "signalwire unsafe": {"sid": "a"},
}


def client_of(
    url: str, behaviour: Behaviour, http_client: httpx.AsyncClient | None = None, **more: Any
) -> roomtone.Client:
    """A client with the default number of attempts, whose waits take no time."""
    context = behaviour.trust() if http_client is None else None
    options: dict[str, Any] = {"max_response_bytes": LIMIT, "attempt_timeout": 2.0, **behaviour.options}
    attempts = options.pop("max_attempts", None)
    aws = roomtone.Aws(region=REGION, credentials=KEYS, endpoint_url=url, max_attempts=attempts)
    signalwire = roomtone.SignalWire(base_url=url, project_id="p", api_token="t", max_attempts=attempts)
    live = roomtone.Client(aws, signalwire, http_client=http_client, ssl_context=context, **options, **more)
    Waits().of(live)
    return live


@asynccontextmanager
async def server_of(behaviour: Behaviour, answer: Handler) -> AsyncIterator[Loopback]:
    if not behaviour.listens:
        yield Loopback(answer, unused_port())
    elif behaviour.raw is not None:
        async with serving(answer, raw=behaviour.raw) as server:
            server.scheme = "https"
            yield server
    else:
        certificate = behaviour.certificate() if behaviour.certificate is not None else None
        async with serving(answer, certificate=certificate) as server:
            yield server


def answering_as(behaviour: Behaviour, column: str) -> Handler:
    """A server's handler that does what the behaviour does where this kind of call is to be answered."""
    right = message(RIGHT[column])

    async def answer(request: Received, stream: anyio.abc.ByteStream) -> None:
        assert behaviour.answer is not None
        await behaviour.answer(request, stream, right)

    return answer


async def outcome_of(call: Callable[[roomtone.Client], Awaitable[object]], live: roomtone.Client) -> Expected:
    """What came of a call; the right answer has the right content."""
    seen: list[roomtone.Attempt] = []
    live._connection.on_attempt = seen.append
    try:
        assert await call(live) == "a"
    except errors.RoomtoneError as error:
        check_error(error, seen)
        return Expected(meaning(error), error.attempts, error.maybe_processed)
    return Expected("answer", len(seen))


def check_error(error: errors.RoomtoneError, seen: list[roomtone.Attempt]) -> None:
    """It knows where it comes from; the decisions that were told of lead to it."""
    assert error.service in ("ivs", "chime-sdk-meetings", "signalwire")
    assert error.operation
    assert error.attempts == len(seen)
    assert [attempt.decision for attempt in seen] == ["retry"] * (len(seen) - 1) + ["raise"]
    assert seen[-1].error is error
    if isinstance(error, errors.DecodeError):
        assert error.reply is not None
        assert 200 <= error.reply.status < 300
    if isinstance(error, errors.ApiError):
        assert error.status


def meaning(error: errors.RoomtoneError) -> str:
    """The name of the error's class in the tree that all services share."""
    return next(cls.__name__ for cls in type(error).__mro__ if cls.__module__ == errors.__name__)


async def check_cell(row: Row, column: str, expected: Expected, **options: Any) -> None:
    """The outcome, as many requests as the cell says, in time; and nothing is left open behind it."""
    behaviour = BEHAVIOURS[row.fault]
    answer = answering_as(behaviour, column)

    with anyio.fail_after(100):
        async with server_of(behaviour, answer) as server:
            async with client_of(server.url, behaviour, **options) as live:
                if behaviour.primed:
                    assert await CALLS[column](live) == "a"
                    await anyio.sleep(0.003)
                started = anyio.current_time()
                assert str(await outcome_of(CALLS[column], live)) == str(expected)
                if expected.outcome == "TimeoutError":
                    # Other tests have the cores too; on a machine of its own it is within some 20 ms.
                    assert anyio.current_time() - started < expected.attempts * (SHORT + 0.6), "it overran its time"
                if behaviour.answer is not None and server.received:
                    assert len(server.received) - behaviour.primed == expected.attempts
            await server.until_closed()


@pytest.mark.parametrize(
    ("row", "column", "expected"), CELLS, ids=[f"{row.fault} | {column}" for row, column, _ in CELLS]
)
async def test_the_table(row: Row, column: str, expected: Expected) -> None:
    """Each cell, on both event loops."""
    await check_cell(row, column, expected)


# What a pool that is not ours cannot keep out: what comes behind an answer is the next call's answer.
BEYOND_US = {"an answer that nobody asked for, at once", "more bytes than declared"}
FOREIGN = [cell for cell in CELLS if cell[1] in ("aws safe", "aws unsafe") and cell[0].fault not in BEYOND_US]


@pytest.mark.parametrize(
    ("row", "column", "expected"), FOREIGN, ids=[f"{row.fault} | {column}" for row, column, _ in FOREIGN]
)
async def test_the_table_over_a_users_own_client(row: Row, column: str, expected: Expected) -> None:
    """The same outcomes where an httpx client of the user's carries the calls."""
    behaviour = BEHAVIOURS[row.fault]
    answer = answering_as(behaviour, column)

    with anyio.fail_after(100):
        async with (
            server_of(behaviour, answer) as server,
            httpx.AsyncClient(verify=behaviour.trust()) as http,
            client_of(server.url, behaviour, http) as live,
        ):
            if behaviour.primed:
                assert await CALLS[column](live) == "a"
                await anyio.sleep(0.003)
            assert str(await outcome_of(CALLS[column], live)) == str(expected)


OF_AIOHTTP = {row.fault: row for row in rows_of_aiohttp()}
OVER_AIOHTTP = [
    (row, column, OF_AIOHTTP.get(row.fault, row).expected[COLUMNS.index(column)])
    for row, column, _ in CELLS
    # The others repeat as these do, whatever carries them. The second fault lasts as long as an attempt may.
    if column in ("aws safe", "signalwire unsafe")
    and row.fault not in ("more bytes than declared", "a chunk extension without end")
]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize(
    ("row", "column", "expected"), OVER_AIOHTTP, ids=[f"{row.fault} | {column}" for row, column, _ in OVER_AIOHTTP]
)
async def test_the_table_over_aiohttp(row: Row, column: str, expected: Expected) -> None:
    """The same cells, with the engine `aiohttp`."""
    await check_cell(row, column, expected, engine="aiohttp")


RECOVERABLE = [
    (row, column, expected)
    for row, column, expected in CELLS
    if expected.attempts > 1 and BEHAVIOURS[row.fault].is_plain
]


@pytest.mark.parametrize(
    ("row", "column", "expected"), RECOVERABLE, ids=[f"{row.fault} | {column}" for row, column, _ in RECOVERABLE]
)
async def test_a_fault_that_passes(row: Row, column: str, expected: Expected) -> None:
    """Where the table says that a call is tried again, a single fault costs it nothing but an attempt."""
    behaviour = BEHAVIOURS[row.fault]
    right = message(RIGHT[column])
    if "attempt_timeout" in behaviour.options:  # the answer after the fault has all the time that it may need
        behaviour = evolve(behaviour, options={**behaviour.options, "attempt_timeout": 0.1})
    bad = 1

    async def answer(request: Received, stream: anyio.abc.ByteStream) -> None:
        nonlocal bad
        assert behaviour.answer is not None
        bad, faulty = 0, bool(bad)
        await (behaviour.answer if faulty else well)(request, stream, right)

    with anyio.fail_after(100):
        async with server_of(behaviour, answer) as server, client_of(server.url, behaviour) as live:
            assert await outcome_of(CALLS[column], live) == Expected("answer", 2)
            first, second = server.received
            assert first.body == second.body


def test_the_table_is_whole() -> None:
    """Each fault that can be played has a row, each row can be played, and none is there twice."""
    assert [row.fault for row in ROWS] == list(BEHAVIOURS)
