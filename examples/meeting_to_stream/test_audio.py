"""A pipeline's life on an emulator that takes its time, and the whole program on each event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

import anyio
import httpx
import pytest

import roomtone
from meeting_to_stream.audio import MediaError, active_pool, audio_stream, main
from roomtone import errors
from roomtone.emulator import Emulator, ServerError, serve

pytestmark = pytest.mark.anyio

POLL = 0.005
MINUTE = timedelta(minutes=1)


class Told(list[str]):
    """The statuses that a pipeline had. Once one is told, the emulator's time moves on, so that it is over."""

    def __init__(self, emulator: Emulator) -> None:
        super().__init__()
        self._emulator = emulator

    def __call__(self, status: str) -> None:
        self.append(status)
        self._emulator.clock.advance(MINUTE)


@pytest.fixture
def told(emulator: Emulator) -> Told:
    return Told(emulator)


@pytest.fixture
async def live(emulator: Emulator) -> AsyncIterator[roomtone.Client]:
    async with (
        httpx.AsyncClient(transport=emulator.transport()) as http_client,
        roomtone.Client(emulator.aws(), http_client=http_client) as client,
    ):
        yield client


@pytest.fixture
async def meeting_arn(live: roomtone.Client) -> str:
    made = await live.chime_sdk_meetings.create_meeting(media_region="eu-central-1", external_meeting_id="standup")
    return made.meeting.meeting_arn or ""


@pytest.fixture
async def pool_arn(live: roomtone.Client, emulator: Emulator) -> str:
    """The pool takes 30 ms until it is active; pipelines, from now on, a minute for each step."""
    emulator.media_pipelines.transition = timedelta(milliseconds=30)
    arn = await active_pool(live.chime_sdk_media_pipelines, "audio", region="eu-central-1", poll=POLL)
    emulator.media_pipelines.transition = MINUTE
    return arn


async def running(live: roomtone.Client) -> list[str]:
    """The ids of the pipelines that are neither over nor ending."""
    ids: list[str] = []
    async for one in live.chime_sdk_media_pipelines.iter_media_pipelines():
        with suppress(errors.NotFoundError):
            pipeline_id = one.media_pipeline_id or ""
            found = await live.chime_sdk_media_pipelines.get_media_pipeline(media_pipeline_id=pipeline_id)
            pipeline = found.media_pipeline.media_stream_pipeline
            if pipeline and pipeline.status in ("Initializing", "InProgress"):
                ids.append(pipeline_id)
    return ids


async def test_a_pool_is_made_once(live: roomtone.Client, pool_arn: str) -> None:
    """Who comes next takes the pool that is there."""
    pipelines = live.chime_sdk_media_pipelines
    assert await active_pool(pipelines, "audio", region="eu-central-1", poll=POLL) == pool_arn
    assert [one.pool_arn async for one in pipelines.iter_media_pipeline_kinesis_video_stream_pools()] == [pool_arn]


async def test_a_pool_that_fails(live: roomtone.Client, emulator: Emulator, pool_arn: str) -> None:
    emulator.media_pipelines.fail(pool_arn)
    with pytest.raises(MediaError, match="the pool audio is FAILED"):
        await active_pool(live.chime_sdk_media_pipelines, "audio", region="eu-central-1", poll=POLL)


async def test_a_pipeline_runs_while_the_block_does(
    live: roomtone.Client, meeting_arn: str, pool_arn: str, told: Told
) -> None:
    """It begins, is in progress in the block, stops after it, and is gone."""
    pipelines = live.chime_sdk_media_pipelines
    async with audio_stream(pipelines, meeting_arn=meeting_arn, pool_arn=pool_arn, tell=told, poll=POLL) as pipeline:
        assert told == ["Initializing", "InProgress"]
        assert await running(live) == [pipeline.media_pipeline_id]
        assert [source.source_arn for source in pipeline.sources or ()] == [meeting_arn]
        assert [sink.sink_arn for sink in pipeline.sinks or ()] == [pool_arn]
    assert told == ["Initializing", "InProgress", "Stopping"]
    assert [one async for one in pipelines.iter_media_pipelines()] == []


async def test_a_service_that_is_back_soon(
    live: roomtone.Client, emulator: Emulator, meeting_arn: str, pool_arn: str, told: Told
) -> None:
    """What the client repeats by itself is not noticed."""
    emulator.faults.add("chime_sdk_media_pipelines", ServerError(503))
    pipelines = live.chime_sdk_media_pipelines
    async with audio_stream(pipelines, meeting_arn=meeting_arn, pool_arn=pool_arn, tell=told, poll=POLL):
        assert told == ["Initializing", "InProgress"]


async def test_a_pipeline_that_fails(
    live: roomtone.Client, emulator: Emulator, meeting_arn: str, pool_arn: str
) -> None:
    """The block is not entered, and the pipeline does not stay behind."""
    pipelines = live.chime_sdk_media_pipelines

    async def fail() -> None:
        [pipeline_id] = await running(live)
        emulator.media_pipelines.fail(pipeline_id)

    async with anyio.create_task_group() as tasks:

        def tell(status: str) -> None:
            if status == "Initializing":
                tasks.start_soon(fail)

        with pytest.raises(MediaError, match="is Failed"):
            async with audio_stream(pipelines, meeting_arn=meeting_arn, pool_arn=pool_arn, tell=tell, poll=POLL):
                pytest.fail("it has failed")
    assert await running(live) == []


async def test_a_block_that_is_cancelled(live: roomtone.Client, meeting_arn: str, pool_arn: str, told: Told) -> None:
    """The pipeline is stopped all the same."""
    pipelines = live.chime_sdk_media_pipelines
    with anyio.CancelScope() as scope:
        async with audio_stream(pipelines, meeting_arn=meeting_arn, pool_arn=pool_arn, tell=told, poll=POLL):
            scope.cancel()
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert told == ["Initializing", "InProgress", "Stopping"]
    assert await running(live) == []


async def test_a_meeting_that_ends(
    live: roomtone.Client, emulator: Emulator, meeting_arn: str, pool_arn: str, told: Told
) -> None:
    """Its pipeline stops with it, before the block does; that is no error."""
    pipelines = live.chime_sdk_media_pipelines
    async with audio_stream(pipelines, meeting_arn=meeting_arn, pool_arn=pool_arn, tell=told, poll=POLL):
        emulator.meetings.end(meeting_arn.rpartition("/")[2])
    assert await running(live) == []


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_program(
    emulator: Emulator, backend: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it is run from the command line, over real sockets, with what the environment says."""
    emulator.media_pipelines.transition = timedelta(milliseconds=30)
    with serve(emulator) as origin:
        for name, value in emulator.environment(origin).items():
            monkeypatch.setenv(name, value)
        anyio.run(main, 0.01, POLL, backend=backend)
    assert capsys.readouterr().out.split()[:2] == ["Initializing", "InProgress"]  # and, unless it is quick, Stopping
