"""The audio of a meeting goes into Kinesis video streams for as long as a block runs. On asyncio and on trio.

`python -m meeting_to_stream.audio --backend trio` opens a meeting and does so for a few seconds.
"""

from __future__ import annotations

import argparse
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress

import anyio

import roomtone
from roomtone import errors
from roomtone.chime_sdk_media_pipelines import (
    ChimeSDKMediaPipelinesClient,
    KinesisVideoStreamConfiguration,
    MediaStreamPipeline,
    MediaStreamSink,
    MediaStreamSource,
)

POLL = 1.0
"""Seconds between two looks at a status that has to change."""
STOPPING = 30.0
"""Seconds that a pipeline has to stop."""


class MediaError(Exception):
    """A pool or a pipeline has come to another status than the one that was waited for."""


async def active_pool(pipelines: ChimeSDKMediaPipelinesClient, name: str, *, region: str, poll: float = POLL) -> str:
    """The ARN of the active pool of this name; it is made when there is none, and stays for the next meeting."""
    with suppress(errors.ConflictError):  # it is there already
        await pipelines.create_media_pipeline_kinesis_video_stream_pool(
            pool_name=name, stream_configuration=KinesisVideoStreamConfiguration(region=region)
        )
    while True:
        found = await pipelines.get_media_pipeline_kinesis_video_stream_pool(identifier=name)
        pool = found.kinesis_video_stream_pool_configuration
        if pool.pool_status == "ACTIVE":
            return pool.pool_arn
        if pool.pool_status not in ("CREATING", "UPDATING"):
            raise MediaError(f"the pool {name} is {pool.pool_status}")
        await anyio.sleep(poll)


@asynccontextmanager
async def audio_stream(
    pipelines: ChimeSDKMediaPipelinesClient,
    *,
    meeting_arn: str,
    pool_arn: str,
    tell: Callable[[str], object] = print,
    poll: float = POLL,
) -> AsyncGenerator[MediaStreamPipeline]:
    """A stream for each attendee's audio, from when the pipeline is in progress until the block ends or is cancelled.

    Raises:
        MediaError: The pipeline failed, or stopped with its meeting, before it was in progress.
    """
    made = await pipelines.create_media_stream_pipeline(
        sources=[MediaStreamSource(source_type="ChimeSdkMeeting", source_arn=meeting_arn)],
        sinks=[
            MediaStreamSink(
                sink_arn=pool_arn,
                sink_type="KinesisVideoStreamPool",
                reserved_stream_capacity=10,  # attendees at a time
                media_stream_type="IndividualAudio",
            )
        ],
    )
    pipeline = made.media_stream_pipeline
    try:
        tell(pipeline.status or "")
        while pipeline.status == "Initializing":
            await anyio.sleep(poll)
            pipeline = await look(pipelines, pipeline, tell)
        if pipeline.status != "InProgress":
            raise MediaError(f"the pipeline {pipeline.media_pipeline_id} is {pipeline.status}")
        yield pipeline
    finally:
        # A pipeline that is left behind costs money until its meeting ends, so this is done when cancelled too.
        with anyio.move_on_after(STOPPING, shield=True), suppress(errors.NotFoundError):
            await pipelines.delete_media_pipeline(media_pipeline_id=pipeline.media_pipeline_id)
            while pipeline.status not in ("Stopped", "Failed"):
                await anyio.sleep(poll)
                pipeline = await look(pipelines, pipeline, tell)


async def look(
    pipelines: ChimeSDKMediaPipelinesClient, before: MediaStreamPipeline, tell: Callable[[str], object]
) -> MediaStreamPipeline:
    """The pipeline as it is now; a status that is new is told."""
    answer = await pipelines.get_media_pipeline(media_pipeline_id=before.media_pipeline_id)
    now = answer.media_pipeline.media_stream_pipeline or before
    if now.status != before.status:
        tell(now.status or "")
    return now


async def main(seconds: float, poll: float = POLL) -> None:
    async with roomtone.Client() as live:
        chime, pipelines = live.chime_sdk_meetings, live.chime_sdk_media_pipelines
        pool_arn = await active_pool(pipelines, "audio", region="eu-central-1", poll=poll)
        made = await chime.create_meeting(media_region="eu-central-1", external_meeting_id="standup")
        meeting = made.meeting
        try:
            async with audio_stream(pipelines, meeting_arn=meeting.meeting_arn or "", pool_arn=pool_arn, poll=poll):
                await anyio.sleep(seconds)  # here the meeting goes on
        finally:
            with anyio.move_on_after(STOPPING, shield=True):
                await chime.delete_meeting(meeting_id=meeting.meeting_id)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Streams a meeting's audio to Kinesis Video Streams.")
    parser.add_argument("--backend", choices=["asyncio", "trio"], default="asyncio")
    parser.add_argument("--seconds", type=float, default=3.0)
    arguments = parser.parse_args()
    anyio.run(main, arguments.seconds, backend=arguments.backend)
