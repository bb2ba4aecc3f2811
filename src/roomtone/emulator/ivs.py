"""Channels, stream keys and stream sessions of Amazon IVS low-latency streaming."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import TypeVar

from attrs import define, evolve, field

from roomtone.emulator.handlers import Handlers
from roomtone.emulator.state import Call, Shelf, World, random_id
from roomtone.ivs import errors, models, operations

__all__ = ["Ivs", "IvsCommands", "handles"]

handles: Handlers = Handlers()

T = TypeVar("T")

PAGE = 100
STREAM_KEYS_PAGE = 50
_ARN = (1, 128)
_MAX_RESULTS = (1, 100)
_CHANNEL_LIMITS = {"name": (0, 128), "tags": (0, 50)}

_TARGETS = (
    "recording_configuration",
    "playback_restriction_policy",
    "ad_configuration",
    "failover_slate_configuration",
)
"""What a channel can refer to; none of it is emulated yet, so no ARN of it is known."""

_CHANGEABLE = (
    "name",
    "latency_mode",
    "type",
    "authorized",
    "insecure_ingest",
    "preset",
    "multitrack_input_configuration",
    "container_format",
)


@define(eq=False)
class Session:
    """One time on air."""

    detail: models.StreamSession
    health: str = "HEALTHY"
    viewer_count: int = 0

    @property
    def live(self) -> bool:
        return self.detail.end_time is None


@define(eq=False)
class Station:
    """One channel, its stream key and its times on air."""

    channel: models.Channel
    keys: Shelf[models.StreamKey] = field(factory=Shelf)
    sessions: Shelf[Session] = field(factory=Shelf)

    @property
    def newest(self) -> Session | None:
        return list(self.sessions)[-1] if len(self.sessions) else None

    @property
    def on_air(self) -> Session | None:
        return self.newest if self.newest and self.newest.live else None


@define(eq=False)
class Ivs:
    """All channels, of all regions."""

    stations: Shelf[Station] = field(factory=Shelf)

    def station(self, arn: str) -> Station:
        """The station of a channel. Raises ResourceNotFoundException."""
        return _found(self.stations.get(arn), "channel")

    def by_key(self, arn: str) -> tuple[Station, models.StreamKey]:
        """A stream key and the station it belongs to. Raises ResourceNotFoundException."""
        for station in self.stations:
            key = station.keys.get(arn)
            if key is not None:
                return station, key
        raise errors.ResourceNotFoundException("there is no such stream key")


def _found(thing: T | None, noun: str) -> T:
    if thing is None:
        raise errors.ResourceNotFoundException(f"there is no such {noun}")
    return thing


def _on_air(station: Station) -> Session:
    if station.on_air is None:
        raise errors.ChannelNotBroadcasting("the channel is off air")
    return station.on_air


def _region_of(arn: str) -> str:
    return arn.split(":")[3]


@define(eq=False)
class IvsCommands:
    """What broadcasters do, which no API does: they go on air and off."""

    _world: World

    def go_live(self, channel_arn: str, *, health: models.StreamHealth = "HEALTHY", viewer_count: int = 0) -> str:
        """Puts a channel on air and returns the new stream's id. A channel that is on air already stays in its session.

        Args:
            channel_arn: The ARN of a channel.
            health: `HEALTHY`, `STARVING` or `UNKNOWN`.
            viewer_count: How many are watching.

        Raises:
            ResourceNotFoundException: There is no such channel.
        """
        with self._world.lock:
            station = self._world.area(Ivs).station(channel_arn)
            session = station.on_air
            if session is None:
                session = Session(_began(station.channel, self._world.clock()))
                station.sessions.put(session.detail.stream_id, session)
            session.health, session.viewer_count = health, viewer_count
            return session.detail.stream_id

    def go_offline(self, channel_arn: str) -> None:
        """Takes a channel off air; one that is off air stays so.

        Raises:
            ResourceNotFoundException: There is no such channel.
        """
        with self._world.lock:
            station = self._world.area(Ivs).station(channel_arn)
            if station.on_air is not None:
                _end(station.on_air, self._world.clock())


def _event(name: str, now: datetime) -> models.StreamEvent:
    return models.StreamEvent(name=name, type="IVS Stream State Change", event_time=now)


def _began(channel: models.Channel, now: datetime) -> models.StreamSession:
    video = models.VideoConfiguration(
        avc_profile="High",
        avc_level="4.0",
        codec="avc1.640028",
        encoder="roomtone emulator",
        target_bitrate=3_500_000,
        target_framerate=30,
        video_height=1080,
        video_width=1920,
    )
    audio = models.AudioConfiguration(codec="mp4a.40.2", target_bitrate=160_000, sample_rate=48_000, channels=2)
    return models.StreamSession(
        stream_id=f"st-{random_id(23)}",
        start_time=now,
        channel=channel,
        ingest_configuration=models.IngestConfiguration(video=video, audio=audio),
        truncated_events=[_event("Stream Start", now), _event("Session Created", now)],
    )


def _end(session: Session, now: datetime) -> None:
    events = [_event("Session Ended", now), _event("Stream End", now), *(session.detail.truncated_events or ())]
    session.detail = evolve(session.detail, end_time=now, truncated_events=events)


def _new_key(call: Call, channel_arn: str, tags: dict[str, str]) -> models.StreamKey:
    key_id = random_id(12)
    return models.StreamKey(
        arn=call.arn("ivs", f"stream-key/{key_id}"),
        value=f"sk_{call.region}_{key_id}_{secrets.token_hex(15)}",
        channel_arn=channel_arn,
        tags=tags,
    )


def _check_targets(request: models.CreateChannelRequest | models.UpdateChannelRequest) -> None:
    for target in _TARGETS:
        # An empty ARN takes the reference away.
        if getattr(request, f"{target}_arn"):
            raise errors.ResourceNotFoundException(f"there is no such {target.replace('_', ' ')}")


@handles(operations.CREATE_CHANNEL, limits=_CHANNEL_LIMITS)
def create_channel(call: Call, request: models.CreateChannelRequest) -> models.CreateChannelResponse:
    _check_targets(request)
    channel_id, host = random_id(12), random_id(12).lower()
    tags = dict(request.tags or {})
    channel_type = request.type or "STANDARD"
    channel = models.Channel(
        arn=call.arn("ivs", f"channel/{channel_id}"),
        name=request.name or "",
        latency_mode=request.latency_mode or "LOW",
        type=channel_type,
        recording_configuration_arn="",
        ingest_endpoint=f"{host}.global-contribute.ivs.invalid",
        playback_url=f"https://{host}.{call.region}.playback.ivs.invalid/api/video/v1/{call.region}.{call.world.account}"
        f".channel.{channel_id}.m3u8",
        authorized=bool(request.authorized),
        tags=tags,
        insecure_ingest=bool(request.insecure_ingest),
        preset=request.preset or ("HIGHER_BANDWIDTH_DELIVERY" if channel_type.startswith("ADVANCED") else ""),
        srt=models.Srt(endpoint=f"{host}.srt.ivs.invalid", passphrase=random_id(40)),
        playback_restriction_policy_arn="",
        multitrack_input_configuration=request.multitrack_input_configuration
        or models.MultitrackInputConfiguration(enabled=False),
        container_format=request.container_format or "TS",
        ad_configuration_arn="",
        failover_slate_configuration_arn="",
    )
    key = _new_key(call, channel.arn, tags)
    station = Station(channel)
    station.keys.put(key.arn, key)
    call.area(Ivs).stations.put(channel.arn, station)
    return models.CreateChannelResponse(channel=channel, stream_key=key)


@handles(operations.GET_CHANNEL, limits={"arn": _ARN})
def get_channel(call: Call, request: models.GetChannelRequest) -> models.GetChannelResponse:
    return models.GetChannelResponse(channel=call.area(Ivs).station(request.arn).channel)


@handles(operations.BATCH_GET_CHANNEL, limits={"arns": (1, 50), "arns[]": _ARN})
def batch_get_channel(call: Call, request: models.BatchGetChannelRequest) -> models.BatchGetChannelResponse:
    answer = models.BatchGetChannelResponse(channels=[], errors=[])
    for arn in request.arns:
        try:
            _listed(answer.channels).append(call.area(Ivs).station(arn).channel)
        except errors.ResourceNotFoundException as error:
            _listed(answer.errors).append(models.BatchError(arn=arn, code=error.code, message=error.message))
    return answer


def _listed(items: list[T] | None) -> list[T]:
    assert items is not None
    return items


@handles(operations.LIST_CHANNELS, limits={"filter_by_name": (0, 128), "max_results": _MAX_RESULTS})
def list_channels(call: Call, request: models.ListChannelsRequest) -> models.ListChannelsResponse:
    filters = {"name": request.filter_by_name}
    filters |= {f"{target}_arn": getattr(request, f"filter_by_{target}_arn") for target in _TARGETS}
    wanted = {name: value for name, value in filters.items() if value is not None}

    def fits(station: Station) -> bool:
        return _region_of(station.channel.arn) == call.region and all(
            getattr(station.channel, name) == value for name, value in wanted.items()
        )

    page, token = call.area(Ivs).stations.page(request.next_token, request.max_results or PAGE, where=fits)
    return models.ListChannelsResponse(channels=[_summary(station.channel) for station in page], next_token=token)


def _summary(channel: models.Channel) -> models.ChannelSummary:
    return models.ChannelSummary(
        arn=channel.arn,
        name=channel.name,
        latency_mode=channel.latency_mode,
        authorized=channel.authorized,
        recording_configuration_arn=channel.recording_configuration_arn,
        tags=channel.tags,
        insecure_ingest=channel.insecure_ingest,
        type=channel.type,
        preset=channel.preset,
        playback_restriction_policy_arn=channel.playback_restriction_policy_arn,
        ad_configuration_arn=channel.ad_configuration_arn,
        failover_slate_configuration_arn=channel.failover_slate_configuration_arn,
    )


@handles(operations.UPDATE_CHANNEL, limits={"arn": _ARN, "name": (0, 128)})
def update_channel(call: Call, request: models.UpdateChannelRequest) -> models.UpdateChannelResponse:
    station = call.area(Ivs).station(request.arn)
    _check_targets(request)
    if station.on_air:
        raise errors.ConflictException("the channel is on air; stop its stream first")
    given = {name: getattr(request, name) for name in _CHANGEABLE if getattr(request, name) is not None}
    station.channel = evolve(station.channel, **given)
    return models.UpdateChannelResponse(channel=station.channel)


@handles(operations.DELETE_CHANNEL, limits={"arn": _ARN})
def delete_channel(call: Call, request: models.DeleteChannelRequest) -> None:
    if call.area(Ivs).station(request.arn).on_air:
        raise errors.ConflictException("the channel is on air; stop its stream first")
    call.area(Ivs).stations.take(request.arn)


@handles(operations.CREATE_STREAM_KEY, limits={"channel_arn": _ARN, "tags": (0, 50)})
def create_stream_key(call: Call, request: models.CreateStreamKeyRequest) -> models.CreateStreamKeyResponse:
    station = call.area(Ivs).station(request.channel_arn)
    if len(station.keys):
        raise errors.ServiceQuotaExceededException("the channel has its one stream key; delete it first")
    key = _new_key(call, request.channel_arn, dict(request.tags or {}))
    station.keys.put(key.arn, key)
    return models.CreateStreamKeyResponse(stream_key=key)


@handles(operations.GET_STREAM_KEY, limits={"arn": _ARN})
def get_stream_key(call: Call, request: models.GetStreamKeyRequest) -> models.GetStreamKeyResponse:
    return models.GetStreamKeyResponse(stream_key=call.area(Ivs).by_key(request.arn)[1])


@handles(operations.LIST_STREAM_KEYS, limits={"channel_arn": _ARN, "max_results": (1, STREAM_KEYS_PAGE)})
def list_stream_keys(call: Call, request: models.ListStreamKeysRequest) -> models.ListStreamKeysResponse:
    keys = call.area(Ivs).station(request.channel_arn).keys
    page, token = keys.page(request.next_token, request.max_results or STREAM_KEYS_PAGE)
    summaries = [models.StreamKeySummary(arn=key.arn, channel_arn=key.channel_arn, tags=key.tags) for key in page]
    return models.ListStreamKeysResponse(stream_keys=summaries, next_token=token)


@handles(operations.DELETE_STREAM_KEY, limits={"arn": _ARN})
def delete_stream_key(call: Call, request: models.DeleteStreamKeyRequest) -> None:
    station, key = call.area(Ivs).by_key(request.arn)
    station.keys.take(key.arn)


@handles(operations.GET_STREAM, limits={"channel_arn": _ARN})
def get_stream(call: Call, request: models.GetStreamRequest) -> models.GetStreamResponse:
    station = call.area(Ivs).station(request.channel_arn)
    session = _on_air(station)
    return models.GetStreamResponse(
        stream=models.Stream(
            channel_arn=station.channel.arn,
            stream_id=session.detail.stream_id,
            playback_url=station.channel.playback_url,
            start_time=session.detail.start_time,
            state="LIVE",
            health=session.health,
            viewer_count=session.viewer_count,
        )
    )


@handles(operations.LIST_STREAMS, limits={"max_results": _MAX_RESULTS})
def list_streams(call: Call, request: models.ListStreamsRequest) -> models.ListStreamsResponse:
    health = request.filter_by.health if request.filter_by else None

    def fits(station: Station) -> bool:
        session = station.on_air
        return (
            session is not None and _region_of(station.channel.arn) == call.region and health in (None, session.health)
        )

    page, token = call.area(Ivs).stations.page(request.next_token, request.max_results or PAGE, where=fits)
    return models.ListStreamsResponse(streams=[_stream_summary(station) for station in page], next_token=token)


def _stream_summary(station: Station) -> models.StreamSummary:
    session = _on_air(station)
    return models.StreamSummary(
        channel_arn=station.channel.arn,
        stream_id=session.detail.stream_id,
        state="LIVE",
        health=session.health,
        viewer_count=session.viewer_count,
        start_time=session.detail.start_time,
    )


@handles(operations.GET_STREAM_SESSION, limits={"channel_arn": _ARN, "stream_id": (26, 26)})
def get_stream_session(call: Call, request: models.GetStreamSessionRequest) -> models.GetStreamSessionResponse:
    station = call.area(Ivs).station(request.channel_arn)
    session = station.newest if request.stream_id is None else station.sessions.get(request.stream_id)
    return models.GetStreamSessionResponse(stream_session=_found(session, "stream session").detail)


@handles(operations.LIST_STREAM_SESSIONS, limits={"channel_arn": _ARN, "max_results": _MAX_RESULTS})
def list_stream_sessions(call: Call, request: models.ListStreamSessionsRequest) -> models.ListStreamSessionsResponse:
    sessions = call.area(Ivs).station(request.channel_arn).sessions
    page, token = sessions.page(request.next_token, request.max_results or PAGE, newest_first=True)
    return models.ListStreamSessionsResponse(
        stream_sessions=[
            models.StreamSessionSummary(
                stream_id=session.detail.stream_id,
                start_time=session.detail.start_time,
                end_time=session.detail.end_time,
                has_error_event=False,
            )
            for session in page
        ],
        next_token=token,
    )


@handles(operations.STOP_STREAM, limits={"channel_arn": _ARN})
def stop_stream(call: Call, request: models.StopStreamRequest) -> models.StopStreamResponse:
    _end(_on_air(call.area(Ivs).station(request.channel_arn)), call.now)
    return models.StopStreamResponse()


@handles(operations.PUT_METADATA, limits={"channel_arn": _ARN, "metadata": (1, None)})
def put_metadata(call: Call, request: models.PutMetadataRequest) -> None:
    # Viewers get it in the video; there is none here.
    _on_air(call.area(Ivs).station(request.channel_arn))
