"""Tags of app instances, users and bots."""

from __future__ import annotations

from roomtone.chime_sdk_identity import errors, models, operations
from roomtone.emulator.app_instances import as_tags
from roomtone.emulator.chat_limits import MAX_TAGS, TAG_KEYS, TAGS
from roomtone.emulator.identity.base import app_around, handles
from roomtone.emulator.state import Call


def _tags(call: Call, arn: str) -> dict[str, str]:
    """The tags of an app instance, a user or a bot."""
    app = app_around(call, arn, "resource")
    holder = app if arn == app.arn else app.someone(arn)
    if holder is None:
        raise errors.ForbiddenException("there is no such resource")
    return holder.tags


@handles(operations.LIST_TAGS_FOR_RESOURCE)
def list_tags_for_resource(
    call: Call, request: models.ListTagsForResourceRequest
) -> models.ListTagsForResourceResponse:
    tags = _tags(call, request.resource_arn)
    return models.ListTagsForResourceResponse(tags=[models.Tag(key=key, value=value) for key, value in tags.items()])


@handles(operations.TAG_RESOURCE, limits=TAGS)
def tag_resource(call: Call, request: models.TagResourceRequest) -> None:
    tags = _tags(call, request.resource_arn)
    if len({*tags, *as_tags(request.tags)}) > MAX_TAGS:
        raise errors.ResourceLimitExceededException(f"a resource has {MAX_TAGS} tags at most")
    tags.update(as_tags(request.tags))


@handles(operations.UNTAG_RESOURCE, limits=TAG_KEYS)
def untag_resource(call: Call, request: models.UntagResourceRequest) -> None:
    tags = _tags(call, request.resource_arn)
    for key in request.tag_keys:
        tags.pop(key, None)
