"""The watching with mocks, and the dashboard as a browser sees it on an emulator."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, aclosing
from typing import Any

import anyio
import httpx
import pytest

import roomtone
from dashboard.app import Board, create_app
from dashboard.rehearsal import happen
from dashboard.watch import LONGEST_PAUSE, Row, compare, watch
from roomtone.emulator import Emulator, ServerError, serve
from roomtone.ivs import (
    AccessDeniedException,
    GetStreamSessionResponse,
    ListStreamsResponse,
    ResourceNotFoundException,
    StreamSummary,
)
from roomtone.testing import RoomtoneMock, make, throttled

pytestmark = pytest.mark.anyio

ARN = "arn:aws:ivs:eu-central-1:123456789012:channel/abcdefgh000{}"


def stream(number: int, health: str = "HEALTHY", viewers: int = 0) -> StreamSummary:
    return make(
        StreamSummary,
        channel_arn=ARN.format(number),
        stream_id=f"st-{number:023}",
        state="LIVE",
        health=health,
        viewer_count=viewers,
    )


def row(number: int, state: Any = "live", viewers: int = 0) -> Row:
    return Row(channel=ARN.format(number), stream=f"st-{number:023}", state=state, viewers=viewers)


class Pauses:
    """A sleep that takes no time and notes what it was asked for; something may happen meanwhile."""

    def __init__(self, *meanwhile: Callable[[], None]) -> None:
        self.seconds: list[float] = []
        self._meanwhile = list(meanwhile)

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        if self._meanwhile:
            self._meanwhile.pop(0)()


def test_compare() -> None:
    """Rows that are new or other are told as they are; rows that are gone are off air."""
    before = {one.channel: one for one in (row(1), row(2, viewers=7), row(3))}
    now = {one.channel: one for one in (row(1), row(2, "starving"), row(4))}
    assert compare(before, now) == [row(2, "starving"), row(4), row(3, "offline")]
    assert compare(now, now) == []


async def test_all_pages_are_looked_at(roomtone_client: roomtone.Client, roomtone_mock: RoomtoneMock) -> None:
    roomtone_mock.ivs.list_streams.pages([stream(1, viewers=3), stream(2)], [stream(3, viewers=-1)])
    async with aclosing(watch(roomtone_client.ivs)) as looks:
        assert await anext(looks) == [row(1, viewers=3), row(2), row(3)]


async def test_changes_are_told_with_their_reason(
    roomtone_client: roomtone.Client, roomtone_mock: RoomtoneMock
) -> None:
    """A stream that starves is told with the newest event of its session; a look without changes tells nothing."""
    streams, session = roomtone_mock.ivs.list_streams, roomtone_mock.ivs.get_stream_session
    events = [{"name": "Starvation Start"}, {"name": "Stream Start"}]
    session.respond(make(GetStreamSessionResponse, stream_session={"truncated_events": events}))
    streams.pages([stream(1)])
    pauses = Pauses(lambda: None, lambda: streams.pages([stream(1, "STARVING")]))
    async with aclosing(watch(roomtone_client.ivs, every=5.0, sleep=pauses)) as looks:
        assert await anext(looks) == [row(1)]
        assert await anext(looks) == []
        [starving] = await anext(looks)
    assert (starving.state, starving.event) == ("starving", "Starvation Start")
    assert session.last_request.channel_arn == ARN.format(1)
    assert pauses.seconds == [5.0, 5.0]


@pytest.mark.parametrize("problem", [ResourceNotFoundException("deleted"), throttled()])
async def test_no_reason_is_no_problem(
    roomtone_client: roomtone.Client, roomtone_mock: RoomtoneMock, problem: Any
) -> None:
    """A channel that was deleted meanwhile is off air, whatever else could be told of it."""
    streams = roomtone_mock.ivs.list_streams
    roomtone_mock.ivs.get_stream_session.script(*[problem] * 3)
    streams.pages([stream(1)])
    async with aclosing(watch(roomtone_client.ivs, sleep=Pauses(streams.pages))) as looks:
        await anext(looks)
        assert await anext(looks) == [row(1, "offline")]


async def test_throttles_make_looks_rarer(roomtone_client: roomtone.Client, roomtone_mock: RoomtoneMock) -> None:
    """Each look that fails doubles the pause, up to a minute; what was on air is not told off air meanwhile."""
    streams = roomtone_mock.ivs.list_streams
    streams.pages([stream(1)])
    pauses = Pauses(
        lambda: streams.script(*[throttled()] * 3 * 4, throttled(retry_after=90.0), *[throttled()] * 2),
        *[lambda: None] * 4,
        lambda: streams.pages([stream(1)]),
    )
    async with aclosing(watch(roomtone_client.ivs, every=5.0, sleep=pauses)) as looks:
        assert await anext(looks) == [row(1)]
        assert await anext(looks) == []
        assert await anext(looks) == []
    assert pauses.seconds == [5.0, 10.0, 20.0, 40.0, LONGEST_PAUSE, LONGEST_PAUSE, 5.0]


async def test_a_service_that_asks_for_more_time_gets_it(
    roomtone_client: roomtone.Client, roomtone_mock: RoomtoneMock
) -> None:
    streams = roomtone_mock.ivs.list_streams
    streams.script(*[throttled(retry_after=30.0)] * 3, make(ListStreamsResponse))
    pauses = Pauses()
    async with aclosing(watch(roomtone_client.ivs, every=1.0, sleep=pauses)) as looks:
        assert await anext(looks) == []
    assert pauses.seconds == [30.0]


async def test_a_failure_is_logged_and_outlived(
    roomtone_client: roomtone.Client, roomtone_mock: RoomtoneMock, caplog: pytest.LogCaptureFixture
) -> None:
    """A policy that forbids looking can be mended while the dashboard runs."""
    streams = roomtone_mock.ivs.list_streams
    streams.script(AccessDeniedException("no ivs:ListStreams"), make(ListStreamsResponse, streams=[stream(1)]))
    async with aclosing(watch(roomtone_client.ivs, sleep=Pauses())) as looks:
        assert await anext(looks) == [row(1)]
    assert "no ivs:ListStreams" in caplog.text


async def test_a_browser_that_is_too_slow_is_sent_away() -> None:
    """It gets what was kept for it, then the end, and the whole board when it comes again."""
    board = Board()
    with board.listen() as slow:
        for number in range(20):
            board.tell([row(number)])
        assert len([rows async for rows in slow]) == 16
    with board.listen() as again:
        assert len(await again.receive()) == 20


def changes(answer: httpx.Response) -> Iterator[tuple[str, int, str]]:
    """What an EventSource gets of the one channel: its state, viewers and event, whenever they change."""
    for line in answer.iter_lines():
        if line.startswith("data: ") and (rows := json.loads(line.removeprefix("data: "))):
            [row] = rows
            yield row["state"], row["viewers"], row["event"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # an old uvicorn's, of websockets
def test_what_a_browser_sees(emulator: Emulator, serve_app: Callable[[Any], AbstractContextManager[str]]) -> None:
    """On air, starving, recovered, off air; the service fails now and then. Who comes later sees how it stands."""

    async def create_channel() -> str:
        async with roomtone.Client(emulator.aws(origin)) as live:
            return (await live.ivs.create_channel(name="main-stage")).channel.arn

    with (
        serve(emulator) as origin,
        serve_app(create_app(lambda: roomtone.Client(emulator.aws(origin)), every=0.02)) as host,
        httpx.Client(base_url=f"http://{host}", timeout=5.0) as browser,
        browser.stream("GET", "/events") as answer,
    ):
        seen = changes(answer)
        channel = anyio.run(create_channel)
        emulator.ivs.go_live(channel, viewer_count=3)
        assert next(seen) == ("live", 3, "")
        emulator.faults.add("ivs.list_streams", ServerError(503))
        emulator.ivs.set_health(channel, "STARVING")
        assert next(seen) == ("starving", 3, "Starvation Start")
        emulator.ivs.set_health(channel, "HEALTHY")
        assert next(seen) == ("live", 3, "")
        emulator.ivs.set_viewer_count(channel, 5)
        assert next(seen) == ("live", 5, "")
        emulator.ivs.go_offline(channel)
        assert next(seen) == ("offline", 0, "Session Ended")
        with browser.stream("GET", "/events") as another:
            assert next(changes(another)) == ("offline", 0, "Session Ended")
        assert "EventSource" in browser.get("/").text


async def test_the_rehearsal(emulator: Emulator) -> None:
    """In an evening of 60 events each state is seen."""
    async with (
        httpx.AsyncClient(transport=emulator.transport()) as http_client,
        roomtone.Client(emulator.aws(), http_client=http_client) as live,
    ):
        channel = (await live.ivs.create_channel(name="main-stage")).channel.arn
        chance = random.Random(1)
        pauses = Pauses(*[lambda: happen(emulator, channel, chance)] * 60)
        seen: set[str] = set()
        async with aclosing(watch(live.ivs, sleep=pauses)) as looks:
            while len(pauses.seconds) < 60:
                seen |= {row.state for row in await anext(looks)}
    assert seen == {"live", "starving", "offline"}
