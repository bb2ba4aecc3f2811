"""Capture, concatenation, live connector and stream pipelines; and what all kinds have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypedDict

from roomtone.chime_sdk_media_pipelines import errors, models, operations
from roomtone.emulator.media_pipelines.area import (
    ARN,
    ARN_PATTERN,
    PAGE,
    PIPELINE_ID,
    TAGS,
    TOKEN,
    TOKEN_PATTERN,
    DetailT,
    MediaPipelines,
    Pipeline,
    as_tags,
    handles,
    is_of_region,
    reused,
)
from roomtone.emulator.media_pipelines.life import Life
from roomtone.emulator.meetings import Meetings, id_in
from roomtone.emulator.state import Call, random_uuid

__all__ = ["Identity", "identity", "once", "start"]

_MEMBERS: dict[type[Any], str] = {
    models.MediaCapturePipeline: "media_capture_pipeline",
    models.MediaConcatenationPipeline: "media_concatenation_pipeline",
    models.MediaInsightsPipeline: "media_insights_pipeline",
    models.MediaLiveConnectorPipeline: "media_live_connector_pipeline",
    models.MediaStreamPipeline: "media_stream_pipeline",
}
"""Where a pipeline stands in the answer of GetMediaPipeline."""


class Identity(TypedDict):
    """What every kind of pipeline begins with."""

    media_pipeline_id: str
    media_pipeline_arn: str
    created_timestamp: datetime


def identity(call: Call) -> Identity:
    """A new pipeline's id, ARN and time."""
    pipeline_id = random_uuid()
    arn = call.arn("chime", f"media-pipeline/{pipeline_id}")
    return Identity(media_pipeline_id=pipeline_id, media_pipeline_arn=arn, created_timestamp=call.now)


def start(
    call: Call,
    detail: DetailT,
    tags: Sequence[models.Tag] | None,
    *,
    meetings: tuple[str, ...] = (),
    waits_for: str | None = None,
) -> DetailT:
    """A pipeline that begins now; returns what its creation answers."""
    life = Life("Initializing", call.now)
    pipeline = Pipeline(detail, life, as_tags(tags), meetings=meetings, waits_for=waits_for)
    area = call.area(MediaPipelines)
    area.pipelines.put(pipeline.pipeline_id, pipeline)
    for meeting in meetings:
        area.of_meeting[type(detail), id_in(meeting)] = pipeline.pipeline_id
    return pipeline.told()


def once(call: Call, request: Any, make: Callable[[], DetailT]) -> DetailT:
    """What `make` starts, or what it started before for the same client request token."""
    # No ConflictException is documented for any creation of a pipeline.
    return call.area(MediaPipelines).tokens.once(
        request.client_request_token,
        request,
        make,
        conflict=reused(errors.BadRequestException),
        about=lambda detail: detail.media_pipeline_id,
    )


def _meeting(call: Call, source_type: str, arn: str, missing: type[errors.ChimeSDKMediaPipelinesError]) -> str:
    """The ARN of a meeting that goes on, as the source of media; raises `missing` when there is none."""
    if source_type != "ChimeSdkMeeting":
        raise errors.BadRequestException("sources: the source type must be ChimeSdkMeeting")
    if not call.area(Meetings).knows(arn):
        raise missing("sources: there is no meeting with this ARN; it may have been deleted")
    return arn


def _check_first(call: Call, kind: type[Any], meeting_arn: str) -> None:
    """A meeting has one pipeline of some kinds at a time."""
    area = call.area(MediaPipelines)
    newest = area.pipelines.get(area.of_meeting.get((kind, id_in(meeting_arn)), ""))
    if newest is not None and area.is_here(call.world, newest) and not newest.life.over:
        raise errors.ResourceLimitExceededException("the meeting has its one pipeline of this kind")


@handles(
    operations.CREATE_MEDIA_CAPTURE_PIPELINE,
    status=201,
    limits={
        "source_arn": ARN,
        "sink_arn": ARN,
        "sink_iam_role_arn": ARN,
        "client_request_token": TOKEN,
        "chime_sdk_meeting_configuration.source_configuration.selected_video_streams.attendee_ids": (1, None),
        "chime_sdk_meeting_configuration.source_configuration.selected_video_streams.external_user_ids": (1, None),
        "sse_aws_key_management_params.aws_kms_key_id": (0, 4096),
        **TAGS,
    },
    patterns={"source_arn": ARN_PATTERN, "sink_arn": ARN_PATTERN, "sink_iam_role_arn": ARN_PATTERN, **TOKEN_PATTERN},
)
def create_media_capture_pipeline(
    call: Call, request: models.CreateMediaCapturePipelineRequest
) -> models.CreateMediaCapturePipelineResponse:
    def make() -> models.MediaCapturePipeline:
        meeting = _meeting(call, request.source_type, request.source_arn, errors.BadRequestException)
        _check_bucket("sink", request.sink_type, request.sink_arn)
        _check_first(call, models.MediaCapturePipeline, meeting)
        pipeline = models.MediaCapturePipeline(
            **identity(call),
            source_type=request.source_type,
            source_arn=request.source_arn,
            sink_type=request.sink_type,
            sink_arn=request.sink_arn,
            chime_sdk_meeting_configuration=request.chime_sdk_meeting_configuration,
            sse_aws_key_management_params=request.sse_aws_key_management_params,
            sink_iam_role_arn=request.sink_iam_role_arn,
        )
        return start(call, pipeline, request.tags, meetings=(meeting,))

    return models.CreateMediaCapturePipelineResponse(media_capture_pipeline=once(call, request, make))


def _check_bucket(place: str, sink_type: str, arn: str) -> None:
    if sink_type != "S3Bucket":
        raise errors.BadRequestException(f"{place}: the type must be S3Bucket")
    if not arn.startswith("arn:aws:s3:::"):
        raise errors.BadRequestException(f"{place}: this is no ARN of a bucket, such as arn:aws:s3:::recordings")


@handles(
    operations.CREATE_MEDIA_CONCATENATION_PIPELINE,
    status=201,
    limits={
        "sources": (1, 1),
        "sources[].media_capture_pipeline_source_configuration.media_pipeline_arn": ARN,
        "sinks": (1, 1),
        "sinks[].s3_bucket_sink_configuration.destination": ARN,
        "client_request_token": TOKEN,
        **TAGS,
    },
    patterns={
        "sources[].media_capture_pipeline_source_configuration.media_pipeline_arn": ARN_PATTERN,
        "sinks[].s3_bucket_sink_configuration.destination": ARN_PATTERN,
        **TOKEN_PATTERN,
    },
)
def create_media_concatenation_pipeline(
    call: Call, request: models.CreateMediaConcatenationPipelineRequest
) -> models.CreateMediaConcatenationPipelineResponse:
    def make() -> models.MediaConcatenationPipeline:
        [source], [sink] = request.sources, request.sinks
        if source.type != "MediaCapturePipeline":
            raise errors.BadRequestException("sources: the type must be MediaCapturePipeline")
        capture = _capture(call, source.media_capture_pipeline_source_configuration.media_pipeline_arn)
        _check_bucket("sinks", sink.type, sink.s3_bucket_sink_configuration.destination)
        pipeline = models.MediaConcatenationPipeline(
            **identity(call), sources=list(request.sources), sinks=list(request.sinks)
        )
        return start(call, pipeline, request.tags, waits_for=capture)

    return models.CreateMediaConcatenationPipelineResponse(media_concatenation_pipeline=once(call, request, make))


def _capture(call: Call, arn: str) -> str:
    """The id of a capture pipeline, also of one that is deleted, for what it captured is not."""
    area = call.area(MediaPipelines)
    pipeline_id = arn.rpartition("/")[2].lower()
    pipeline = area.pipelines.get(pipeline_id)
    captures = pipeline is not None and isinstance(pipeline.detail, models.MediaCapturePipeline)
    if not (captures or pipeline_id in area.captured):
        raise errors.BadRequestException("sources: there is no media capture pipeline with this ARN")
    return pipeline_id


@handles(
    operations.CREATE_MEDIA_LIVE_CONNECTOR_PIPELINE,
    status=201,
    limits={
        "sources": (1, 1),
        "sources[].chime_sdk_meeting_live_connector_configuration.arn": ARN,
        "sinks": (1, 1),
        "sinks[].rtmp_configuration.url": (1, 1024),
        "client_request_token": TOKEN,
        **TAGS,
    },
    patterns={"sources[].chime_sdk_meeting_live_connector_configuration.arn": ARN_PATTERN, **TOKEN_PATTERN},
)
def create_media_live_connector_pipeline(
    call: Call, request: models.CreateMediaLiveConnectorPipelineRequest
) -> models.CreateMediaLiveConnectorPipelineResponse:
    def make() -> models.MediaLiveConnectorPipeline:
        [source], [sink] = request.sources, request.sinks
        arn = source.chime_sdk_meeting_live_connector_configuration.arn
        meeting = _meeting(call, source.source_type, arn, errors.BadRequestException)
        if sink.sink_type != "RTMP" or not sink.rtmp_configuration.url.startswith(("rtmp://", "rtmps://")):
            raise errors.BadRequestException("sinks: the sink type must be RTMP and the URL begin with rtmp(s)://")
        _check_first(call, models.MediaLiveConnectorPipeline, meeting)
        pipeline = models.MediaLiveConnectorPipeline(
            **identity(call), sources=list(request.sources), sinks=list(request.sinks)
        )
        return start(call, pipeline, request.tags, meetings=(meeting,))

    return models.CreateMediaLiveConnectorPipelineResponse(media_live_connector_pipeline=once(call, request, make))


@handles(
    operations.CREATE_MEDIA_STREAM_PIPELINE,
    status=201,
    limits={
        "sources": (1, None),
        "sources[].source_arn": ARN,
        "sinks": (1, 2),
        "sinks[].sink_arn": ARN,
        "sinks[].reserved_stream_capacity": (1, 10),
        "client_request_token": TOKEN,
        **TAGS,
    },
    patterns={"sources[].source_arn": ARN_PATTERN, "sinks[].sink_arn": ARN_PATTERN, **TOKEN_PATTERN},
)
def create_media_stream_pipeline(
    call: Call, request: models.CreateMediaStreamPipelineRequest
) -> models.CreateMediaStreamPipelineResponse:
    def make() -> models.MediaStreamPipeline:
        meetings = tuple(
            _meeting(call, source.source_type, source.source_arn, errors.NotFoundException)
            for source in request.sources
        )
        _check_pools(call, request.sinks)
        pipeline = models.MediaStreamPipeline(
            **identity(call), sources=list(request.sources), sinks=list(request.sinks)
        )
        return start(call, pipeline, request.tags, meetings=meetings)

    return models.CreateMediaStreamPipelineResponse(media_stream_pipeline=once(call, request, make))


def _check_pools(call: Call, sinks: Sequence[models.MediaStreamSink]) -> None:
    """A stream pipeline ends in pools that exist, one for each kind of stream."""
    for sink in sinks:
        if sink.sink_type != "KinesisVideoStreamPool":
            raise errors.BadRequestException("sinks: the sink type must be KinesisVideoStreamPool")
        if call.area(MediaPipelines).pools.shelf.get(sink.sink_arn) is None:
            raise errors.NotFoundException("sinks: there is no Kinesis video stream pool with this ARN")
    if len({sink.media_stream_type for sink in sinks}) < len(sinks):
        raise errors.BadRequestException("sinks: each must carry another kind of media stream")


def _of_capture(call: Call, media_pipeline_id: str) -> Pipeline[models.MediaCapturePipeline]:
    pipeline = call.area(MediaPipelines).pipeline(call.world, media_pipeline_id)
    if not isinstance(pipeline.detail, models.MediaCapturePipeline):
        raise errors.NotFoundException("there is no such media capture pipeline")
    return pipeline


@handles(operations.GET_MEDIA_PIPELINE, limits={"media_pipeline_id": PIPELINE_ID})
def get_media_pipeline(call: Call, request: models.GetMediaPipelineRequest) -> models.GetMediaPipelineResponse:
    pipeline = call.area(MediaPipelines).pipeline(call.world, request.media_pipeline_id)
    told = {_MEMBERS[type(pipeline.detail)]: pipeline.told()}
    return models.GetMediaPipelineResponse(media_pipeline=models.MediaPipeline(**told))


@handles(operations.GET_MEDIA_CAPTURE_PIPELINE, limits={"media_pipeline_id": PIPELINE_ID})
def get_media_capture_pipeline(
    call: Call, request: models.GetMediaCapturePipelineRequest
) -> models.GetMediaCapturePipelineResponse:
    pipeline = _of_capture(call, request.media_pipeline_id)
    return models.GetMediaCapturePipelineResponse(media_capture_pipeline=pipeline.told())


def _page(
    call: Call, token: str | None, limit: int | None, where: Callable[[Pipeline[Any]], bool]
) -> tuple[list[Pipeline[Any]], str | None]:
    area, of_region = call.area(MediaPipelines), is_of_region(call)
    return area.pipelines.page(
        token, limit or PAGE, where=lambda one: of_region(one) and where(one) and area.is_here(call.world, one)
    )


@handles(operations.LIST_MEDIA_PIPELINES, limits={"max_results": (1, PAGE)})
def list_media_pipelines(call: Call, request: models.ListMediaPipelinesRequest) -> models.ListMediaPipelinesResponse:
    page, token = _page(call, request.next_token, request.max_results, lambda _: True)
    return models.ListMediaPipelinesResponse(
        media_pipelines=[
            models.MediaPipelineSummary(media_pipeline_id=one.pipeline_id, media_pipeline_arn=one.arn) for one in page
        ],
        next_token=token,
    )


@handles(operations.LIST_MEDIA_CAPTURE_PIPELINES, limits={"max_results": (1, PAGE)})
def list_media_capture_pipelines(
    call: Call, request: models.ListMediaCapturePipelinesRequest
) -> models.ListMediaCapturePipelinesResponse:
    page, token = _page(
        call,
        request.next_token,
        request.max_results,
        lambda one: isinstance(one.detail, models.MediaCapturePipeline),
    )
    return models.ListMediaCapturePipelinesResponse(
        media_capture_pipelines=[
            models.MediaCapturePipelineSummary(media_pipeline_id=one.pipeline_id, media_pipeline_arn=one.arn)
            for one in page
        ],
        next_token=token,
    )


@handles(operations.DELETE_MEDIA_PIPELINE, limits={"media_pipeline_id": PIPELINE_ID})
def delete_media_pipeline(call: Call, request: models.DeleteMediaPipelineRequest) -> None:
    _delete(call, call.area(MediaPipelines).pipeline(call.world, request.media_pipeline_id))


@handles(operations.DELETE_MEDIA_CAPTURE_PIPELINE, limits={"media_pipeline_id": PIPELINE_ID})
def delete_media_capture_pipeline(call: Call, request: models.DeleteMediaCapturePipelineRequest) -> None:
    _delete(call, _of_capture(call, request.media_pipeline_id))


def _delete(call: Call, pipeline: Pipeline[Any]) -> None:
    area = call.area(MediaPipelines)
    if isinstance(pipeline.detail, models.MediaCapturePipeline):
        area.captured.add(pipeline.pipeline_id)
    pipeline.life.leave("Stopping", call.now)
    area.tokens.forget_thing(pipeline.pipeline_id)
    if not area.is_here(call.world, pipeline):
        area.pipelines.take(pipeline.pipeline_id)
