"""The tags of meetings."""

from __future__ import annotations

from roomtone.chime_sdk_meetings import errors, models, operations
from roomtone.emulator.meetings.area import MAX_TAGS, TAG_LIMITS, TAG_PATTERN, Meetings, Room, as_tags, handles, id_in
from roomtone.emulator.state import Call

__all__: list[str] = []

_ARN = (1, 1011)


def _tagged(call: Call, arn: str) -> Room:
    """The meeting of an ARN. Raises ForbiddenException for another account's, ResourceNotFoundException."""
    if arn.split(":")[4:5] != [call.world.account]:
        raise errors.ForbiddenException("resource_arn: this is no ARN of the account that calls")
    meetings = call.area(Meetings)
    if not meetings.knows(arn):
        raise errors.ResourceNotFoundException("there is no meeting with this ARN; it may have been deleted")
    return meetings.room(id_in(arn))


@handles(operations.TAG_RESOURCE, status=204, limits={"resource_arn": _ARN, **TAG_LIMITS}, patterns=TAG_PATTERN)
def tag_resource(call: Call, request: models.TagResourceRequest) -> models.TagResourceResponse:
    room = _tagged(call, request.resource_arn)
    tags = {**room.tags, **as_tags(request.tags)}
    if len(tags) > MAX_TAGS:
        raise errors.TooManyTagsException(f"a meeting has at most {MAX_TAGS} tags", resource_name=request.resource_arn)
    room.tags = tags
    return models.TagResourceResponse()


@handles(
    operations.UNTAG_RESOURCE,
    status=204,
    limits={"resource_arn": _ARN, "tag_keys": (0, MAX_TAGS), "tag_keys[]": (1, 128)},
)
def untag_resource(call: Call, request: models.UntagResourceRequest) -> models.UntagResourceResponse:
    room = _tagged(call, request.resource_arn)
    for key in request.tag_keys:
        room.tags.pop(key, None)
    return models.UntagResourceResponse()


@handles(operations.LIST_TAGS_FOR_RESOURCE, limits={"resource_arn": _ARN})
def list_tags_for_resource(
    call: Call, request: models.ListTagsForResourceRequest
) -> models.ListTagsForResourceResponse:
    room = _tagged(call, request.resource_arn)
    return models.ListTagsForResourceResponse(
        tags=[models.Tag(key=key, value=value) for key, value in room.tags.items()]
    )
