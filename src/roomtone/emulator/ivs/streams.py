"""Streams of Amazon IVS and their sessions: how one begins, what happens in it, how it ends, and what is told of it."""

from __future__ import annotations

from datetime import datetime

from attrs import evolve

from roomtone._core.codec import Misfit
from roomtone.emulator.ivs.state import ARN, LISTED, PAGE, Ivs, Session, handles, missing
from roomtone.emulator.state import Call, random_id
from roomtone.ivs import models, operations

__all__ = ["begin", "end", "note", "set_health"]

STATE, HEALTH, RECORDING, LIMIT = (
    "IVS Stream State Change",
    "IVS Stream Health Change",
    "IVS Recording State Change",
    "IVS Limit Breach",
)
MOST_EVENTS = 500
MOST_METADATA = 1024
"""The bytes of one put into a stream."""


def note(session: Session, now: datetime, kind: str, *names: str, code: str | None = None) -> None:
    """Adds events to a session, the earliest first."""
    new = [models.StreamEvent(name=name, type=kind, event_time=now, code=code) for name in reversed(names)]
    events = [*new, *(session.detail.truncated_events or ())][:MOST_EVENTS]
    session.detail = evolve(session.detail, truncated_events=events)


def begin(area: Ivs, channel_arn: str, now: datetime) -> Session:
    """The session that a channel is in from now on. Raises ResourceNotFoundException."""
    channel = area.channels.at(channel_arn)
    recording = area.recording_configurations.shelf.get(channel.recording_configuration_arn or "")
    video = models.VideoConfiguration(
        avc_profile="High",
        avc_level="4.0",
        codec="avc1.640028",
        encoder="roomtone emulator",
        target_bitrate=3_500_000,
        target_framerate=30,
        video_height=1080,
        video_width=1920,
        profile="High",
        level="4.0",
        track="Track0",
    )
    audio = models.AudioConfiguration(
        codec="mp4a.40.2", target_bitrate=160_000, sample_rate=48_000, channels=2, track="Track0"
    )
    session = Session(
        models.StreamSession(
            stream_id=f"st-{random_id(23)}",
            start_time=now,
            channel=channel,
            ingest_configuration=models.IngestConfiguration(video=video, audio=audio),
            ingest_configurations=models.IngestConfigurations(
                # The older members are empty in the newer place.
                video_configurations=[evolve(video, avc_profile="", avc_level="")],
                audio_configurations=[audio],
            ),
            recording_configuration=recording,
            failover_slate_configuration=area.failover_slate_configurations.shelf.get(
                channel.failover_slate_configuration_arn or ""
            ),
        )
    )
    note(session, now, STATE, "Session Created", "Stream Start")
    if recording is not None:
        note(session, now, RECORDING, "Recording Start" if recording.state == "ACTIVE" else "Recording Start Failure")
    area.sessions_of(channel_arn).put(session.detail.stream_id, session)
    return session


def end(session: Session, now: datetime) -> None:
    """Ends a session; one that has ended stays as it is."""
    if not session.live:
        return
    note(session, now, STATE, "Stream End", "Session Ended")
    recording = session.detail.recording_configuration
    if recording is not None and recording.state == "ACTIVE":
        note(session, now, RECORDING, "Recording End")
    session.detail = evolve(session.detail, end_time=now)


def set_health(session: Session, now: datetime, health: str) -> None:
    """Changes a stream's health, with the event that tells of it."""
    if (health == "STARVING") != (session.health == "STARVING"):
        note(session, now, HEALTH, "Starvation Start" if health == "STARVING" else "Starvation End")
    session.health = health


def _has_error(session: Session) -> bool:
    return any(
        event.type == LIMIT or (event.name or "").endswith("Failure") for event in session.detail.truncated_events or ()
    )


@handles(operations.GET_STREAM, limits={"channel_arn": ARN})
def get_stream(call: Call, request: models.GetStreamRequest) -> models.GetStreamResponse:
    area = call.area(Ivs)
    channel = area.channels.of(call, request.channel_arn)
    session = area.live(channel.arn)
    return models.GetStreamResponse(
        stream=models.Stream(
            channel_arn=channel.arn,
            stream_id=session.detail.stream_id,
            playback_url=channel.playback_url,
            start_time=session.detail.start_time,
            state="LIVE",
            health=session.health,
            viewer_count=session.viewer_count,
        )
    )


@handles(operations.LIST_STREAMS, limits=LISTED)
def list_streams(call: Call, request: models.ListStreamsRequest) -> models.ListStreamsResponse:
    area = call.area(Ivs)
    health = request.filter_by.health if request.filter_by else None

    def fits(channel: models.Channel) -> bool:
        session = area.on_air(channel.arn)
        return session is not None and health in (None, session.health)

    page, token = area.channels.page(call, request.next_token, request.max_results or PAGE, where=fits)
    return models.ListStreamsResponse(streams=[_summary(area, channel.arn) for channel in page], next_token=token)


def _summary(area: Ivs, channel_arn: str) -> models.StreamSummary:
    session = area.live(channel_arn)
    return models.StreamSummary(
        channel_arn=channel_arn,
        stream_id=session.detail.stream_id,
        state="LIVE",
        health=session.health,
        viewer_count=session.viewer_count,
        start_time=session.detail.start_time,
    )


@handles(operations.GET_STREAM_SESSION, limits={"channel_arn": ARN, "stream_id": (26, 26)})
def get_stream_session(call: Call, request: models.GetStreamSessionRequest) -> models.GetStreamSessionResponse:
    area = call.area(Ivs)
    arn = area.channels.of(call, request.channel_arn).arn
    if request.stream_id is None:
        return models.GetStreamSessionResponse(stream_session=area.session(arn).detail)
    session = area.sessions_of(arn).get(request.stream_id)
    if session is None:
        raise missing("stream session", request.stream_id)
    return models.GetStreamSessionResponse(stream_session=session.detail)


@handles(operations.LIST_STREAM_SESSIONS, limits={"channel_arn": ARN, **LISTED})
def list_stream_sessions(call: Call, request: models.ListStreamSessionsRequest) -> models.ListStreamSessionsResponse:
    area = call.area(Ivs)
    arn = area.channels.of(call, request.channel_arn).arn
    page, token = area.sessions_of(arn).page(request.next_token, request.max_results or PAGE, newest_first=True)
    return models.ListStreamSessionsResponse(
        stream_sessions=[
            models.StreamSessionSummary(
                stream_id=session.detail.stream_id,
                start_time=session.detail.start_time,
                end_time=session.detail.end_time,
                has_error_event=_has_error(session),
            )
            for session in page
        ],
        next_token=token,
    )


@handles(operations.STOP_STREAM, limits={"channel_arn": ARN})
def stop_stream(call: Call, request: models.StopStreamRequest) -> models.StopStreamResponse:
    area = call.area(Ivs)
    end(area.live(area.channels.of(call, request.channel_arn).arn), call.now)
    return models.StopStreamResponse()


@handles(operations.PUT_METADATA, limits={"channel_arn": ARN, "metadata": (1, None)})
def put_metadata(call: Call, request: models.PutMetadataRequest) -> None:
    area = call.area(Ivs)
    session = area.live(area.channels.of(call, request.channel_arn).arn)
    if len(request.metadata.encode()) > MOST_METADATA:
        raise Misfit(f"must be at most {MOST_METADATA} bytes", "metadata")
    session.metadata.append(request.metadata)
