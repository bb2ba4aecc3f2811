"""A pipeline's life on an emulator that takes its time, and the whole program on each event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import anyio
import httpx
import pytest

import roomtone
from meeting_to_stream import audio
from meeting_to_stream.audio import MediaError, active_pool, audio_stream
from roomtone.chime_sdk_meetings import Meeting
from roomtone.emulator import Emulator, ServerError, serve

pytestmark = pytest.mark.anyio

POLL = 0.005


@pytest.fixture
async def live(emulator: Emulator) -> AsyncIterator[roomtone.Client]:
    emulator.media_pipelines.transition = timedelta(milliseconds=30)
    async with (
        httpx.AsyncClient(transport=emulator.transport()) as http_client,
        roomtone.Client(emulator.aws(), http_client=http_client) as client,
    ):
        yield client


@pytest.fixture
async def meeting(live: roomtone.Client) -> Meeting:
    made = await live.chime_sdk_meetings.create_meeting(media_region="eu-central-1", external_meeting_id="standup")
    return made.meeting


@pytest.fixture
async def pool_arn(live: roomtone.Client) -> str:
    return await active_pool(live.chime_sdk_media_pipelines, "audio", region="eu-central-1", poll=POLL)


async def running(live: roomtone.Client) -> list[str]:
    """The ids of the pipelines that are neither over nor ending."""
    pipelines = live.chime_sdk_media_pipelines
    found = [
        (await pipelines.get_media_pipeline(media_pipeline_id=one.media_pipeline_id or "")).media_pipeline
        async for one in pipelines.iter_media_pipelines()
    ]
    streams = [one.media_stream_pipeline for one in found if one.media_stream_pipeline]
    return [one.media_pipeline_id for one in streams if one.status in ("Initializing", "InProgress")]


async def test_a_pool_is_made_once(live: roomtone.Client, pool_arn: str) -> None:
    """Who comes next takes the pool that is there."""
    pipelines = live.chime_sdk_media_pipelines
    assert await active_pool(pipelines, "audio", region="eu-central-1", poll=POLL) == pool_arn
    found = await pipelines.get_media_pipeline_kinesis_video_stream_pool(identifier="audio")
    assert found.kinesis_video_stream_pool_configuration.pool_status == "ACTIVE"


async def test_a_pool_that_fails(live: roomtone.Client, emulator: Emulator, pool_arn: str) -> None:
    emulator.media_pipelines.fail(pool_arn)
    with pytest.raises(MediaError, match="the pool audio is FAILED"):
        await active_pool(live.chime_sdk_media_pipelines, "audio", region="eu-central-1", poll=POLL)


async def test_a_pipeline_runs_while_the_block_does(live: roomtone.Client, meeting: Meeting, pool_arn: str) -> None:
    """It begins, is in progress in the block, stops after it and is gone; a failure that passes changes nothing."""
    pipelines, told = live.chime_sdk_media_pipelines, list[str]()
    arn = meeting.meeting_arn or ""
    async with audio_stream(pipelines, meeting_arn=arn, pool_arn=pool_arn, tell=told.append, poll=POLL) as pipeline:
        assert told == ["Initializing", "InProgress"]
        assert [source.source_arn for source in pipeline.sources or ()] == [arn]
        assert await running(live) == [pipeline.media_pipeline_id]
        assert [sink.sink_arn for sink in pipeline.sinks or ()] == [pool_arn]
    assert told == ["Initializing", "InProgress", "Stopping"]
    assert await running(live) == []


async def test_a_service_that_is_back_soon(
    live: roomtone.Client, emulator: Emulator, meeting: Meeting, pool_arn: str
) -> None:
    emulator.faults.add("chime_sdk_media_pipelines", ServerError(503))
    pipelines, told = live.chime_sdk_media_pipelines, list[str]()
    arn = meeting.meeting_arn or ""
    async with audio_stream(pipelines, meeting_arn=arn, pool_arn=pool_arn, tell=told.append, poll=POLL):
        assert told == ["Initializing", "InProgress"]


async def test_a_pipeline_that_fails(
    live: roomtone.Client, emulator: Emulator, meeting: Meeting, pool_arn: str
) -> None:
    """The block is not entered, and the pipeline does not stay behind."""
    pipelines = live.chime_sdk_media_pipelines

    async def fail() -> None:
        [pipeline] = [one async for one in pipelines.iter_media_pipelines()]
        emulator.media_pipelines.fail(pipeline.media_pipeline_id or "")

    async with anyio.create_task_group() as tasks:

        def tell(status: str) -> None:
            if status == "Initializing":
                tasks.start_soon(fail)

        arn = meeting.meeting_arn or ""
        with pytest.raises(MediaError, match="is Failed"):
            async with audio_stream(pipelines, meeting_arn=arn, pool_arn=pool_arn, tell=tell, poll=POLL):
                pytest.fail("it has failed")
    assert await running(live) == []


async def test_a_block_that_is_cancelled(live: roomtone.Client, meeting: Meeting, pool_arn: str) -> None:
    """The pipeline is stopped all the same."""
    pipelines = live.chime_sdk_media_pipelines
    with anyio.CancelScope() as scope:
        async with audio_stream(pipelines, meeting_arn=meeting.meeting_arn or "", pool_arn=pool_arn, poll=POLL):
            scope.cancel()
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert await running(live) == []


async def test_a_meeting_that_ends(live: roomtone.Client, emulator: Emulator, meeting: Meeting, pool_arn: str) -> None:
    """Its pipeline stops with it, before the block does; that is no error."""
    pipelines = live.chime_sdk_media_pipelines
    async with audio_stream(pipelines, meeting_arn=meeting.meeting_arn or "", pool_arn=pool_arn, poll=POLL):
        emulator.meetings.end(meeting.meeting_id)
        await anyio.sleep(0.05)
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
        anyio.run(audio.main, 0.01, POLL, backend=backend)
    assert capsys.readouterr().out.split() == ["Initializing", "InProgress", "Stopping"]
