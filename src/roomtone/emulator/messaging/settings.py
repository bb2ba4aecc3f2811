"""What surrounds channels: streaming configurations, the session endpoint, tags."""

from __future__ import annotations

from roomtone._core.codec import Misfit
from roomtone.chime_sdk_messaging import errors, models, operations
from roomtone.emulator.app_instances import App, app_instances, as_tags
from roomtone.emulator.chat_limits import ARN, MAX_TAGS, TAG_KEYS, TAGS, check_choice
from roomtone.emulator.messaging.base import app_around, app_of, handles
from roomtone.emulator.state import Call


@handles(operations.GET_MESSAGING_SESSION_ENDPOINT)
def get_messaging_session_endpoint(
    call: Call, request: models.GetMessagingSessionEndpointRequest
) -> models.GetMessagingSessionEndpointResponse:
    # `.invalid` is reserved: nobody is ever reached by it.
    network = "dualstack." if request.network_type == "DUAL_STACK" else ""
    url = f"node001.{call.region}.{network}ws-messaging.chime.invalid"
    return models.GetMessagingSessionEndpointResponse(endpoint=models.MessagingSessionEndpoint(url=url))


def _streaming_app(call: Call, arn: str) -> App:
    app = app_instances(call).apps.get(arn)
    if app is None:
        raise errors.NotFoundException("there is no such app instance")
    return app


@handles(
    operations.PUT_MESSAGING_STREAMING_CONFIGURATIONS,
    limits={"streaming_configurations": (1, 2), "streaming_configurations[].resource_arn": ARN},
)
def put_messaging_streaming_configurations(
    call: Call, request: models.PutMessagingStreamingConfigurationsRequest
) -> models.PutMessagingStreamingConfigurationsResponse:
    app = _streaming_app(call, request.app_instance_arn)
    given = list(request.streaming_configurations)
    for index, one in enumerate(given):
        check_choice(one.data_type, models.MessagingDataType, f"streaming_configurations[{index}].data_type")
    if len({one.data_type for one in given}) < len(given):
        raise Misfit("must each be for another data type", "streaming_configurations")
    app.streaming = given
    return models.PutMessagingStreamingConfigurationsResponse(streaming_configurations=app.streaming)


@handles(operations.GET_MESSAGING_STREAMING_CONFIGURATIONS)
def get_messaging_streaming_configurations(
    call: Call, request: models.GetMessagingStreamingConfigurationsRequest
) -> models.GetMessagingStreamingConfigurationsResponse:
    app = _streaming_app(call, request.app_instance_arn)
    if not app.streaming:
        raise errors.NotFoundException("the app instance has no streaming configurations")
    return models.GetMessagingStreamingConfigurationsResponse(streaming_configurations=app.streaming)


@handles(operations.DELETE_MESSAGING_STREAMING_CONFIGURATIONS)
def delete_messaging_streaming_configurations(
    call: Call, request: models.DeleteMessagingStreamingConfigurationsRequest
) -> None:
    app_of(call, request.app_instance_arn).streaming = []


def _tags(call: Call, arn: str) -> dict[str, str]:
    """The tags of a channel or a channel flow."""
    app = app_around(call, arn, "resource")
    holder = app.chats.get(arn) or app.flows.get(arn)
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
