"""Media stream pipelines of Amazon Chime SDK, and the pools of Kinesis video streams that they end in."""

from __future__ import annotations

import uuid
from datetime import datetime

from attrs import define, evolve, field

from roomtone.chime_sdk_media_pipelines import errors, models, operations
from roomtone.emulator.handlers import Handlers
from roomtone.emulator.meetings import Meetings
from roomtone.emulator.state import Call, Shelf, Tokens

__all__ = ["MediaPipelines", "handles"]

handles: Handlers = Handlers()

PAGE = 100
_TOKEN = (2, 64)
_ARN = (1, 1024)


@define(eq=False)
class MediaPipelines:
    """Pipelines by their id, pools by theirs."""

    pipelines: Shelf[models.MediaStreamPipeline] = field(factory=Shelf)
    pools: Shelf[models.KinesisVideoStreamPoolConfiguration] = field(factory=Shelf)
    tokens: Tokens = field(factory=Tokens)

    def pipeline(self, media_pipeline_id: str) -> models.MediaStreamPipeline:
        """A pipeline. Raises NotFoundException."""
        pipeline = self.pipelines.get(media_pipeline_id.lower())
        if pipeline is None:
            raise errors.NotFoundException("there is no such media pipeline")
        return pipeline

    def pool(self, identifier: str) -> models.KinesisVideoStreamPoolConfiguration:
        """A pool by its ARN, id or name. Raises NotFoundException."""
        for pool in self.pools:
            if identifier in (pool.pool_arn, pool.pool_id, pool.pool_name):
                return pool
        raise errors.NotFoundException("there is no such Kinesis video stream pool")

    def uses(self, pool_arn: str) -> bool:
        """Whether a pipeline ends in this pool."""
        return any(sink.sink_arn == pool_arn for pipeline in self.pipelines for sink in pipeline.sinks or ())


_REUSED = "the client request token was used with other parameters"


def _region_of(arn: str) -> str:
    return arn.split(":")[3]


@handles(
    operations.CREATE_MEDIA_STREAM_PIPELINE,
    status=201,
    limits={
        "sources": (1, None),
        "sources[].source_arn": _ARN,
        "sinks": (1, 2),
        "sinks[].sink_arn": _ARN,
        "sinks[].reserved_stream_capacity": (1, 10),
        "client_request_token": _TOKEN,
        "tags": (1, 200),
    },
)
def create_media_stream_pipeline(
    call: Call, request: models.CreateMediaStreamPipelineRequest
) -> models.CreateMediaStreamPipelineResponse:
    area = call.area(MediaPipelines)

    def make() -> models.CreateMediaStreamPipelineResponse:
        _check_ends(call, request)
        pipeline_id = str(uuid.uuid4())
        started = models.MediaStreamPipeline(
            media_pipeline_id=pipeline_id,
            media_pipeline_arn=call.arn("chime", f"media-pipeline/{pipeline_id}"),
            created_timestamp=call.now,
            updated_timestamp=call.now,
            status="Initializing",
            sources=list(request.sources),
            sinks=list(request.sinks),
        )
        # It is running by the time anybody looks again.
        area.pipelines.put(pipeline_id, evolve(started, status="InProgress"))
        return models.CreateMediaStreamPipelineResponse(media_stream_pipeline=started)

    # No ConflictException is documented for this one.
    return area.tokens.once(
        request.client_request_token, request, make, conflict=lambda: errors.BadRequestException(_REUSED)
    )


def _check_ends(call: Call, request: models.CreateMediaStreamPipelineRequest) -> None:
    """A pipeline leads from a meeting that is going on to pools that exist, one for each kind of stream."""
    for source in request.sources:
        if source.source_type != "ChimeSdkMeeting":
            raise errors.BadRequestException("sources: the source type must be ChimeSdkMeeting")
        if not call.area(Meetings).knows(source.source_arn):
            raise errors.NotFoundException("sources: there is no meeting with this ARN; it may have been deleted")
    for sink in request.sinks:
        if sink.sink_type != "KinesisVideoStreamPool":
            raise errors.BadRequestException("sinks: the sink type must be KinesisVideoStreamPool")
        if not any(pool.pool_arn == sink.sink_arn for pool in call.area(MediaPipelines).pools):
            raise errors.NotFoundException("sinks: there is no Kinesis video stream pool with this ARN")
    if len({sink.media_stream_type for sink in request.sinks}) < len(request.sinks):
        raise errors.BadRequestException("sinks: each must carry another kind of media stream")


def _as_it_is_now(call: Call, pipeline: models.MediaStreamPipeline) -> models.MediaStreamPipeline:
    """A pipeline stops when its meeting ends."""
    alive = all(call.area(Meetings).knows(source.source_arn) for source in pipeline.sources or ())
    return pipeline if alive else evolve(pipeline, status="Stopped")


@handles(operations.GET_MEDIA_PIPELINE, limits={"media_pipeline_id": (36, 36)})
def get_media_pipeline(call: Call, request: models.GetMediaPipelineRequest) -> models.GetMediaPipelineResponse:
    pipeline = _as_it_is_now(call, call.area(MediaPipelines).pipeline(request.media_pipeline_id))
    return models.GetMediaPipelineResponse(media_pipeline=models.MediaPipeline(media_stream_pipeline=pipeline))


@handles(operations.LIST_MEDIA_PIPELINES, limits={"max_results": (1, PAGE)})
def list_media_pipelines(call: Call, request: models.ListMediaPipelinesRequest) -> models.ListMediaPipelinesResponse:
    page, token = call.area(MediaPipelines).pipelines.page(
        request.next_token,
        request.max_results or PAGE,
        where=lambda pipeline: _region_of(pipeline.media_pipeline_arn) == call.region,
    )
    return models.ListMediaPipelinesResponse(
        media_pipelines=[
            models.MediaPipelineSummary(
                media_pipeline_id=pipeline.media_pipeline_id, media_pipeline_arn=pipeline.media_pipeline_arn
            )
            for pipeline in page
        ],
        next_token=token,
    )


@handles(operations.DELETE_MEDIA_PIPELINE, limits={"media_pipeline_id": (36, 36)})
def delete_media_pipeline(call: Call, request: models.DeleteMediaPipelineRequest) -> None:
    area = call.area(MediaPipelines)
    pipeline = area.pipeline(request.media_pipeline_id)
    area.pipelines.take(pipeline.media_pipeline_id)
    area.tokens.forget(
        lambda answer: (
            isinstance(answer, models.CreateMediaStreamPipelineResponse)
            and answer.media_stream_pipeline.media_pipeline_id == pipeline.media_pipeline_id
        )
    )


@handles(
    operations.CREATE_MEDIA_PIPELINE_KINESIS_VIDEO_STREAM_POOL,
    status=201,
    limits={
        "stream_configuration.region": (1, 32),
        "stream_configuration.data_retention_in_hours": (0, None),
        "pool_name": (1, 128),
        "client_request_token": _TOKEN,
        "tags": (1, 200),
    },
)
def create_pool(
    call: Call, request: models.CreateMediaPipelineKinesisVideoStreamPoolRequest
) -> models.CreateMediaPipelineKinesisVideoStreamPoolResponse:
    area = call.area(MediaPipelines)

    def make() -> models.CreateMediaPipelineKinesisVideoStreamPoolResponse:
        arn = call.arn("chime", f"media-pipeline-kinesis-video-stream-pool/{request.pool_name}")
        if any(pool.pool_arn == arn for pool in area.pools):
            raise errors.ConflictException("there is a pool of this name")
        created = _pool(request, arn, call.now)
        area.pools.put(created.pool_id, evolve(created, pool_status="ACTIVE"))
        return models.CreateMediaPipelineKinesisVideoStreamPoolResponse(kinesis_video_stream_pool_configuration=created)

    return area.tokens.once(
        request.client_request_token, request, make, conflict=lambda: errors.ConflictException(_REUSED)
    )


def _pool(
    request: models.CreateMediaPipelineKinesisVideoStreamPoolRequest, arn: str, now: datetime
) -> models.KinesisVideoStreamPoolConfiguration:
    retention = request.stream_configuration.data_retention_in_hours
    return models.KinesisVideoStreamPoolConfiguration(
        pool_arn=arn,
        pool_name=request.pool_name,
        pool_id=str(uuid.uuid4()),
        pool_status="CREATING",
        pool_size=0,
        stream_configuration=evolve(
            request.stream_configuration, data_retention_in_hours=24 if retention is None else retention
        ),
        created_timestamp=now,
        updated_timestamp=now,
    )


@handles(operations.GET_MEDIA_PIPELINE_KINESIS_VIDEO_STREAM_POOL, limits={"identifier": (1, 1024)})
def get_pool(
    call: Call, request: models.GetMediaPipelineKinesisVideoStreamPoolRequest
) -> models.GetMediaPipelineKinesisVideoStreamPoolResponse:
    return models.GetMediaPipelineKinesisVideoStreamPoolResponse(
        kinesis_video_stream_pool_configuration=call.area(MediaPipelines).pool(request.identifier)
    )


@handles(
    operations.UPDATE_MEDIA_PIPELINE_KINESIS_VIDEO_STREAM_POOL,
    limits={"identifier": (1, 1024), "stream_configuration.data_retention_in_hours": (1, None)},
)
def update_pool(
    call: Call, request: models.UpdateMediaPipelineKinesisVideoStreamPoolRequest
) -> models.UpdateMediaPipelineKinesisVideoStreamPoolResponse:
    area = call.area(MediaPipelines)
    pool = area.pool(request.identifier)
    update = request.stream_configuration
    if update is not None and update.data_retention_in_hours is not None and pool.stream_configuration is not None:
        configuration = evolve(pool.stream_configuration, data_retention_in_hours=update.data_retention_in_hours)
        pool = evolve(pool, stream_configuration=configuration, updated_timestamp=call.now)
        area.pools.put(pool.pool_id, pool)
    return models.UpdateMediaPipelineKinesisVideoStreamPoolResponse(kinesis_video_stream_pool_configuration=pool)


@handles(operations.LIST_MEDIA_PIPELINE_KINESIS_VIDEO_STREAM_POOLS, limits={"max_results": (1, PAGE)})
def list_pools(
    call: Call, request: models.ListMediaPipelineKinesisVideoStreamPoolsRequest
) -> models.ListMediaPipelineKinesisVideoStreamPoolsResponse:
    page, token = call.area(MediaPipelines).pools.page(
        request.next_token, request.max_results or PAGE, where=lambda pool: _region_of(pool.pool_arn) == call.region
    )
    return models.ListMediaPipelineKinesisVideoStreamPoolsResponse(
        kinesis_video_stream_pools=[
            models.KinesisVideoStreamPoolSummary(pool_name=pool.pool_name, pool_id=pool.pool_id, pool_arn=pool.pool_arn)
            for pool in page
        ],
        next_token=token,
    )


@handles(operations.DELETE_MEDIA_PIPELINE_KINESIS_VIDEO_STREAM_POOL, limits={"identifier": (1, 1024)})
def delete_pool(call: Call, request: models.DeleteMediaPipelineKinesisVideoStreamPoolRequest) -> None:
    area = call.area(MediaPipelines)
    pool = area.pool(request.identifier)
    if area.uses(pool.pool_arn):
        raise errors.ConflictException("a media pipeline ends in this pool; delete the pipeline first")
    area.pools.take(pool.pool_id)
    area.tokens.forget(
        lambda answer: (
            isinstance(answer, models.CreateMediaPipelineKinesisVideoStreamPoolResponse)
            and answer.kinesis_video_stream_pool_configuration.pool_id == pool.pool_id
        )
    )
