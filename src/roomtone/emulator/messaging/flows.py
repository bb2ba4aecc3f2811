"""Channel flows, and the channels whose messages go through them. No Lambda function is ever invoked."""

from __future__ import annotations

from attrs import evolve

from roomtone._core.codec import Misfit
from roomtone.chime_sdk_messaging import errors, models, operations
from roomtone.emulator.app_instances import App, Flow, as_tags
from roomtone.emulator.chat_limits import MAX_RESULTS, PAGE, TAGS, TOKEN, check_choice
from roomtone.emulator.chats import new_id
from roomtone.emulator.messaging.base import NAME, app_around, app_of, found, handles, once, visit
from roomtone.emulator.state import Call

_FLOW_LIMITS = {
    "name": NAME,
    "processors": (1, 3),
    "processors[].name": NAME,
    "processors[].execution_order": (1, 3),
    "processors[].configuration.lambda_.resource_arn": (15, 2048),
}


def _flow(call: Call, arn: str) -> tuple[App, Flow]:
    app = app_around(call, arn, "channel flow")
    return app, found(app.flows.get(arn), "channel flow")


def _check(request: models.CreateChannelFlowRequest | models.UpdateChannelFlowRequest) -> None:
    for index, processor in enumerate(request.processors):
        check_choice(processor.fallback_action, models.FallbackAction, f"processors[{index}].fallback_action")
    if len({processor.execution_order for processor in request.processors}) < len(request.processors):
        raise Misfit("must each have another execution order", "processors")


@handles(operations.CREATE_CHANNEL_FLOW, status=201, limits={**_FLOW_LIMITS, **TAGS, "client_request_token": TOKEN})
def create_channel_flow(call: Call, request: models.CreateChannelFlowRequest) -> models.CreateChannelFlowResponse:
    app = app_of(call, request.app_instance_arn)

    def make() -> models.CreateChannelFlowResponse:
        _check(request)
        detail = models.ChannelFlow(
            channel_flow_arn=f"{app.arn}/channel-flow/{new_id()}",
            processors=list(request.processors),
            name=request.name,
            created_timestamp=call.now,
            last_updated_timestamp=call.now,
        )
        app.flows.put(detail.channel_flow_arn, Flow(detail, as_tags(request.tags)))
        return models.CreateChannelFlowResponse(channel_flow_arn=detail.channel_flow_arn)

    return once(app.tokens, request.client_request_token, request, make)


@handles(operations.DESCRIBE_CHANNEL_FLOW)
def describe_channel_flow(call: Call, request: models.DescribeChannelFlowRequest) -> models.DescribeChannelFlowResponse:
    return models.DescribeChannelFlowResponse(channel_flow=_flow(call, request.channel_flow_arn)[1].detail)


@handles(operations.LIST_CHANNEL_FLOWS, limits=MAX_RESULTS)
def list_channel_flows(call: Call, request: models.ListChannelFlowsRequest) -> models.ListChannelFlowsResponse:
    app = app_of(call, request.app_instance_arn)
    page, token = app.flows.page(request.next_token, request.max_results or PAGE)
    return models.ListChannelFlowsResponse(
        channel_flows=[
            models.ChannelFlowSummary(
                channel_flow_arn=flow.detail.channel_flow_arn,
                name=flow.detail.name,
                processors=flow.detail.processors,
            )
            for flow in page
        ],
        next_token=token,
    )


@handles(operations.UPDATE_CHANNEL_FLOW, limits=_FLOW_LIMITS)
def update_channel_flow(call: Call, request: models.UpdateChannelFlowRequest) -> models.UpdateChannelFlowResponse:
    _check(request)
    _, flow = _flow(call, request.channel_flow_arn)
    flow.detail = evolve(
        flow.detail, name=request.name, processors=list(request.processors), last_updated_timestamp=call.now
    )
    return models.UpdateChannelFlowResponse(channel_flow_arn=flow.detail.channel_flow_arn)


@handles(operations.DELETE_CHANNEL_FLOW)
def delete_channel_flow(call: Call, request: models.DeleteChannelFlowRequest) -> None:
    app, flow = _flow(call, request.channel_flow_arn)
    arn = flow.detail.channel_flow_arn
    if any(chat.channel.channel_flow_arn == arn for chat in app.chats):
        raise errors.ConflictException("a channel is associated with the flow; disassociate it first")
    app.flows.take(arn)
    app.tokens.forget(lambda answer: getattr(answer, "channel_flow_arn", None) == arn)


@handles(operations.ASSOCIATE_CHANNEL_FLOW, status=200)
def associate_channel_flow(call: Call, request: models.AssociateChannelFlowRequest) -> None:
    here = visit(call, request.channel_arn, request.chime_bearer)
    here.must_moderate()
    if here.app.flows.get(request.channel_flow_arn) is None:
        raise errors.NotFoundException("the app instance has no such channel flow")
    if here.chat.channel.channel_flow_arn is not None:
        raise errors.ConflictException("the channel is associated with a channel flow; disassociate it first")
    here.chat.channel = evolve(
        here.chat.channel, channel_flow_arn=request.channel_flow_arn, last_updated_timestamp=call.now
    )


@handles(operations.DISASSOCIATE_CHANNEL_FLOW)
def disassociate_channel_flow(call: Call, request: models.DisassociateChannelFlowRequest) -> None:
    here = visit(call, request.channel_arn, request.chime_bearer)
    here.must_moderate()
    if here.chat.channel.channel_flow_arn != request.channel_flow_arn:
        raise errors.NotFoundException("the channel is not associated with this channel flow")
    here.chat.channel = evolve(here.chat.channel, channel_flow_arn=None, last_updated_timestamp=call.now)


@handles(operations.LIST_CHANNELS_ASSOCIATED_WITH_CHANNEL_FLOW, limits=MAX_RESULTS)
def list_channels_associated_with_channel_flow(
    call: Call, request: models.ListChannelsAssociatedWithChannelFlowRequest
) -> models.ListChannelsAssociatedWithChannelFlowResponse:
    app, flow = _flow(call, request.channel_flow_arn)
    page, token = app.chats.page(
        request.next_token,
        request.max_results or PAGE,
        where=lambda chat: chat.channel.channel_flow_arn == flow.detail.channel_flow_arn,
    )
    return models.ListChannelsAssociatedWithChannelFlowResponse(
        channels=[
            models.ChannelAssociatedWithFlowSummary(
                name=chat.channel.name,
                channel_arn=chat.arn,
                mode=chat.channel.mode,
                privacy=chat.channel.privacy,
                metadata=chat.channel.metadata,
            )
            for chat in page
        ],
        next_token=token,
    )
