"""Channels of Amazon IVS, and the stream key that lets a broadcaster onto one."""

from __future__ import annotations

from attrs import evolve

from roomtone._core.codec import Misfit
from roomtone.emulator.ivs.state import ARN, LISTED, NAME, PAGE, TAGS, Ivs, handles
from roomtone.emulator.ivs_members import name_of
from roomtone.emulator.resources import changes, tags_of, view
from roomtone.emulator.state import Call, random_id
from roomtone.ivs import errors, models, operations

__all__: list[str] = []

STREAM_KEYS_PAGE = 50

_REFERENCES = {
    "recording_configuration_arn": "recording_configurations",
    "playback_restriction_policy_arn": "playback_restriction_policies",
    "ad_configuration_arn": "ad_configurations",
    "failover_slate_configuration_arn": "failover_slate_configurations",
}
"""What a channel can refer to, and where it is."""

_CHANNEL_LIMITS = {"name": NAME, **dict.fromkeys(_REFERENCES, (0, 128))}


def _check_references(call: Call, request: models.CreateChannelRequest | models.UpdateChannelRequest) -> None:
    for reference, kinds in _REFERENCES.items():
        arn = getattr(request, reference)
        # An empty ARN takes the reference away.
        if arn:
            getattr(call.area(Ivs), kinds).of(call, arn)


def _consistent(channel: models.Channel, preset: str | None) -> models.Channel:
    """A channel with the preset that goes with its type. Raises Misfit when its settings exclude one another."""
    advanced = (channel.type or "").startswith("ADVANCED")
    if preset and not advanced:
        raise Misfit("is for the types ADVANCED_SD and ADVANCED_HD only", "preset")
    multitrack = channel.multitrack_input_configuration
    if multitrack is not None and multitrack.enabled:
        if channel.type != "STANDARD":
            raise Misfit("can be enabled for the type STANDARD only", "multitrack_input_configuration")
        if not multitrack.policy or not multitrack.maximum_resolution:
            raise Misfit("needs policy and maximum_resolution when it is enabled", "multitrack_input_configuration")
        if channel.container_format != "FRAGMENTED_MP4":
            raise Misfit("must be FRAGMENTED_MP4 for multitrack input", "container_format")
    return evolve(channel, preset=(channel.preset or "HIGHER_BANDWIDTH_DELIVERY") if advanced else "")


@handles(operations.CREATE_CHANNEL, limits={**_CHANNEL_LIMITS, "tags": TAGS})
def create_channel(call: Call, request: models.CreateChannelRequest) -> models.CreateChannelResponse:
    _check_references(call, request)
    channel_id, host = random_id(12), random_id(12).lower()
    channel = models.Channel(
        arn=call.arn("ivs", f"channel/{channel_id}"),
        name=name_of(request.name),
        latency_mode=request.latency_mode or "LOW",
        type=request.type or "STANDARD",
        recording_configuration_arn=request.recording_configuration_arn or "",
        ingest_endpoint=f"{host}.global-contribute.ivs.invalid",
        playback_url=f"https://{host}.{call.region}.playback.ivs.invalid/api/video/v1/{call.region}.{call.world.account}"
        f".channel.{channel_id}.m3u8",
        authorized=bool(request.authorized),
        tags=tags_of(request.tags),
        insecure_ingest=bool(request.insecure_ingest),
        preset=request.preset,
        srt=models.Srt(endpoint=f"{host}.srt.ivs.invalid", passphrase=random_id(40)),
        playback_restriction_policy_arn=request.playback_restriction_policy_arn or "",
        multitrack_input_configuration=request.multitrack_input_configuration
        or models.MultitrackInputConfiguration(enabled=False),
        container_format=request.container_format or "TS",
        ad_configuration_arn=request.ad_configuration_arn or "",
        failover_slate_configuration_arn=request.failover_slate_configuration_arn or "",
    )
    area = call.area(Ivs)
    channel = area.channels.put(_consistent(channel, request.preset))
    key = area.stream_keys.put(_new_key(call, channel.arn, tags_of(request.tags)))
    return models.CreateChannelResponse(channel=channel, stream_key=key)


@handles(operations.GET_CHANNEL, limits={"arn": ARN})
def get_channel(call: Call, request: models.GetChannelRequest) -> models.GetChannelResponse:
    return models.GetChannelResponse(channel=call.area(Ivs).channels.of(call, request.arn))


@handles(operations.BATCH_GET_CHANNEL, limits={"arns": (1, 50), "arns[]": ARN})
def batch_get_channel(call: Call, request: models.BatchGetChannelRequest) -> models.BatchGetChannelResponse:
    channels: list[models.Channel] = []
    failed: list[models.BatchError] = []
    for arn in request.arns:
        try:
            channels.append(call.area(Ivs).channels.of(call, arn))
        except errors.ResourceNotFoundException as error:
            failed.append(_batch_error(arn, error))
    return models.BatchGetChannelResponse(channels=channels, errors=failed)


def _batch_error(arn: str, error: errors.ResourceNotFoundException) -> models.BatchError:
    return models.BatchError(arn=arn, code=error.code, message=error.message)


@handles(operations.LIST_CHANNELS, limits={"filter_by_name": NAME, **LISTED})
def list_channels(call: Call, request: models.ListChannelsRequest) -> models.ListChannelsResponse:
    filters = {name: getattr(request, f"filter_by_{name}") for name in ("name", *_REFERENCES)}
    wanted = {name: value for name, value in filters.items() if value is not None}
    if len(wanted) > 1:
        raise errors.ConflictException("filters exclude one another; give one of them")
    page, token = call.area(Ivs).channels.page(
        call,
        request.next_token,
        request.max_results or PAGE,
        where=lambda channel: all(getattr(channel, name) == value for name, value in wanted.items()),
    )
    return models.ListChannelsResponse(
        channels=[view(models.ChannelSummary, channel) for channel in page], next_token=token
    )


@handles(operations.UPDATE_CHANNEL, limits={"arn": ARN, **_CHANNEL_LIMITS})
def update_channel(call: Call, request: models.UpdateChannelRequest) -> models.UpdateChannelResponse:
    area = call.area(Ivs)
    channel = area.channels.of(call, request.arn)
    _check_references(call, request)
    name_of(request.name)
    if area.on_air(request.arn):
        raise errors.ConflictException("the channel is on air; stop its stream first")
    changed = _consistent(evolve(channel, **changes(request)), request.preset)
    return models.UpdateChannelResponse(channel=area.channels.put(changed))


@handles(operations.DELETE_CHANNEL, limits={"arn": ARN})
def delete_channel(call: Call, request: models.DeleteChannelRequest) -> None:
    area = call.area(Ivs)
    arn = area.channels.of(call, request.arn).arn
    if area.on_air(arn):
        raise errors.ConflictException("the channel is on air; stop its stream first")
    for key in [key for key in area.stream_keys if key.channel_arn == arn]:
        area.stream_keys.take(call, key.arn)
    area.channels.take(call, arn)
    area.sessions.pop(arn, None)
    area.revocations.pop(arn, None)


def _new_key(call: Call, channel_arn: str, tags: dict[str, str]) -> models.StreamKey:
    key_id = random_id(12)
    return models.StreamKey(
        arn=call.arn("ivs", f"stream-key/{key_id}"),
        value=f"sk_{call.region}_{key_id}_{random_id(30)}",
        channel_arn=channel_arn,
        tags=tags,
    )


@handles(operations.CREATE_STREAM_KEY, limits={"channel_arn": ARN, "tags": TAGS})
def create_stream_key(call: Call, request: models.CreateStreamKeyRequest) -> models.CreateStreamKeyResponse:
    area = call.area(Ivs)
    arn = area.channels.of(call, request.channel_arn).arn
    if any(key.channel_arn == arn for key in area.stream_keys):
        raise errors.ServiceQuotaExceededException("the channel has its one stream key; delete it first")
    key = area.stream_keys.put(_new_key(call, arn, tags_of(request.tags)))
    return models.CreateStreamKeyResponse(stream_key=key)


@handles(operations.GET_STREAM_KEY, limits={"arn": ARN})
def get_stream_key(call: Call, request: models.GetStreamKeyRequest) -> models.GetStreamKeyResponse:
    return models.GetStreamKeyResponse(stream_key=call.area(Ivs).stream_keys.of(call, request.arn))


@handles(operations.BATCH_GET_STREAM_KEY, limits={"arns": (1, 50), "arns[]": ARN})
def batch_get_stream_key(call: Call, request: models.BatchGetStreamKeyRequest) -> models.BatchGetStreamKeyResponse:
    keys: list[models.StreamKey] = []
    failed: list[models.BatchError] = []
    for arn in request.arns:
        try:
            keys.append(call.area(Ivs).stream_keys.of(call, arn))
        except errors.ResourceNotFoundException as error:
            failed.append(_batch_error(arn, error))
    return models.BatchGetStreamKeyResponse(stream_keys=keys, errors=failed)


@handles(
    operations.LIST_STREAM_KEYS,
    limits={**LISTED, "channel_arn": ARN, "max_results": (1, STREAM_KEYS_PAGE)},
)
def list_stream_keys(call: Call, request: models.ListStreamKeysRequest) -> models.ListStreamKeysResponse:
    area = call.area(Ivs)
    arn = area.channels.of(call, request.channel_arn).arn
    page, token = area.stream_keys.page(
        call,
        request.next_token,
        request.max_results or STREAM_KEYS_PAGE,
        where=lambda key: key.channel_arn == arn,
    )
    return models.ListStreamKeysResponse(
        stream_keys=[view(models.StreamKeySummary, key) for key in page], next_token=token
    )


@handles(operations.DELETE_STREAM_KEY, limits={"arn": ARN})
def delete_stream_key(call: Call, request: models.DeleteStreamKeyRequest) -> None:
    call.area(Ivs).stream_keys.take(call, request.arn)
