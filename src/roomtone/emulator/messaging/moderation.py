"""Moderators of channels, and bans from them."""

from __future__ import annotations

from attrs import evolve

from roomtone.chime_sdk_messaging import errors, models, operations
from roomtone.emulator.chat_limits import ARN, MAX_RESULTS, PAGE
from roomtone.emulator.messaging.base import Visit, found, handles, visit
from roomtone.emulator.messaging.memberships import appoint
from roomtone.emulator.state import Call


def _ruled(call: Call, channel_arn: str, bearer: str) -> Visit:
    """A channel where the caller is a moderator or an administrator."""
    here = visit(call, channel_arn, bearer)
    here.must_moderate()
    return here


@handles(operations.CREATE_CHANNEL_MODERATOR, status=201, limits={"channel_moderator_arn": ARN})
def create_channel_moderator(
    call: Call, request: models.CreateChannelModeratorRequest
) -> models.CreateChannelModeratorResponse:
    here = _ruled(call, request.channel_arn, request.chime_bearer)
    arn = request.channel_moderator_arn
    if here.app.someone(arn) is None:
        raise errors.ForbiddenException("the app instance has no such user or bot")
    if here.chat.bans.get(arn):
        raise errors.ForbiddenException("the user is banned from the channel")
    if here.chat.moderates(arn):
        raise errors.ConflictException("that is a moderator already")
    appoint(here, arn)
    return models.CreateChannelModeratorResponse(channel_arn=here.chat.arn, channel_moderator=here.named(arn))


@handles(operations.DESCRIBE_CHANNEL_MODERATOR)
def describe_channel_moderator(
    call: Call, request: models.DescribeChannelModeratorRequest
) -> models.DescribeChannelModeratorResponse:
    here = _ruled(call, request.channel_arn, request.chime_bearer)
    moderator = here.chat.moderators.get(request.channel_moderator_arn)
    if moderator is None:
        raise errors.NotFoundException("there is no such moderator of the channel")
    return models.DescribeChannelModeratorResponse(
        channel_moderator=evolve(
            moderator, moderator=here.renamed(moderator.moderator), created_by=here.renamed(moderator.created_by)
        )
    )


@handles(operations.LIST_CHANNEL_MODERATORS, limits=MAX_RESULTS)
def list_channel_moderators(
    call: Call, request: models.ListChannelModeratorsRequest
) -> models.ListChannelModeratorsResponse:
    here = _ruled(call, request.channel_arn, request.chime_bearer)
    page, token = here.chat.moderators.page(request.next_token, request.max_results or PAGE)
    return models.ListChannelModeratorsResponse(
        channel_arn=here.chat.arn,
        channel_moderators=[models.ChannelModeratorSummary(moderator=here.renamed(item.moderator)) for item in page],
        next_token=token,
    )


@handles(operations.DELETE_CHANNEL_MODERATOR)
def delete_channel_moderator(call: Call, request: models.DeleteChannelModeratorRequest) -> None:
    here = _ruled(call, request.channel_arn, request.chime_bearer)
    arn = request.channel_moderator_arn
    found(here.chat.moderators.get(arn), "moderator of the channel")
    if here.chat.elastic is not None:
        here.chat.dismiss(here.chat.memberships(arn))
    here.chat.moderators.take(arn)


@handles(operations.CREATE_CHANNEL_BAN, status=201, limits={"member_arn": ARN})
def create_channel_ban(call: Call, request: models.CreateChannelBanRequest) -> models.CreateChannelBanResponse:
    here = _ruled(call, request.channel_arn, request.chime_bearer)
    arn = request.member_arn
    if here.app.someone(arn) is None:
        raise errors.ForbiddenException("the app instance has no such user or bot")
    if here.app.admins.get(arn) or here.chat.moderates(arn):
        raise errors.ForbiddenException("administrators and moderators cannot be banned")
    if here.chat.bans.get(arn):
        raise errors.ConflictException("that is banned already")
    here.chat.dismiss(here.chat.memberships(arn))
    here.chat.bans.put(
        arn,
        models.ChannelBan(
            member=here.named(arn),
            channel_arn=here.chat.arn,
            created_timestamp=call.now,
            created_by=here.identity,
        ),
    )
    return models.CreateChannelBanResponse(channel_arn=here.chat.arn, member=here.named(arn))


@handles(operations.DESCRIBE_CHANNEL_BAN)
def describe_channel_ban(call: Call, request: models.DescribeChannelBanRequest) -> models.DescribeChannelBanResponse:
    here = _ruled(call, request.channel_arn, request.chime_bearer)
    ban = here.chat.bans.get(request.member_arn)
    if ban is None:
        raise errors.NotFoundException("that one is not banned from the channel")
    return models.DescribeChannelBanResponse(
        channel_ban=evolve(ban, member=here.renamed(ban.member), created_by=here.renamed(ban.created_by))
    )


@handles(operations.LIST_CHANNEL_BANS, limits=MAX_RESULTS)
def list_channel_bans(call: Call, request: models.ListChannelBansRequest) -> models.ListChannelBansResponse:
    here = _ruled(call, request.channel_arn, request.chime_bearer)
    page, token = here.chat.bans.page(request.next_token, request.max_results or PAGE)
    return models.ListChannelBansResponse(
        channel_arn=here.chat.arn,
        channel_bans=[models.ChannelBanSummary(member=here.renamed(ban.member)) for ban in page],
        next_token=token,
    )


@handles(operations.DELETE_CHANNEL_BAN)
def delete_channel_ban(call: Call, request: models.DeleteChannelBanRequest) -> None:
    here = _ruled(call, request.channel_arn, request.chime_bearer)
    found(here.chat.bans.get(request.member_arn), "ban from the channel")
    here.chat.bans.take(request.member_arn)
