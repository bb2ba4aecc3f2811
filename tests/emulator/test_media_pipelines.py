"""Media stream pipelines and their pools, through the public client."""

from __future__ import annotations

import pytest

import roomtone
from roomtone.chime_sdk_media_pipelines import (
    BadRequestException,
    ConflictException,
    CreateMediaStreamPipelineResponse,
    KinesisVideoStreamConfiguration,
    KinesisVideoStreamConfigurationUpdate,
    MediaStreamSink,
    MediaStreamSource,
    NotFoundException,
)

pytestmark = pytest.mark.anyio

NOWHERE = "arn:aws:chime:eu-central-1:123456789012:meeting/00000000-0000-0000-0000-000000000000"


async def meeting_arn(live: roomtone.Client) -> str:
    made = await live.chime_sdk_meetings.create_meeting(media_region="eu-west-1", external_meeting_id="standup")
    return made.meeting.meeting_arn


async def pool_arn(live: roomtone.Client, name: str = "audio") -> str:
    made = await live.chime_sdk_media_pipelines.create_media_pipeline_kinesis_video_stream_pool(
        pool_name=name, stream_configuration=KinesisVideoStreamConfiguration(region="eu-central-1")
    )
    return made.kinesis_video_stream_pool_configuration.pool_arn


def sink(arn: str, media: str = "IndividualAudio", sink_type: str = "KinesisVideoStreamPool") -> MediaStreamSink:
    return MediaStreamSink(sink_arn=arn, sink_type=sink_type, reserved_stream_capacity=5, media_stream_type=media)


async def start(
    live: roomtone.Client, source: str, *sinks: MediaStreamSink, token: str | None = None
) -> CreateMediaStreamPipelineResponse:
    return await live.chime_sdk_media_pipelines.create_media_stream_pipeline(
        client_request_token=token,
        sources=[MediaStreamSource(source_type="ChimeSdkMeeting", source_arn=source)],
        sinks=sinks,
    )


async def test_a_pipeline_lives_as_long_as_its_meeting(live: roomtone.Client) -> None:
    """A pipeline initializes, is in progress, stops with its meeting, and is 404 once deleted."""
    pipelines = live.chime_sdk_media_pipelines
    source = await meeting_arn(live)
    made = (await start(live, source, sink(await pool_arn(live)))).media_stream_pipeline
    assert made.status == "Initializing"
    assert made.created_timestamp is not None

    async def status() -> str | None:
        found = await pipelines.get_media_pipeline(media_pipeline_id=made.media_pipeline_id)
        assert found.media_pipeline.media_stream_pipeline is not None
        return found.media_pipeline.media_stream_pipeline.status

    assert await status() == "InProgress"
    await live.chime_sdk_meetings.delete_meeting(meeting_id=source.rpartition("/")[2])
    assert await status() == "Stopped"
    await pipelines.delete_media_pipeline(media_pipeline_id=made.media_pipeline_id)
    with pytest.raises(NotFoundException):
        await status()


async def test_a_pipeline_needs_its_ends(live: roomtone.Client) -> None:
    """The source must be a known meeting and the sinks known pools, one for each kind of stream."""
    source, pool = await meeting_arn(live), await pool_arn(live)
    with pytest.raises(NotFoundException, match="sources"):
        await start(live, NOWHERE, sink(pool))
    with pytest.raises(NotFoundException, match="sinks"):
        await start(live, source, sink(NOWHERE))
    with pytest.raises(BadRequestException, match="sinks"):
        await start(live, source, sink(pool), sink(pool))
    with pytest.raises(BadRequestException, match="sink type"):
        await start(live, source, sink(pool, sink_type="Bucket"))
    with pytest.raises(BadRequestException, match="sinks"):
        await start(live, source)
    with pytest.raises(BadRequestException, match="source type"):
        await live.chime_sdk_media_pipelines.create_media_stream_pipeline(
            sources=[MediaStreamSource(source_type="Radio", source_arn=source)], sinks=[sink(pool)]
        )
    both = await start(live, source, sink(pool), sink(pool, "MixedAudio"))
    assert len(both.media_stream_pipeline.sinks or ()) == 2


async def test_a_token_makes_one_pipeline(live: roomtone.Client) -> None:
    """The same token gives the same pipeline; other parameters with it are refused."""
    source, pool = await meeting_arn(live), await pool_arn(live)
    first = await start(live, source, sink(pool), token="token-1")
    assert await start(live, source, sink(pool), token="token-1") == first
    with pytest.raises(BadRequestException, match="token"):
        await start(live, source, sink(pool, "MixedAudio"), token="token-1")
    await live.chime_sdk_media_pipelines.delete_media_pipeline(
        media_pipeline_id=first.media_stream_pipeline.media_pipeline_id
    )
    assert await start(live, source, sink(pool), token="token-1") != first


async def test_pipelines_in_pages(live: roomtone.Client) -> None:
    """Lists go in pages and hold what was made in the call's region."""
    pipelines = live.chime_sdk_media_pipelines
    source, pool = await meeting_arn(live), await pool_arn(live)
    made = [(await start(live, source, sink(pool))).media_stream_pipeline for _ in range(3)]
    listed = [one.media_pipeline_arn async for one in pipelines.iter_media_pipelines(max_results=2)]
    assert listed == [one.media_pipeline_arn for one in made]
    assert (await pipelines.with_options(region="us-east-1").list_media_pipelines()).media_pipelines == []


async def test_pools(live: roomtone.Client) -> None:
    """A pool is found by ARN, id and name, is changed, listed, kept while it is used, and then deleted."""
    pipelines = live.chime_sdk_media_pipelines
    arn = await pool_arn(live)
    with pytest.raises(ConflictException):
        await pool_arn(live)
    with pytest.raises(BadRequestException, match="pool_name must fit"):
        await pool_arn(live, "audio/2")
    await pool_arn(live, "video")

    async def get(identifier: str) -> object:
        found = await pipelines.get_media_pipeline_kinesis_video_stream_pool(identifier=identifier)
        return found.kinesis_video_stream_pool_configuration

    pool = (
        await pipelines.get_media_pipeline_kinesis_video_stream_pool(identifier=arn)
    ).kinesis_video_stream_pool_configuration
    assert pool.pool_status == "ACTIVE"
    assert await get(pool.pool_id) == await get("audio") == pool

    await pipelines.update_media_pipeline_kinesis_video_stream_pool(
        identifier=arn, stream_configuration=KinesisVideoStreamConfigurationUpdate(data_retention_in_hours=48)
    )
    await pipelines.update_media_pipeline_kinesis_video_stream_pool(identifier=arn)
    changed = await pipelines.get_media_pipeline_kinesis_video_stream_pool(identifier=arn)
    configuration = changed.kinesis_video_stream_pool_configuration.stream_configuration
    assert configuration == KinesisVideoStreamConfiguration(region="eu-central-1", data_retention_in_hours=48)
    assert [one.pool_name async for one in pipelines.iter_media_pipeline_kinesis_video_stream_pools(max_results=1)] == [
        "audio",
        "video",
    ]

    used = (await start(live, await meeting_arn(live), sink(arn))).media_stream_pipeline
    with pytest.raises(ConflictException):
        await pipelines.delete_media_pipeline_kinesis_video_stream_pool(identifier=arn)
    await pipelines.delete_media_pipeline(media_pipeline_id=used.media_pipeline_id)
    await pipelines.delete_media_pipeline_kinesis_video_stream_pool(identifier="audio")
    with pytest.raises(NotFoundException):
        await get(arn)
