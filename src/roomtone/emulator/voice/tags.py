"""The tags of voice connectors, SIP media applications and voice profile domains, by the ARNs of these."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, field

from roomtone.chime_sdk_voice import errors, models, operations
from roomtone.emulator.state import Call
from roomtone.emulator.voice.base import ARN_LENGTH, TAGS, handles

__all__ = ["Tags"]

MAX_TAGS = 50


@define(eq=False)
class Tags:
    """The tags of everything that can have some."""

    _by_arn: dict[str, dict[str, str]] = field(factory=dict, init=False)

    def begin(self, arn: str, tags: Sequence[models.Tag] | None) -> None:
        """A thing is new, and has these tags."""
        self._by_arn[arn] = {tag.key: tag.value for tag in tags or ()}

    def end(self, arn: str) -> None:
        """A thing is no more."""
        del self._by_arn[arn]

    def of(self, arn: str) -> dict[str, str]:
        """The tags of a thing. Raises NotFoundException."""
        if arn not in self._by_arn:
            raise errors.NotFoundException("nothing that can have tags has this ARN")
        return self._by_arn[arn]


@handles(operations.LIST_TAGS_FOR_RESOURCE, limits={"resource_arn": ARN_LENGTH})
def list_tags_for_resource(
    call: Call, request: models.ListTagsForResourceRequest
) -> models.ListTagsForResourceResponse:
    tags = call.area(Tags).of(request.resource_arn)
    return models.ListTagsForResourceResponse(tags=[models.Tag(key=key, value=value) for key, value in tags.items()])


@handles(operations.TAG_RESOURCE, limits={"resource_arn": ARN_LENGTH, **TAGS})
def tag_resource(call: Call, request: models.TagResourceRequest) -> None:
    tags = call.area(Tags).of(request.resource_arn)
    given = {tag.key: tag.value for tag in request.tags}
    if len(tags | given) > MAX_TAGS:
        raise errors.ResourceLimitExceededException(f"a resource has at most {MAX_TAGS} tags")
    tags.update(given)


@handles(
    operations.UNTAG_RESOURCE,
    limits={"resource_arn": ARN_LENGTH, "tag_keys": (1, 50), "tag_keys[]": (1, 128)},
)
def untag_resource(call: Call, request: models.UntagResourceRequest) -> None:
    tags = call.area(Tags).of(request.resource_arn)
    for key in request.tag_keys:
        tags.pop(key, None)
