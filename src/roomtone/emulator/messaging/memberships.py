"""Memberships of channels, their preferences and read markers."""

from __future__ import annotations

from attrs import evolve

from roomtone._core.codec import Misfit
from roomtone.chime_sdk_messaging import errors, models, operations
from roomtone.emulator.chat_limits import ARN, MAX_RESULTS, PAGE, check_choice
from roomtone.emulator.chats import Member
from roomtone.emulator.messaging.base import SUB_CHANNEL_ID, Visit, call_by, found, handles, visit
from roomtone.emulator.state import Call

__all__ = ["admit", "appoint"]


def appoint(here: Visit, arn: str) -> models.ChannelModerator:
    """Makes somebody a moderator of the channel."""
    if here.chat.elastic is not None:
        # Whoever changes roles in an elastic channel leaves its sub-channels.
        here.chat.dismiss(here.chat.memberships(arn))
    moderator = models.ChannelModerator(
        moderator=here.named(arn),
        channel_arn=here.chat.arn,
        created_timestamp=here.now,
        created_by=here.identity,
    )
    here.chat.moderators.put(arn, moderator)
    return moderator


def admit(here: Visit, arn: str, membership_type: str, sub_channel_id: str | None = None) -> Member:
    """Makes somebody a member.

    Raises:
        NotFoundException: That is no user and no bot of the app instance.
        ForbiddenException: That one is banned.
        ConflictException: That one is a member already.
        ResourceLimitExceededException: All sub-channels of an elastic channel are full.
    """
    if here.app.someone(arn) is None:
        raise errors.NotFoundException("the app instance has no such user or bot")
    if here.chat.bans.get(arn):
        raise errors.ForbiddenException("the user is banned from the channel")
    if here.chat.memberships(arn, sub_channel_id):
        raise errors.ConflictException("that is a member already")
    if here.chat.elastic is not None and sub_channel_id is None:
        sub_channel_id = here.chat.seat()
        if sub_channel_id is None:
            raise errors.ResourceLimitExceededException("all sub-channels of the channel are full")
    member = Member(
        arn,
        models.ChannelMembership(
            invited_by=here.identity,
            type=membership_type,
            member=here.named(arn),
            channel_arn=here.chat.arn,
            created_timestamp=here.now,
            last_updated_timestamp=here.now,
            sub_channel_id=sub_channel_id,
        ),
    )
    here.chat.members.put(member.key, member)
    return member


def _check_adding(here: Visit, arns: list[str], membership_type: str) -> None:
    """Whether the caller may add these members in this way."""
    check_choice(membership_type, models.ChannelMembershipType, "type")
    if membership_type == "HIDDEN" and here.chat.elastic is not None:
        raise Misfit("must be DEFAULT in an elastic channel", "type")
    if here.moderates:
        return
    if membership_type == "HIDDEN":
        raise errors.ForbiddenException("only a moderator can add hidden members")
    if here.chat.channel.mode != "UNRESTRICTED":
        raise errors.ForbiddenException("only a moderator can add members to a restricted channel")
    joins = here.chat.channel.privacy == "PUBLIC" and arns == [here.arn]
    if not joins and not here.chat.memberships(here.arn):
        raise errors.ForbiddenException("only members can add others to the channel")


def _seat_of(here: Visit, arn: str, sub_channel_id: str | None) -> str | None:
    """The sub-channel for a new member: moderators must name it, and nobody else may."""
    if here.chat.elastic is not None and not here.chat.moderates(arn):
        if sub_channel_id is not None:
            raise Misfit("is for moderators only: the service seats the other members", "sub_channel_id")
        return None
    return here.part(sub_channel_id)


@handles(operations.CREATE_CHANNEL_MEMBERSHIP, status=201, limits={**SUB_CHANNEL_ID, "member_arn": ARN})
def create_channel_membership(
    call: Call, request: models.CreateChannelMembershipRequest
) -> models.CreateChannelMembershipResponse:
    here = visit(call, request.channel_arn, request.chime_bearer)
    _check_adding(here, [request.member_arn], request.type)
    sub_channel_id = _seat_of(here, request.member_arn, request.sub_channel_id)
    member = admit(here, request.member_arn, request.type, sub_channel_id)
    return models.CreateChannelMembershipResponse(
        channel_arn=here.chat.arn, member=here.named(member.arn), sub_channel_id=member.sub_channel_id
    )


@handles(
    operations.BATCH_CREATE_CHANNEL_MEMBERSHIP,
    limits={**SUB_CHANNEL_ID, "member_arns": (1, 100), "member_arns[]": ARN},
)
def batch_create_channel_membership(
    call: Call, request: models.BatchCreateChannelMembershipRequest
) -> models.BatchCreateChannelMembershipResponse:
    here = visit(call, request.channel_arn, request.chime_bearer)
    membership_type = request.type or "DEFAULT"
    _check_adding(here, list(request.member_arns), membership_type)
    added: list[models.Identity] = []
    refused: list[models.BatchCreateChannelMembershipError] = []
    for arn in request.member_arns:
        sub_channel_id = _seat_of(here, arn, request.sub_channel_id)
        try:
            added.append(here.named(admit(here, arn, membership_type, sub_channel_id).arn))
        except errors.ChimeSDKMessagingError as error:
            refused.append(
                models.BatchCreateChannelMembershipError(
                    member_arn=arn, error_code=error.code.removesuffix("Exception"), error_message=error.message
                )
            )
    return models.BatchCreateChannelMembershipResponse(
        batch_channel_memberships=models.BatchChannelMemberships(
            invited_by=here.identity,
            type=membership_type,
            members=added,
            channel_arn=here.chat.arn,
            sub_channel_id=request.sub_channel_id,
        ),
        errors=refused,
    )


@handles(operations.DESCRIBE_CHANNEL_MEMBERSHIP, limits=SUB_CHANNEL_ID)
def describe_channel_membership(
    call: Call, request: models.DescribeChannelMembershipRequest
) -> models.DescribeChannelMembershipResponse:
    here = visit(call, request.channel_arn, request.chime_bearer)
    here.must_see()
    members = here.chat.memberships(request.member_arn, request.sub_channel_id)
    if not members:
        raise errors.NotFoundException("there is no such member of the channel")
    detail = members[0].detail
    return models.DescribeChannelMembershipResponse(
        channel_membership=evolve(
            detail, invited_by=here.renamed(detail.invited_by), member=here.renamed(detail.member)
        )
    )


@handles(operations.LIST_CHANNEL_MEMBERSHIPS, limits={**MAX_RESULTS, **SUB_CHANNEL_ID})
def list_channel_memberships(
    call: Call, request: models.ListChannelMembershipsRequest
) -> models.ListChannelMembershipsResponse:
    here = visit(call, request.channel_arn, request.chime_bearer)
    check_choice(request.type, models.ChannelMembershipType, "type")
    everywhere = request.sub_channel_id is None and here.moderates
    sub_channel_id = None if everywhere else here.enter(request.sub_channel_id)
    page, token = here.chat.members.page(
        request.next_token,
        request.max_results or PAGE,
        where=lambda member: (
            member.detail.type == (request.type or "DEFAULT")
            and (everywhere or member.sub_channel_id == sub_channel_id)
        ),
    )
    return models.ListChannelMembershipsResponse(
        channel_arn=here.chat.arn,
        channel_memberships=[models.ChannelMembershipSummary(member=here.named(member.arn)) for member in page],
        next_token=token,
    )


@handles(operations.DELETE_CHANNEL_MEMBERSHIP, limits=SUB_CHANNEL_ID)
def delete_channel_membership(call: Call, request: models.DeleteChannelMembershipRequest) -> None:
    here = visit(call, request.channel_arn, request.chime_bearer)
    if request.member_arn != here.arn:
        here.must_moderate()
    if request.sub_channel_id is not None:
        _seat_of(here, request.member_arn, request.sub_channel_id)
    leaving = here.chat.memberships(request.member_arn, request.sub_channel_id)
    found(leaving or None, "member of the channel")
    here.chat.dismiss(leaving)


@handles(operations.LIST_CHANNEL_MEMBERSHIPS_FOR_APP_INSTANCE_USER, limits=MAX_RESULTS)
def list_channel_memberships_for_app_instance_user(
    call: Call, request: models.ListChannelMembershipsForAppInstanceUserRequest
) -> models.ListChannelMembershipsForAppInstanceUserResponse:
    caller = call_by(call, request.chime_bearer)
    arn = caller.whom(request.app_instance_user_arn)
    page, token = caller.app.chats.page(
        request.next_token, request.max_results or PAGE, where=lambda chat: bool(chat.memberships(arn))
    )
    return models.ListChannelMembershipsForAppInstanceUserResponse(
        channel_memberships=[_as_seen_by(caller.at(chat), chat.memberships(arn)[0]) for chat in page],
        next_token=token,
    )


@handles(operations.DESCRIBE_CHANNEL_MEMBERSHIP_FOR_APP_INSTANCE_USER)
def describe_channel_membership_for_app_instance_user(
    call: Call, request: models.DescribeChannelMembershipForAppInstanceUserRequest
) -> models.DescribeChannelMembershipForAppInstanceUserResponse:
    here = visit(call, request.channel_arn, request.chime_bearer)
    members = here.chat.memberships(here.whom(request.app_instance_user_arn))
    return models.DescribeChannelMembershipForAppInstanceUserResponse(
        channel_membership=_as_seen_by(here, found(members[0] if members else None, "member of the channel"))
    )


def _as_seen_by(here: Visit, member: Member) -> models.ChannelMembershipForAppInstanceUserSummary:
    return models.ChannelMembershipForAppInstanceUserSummary(
        channel_summary=here.summary(),
        app_instance_user_membership_summary=models.AppInstanceUserMembershipSummary(
            type=member.detail.type,
            read_marker_timestamp=member.read_marker,
            sub_channel_id=member.sub_channel_id,
        ),
    )


def _own(here: Visit, member_arn: str) -> Member:
    """A membership of the caller's own, in a channel that is not elastic."""
    if member_arn != here.arn:
        raise errors.ForbiddenException("preferences are for the member itself, whatever role the caller has")
    if here.chat.elastic is not None:
        raise Misfit(
            "is that of an elastic channel, whose members have no preferences and no read marker", "channel_arn"
        )
    return here.membership()


@handles(
    operations.PUT_CHANNEL_MEMBERSHIP_PREFERENCES, limits={"preferences.push_notifications.filter_rule": (1, None)}
)
def put_channel_membership_preferences(
    call: Call, request: models.PutChannelMembershipPreferencesRequest
) -> models.PutChannelMembershipPreferencesResponse:
    here = visit(call, request.channel_arn, request.chime_bearer)
    member = _own(here, request.member_arn)
    push = request.preferences.push_notifications
    if push is not None:
        path = "preferences.push_notifications.allow_notifications"
        check_choice(push.allow_notifications, models.AllowNotifications, path)
    member.preferences = request.preferences
    return models.PutChannelMembershipPreferencesResponse(
        channel_arn=here.chat.arn, member=here.identity, preferences=member.preferences
    )


@handles(operations.GET_CHANNEL_MEMBERSHIP_PREFERENCES)
def get_channel_membership_preferences(
    call: Call, request: models.GetChannelMembershipPreferencesRequest
) -> models.GetChannelMembershipPreferencesResponse:
    here = visit(call, request.channel_arn, request.chime_bearer)
    member = _own(here, request.member_arn)
    return models.GetChannelMembershipPreferencesResponse(
        channel_arn=here.chat.arn, member=here.identity, preferences=member.preferences
    )


@handles(operations.UPDATE_CHANNEL_READ_MARKER)
def update_channel_read_marker(
    call: Call, request: models.UpdateChannelReadMarkerRequest
) -> models.UpdateChannelReadMarkerResponse:
    here = visit(call, request.channel_arn, request.chime_bearer)
    _own(here, here.arn).read_marker = call.now
    return models.UpdateChannelReadMarkerResponse(channel_arn=here.chat.arn)
