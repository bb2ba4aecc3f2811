"""The tags of pipelines, insights configurations and stream pools."""

from __future__ import annotations

from roomtone.chime_sdk_media_pipelines import errors, models, operations
from roomtone.emulator.media_pipelines.area import MAX_TAGS, TAGS, MediaPipelines, Resource, as_tags, handles
from roomtone.emulator.state import Call

__all__: list[str] = []

_RESOURCE = {"resource_arn": (1, 1011)}


def _resource(call: Call, arn: str) -> Resource:
    """What an ARN stands for. Raises NotFoundException."""
    area = call.area(MediaPipelines)
    kind = arn.rpartition(":")[2].partition("/")[0]
    if kind == area.pools.kind:
        return area.pool(call, arn)
    if kind == area.configurations.kind:
        return area.configuration(call, arn)
    return area.pipeline(call.world, arn)


@handles(operations.TAG_RESOURCE, status=204, limits={**_RESOURCE, **TAGS})
def tag_resource(call: Call, request: models.TagResourceRequest) -> models.TagResourceResponse:
    resource = _resource(call, request.resource_arn)
    tags = {**resource.tags, **as_tags(request.tags)}
    if len(tags) > MAX_TAGS:
        raise errors.BadRequestException(f"a resource has at most {MAX_TAGS} tags")
    resource.tags = tags
    return models.TagResourceResponse()


@handles(operations.UNTAG_RESOURCE, status=204, limits={**_RESOURCE, "tag_keys": (1, MAX_TAGS), "tag_keys[]": (1, 128)})
def untag_resource(call: Call, request: models.UntagResourceRequest) -> models.UntagResourceResponse:
    resource = _resource(call, request.resource_arn)
    for key in request.tag_keys:
        resource.tags.pop(key, None)
    return models.UntagResourceResponse()


@handles(operations.LIST_TAGS_FOR_RESOURCE, limits=_RESOURCE)
def list_tags_for_resource(
    call: Call, request: models.ListTagsForResourceRequest
) -> models.ListTagsForResourceResponse:
    tags = _resource(call, request.resource_arn).tags
    return models.ListTagsForResourceResponse(tags=[models.Tag(key=key, value=value) for key, value in tags.items()])
