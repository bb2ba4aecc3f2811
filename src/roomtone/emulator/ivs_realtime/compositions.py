"""Compositions of stages, from their start to their end: to a channel, which goes on air by it, and to storage."""

from __future__ import annotations

from datetime import datetime

from attrs import evolve

from roomtone._core.codec import Misfit
from roomtone.emulator.ivs import streams
from roomtone.emulator.ivs.state import Ivs
from roomtone.emulator.ivs_realtime.configurations import encoders, storages
from roomtone.emulator.ivs_realtime.state import ARN, LISTED, NAME, PAGE, TAGS, Stages, handles, missing
from roomtone.emulator.resources import changes, id_of, tags_of, view
from roomtone.emulator.state import Call, random_id
from roomtone.ivs_realtime import errors, models, operations

__all__ = ["finish"]

_DESTINATION_LIMITS = {
    "destinations": (1, 2),
    "destinations[].name": NAME,
    "destinations[].channel.channel_arn": ARN,
    "destinations[].channel.encoder_configuration_arn": ARN,
    "destinations[].s3.storage_configuration_arn": ARN,
    "destinations[].s3.encoder_configuration_arns": (1, 1),
    "destinations[].s3.encoder_configuration_arns[]": ARN,
    "destinations[].s3.recording_configuration.hls_configuration.target_segment_duration_seconds": (2, 10),
    "destinations[].s3.thumbnail_configurations": (0, 1),
    "destinations[].s3.thumbnail_configurations[].target_interval_seconds": (1, 86400),
    "destinations[].s3.thumbnail_configurations[].storage": (0, 2),
}
_LAYOUT_LIMITS = {
    "layout.grid.featured_participant_attribute": NAME,
    "layout.grid.participant_order_attribute": NAME,
    "layout.grid.grid_gap": (0, None),
    "layout.pip.featured_participant_attribute": NAME,
    "layout.pip.participant_order_attribute": NAME,
    "layout.pip.pip_participant_attribute": NAME,
    "layout.pip.grid_gap": (0, None),
    "layout.pip.pip_offset": (0, None),
    "layout.pip.pip_width": (1, None),
    "layout.pip.pip_height": (1, None),
}
_GRID = models.GridConfiguration(
    featured_participant_attribute="",
    omit_stopped_video=False,
    video_aspect_ratio="VIDEO",
    grid_gap=2,
    participant_order_attribute="",
)
_PIP = models.PipConfiguration(
    featured_participant_attribute="",
    omit_stopped_video=False,
    video_fill_mode="COVER",
    grid_gap=0,
    pip_participant_attribute="",
    pip_behavior="STATIC",
    pip_offset=0,
    pip_position="BOTTOM_RIGHT",
    participant_order_attribute="",
)


@handles(
    operations.START_COMPOSITION,
    limits={"stage_arn": ARN, "idempotency_token": (1, 64), "tags": TAGS, **_DESTINATION_LIMITS, **_LAYOUT_LIMITS},
)
def start_composition(call: Call, request: models.StartCompositionRequest) -> models.StartCompositionResponse:
    return call.area(Stages).tokens.once(
        request.idempotency_token and f"{call.region} {request.idempotency_token}",
        request,
        lambda: _started(call, request),
        conflict=lambda: errors.ConflictException("the idempotency token was used with other parameters"),
    )


def _started(call: Call, request: models.StartCompositionRequest) -> models.StartCompositionResponse:
    area = call.area(Stages)
    stage = area.stages.of(call, request.stage_arn)
    _check_destinations(call, request)
    composition = models.Composition(
        arn=call.arn("ivs", f"composition/{random_id(12)}"),
        stage_arn=stage.arn,
        state="STARTING",
        layout=_layout(request.layout or models.LayoutConfiguration()),
        destinations=[_destination(stage, one) for one in request.destinations],
        tags=tags_of(request.tags),
        start_time=call.now,
    )
    for destination in composition.destinations:
        channel = destination.configuration.channel
        if channel is not None:
            area.broadcasts[destination.id] = streams.begin(call.area(Ivs), channel.channel_arn, call.now)
    # It is running by the time anybody looks again.
    area.compositions.put(_in_state(composition, "ACTIVE", start_time=call.now))
    return models.StartCompositionResponse(composition=composition)


def _check_destinations(call: Call, request: models.StartCompositionRequest) -> None:
    """There is one channel at most and one storage, all that they refer to is there, and the channel is off air."""
    area = call.area(Stages)
    kinds = ["channel" if one.channel else "s3" for one in request.destinations if bool(one.channel) != bool(one.s3)]
    if len(kinds) < len(request.destinations) or len(set(kinds)) < len(kinds):
        raise Misfit("must each be a channel or s3, and two of them one of each", "destinations")
    for destination in request.destinations:
        if destination.channel is not None:
            _check_channel(call, destination.channel.channel_arn)
        for arn in storages(destination):
            area.storage_configurations.of(call, arn)
        for arn in encoders(destination):
            area.encoder_configurations.of(call, arn)


def _check_channel(call: Call, arn: str) -> None:
    channels = call.area(Ivs)
    if not channels.channels.has(call, arn):
        raise missing("channel", arn)
    if channels.on_air(arn):
        raise errors.ConflictException("the channel is on air; stop its stream first")


def _layout(given: models.LayoutConfiguration) -> models.LayoutConfiguration:
    if given.grid and given.pip:
        raise Misfit("must be a grid or a pip, not both", "layout")
    if given.pip:
        return models.LayoutConfiguration(pip=evolve(_PIP, **changes(given.pip)))
    return models.LayoutConfiguration(grid=evolve(_GRID, **changes(given.grid or _GRID)))


def _destination(stage: models.Stage, given: models.DestinationConfiguration) -> models.Destination:
    destination_id = random_id(12)
    prefix = f"{id_of(stage.arn)}/{random_id(12)}/{destination_id}/composite"
    detail = models.DestinationDetail(s3=models.S3Detail(recording_prefix=prefix)) if given.s3 else None
    return models.Destination(
        id=destination_id,
        state="STARTING",
        configuration=evolve(given, name=given.name or ""),
        detail=detail,
    )


def _in_state(
    composition: models.Composition,
    state: models.CompositionState,
    *,
    start_time: datetime | None = None,
    end_time: datetime | None = None,
) -> models.Composition:
    """A composition, and its destinations with it, in another state."""
    destinations = [
        evolve(one, state=state, start_time=one.start_time or start_time, end_time=end_time)
        for one in composition.destinations
    ]
    return evolve(composition, state=state, destinations=destinations, end_time=end_time)


def _seen(call: Call, composition: models.Composition) -> models.Composition:
    """A composition as it is; one that is stopping has stopped by the time anybody looks again."""
    if composition.state == "STOPPING":
        call.area(Stages).compositions.put(_in_state(composition, "STOPPED", end_time=call.now))
    return composition


def finish(area: Stages, composition: models.Composition, state: models.CompositionState, now: datetime) -> None:
    """Ends a running composition in a state, and the stream that it fed. Raises ConflictException."""
    if composition.state not in ("STARTING", "ACTIVE"):
        raise errors.ConflictException(f"the composition is {composition.state}")
    for destination in composition.destinations:
        broadcast = area.broadcasts.pop(destination.id, None)
        if broadcast is not None:
            streams.end(broadcast, now)
    area.compositions.put(_in_state(composition, state, end_time=now if state == "FAILED" else None))


@handles(operations.GET_COMPOSITION, limits={"arn": ARN})
def get_composition(call: Call, request: models.GetCompositionRequest) -> models.GetCompositionResponse:
    composition = call.area(Stages).compositions.of(call, request.arn)
    return models.GetCompositionResponse(composition=_seen(call, composition))


@handles(
    operations.LIST_COMPOSITIONS,
    limits={"filter_by_stage_arn": ARN, "filter_by_encoder_configuration_arn": ARN, **LISTED},
)
def list_compositions(call: Call, request: models.ListCompositionsRequest) -> models.ListCompositionsResponse:
    stage_arn, encoder_arn = request.filter_by_stage_arn, request.filter_by_encoder_configuration_arn

    def fits(composition: models.Composition) -> bool:
        used = [arn for one in composition.destinations for arn in encoders(one.configuration)]
        return stage_arn in (None, composition.stage_arn) and encoder_arn in (None, *used)

    page, token = call.area(Stages).compositions.page(call, request.next_token, request.max_results or PAGE, where=fits)
    return models.ListCompositionsResponse(
        compositions=[_summary(_seen(call, composition)) for composition in page], next_token=token
    )


def _summary(composition: models.Composition) -> models.CompositionSummary:
    destinations = [view(models.DestinationSummary, one) for one in composition.destinations]
    return view(models.CompositionSummary, composition, destinations=destinations)


@handles(operations.STOP_COMPOSITION, limits={"arn": ARN})
def stop_composition(call: Call, request: models.StopCompositionRequest) -> models.StopCompositionResponse:
    area = call.area(Stages)
    finish(area, area.compositions.of(call, request.arn), "STOPPING", call.now)
    return models.StopCompositionResponse()
