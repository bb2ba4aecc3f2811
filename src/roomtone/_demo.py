"""The demo: one way through all three providers. Knows the public client; what it tells goes to `say`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from attrs import frozen

from roomtone import errors
from roomtone.chime_sdk_media_pipelines import (
    KinesisVideoStreamConfiguration,
    MediaStreamPipeline,
    MediaStreamSink,
    MediaStreamSource,
)
from roomtone.chime_sdk_meetings import CreateAttendeeRequestItem, Meeting
from roomtone.client import Client
from roomtone.ivs import StreamSession

__all__ = ["Stage", "look", "perform"]

Say: TypeAlias = Callable[[str, str], None]
"""Takes a label and what is to be told under it; an empty text makes the label a heading."""

PEOPLE = ("ana", "bo", "cy", "dee", "eli")
PAGE = 2
MEDIA_URL = "wss://media.example/ws"


@frozen(kw_only=True)
class Stage:
    """What happens outside the API in the demo: somebody goes on air, people meet in a conference."""

    go_live: Callable[[str], object]
    begin_conference: Callable[[], str]


async def perform(live: Client, stage: Stage, say: Say) -> None:
    """Creates, reads, streams and stops; catches one documented error of each provider by its meaning."""
    await _chime(live, say)
    await _ivs(live, stage, say)
    await _signalwire(live, stage, say)


async def _chime(live: Client, say: Say) -> None:
    say("Amazon Chime SDK", "")
    meetings, pipelines = live.chime_sdk_meetings, live.chime_sdk_media_pipelines
    made = await meetings.create_meeting_with_attendees(
        media_region="eu-central-1",
        external_meeting_id="standup-42",
        attendees=[CreateAttendeeRequestItem(external_user_id=person) for person in PEOPLE],
    )
    meeting = made.meeting
    say("meeting", f"{meeting.external_meeting_id} in {meeting.media_region}, id {meeting.meeting_id}")

    paged = meetings.iter_attendees(meeting_id=meeting.meeting_id, max_results=PAGE)
    pages = [[attendee.external_user_id or "?" for attendee in page.attendees] async for page in paged.pages()]
    say("attendees", f"{' | '.join(', '.join(page) for page in pages)}  ({sum(map(len, pages))} on {len(pages)} pages)")

    created = await pipelines.create_media_pipeline_kinesis_video_stream_pool(
        pool_name="standup-audio", stream_configuration=KinesisVideoStreamConfiguration(region="eu-central-1")
    )
    pool = created.kinesis_video_stream_pool_configuration
    started = await pipelines.create_media_stream_pipeline(
        sources=[_meeting_source(meeting)],
        sinks=[
            MediaStreamSink(
                sink_arn=pool.pool_arn,
                sink_type="KinesisVideoStreamPool",
                reserved_stream_capacity=len(PEOPLE),
                media_stream_type="IndividualAudio",
            )
        ],
    )
    pipeline = started.media_stream_pipeline
    say("pipeline", f"{_sinks(pipeline)} into pool {pool.pool_name}, id {pipeline.media_pipeline_id}")
    found = (await pipelines.get_media_pipeline(media_pipeline_id=pipeline.media_pipeline_id)).media_pipeline
    now = found.media_stream_pipeline.status if found.media_stream_pipeline else "gone"
    say("", f"{pipeline.status} when it was made, {now} now")

    await meetings.delete_meeting(meeting_id=meeting.meeting_id)
    try:
        await meetings.get_meeting(meeting_id=meeting.meeting_id)
    except errors.NotFoundError as error:
        say("caught", _told(error, "after the meeting was deleted"))


def _meeting_source(meeting: Meeting) -> MediaStreamSource:
    return MediaStreamSource(source_type="ChimeSdkMeeting", source_arn=meeting.meeting_arn)


def _sinks(pipeline: MediaStreamPipeline) -> str:
    return ", ".join(f"{sink.media_stream_type} for {sink.reserved_stream_capacity}" for sink in pipeline.sinks or ())


async def _ivs(live: Client, stage: Stage, say: Say) -> None:
    say("Amazon IVS", "")
    channel = (await live.ivs.create_channel(name="front-row")).channel
    say("channel", f"{channel.name}, {channel.type}, latency {channel.latency_mode}")
    say("", f"plays at {channel.playback_url}")
    try:
        await live.ivs.get_stream(channel_arn=channel.arn)
    except errors.NotFoundError as error:
        say("caught", _told(error, "before anybody was on air"))

    stage.go_live(channel.arn)
    session = (await live.ivs.get_stream_session(channel_arn=channel.arn)).stream_session
    say("on air", _session(session))
    stream = (await live.ivs.get_stream(channel_arn=channel.arn)).stream
    say("", f"{stream.state}, {stream.health}, {stream.viewer_count} watching")


def _session(session: StreamSession) -> str:
    since = f"{session.start_time:%H:%M:%S} UTC" if session.start_time else "an unknown time"
    video = session.ingest_configuration.video if session.ingest_configuration else None
    picture = f", {video.video_width} x {video.video_height} at {video.target_framerate} fps" if video else ""
    return f"session {session.stream_id} since {since}{picture}"


async def _signalwire(live: Client, stage: Stage, say: Say) -> None:
    say("SignalWire", "")
    conferences = live.signalwire.conferences
    conference_sid = stage.begin_conference()
    conference = await conferences.get(conference_sid)
    people = [participant async for participant in conferences.iter_participants(conference_sid, page_size=PAGE)]
    say(
        "conference",
        f"{conference.friendly_name}, {conference.status}, {len(people)} participants, sid {conference.sid}",
    )

    stream = await conferences.start_stream(conference_sid, url=MEDIA_URL, parameters={"tenant": "42"})
    say("stream", f"{stream.status} to {MEDIA_URL}, sid {stream.sid}")
    stopped = await conferences.stop_stream(conference_sid, stream.sid)
    say("", f"after stop_stream: {stopped.status}")
    try:
        await conferences.start_stream("no-such-conference", url=MEDIA_URL)
    except errors.NotFoundError as error:
        say("caught", _told(error, "for a conference that does not exist"))


def _told(error: errors.NotFoundError, when: str) -> str:
    return f"NotFoundError {when}: {type(error).__name__}, HTTP {error.status}"


async def look(live: Client, say: Say) -> bool:
    """Lists a little of what is there, and changes nothing; whether a provider answered and none failed."""
    outcomes = [
        await _looked("Amazon Chime SDK", _pipelines, live, say),
        await _looked("Amazon IVS", _channels, live, say),
        await _looked("SignalWire", _conferences, live, say),
    ]
    return "answered" in outcomes and "failed" not in outcomes


async def _looked(provider: str, read: Callable[[Client, Say], Awaitable[None]], live: Client, say: Say) -> str:
    say(provider, "")
    try:
        await read(live, say)
    except errors.ConfigurationError as error:
        say("skipped", error.message)
        return "skipped"
    except errors.RoomtoneError as error:
        say("failed", str(error))
        return "failed"
    return "answered"


_FEW = 10


def _some(names: list[str], more: object) -> str:
    shown = ", ".join(names) if names else "none"
    return f"{shown}{', and more' if more else ''}"


async def _pipelines(live: Client, say: Say) -> None:
    pipelines = live.chime_sdk_media_pipelines
    found = await pipelines.list_media_pipelines(max_results=_FEW)
    say("pipelines", _some([pipeline.media_pipeline_id or "?" for pipeline in found.media_pipelines], found.next_token))
    pools = await pipelines.list_media_pipeline_kinesis_video_stream_pools(max_results=_FEW)
    say("pools", _some([pool.pool_name or "?" for pool in pools.kinesis_video_stream_pools], pools.next_token))


async def _channels(live: Client, say: Say) -> None:
    channels = await live.ivs.list_channels(max_results=_FEW)
    names = [channel.name or channel.arn or "?" for channel in channels.channels]
    say("channels", _some(names, channels.next_token))
    streams = await live.ivs.list_streams(max_results=_FEW)
    say("on air", _some([stream.stream_id or "?" for stream in streams.streams], streams.next_token))


async def _conferences(live: Client, say: Say) -> None:
    found = await live.signalwire.conferences.list(page_size=_FEW)
    names = [f"{conference.friendly_name} ({conference.status})" for conference in found.conferences]
    say("conferences", _some(names, found.next_page_uri))
