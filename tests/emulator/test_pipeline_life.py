"""How media pipelines of every kind begin, go on and end, by the emulator's clock and by its commands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

import roomtone
from roomtone.chime_sdk_media_pipelines import (
    ArtifactsConcatenationConfiguration,
    AudioConcatenationConfiguration,
    BadRequestException,
    ChimeSdkMeetingConcatenationConfiguration,
    ChimeSdkMeetingLiveConnectorConfiguration,
    CompositedVideoConcatenationConfiguration,
    ConcatenationSink,
    ConcatenationSource,
    ConflictException,
    ContentConcatenationConfiguration,
    DataChannelConcatenationConfiguration,
    KinesisVideoStreamConfiguration,
    LiveConnectorRTMPConfiguration,
    LiveConnectorSinkConfiguration,
    LiveConnectorSourceConfiguration,
    MediaCapturePipeline,
    MediaCapturePipelineSourceConfiguration,
    MediaConcatenationPipeline,
    MediaLiveConnectorPipeline,
    MeetingEventsConcatenationConfiguration,
    NotFoundException,
    ResourceLimitExceededException,
    S3BucketSinkConfiguration,
    Tag,
    TranscriptionMessagesConcatenationConfiguration,
    VideoConcatenationConfiguration,
)
from roomtone.emulator import Emulator

pytestmark = pytest.mark.anyio

BUCKET = "arn:aws:s3:::recordings"
TEN_SECONDS = timedelta(seconds=10)
NOON = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)

EVERYTHING = ArtifactsConcatenationConfiguration(
    audio=AudioConcatenationConfiguration(state="Enabled"),
    video=VideoConcatenationConfiguration(state="Enabled"),
    content=ContentConcatenationConfiguration(state="Enabled"),
    data_channel=DataChannelConcatenationConfiguration(state="Enabled"),
    transcription_messages=TranscriptionMessagesConcatenationConfiguration(state="Enabled"),
    meeting_events=MeetingEventsConcatenationConfiguration(state="Enabled"),
    composited_video=CompositedVideoConcatenationConfiguration(state="Enabled"),
)


async def meeting_arn(live: roomtone.Client) -> str:
    made = await live.chime_sdk_meetings.create_meeting(media_region="eu-west-1", external_meeting_id="standup")
    return made.meeting.meeting_arn


async def capture(live: roomtone.Client, source: str, **more: Any) -> MediaCapturePipeline:
    given = {"source_type": "ChimeSdkMeeting", "sink_type": "S3Bucket", "sink_arn": BUCKET, **more}
    made = await live.chime_sdk_media_pipelines.create_media_capture_pipeline(source_arn=source, **given)
    return made.media_capture_pipeline


async def concatenate(
    live: roomtone.Client, source: str, *, kind: str = "MediaCapturePipeline", destination: str = BUCKET
) -> MediaConcatenationPipeline:
    made = await live.chime_sdk_media_pipelines.create_media_concatenation_pipeline(
        sources=[
            ConcatenationSource(
                type=kind,
                media_capture_pipeline_source_configuration=MediaCapturePipelineSourceConfiguration(
                    media_pipeline_arn=source,
                    chime_sdk_meeting_configuration=ChimeSdkMeetingConcatenationConfiguration(
                        artifacts_configuration=EVERYTHING
                    ),
                ),
            )
        ],
        sinks=[
            ConcatenationSink(
                type="S3Bucket", s3_bucket_sink_configuration=S3BucketSinkConfiguration(destination=destination)
            )
        ],
    )
    return made.media_concatenation_pipeline


async def connect(
    live: roomtone.Client, source: str, *, url: str = "rtmps://live.example/app/key"
) -> MediaLiveConnectorPipeline:
    made = await live.chime_sdk_media_pipelines.create_media_live_connector_pipeline(
        sources=[
            LiveConnectorSourceConfiguration(
                source_type="ChimeSdkMeeting",
                chime_sdk_meeting_live_connector_configuration=ChimeSdkMeetingLiveConnectorConfiguration(
                    arn=source, mux_type="AudioWithActiveSpeakerVideo"
                ),
            )
        ],
        sinks=[
            LiveConnectorSinkConfiguration(sink_type="RTMP", rtmp_configuration=LiveConnectorRTMPConfiguration(url=url))
        ],
    )
    return made.media_live_connector_pipeline


async def told(live: roomtone.Client, pipeline_id: str) -> Any:
    """The one kind of pipeline that an answer holds."""
    found = (await live.chime_sdk_media_pipelines.get_media_pipeline(media_pipeline_id=pipeline_id)).media_pipeline
    [pipeline] = [value for name in found.__slots__ if (value := getattr(found, name, None)) is not None]
    return pipeline


async def status(live: roomtone.Client, pipeline_id: str) -> str | None:
    return str((await told(live, pipeline_id)).status)


async def end_meeting(live: roomtone.Client, arn: str) -> None:
    await live.chime_sdk_meetings.delete_meeting(meeting_id=arn.rpartition("/")[2])


async def test_every_kind_is_told_as_it_was_made(live: roomtone.Client) -> None:
    """A pipeline is found under its own kind, with all it was made with, and is in progress from the first look."""
    source = await meeting_arn(live)
    captured = await capture(live, source, sink_iam_role_arn="arn:aws:iam::123456789012:role/write")
    for made in (captured, await concatenate(live, captured.media_pipeline_arn), await connect(live, source)):
        found = await told(live, made.media_pipeline_id)
        assert type(found) is type(made)
        assert made.status == "Initializing"
        assert found.status == ("Initializing" if isinstance(made, MediaConcatenationPipeline) else "InProgress")
        made.status = found.status
        assert found == made
    by_kind = await live.chime_sdk_media_pipelines.get_media_capture_pipeline(
        media_pipeline_id=captured.media_pipeline_id.upper()
    )
    assert by_kind.media_capture_pipeline == captured


async def test_a_transition_takes_its_time(emulator: Emulator, live: roomtone.Client) -> None:
    """With a transition each passing status lasts until the clock has moved on; `updated` is when it changed."""
    emulator.clock.stop()
    emulator.clock.set(NOON)
    emulator.media_pipelines.transition = TEN_SECONDS
    source = await meeting_arn(live)
    pipeline_id = (await capture(live, source)).media_pipeline_id
    assert await status(live, pipeline_id) == "Initializing"
    emulator.clock.advance(timedelta(seconds=9))
    assert await status(live, pipeline_id) == "Initializing"
    emulator.clock.advance(timedelta(seconds=6))
    running = await told(live, pipeline_id)
    assert (running.status, running.updated_timestamp) == ("InProgress", NOON + TEN_SECONDS)
    await end_meeting(live, source)
    emulator.clock.advance(timedelta(seconds=9))
    assert await status(live, pipeline_id) == "Stopping"
    emulator.clock.advance(timedelta(seconds=1))
    stopped = await told(live, pipeline_id)
    assert (stopped.status, stopped.updated_timestamp) == ("Stopped", NOON + timedelta(seconds=25))
    assert stopped.created_timestamp == NOON


async def test_a_deleted_pipeline_is_stopping_for_its_transition(emulator: Emulator, live: roomtone.Client) -> None:
    """It is listed and told while it stops, then it is gone; deleting it again meanwhile changes nothing."""
    emulator.clock.stop()
    pipelines = live.chime_sdk_media_pipelines
    source = await meeting_arn(live)
    pipeline_id = (await connect(live, source)).media_pipeline_id
    emulator.media_pipelines.transition = TEN_SECONDS
    await pipelines.delete_media_pipeline(media_pipeline_id=pipeline_id)
    emulator.clock.advance(timedelta(seconds=5))
    await pipelines.delete_media_pipeline(media_pipeline_id=pipeline_id)
    assert await status(live, pipeline_id) == "Stopping"
    assert len((await pipelines.list_media_pipelines()).media_pipelines) == 1
    emulator.clock.advance(timedelta(seconds=5))
    assert (await pipelines.list_media_pipelines()).media_pipelines == []
    for _ in range(2):
        with pytest.raises(NotFoundException):
            await status(live, pipeline_id)


async def test_a_pool_has_its_transitions(emulator: Emulator, live: roomtone.Client) -> None:
    """A pool is created, changed and deleted in its time; meanwhile it cannot be changed, and its name is taken."""
    emulator.clock.stop()
    emulator.media_pipelines.transition = TEN_SECONDS
    pipelines = live.chime_sdk_media_pipelines

    async def create() -> str | None:
        made = await pipelines.create_media_pipeline_kinesis_video_stream_pool(
            pool_name="audio", stream_configuration=KinesisVideoStreamConfiguration(region="eu-central-1")
        )
        return made.kinesis_video_stream_pool_configuration.pool_status

    async def pool_status() -> str | None:
        found = await pipelines.get_media_pipeline_kinesis_video_stream_pool(identifier="audio")
        return found.kinesis_video_stream_pool_configuration.pool_status

    assert await create() == await pool_status() == "CREATING"
    with pytest.raises(ConflictException, match="CREATING"):
        await pipelines.update_media_pipeline_kinesis_video_stream_pool(identifier="audio")
    emulator.clock.advance(TEN_SECONDS)
    await pipelines.update_media_pipeline_kinesis_video_stream_pool(identifier="audio")
    assert await pool_status() == "UPDATING"
    emulator.clock.advance(TEN_SECONDS)
    assert await pool_status() == "ACTIVE"
    await pipelines.delete_media_pipeline_kinesis_video_stream_pool(identifier="audio")
    assert await pool_status() == "DELETING"
    with pytest.raises(ConflictException):
        await create()
    emulator.clock.advance(TEN_SECONDS)
    assert (await pipelines.list_media_pipeline_kinesis_video_stream_pools()).kinesis_video_stream_pools == []
    with pytest.raises(NotFoundException):
        await pool_status()
    assert await create() == "CREATING"


async def test_a_concatenation_waits_for_its_capture(emulator: Emulator, live: roomtone.Client) -> None:
    """It begins when the capture has ended, whichever way that came about, and ends when all is written."""
    source = await meeting_arn(live)
    pipelines = live.chime_sdk_media_pipelines
    first = await capture(live, source)
    waiting = (await concatenate(live, first.media_pipeline_arn)).media_pipeline_id
    for _ in range(2):
        assert await status(live, waiting) == "Initializing"
    await pipelines.delete_media_capture_pipeline(media_pipeline_id=first.media_pipeline_id)
    assert await status(live, waiting) == "InProgress"
    emulator.media_pipelines.stop(waiting)
    assert await status(live, waiting) == "Stopped"

    later = (await concatenate(live, first.media_pipeline_arn)).media_pipeline_id
    assert await status(live, later) == "InProgress"

    second = await capture(live, source)
    behind = (await concatenate(live, second.media_pipeline_arn)).media_pipeline_id
    await end_meeting(live, source)
    assert await status(live, behind) == "InProgress"


async def test_a_concatenation_begins_when_the_capture_ended(emulator: Emulator, live: roomtone.Client) -> None:
    """Its own start takes a transition from then on."""
    emulator.clock.stop()
    source = await meeting_arn(live)
    captured = await capture(live, source)
    waiting = (await concatenate(live, captured.media_pipeline_arn)).media_pipeline_id
    emulator.clock.advance(timedelta(minutes=5))
    emulator.media_pipelines.transition = TEN_SECONDS
    await end_meeting(live, source)
    emulator.clock.advance(TEN_SECONDS)
    assert await status(live, waiting) == "Initializing"
    emulator.clock.advance(TEN_SECONDS)
    assert await status(live, waiting) == "InProgress"


async def test_what_fails_stays_failed(emulator: Emulator, live: roomtone.Client) -> None:
    """A command lets a pipeline or a pool fail; that is an end, after which nothing more happens to it."""
    source = await meeting_arn(live)
    made = await capture(live, source)
    emulator.media_pipelines.fail(made.media_pipeline_arn)
    await end_meeting(live, source)
    assert await status(live, made.media_pipeline_id) == "Failed"
    for command in (emulator.media_pipelines.fail, emulator.media_pipelines.stop):
        with pytest.raises(ConflictException, match="Failed"):
            command(made.media_pipeline_id)
        with pytest.raises(NotFoundException):
            command("nothing")
    pipelines = live.chime_sdk_media_pipelines
    for name in ("video", "audio"):
        created = await pipelines.create_media_pipeline_kinesis_video_stream_pool(
            pool_name=name, stream_configuration=KinesisVideoStreamConfiguration(region="eu-central-1")
        )
    pool = created.kinesis_video_stream_pool_configuration
    with pytest.raises(NotFoundException, match="pool"):
        emulator.media_pipelines.stop(pool.pool_id)
    emulator.media_pipelines.fail(pool.pool_id)
    found = await pipelines.get_media_pipeline_kinesis_video_stream_pool(identifier="audio")
    assert found.kinesis_video_stream_pool_configuration.pool_status == "FAILED"
    with pytest.raises(ValueError, match="less than no time"):
        emulator.media_pipelines.transition = -TEN_SECONDS
    assert emulator.media_pipelines.transition == timedelta()


async def test_a_meeting_has_one_of_a_kind(emulator: Emulator, live: roomtone.Client) -> None:
    """One capture and one live connector at a time; the next is let in when the last has ended. An old ARN is fine."""
    source = await meeting_arn(live)
    meeting_id = source.rpartition("/")[2]
    for begin in (capture, connect):
        first = await begin(live, source)
        for arn in (source, f"arn:aws:chime::123456789012:meeting:{meeting_id}"):
            with pytest.raises(ResourceLimitExceededException):
                await begin(live, arn)
        emulator.media_pipelines.fail(first.media_pipeline_id)
        await begin(live, f"arn:aws:chime::123456789012:meeting:{meeting_id}")


async def test_a_token_makes_one_of_each(live: roomtone.Client) -> None:
    """The same token gives the same pipeline until that is deleted; other parameters with it are refused."""
    source = await meeting_arn(live)
    first = await capture(live, source, client_request_token="token-1")
    assert await capture(live, source, client_request_token="token-1") == first
    with pytest.raises(BadRequestException, match="token"):
        await capture(live, source, client_request_token="token-1", sink_arn=f"{BUCKET}-2")
    await live.chime_sdk_media_pipelines.delete_media_capture_pipeline(media_pipeline_id=first.media_pipeline_id)
    again = await capture(live, source, client_request_token="token-1")
    assert again.media_pipeline_id != first.media_pipeline_id


async def test_what_cannot_begin(live: roomtone.Client) -> None:
    """Sources and sinks must be of the right kind and exist; what is refused leaves nothing behind."""
    source = await meeting_arn(live)
    nowhere = source.replace(source[-4:], "0000")
    connector = await connect(live, source)
    refused: dict[str, Callable[[], Any]] = {
        "no meeting": lambda: capture(live, nowhere),
        "source_arn must fit": lambda: capture(live, "the standup"),
        "source type": lambda: capture(live, source, source_type="Radio"),
        "S3Bucket": lambda: capture(live, source, sink_type="Tape"),
        "bucket": lambda: capture(live, source, sink_arn="arn:aws:sqs:::x"),
        "tags": lambda: capture(live, source, tags=[Tag(key=f"k{number}", value="") for number in range(201)]),
        "no media capture pipeline": lambda: concatenate(live, connector.media_pipeline_arn),
        "type must be MediaCapturePipeline": lambda: concatenate(live, source, kind="Film"),
        "rtmp": lambda: connect(live, source, url="https://live.example"),
    }
    for reason, begin in refused.items():
        with pytest.raises(BadRequestException, match=reason):
            await begin()
    with pytest.raises(BadRequestException, match="bucket"):
        await concatenate(live, (await capture(live, source)).media_pipeline_arn, destination="arn:aws:sqs:::x")
    assert len((await live.chime_sdk_media_pipelines.list_media_pipelines()).media_pipelines) == 2
    with pytest.raises(NotFoundException, match="capture"):
        await live.chime_sdk_media_pipelines.get_media_capture_pipeline(media_pipeline_id=connector.media_pipeline_id)


async def test_captures_in_pages(live: roomtone.Client) -> None:
    """Their own list holds captures alone, in pages, of the region that is called."""
    made = [await capture(live, await meeting_arn(live)) for _ in range(3)]
    await connect(live, await meeting_arn(live))
    pipelines = live.chime_sdk_media_pipelines
    listed = [one.media_pipeline_arn async for one in pipelines.iter_media_capture_pipelines(max_results=2)]
    assert listed == [one.media_pipeline_arn for one in made]
    elsewhere = await pipelines.with_options(region="us-east-1").list_media_capture_pipelines()
    assert elsewhere.media_capture_pipelines == []


async def test_tags(live: roomtone.Client) -> None:
    """Tags come with a pipeline or a pool, are added, replaced and taken away, and go with it."""
    pipelines = live.chime_sdk_media_pipelines
    made = await capture(live, await meeting_arn(live), tags=[Tag(key="team", value="video")])
    pool = await pipelines.create_media_pipeline_kinesis_video_stream_pool(
        pool_name="audio",
        stream_configuration=KinesisVideoStreamConfiguration(region="eu-central-1"),
        tags=[Tag(key="team", value="video")],
    )
    for arn in (made.media_pipeline_arn, pool.kinesis_video_stream_pool_configuration.pool_arn):
        await pipelines.tag_resource(resource_arn=arn, tags=[Tag(key="team", value="audio"), Tag(key="x", value="")])
        await pipelines.untag_resource(resource_arn=arn, tag_keys=["x", "never"])
        listed = await pipelines.list_tags_for_resource(resource_arn=arn)
        assert listed.tags == [Tag(key="team", value="audio")]
        with pytest.raises(BadRequestException, match="at most 200"):
            await pipelines.tag_resource(
                resource_arn=arn, tags=[Tag(key=f"k{number}", value="") for number in range(200)]
            )
        with pytest.raises(NotFoundException):
            await pipelines.list_tags_for_resource(resource_arn=arn.replace("123456789012", "210987654321"))
    await pipelines.delete_media_pipeline(media_pipeline_id=made.media_pipeline_id)
    with pytest.raises(NotFoundException):
        await pipelines.list_tags_for_resource(resource_arn=made.media_pipeline_arn)
