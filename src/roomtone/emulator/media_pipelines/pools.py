"""Pools of Kinesis video streams, in which media stream pipelines end."""

from __future__ import annotations

from attrs import evolve

from roomtone.chime_sdk_media_pipelines import errors, models, operations
from roomtone.emulator.media_pipelines.area import (
    IDENTIFIER,
    NAME_PATTERN,
    PAGE,
    TAGS,
    TOKEN,
    TOKEN_PATTERN,
    MediaPipelines,
    Pool,
    as_tags,
    handles,
    is_of_region,
    reused,
)
from roomtone.emulator.media_pipelines.life import Life
from roomtone.emulator.state import Call, random_uuid

__all__: list[str] = []

DEFAULT_RETENTION = 24


@handles(
    operations.CREATE_MEDIA_PIPELINE_KINESIS_VIDEO_STREAM_POOL,
    status=201,
    limits={
        "stream_configuration.region": (1, 32),
        "stream_configuration.data_retention_in_hours": (0, None),
        "pool_name": (1, 128),
        "client_request_token": TOKEN,
        **TAGS,
    },
    patterns={
        "pool_name": NAME_PATTERN,
        "stream_configuration.region": r"([a-z]+-){2,}\d+",
        **TOKEN_PATTERN,
    },
)
def create_pool(
    call: Call, request: models.CreateMediaPipelineKinesisVideoStreamPoolRequest
) -> models.CreateMediaPipelineKinesisVideoStreamPoolResponse:
    area = call.area(MediaPipelines)

    def make() -> models.KinesisVideoStreamPoolConfiguration:
        arn = area.pools.arn(call, request.pool_name)
        known = area.pools.shelf.get(arn)
        if known is not None and area.has_pool(call.world, known):
            raise errors.ConflictException("there is a pool of this name")
        pool = Pool(_detail(request, arn, call), Life("CREATING", call.now), as_tags(request.tags))
        area.pools.put(pool, pool.detail.pool_id)
        return pool.told()

    created = area.tokens.once(
        request.client_request_token,
        request,
        make,
        conflict=reused(errors.ConflictException),
        about=lambda detail: detail.pool_id,
    )
    return models.CreateMediaPipelineKinesisVideoStreamPoolResponse(kinesis_video_stream_pool_configuration=created)


def _detail(
    request: models.CreateMediaPipelineKinesisVideoStreamPoolRequest, arn: str, call: Call
) -> models.KinesisVideoStreamPoolConfiguration:
    retention = request.stream_configuration.data_retention_in_hours
    return models.KinesisVideoStreamPoolConfiguration(
        pool_arn=arn,
        pool_name=request.pool_name,
        pool_id=random_uuid(),
        pool_size=0,
        stream_configuration=evolve(
            request.stream_configuration, data_retention_in_hours=DEFAULT_RETENTION if retention is None else retention
        ),
        created_timestamp=call.now,
    )


@handles(operations.GET_MEDIA_PIPELINE_KINESIS_VIDEO_STREAM_POOL, limits={"identifier": IDENTIFIER})
def get_pool(
    call: Call, request: models.GetMediaPipelineKinesisVideoStreamPoolRequest
) -> models.GetMediaPipelineKinesisVideoStreamPoolResponse:
    pool = call.area(MediaPipelines).pool(call, request.identifier)
    return models.GetMediaPipelineKinesisVideoStreamPoolResponse(kinesis_video_stream_pool_configuration=pool.told())


@handles(
    operations.UPDATE_MEDIA_PIPELINE_KINESIS_VIDEO_STREAM_POOL,
    limits={"identifier": IDENTIFIER, "stream_configuration.data_retention_in_hours": (1, None)},
)
def update_pool(
    call: Call, request: models.UpdateMediaPipelineKinesisVideoStreamPoolRequest
) -> models.UpdateMediaPipelineKinesisVideoStreamPoolResponse:
    pool = call.area(MediaPipelines).pool(call, request.identifier)
    if pool.life.status != "ACTIVE":
        raise errors.ConflictException(f"the pool is {pool.life.status}; only an ACTIVE one can be changed")
    update, configuration = request.stream_configuration, pool.detail.stream_configuration
    if update is not None and update.data_retention_in_hours is not None and configuration is not None:
        configuration = evolve(configuration, data_retention_in_hours=update.data_retention_in_hours)
        pool.detail = evolve(pool.detail, stream_configuration=configuration)
    pool.life.become("UPDATING", call.now)
    return models.UpdateMediaPipelineKinesisVideoStreamPoolResponse(kinesis_video_stream_pool_configuration=pool.told())


@handles(operations.LIST_MEDIA_PIPELINE_KINESIS_VIDEO_STREAM_POOLS, limits={"max_results": (1, PAGE)})
def list_pools(
    call: Call, request: models.ListMediaPipelineKinesisVideoStreamPoolsRequest
) -> models.ListMediaPipelineKinesisVideoStreamPoolsResponse:
    area, of_region = call.area(MediaPipelines), is_of_region(call)
    page, token = area.pools.shelf.page(
        request.next_token,
        request.max_results or PAGE,
        where=lambda pool: of_region(pool) and area.has_pool(call.world, pool),
    )
    return models.ListMediaPipelineKinesisVideoStreamPoolsResponse(
        kinesis_video_stream_pools=[
            models.KinesisVideoStreamPoolSummary(
                pool_name=pool.detail.pool_name, pool_id=pool.detail.pool_id, pool_arn=pool.arn
            )
            for pool in page
        ],
        next_token=token,
    )


@handles(operations.DELETE_MEDIA_PIPELINE_KINESIS_VIDEO_STREAM_POOL, limits={"identifier": IDENTIFIER})
def delete_pool(call: Call, request: models.DeleteMediaPipelineKinesisVideoStreamPoolRequest) -> None:
    area = call.area(MediaPipelines)
    pool = area.pool(call, request.identifier)
    if any(_ends_in(pipeline.detail, pool.arn) for pipeline in area.running(call.world)):
        raise errors.ConflictException("a media pipeline ends in this pool; delete the pipeline first")
    pool.life.leave("DELETING", call.now)
    area.tokens.forget_thing(pool.detail.pool_id)
    if not area.has_pool(call.world, pool):
        area.pools.take(pool, pool.detail.pool_id)


def _ends_in(pipeline: object, pool_arn: str) -> bool:
    return isinstance(pipeline, models.MediaStreamPipeline) and any(
        sink.sink_arn == pool_arn for sink in pipeline.sinks or ()
    )
