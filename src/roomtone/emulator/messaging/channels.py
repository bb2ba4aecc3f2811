"""Channels: made, found, changed, deleted; their sub-channels."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from roomtone._core.codec import Misfit
from roomtone.chime_sdk_messaging import errors, models, operations
from roomtone.emulator.app_instances import as_tags
from roomtone.emulator.chat_limits import EXPIRATION, MAX_RESULTS, METADATA, PAGE, TAGS, TOKEN, check_choice, check_id
from roomtone.emulator.chats import Chat, new_id
from roomtone.emulator.messaging.base import NAME, Caller, Visit, call_by, handles, once, visit
from roomtone.emulator.messaging.memberships import admit, appoint
from roomtone.emulator.state import Call

_ELASTIC = "elastic_channel_configuration"


@handles(
    operations.CREATE_CHANNEL,
    status=201,
    limits={
        **TAGS,
        **EXPIRATION,
        "name": NAME,
        "metadata": METADATA,
        "client_request_token": TOKEN,
        "channel_id": (1, 64),
        "member_arns": (1, 10),
        "moderator_arns": (1, 10),
        f"{_ELASTIC}.maximum_sub_channels": (2, None),
        f"{_ELASTIC}.target_memberships_per_sub_channel": (2, None),
        f"{_ELASTIC}.minimum_membership_percentage": (1, 40),
    },
)
def create_channel(call: Call, request: models.CreateChannelRequest) -> models.CreateChannelResponse:
    caller = call_by(call, request.chime_bearer)

    def make() -> models.CreateChannelResponse:
        _check_new(caller, request)
        chat = Chat(_channel(call, caller, request), tags=as_tags(request.tags))
        caller.app.chats.put(chat.arn, chat)
        place = caller.at(chat)
        for arn in dict.fromkeys((caller.arn, *(request.moderator_arns or ()))):
            appoint(place, arn)
        if chat.elastic is None:
            for arn in dict.fromkeys((caller.arn, *(request.member_arns or ()))):
                admit(place, arn, "DEFAULT")
        else:
            first = new_id()
            chat.sub_channels.put(first, first)
        return models.CreateChannelResponse(channel_arn=chat.arn)

    return once(caller.app.tokens, request.client_request_token, request, make)


def _check_new(caller: Caller, request: models.CreateChannelRequest) -> None:
    check_choice(request.mode, models.ChannelMode, "mode")
    check_choice(request.privacy, models.ChannelPrivacy, "privacy")
    _check_expiration(request)
    if request.app_instance_arn != caller.app.arn:
        raise errors.ForbiddenException("the caller is of another app instance")
    if request.channel_id is not None:
        check_id(request.channel_id, "channel_id")
        if caller.app.chats.get(f"{caller.app.arn}/channel/{request.channel_id}"):
            raise errors.ConflictException("the app instance has a channel with this id")
    if request.elastic_channel_configuration is not None:
        if request.mode == "UNRESTRICTED":
            raise Misfit("must be RESTRICTED for an elastic channel", "mode")
        if request.member_arns is not None:
            raise Misfit("is not for elastic channels", "member_arns")
    for arn in (*(request.member_arns or ()), *(request.moderator_arns or ())):
        if caller.app.someone(arn) is None:
            raise errors.ForbiddenException("a member or moderator is no user and no bot of the app instance")


def _check_expiration(request: models.CreateChannelRequest | models.PutChannelExpirationSettingsRequest) -> None:
    settings = request.expiration_settings
    if settings is not None:
        path = "expiration_settings.expiration_criterion"
        check_choice(settings.expiration_criterion, models.ExpirationCriterion, path)


def _channel(call: Call, caller: Caller, request: models.CreateChannelRequest) -> models.Channel:
    mode = "RESTRICTED" if request.elastic_channel_configuration else "UNRESTRICTED"
    return models.Channel(
        name=request.name,
        channel_arn=f"{caller.app.arn}/channel/{request.channel_id or new_id()}",
        mode=request.mode or mode,
        privacy=request.privacy or "PUBLIC",
        metadata=request.metadata,
        created_by=caller.identity,
        created_timestamp=call.now,
        last_updated_timestamp=call.now,
        elastic_channel_configuration=request.elastic_channel_configuration,
        expiration_settings=request.expiration_settings,
    )


@handles(operations.DESCRIBE_CHANNEL)
def describe_channel(call: Call, request: models.DescribeChannelRequest) -> models.DescribeChannelResponse:
    here = visit(call, request.channel_arn, request.chime_bearer)
    here.must_see()
    return models.DescribeChannelResponse(channel=here.detail())


@handles(operations.UPDATE_CHANNEL, limits={"name": NAME, "metadata": METADATA})
def update_channel(call: Call, request: models.UpdateChannelRequest) -> models.UpdateChannelResponse:
    here = visit(call, request.channel_arn, request.chime_bearer)
    here.must_moderate()
    check_choice(request.mode, models.ChannelMode, "mode")
    if here.chat.elastic and request.mode == "UNRESTRICTED":
        raise Misfit("must be RESTRICTED for an elastic channel", "mode")
    given: dict[str, Any] = {"name": request.name, "mode": request.mode, "metadata": request.metadata}
    changes = {name: value for name, value in given.items() if value is not None}
    here.chat.channel = evolve(here.chat.channel, **changes, last_updated_timestamp=call.now)
    return models.UpdateChannelResponse(channel_arn=here.chat.arn)


@handles(operations.DELETE_CHANNEL)
def delete_channel(call: Call, request: models.DeleteChannelRequest) -> None:
    here = visit(call, request.channel_arn, request.chime_bearer)
    here.must_moderate()
    here.app.remove_chat(here.chat.arn)


@handles(operations.PUT_CHANNEL_EXPIRATION_SETTINGS, limits=EXPIRATION)
def put_channel_expiration_settings(
    call: Call, request: models.PutChannelExpirationSettingsRequest
) -> models.PutChannelExpirationSettingsResponse:
    here = visit(call, request.channel_arn, request.chime_bearer)
    here.must_moderate()
    _check_expiration(request)
    here.chat.channel = evolve(
        here.chat.channel, expiration_settings=request.expiration_settings, last_updated_timestamp=call.now
    )
    return models.PutChannelExpirationSettingsResponse(
        channel_arn=here.chat.arn, expiration_settings=request.expiration_settings
    )


@handles(operations.LIST_CHANNELS, limits=MAX_RESULTS)
def list_channels(call: Call, request: models.ListChannelsRequest) -> models.ListChannelsResponse:
    caller = call_by(call, request.chime_bearer)
    check_choice(request.privacy, models.ChannelPrivacy, "privacy")
    if request.app_instance_arn != caller.app.arn:
        raise errors.ForbiddenException("the caller is of another app instance")
    if request.privacy == "PRIVATE" and not caller.is_admin:
        raise errors.ForbiddenException("only an administrator can list private channels")
    wanted = {request.privacy} if request.privacy else {"PUBLIC", "PRIVATE"} if caller.is_admin else {"PUBLIC"}
    page, token = caller.app.chats.page(
        request.next_token, request.max_results or PAGE, where=lambda chat: chat.channel.privacy in wanted
    )
    return models.ListChannelsResponse(channels=[caller.at(chat).summary() for chat in page], next_token=token)


@handles(
    operations.SEARCH_CHANNELS,
    limits={**MAX_RESULTS, "fields": (1, 20), "fields[].values": (1, 20), "fields[].values[]": (1, 512)},
)
def search_channels(call: Call, request: models.SearchChannelsRequest) -> models.SearchChannelsResponse:
    caller = call_by(call, request.chime_bearer)
    for index, sought in enumerate(request.fields):
        check_choice(sought.key, models.SearchFieldKey, f"fields[{index}].key")
        check_choice(sought.operator, models.SearchFieldOperator, f"fields[{index}].operator")

    def fits(chat: Chat) -> bool:
        return (caller.is_admin or bool(chat.memberships(caller.arn))) and all(
            _matches(chat, sought) for sought in request.fields
        )

    page, token = caller.app.chats.page(request.next_token, request.max_results or PAGE, where=fits)
    return models.SearchChannelsResponse(channels=[caller.at(chat).summary() for chat in page], next_token=token)


def _matches(chat: Chat, sought: models.SearchField) -> bool:
    members, values = chat.names_of("DEFAULT"), set(sought.values)
    return members == values if sought.operator == "EQUALS" else values <= members


@handles(operations.LIST_CHANNELS_MODERATED_BY_APP_INSTANCE_USER, limits=MAX_RESULTS)
def list_channels_moderated_by_app_instance_user(
    call: Call, request: models.ListChannelsModeratedByAppInstanceUserRequest
) -> models.ListChannelsModeratedByAppInstanceUserResponse:
    caller = call_by(call, request.chime_bearer)
    moderator = caller.whom(request.app_instance_user_arn)
    page, token = caller.app.chats.page(
        request.next_token, request.max_results or PAGE, where=lambda chat: chat.moderates(moderator)
    )
    return models.ListChannelsModeratedByAppInstanceUserResponse(
        channels=[_moderated(caller.at(chat)) for chat in page], next_token=token
    )


@handles(operations.DESCRIBE_CHANNEL_MODERATED_BY_APP_INSTANCE_USER)
def describe_channel_moderated_by_app_instance_user(
    call: Call, request: models.DescribeChannelModeratedByAppInstanceUserRequest
) -> models.DescribeChannelModeratedByAppInstanceUserResponse:
    here = visit(call, request.channel_arn, request.chime_bearer)
    moderator = request.app_instance_user_arn
    if here.chat.elastic is not None:
        raise errors.ForbiddenException("this is not for elastic channels")
    if not here.moderates and not here.chat.memberships(here.arn):
        here.whom(moderator)
    if not here.chat.moderates(moderator):
        raise errors.ForbiddenException("the user does not moderate the channel")
    return models.DescribeChannelModeratedByAppInstanceUserResponse(channel=_moderated(here))


def _moderated(here: Visit) -> models.ChannelModeratedByAppInstanceUserSummary:
    return models.ChannelModeratedByAppInstanceUserSummary(channel_summary=here.summary())


@handles(operations.LIST_SUB_CHANNELS, limits=MAX_RESULTS)
def list_sub_channels(call: Call, request: models.ListSubChannelsRequest) -> models.ListSubChannelsResponse:
    here = visit(call, request.channel_arn, request.chime_bearer)
    here.must_moderate()
    if here.chat.elastic is None:
        raise Misfit("is not the ARN of an elastic channel", "channel_arn")
    page, token = here.chat.sub_channels.page(request.next_token, request.max_results or PAGE)
    seats = [member.sub_channel_id for member in here.chat.members]
    return models.ListSubChannelsResponse(
        channel_arn=here.chat.arn,
        sub_channels=[
            models.SubChannelSummary(sub_channel_id=sub_channel_id, membership_count=seats.count(sub_channel_id))
            for sub_channel_id in page
        ],
        next_token=token,
    )
