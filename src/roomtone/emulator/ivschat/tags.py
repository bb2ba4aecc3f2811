"""Tags of rooms and logging configurations."""

from __future__ import annotations

from roomtone.emulator.ivschat.state import ARN, TAGS, Chat, handles
from roomtone.emulator.state import Call
from roomtone.ivschat import models, operations

__all__: list[str] = []


@handles(operations.LIST_TAGS_FOR_RESOURCE, limits={"resource_arn": ARN})
def list_tags_for_resource(
    call: Call, request: models.ListTagsForResourceRequest
) -> models.ListTagsForResourceResponse:
    return models.ListTagsForResourceResponse(tags=call.area(Chat).tags(call, request.resource_arn))


@handles(operations.TAG_RESOURCE, limits={"resource_arn": ARN, "tags": TAGS})
def tag_resource(call: Call, request: models.TagResourceRequest) -> models.TagResourceResponse:
    call.area(Chat).tag(call, request.resource_arn, request.tags)
    return models.TagResourceResponse()


@handles(operations.UNTAG_RESOURCE, limits={"resource_arn": ARN, "tag_keys": TAGS, "tag_keys[]": (1, 128)})
def untag_resource(call: Call, request: models.UntagResourceRequest) -> models.UntagResourceResponse:
    call.area(Chat).untag(call, request.resource_arn, request.tag_keys)
    return models.UntagResourceResponse()
